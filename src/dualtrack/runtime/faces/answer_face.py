"""`GET /v1/decisions/{id}/answer`: a program asks what became of an answer that a person had to see first."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import structlog

from dualtrack.errors import NotFoundError, RefusedError
from dualtrack.runtime.answers import SETTLE_S, enter_for_answer, find_held, read_held
from dualtrack.runtime.faces.asgi import send_json

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from dualtrack.domain.records import Text
    from dualtrack.runtime.answers import HeldAnswer
    from dualtrack.runtime.engine import Runtime
    from dualtrack.runtime.faces.asgi import Send
    from dualtrack.runtime.faces.callers import Caller
    from dualtrack.runtime.live import LiveUse

__all__ = ["answer_held", "held_body"]

_log = structlog.get_logger("dualtrack.hot")


async def answer_held(
    runtime: Runtime,
    place: Callable[[LiveUse], AbstractContextManager[None]],
    caller: Caller,
    decision: str,
    send: Send,
) -> None:
    """Answer 202 while a person has yet to decide, else 200. `place` takes one of the use's calls in flight.

    Raises NotFoundError in the same words for all that is not this caller's, and RefusedError as any other call does:
    where nothing may leave now, this may not either. The database is read in threads, never in the loop.
    """
    register = runtime.registers.get(caller.institution)
    try:
        record = await asyncio.to_thread(find_held, register, decision, caller.uses)
    except NotFoundError:
        await asyncio.sleep(SETTLE_S)
        record = await asyncio.to_thread(find_held, register, decision, caller.uses)
    assert register is not None, "a record was found in it"
    live = enter_for_answer(runtime.gate, record)
    with place(live):
        held = await asyncio.to_thread(read_held, register, record)
        if not runtime.gate.still(live):
            raise RefusedError(
                "a hold or another permit came meanwhile", where=record.use, fix="ask again", code="permit.held"
            )
        if not held.waiting:  # who was told what, by key; never the text
            _log.info("held answer given", decision=record.id, state=held.state, key=caller.name)
        await send_json(send, 202 if held.waiting else 200, held_body(held))


def held_body(held: HeldAnswer) -> dict[str, object]:
    """Return a held answer as JSON data, in the language of the call; what is empty is left out."""

    def said(text: Text | None) -> str | None:
        return None if text is None else text.zh if held.language == "zh-Hant" else text.en

    body: dict[str, object | None] = {
        "decision": held.decision,
        "outcome": "routed",
        "state": held.state,
        "due_at": held.due_at,
        "mode": held.mode,
        "review": held.review,
        "reasons": list(held.reasons) or None,
        "disclosure": said(held.disclosure),
        "message": said(held.message),
        "human": said(held.human),
    }
    given: dict[str, object] = {"output": held.output} if held.given else {}
    return {name: value for name, value in body.items() if value is not None} | given
