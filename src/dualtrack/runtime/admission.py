"""What a process lets through at once and over time: places in flight, calls a minute, tokens a day, broken upstreams.

Tokens of the day are counted in the database for all processes. Places and calls a minute are counted in memory, for one
process: they keep that process from being overrun, and a firm with several workers divides these limits by their number.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dualtrack.errors import OverloadError, RateLimitError, StoreError, UpstreamError
from dualtrack.runtime.clock import steady_s
from dualtrack.runtime.quotas import DayTokens
from dualtrack.runtime.upstream.breaker import Breaker

if TYPE_CHECKING:
    from dualtrack.domain.policy import Upstream
    from dualtrack.domain.time import Clock
    from dualtrack.runtime.live import LiveUse
    from dualtrack.store.backends import Backend

__all__ = ["Admission", "Budgets"]

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
        self._count(live, live.use)
        self._in_flight[live.use] = count + 1

    def leave(self, live: LiveUse) -> None:
        """Give the place back."""
        self._in_flight[live.use] -= 1

    def glance(self, live: LiveUse) -> None:
        """Count a question after a held answer: as many a minute as calls, but none of theirs. Raises RateLimitError."""
        self._count(live, f"{live.use} answer")

    def _count(self, live: LiveUse, what: str) -> None:
        a_minute, now_s = live.policy.bounds.per_minute, steady_s()
        left, at_s = self._tokens.get(what, (float(a_minute), now_s))
        left = min(float(a_minute), left + (now_s - at_s) * a_minute / _MINUTE_S)
        if left < 1:
            wait_s = int((1 - left) * _MINUTE_S / a_minute) + 1
            raise RateLimitError(f"more than {a_minute} calls a minute", retry_after_s=wait_s, where=live.use)
        self._tokens[what] = (left - 1, now_s)


class Budgets:
    """Says of each upstream whether it may be asked: not while it is broken, nor beyond its tokens of the day."""

    def __init__(self, backend: Backend, clock: Clock) -> None:
        self._breakers: dict[str, Breaker] = {}
        self._tokens = DayTokens(backend, clock)

    async def admit(self, use: str, upstream: Upstream) -> None:
        """Raise UpstreamError where the upstream is not to be asked now; waits for the database once a block of tokens."""
        if not self._breaker(f"{use} {upstream.id}").allows(steady_s()):
            raise UpstreamError("it failed too often and rests", where=upstream.id, code="upstream.resting")
        if upstream.tokens_per_day is None:
            return
        try:
            some = await self._tokens.has_some(use, upstream.id, upstream.tokens_per_day)
        except StoreError as error:
            raise UpstreamError(
                "its tokens of the day cannot be counted now", where=upstream.id, code="upstream.budget"
            ) from error
        if not some:
            raise UpstreamError("its tokens of the day are used up", where=upstream.id, code="upstream.budget")

    def note(self, use: str, upstream: Upstream, *, well: bool, tokens: int = 0) -> None:
        """Note how a call ended and what it used."""
        key = f"{use} {upstream.id}"
        if well:
            self._breaker(key).succeeded()
        else:
            self._breaker(key).failed(steady_s())
        if upstream.tokens_per_day is not None and tokens:
            self._tokens.spend(use, upstream.id, upstream.tokens_per_day, tokens)

    def sweep(self) -> None:
        """Drop the counts of days that are over."""
        self._tokens.sweep()

    def close(self) -> None:
        """Give back the tokens that were reserved and not used."""
        self._tokens.close()

    def _breaker(self, key: str) -> Breaker:
        return self._breakers.setdefault(key, Breaker())
