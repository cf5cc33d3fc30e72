"""Idempotency-Key on the hot path: a call that is sent again is answered as before and decided once.

Without the header nothing of this is paid for. What is kept of an answer, and how it is given again, each door says itself.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import msgspec
import structlog

from dualtrack.errors import DualtrackError, FieldError, RefusedError
from dualtrack.runtime.once import KeptAnswer, request_key

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from dualtrack.runtime.engine import Runtime
    from dualtrack.runtime.faces.callers import Caller
    from dualtrack.runtime.live import LiveUse
    from dualtrack.runtime.once import RequestKey

__all__ = ["KEY_FORM", "REPLAYED", "Keep", "KeyedRequest", "answer_once", "check_form", "check_open", "person_in"]

KEY_FORM = re.compile(r"[\x21-\x7e]{1,100}")
"""What a key looks like: visible ASCII, short enough to stand in a header."""

REPLAYED = ((b"idempotency-replayed", b"true"),)
"""Headers of an answer that was given before."""

Keep = Callable[[Callable[[], KeptAnswer]], None]
"""Takes what makes the answer to keep: it is made only where the request has a key."""

_log = structlog.get_logger("dualtrack.hot")


class KeyedRequest(NamedTuple):
    """A request with a key: who sent it to which door, the use as it was entered, the key as sent, body and person.

    Where the use is on hold and its fallback answers, what a model answered before is not given.
    """

    caller: Caller
    door: str
    live: LiveUse
    said: str
    body: bytes
    person: str | None


class _Person(msgspec.Struct):
    """What of a body says whom it is about: `person` of a row, the others of what OpenAI's clients send."""

    person: object = None
    safety_identifier: object = None
    user: object = None


_person = msgspec.json.Decoder(_Person).decode


def person_in(body: bytes) -> str | None:
    """Return whom a body is about, or None; what is wrong with it is said by whoever acts on it."""
    try:
        found = _person(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    said = found.person or found.safety_identifier or found.user
    return said if type(said) is str else None


def check_form(said: str) -> str:
    """Return a key, or raise FieldError for what is none."""
    if not KEY_FORM.fullmatch(said):
        raise FieldError(
            "no key", where="Idempotency-Key", expected="1 to 100 visible ASCII characters", fix="send such a key"
        )
    return said


async def answer_once(
    runtime: Runtime,
    request: KeyedRequest,
    act: Callable[[Keep], Awaitable[None]],
    again: Callable[[KeptAnswer], Awaitable[None]],
) -> None:
    """Have what was answered before sent `again`, or `act`: that sends an answer, and says before that what to keep of it.

    Raises what the two and `Once.begin` raise. Of what is not kept the key is free again.

    The use must still be as it was entered when an answer of before goes out, and when one is kept: claiming may wait for
    the database, and a hold may come or end meanwhile.
    """
    asked, live = _asked(runtime, request), request.live
    before = await _begun(runtime, asked)
    if before is not None:
        check_open(runtime, live)
        await again(before)
        return
    kept: KeptAnswer | None = None

    def keep(made: Callable[[], KeptAnswer]) -> None:
        nonlocal kept
        if runtime.gate.still(live):
            kept = made()

    try:
        await act(keep)
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


def check_open(runtime: Runtime, live: LiveUse) -> None:
    """Raise RefusedError where the use is not open any more as it was entered: an answer of before may not leave then."""
    if not runtime.gate.still(live):
        raise RefusedError(
            "the use is no longer open as it was when this was asked",
            where=live.use,
            fix="ask again",
            code="permit.held",
        )


def _end(runtime: Runtime, asked: RequestKey, kept: KeptAnswer | None) -> None:
    try:
        runtime.once.end(asked, kept)
    except DualtrackError as error:  # the answer has gone out; the claim runs out by itself
        _log.warning("answer not kept", code=error.code)


def _asked(runtime: Runtime, request: KeyedRequest) -> RequestKey:
    caller, live = request.caller, request.live
    owner, subject = f"{caller.institution}/{caller.name}", None
    if request.person is not None:
        with contextlib.suppress(FieldError):  # acting on it will say what is wrong
            subject = runtime.subjects.pseudonym(caller.institution, request.person)
    # What another release answered, or a model that is on hold now, is not given again: the request is decided anew.
    models = ",".join(item.id for item in live.upstreams)
    path = f"{request.door}/{live.use}/{live.release}/{models}" + ("/standby" if live.standby else "")
    return request_key(owner, path, request.said, request.body, subject)
