"""What a process lets through at once and over time: places in flight, calls a minute, tokens a day, broken upstreams.

All of it is counted in memory, for one process: a firm with several workers divides its limits by their number.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dualtrack.errors import OverloadError, RateLimitError, UpstreamError
from dualtrack.runtime.clock import steady_s
from dualtrack.runtime.upstream.breaker import Breaker

if TYPE_CHECKING:
    from dualtrack.domain.policy import Upstream
    from dualtrack.runtime.live import LiveUse

__all__ = ["Admission", "Budgets"]

_DAY_S = 86_400.0
_MINUTE_S = 60.0


class Admission:
    """Counts the calls of each use. `enter` takes a place or sheds the call; `leave` gives it back."""

    def __init__(self) -> None:
        self._in_flight: dict[str, int] = {}
        self._tokens: dict[str, tuple[float, float]] = {}

    def enter(self, live: LiveUse) -> None:
        """Raise OverloadError with too many in flight, RateLimitError with too many a minute; more only make all slow."""
        bounds = live.policy.bounds
        count = self._in_flight.get(live.use, 0)
        if count >= bounds.in_flight:
            raise OverloadError(f"{count} calls are under way", where=live.use, code="overload.in-flight")
        now_s = steady_s()
        left, at_s = self._tokens.get(live.use, (float(bounds.per_minute), now_s))
        left = min(float(bounds.per_minute), left + (now_s - at_s) * bounds.per_minute / _MINUTE_S)
        if left < 1:
            wait_s = int((1 - left) * _MINUTE_S / bounds.per_minute) + 1
            raise RateLimitError(f"more than {bounds.per_minute} calls a minute", retry_after_s=wait_s, where=live.use)
        self._tokens[live.use] = (left - 1, now_s)
        self._in_flight[live.use] = count + 1

    def leave(self, live: LiveUse) -> None:
        """Give the place back."""
        self._in_flight[live.use] -= 1


class Budgets:
    """Says of each upstream whether it may be asked: not while it is broken, nor beyond its tokens of the day."""

    def __init__(self) -> None:
        self._breakers: dict[str, Breaker] = {}
        self._spent: dict[str, tuple[float, int]] = {}

    def check(self, use: str, upstream: Upstream) -> None:
        """Raise UpstreamError where the upstream is not to be asked now."""
        key = f"{use} {upstream.id}"
        if not self._breaker(key).allows(steady_s()):
            raise UpstreamError("it failed too often and rests", where=upstream.id, code="upstream.resting")
        if upstream.tokens_per_day is not None and self._today(key) >= upstream.tokens_per_day:
            raise UpstreamError("its tokens of the day are used up", where=upstream.id, code="upstream.budget")

    def note(self, use: str, upstream: Upstream, *, well: bool, tokens: int = 0) -> None:
        """Note how a call ended and what it used."""
        key = f"{use} {upstream.id}"
        if well:
            self._breaker(key).succeeded()
        else:
            self._breaker(key).failed(steady_s())
        if upstream.tokens_per_day is not None:
            since_s = self._spent.get(key, (steady_s(), 0))[0]
            self._spent[key] = (since_s, self._today(key) + tokens)

    def _breaker(self, key: str) -> Breaker:
        return self._breakers.setdefault(key, Breaker())

    def _today(self, key: str) -> int:
        since_s, spent = self._spent.get(key, (steady_s(), 0))
        if steady_s() - since_s < _DAY_S:
            return spent
        self._spent[key] = (steady_s(), 0)
        return 0
