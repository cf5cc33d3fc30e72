"""Losses as counts: how many rows of each split had the log loss of each bin, from split, label and stated probability.

The log loss of a row is -log of the probability that the model gave to what happened, so bins of the probability are bins of
the loss. Edges are even in the log-odds, since what a model memorises it states with near certainty, and a bin of the
probability for label 0 is the mirrored bin for label 1.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from dualtrack.domain.records import Record
from dualtrack.errors import FieldError
from dualtrack.evidence.numeric import np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from dualtrack.evidence.tally import Counted

__all__ = ["BINS", "LOG_ODDS_MAX", "Losses", "bin_losses", "edges", "losses_from", "merge_losses"]

BINS = 512
"""Bins between the ends: a step of one sixteenth in the log-odds."""

LOG_ODDS_MAX = 16.0
"""Log-odds beyond which certainty is one bin: a loss below about 1e-7."""


class Losses(Record, frozen=True):
    """Rows of training and test by bin of the loss, the smallest loss first; BINS + 2 of each."""

    train: tuple[int, ...]
    test: tuple[int, ...]

    def __post_init__(self) -> None:
        if len(self.train) != BINS + 2 or len(self.test) != BINS + 2 or min(*self.train, *self.test) < 0:
            raise FieldError(
                f"{len(self.train)} and {len(self.test)} counts",
                where="losses",
                expected=f"{BINS + 2} of each, none below 0",
            )


def edges() -> tuple[float, ...]:
    """Return edges of the probability: 0, even steps in the log-odds, and just above 1."""
    steps = [-LOG_ODDS_MAX + 2 * LOG_ODDS_MAX * place / BINS for place in range(BINS + 1)]
    return (0.0, *(1 / (1 + math.exp(-step)) for step in steps), math.nextafter(1.0, 2.0))


def bin_losses() -> NDArray[np.float64]:
    """Return the loss that stands for each bin, the smallest first: that of the middle of its log-odds."""
    step = 2 * LOG_ODDS_MAX / BINS
    middles = LOG_ODDS_MAX + step / 2 - step * np.arange(BINS + 2)
    loss: NDArray[np.float64] = np.logaddexp(0.0, -middles)
    return loss


def losses_from(counted: Counted, *, train: str, test: str) -> Losses:
    """Return losses from rows counted by split, label and bin of probability.

    Raises FieldError for a split or label of another name, a missing value, or a score that is no probability.
    """
    if len({cell[1] for cell in counted.cells}) == 1 and counted.n > 1:
        raise FieldError("labels of one class only", where="losses", expected="both 0 and 1")
    sides = {train: [0] * (BINS + 2), test: [0] * (BINS + 2)}
    last = len(edges())
    for (split, label, place), count in zip(counted.cells, counted.counts, strict=True):
        if split not in sides or label not in {"0", "1"}:
            raise FieldError(
                f"split {split!r} with label {label!r}", where="losses", expected=f"{train} or {test}, with 0 or 1"
            )
        at = int(place)
        if not 0 < at < last:
            raise FieldError(
                "a missing score" if at < 0 else "a score that is no probability", where="losses", expected="0 to 1"
            )
        # Bin 1 is the least probability. For label 1 that is the largest loss, for label 0 the smallest.
        sides[split][at - 1 if label == "0" else BINS + 2 - at] += count
    return Losses(train=tuple(sides[train]), test=tuple(sides[test]))


def merge_losses(parts: Sequence[Losses]) -> Losses:
    """Add rows of separate parts."""
    if not parts:
        raise FieldError("no parts", where="losses")
    return Losses(
        train=tuple(sum(counts) for counts in zip(*(part.train for part in parts), strict=True)),
        test=tuple(sum(counts) for counts in zip(*(part.test for part in parts), strict=True)),
    )
