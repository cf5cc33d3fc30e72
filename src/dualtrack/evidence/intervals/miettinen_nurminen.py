"""Miettinen and Nurminen's score interval of the difference of two independent proportions: the test of each difference, inverted.

The rates under a supposed difference are the most likely ones that have it (a cubic with one root in range). It fails only where
a side has no rows. Source: Miettinen and Nurminen (1985), Statistics in Medicine 4, 213-226, section 2 and appendix I.
"""

from __future__ import annotations

import math

from dualtrack.evidence.intervals.answer import Answer, Interval, NoInterval, check_share
from dualtrack.evidence.measurement import LEVEL
from dualtrack.evidence.quantiles import z_two_sided

__all__ = ["miettinen_nurminen"]

_STEPS = 60
"""Halvings of an interval of length 2: the limit is then known to 1e-18."""


def miettinen_nurminen(
    successes: int, rows: int, successes_other: int, rows_other: int, *, level: float = LEVEL
) -> Answer:
    """Return the limits of the first rate minus the other; fails with `no rows`."""
    check_share(successes, rows, "miettinen_nurminen")
    check_share(successes_other, rows_other, "miettinen_nurminen, other")
    z = z_two_sided(level)
    if rows == 0 or rows_other == 0:
        return NoInterval("no rows")
    table = (successes, rows, successes_other, rows_other)
    difference = successes / rows - successes_other / rows_other
    return Interval(_limit(table, difference, -1.0, z), _limit(table, difference, 1.0, z))


def _limit(table: tuple[int, int, int, int], inside: float, outside: float, z: float) -> float:
    """Return where the score passes z between the observed difference and the end of the scale."""
    if _score(table, outside) <= z:
        return outside
    for _ in range(_STEPS):
        middle = (inside + outside) / 2
        if _score(table, middle) <= z:
            inside = middle
        else:
            outside = middle
    return inside


def _score(table: tuple[int, int, int, int], supposed: float) -> float:
    """Return the size of the score statistic for a supposed difference, infinite where that difference cannot be."""
    successes, rows, successes_other, rows_other = table
    gap = abs(successes / rows - successes_other / rows_other - supposed)
    if gap == 0:
        return 0.0
    other = _likeliest_other(table, supposed)
    rate, total = min(1.0, max(0.0, other + supposed)), rows + rows_other
    variance = (rate * (1 - rate) / rows + other * (1 - other) / rows_other) * total / (total - 1)
    return gap / math.sqrt(variance) if variance > 0 else math.inf


def _likeliest_other(table: tuple[int, int, int, int], supposed: float) -> float:
    """Return the other side's most likely rate where the first is `supposed` above it."""
    successes, rows, successes_other, rows_other = table
    total, both = rows + rows_other, successes + successes_other
    square = (rows + 2 * rows_other) * supposed - total - both
    linear = (rows_other * supposed - total - 2 * successes_other) * supposed + both
    constant = successes_other * supposed * (1 - supposed)
    third = square / (3 * total)
    q = third**3 - square * linear / (6 * total**2) + constant / (2 * total)
    p = math.copysign(math.sqrt(max(0.0, third**2 - linear / (3 * total))), q)
    angle = (math.pi + math.acos(max(-1.0, min(1.0, q / p**3 if p else 0.0)))) / 3
    return min(1.0, max(0.0, 2 * p * math.cos(angle) - third))
