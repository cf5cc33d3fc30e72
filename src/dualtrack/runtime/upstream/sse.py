"""Server-sent events as they come, cut anywhere: the data of each event, as bytes (WHATWG HTML, section 9.2.6).

Only `data` is read; names, ids and retry times of events are nothing to a governed call. Lines end with LF, CRLF or CR.
"""

from __future__ import annotations

from dualtrack.runtime.upstream.faults import ClosedEarlyError, EventTooLargeError

__all__ = ["EVENT_BYTES_MAX", "SseReader"]

EVENT_BYTES_MAX = 1_048_576
"""Of one event with its field names: hosted models send some hundred bytes, a tool call with arguments some kilobytes."""

_BOM = b"\xef\xbb\xbf"


class SseReader:
    """Feed it pieces of the body, get the data of the events that they complete."""

    __slots__ = ("_after_cr", "_at_start", "_data", "_limit", "_size", "_tail", "_where")

    def __init__(self, event_bytes_max: int = EVENT_BYTES_MAX, *, where: str = "") -> None:
        self._limit, self._where = event_bytes_max, where
        self._tail: list[bytes] = []
        self._data: list[bytes] = []
        self._size = 0
        self._after_cr = False
        self._at_start = True

    def feed(self, piece: bytes) -> list[bytes]:
        """Return the data of the events that end in this piece; raises EventTooLargeError."""
        piece = self._unify(piece)
        first, *rest = piece.split(b"\n")
        self._hold(first)
        if not rest:
            return []
        events: list[bytes] = []
        for following in rest:
            line = b"".join(self._tail)
            self._tail.clear()
            self._line(line, events)
            self._hold(following)
        return events

    def finish(self) -> None:
        """Take note that the body ended; raises ClosedEarlyError where an event had begun."""
        if self._size or self._data:
            raise ClosedEarlyError(
                "the stream ended inside an event", where=self._where, expected="a blank line after each event"
            )

    def _unify(self, piece: bytes) -> bytes:
        """Make every line end LF: a CR at the end of a piece counts at once, and the LF that may follow is dropped."""
        if self._after_cr and piece:
            self._after_cr = False
            piece = piece.removeprefix(b"\n")
        if b"\r" in piece:
            self._after_cr = piece.endswith(b"\r")
            piece = piece.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        return piece

    def _hold(self, part: bytes) -> None:
        if not part:
            return
        self._size += len(part)
        if self._size > self._limit:
            raise EventTooLargeError(
                f"over {self._limit} bytes in one event", where=self._where, expected=f"at most {self._limit}"
            )
        self._tail.append(part)

    def _line(self, line: bytes, events: list[bytes]) -> None:
        if self._at_start:
            line, self._at_start = line.removeprefix(_BOM), False
        if not line:
            if self._data:
                events.append(b"\n".join(self._data))
                self._data.clear()
            self._size = 0
            return
        name, _, value = line.partition(b":")
        if name == b"data":
            self._data.append(value.removeprefix(b" "))
        elif not self._data:
            self._size = 0
