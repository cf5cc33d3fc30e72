"""Benefit: a paired comparison of the AI with its measured baseline on the same rows.

The effect is signed so that above zero always favours the AI, whichever direction the metric has. Rows may be paired alone,
or in clusters (a customer's accounts, an analyst's cases) whose totals vary together. Superiority asks whether the interval
lies above zero and reaches the declared effect; non-inferiority whether it lies above minus the margin; this module states
interval, power and detectable effect, and leaves the asking to a rule. Sources: Student (1908), Biometrika 6, 1-25; Cochran
(1977), Sampling Techniques, section 9A (clusters); ICH E9, section 3.3.2 (margins).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal, NamedTuple

from msgspec.structs import replace

from dualtrack.domain.records import Record
from dualtrack.errors import FieldError
from dualtrack.evidence.arrays import check_lengths, labels, probabilities, reals
from dualtrack.evidence.measurement import LEVEL, Fact, Measurement, Method, Outcome
from dualtrack.evidence.numeric import np
from dualtrack.evidence.power import detectable_effect, no_spread, power_to_show
from dualtrack.evidence.quantiles import student_quantile
from dualtrack.evidence.tables import table_digest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import ArrayLike, NDArray

__all__ = [
    "UNITS_LEAST",
    "Plan",
    "Totals",
    "brier_losses",
    "measure_benefit",
    "plan_facts",
    "plan_outcome",
]

UNITS_LEAST = 2
"""Fewest independent pairs or clusters that give a variance."""

_PAIRED = Method(name="mean paired difference, Student interval", version="1", source="Student 1908")
_CLUSTERED = Method(
    name="mean paired difference, ratio estimator over clusters, Student interval",
    version="1",
    source="Cochran 1977, 9A",
)


class Plan(Record, frozen=True):
    """What was declared before measuring: the smallest effect worth having, and a margin where the claim is non-inferiority.

    Both are in the unit of the metric and above zero. They come from the declaration; this room has no values of its own.
    """

    unit: str
    direction: Literal["higher is better", "lower is better"]
    effect: float
    margin: float | None = None

    def __post_init__(self) -> None:
        for name, value in (("effect", self.effect), ("margin", self.margin)):
            if value is not None and not (value > 0 and math.isfinite(value)):
                raise FieldError(f"{value}", where=f"plan.{name}", expected="a finite number above 0")


class Totals(NamedTuple):
    """Paired differences summed by independent unit (a pair, or a cluster of pairs); `scale` is the largest value compared."""

    size: NDArray[np.float64]
    difference: NDArray[np.float64]
    scale: float


def measure_benefit(
    ai: ArrayLike,
    baseline: ArrayLike,
    plan: Plan,
    *,
    cluster: NDArray[np.generic] | None = None,
    level: float = LEVEL,
    data_digest: str | None = None,
) -> Measurement:
    """Measure the mean paired difference of a metric known for every row under both ways of working.

    `underpowered`, without an estimate, where there are too few units for a variance or all differ by the same.
    """
    totals, digest = _totals(ai, baseline, plan, cluster, data_digest)
    units, rows = len(totals.size), int(totals.size.sum())
    bare = _bare(totals, plan, _PAIRED if cluster is None else _CLUSTERED, digest, level)
    if units < UNITS_LEAST:
        return bare
    mean = float(totals.difference.sum()) / rows
    residual = totals.difference - mean * totals.size
    error = math.sqrt(units / (units - 1) * float((residual**2).sum())) / rows
    if no_spread(error, scale=totals.scale):
        return bare
    half = student_quantile(0.5 + level / 2, units - 1) * error
    facts = plan_facts(plan, error, level) | {"independent_units": units}
    low, high = mean - half, mean + half
    return replace(bare, outcome=plan_outcome(plan, low, high), estimate=mean, low=low, high=high, facts=facts)


def brier_losses(label: ArrayLike, probability: ArrayLike) -> NDArray[np.float64]:
    """Return each row's squared error of a stated probability: the loss behind the Brier score (lower is better)."""
    truth, stated = labels(label, "label"), probabilities(probability, "probability")
    check_lengths(label=truth, probability=stated)
    return (stated - truth) ** 2


def plan_facts(plan: Plan, standard_error: float, level: float) -> dict[str, Fact]:
    """Return what a rule may read beside the interval: the declared effect, the power for it, the detectable effect."""
    facts: dict[str, Fact] = {
        "direction": plan.direction,
        "declared_effect": plan.effect,
        "standard_error": standard_error,
        "power_at_declared_effect": power_to_show(plan.effect, standard_error, level=level),
        "detectable_effect": detectable_effect(standard_error, level=level),
    }
    if plan.margin is not None:
        facts["margin"] = plan.margin
        facts["power_for_margin"] = power_to_show(plan.margin, standard_error, level=level)
    return facts


def plan_outcome(plan: Plan, low: float, high: float) -> Outcome:
    """Return `underpowered` where the interval holds both no effect and the declared one: the data exclude neither.

    With a margin, the same between minus the margin and the declared effect.
    """
    floor = 0.0 if plan.margin is None else -plan.margin
    return "underpowered" if low <= floor and high >= plan.effect else "measured"


def _totals(
    ai: ArrayLike, baseline: ArrayLike, plan: Plan, cluster: NDArray[np.generic] | None, digest: str | None
) -> tuple[Totals, str]:
    with_ai, without = reals(ai, "ai"), reals(baseline, "baseline")
    check_lengths(ai=with_ai, baseline=without)
    difference = with_ai - without if plan.direction == "higher is better" else without - with_ai
    scale = float(max(np.abs(with_ai).max(), np.abs(without).max()))
    table: dict[str, NDArray[np.generic]] = {"ai": with_ai, "baseline": without}
    if cluster is None:
        return Totals(np.ones(len(difference)), difference, scale), digest or table_digest(table)
    check_lengths(ai=with_ai, cluster=cluster)
    _, place = np.unique(cluster, return_inverse=True)
    sizes, sums = (np.bincount(place, weights=each).astype(np.float64) for each in (np.ones(len(place)), difference))
    totals = Totals(sizes, sums, scale)
    return totals, digest or table_digest(table | {"cluster": cluster})


def _bare(totals: Totals, plan: Plan, method: Method, digest: str, level: float) -> Measurement:
    return Measurement(
        measure="benefit.paired-difference",
        unit=plan.unit,
        n=int(totals.size.sum()),
        outcome="underpowered",
        method=method,
        data_digest=digest,
        level=level,
        statistics=_sums(totals),
    )


def _sums(totals: Totals) -> dict[str, float | int]:
    sums: Mapping[str, float] = {
        "sum_size": totals.size.sum(),
        "sum_difference": totals.difference.sum(),
        "sum_size_squared": (totals.size**2).sum(),
        "sum_difference_squared": (totals.difference**2).sum(),
        "sum_product": (totals.size * totals.difference).sum(),
    }
    return {"units": len(totals.size), **{name: float(value) for name, value in sums.items()}}
