"""AUC against a target: Hanley and McNeil's variance, which needs nothing but the area and the two class sizes.

Their variance supposes scores like exponential ones and leans high for areas near 1, so that rows are rather too many than too few.
Source: Hanley and McNeil (1982), Radiology 143, 29-36, equation 1.
"""

from __future__ import annotations

import math

from dualtrack.errors import FieldError
from dualtrack.evidence.measurement import LEVEL
from dualtrack.evidence.power import POWER
from dualtrack.evidence.quantiles import normal_cdf, z_two_sided
from dualtrack.evidence.sample_size.search import check_above_zero, fewest

__all__ = ["auc_error", "power_auc", "rows_for_auc"]


def auc_error(area: float, positives: int, negatives: int) -> float:
    """Return the standard error of an AUC with so many rows of each class."""
    if not 0 < area < 1:
        raise FieldError(f"area {area}", where="auc", expected="between 0 and 1")
    check_above_zero(positives=positives, negatives=negatives)
    both_below, both_above = area / (2 - area), 2 * area**2 / (1 + area)
    spread = area * (1 - area) + (positives - 1) * (both_below - area**2) + (negatives - 1) * (both_above - area**2)
    return math.sqrt(spread / (positives * negatives))


def power_auc(positives: int, negatives: int, *, area: float, target: float, level: float = LEVEL) -> float:
    """Return the probability that the interval of a model with this true area lies above `target`."""
    return normal_cdf((area - target) / auc_error(area, positives, negatives) - z_two_sided(level))


def rows_for_auc(*, area: float, target: float, prevalence: float, level: float = LEVEL, power: float = POWER) -> int:
    """Return the rows needed where `prevalence` of them are positives; raises FieldError for an area not above the target."""
    if not 0 < prevalence < 1 or area <= target:
        found = f"prevalence {prevalence}, area {area}, target {target}"
        raise FieldError(found, where="auc", expected="a share between 0 and 1, and an area above the target")

    def power_of(rows: int) -> float:
        positives = max(1, min(rows - 1, math.floor(rows * prevalence)))
        return power_auc(positives, rows - positives, area=area, target=target, level=level)

    return fewest(power_of, power)
