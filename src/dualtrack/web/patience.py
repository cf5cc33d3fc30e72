"""How long the server waits for a client: for the head of a request, and for somebody to read what was sent.

uvicorn's own protocol waits for both without end, so that a few thousand silent clients would hold all connections.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from dualtrack.runtime.faces.asgi import PROBLEM_TYPE
from dualtrack.web.joining import JoinedTransport

if TYPE_CHECKING:
    import asyncio

__all__ = ["HEAD_WAIT_S", "READ_WAIT_S", "PatientProtocol"]

HEAD_WAIT_S = 15.0
"""Longest wait for the whole head of a request: it is one packet, or a few on a bad line."""

READ_WAIT_S = 30.0
"""Longest wait for a client to read on, once the operating system's buffers and ours are full of what it did not read."""

_LATE = (
    b'{"type":"urn:dualtrack:error:input.slow","title":"the head of the request did not arrive","status":408,'
    b'"error":{"message":"the head of the request did not arrive","type":"input.slow","code":"input.slow"}}'
)


class PatientProtocol(HttpToolsProtocol):
    """uvicorn's protocol with an end to its patience; nothing is timed for a request that arrives in one piece."""

    _late: asyncio.TimerHandle | None = None
    _unread: asyncio.TimerHandle | None = None
    _in_head = True

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's own
        """Begin to wait for the first head. What is written in one turn of the loop goes out in one piece."""
        super().connection_made(cast("asyncio.Transport", JoinedTransport(transport, self.loop)))
        self._late = self.loop.call_later(HEAD_WAIT_S, self._give_up)

    def data_received(self, data: bytes) -> None:
        """Take bytes in; a head that is incomplete after them is waited for, but not anew with each byte."""
        super().data_received(data)
        if not self._in_head:
            self._stop_waiting()
        elif self._late is None and self.cycle is not None and self.cycle.response_complete:
            self._late = self.loop.call_later(HEAD_WAIT_S, self._give_up)

    def on_headers_complete(self) -> None:
        """Note that a head is complete."""
        self._in_head = False
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """Note that a body is complete: what comes next is another head."""
        super().on_message_complete()
        self._in_head = True
        self._stop_waiting()

    def pause_writing(self) -> None:
        """Begin to wait for the client to read."""
        super().pause_writing()
        if self._unread is None:
            self._unread = self.loop.call_later(READ_WAIT_S, self.transport.abort)

    def resume_writing(self) -> None:
        """Note that the client reads."""
        super().resume_writing()
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing any more."""
        super().connection_lost(exc)
        self._stop_waiting()
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None

    def _stop_waiting(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def _give_up(self) -> None:
        self._late = None
        if not self.transport.is_closing():
            head = b"HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-type: %s\r\n" % PROBLEM_TYPE.encode()
            self.transport.write(b"%scontent-length: %d\r\n\r\n%s" % (head, len(_LATE), _LATE))
            self.transport.close()
