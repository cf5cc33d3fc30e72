"""`POST /v1/service/turns`: one turn of a conversation for a program of the firm's, which shows it in its own page or app."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Literal

from dualtrack.apps.pages import HotRoute
from dualtrack.apps.service.answering import take_turn
from dualtrack.apps.service.connectors.said import plain_lines, standing
from dualtrack.apps.service.conversations import begin, find, lines
from dualtrack.apps.service.handing_over import wait_for_person
from dualtrack.apps.service.language import detect
from dualtrack.apps.service.settings import find_chat, read_settings
from dualtrack.domain.records import Record, read_record
from dualtrack.errors import ForbiddenError
from dualtrack.runtime.faces.asgi import read_json
from dualtrack.runtime.faces.callers import nobody, use_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dualtrack.apps.pages import HotCall
    from dualtrack.apps.service.conversations import Line

__all__ = ["ROUTES", "Turn"]


class Turn(Record, frozen=True):
    """What is sent. Without `conversation` one begins; `message` may then be left out, to begin with a person (`wants`).

    `person` is the caller's identifier of the customer: opting out is honoured by it. `after` asks only for messages behind a number,
    with no message of its own: how a program hears of what an agent wrote.
    """

    use: str | None = None
    conversation: str | None = None
    message: str | None = None
    person: str | None = None
    language: Literal["en", "zh-Hant"] | None = None
    wants: Literal["assistant", "person"] = "assistant"
    after: int | None = None


async def _turns(call: HotCall) -> tuple[int, Mapping[str, Any]]:
    if call.caller is None:
        raise nobody()
    asked = read_record(read_json(call.body), Turn, where="request body")
    runtime = call.runtime
    token = asked.conversation
    if token is None:
        use = use_of(call.caller, asked.use)
        chat = find_chat(read_settings(runtime.store.workspace), use)
        language = asked.language or detect(asked.message or "").language
        token, found = await asyncio.to_thread(
            begin, runtime, use, channel="program", language=language, person=asked.person
        )
    else:
        found = await asyncio.to_thread(find, runtime, token)
        if found.register.institution != call.caller.institution or use_of(call.caller, found.use) != found.use:
            raise ForbiddenError("this key is not for that conversation", where="authorization", fix="use its own key")
        chat = find_chat(read_settings(runtime.store.workspace), found.use)
    fresh: list[Line] = []
    if asked.wants == "person":
        found = await asyncio.to_thread(wait_for_person, runtime, chat, found, why=("person",), by="customer")
    if asked.message is not None:
        found, fresh = await take_turn(
            runtime, call.client, chat, found, asked.message, person=asked.person, fresh=asked.conversation is None
        )
    elif asked.after is not None:
        fresh = await asyncio.to_thread(
            lines, found, after=asked.after - 1
        )  # with the one before, which says what is offered
    messages = await asyncio.to_thread(plain_lines, found, fresh)
    if asked.message is None and asked.after is not None:
        messages = [each for each in messages if each["number"] > asked.after]
    return 200, {"conversation": token, **standing(found), "messages": messages}


ROUTES = (HotRoute("/v1/service/turns", _turns),)
