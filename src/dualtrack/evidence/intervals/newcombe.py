"""Newcombe's hybrid score interval of the difference of two independent proportions, from Wilson's limits of each.

Keeps inside -1 to 1 and stays of use when a rate is 0 or 1. It fails only where a side has no rows.
Source: Newcombe (1998), Statistics in Medicine 17, 873-890, method 10.
"""

from __future__ import annotations

import math

from dualtrack.evidence.intervals.answer import Answer, Interval, NoInterval
from dualtrack.evidence.intervals.wilson import wilson
from dualtrack.evidence.measurement import LEVEL

__all__ = ["newcombe"]


def newcombe(successes: int, rows: int, successes_other: int, rows_other: int, *, level: float = LEVEL) -> Answer:
    """Return the limits of the first rate minus the other; fails with `no rows`."""
    first, other = wilson(successes, rows, level=level), wilson(successes_other, rows_other, level=level)
    if isinstance(first, NoInterval) or isinstance(other, NoInterval):
        return NoInterval("no rows")
    rate, rate_other = successes / rows, successes_other / rows_other
    difference = rate - rate_other
    below = math.hypot(rate - first.low, other.high - rate_other)
    above = math.hypot(first.high - rate, rate_other - other.low)
    return Interval(max(-1.0, difference - below), min(1.0, difference + above))
