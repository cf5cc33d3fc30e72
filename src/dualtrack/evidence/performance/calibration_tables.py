"""What the calibration measures read off a histogram: groups of equal mass, the parts of a Brier score, losses of bins."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dualtrack.evidence.numeric import np
from dualtrack.evidence.performance.histogram import CERTAIN, Histogram, pool

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["decomposition", "grouped", "log_losses"]


def grouped(histogram: Histogram, groups: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return counts and sums of scores by group of about equal mass and outcome, each (groups, 2); tied scores share a group."""
    counts, sums = histogram.counts, histogram.sums
    place = pool(counts, groups)
    size = int(place[-1]) + 1
    rows, totals = np.zeros((size, 2), dtype=np.int64), np.zeros((size, 2))
    np.add.at(rows, place, counts)
    np.add.at(totals, place, sums)
    return rows, totals


def decomposition(counts: NDArray[np.int64], sums: NDArray[np.float64], brier: float) -> dict[str, float]:
    """Return reliability, resolution, uncertainty, and what varies inside groups, so that the Brier score is a - b + c + d.

    Murphy (1973) for the first three; the last is what scores vary within a group, which his forecasts did not.
    """
    rows = counts.sum(1).astype(np.float64)
    n, observed, stated = rows.sum(), counts[:, 1] / rows, sums.sum(1) / rows
    base = float(counts[:, 1].sum() / n)
    reliability = float((rows * (stated - observed) ** 2).sum() / n)
    resolution = float((rows * (observed - base) ** 2).sum() / n)
    uncertainty = base * (1 - base)
    return {
        "reliability": reliability,
        "resolution": resolution,
        "uncertainty": uncertainty,
        "within_groups": brier - reliability + resolution - uncertainty,
    }


def log_losses(histogram: Histogram) -> tuple[NDArray[np.float64], int]:
    """Return the loss of each bin and outcome at the mean score, and how many rows were stated as certain and went the other way."""
    counts = histogram.counts
    mean = np.divide(histogram.sums, counts, out=np.full(counts.shape, 0.5), where=counts > 0)
    said = np.column_stack([1 - mean[:, 0], mean[:, 1]])  # the probability given to what really happened
    wrong = int(counts[said < CERTAIN].sum())
    return -np.log(np.clip(said, CERTAIN, 1.0)), wrong
