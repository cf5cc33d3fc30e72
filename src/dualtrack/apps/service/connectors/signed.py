"""The plain signed webhook: a message comes in and its answer goes back in the response, for desks that no connector is made for."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec
from msgspec import Meta

from dualtrack.apps.service.connectors.delivering import deliveries_of
from dualtrack.apps.service.connectors.marks import do_once, mark_key
from dualtrack.apps.service.connectors.said import plain_lines, standing
from dualtrack.apps.service.connectors.taking import conversation_lock, open_conversation, take_message
from dualtrack.apps.service.conversations import Conversation, lines, state
from dualtrack.domain.records import Record, read_record
from dualtrack.errors import FieldError, NotFoundError
from dualtrack.runtime.guards.personal import scan

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dualtrack.apps.pages import HotCall
    from dualtrack.apps.service.connectors.hooks import Hook

__all__ = ["SignedMessage", "take_signed"]

_Name = Annotated[str, Meta(min_length=1, max_length=200)]
_Id = Annotated[str, Meta(pattern=r"^[A-Za-z0-9._:-]{1,128}$")]
_encode, _decode = msgspec.json.Encoder().encode, msgspec.json.Decoder().decode


class SignedMessage(Record, frozen=True):
    """A customer's message. `id` is the sender's own, the same when it is sent again; `conversation` and `person` are the sender's, too.

    Opting out is honoured by `person`, in whatever chat of the firm it was said under that identifier; only its pseudonym is kept.
    `conversation` is kept as it is, in entries that cannot be erased, so it may not be a personal datum.
    """

    id: _Name
    conversation: _Id
    person: _Name
    message: str
    language: Literal["en", "zh-Hant"] | None = None


async def take_signed(call: HotCall, hook: Hook, plain: Mapping[str, Any]) -> tuple[int, Mapping[str, Any]]:
    """Answer a message whose signature was checked; the same message again gets the same answer, and no AI is asked anew.

    Raises FieldError: 400 for another form, 422 for another message under the same id; ConflictError (409) while it is being answered.
    """
    said = read_record(plain, SignedMessage, where="request body")
    if scan(said.conversation):
        raise FieldError(
            "it reads like a personal datum, and it is kept for good",
            where="request body, field conversation",
            expected="an identifier that says nothing of a person",
            fix="send a random identifier of the conversation",
        )
    runtime, kept_for = call.runtime, mark_key(f"message/{hook.id}", f"{said.id}", call.body)

    async def act() -> bytes:
        external = hook.external(said.conversation)
        async with conversation_lock(external):
            found = await asyncio.to_thread(
                open_conversation, runtime, hook, external, said.person, said.message, said.language
            )
            _, fresh = await take_message(runtime, call.client, hook, found, said.message, said.person)
        return _encode({"conversation": found.id, "first": fresh[0].number, "last": fresh[-1].number})

    content, _ = await do_once(runtime, kept_for, act)
    kept = _decode(content)
    found = await asyncio.to_thread(_kept, call, hook, kept["conversation"])
    deliveries_of(runtime, call.client).soon(found)
    return 200, await asyncio.to_thread(_answer, said.conversation, found, kept["first"], kept["last"])


def _kept(call: HotCall, hook: Hook, conversation: str) -> Conversation:
    register = call.runtime.registers[hook.chat.use.partition("/")[0]]
    rows = state(register).rows("conversation", id=conversation, use_id=hook.chat.use)
    if not rows:
        raise NotFoundError("no such conversation", where="conversation", fix="send the message under a new id")
    return Conversation(register, rows[0])


def _answer(conversation: str, found: Conversation, first: int, last: int) -> dict[str, Any]:
    said = [line for line in lines(found, after=first - 1) if line.number <= last]
    if any(line.content is None for line in said):
        raise FieldError("these words were erased", where="field id", fix="send a new message under a new id")
    return {"conversation": conversation, **standing(found), "messages": plain_lines(found, said)}
