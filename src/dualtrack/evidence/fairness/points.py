"""Chosen thresholds drawn again: utility and gap of several points at once, from the same draws, so that they can be compared.

The histogram is cut at the thresholds of all points of a group; what lies between two cuts is one cell of the draw. The thresholds
stay as they were chosen: on few rows a point chosen as the best on these very rows looks better than it will prove.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from dualtrack.evidence.fairness.draws import draw_tables
from dualtrack.evidence.fairness.thresholds import selected_table, utilities
from dualtrack.evidence.numeric import np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from dualtrack.evidence.fairness.thresholds import Gap, Tails

__all__ = ["Drawn", "draw_points", "gaps"]


class Drawn(NamedTuple):
    """Point values (points,) and draws (draws, points) of utility and gap."""

    utility: NDArray[np.float64]
    gap: NDArray[np.float64]
    utility_drawn: NDArray[np.float64]
    gap_drawn: NDArray[np.float64]


def draw_points(
    tails: Tails, points: Sequence[NDArray[np.int64]], gap: Gap, costs: tuple[float, float], seed: int, draws: int
) -> Drawn:
    """Return utility and gap of points, each one threshold a group, and their draws."""
    groups = tails.total.shape[0]
    cuts = [np.unique([0, *(int(point[group]) for point in points)]) for group in range(groups)]
    cells = [_segments(tails, group, cuts[group]) for group in range(groups)]
    drawn = draw_tables(np.concatenate([each.ravel() for each in cells]), seed, draws)
    ends = np.cumsum([each.size for each in cells])
    again = [
        part.reshape(draws, len(cuts[group]), 2)[:, ::-1].cumsum(1)[:, ::-1]
        for group, part in enumerate(np.split(drawn, ends[:-1], axis=1))
    ]
    tables = np.stack([_table(again, cuts, point) for point in points], axis=1).astype(np.float64)
    exact = np.stack([selected_table(tails, point) for point in points]).astype(np.float64)
    return Drawn(utilities(exact, costs), gaps(exact, gap), utilities(tables, costs), gaps(tables, gap))


def gaps(tables: NDArray[np.float64], gap: Gap) -> NDArray[np.float64]:
    """Return the gap of tables (..., groups, label 2, decision 2); NaN where a group has nobody to form the rate from."""
    if gap == "selection_rate":
        kinds = [(tables[..., 1].sum(-1), tables.sum((-1, -2)))]
    else:
        kinds = [(tables[..., 1, 1], tables[..., 1, :].sum(-1))]
    if gap == "equalised_odds":
        kinds.append((tables[..., 0, 1], tables[..., 0, :].sum(-1)))
    rates = [np.divide(top, base, out=np.full(top.shape, np.nan), where=base > 0) for top, base in kinds]
    value: NDArray[np.float64] = np.max([np.ptp(rate, axis=-1) for rate in rates], axis=0)
    return value


def _segments(tails: Tails, group: int, cuts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return people between consecutive cuts, the last reaching to the top, shape (cuts, label 2)."""
    above = tails.above[group, cuts]
    segments: NDArray[np.int64] = above - np.vstack([above[1:], np.zeros((1, 2), dtype=np.int64)])
    return segments


def _table(
    again: list[NDArray[np.integer]], cuts: list[NDArray[np.int64]], point: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return drawn tables (draws, groups, label 2, decision 2) of one point."""
    groups = []
    for group, above in enumerate(again):
        chosen = above[:, int(np.searchsorted(cuts[group], point[group]))]
        groups.append(np.stack([above[:, 0] - chosen, chosen], axis=-1))
    return np.stack(groups, axis=1).astype(np.int64)
