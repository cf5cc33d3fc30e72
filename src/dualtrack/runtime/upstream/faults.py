"""What can go wrong with a peer: a closed set, one class each, so that callers, logs and counters agree on the names.

`before_first_byte` tells that no byte of an answer had come: then, and only then, may a request be sent again.
"""

from __future__ import annotations

from typing import ClassVar, Literal

from dualtrack.errors import UpstreamError

__all__ = [
    "FAULTS",
    "BadChunkError",
    "BadEncodingError",
    "BadHeadersError",
    "BadStatusLineError",
    "BodyTooLargeError",
    "ClosedEarlyError",
    "ConnectRefusedError",
    "ConnectTimeoutError",
    "EventTooLargeError",
    "FaultCode",
    "FirstByteTimeoutError",
    "GapTimeoutError",
    "HeadersTooLargeError",
    "LengthMismatchError",
    "PoolFullError",
    "TlsError",
    "TotalTimeoutError",
    "UnknownHostError",
    "UpstreamFaultError",
]

FaultCode = Literal[
    "bad_chunk",
    "bad_encoding",
    "bad_headers",
    "bad_status_line",
    "body_too_large",
    "closed_early",
    "connect_refused",
    "connect_timeout",
    "event_too_large",
    "first_byte_timeout",
    "gap_timeout",
    "headers_too_large",
    "length_mismatch",
    "pool_full",
    "tls",
    "total_timeout",
    "unknown_host",
]


class UpstreamFaultError(UpstreamError):
    """A peer did not do what it must; `fault` names it, `before_first_byte` tells whether any of an answer had come."""

    fault: ClassVar[FaultCode]
    before_first_byte = False


class UnknownHostError(UpstreamFaultError):
    """The name of the host has no address."""

    fault, code = "unknown_host", "upstream.unknown-host"
    before_first_byte = True


class ConnectRefusedError(UpstreamFaultError):
    """Nobody listens there, or the network refuses."""

    fault, code = "connect_refused", "upstream.connect-refused"
    before_first_byte = True


class ConnectTimeoutError(UpstreamFaultError):
    """No connection, or no TLS handshake, within the time given."""

    fault, code, status = "connect_timeout", "upstream.connect-timeout", 504
    before_first_byte = True


class TlsError(UpstreamFaultError):
    """The peer's certificate or its TLS does not hold."""

    fault, code = "tls", "upstream.tls"
    before_first_byte = True


class PoolFullError(UpstreamFaultError):
    """All connections to this host are in use: the call is shed, not queued."""

    fault, code, status = "pool_full", "upstream.pool-full", 503
    before_first_byte = True


class FirstByteTimeoutError(UpstreamFaultError):
    """The head of the answer was not there within the time given."""

    fault, code, status = "first_byte_timeout", "upstream.first-byte-timeout", 504


class GapTimeoutError(UpstreamFaultError):
    """The answer began and then nothing came for the time given."""

    fault, code, status = "gap_timeout", "upstream.gap-timeout", 504


class TotalTimeoutError(UpstreamFaultError):
    """The whole answer took longer than any may take."""

    fault, code, status = "total_timeout", "upstream.total-timeout", 504


class ClosedEarlyError(UpstreamFaultError):
    """The connection ended before the answer did."""

    fault, code = "closed_early", "upstream.closed-early"


class BadStatusLineError(UpstreamFaultError):
    """The answer does not begin as HTTP/1.1 does."""

    fault, code = "bad_status_line", "upstream.bad-status-line"


class BadHeadersError(UpstreamFaultError):
    """A header is malformed or contradicts another."""

    fault, code = "bad_headers", "upstream.bad-headers"


class HeadersTooLargeError(UpstreamFaultError):
    """The head is longer, or has more headers, than we take."""

    fault, code = "headers_too_large", "upstream.headers-too-large"


class LengthMismatchError(UpstreamFaultError):
    """The body is shorter or longer than announced."""

    fault, code = "length_mismatch", "upstream.length-mismatch"


class BadChunkError(UpstreamFaultError):
    """A chunk of the body is malformed."""

    fault, code = "bad_chunk", "upstream.bad-chunk"


class BodyTooLargeError(UpstreamFaultError):
    """The body is longer than the caller takes."""

    fault, code = "body_too_large", "upstream.body-too-large"


class BadEncodingError(UpstreamFaultError):
    """The body is compressed or coded although we asked for it plain."""

    fault, code = "bad_encoding", "upstream.bad-encoding"


class EventTooLargeError(UpstreamFaultError):
    """A server-sent event is longer than we take."""

    fault, code = "event_too_large", "upstream.event-too-large"


FAULTS: dict[FaultCode, type[UpstreamFaultError]] = {
    kind.fault: kind
    for kind in (
        BadChunkError,
        BadEncodingError,
        BadHeadersError,
        BadStatusLineError,
        BodyTooLargeError,
        ClosedEarlyError,
        ConnectRefusedError,
        ConnectTimeoutError,
        EventTooLargeError,
        FirstByteTimeoutError,
        GapTimeoutError,
        HeadersTooLargeError,
        LengthMismatchError,
        PoolFullError,
        TlsError,
        TotalTimeoutError,
        UnknownHostError,
    )
}
"""Every fault by its code."""
