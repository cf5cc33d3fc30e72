"""A circuit breaker for one upstream: after failures in a row it is left alone, then tried with one call at a time.

Pure: the clock is passed in, any that only goes forward, in seconds.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

__all__ = ["Breaker", "BreakerSettings", "BreakerState"]

BreakerState = Literal["closed", "open", "half_open"]


class BreakerSettings(NamedTuple):
    """`failures` in a row open it for `open_s`, doubled after each failed try up to `open_s_max`."""

    failures: int = 5
    open_s: float = 5.0
    open_s_max: float = 120.0


class Breaker:
    """Closed: calls go. Open: none. Half open: one call tries; its result decides.

    Each call that `allows` let through reports `succeeded` or `failed`. A try that reports neither, because its task was
    cancelled, is given up after `open_s`, so that a lost report cannot keep an upstream away for ever.
    """

    __slots__ = ("_failures", "_open_s", "_settings", "_since_s", "_trying", "state")

    def __init__(self, settings: BreakerSettings | None = None) -> None:
        self._settings = settings or BreakerSettings()
        self.state: BreakerState = "closed"
        self._failures = 0
        self._open_s = self._settings.open_s
        self._since_s = 0.0
        self._trying = False

    def allows(self, now_s: float) -> bool:
        """Tell whether a call may go now; in the half-open state the first who asks gets the try."""
        if self.state == "closed":
            return True
        if self.state == "open" and now_s - self._since_s < self._open_s:
            return False
        if self.state == "half_open" and self._trying and now_s - self._since_s < self._settings.open_s:
            return False
        self.state, self._trying, self._since_s = "half_open", True, now_s
        return True

    def succeeded(self) -> None:
        """Take note of an answer: closes it, unless it is open and the answer is a late one from before."""
        if self.state == "open":
            return
        self.state, self._trying, self._failures = "closed", False, 0
        self._open_s = self._settings.open_s

    def failed(self, now_s: float) -> None:
        """Take note of a failure; late ones of calls from before it opened change nothing."""
        if self.state == "open":
            return
        self._failures += 1
        if self.state == "half_open":
            self._open_s = min(self._open_s * 2, self._settings.open_s_max)
        elif self._failures < self._settings.failures:
            return
        self.state, self._trying, self._since_s = "open", False, now_s
