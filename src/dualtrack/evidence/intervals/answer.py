"""What a method answers: limits, or the named reason why there are none."""

from __future__ import annotations

from typing import Literal, NamedTuple

from dualtrack.errors import FieldError
from dualtrack.evidence.interval import Interval

__all__ = ["Answer", "Interval", "NoInterval", "Reason", "check_share"]

Reason = Literal[
    "no rows",
    "too few rows",
    "too few clusters",
    "too few defined draws",
    "no spread",
    "bias undefined",
    "acceleration undefined",
    "denominator may be zero",
]
"""Why a method fails.

`no rows` and `too few ...`: below the method's own least number. `too few defined draws`: the statistic does not exist in half
of the draws or more. `no spread`: every draw, unit or row gives the same value, which says nothing about others. `bias undefined`:
all draws lie on one side of the estimate. `acceleration undefined`: leaving rows out one by one changes nothing, or
the statistic then no longer exists. `denominator may be zero`: a ratio whose limits are not finite.
"""


class NoInterval(NamedTuple):
    """No limits, and why."""

    reason: Reason


Answer = Interval | NoInterval
"""The answer of every method of this room."""


def check_share(hits: float, n: float, where: str, *, least: int = 0) -> None:
    """Refuse counts that cannot be: raises FieldError for hits outside 0 to n, or n of nought where `least` is 1."""
    if not 0 <= hits <= n or (least and not n > 0):
        raise FieldError(f"{hits} of {n}", where=where, expected=f"0 to n hits of {least} or more trials")
