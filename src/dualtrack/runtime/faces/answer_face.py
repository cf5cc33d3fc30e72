"""`GET /v1/decisions/{id}/answer`: a program asks what became of an answer that a person had to see first."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from dualtrack.errors import NotFoundError
from dualtrack.runtime.answer_fetches import note_fetch
from dualtrack.runtime.answers import SETTLE_S, enter_for_answer, find_held, read_held
from dualtrack.runtime.faces.asgi import send_json

if TYPE_CHECKING:
    from dualtrack.domain.records import Text
    from dualtrack.runtime.admission import Admission
    from dualtrack.runtime.answers import HeldAnswer
    from dualtrack.runtime.engine import Runtime
    from dualtrack.runtime.faces.asgi import Send
    from dualtrack.runtime.faces.callers import Caller

__all__ = ["answer_held", "held_body"]


async def answer_held(
    runtime: Runtime,
    admission: Admission,
    caller: Caller,
    decision: str,
    send: Send,
) -> None:
    """Answer 202 while a person has yet to decide, else 200: the first time that is recorded. Asking is counted, but not as a call of the use.

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
    live = await asyncio.to_thread(enter_for_answer, runtime.gate, register, record)
    admission.glance(live)
    held = await asyncio.to_thread(read_held, register, record, live)
    if not held.waiting and not held.withheld:
        await asyncio.to_thread(enter_for_answer, runtime.gate, register, record)  # a hold may have come meanwhile
        await asyncio.to_thread(note_fetch, register, record, by=caller.name, means="program")
        await asyncio.to_thread(enter_for_answer, runtime.gate, register, record)  # or while that was written
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
