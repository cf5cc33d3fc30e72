"""Joins what is written to a connection in one turn of the event loop: head and body of an answer go out in one piece.

uvicorn writes them one after the other, and uvloop sends each at once: two system calls, and the client wakes twice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import asyncio

__all__ = ["JOINED_BYTES_MAX", "JoinedTransport"]

JOINED_BYTES_MAX = 1 << 16
"""Bytes held at most: past them the transport itself must see what waits, or it could not hold the writer back."""


class JoinedTransport:
    """A transport whose writes are held until the loop's next turn. Everything else is the transport's own."""

    __slots__ = ("_held", "_loop", "_size", "_transport")

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport, self._loop = transport, loop
        self._held: list[bytes] = []
        self._size = 0

    def write(self, data: bytes) -> None:
        """Take bytes to be sent."""
        if not self._held:
            self._loop.call_soon(self.flush)
        self._held.append(data)
        self._size += len(data)
        if self._size > JOINED_BYTES_MAX:
            self.flush()

    def flush(self) -> None:
        """Send what is held."""
        if self._held:
            data = self._held[0] if len(self._held) == 1 else b"".join(self._held)
            self._held.clear()
            self._size = 0
            self._transport.write(data)

    def close(self) -> None:
        """Close once what is held has been sent."""
        self.flush()
        self._transport.close()

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the transport has under that name
        return getattr(self._transport, name)
