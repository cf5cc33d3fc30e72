"""Costs of a histogram cut at every bin: the arithmetic of the cost curve."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from dualtrack.evidence.answered import part
from dualtrack.evidence.interval import Interval
from dualtrack.evidence.numeric import np
from dualtrack.evidence.performance.histogram import GROUPS, pool
from dualtrack.evidence.quantiles import z_two_sided

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dualtrack.evidence.measure import Estimating
    from dualtrack.evidence.measurement import Part

__all__ = ["CURVE_POINTS", "Costs", "cost_tables", "curve_parts", "pooled_at"]

CURVE_POINTS = 41
"""Points of the curve that a report shows."""


class Costs(NamedTuple):
    """Cost of saying yes wrongly and of saying no wrongly."""

    false_positive: float
    false_negative: float


def cost_tables(counts: NDArray[np.float64], costs: Costs) -> NDArray[np.float64]:
    """Return the cost per row of saying yes from each bin on, and last of never saying yes: (..., bins + 1) from (..., bins, 2)."""
    rows = counts.sum((-1, -2))[..., None]
    missed = np.concatenate([np.zeros_like(rows), np.cumsum(counts[..., 1], axis=-1)], axis=-1)
    spared = np.concatenate([np.zeros_like(rows), np.cumsum(counts[..., 0], axis=-1)], axis=-1)
    alarmed = spared[..., -1:] - spared
    cost: NDArray[np.float64] = (costs.false_negative * missed + costs.false_positive * alarmed) / rows
    return cost


def pooled_at(
    counts: NDArray[np.int64], begins: NDArray[np.float64], threshold: float | None
) -> tuple[NDArray[np.int64], int]:
    """Return the table pooled for drawing, never across the threshold, and the group from which on the policy says yes."""
    place = pool(counts, GROUPS)
    above = begins >= (math.inf if threshold is None else threshold)
    _, place = np.unique(place * 2 + above, return_inverse=True)
    pooled = np.zeros((int(place.max()) + 1, 2), dtype=np.int64)
    np.add.at(pooled, place, counts)
    return pooled, int(place[above].min()) if above.any() else len(pooled)


def curve_parts(
    counts: NDArray[np.int64], starts: NDArray[np.float64], costs: Costs, how: Estimating
) -> tuple[Part, ...]:
    """Return about CURVE_POINTS points of the curve at equal steps of rows, each with its normal interval."""
    n = int(counts.sum())
    curve = cost_tables(counts.astype(np.float64), costs)
    missed = np.append(0, np.cumsum(counts[:, 1])) / n
    alarmed = (counts[:, 0].sum() - np.append(0, np.cumsum(counts[:, 0]))) / n
    square = costs.false_negative**2 * missed + costs.false_positive**2 * alarmed
    half = z_two_sided(how.level) * np.sqrt(np.maximum(square - curve**2, 0.0) / n)
    rows = np.append(0, np.cumsum(counts.sum(1)))
    shown = np.unique(np.searchsorted(rows, np.linspace(0, n, CURVE_POINTS)))
    return tuple(
        part(
            f"threshold {starts[at]:.6g}",
            n,
            how.cell_size_min,
            float(curve[at]),
            Interval(max(0.0, float(curve[at] - half[at])), float(curve[at] + half[at])),
        )
        for at in shown.tolist()
    )
