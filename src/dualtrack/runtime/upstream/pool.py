"""The connections to one origin: taken last in, first out, so that few are kept warm and the rest go idle and close."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from typing import TYPE_CHECKING

from dualtrack.runtime.upstream.connection import Connection
from dualtrack.runtime.upstream.faults import (
    ConnectRefusedError,
    ConnectTimeoutError,
    PoolFullError,
    TlsError,
    UnknownHostError,
)

if TYPE_CHECKING:
    from dualtrack.runtime.upstream.limits import Limits
    from dualtrack.runtime.upstream.request import Target
    from dualtrack.runtime.upstream.tls import ResumingContext

__all__ = ["CLOSE_S", "Pool"]

CLOSE_S = 1.0
"""How long `close()` waits for connections to go; they are cut, so this is only the loop's own work."""


class Pool:
    """Connections to one origin, at most `limits.connections` open or being opened."""

    def __init__(self, target: Target, limits: Limits, context: ResumingContext | None) -> None:
        self._target, self._limits, self._context = target, limits, context
        self._loop = asyncio.get_running_loop()
        self._free: list[Connection] = []
        self._opening = 0
        self._closing: asyncio.Future[None] | None = None
        self.open: set[Connection] = set()

    def take(self) -> Connection | None:
        """Return a connection that lies idle and is still open, None if there is none."""
        while self._free:
            connection = self._free.pop()
            if connection.usable:
                return connection
        return None

    async def connect(self, connect_ms: int) -> Connection:
        """Open a connection; raises the fault that prevents it."""
        if len(self.open) + self._opening >= self._limits.connections:
            raise PoolFullError(
                f"{self._limits.connections} connections in use",
                where=self._target.origin,
                expected="fewer calls at once",
                fix="lower bounds.in_flight of the policy, or add a process",
            )
        self._opening += 1
        try:
            async with asyncio.timeout(connect_ms / 1000):
                connection = await self._open()
        except TimeoutError as error:
            raise ConnectTimeoutError(
                f"no connection for {connect_ms} ms", where=self._target.origin, expected="a connection in time"
            ) from error
        finally:
            self._opening -= 1
        if connection.usable:
            self.open.add(connection)
        if self._closing is not None:
            connection.abort()
        return connection

    async def close(self) -> None:
        """Cut all connections; whoever still reads gets a fault."""
        self._closing = self._loop.create_future()
        for connection in list(self.open):
            connection.abort()
        if self.open:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(CLOSE_S):
                    await self._closing

    async def _open(self) -> Connection:
        target, limits = self._target, self._limits

        def make() -> Connection:
            return Connection(target.origin, buffer_bytes=limits.buffer_bytes, on_free=self._freed, on_lost=self._lost)

        where = target.origin
        try:
            _, connection = await self._loop.create_connection(
                make,
                target.host,
                target.port,
                ssl=self._context,
                server_hostname=target.host if self._context is not None else None,
            )
        except socket.gaierror as error:
            raise UnknownHostError("the host has no address", where=where, fix="check its name in the url") from error
        except ssl.SSLCertVerificationError as error:
            raise TlsError(
                f"the certificate does not hold: {error.verify_message}",
                where=where,
                expected="a certificate for this host from an authority that is trusted here",
            ) from error
        except ssl.SSLError as error:
            raise TlsError(f"no TLS: {error.reason or 'broken'}", where=where, expected="TLS 1.2 or later") from error
        except TimeoutError:
            raise
        except OSError as error:
            if self._context is not None and isinstance(error, ConnectionResetError | ConnectionAbortedError):
                raise TlsError("the peer ended the TLS handshake", where=where, expected="TLS 1.2 or later") from error
            raise ConnectRefusedError(
                f"no connection: {error.strerror or type(error).__name__}", where=where, expected="a service there"
            ) from error
        return connection

    def _freed(self, connection: Connection) -> None:
        if connection.calls == 1 and self._context is not None:
            self._context.remember(self._target.host, connection.tls_object())
        if len(self._free) >= self._limits.idle:
            connection.abort()
            return
        connection.rest(self._loop.time() + self._limits.idle_ms / 1000)
        self._free.append(connection)

    def _lost(self, connection: Connection) -> None:
        self.open.discard(connection)
        if connection in self._free:
            self._free.remove(connection)
        if self._closing is not None and not self.open and not self._closing.done():
            self._closing.set_result(None)
