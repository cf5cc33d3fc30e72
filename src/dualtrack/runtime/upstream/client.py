"""The client: one call in, an answer out whose body is read whole or in pieces, or a fault by name.

    client = UpstreamClient()
    async with await client.send("POST", url, headers, body, timeouts_of(upstream)) as response:
        body = await response.read(1_000_000)

A client belongs to one event loop. A redirect is an answer like any other; nothing follows it.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Self

from dualtrack.errors import UpstreamError
from dualtrack.runtime.upstream.faults import (
    BodyTooLargeError,
    ClosedEarlyError,
    FirstByteTimeoutError,
    GapTimeoutError,
)
from dualtrack.runtime.upstream.limits import Limits, Timeouts
from dualtrack.runtime.upstream.parser import ResponseParser
from dualtrack.runtime.upstream.pool import Pool
from dualtrack.runtime.upstream.request import build_request, read_target
from dualtrack.runtime.upstream.tls import make_context

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping
    from pathlib import Path

    from dualtrack.runtime.upstream.connection import Connection
    from dualtrack.runtime.upstream.request import Target
    from dualtrack.runtime.upstream.tls import ResumingContext

__all__ = ["Response", "UpstreamClient"]


class Response:
    """An answer whose head is there. `headers` has lower-case names, repeated ones joined by a comma.

    `framed` is False where only the end of the connection marks the end of the body, which may then be cut short.
    """

    __slots__ = ("_connection", "_gap_ms", "_parser", "headers", "status")

    def __init__(self, connection: Connection, parser: ResponseParser, gap_ms: int) -> None:
        self._connection, self._parser, self._gap_ms = connection, parser, gap_ms
        self.status, self.headers = parser.status, parser.headers

    @property
    def framed(self) -> bool:
        """Whether the peer says where the body ends."""
        return self._parser.framed

    async def read(self, max_bytes: int) -> bytes:
        """Return the whole body; raises BodyTooLargeError as soon as it must be longer than `max_bytes`."""
        parser = self._parser
        if parser.done and parser.fault is None and parser.received <= max_bytes:
            return parser.take()
        pieces = [piece async for piece in self.stream(max_bytes)]
        return b"".join(pieces)

    async def stream(self, max_bytes: int) -> AsyncIterator[bytes]:
        """Yield the body as it comes; the peer is held back while the consumer is busy."""
        parser = self._parser
        if parser.length is not None and parser.length > max_bytes:
            raise self._too_large(f"{parser.length} bytes announced", max_bytes)
        taken = parser.received - sum(map(len, parser.body))
        while True:
            while not (parser.body or parser.done or parser.fault is not None):
                await self._more()
            piece = parser.take()
            taken += len(piece)
            if taken > max_bytes:
                raise self._too_large(f"over {max_bytes} bytes", max_bytes)
            if piece:
                yield piece
                if not parser.done:
                    self._connection.taken()
            elif parser.fault is not None:
                raise parser.fault
            elif parser.done:
                return

    def close(self) -> None:
        """Be done with the answer: a connection in the middle of it is cut, never used again."""
        self._connection.drop(self._parser)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.close()

    async def _more(self) -> None:
        try:
            await self._connection.wait(self._gap_ms, GapTimeoutError)
        except asyncio.CancelledError:
            self.close()
            raise

    def _too_large(self, found: str, max_bytes: int) -> BodyTooLargeError:
        self.close()
        return BodyTooLargeError(found, where=self._connection.origin, expected=f"at most {max_bytes} bytes of body")


class UpstreamClient:
    """Keep-alive connections to any number of origins; `authorities` is a PEM file in place of the system's."""

    def __init__(self, limits: Limits | None = None, *, authorities: Path | None = None) -> None:
        self._limits = limits or Limits()
        self._authorities = authorities
        self._context: ResumingContext | None = None
        self._pools: dict[str, Pool] = {}
        self._closed = False

    async def send(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes,
        timeouts: Timeouts,
        *,
        repeatable: bool = False,
        allowed: Callable[[], None] | None = None,
    ) -> Response:
        """Send a request and return the answer once its head is there; raises the fault that prevents it.

        `repeatable` says that sending twice does no harm: then a kept connection that turns out to be closed, before
        any byte of an answer, is replaced by a new one, once. `allowed` raises where nothing may be sent any more: it is
        asked again when a new connection stands, which may have taken its time.
        """
        target = read_target(url)
        request = build_request(method, target, headers, body)
        if self._closed:
            raise UpstreamError("the client is closed", where=target.origin, fix="make a new one")
        pool = self._pools.get(target.origin) or self._add_pool(target)
        bodiless = method == "HEAD"
        connection = pool.take()
        if connection is not None:
            try:
                return await self._exchange(connection, request, timeouts, bodiless=bodiless)
            except ClosedEarlyError as fault:
                if not (repeatable and fault.before_first_byte):
                    raise
        connection = await pool.connect(timeouts.connect_ms)
        if allowed is not None:
            try:
                allowed()
            except UpstreamError:
                connection.abort()
                raise
        return await self._exchange(connection, request, timeouts, bodiless=bodiless)

    async def close(self) -> None:
        """Cut all connections; whoever still reads gets a fault."""
        self._closed = True
        for pool in self._pools.values():
            await pool.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def _exchange(
        self, connection: Connection, request: bytes, timeouts: Timeouts, *, bodiless: bool
    ) -> Response:
        parser = ResponseParser(self._limits, connection.origin, bodiless=bodiless)
        if not connection.usable:  # it went while it was being handed over
            parser.end(reset=False)
        connection.start(request, parser, timeouts.total_ms)
        try:
            while parser.status == 0 and parser.fault is None:
                await connection.wait(timeouts.first_byte_ms, FirstByteTimeoutError)
        except asyncio.CancelledError:
            connection.drop(parser)
            raise
        if parser.status == 0 and parser.fault is not None:
            raise parser.fault
        return Response(connection, parser, timeouts.gap_ms)

    def _add_pool(self, target: Target) -> Pool:
        if target.tls and self._context is None:
            self._context = make_context(self._authorities)
        pool = Pool(target, self._limits, self._context if target.tls else None)
        self._pools[target.origin] = pool
        return pool
