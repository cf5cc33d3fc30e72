"""The clock of the gate: wall time that must not run backwards, and a steady clock for leases that a suspension does not stop."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dualtrack.domain.time import Clock

__all__ = ["BACKWARDS_S", "WallClock", "steady_s"]

BACKWARDS_S = 1.0
"""Backward step that is still taken for the slewing of a time service; more and nothing is decided."""

_STEADY = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


def steady_s() -> float:
    """Return seconds of a clock that nobody sets and that goes on while the machine sleeps."""
    return time.clock_gettime(_STEADY)


class WallClock:
    """Wall time in seconds. `now` returns None while the clock stands behind what it has shown before."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._highest_s = clock().timestamp()

    def now(self) -> float | None:
        """Return Unix seconds that never fall, or None when the clock ran backwards by more than BACKWARDS_S.

        During a small step back time stands still: a permit that was in force a moment ago is not of the future again.
        """
        now_s = self._clock().timestamp()
        if now_s >= self._highest_s:
            self._highest_s = now_s  # a race only makes the mark a few microseconds lower
            return now_s
        return self._highest_s if self._highest_s - now_s <= BACKWARDS_S else None
