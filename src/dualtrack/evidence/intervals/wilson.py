"""Wilson's score interval of a proportion: close to its level on average, also for few rows and rates near 0 or 1.

It fails only without rows. For single values of the true rate it may cover somewhat less than its level; where that must not
be, use `clopper_pearson`. Sources: Wilson (1927), JASA 22, 209-212; Brown, Cai and DasGupta (2001), Statistical Science 16, 101-133.
"""

from __future__ import annotations

import math

from dualtrack.evidence.intervals.answer import Answer, Interval, NoInterval, check_counts
from dualtrack.evidence.measurement import LEVEL
from dualtrack.evidence.quantiles import z_two_sided

__all__ = ["wilson"]


def wilson(successes: int, rows: int, *, level: float = LEVEL) -> Answer:
    """Return the limits of the rate; fails with `no rows`."""
    check_counts(successes, rows, "wilson")
    z = z_two_sided(level)
    if rows == 0:
        return NoInterval("no rows")
    rate, weight = successes / rows, z * z / rows
    middle = (rate + weight / 2) / (1 + weight)
    half = z / (1 + weight) * math.sqrt(rate * (1 - rate) / rows + weight / (4 * rows))
    low = 0.0 if successes == 0 else max(0.0, middle - half)
    high = 1.0 if successes == rows else min(1.0, middle + half)
    return Interval(low, high)
