"""A Poisson rate held below a limit (incidents, complaints, false alarms a month), exact by Garwood's interval.

Power saws as exposure grows, since a further event is allowed only at certain exposures. The exposure returned is the
first from which on power never falls below what was asked. Source: Garwood (1936), Biometrika 28, 437-442.
"""

from __future__ import annotations

from dualtrack.errors import FieldError
from dualtrack.evidence.measurement import LEVEL
from dualtrack.evidence.power import POWER
from dualtrack.evidence.quantiles import z_two_sided
from dualtrack.evidence.sample_size.search import check_above_zero, check_power, fewest
from dualtrack.evidence.special import gammaincc, gammainccinv, gammaincinv

__all__ = ["exposure_for_poisson_rate", "power_poisson_rate"]

_ABOVE = 1 + 1e-9
"""So much more exposure that rounding does not lose the last event allowed."""


def power_poisson_rate(exposure: float, *, rate: float, limit: float, level: float = LEVEL) -> float:
    """Return the probability that so much exposure shows the rate to lie below the limit."""
    _check(rate, limit, level)
    check_above_zero(exposure=exposure)
    allowed = _allowed(exposure * limit, level)
    return 0.0 if allowed < 0 else float(gammaincc(allowed + 1, rate * exposure))


def exposure_for_poisson_rate(*, rate: float, limit: float, level: float = LEVEL, power: float = POWER) -> float:
    """Return the exposure needed, in the unit of the rates; raises FieldError where the rate is not below the limit."""
    _check(rate, limit, level)
    check_power(power)
    tail = (1 - level) / 2

    def least_power(events: int) -> float:
        """Power just before one event more would be allowed: the lowest of its step."""
        return float(gammaincc(events, rate * float(gammaincinv(events + 1, 1 - tail)) / limit))

    events = fewest(least_power, power, start=1)
    return float(gammaincinv(events, 1 - tail)) / limit * _ABOVE


def _allowed(expected_at_limit: float, level: float) -> int:
    """Return the most events whose upper limit is below the one given; -1 where not even none will do."""
    tail, low, high = (1 - level) / 2, -1, 1
    if expected_at_limit <= float(gammainccinv(1, tail)):
        return -1
    while float(gammainccinv(high + 1, tail)) < expected_at_limit:
        high *= 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if float(gammainccinv(middle + 1, tail)) < expected_at_limit else (low, middle)
    return low


def _check(rate: float, limit: float, level: float) -> None:
    z_two_sided(level)  # refuses a level outside 0 to 1
    check_above_zero(limit=limit)
    if not 0 <= rate < limit:
        raise FieldError(f"rate {rate}, limit {limit}", where="rate", expected="at least 0 and below the limit")
