"""What the faces share: bounded reading of a request, answers, and errors as problem+json that OpenAI clients read, too."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any

import msgspec

from dualtrack.errors import DocumentError, DualtrackError, FieldError, InputError

__all__ = [
    "BODY_BYTES_MAX",
    "BODY_WAIT_S",
    "PROBLEM_TYPE",
    "Receive",
    "Scope",
    "Send",
    "header",
    "problem_bytes",
    "read_body",
    "read_json",
    "send_json",
    "send_problem",
]

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Mapping[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

BODY_BYTES_MAX = 4 << 20
"""Largest body read at all; a use's policy sets a smaller bound of its own."""

BODY_WAIT_S = 15.0
"""Longest wait for a whole body: a client on a slow line sends 4 MB in ten seconds; slower ones hold a place for nothing."""

PROBLEM_TYPE = "application/problem+json"
"""Media type of errors."""

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode


def header(scope: Scope, name: bytes) -> str | None:
    """Return a header of the request as text, or None."""
    for key, value in scope["headers"]:
        if key == name:
            return str(value, "latin-1")
    return None


async def read_body(scope: Scope, receive: Receive) -> bytes:
    """Return the whole body; raises InputError (413, 408) beyond the bounds, or when the client went away."""
    length = header(scope, b"content-length")
    if length is not None and (not length.isdigit() or int(length) > BODY_BYTES_MAX):
        raise _too_large()
    try:
        async with asyncio.timeout(BODY_WAIT_S):
            message = await receive()
            body: bytes = message.get("body", b"")
            if not message.get("more_body"):
                if message["type"] == "http.disconnect":
                    raise _gone()
                return body
            parts = [body]
            size = len(body)
            while message.get("more_body"):
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise _gone()
                parts.append(message.get("body", b""))
                size += len(parts[-1])
                if size > BODY_BYTES_MAX:
                    raise _too_large()
            return b"".join(parts)
    except TimeoutError:
        error = InputError(
            "the body did not arrive", where="request", expected=f"within {BODY_WAIT_S:.0f} s", code="input.slow"
        )
        error.status = 408
        raise error from None


def read_json(body: bytes) -> dict[str, Any]:
    """Decode a JSON object; raises DocumentError for anything else."""
    try:
        found = _decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise DocumentError("not JSON", where="request body", expected="a JSON object in UTF-8") from error
    if type(found) is not dict:
        raise FieldError("not an object", where="request body", expected="a JSON object")
    return found


async def send_json(
    send: Send,
    status: int,
    body: object,
    headers: tuple[tuple[bytes, bytes], ...] = (),
    media_type: str = "application/json",
) -> None:
    """Answer with JSON; `body` may be bytes that are JSON already."""
    data = body if type(body) is bytes else _encode(body)
    base = [(b"content-type", media_type.encode()), (b"content-length", b"%d" % len(data)), _NO_STORE]
    await send({"type": "http.response.start", "status": status, "headers": [*base, *headers]})
    await send({"type": "http.response.body", "body": data})


def problem_bytes(error: DualtrackError, extra: Mapping[str, object] | None = None) -> bytes:
    """Return an error as an RFC 9457 document that also has the member `error` which OpenAI's clients show."""
    problem = error.problem() | dict(extra or {})
    said = ". ".join(part for part in (error.found, f"To fix: {error.fix}" if error.fix else "") if part)
    problem["error"] = {"message": said, "type": error.code, "code": error.code, "param": error.where or None}
    return _encode(problem)


async def send_problem(send: Send, error: DualtrackError, extra: Mapping[str, object] | None = None) -> None:
    """Answer with an error, as `problem_bytes` writes it."""
    data = problem_bytes(error, extra)
    headers = [(b"content-type", PROBLEM_TYPE.encode()), (b"content-length", b"%d" % len(data)), _NO_STORE]
    wait_s = getattr(error, "retry_after_s", None)
    if wait_s is not None:
        headers.append((b"retry-after", b"%d" % wait_s))
    await send({"type": "http.response.start", "status": error.status, "headers": headers})
    await send({"type": "http.response.body", "body": data})


_NO_STORE = (b"cache-control", b"no-store")


def _too_large() -> InputError:
    error = InputError(
        "the body is too large", where="request", expected=f"at most {BODY_BYTES_MAX} bytes", code="input.too-large"
    )
    error.status = 413
    return error


def _gone() -> InputError:
    return InputError("the client went away", where="request", code="input.gone")
