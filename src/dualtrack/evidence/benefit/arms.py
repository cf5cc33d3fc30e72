"""Two arms of an experiment as moments, the difference of their means, and whether the split is the one that was drawn.

Sources: Welch (1947), Biometrika 34, 28-35; Fabijan et al. (2019), Diagnosing Sample Ratio Mismatch in Online Controlled
Experiments, KDD, 2156-2164; Deng, Xu, Kohavi and Walker (2013), WSDM, 123-132 (adjusting by a value known before).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from dualtrack.domain.records import Record
from dualtrack.errors import FieldError
from dualtrack.evidence.benefit.moments import UNITS_LEAST, Moments, add_moments
from dualtrack.evidence.quantiles import normal_cdf

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["CONTROL", "TREATED", "Arms", "Gap", "add_arms", "arms_of", "difference", "ratio_mismatch_p"]

CONTROL, TREATED = "0", "1"
"""Levels of the role arm: 1 worked with AI."""


class Arms(Record, frozen=True):
    """Moments of the arm without AI and of the arm with it."""

    control: Moments
    treated: Moments

    @property
    def rows(self) -> int:
        """Rows of both arms."""
        return self.control.rows + self.treated.rows

    @property
    def smaller(self) -> int:
        """Units of the smaller arm."""
        return min(self.control.units, self.treated.units)


class Gap(NamedTuple):
    """Treated minus control: estimate, standard error, Welch's degrees of freedom."""

    estimate: float
    standard_error: float
    degrees: float


def arms_of(levels: Mapping[str, Moments]) -> Arms:
    """Return both arms; raises FieldError where an arm has no rows or a level is neither 0 nor 1."""
    if set(levels) != {CONTROL, TREATED}:
        raise FieldError(
            f"arms {sorted(levels)[:5]}", where="arm", expected="0 and 1, both with rows; 1 worked with AI"
        )
    return Arms(control=levels[CONTROL], treated=levels[TREATED])


def add_arms(parts: Sequence[Arms]) -> Arms:
    """Add arms of separate units."""
    return Arms(
        control=add_moments([part.control for part in parts]), treated=add_moments([part.treated for part in parts])
    )


def difference(arms: Arms, name: str, *, adjust_by: str | None = None) -> Gap:
    """Return the difference of the means of `name`; with `adjust_by` less what a value known before assignment explains.

    The slope is the least-squares one within arms. Needs two units in each arm.
    """
    slope = 0.0 if adjust_by is None else _slope(arms, name, adjust_by)
    means, variances = [], []
    for arm in (arms.control, arms.treated):
        mean, variance = arm.mean(name), arm.covariance(name, name)
        if adjust_by is not None:
            mean -= slope * arm.mean(adjust_by)
            variance += slope**2 * arm.covariance(adjust_by, adjust_by) - 2 * slope * arm.covariance(name, adjust_by)
        means.append(mean)
        variances.append(max(0.0, variance))
    total = sum(variances)
    degrees = 0.0
    if total > 0 and arms.smaller >= UNITS_LEAST:
        parts = zip(variances, (arms.control.units, arms.treated.units), strict=True)
        degrees = total**2 / sum(variance**2 / (units - 1) for variance, units in parts)
    return Gap(means[1] - means[0], math.sqrt(total), degrees)


def ratio_mismatch_p(arms: Arms, share_expected: float) -> float:
    """Return the p value of the split of units, if `share_expected` of them were to be treated."""
    total = arms.control.units + arms.treated.units
    away = arms.treated.units - total * share_expected
    return 2 * normal_cdf(-abs(away) / math.sqrt(total * share_expected * (1 - share_expected)))


def _slope(arms: Arms, name: str, adjust_by: str) -> float:
    """Add both arms' sums within: a covariance of means times rows squared is, up to a factor near 1, the sum of products."""
    together = [
        sum(arm.covariance(first, adjust_by) * arm.rows**2 for arm in (arms.control, arms.treated))
        for first in (name, adjust_by)
    ]
    return together[0] / together[1] if together[1] > 0 else 0.0
