"""Two proportions: their difference, non-inferiority, and a gap between groups held below a limit.

Normal approximation with each side's own variance; good where each side expects ten of either outcome or more.
Source: Chow, Shao and Wang (2008), Sample Size Calculations in Clinical Research, section 4.2.
"""

from __future__ import annotations

import math

from dualtrack.errors import FieldError
from dualtrack.evidence.measurement import LEVEL
from dualtrack.evidence.power import POWER
from dualtrack.evidence.quantiles import normal_cdf, z_two_sided
from dualtrack.evidence.sample_size.search import check_above_zero, check_rate, fewest

__all__ = [
    "power_gap_below",
    "power_two_proportions",
    "power_two_proportions_non_inferior",
    "rows_for_gap_below",
    "rows_for_two_proportions",
    "rows_for_two_proportions_non_inferior",
]


def power_two_proportions(rows_each: int, *, rate: float, rate_other: float, level: float = LEVEL) -> float:
    """Return the probability of showing the difference with so many rows on each side."""
    check_rate(rate=rate, rate_other=rate_other)
    return _beyond(abs(rate - rate_other), _error(rows_each, rate, rows_each, rate_other), level)


def rows_for_two_proportions(*, rate: float, rate_other: float, level: float = LEVEL, power: float = POWER) -> int:
    """Return the rows needed on each side; raises FieldError for equal rates, which nothing can tell apart."""
    return fewest(lambda rows: power_two_proportions(rows, rate=rate, rate_other=rate_other, level=level), power)


def power_two_proportions_non_inferior(
    rows_each: int, *, rate: float, rate_other: float, margin: float, level: float = LEVEL
) -> float:
    """Return the probability of showing `rate` to be no more than `margin` below `rate_other` (higher is better)."""
    check_rate(rate=rate, rate_other=rate_other)
    check_above_zero(margin=margin)
    return _beyond(rate - rate_other + margin, _error(rows_each, rate, rows_each, rate_other), level)


def rows_for_two_proportions_non_inferior(
    *, rate: float, rate_other: float, margin: float, level: float = LEVEL, power: float = POWER
) -> int:
    """Return the rows needed on each side; raises FieldError where the rates supposed are as far apart as the margin."""
    return fewest(
        lambda rows: power_two_proportions_non_inferior(
            rows, rate=rate, rate_other=rate_other, margin=margin, level=level
        ),
        power,
    )


def power_gap_below(
    rows: int, rows_other: int, *, rate: float, rate_other: float, limit: float, level: float = LEVEL
) -> float:
    """Return the probability of showing that two groups' rates lie less than `limit` apart, in either direction."""
    check_rate(rate=rate, rate_other=rate_other)
    check_above_zero(limit=limit)
    gap, error = abs(rate - rate_other), _error(rows, rate, rows_other, rate_other)
    if error <= 0:
        return 0.0
    z = z_two_sided(level)
    return max(0.0, normal_cdf((limit - gap) / error - z) + normal_cdf((limit + gap) / error - z) - 1)


def rows_for_gap_below(
    *,
    rate: float,
    rate_other: float,
    share: float,
    limit: float,
    level: float = LEVEL,
    power: float = POWER,
) -> int:
    """Return the rows needed of both groups together, where `share` of them are of the first group.

    Raises FieldError where the gap supposed is at the limit or above it.
    """
    if not 0 < share < 1:
        raise FieldError(f"share {share}", where="share", expected="between 0 and 1")

    def power_of(rows: int) -> float:
        first = max(1, min(rows - 1, math.floor(rows * share)))
        return power_gap_below(first, rows - first, rate=rate, rate_other=rate_other, limit=limit, level=level)

    return fewest(power_of, power)


def _error(rows: int, rate: float, rows_other: int, rate_other: float) -> float:
    check_above_zero(rows=rows, rows_other=rows_other)
    return math.sqrt(rate * (1 - rate) / rows + rate_other * (1 - rate_other) / rows_other)


def _beyond(distance: float, error: float, level: float) -> float:
    """Without a spread there is no interval, and nothing is shown."""
    return normal_cdf(distance / error - z_two_sided(level)) if error > 0 else 0.0
