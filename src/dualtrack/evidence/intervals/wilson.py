"""Wilson's score interval of a proportion: close to its level on average, also for few rows and rates near 0 or 1.

It fails only without rows. For single values of the true rate it may cover somewhat less than its level; where that must not
be, use `clopper_pearson`. Sources: Wilson (1927), JASA 22, 209-212; Brown, Cai and DasGupta (2001), Statistical Science 16, 101-133.
"""

from __future__ import annotations

import math

from dualtrack.evidence.intervals.answer import Answer, Interval, NoInterval, check_share
from dualtrack.evidence.measurement import LEVEL
from dualtrack.evidence.quantiles import z_two_sided

__all__ = ["wilson", "wilson_limits"]


def wilson(successes: int, rows: int, *, level: float = LEVEL) -> Answer:
    """Return the limits of the rate; fails with `no rows`."""
    check_share(successes, rows, "wilson")
    z_two_sided(level)  # refuses a level outside 0 to 1
    return wilson_limits(successes, rows, level) if rows else NoInterval("no rows")


def wilson_limits(hits: float, n: float, level: float) -> Interval:
    """Return the limits of a share of `n` trials, which need not be a whole number; raises FieldError where there is none."""
    check_share(hits, n, "wilson", least=1)
    z = z_two_sided(level)
    share, weight = hits / n, z * z / n
    middle = (share + weight / 2) / (1 + weight)
    half = z / (1 + weight) * math.sqrt(share * (1 - share) / n + weight / (4 * n))
    # At the ends the limit is the share itself; rounding must not move it past.
    low = 0.0 if hits == 0 else max(0.0, min(share, middle - half))
    high = 1.0 if hits == n else min(1.0, max(share, middle + half))
    return Interval(low, high)
