"""Idempotency-Key on the hot path: a call that is sent again is answered as before and decided once.

Without the header nothing of this is paid for.
"""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, NamedTuple

import msgspec
import structlog

from dualtrack.errors import DualtrackError, FieldError, RefusedError
from dualtrack.runtime.faces.asgi import send_json
from dualtrack.runtime.once import KeptAnswer, request_key

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from dualtrack.runtime.engine import Runtime
    from dualtrack.runtime.faces.asgi import Send
    from dualtrack.runtime.faces.callers import Caller
    from dualtrack.runtime.live import LiveUse
    from dualtrack.runtime.once import RequestKey

__all__ = ["KEY_FORM", "KeyedRequest", "answer_once", "check_form"]

KEY_FORM = re.compile(r"[\x21-\x7e]{1,100}")
"""What a key looks like: visible ASCII, short enough to stand in a header."""

_HERE = "/v1/decide/"
_REPLAYED = ((b"idempotency-replayed", b"true"),)
_STATUS_ENDED = 300
"""Answers below it are kept; of the others nothing was decided, so that the same key may try again."""

_encode = msgspec.json.Encoder().encode
_log = structlog.get_logger("dualtrack.hot")


class KeyedRequest(NamedTuple):
    """A request with a key: who sent it, the use as it was entered, the key as sent, the body.

    Where the use is on hold and its fallback answers, what a model answered before is not given.
    """

    caller: Caller
    live: LiveUse
    said: str
    body: bytes


class _Person(msgspec.Struct):
    """What of a body says whom it is about."""

    person: str | None = None


_person = msgspec.json.Decoder(_Person).decode


def check_form(said: str) -> str:
    """Return a key, or raise FieldError for what is none."""
    if not KEY_FORM.fullmatch(said):
        raise FieldError(
            "no key", where="Idempotency-Key", expected="1 to 100 visible ASCII characters", fix="send such a key"
        )
    return said


async def answer_once(
    runtime: Runtime, request: KeyedRequest, act: Callable[[], Awaitable[tuple[int, dict[str, object]]]], send: Send
) -> None:
    """Answer with what was answered before, or act, answer and keep that. Raises what `act` and `Once.begin` raise.

    The use must still be as it was entered when an answer of before goes out, and when one is kept: claiming may wait for
    the database, and a hold may come or end meanwhile.
    """
    asked, live = _asked(runtime, request), request.live
    before = await _begun(runtime, asked)
    if before is not None:
        if not runtime.gate.still(live):
            raise _changed(live.use)
        await send_json(send, before.status, before.content, _REPLAYED)
        return
    kept: KeptAnswer | None = None
    try:
        status, body = await act()
        content = _encode(body)
        if status < _STATUS_ENDED and runtime.gate.still(live):
            kept = KeptAnswer(status, content, "application/json")
        await send_json(send, status, content)
    finally:
        # Submitted at once, so that the key is released or kept even where this call is being cancelled.
        ended = asyncio.get_running_loop().run_in_executor(None, _end, runtime, asked, kept)
        await asyncio.shield(ended)


async def _begun(runtime: Runtime, asked: RequestKey) -> KeptAnswer | None:
    """Claim in a thread. Who is cancelled while it waits gives the key back, if the claim comes after all."""
    loop = asyncio.get_running_loop()
    claim = loop.run_in_executor(None, runtime.once.begin, asked)
    try:
        return await asyncio.shield(claim)
    except asyncio.CancelledError:
        claim.add_done_callback(lambda done: _given_back(runtime, asked, done))
        raise


def _given_back(runtime: Runtime, asked: RequestKey, claim: asyncio.Future[KeptAnswer | None]) -> None:
    if not claim.cancelled() and claim.exception() is None and claim.result() is None:
        claim.get_loop().run_in_executor(None, _end, runtime, asked, None)


def _changed(use: str) -> RefusedError:
    return RefusedError(
        "the use is no longer open as it was when this was asked", where=use, fix="ask again", code="permit.held"
    )


def _end(runtime: Runtime, asked: RequestKey, kept: KeptAnswer | None) -> None:
    try:
        runtime.once.end(asked, kept)
    except DualtrackError as error:  # the answer has gone out; the claim runs out by itself
        _log.warning("answer not kept", code=error.code)


def _asked(runtime: Runtime, request: KeyedRequest) -> RequestKey:
    owner = f"{request.caller.institution}/{request.caller.name}"
    subject = None
    try:
        person = _person(request.body).person
        if person is not None:
            subject = runtime.subjects.pseudonym(request.caller.institution, person)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, FieldError):
        pass  # acting on it will say what is wrong
    path = f"{_HERE}{request.live.use}" + ("/standby" if request.live.standby else "")
    return request_key(owner, path, request.said, request.body, subject)
