"""All features together against a protected attribute: a simple model on one half of the rows, its AUC on the other.

Logistic regression on the bins of the features: simple, monotone in nothing, and quick. What it cannot tell, a stronger model
may. The statistics are two histograms of scores, so the AUC repeats without rows; scores in one bin count as tied.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

from msgspec.structs import replace

from dualtrack.domain.records import Record
from dualtrack.errors import FieldError, MissingExtraError
from dualtrack.evidence.numeric import np
from dualtrack.evidence.performance import discrimination
from dualtrack.evidence.performance.discrimination import CLASS_LEAST
from dualtrack.evidence.performance.ordering import order
from dualtrack.evidence.resampling import generator
from dualtrack.evidence.suppression import pooled, runs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["ROWS_MAX", "SCORE_BINS", "AucCounts", "auc_interval", "suppressed_counts", "tell_together"]

SCORE_BINS = 500
"""Bins of the predicted probability: the AUC then differs from that of all scores by a few ten-thousandths."""

ROWS_MAX = 100_000
"""Most rows taken, drawn by lot: more change the AUC in the third digit and cost minutes."""


class AucCounts(Record, frozen=True):
    """Held-out rows by score bin: first those of other levels, then those of the level told."""

    attribute: str
    level: str
    counts: tuple[int, ...]

    @property
    def array(self) -> NDArray[np.int64]:
        """Counts of shape (2, bins)."""
        return np.array(self.counts, dtype=np.int64).reshape(2, -1)


def tell_together(
    attribute: str,
    levels: tuple[str, ...],
    place: NDArray[np.int64],
    cut: Sequence[tuple[tuple[float, ...], NDArray[np.int64]]],
    seed: int,
) -> AucCounts:
    """Train on one half and count the other half's scores; raises MissingExtraError without scikit-learn."""
    try:
        from sklearn.linear_model import LogisticRegression  # noqa: PLC0415  (optional)
    except ImportError as error:
        raise MissingExtraError("models", "telling an attribute from all features together") from error
    if not cut:
        raise FieldError("no feature beside the attributes", where="features", expected="at least one")
    largest = int(np.bincount(place, minlength=len(levels)).argmax())
    chosen = generator(seed).permutation(len(place))[:ROWS_MAX]
    train, test = chosen[: len(chosen) // 2], chosen[len(chosen) // 2 :]
    told = place == largest
    if min(told[train].sum(), (~told[train]).sum(), told[test].sum(), (~told[test]).sum()) < CLASS_LEAST:
        return AucCounts(attribute=attribute, level=levels[largest], counts=(0,) * (2 * SCORE_BINS))
    shown = np.hstack([np.eye(len(edges) + 2, dtype=np.float32)[bin_of[chosen]] for edges, bin_of in cut])
    model = LogisticRegression(max_iter=200)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # not converged is a weaker model, not a wrong AUC
        model.fit(shown[: len(train)], told[train])
        score = model.predict_proba(shown[len(train) :])[:, 1]
    at = np.minimum((score * SCORE_BINS).astype(np.int64), SCORE_BINS - 1)
    counts = np.bincount(told[test] * SCORE_BINS + at, minlength=2 * SCORE_BINS)
    return AucCounts(attribute=attribute, level=levels[largest], counts=tuple(counts.tolist()))


def suppressed_counts(counts: AucCounts, least: int) -> AucCounts:
    """Join bins of fewer than `least` people with their neighbours."""
    table = counts.array
    rows = table.sum(0)
    moved = pooled(table.T, runs(rows[None, :], least), rows).T
    return replace(counts, counts=tuple(moved.ravel().tolist()))


def auc_interval(counts: AucCounts, level: float) -> tuple[float, float, float] | None:
    """Return AUC and DeLong limits from histograms, ties counting half; None where a class has too few rows or nothing varies."""
    smaller = int(counts.array.sum(1).min())
    if smaller < CLASS_LEAST:
        return None
    found = order(counts.array.T)
    if found.variance <= 0 and found.auc not in {0.0, 1.0}:
        return None
    low, high = discrimination.auc_interval(found.auc, found.variance, smaller, level)
    return found.auc, low, high
