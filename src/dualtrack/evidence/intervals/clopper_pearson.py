"""Clopper and Pearson's interval of a proportion: covers at least its level whatever the true rate, at the price of width.

It fails only without rows. Source: Clopper and Pearson (1934), Biometrika 26, 404-413.
"""

from __future__ import annotations

from scipy.special import betaincinv

from dualtrack.evidence.intervals.answer import Answer, Interval, NoInterval, check_counts
from dualtrack.evidence.measurement import LEVEL
from dualtrack.evidence.quantiles import z_two_sided

__all__ = ["clopper_pearson"]


def clopper_pearson(successes: int, rows: int, *, level: float = LEVEL) -> Answer:
    """Return the limits of the rate; fails with `no rows`."""
    check_counts(successes, rows, "clopper_pearson")
    z_two_sided(level)  # refuses a level outside 0 to 1
    if rows == 0:
        return NoInterval("no rows")
    tail, failures = (1 - level) / 2, rows - successes
    low = 0.0 if successes == 0 else float(betaincinv(successes, failures + 1, tail))
    high = 1.0 if failures == 0 else float(betaincinv(successes + 1, failures, 1 - tail))
    return Interval(low, high)
