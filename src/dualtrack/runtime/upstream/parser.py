"""An HTTP/1.1 response, read strictly and piece by piece (RFC 9110, RFC 9112). Knows bytes, no sockets.

Stricter than the standard where leniency lets two readers differ: no bare line feed, no folded header, no repeated or
doubtful length, no length beside chunks, no blank before a colon. Bytes after the end are a fault, not the next answer.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dualtrack.runtime.upstream.faults import (
    BadChunkError,
    BadEncodingError,
    BadHeadersError,
    BadStatusLineError,
    ClosedEarlyError,
    HeadersTooLargeError,
    LengthMismatchError,
    UpstreamFaultError,
)

if TYPE_CHECKING:
    from dualtrack.runtime.upstream.limits import Limits

__all__ = ["CHUNK_LINE_BYTES_MAX", "PIECE_BYTES", "TRAILER_BYTES_MAX", "ResponseParser"]

CHUNK_LINE_BYTES_MAX = 256
"""Of a chunk's size with extensions: nobody we know sends extensions, and a size has 8 digits."""

TRAILER_BYTES_MAX = 8_192
"""Of all trailers, which are checked and dropped."""

PIECE_BYTES = 64
"""Counted for each piece besides its bytes: a body in chunks of one byte must not fill memory either."""

_NAMES_MAX = 1_024
"""Names of headers remembered as well formed; a peer that invents names must not fill memory."""

_HEAD, _LENGTH, _SIZE, _CHUNK, _CHUNK_END, _TRAILERS, _TO_CLOSE = range(7)

_EOL = b"\r\n"
_HEAD_END = b"\r\n\r\n"
_STATUS_LINE = re.compile(r"HTTP/1\.([01]) ([1-5][0-9][0-9])(?: [\t -~\x80-\xff]*)?")
_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,256}")
_LENGTH_VALUE = re.compile(r"[0-9]{1,18}")
_EXTENSION = rb"(?:;[!#$%&'*+\-.^_`|~0-9A-Za-z]+(?:=[!#$%&'*+\-.^_`|~0-9A-Za-z]+)?)*"
_CHUNK_LINE = re.compile(rb"([0-9A-Fa-f]{1,8})" + _EXTENSION)
_PLAIN = bytes(code for code in range(256) if code == 0x09 or (code >= 0x20 and code != 0x7F))  # noqa: PLR2004 - ASCII
_NO_CONTENT, _NOT_MODIFIED, _SWITCHING, _OK = 204, 304, 101, 200

_names: dict[str, str] = {}


class ResponseParser:
    """One answer: `status` is 0 until its head is complete, `done` is set at its end, `fault` by the connection.

    `length` is the announced length or None; `framed` is False where only the close marks the end, which truncation
    looks like too. Body bytes gather in `body` until `take()`; `buffered` counts them, `received` counts all so far.
    """

    __slots__ = (
        "_held",
        "_left",
        "_limits",
        "_phase",
        "_seen",
        "_where",
        "bodiless",
        "body",
        "buffered",
        "done",
        "fault",
        "framed",
        "headers",
        "interim",
        "keep_alive",
        "length",
        "received",
        "started",
        "status",
    )

    def __init__(self, limits: Limits, where: str, *, bodiless: bool = False) -> None:
        self._limits, self._where, self.bodiless = limits, where, bodiless
        self._phase = _HEAD
        self._held = bytearray()
        self._left = self._seen = 0
        self.status = self.interim = self.buffered = self.received = 0
        self.headers: dict[str, str] = {}
        self.body: list[bytes] = []
        self.length: int | None = None
        self.fault: UpstreamFaultError | None = None
        self.started = self.done = False
        self.framed = self.keep_alive = True

    def feed(self, data: bytes) -> None:
        """Take in what came; raises the fault it shows. Not to be called after `done` or a fault."""
        if self._phase == _HEAD:
            self.started = True
            data = self._heads(data)
            if self.status == 0:
                return
        if self._phase == _LENGTH:
            self._counted(data)
        elif self._phase == _TO_CLOSE:
            self._keep(data)
        else:
            self._chunked(data)

    def end(self, *, reset: bool) -> None:
        """Take note that the connection ended, cleanly or by a reset; raises the fault unless that is the answer's end."""
        if self._phase == _TO_CLOSE and not reset:
            self.done = True
        elif self._phase == _LENGTH and not reset:
            raise LengthMismatchError(
                f"{self.received} bytes of body, then the end",
                where=self._where,
                expected=f"{self.length} as announced",
            )
        else:
            fault = ClosedEarlyError(
                "the connection was reset" if reset else "the connection ended",
                where=self._where,
                expected="a complete answer" if self.started else "an answer",
            )
            fault.before_first_byte = not self.started
            raise fault

    def take(self) -> bytes:
        """Return the body bytes that came since the last call."""
        data = self.body[0] if len(self.body) == 1 else b"".join(self.body)
        self.body.clear()
        self.buffered = 0
        return data

    def _keep(self, piece: bytes) -> None:
        if piece:
            self.body.append(piece)
            self.buffered += len(piece) + PIECE_BYTES
            self.received += len(piece)

    def _finish(self, rest: bytes) -> None:
        if rest:
            raise LengthMismatchError(
                f"{len(rest)} bytes after the end of the answer", where=self._where, expected="nothing"
            )
        self.done = True

    # --- the head ---

    def _heads(self, data: bytes) -> bytes:
        """Read interim heads and the final one; return what follows it, or nothing while it is incomplete."""
        if self._held:
            seen = max(len(self._held) - len(_HEAD_END) + 1, 0)
            self._held += data
            if self._held.find(_HEAD_END, seen) < 0:
                self._check_partial(self._held)
                return b""
            data, self._held = bytes(self._held), bytearray()
        while data:
            end = data.find(_HEAD_END)
            if end < 0:
                self._check_partial(data)
                self._held += data
                return b""
            if end > self._limits.head_bytes:
                raise self._head_too_large(f"{end} bytes of head")
            final = self._read_head(data[:end])
            data = data[end + len(_HEAD_END) :]
            if final:
                return data
            self.interim += 1
            if self.interim > self._limits.interim:
                raise BadHeadersError(
                    f"{self.interim} interim answers", where=self._where, expected=f"at most {self._limits.interim}"
                )
        return b""

    def _check_partial(self, data: bytes | bytearray) -> None:
        """Refuse a head early: one that is not HTTP would otherwise be waited for, and a long one kept."""
        if len(data) > self._limits.head_bytes:
            raise self._head_too_large(f"over {self._limits.head_bytes} bytes of head")
        line_end = data.find(_EOL)
        if line_end >= 0:
            self._read_status_line(bytes(data[:line_end]).decode("latin-1"))
        elif not (data.startswith(b"HTTP/1.") or b"HTTP/1.".startswith(data)):
            raise self._no_status_line()

    def _read_status_line(self, line: str) -> tuple[bool, int]:
        match = _STATUS_LINE.fullmatch(line)
        if match is None:
            raise self._no_status_line()
        return match[1] == "1", int(match[2])

    def _read_head(self, head: bytes) -> bool:
        """Read one head; return False for an interim answer."""
        lines = head.decode("latin-1").split("\r\n")
        current, status = self._read_status_line(lines[0])
        count = len(lines) - 1
        if count > self._limits.headers:
            raise self._head_too_large(f"{count} headers")
        if head.translate(None, _PLAIN) != _EOL * count:
            raise self._bad_headers("a control character or a bare line end in the head")
        headers: dict[str, str] = {}
        for line in lines[1:]:
            name, _, value = line.partition(":")
            key = _names.get(name) or self._read_name(line, name)
            value = value.strip(" \t")
            headers[key] = f"{headers[key]}, {value}" if key in headers else value
        if status < _OK:
            if status == _SWITCHING:
                raise BadStatusLineError("101, although no other protocol was asked for", where=self._where)
            return False
        self.headers = headers
        self._frame(status, headers, current=current)
        self.status = status
        return True

    def _read_name(self, line: str, name: str) -> str:
        if len(name) == len(line) or not _TOKEN.fullmatch(name):
            raise self._bad_headers("a header without a well-formed name")
        if len(_names) < _NAMES_MAX:
            _names[name] = name.lower()
        return name.lower()

    def _frame(self, status: int, headers: dict[str, str], *, current: bool) -> None:
        """Decide how the body ends (RFC 9112, section 6.3)."""
        length, coding = headers.get("content-length"), headers.get("transfer-encoding")
        if length is not None and not _LENGTH_VALUE.fullmatch(length):
            raise self._bad_headers("a content-length that is no single number")
        if length is not None and coding is not None:
            raise self._bad_headers("both content-length and transfer-encoding")
        connection = headers.get("connection")
        closes = connection is not None and "close" in [part.strip(" \t") for part in connection.lower().split(",")]
        self.keep_alive = current and not closes
        if status == _NO_CONTENT and (coding is not None or (length is not None and int(length) > 0)):
            raise self._bad_headers("a body announced for 204")
        if self.bodiless or status in {_NO_CONTENT, _NOT_MODIFIED}:
            self.length, self._phase = 0, _LENGTH
            return
        if headers.get("content-encoding", "identity").lower() not in {"identity", ""}:
            raise BadEncodingError("a compressed body", where=self._where, expected="identity, as asked for")
        if coding is not None:
            if not current:
                raise self._bad_headers("transfer-encoding in HTTP/1.0")
            if coding.lower() != "chunked":
                raise BadEncodingError("a transfer-encoding other than chunked", where=self._where, expected="chunked")
            self._phase = _SIZE
        elif length is not None:
            self.length, self._phase = int(length), _LENGTH
        else:
            self.framed = self.keep_alive = False
            self._phase = _TO_CLOSE

    # --- the body ---

    def _counted(self, data: bytes) -> None:
        left = (self.length or 0) - self.received
        if len(data) < left:
            self._keep(data)
            return
        if len(data) == left:
            self._keep(data)
            self.done = True
            return
        self._keep(data[:left])
        self._finish(data[left:])

    def _chunked(self, data: bytes) -> None:
        if self._held:
            data, self._held = bytes(self._held) + data, bytearray()
        at, size = 0, len(data)
        while at < size and not self.done:
            if self._phase == _CHUNK:
                step = self._chunk_data(data, at)
            elif self._phase == _CHUNK_END:
                step = self._chunk_end(data, at)
            elif self._phase == _SIZE:
                step = self._size_line(data, at)
            else:
                step = self._trailer_line(data, at)
            if step == 0:
                self._held += data[at:]
                return
            at += step

    def _chunk_data(self, data: bytes, at: int) -> int:
        piece = data[at : at + self._left]
        self._keep(piece)
        self._left -= len(piece)
        if self._left == 0:
            self._phase = _CHUNK_END
        return len(piece)

    def _chunk_end(self, data: bytes, at: int) -> int:
        ending = data[at : at + 2]
        if not _EOL.startswith(ending):
            raise BadChunkError("a chunk longer than announced", where=self._where, expected="a line end")
        if len(ending) < len(_EOL):
            return 0
        self._phase = _SIZE
        return len(_EOL)

    def _size_line(self, data: bytes, at: int) -> int:
        end = self._line_end(data, at, CHUNK_LINE_BYTES_MAX)
        if end < 0:
            return 0
        match = _CHUNK_LINE.fullmatch(data[at:end])
        if match is None:
            raise BadChunkError(
                "a chunk size that is no number", where=self._where, expected="1 to 8 hexadecimal digits"
            )
        self._left = int(match[1], 16)
        self._phase = _CHUNK if self._left else _TRAILERS
        return end + len(_EOL) - at

    def _trailer_line(self, data: bytes, at: int) -> int:
        end = self._line_end(data, at, TRAILER_BYTES_MAX - self._seen)
        if end < 0:
            return 0
        line, step = data[at:end], end + len(_EOL) - at
        self._seen += step
        if not line:
            self._finish(data[at + step :])
            return step
        name, colon, _ = line.decode("latin-1").partition(":")
        if not colon or not _TOKEN.fullmatch(name) or line.translate(None, _PLAIN):
            raise BadChunkError("a malformed trailer", where=self._where, expected="name: value")
        return step

    def _line_end(self, data: bytes, at: int, longest: int) -> int:
        """Return where the line that begins at `at` ends, -1 while it is incomplete; raises BadChunkError for a long one."""
        line_end = data.find(_EOL, at, at + longest + 2)
        if line_end < 0 and len(data) - at > longest + 1:
            raise BadChunkError("a line that does not end", where=self._where, expected=f"at most {longest} bytes")
        return line_end

    # --- what is said ---

    def _no_status_line(self) -> BadStatusLineError:
        return BadStatusLineError(
            "the answer does not begin as HTTP does",
            where=self._where,
            expected="HTTP/1.1 and a status from 100 to 599",
            fix="check the address: another service may listen there",
        )

    def _bad_headers(self, found: str) -> BadHeadersError:
        return BadHeadersError(found, where=self._where, expected="headers as RFC 9112 has them")

    def _head_too_large(self, found: str) -> HeadersTooLargeError:
        limits = self._limits
        return HeadersTooLargeError(
            found, where=self._where, expected=f"at most {limits.headers} headers in {limits.head_bytes} bytes"
        )
