"""Means: two arms, non-inferiority of two arms, and what clusters cost.

Normal approximations; a paired mean is `power.rows_for_difference`, which allows for its own deviation of differences.
Sources: Chow, Shao and Wang (2008), section 3.2; Eldridge, Ashby and Kerry (2006), International Journal of Epidemiology 35,
1292-1300 (clusters of unequal size).
"""

from __future__ import annotations

import math

from dualtrack.errors import FieldError
from dualtrack.evidence.measurement import LEVEL
from dualtrack.evidence.power import POWER
from dualtrack.evidence.quantiles import normal_cdf, z_two_sided
from dualtrack.evidence.sample_size.search import check_above_zero, fewest

__all__ = [
    "design_effect",
    "power_two_means",
    "power_two_means_non_inferior",
    "rows_for_clusters",
    "rows_for_two_means",
    "rows_for_two_means_non_inferior",
    "rows_worth",
]


def power_two_means(
    rows_each: int, *, deviation: float, deviation_other: float, effect: float, level: float = LEVEL
) -> float:
    """Return the probability of showing `effect` (above zero) with so many rows in each arm."""
    check_above_zero(effect=effect)
    return _power(rows_each, deviation, deviation_other, effect, level)


def rows_for_two_means(
    *, deviation: float, deviation_other: float, effect: float, level: float = LEVEL, power: float = POWER
) -> int:
    """Return the rows needed in each arm."""
    return fewest(
        lambda rows: power_two_means(
            rows, deviation=deviation, deviation_other=deviation_other, effect=effect, level=level
        ),
        power,
    )


def power_two_means_non_inferior(
    rows_each: int,
    *,
    deviation: float,
    deviation_other: float,
    margin: float,
    effect: float = 0.0,
    level: float = LEVEL,
) -> float:
    """Return the probability of showing that the AI is no more than `margin` worse when its true effect is `effect`."""
    check_above_zero(margin=margin)
    return _power(rows_each, deviation, deviation_other, margin + effect, level)


def rows_for_two_means_non_inferior(
    *,
    deviation: float,
    deviation_other: float,
    margin: float,
    effect: float = 0.0,
    level: float = LEVEL,
    power: float = POWER,
) -> int:
    """Return the rows needed in each arm; raises FieldError where the effect supposed is worse than the margin."""
    return fewest(
        lambda rows: power_two_means_non_inferior(
            rows, deviation=deviation, deviation_other=deviation_other, margin=margin, effect=effect, level=level
        ),
        power,
    )


def design_effect(*, cluster_size: float, correlation: float, size_variation: float) -> float:
    """Return how many times the rows are needed because they come in clusters.

    `correlation` within clusters (0 to 1), `size_variation` the coefficient of variation of their sizes (0: all equal).
    """
    if cluster_size < 1 or not 0 <= correlation <= 1 or size_variation < 0:
        found = f"size {cluster_size}, correlation {correlation}, variation {size_variation}"
        raise FieldError(found, where="clusters", expected="a size of at least 1, 0 to 1, at least 0")
    return max(1.0, 1 + ((size_variation**2 + 1) * cluster_size - 1) * correlation)


def rows_for_clusters(rows: int, effect_of_design: float) -> int:
    """Return the rows needed in clusters where `rows` independent ones would do."""
    check_above_zero(rows=rows, effect_of_design=effect_of_design)
    return math.ceil(rows * effect_of_design)


def rows_worth(rows: int, effect_of_design: float) -> int:
    """Return how many independent rows so many in clusters are worth: put this into a `power_...`."""
    check_above_zero(rows=rows, effect_of_design=effect_of_design)
    worth = math.floor(rows / effect_of_design)
    return worth + 1 if rows >= rows_for_clusters(worth + 1, effect_of_design) else worth  # a quotient may round down


def _power(rows: int, deviation: float, deviation_other: float, distance: float, level: float) -> float:
    check_above_zero(rows=rows, deviation=deviation, deviation_other=deviation_other)
    error = math.sqrt((deviation**2 + deviation_other**2) / rows)
    return normal_cdf(distance / error - z_two_sided(level))
