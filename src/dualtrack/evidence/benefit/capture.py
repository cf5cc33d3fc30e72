"""Captured outcomes at a fixed review capacity: of all defaults, the share that is on the list people can work through.

Two scorers order the same accounts; each fills a list of the same length. The effect is the difference of the shares captured,
and it is a function of eight counts: on the AI's list or not, on the baseline's or not, defaulted or not. The bootstrap
over accounts, with the two lists as they were drawn up, is therefore a multinomial draw over eight cells.
Source: Efron and Tibshirani (1993), section 6.4 (the bootstrap of a discrete distribution).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from msgspec.structs import replace

from dualtrack.errors import FieldError
from dualtrack.evidence.arrays import check_lengths, labels, reals
from dualtrack.evidence.benefit.paired import Plan, plan_facts, plan_outcome
from dualtrack.evidence.measurement import LEVEL, Measurement, Method, Part
from dualtrack.evidence.numeric import np
from dualtrack.evidence.power import no_spread
from dualtrack.evidence.resampling import DRAWS, generator, percentiles, record_draws
from dualtrack.evidence.tables import table_digest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

__all__ = ["METHOD", "POSITIVES_LEAST", "Shares", "count_lists", "list_size", "measure_capture", "measure_lists", "top"]

POSITIVES_LEAST = 2
"""Fewest outcomes to capture: a share of one outcome has no spread."""

METHOD = Method(
    name="difference of shares captured at equal capacity, multinomial bootstrap over account cells",
    version="1",
    source="Efron and Tibshirani 1993, section 6.4",
)
"""How it is measured, from rows or from counts."""


class Shares(NamedTuple):
    """Share of outcomes captured by each list, with any leading axis of draws."""

    ai: NDArray[np.float64]
    baseline: NDArray[np.float64]


def top(score: NDArray[np.float64], size: int, *, seed: int) -> NDArray[np.bool_]:
    """Return the list: the `size` highest scores, ties broken by seeded lot so that file order favours nobody."""
    lot = generator(seed).permutation(len(score))
    chosen = np.zeros(len(score), dtype=np.bool_)
    chosen[np.lexsort((lot, -score))[:size]] = True
    return chosen


def list_size(capacity: float, n: int) -> int:
    """Return how many of `n` rows fit into `capacity`, halves up; raises FieldError for a list of nobody or everybody."""
    if not 0 < capacity < 1:
        raise FieldError(f"capacity {capacity}", where="capacity", expected="a fraction of the rows between 0 and 1")
    size = math.floor(capacity * n + 0.5)
    if not 0 < size < n:
        raise FieldError(f"a list of {size} of {n} rows", where="capacity", expected="some rows on it and some not")
    return size


def measure_capture(
    label: ArrayLike,
    ai: ArrayLike,
    baseline: ArrayLike,
    plan: Plan,
    *,
    capacity: float,
    seed: int,
    draws: int = DRAWS,
    level: float = LEVEL,
    data_digest: str | None = None,
) -> Measurement:
    """Measure the captured share of `ai` minus that of `baseline` when `capacity` (a fraction of rows) can be reviewed.

    `underpowered`, without an estimate, where there are fewer than POSITIVES_LEAST outcomes or all draws give the same
    difference (one draw, equal lists, every outcome on one list): a point is no interval. Raises FieldError where no draw
    holds an outcome.
    """
    truth, first, second = labels(label, "label"), reals(ai, "ai"), reals(baseline, "baseline")
    counts, size = count_lists(truth, first, second, capacity=capacity, seed=seed)
    return measure_lists(
        counts.tolist(),
        plan,
        capacity=capacity,
        list_size=size,
        seed=seed,
        draws=draws,
        level=level,
        data_digest=data_digest or table_digest({"label": truth, "ai": first, "baseline": second}),
    )


def count_lists(
    truth: NDArray[np.bool_],
    ai: NDArray[np.float64],
    baseline: NDArray[np.float64],
    *,
    capacity: float,
    seed: int,
) -> tuple[NDArray[np.int64], int]:
    """Draw up both lists and return the eight counts (on AI's list 4, on the baseline's 2, outcome 1) and the lists' size."""
    n = check_lengths(label=truth, ai=ai, baseline=baseline)
    size = list_size(capacity, n)
    cells = (top(ai, size, seed=seed) * 4 + top(baseline, size, seed=seed) * 2 + truth).astype(np.int64)
    return np.bincount(cells, minlength=8), size


def measure_lists(
    counts: Sequence[int],
    plan: Plan,
    *,
    capacity: float,
    list_size: int,
    seed: int,
    draws: int,
    level: float,
    data_digest: str,
) -> Measurement:
    """Measure from the eight counts alone, as `measure_capture` does from the rows."""
    count = np.asarray(counts, dtype=np.int64)
    bare = Measurement(
        measure="benefit.capture",
        unit=plan.unit,
        n=int(count.sum()),
        outcome="underpowered",
        method=METHOD,
        data_digest=data_digest,
        level=level,
        statistics={
            "count_ai_baseline_outcome": count.reshape(2, 2, 2).tolist(),
            "capacity": capacity,
            "list_size": list_size,
        },
        draws=record_draws(seed, draws),
    )
    return bare if count[1::2].sum() < POSITIVES_LEAST else _with_interval(bare, count, plan)


def _with_interval(bare: Measurement, count: NDArray[np.int64], plan: Plan) -> Measurement:
    assert bare.draws is not None
    random = generator(bare.draws.seed)
    drawn = random.multinomial(bare.n, count / bare.n, size=bare.draws.draws).astype(np.float64)
    drawn = drawn[drawn[:, 1::2].sum(1) > 0]  # a draw without any outcome has no share
    if not len(drawn):
        raise FieldError(
            "no draw holds an outcome", where="bootstrap", expected="draws with outcomes in them", fix="take more draws"
        )
    shares, point = _shares(drawn), _shares(count.astype(np.float64))
    differences = shares.ai - shares.baseline
    error = float(differences.std())
    if no_spread(error):
        return bare
    low, high = percentiles(differences, bare.level)
    sign = 1 if plan.direction == "higher is better" else -1
    low, high = sorted((sign * low, sign * high))
    parts = tuple(
        Part(label=name, n=bare.n, outcome="measured", estimate=float(value), low=limits.low, high=limits.high)
        for name, value, limits in (
            ("ai", point.ai, percentiles(shares.ai, bare.level)),
            ("baseline", point.baseline, percentiles(shares.baseline, bare.level)),
        )
    )
    return replace(
        bare,
        outcome=plan_outcome(plan, low, high),
        estimate=sign * float(point.ai - point.baseline),
        low=low,
        high=high,
        facts=plan_facts(plan, error, bare.level) | {"outcomes": int(count[1::2].sum())},
        parts=parts,
    )


def _shares(count: NDArray[np.float64]) -> Shares:
    """Return shares captured from counts (..., 8), index 4 * on AI's list + 2 * on baseline's list + outcome."""
    outcomes = count[..., 1::2]
    total = outcomes.sum(-1)
    return Shares((outcomes[..., 2] + outcomes[..., 3]) / total, (outcomes[..., 1] + outcomes[..., 3]) / total)
