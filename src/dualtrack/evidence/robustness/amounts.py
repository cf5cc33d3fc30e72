"""Sums of a number over rows, kept as whole numbers, so that shards add up to the same as all rows at once, bit for bit."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING

from dualtrack.domain.records import Record
from dualtrack.errors import FieldError
from dualtrack.evidence.numeric import np
from dualtrack.evidence.tally import SCALE_BITS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

__all__ = ["SIZE_MAX", "Amounts", "add_amounts", "amounts"]

SIZE_MAX = 2.0**80
"""Largest number taken: changes of scores and distances are far smaller."""


class Amounts(Record, frozen=True):
    """How many, their sum in units of 2^-40 and the sum of their squares in units of 2^-80, both as text (they pass 2^53)."""

    n: int
    total: str
    squares: str

    @property
    def mean(self) -> float:
        """The mean; raises FieldError without rows."""
        if self.n == 0:
            raise FieldError("no rows", where="amounts", expected="at least one")
        return float(Fraction(int(self.total), self.n << SCALE_BITS))

    @property
    def mean_square(self) -> float:
        """The mean of the squares."""
        return float(Fraction(int(self.squares), self.n << 2 * SCALE_BITS)) if self.n else 0.0

    @property
    def deviation(self) -> float:
        """The sample standard deviation, computed without rounding up to the root; 0 for fewer than two."""
        if self.n <= 1:
            return 0.0
        spread = self.n * int(self.squares) - int(self.total) ** 2
        return math.sqrt(float(Fraction(spread, (self.n * (self.n - 1)) << 2 * SCALE_BITS)))


def amounts(values: NDArray[np.float64]) -> Amounts:
    """Return the sums of finite numbers, each rounded once to a multiple of 2^-40; raises FieldError for one too large."""
    if not (np.abs(values) < SIZE_MAX).all():
        raise FieldError("a number that is not finite or too large", where="amounts", expected="below 2^80")
    whole = [int(each) for each in np.rint(np.ldexp(values, SCALE_BITS)).tolist()]
    return Amounts(n=len(whole), total=str(sum(whole)), squares=str(sum(each * each for each in whole)))


def add_amounts(parts: Iterable[Amounts]) -> Amounts:
    """Add sums of separate rows."""
    held = list(parts)
    return Amounts(
        n=sum(each.n for each in held),
        total=str(sum(int(each.total) for each in held)),
        squares=str(sum(int(each.squares) for each in held)),
    )
