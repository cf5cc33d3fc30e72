"""One kept-alive connection: bytes to the parser, waits with a deadline, reading paused while nobody takes the body.

One alarm serves all waits and the idle limit: it is moved only when a deadline is nearer, so a call that is answered
in time sets and cancels no timer. `_parser` is the answer under way; None means idle, where any byte is an offence.
"""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING, cast

from dualtrack.runtime.upstream.faults import TotalTimeoutError, UpstreamFaultError

if TYPE_CHECKING:
    from collections.abc import Callable

    from dualtrack.runtime.upstream.parser import ResponseParser

__all__ = ["CLOCK_S", "Connection"]

CLOCK_S = 0.001
"""How exact an event loop's clock is: an alarm that comes so much early is taken as due."""


class Connection(asyncio.Protocol):
    """A connection of a pool. `on_free` is told when it may be used again, `on_lost` once when it is gone."""

    __slots__ = (
        "_alarm",
        "_alarm_s",
        "_buffer_bytes",
        "_deadline_s",
        "_ends_s",
        "_late",
        "_limit_ms",
        "_loop",
        "_on_free",
        "_on_lost",
        "_parser",
        "_paused",
        "_total_ms",
        "_transport",
        "_waiter",
        "calls",
        "origin",
    )

    def __init__(
        self,
        origin: str,
        *,
        buffer_bytes: int,
        on_free: Callable[[Connection], None],
        on_lost: Callable[[Connection], None],
    ) -> None:
        self.origin, self.calls = origin, 0
        self._loop = asyncio.get_running_loop()
        self._buffer_bytes, self._on_free, self._on_lost = buffer_bytes, on_free, on_lost
        self._transport: asyncio.Transport | None = None
        self._parser: ResponseParser | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._late: type[UpstreamFaultError] = TotalTimeoutError
        self._limit_ms = self._total_ms = 0
        self._alarm: asyncio.TimerHandle | None = None
        self._alarm_s = self._deadline_s = self._ends_s = math.inf
        self._paused = False

    # --- what the pool and the response ask ---

    @property
    def usable(self) -> bool:
        """Whether a request may be sent: open, and nothing under way."""
        return self._transport is not None and self._parser is None and not self._transport.is_closing()

    def tls_object(self) -> object:
        """Return the TLS object of the connection, None without TLS."""
        return self._transport.get_extra_info("ssl_object") if self._transport is not None else None

    def start(self, request: bytes, parser: ResponseParser, total_ms: int) -> None:
        """Send a request; what comes goes to `parser`. After `total_ms` it is cut, also when nobody waits any more."""
        self._parser = parser
        self._total_ms = total_ms
        self._deadline_s = self._ends_s = self._loop.time() + total_ms / 1000
        self.calls += 1
        cast("asyncio.Transport", self._transport).write(request)

    async def wait(self, limit_ms: int, late: type[UpstreamFaultError]) -> None:
        """Wait until the head, more of the body, the end or a fault is there; `late` is the fault after `limit_ms`.

        To be called only while the answer is under way.
        """
        self._limit_ms, self._late = limit_ms, late
        self._waiter = self._loop.create_future()
        self._watch(min(self._loop.time() + limit_ms / 1000, self._ends_s))
        await self._waiter

    def taken(self) -> None:
        """Take note that the body was taken, so that there is room again."""
        if self._paused and self._transport is not None:
            self._paused = False
            self._transport.resume_reading()

    def drop(self, parser: ResponseParser) -> None:
        """Cut the connection if this answer is still under way: the rest of it must never look like the next one."""
        if self._parser is parser:
            self.abort()

    def rest(self, until_s: float) -> None:
        """Lie idle, and close at a time of the loop's clock."""
        self._watch(until_s)

    def abort(self) -> None:
        """Cut the connection at once; an answer under way ends with a fault."""
        self._end(reset=True)
        if self._transport is not None:
            self._transport.abort()

    # --- what the loop tells ---

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Parse what came and wake who waits."""
        parser = self._parser
        if parser is None:  # nothing was asked: whatever this is, the next answer must not begin with it
            self.abort()
            return
        try:
            parser.feed(data)
        except UpstreamFaultError as fault:
            self._fail(parser, fault)
            return
        if parser.done:
            self._finish(parser)
            return
        if parser.status:
            self._wake()
        if parser.buffered > self._buffer_bytes and not self._paused:
            self._paused = True
            cast("asyncio.Transport", self._transport).pause_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        """End the answer under way, if any, and leave the pool."""
        self._transport = None
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        self._end(reset=exc is not None)
        self._on_lost(self)

    def _finish(self, parser: ResponseParser) -> None:
        """Give the connection back, unless the peer closes it or answered before it had read the whole request."""
        transport = cast("asyncio.Transport", self._transport)
        self._parser = None
        self._ends_s = math.inf
        self._wake()
        self.taken()
        if parser.keep_alive and transport.get_write_buffer_size() == 0:
            self._on_free(self)
        else:
            transport.close()

    def _end(self, *, reset: bool) -> None:
        parser, self._parser = self._parser, None
        self._ends_s = math.inf
        if parser is not None and parser.fault is None:
            try:
                parser.end(reset=reset)
            except UpstreamFaultError as fault:
                parser.fault = fault
        self._wake()

    # --- waits ---

    def _watch(self, deadline_s: float) -> None:
        self._deadline_s = deadline_s
        if deadline_s < self._alarm_s or self._alarm is None:
            if self._alarm is not None:
                self._alarm.cancel()
            self._alarm_s = deadline_s
            self._alarm = self._loop.call_at(deadline_s, self._ring)

    def _ring(self) -> None:
        self._alarm = None
        self._alarm_s = math.inf
        if self._deadline_s == math.inf:
            return
        if self._loop.time() + CLOCK_S < self._deadline_s:
            self._watch(self._deadline_s)
            return
        parser = self._parser
        if parser is None:
            if self._transport is not None:
                self._transport.close()
            return
        total = self._deadline_s >= self._ends_s
        late, limit_ms = (TotalTimeoutError, self._total_ms) if total else (self._late, self._limit_ms)
        fault = late(f"not there after {limit_ms} ms", where=self.origin, expected="an answer in time")
        fault.before_first_byte = not parser.started
        self._fail(parser, fault)

    def _fail(self, parser: ResponseParser, fault: UpstreamFaultError) -> None:
        parser.fault = fault
        self.abort()

    def _wake(self) -> None:
        waiter, self._waiter = self._waiter, None
        self._deadline_s = self._ends_s
        if waiter is not None and not waiter.done():
            waiter.set_result(None)
