"""Fieller's interval of a ratio of two means (cost with AI over cost without), from their variances and covariance.

It fails where the denominator may be zero: its own interval then holds zero, and no finite limits cover the ratio.
Source: Fieller (1954), Journal of the Royal Statistical Society B 16, 175-185.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from dualtrack.evidence.intervals.answer import Answer, Interval, NoInterval

__all__ = ["Pair", "fieller"]


class Pair(NamedTuple):
    """Two means, their variances (squared standard errors) and covariance."""

    top: float
    bottom: float
    variance_top: float
    variance_bottom: float
    covariance: float = 0.0


def fieller(pair: Pair, quantile: float) -> Answer:
    """Return the limits of top over bottom; `quantile` is Student's or the normal's, two-sided.

    Fails with `denominator may be zero`, or `no spread` where neither mean varies.
    """
    if pair.variance_top <= 0 and pair.variance_bottom <= 0:
        return NoInterval("no spread")
    square = quantile * quantile
    a = pair.bottom**2 - square * pair.variance_bottom
    if a <= 0:
        return NoInterval("denominator may be zero")
    b = pair.top * pair.bottom - square * pair.covariance
    c = pair.top**2 - square * pair.variance_top
    root = math.sqrt(max(0.0, b * b - a * c))
    return Interval((b - root) / a, (b + root) / a)
