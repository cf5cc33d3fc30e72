"""Whether a model gives the same answer twice: asked on a small part, since what is not repeatable cannot be recomputed by others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dualtrack.domain.records import Record
from dualtrack.errors import FieldError
from dualtrack.evidence.models import ask
from dualtrack.evidence.numeric import np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dualtrack.evidence.models import Scorer

__all__ = ["ROUNDING", "ROWS", "Determinism", "determinism_check"]

ROUNDING = 1e-6
"""Difference up to which two scores count as alike, as a share of the largest score where that is above 1: single precision's."""

ROWS = 64
"""Rows asked twice unless a caller asks otherwise."""


class Determinism(Record, frozen=True):
    """What asking twice showed: rows asked, rows whose score differed, the largest difference, the largest score.

    No difference is no proof that there is never one.
    """

    rows: int
    differing: int
    difference_max: float
    score_max: float

    @property
    def same(self) -> bool:
        """Whether both answers were the same in every bit."""
        return self.differing == 0

    @property
    def alike(self) -> bool:
        """Whether they were the same up to rounding (sums in another order end in other last digits)."""
        return self.difference_max <= ROUNDING * max(1.0, self.score_max)


def determinism_check(scorer: Scorer, rows: NDArray[np.float64], *, rows_max: int = ROWS) -> Determinism:
    """Ask for the first rows twice, the second time in reverse order, so that scores that depend on their neighbours show too."""
    asked = rows[:rows_max]
    if len(asked) == 0:
        raise FieldError("no rows", where="determinism", expected="at least one row")
    first, second = ask(scorer, asked), ask(scorer, np.ascontiguousarray(asked[::-1]))[::-1]
    difference = np.abs(first - second)
    return Determinism(
        rows=len(asked),
        differing=int(np.count_nonzero(difference)),
        difference_max=float(difference.max()),
        score_max=float(np.abs(first).max()),
    )
