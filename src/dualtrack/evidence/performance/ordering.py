"""How a histogram orders the outcomes: AUC with DeLong's variance, and the largest distance between the two curves.

A row's placement is the share of the other class that it beats, ties half. All rows of a bin and class share one, so that DeLong's
variance from a histogram is exactly that of the binned scores. Binning can move an AUC by at most half the share of pairs in one bin.
Sources: DeLong, DeLong and Clarke-Pearson (1988), Biometrics 44, 837-845; Sun and Xu (2014), IEEE Signal Processing Letters 21.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from dualtrack.evidence.numeric import np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Order", "largest_distance", "order", "weighted_covariance"]


class Order(NamedTuple):
    """AUC, its variance, the share of pairs tied, and the placements by bin, shape (bins, 2), negatives first."""

    auc: float
    variance: float
    tied: float
    placements: NDArray[np.float64]


def order(counts: NDArray[np.int64]) -> Order:
    """Return the order of a table (bins by rising score, 2); each class needs at least two rows."""
    negative, positive = (counts[:, at].astype(np.float64) for at in (0, 1))
    negatives, positives = negative.sum(), positive.sum()
    beaten = (np.cumsum(negative) - negative / 2) / negatives
    lost_to = (positives - np.cumsum(positive) + positive / 2) / positives
    auc = float((positive * beaten).sum() / positives)
    variance = (
        weighted_covariance(beaten, beaten, positive) / positives
        + weighted_covariance(lost_to, lost_to, negative) / negatives
    )
    tied = float((negative * positive).sum() / (negatives * positives))
    return Order(auc, variance, tied, np.column_stack([lost_to, beaten]))


def weighted_covariance(first: NDArray[np.float64], second: NDArray[np.float64], weight: NDArray[np.float64]) -> float:
    """Return the unbiased covariance of two columns whose lines stand for `weight` rows each."""
    rows = weight.sum()
    deviations = [each - (weight * each).sum() / rows for each in (first, second)]
    return float((weight * deviations[0] * deviations[1]).sum() / (rows - 1))


def largest_distance(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the Kolmogorov-Smirnov distance of tables (..., bins, 2); NaN where a class is empty."""
    total = counts.sum(-2, keepdims=True)
    shares = np.divide(np.cumsum(counts, axis=-2), total, out=np.full(counts.shape, np.nan), where=total > 0)
    distance: NDArray[np.float64] = np.abs(shares[..., 0] - shares[..., 1]).max(-1)
    return distance
