"""Additive models as tables: points for the bin that a value falls into, summed; the reasons are the points themselves.

Reads the artifact `dualtrack.additive/1` that the runtime serves (a scorecard, or a booster of one feature a tree), so that what is
measured is what runs.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal

import msgspec

from dualtrack.domain.records import Record, Text
from dualtrack.errors import DocumentError, EvidenceError, FieldError
from dualtrack.evidence.adapters.files import read_model_file
from dualtrack.evidence.models import Contributions, checked_digest
from dualtrack.evidence.numeric import np

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = ["AdditiveCard", "AdditiveFeature", "AdditiveScorer", "load_additive_scorer"]


class AdditiveFeature(Record, frozen=True):
    """A feature: cuts that rise, points for each of len(cuts) + 1 bins (a value on a cut is in the bin above), and without value."""

    name: str
    cuts: list[float]
    points: list[float]
    missing: float
    says: Text

    def __post_init__(self) -> None:
        numbers = [*self.cuts, *self.points, self.missing]
        rising = all(a < b for a, b in zip(self.cuts, self.cuts[1:], strict=False))
        if len(self.points) != len(self.cuts) + 1 or not rising or not all(math.isfinite(each) for each in numbers):
            raise FieldError(
                f"{len(self.points)} points for {len(self.cuts)} cuts",
                where=self.name,
                expected="finite points, one more than rising cuts",
            )


class AdditiveCard(Record, frozen=True):
    """The artifact. `reasons` is how many reasons the runtime gives."""

    format: Literal["dualtrack.additive/1"]
    intercept: float
    link: Literal["logit", "identity"]
    features: list[AdditiveFeature]
    reasons: int


class AdditiveScorer:
    """An additive model over rows whose columns are its features in their order."""

    def __init__(self, card: AdditiveCard, *, release_digest: str) -> None:
        self._card = card
        self._tables = [(np.array(each.cuts), np.array([*each.points, each.missing])) for each in card.features]
        self.release_digest = checked_digest(release_digest)

    def score(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the output of each row, in its own unit."""
        found = self.contributions(rows)
        total: NDArray[np.float64] = found.base + found.values.sum(axis=1)
        if self._card.link == "identity":
            return total
        scores: NDArray[np.float64] = 1 / (1 + np.exp(-np.clip(total, -700, 700)))
        return scores

    def contributions(self, rows: NDArray[np.float64]) -> Contributions:
        """Return the points of each feature: exact, since they are what is summed."""
        if rows.ndim != 2 or rows.shape[1] != len(self._tables):  # noqa: PLR2004 - rows by features
            raise EvidenceError(
                f"rows of shape {rows.shape}", where="the model", expected=f"{len(self._tables)} features a row"
            )
        values = np.empty((len(self._tables), len(rows)))
        for place, (cuts, points) in enumerate(self._tables):
            column = rows[:, place]
            bins = np.where(np.isfinite(column), np.searchsorted(cuts, column, side="right"), len(points) - 1)
            np.take(points, bins, out=values[place])
        return Contributions(np.ascontiguousarray(values.T), self._card.intercept, self._card.link)


def load_additive_scorer(path: Path, *, file_digest: str, release_digest: str) -> AdditiveScorer:
    """Open an additive artifact whose SHA-256 is `file_digest`; raises DocumentError where it has another form."""
    data = read_model_file(path, file_digest)
    try:
        card = msgspec.json.decode(data, type=AdditiveCard)
    except msgspec.MsgspecError as error:
        raise DocumentError(
            f"not an additive model: {error}", where=str(path), expected="dualtrack.additive/1"
        ) from error
    return AdditiveScorer(card, release_digest=release_digest)
