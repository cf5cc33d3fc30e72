"""Clopper and Pearson's interval of a proportion: covers at least its level whatever the true rate, at the price of width.

It fails only without rows. It is used where the count may be nought and what it stands for is harm. Sources: Clopper and Pearson
(1934), Biometrika 26, 404-413; Hanley and Lippman-Hand (1983), JAMA 249, 1743-1745 (rule of three).
"""

from __future__ import annotations

import math

from dualtrack.errors import FieldError
from dualtrack.evidence.intervals.answer import Answer, Interval, NoInterval, check_share
from dualtrack.evidence.measurement import LEVEL
from dualtrack.evidence.quantiles import z_two_sided
from dualtrack.evidence.special import betaincinv

__all__ = ["RULE_OF_THREE", "clopper_pearson", "exact_limits", "trials_for_limit", "upper_limit"]

RULE_OF_THREE = 3
"""With nothing found in n independent trials, about 3 / n is the upper 95 % limit."""


def clopper_pearson(successes: int, rows: int, *, level: float = LEVEL) -> Answer:
    """Return the limits of the rate; fails with `no rows`."""
    check_share(successes, rows, "clopper_pearson")
    z_two_sided(level)  # refuses a level outside 0 to 1
    return exact_limits(successes, rows, level) if rows else NoInterval("no rows")


def exact_limits(hits: float, n: float, level: float) -> Interval:
    """Return the limits; `hits` and `n` need not be whole where they are effective numbers. Raises FieldError without a trial."""
    check_share(hits, n, "clopper_pearson", least=1)
    tail = (1 - level) / 2
    low = 0.0 if hits <= 0 else float(betaincinv(hits, n - hits + 1, tail))
    high = 1.0 if hits >= n else float(betaincinv(hits + 1, n - hits, 1 - tail))
    return Interval(low, high)


def upper_limit(hits: int, n: int, level: float) -> float:
    """Return the exact one-sided upper limit: with no hits, 1 - (1 - level)^(1/n)."""
    check_share(hits, n, "clopper_pearson", least=1)
    return 1.0 if hits == n else float(betaincinv(hits + 1, n - hits, level))


def trials_for_limit(limit: float, level: float) -> int:
    """Return the trials without a hit after which the two-sided exact interval ends at or below `limit`."""
    if not 0 < limit < 1:
        raise FieldError(f"limit {limit}", where="proportion", expected="between 0 and 1")
    return math.ceil(math.log((1 - level) / 2) / math.log1p(-limit))
