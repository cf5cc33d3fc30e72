"""The frontier of a score: what every threshold averts and withholds, which ones are bettered by another, and the present one.

One pass over counts by step gives all points at once. A threshold is bettered where another averts at least as
much and withholds no more, and one of the two strictly; those left are the Pareto frontier (Pareto 1906). Unknown items count
as harmless and as harmful in turn: a threshold is judged by its middle. Intervals are given at chosen points only, each from
the table of that threshold as `prices` makes it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from msgspec.structs import replace

from dualtrack.errors import FieldError
from dualtrack.evidence.numeric import np
from dualtrack.evidence.pricing.counts import CELLS, STEPS, ControlCounts
from dualtrack.evidence.pricing.effects import effect_of, track_weights
from dualtrack.evidence.pricing.states import HARMFUL, HARMLESS, PASSED, STOPPED, UNKNOWN
from dualtrack.evidence.pricing.values import PER_DECISIONS, Values, worth_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dualtrack.evidence.pricing.effects import Effect
    from dualtrack.evidence.pricing.prices import Pricing

__all__ = ["CHOSEN", "ChosenPoint", "Frontier", "frontier_of"]

CHOSEN = 5
"""Points with intervals beside the present setting: more would hide one another in the picture."""


class ChosenPoint(NamedTuple):
    """A threshold with intervals; `present` marks the setting in force."""

    at: float
    present: bool
    averted: Effect
    withheld: Effect


class Frontier(NamedTuple):
    """All thresholds from the lowest to off, per 1,000 decisions: bounds of both tracks, and whether each is on the frontier."""

    control: str
    unit: str
    n: int
    thresholds: NDArray[np.float64]
    averted_low: NDArray[np.float64]
    averted_high: NDArray[np.float64]
    withheld_low: NDArray[np.float64]
    withheld_high: NDArray[np.float64]
    on_front: NDArray[np.bool_]
    chosen: tuple[ChosenPoint, ...]


def frontier_of(
    counts: ControlCounts, values: Values | None, how: Pricing, *, alone: bool = False, chosen: int = CHOSEN
) -> Frontier:
    """Return the frontier of a control by score; raises FieldError for one without counts by step."""
    control = counts.control
    if control.score is None or control.group is not None:
        raise FieldError(f"control {control.name} has no single threshold", where="frontier", expected="one by score")
    worth = worth_of(control.name, control.kind, values)
    low, high = control.span
    above = _above(counts, alone=alone)
    thresholds = low + np.arange(STEPS + 2, dtype=np.float64) * ((high - low) / STEPS)
    scale = PER_DECISIONS / counts.n
    averted = [scale * worth.harm * above[:, parts].sum(axis=1) for parts in ([HARMFUL], [HARMFUL, UNKNOWN])]
    withheld = [scale * worth.good * above[:, parts].sum(axis=1) for parts in ([HARMLESS], [HARMLESS, UNKNOWN])]
    front = _undominated(*(2 * above[:, known] + above[:, UNKNOWN] for known in (HARMFUL, HARMLESS)))
    places = _choose(front, chosen)
    points = [_point(counts, values, how, float(thresholds[at]), alone=alone) for at in places]
    if control.at is not None:
        present = _point(counts, values, how, control.at, alone=alone)._replace(present=True)
        points = [point for point in points if point[2:] != present[2:]] + [present]
    return Frontier(
        control.name, worth.unit, counts.n, thresholds, averted[0], averted[1], withheld[0], withheld[1], front,
        tuple(sorted(points)),
    )  # fmt: skip


def _above(counts: ControlCounts, *, alone: bool) -> NDArray[np.int64]:
    """Return for every threshold the items at or above it by truth: array (STEPS + 2, 3), the last row nothing."""
    held = np.zeros((STEPS + 2, 3), dtype=np.int64)
    for step, truth, others, count in counts.steps:
        if alone or not others:
            held[step, truth] += count
    return held[::-1].cumsum(axis=0)[::-1]


def _undominated(averted: NDArray[np.int64], withheld: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return which points no other betters; both tracks only fall as the threshold rises.

    A higher threshold betters where it averts as much; a lower one where it withholds as much and averts more. Of thresholds
    that do exactly the same the highest stands for all: it acts on no more than it must.
    """
    higher_averts_as_much = np.append(averted[:-1] == averted[1:], False)
    lowest_of_same = np.searchsorted(-withheld, -withheld, side="left")
    front: NDArray[np.bool_] = ~higher_averts_as_much & (averted[lowest_of_same] == averted)
    return front


def _choose(front: NDArray[np.bool_], count: int) -> list[int]:
    """Return places spread evenly over the frontier, without the lowest, which stops everything, and the one that stops nothing."""
    places = [int(at) for at in np.flatnonzero(front) if 0 < at <= STEPS]
    if len(places) <= count:
        return places
    return [places[round(number * (len(places) - 1) / (count - 1))] for number in range(count)]


def _point(counts: ControlCounts, values: Values | None, how: Pricing, at: float, *, alone: bool) -> ChosenPoint:
    table = _at(counts, at)
    tracks = track_weights(worth_of(table.control.name, table.control.kind, values), alone=alone)
    averted, withheld = (
        effect_of(weights, table, level=how.level, seed=how.seed, draws=how.draws)
        for weights in (tracks.averted, tracks.withheld)
    )
    return ChosenPoint(at, False, averted, withheld)


def _at(counts: ControlCounts, at: float) -> ControlCounts:
    """Return the counts as they would be at a threshold, against off; rows that were never put to it pass."""
    low, high = counts.control.span
    first = round((at - low) * STEPS / (high - low))
    cells = np.zeros((3, 3, 3, 2), dtype=np.int64)
    before = np.array(counts.cells).reshape(3, 3, 3, 2).sum(axis=(0, 1))
    for step, truth, others, count in counts.steps:
        if step >= first:
            cells[STOPPED, PASSED, truth, others] += count
    cells[PASSED, PASSED] = before - cells[STOPPED, PASSED]
    assert int(cells.sum()) == counts.n, "every row is in one cell"
    control = replace(counts.control, at=at, against=None)
    return ControlCounts(control=control, cells=tuple(cells.reshape(CELLS).tolist()), unscored=counts.unscored)
