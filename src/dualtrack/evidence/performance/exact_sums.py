"""Sums of real numbers that do not depend on the order of the rows or on how they are cut into parts.

A double is a whole number times a power of two. Mantissas are added by exponent as whole numbers, so that the total is exact and parts
merge to the same total. A value nearer to zero than 2^-107 counts as zero. Totals are whole numbers in units of 2^-160.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from dualtrack.errors import FieldError
from dualtrack.evidence.numeric import np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["UNIT_BITS", "exact_total", "from_total"]

UNIT_BITS = 160
"""Totals are in units of 2^-160: the last bit of the smallest double that still counts."""

_MANTISSA_BITS = 53
_SPLIT_BITS = 27
_ROWS = 1 << 24
_LARGEST = 2.0**200


def exact_total(values: NDArray[np.float64], where: str) -> int:
    """Return the exact sum of finite values in units of 2^-UNIT_BITS; raises FieldError beyond 2^200."""
    if not (np.abs(values) < _LARGEST).all():
        raise FieldError("a number too large to add up", where=where, expected="below 2^200")
    mantissa, exponent = np.frexp(np.where(np.abs(values) < 2.0 ** (_MANTISSA_BITS - UNIT_BITS), 0.0, values))
    whole = np.ldexp(mantissa, _MANTISSA_BITS).astype(np.int64)
    least = int(exponent.min(initial=0))
    place = (exponent - least).astype(np.int64)
    total = 0
    for start in range(0, len(values), _ROWS):  # 2^24 rows of 2^27 stay below 2^53, where doubles add exactly
        part = slice(start, start + _ROWS)
        tops = np.bincount(place[part], weights=(whole[part] >> _SPLIT_BITS).astype(np.float64))
        rests = np.bincount(place[part], weights=(whole[part] & ((1 << _SPLIT_BITS) - 1)).astype(np.float64))
        for at in np.flatnonzero((tops != 0) | (rests != 0)).tolist():
            shift = at + least - _MANTISSA_BITS + UNIT_BITS
            total += ((int(tops[at]) << _SPLIT_BITS) + int(rests[at])) << shift
    return total


def from_total(total: int) -> float:
    """Return a total as a number again, correctly rounded."""
    return float(Fraction(total, 1 << UNIT_BITS))
