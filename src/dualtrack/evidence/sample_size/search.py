"""The fewest rows with enough power: by doubling and halving where power rises with rows, with a bound on everything."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from dualtrack.errors import FieldError
from dualtrack.evidence.power import POWER_LEAST

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["ROWS_MAX", "check_above_zero", "check_power", "check_rate", "fewest"]

ROWS_MAX = 10_000_000_000
"""Most rows that a plan may ask for: beyond it the claim is not testable, and saying so is the answer."""


def fewest(power_of: Callable[[int], float], power: float, *, start: int = 2) -> int:
    """Return the fewest rows from `start` on whose power is at least `power`, for a power that rises with rows.

    Raises FieldError where ROWS_MAX rows do not do: the truth supposed is too close to the limit.
    """
    check_power(power)
    low, high = start - 1, start
    while power_of(high) < power:
        low, high = high, high * 2
        if high > ROWS_MAX:
            raise FieldError(
                "no number of rows would do",
                where="sample size",
                expected=f"at most {ROWS_MAX} rows",
                fix="suppose a truth further from the limit, or choose a limit that can be tested",
            )
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if power_of(middle) >= power else (middle, high)
    return high


def check_power(power: float) -> None:
    """Refuse a power of a coin or less, and certainty."""
    if not POWER_LEAST < power < 1:
        raise FieldError(f"power {power}", where="power", expected=f"between {POWER_LEAST} and 1")


def check_rate(**rates: float) -> None:
    """Refuse what is no rate; raises FieldError naming it."""
    for name, rate in rates.items():
        if not 0 <= rate <= 1:
            raise FieldError(f"{rate}", where=name, expected="a rate from 0 to 1")


def check_above_zero(**values: float) -> None:
    """Refuse what is not a finite number above 0; raises FieldError naming it."""
    for name, value in values.items():
        if not (value > 0 and math.isfinite(value)):
            raise FieldError(f"{value}", where=name, expected="a finite number above 0")
