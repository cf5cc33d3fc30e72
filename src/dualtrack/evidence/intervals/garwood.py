"""Garwood's interval of a Poisson rate: covers at least its level whatever the true rate.

Events must be independent at a steady rate: bursts (one fault, many complaints) make it far too narrow; then count the bursts.
It fails only without exposure. Source: Garwood (1936), Biometrika 28, 437-442.
"""

from __future__ import annotations

import math

from dualtrack.errors import FieldError
from dualtrack.evidence.intervals.answer import Answer, Interval, NoInterval
from dualtrack.evidence.measurement import LEVEL
from dualtrack.evidence.quantiles import z_two_sided
from dualtrack.evidence.special import gammaincinv

__all__ = ["garwood"]


def garwood(events: int, exposure: float, *, level: float = LEVEL) -> Answer:
    """Return the limits of events per unit of exposure (rows, days, decisions); fails with `no rows`."""
    if events < 0 or exposure < 0 or not math.isfinite(exposure):
        raise FieldError(f"{events} events in {exposure}", where="garwood", expected="numbers of at least 0")
    z_two_sided(level)  # refuses a level outside 0 to 1
    if exposure == 0:
        return NoInterval("no rows")
    tail = (1 - level) / 2
    low = 0.0 if events == 0 else float(gammaincinv(events, tail)) / exposure
    return Interval(low, float(gammaincinv(events + 1, 1 - tail)) / exposure)
