"""`benefit.sequential`: the paired comparison watched while it runs, with limits that hold at every look, and a stop rule.

Look as often as you like: the share of runs that ever show a benefit that is not there stays at one less the level. The price is a
wider interval than one look at the end has. Statistics are sums alone, so that yesterday's and today's add up.
Sources: those of `intervals.sequence`.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, ClassVar, Literal, NamedTuple

from dualtrack.domain.records import Record, Text
from dualtrack.errors import FieldError
from dualtrack.evidence.benefit.effects import Effect, answer_effect, half_as_error, sign_of, unanswered
from dualtrack.evidence.benefit.moments import Moments, add_moments, moments_of_rows, sum_by_cluster, whole_values
from dualtrack.evidence.benefit.paired import Plan
from dualtrack.evidence.benefit.paired_measure import (
    Compared,
    add_labels,
    check_compared,
    compared,
    label_counts,
    one_class,
)
from dualtrack.evidence.intervals.answer import Answer, Interval, NoInterval
from dualtrack.evidence.intervals.sequence import ROWS_FIRST, ROWS_PER_SKEW, Spread, asymptotic, bounded
from dualtrack.evidence.measure import Measure
from dualtrack.evidence.measurement import Measurement, Method, plain_statistics
from dualtrack.evidence.numeric import np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from dualtrack.evidence.measure import Cost, Estimating, Family
    from dualtrack.evidence.measurement import Fact
    from dualtrack.evidence.sample import Sample

__all__ = ["Looked", "Sequential", "SequentialSettings"]

_NAME = "difference"


class SequentialSettings(Record, frozen=True):
    """The plan, what is compared, the kind of sequence, and the planned rows: where it is narrowest, and where it ends.

    `bounded` needs `bound`, the largest difference that can be; `asymptotic` takes none.
    """

    plan: Plan
    compare: Compared
    kind: Literal["asymptotic", "bounded"]
    rows_planned: int
    bound: float | None = None
    scale_bits: int = 40

    def __post_init__(self) -> None:
        check_compared(self.plan, self.compare)
        if self.rows_planned < 1:
            raise FieldError(f"{self.rows_planned}", where="rows_planned", expected="at least 1")
        if (self.bound is None) == (self.kind == "bounded") or (
            self.bound is not None and not 0 < self.bound < math.inf
        ):
            raise FieldError(
                f"{self.kind}, bound {self.bound}", where="bound", expected="above 0 for bounded, else none"
            )


class Looked(Record, frozen=True):
    """Sums, sums of squares and of cubes (units of 2^-3bits, as text) of the differences of independent units, and the largest.

    A cluster counts as one unit with the mean of its rows; all its rows must be in by the time of the look.
    """

    moments: Moments
    cubes: str
    largest: float
    labels: tuple[int, int] | None = None


class _Shape(NamedTuple):
    mean: float
    spread: Spread


class Sequential(Measure[Looked, SequentialSettings]):
    """Mean paired difference with a confidence sequence; facts say whether the run may stop, and why."""

    name: ClassVar[str] = "benefit.sequential"
    family: ClassVar[Family] = "benefit"
    title: ClassVar[Text] = Text(en="Benefit while it runs", zh="進行期間的效益監察")
    unit: ClassVar[str] = "unit of the plan"
    needs: ClassVar[tuple[str, ...]] = ("score", "baseline")
    cost: ClassVar[Cost] = "rows"
    method: ClassVar[Method] = Method(
        name="mean paired difference, confidence sequence by the normal mixture",
        version="1",
        source="Robbins 1970; Howard et al. 2021; Waudby-Smith et al. 2024",
    )
    misleads: ClassVar[Text] = Text(
        en="When the plan is changed after a look, when early cases differ from later ones, when labels of bad outcomes come later than "
        "those of good ones, or when a cluster is looked at before all its rows are in.",
        zh="若看過結果後才更改計劃、早期個案與後期不同、壞結果的標籤比好結果來得遲，或群組資料未齊便查看，結果便不可信。",
    )
    settings: ClassVar[type[Record]] = SequentialSettings
    statistics: ClassVar[type[Record]] = Looked

    def gather(self, sample: Sample, settings: SequentialSettings) -> Looked:
        """Add up differences, their squares and cubes."""
        first, other = compared(sample, settings.compare)
        values = first - other
        if sample.has("cluster"):
            values = _cluster_means(values, sample.column("cluster"), settings.scale_bits)
        whole = whole_values({_NAME: values}, settings.scale_bits)[_NAME]
        return Looked(
            moments=moments_of_rows({_NAME: values}, cluster=None, bits=settings.scale_bits),
            cubes=str(sum(each**3 for each in whole.tolist())),
            largest=float(np.abs(values).max()),
            labels=label_counts(sample, settings.compare),
        )

    def merge(self, parts: Sequence[Looked]) -> Looked:
        """Add sums of separate units."""
        return Looked(
            moments=add_moments([part.moments for part in parts]),
            cubes=str(sum(int(part.cubes) for part in parts)),
            largest=max(part.largest for part in parts),
            labels=add_labels([part.labels for part in parts]),
        )

    def estimate(self, statistics: Looked, settings: SequentialSettings, how: Estimating) -> tuple[Measurement, ...]:
        """Return the mean difference, signed for the AI, with `may_stop` and `why` among its facts."""
        if settings.bound is not None and statistics.largest > settings.bound:
            raise FieldError(
                f"a difference of {statistics.largest:g}", where="bound", expected=f"at most {settings.bound:g}"
            )
        units, plan = statistics.moments.units, settings.plan
        bare = Measurement(
            measure=self.name,
            unit=plan.unit,
            n=units,
            outcome="underpowered",
            method=self.method,
            data_digest=how.data_digest,
            level=how.level,
            statistics=plain_statistics(statistics),
        )
        shape = _shape(statistics)
        limits = _limits(units, shape, settings, how.level)
        ended = units >= settings.rows_planned
        facts: dict[str, Fact] = {"design": "paired, sequential", "rows_planned": settings.rows_planned}
        if isinstance(limits, NoInterval):
            facts["may_stop"] = False
            if limits.reason == "too few rows":
                facts["n_needed"] = max(ROWS_FIRST, math.ceil(ROWS_PER_SKEW * shape.spread.skewness**2))
            return (unanswered(bare, limits.reason, facts),)
        if one_class(statistics.labels):
            return (unanswered(bare, "labels of one class", facts | {"may_stop": False}),)
        effect = Effect(shape.mean, half_as_error(limits, how.level), math.inf, limits=limits)
        return (answer_effect(bare, plan, effect, facts | _stop(limits, plan, ended=ended)),)


def _cluster_means(values: NDArray[np.float64], cluster: NDArray[np.generic], bits: int) -> NDArray[np.float64]:
    totals = sum_by_cluster({_NAME: values}, cluster, bits)
    return np.array([math.ldexp(total, -bits) / rows for rows, total in totals])


def _shape(statistics: Looked) -> _Shape:
    moments, units = statistics.moments, statistics.moments.units
    mean = moments.mean(_NAME)
    variance = moments.covariance(_NAME, _NAME) * units
    if variance <= 0:
        return _Shape(mean, Spread(0.0, 0.0))
    scale = 3 * moments.bits
    square = int(moments.products[-1]) / (1 << moments.product_bits) / units
    third = int(statistics.cubes) / (1 << scale) / units - 3 * mean * square + 2 * mean**3
    return _Shape(mean, Spread(math.sqrt(variance), third / variance**1.5))


def _limits(units: int, shape: _Shape, settings: SequentialSettings, level: float) -> Answer:
    if settings.bound is not None:
        return bounded(units, shape.mean, settings.bound, planned=settings.rows_planned, level=level)
    return asymptotic(units, shape.mean, shape.spread, planned=settings.rows_planned, level=level)


def _stop(limits: Interval, plan: Plan, *, ended: bool) -> dict[str, Fact]:
    """Return whether the run may stop: the claim is shown, it is shown not to hold, or the planned rows are in."""
    sign = sign_of(plan)
    low, high = sorted((sign * limits.low, sign * limits.high))
    floor = 0.0 if plan.margin is None else -plan.margin
    if low > floor:
        return {"may_stop": True, "why": "benefit shown" if plan.margin is None else "no worse than the margin"}
    if high < (plan.effect if plan.margin is None else floor):
        return {
            "may_stop": True,
            "why": "declared effect excluded" if plan.margin is None else "worse than the margin",
        }
    return {"may_stop": ended, "why": "planned rows are in" if ended else "go on"}
