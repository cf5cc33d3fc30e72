"""How many rows are needed, and what a number of rows can show.

Normal approximations; two-sided level as in the reported interval, so that "shown" means the interval excludes zero.
Source: Chow, Shao and Wang (2008), Sample Size Calculations in Clinical Research, chapters 3 and 4.
"""

from __future__ import annotations

import math
import sys

from dualtrack.errors import FieldError
from dualtrack.evidence.measurement import LEVEL
from dualtrack.evidence.quantiles import normal_cdf, z_two_sided

__all__ = [
    "POWER",
    "POWER_LEAST",
    "ROUNDING",
    "detectable_effect",
    "no_spread",
    "power_difference",
    "power_to_show",
    "rows_for_difference",
    "rows_for_same_kind",
    "rows_for_width",
]

POWER = 0.8
"""Power for which detectable effects and sizes are stated unless a caller asks otherwise: the convention of the field."""

POWER_LEAST = 0.5
"""Power of one half or less is a coin; a plan on it is not a plan."""

ROUNDING = 4 * sys.float_info.epsilon
"""Standard error, as a share of the values behind it, up to which a spread is nothing but rounding."""


def no_spread(standard_error: float, *, scale: float = 1.0) -> bool:
    """Say whether values of the size `scale` do not vary at all: their interval is a point, which looks like certainty.

    Rows that are all alike (ten of them, or two) do not say how others will vary, so the data cannot answer.
    """
    return standard_error <= ROUNDING * scale


def power_to_show(effect: float, standard_error: float, *, level: float = LEVEL) -> float:
    """Return the probability that the interval lies above zero when the true effect is `effect` (above zero).

    Without a standard error there is no interval that could show anything: 0.
    """
    if standard_error <= 0:
        return 0.0
    return normal_cdf(effect / standard_error - z_two_sided(level))


def detectable_effect(standard_error: float, *, level: float = LEVEL, power: float = POWER) -> float:
    """Return the smallest true effect whose interval lies above zero with probability `power`."""
    return (z_two_sided(level) + _z(power)) * standard_error


def rows_for_difference(deviation: float, effect: float, *, level: float = LEVEL, power: float = POWER) -> int:
    """Return the pairs needed to show a mean paired difference `effect` with standard deviation `deviation`."""
    _check_above_zero(deviation=deviation, effect=effect)
    return _rows((z_two_sided(level) + _z(power)) * deviation / effect)


def power_difference(rows: int, deviation: float, effect: float, *, level: float = LEVEL) -> float:
    """Return the power of `rows` pairs for what `rows_for_difference` plans."""
    _check_above_zero(rows=rows, deviation=deviation, effect=effect)
    return power_to_show(effect, deviation / math.sqrt(rows), level=level)


def rows_for_same_kind(rows: int, standard_error: float, effect: float, *, level: float = LEVEL) -> int:
    """Return the rows needed to show `effect` where `rows` of the same kind gave this standard error: it falls with their root."""
    _check_above_zero(rows=rows, standard_error=standard_error, effect=effect)
    return _rows(math.sqrt(rows) * detectable_effect(standard_error, level=level) / effect)


def rows_for_width(deviation: float, half_width: float, *, level: float = LEVEL) -> int:
    """Return the rows needed for an interval of a mean of plus or minus `half_width`."""
    _check_above_zero(deviation=deviation, half_width=half_width)
    return _rows(z_two_sided(level) * deviation / half_width)


def _rows(root: float) -> int:
    """Return the square of a number, rounded up; raises FieldError where no number of rows would do."""
    squared = root * root
    if not math.isfinite(squared):
        raise FieldError("an effect too small for any number of rows", where="sample size", fix="state a larger effect")
    return math.ceil(squared)


def _z(power: float) -> float:
    if not POWER_LEAST < power < 1:
        raise FieldError(f"power {power}", where="power", expected=f"between {POWER_LEAST} and 1")
    return z_two_sided(2 * power - 1)


def _check_above_zero(**values: float) -> None:
    for name, value in values.items():
        if not (value > 0 and math.isfinite(value)):
            raise FieldError(f"{value}", where=name, expected="a finite number above 0")
