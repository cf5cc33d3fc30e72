"""Chatwoot's agent bot: its events are taken in, ours go back by its API. A conversation is one of ours as long as it is not resolved.

A pending conversation is the bot's and an open one people's. What is answered once is known by the message's id, which is under the
signature: the id of the delivery is not, so anybody who saw one delivery could send it again under another.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import msgspec
import structlog

from dualtrack.apps.service.connectors.calls import ECHO_MEMBER
from dualtrack.apps.service.connectors.delivering import deliveries_of
from dualtrack.apps.service.connectors.events import ChangeEvent, MessageEvent
from dualtrack.apps.service.connectors.marks import do_once, mark, mark_key
from dualtrack.apps.service.connectors.outbox import closed_key, echo_key
from dualtrack.apps.service.connectors.taking import (
    RECEIPT_WITHIN_S,
    conversation_lock,
    open_conversation,
    soon_or_later,
    take_message,
)
from dualtrack.apps.service.conversations import find_external, reread, say, step
from dualtrack.apps.service.handing_over import wait_for_person
from dualtrack.domain.records import read_record
from dualtrack.errors import ConflictError, FieldError, ForbiddenError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dualtrack.apps.pages import HotCall
    from dualtrack.apps.service.connectors.hooks import Hook
    from dualtrack.apps.service.conversations import Conversation

__all__ = ["take_event"]

_DESK = "desk"
"""Who did what the desk did by itself, or by somebody whom its event does not name."""

_PEOPLES = frozenset({"open", "snoozed"})
_TAKEN, _PASSED = {"taken": True}, {"taken": False}
_encode = msgspec.json.Encoder().encode
_log = structlog.get_logger("dualtrack.service")


async def take_event(call: HotCall, hook: Hook, plain: Mapping[str, Any]) -> tuple[int, Mapping[str, Any]]:
    """Take in an event whose signature was checked; return the receipt: whether something was done with it.

    Raises FieldError for an event of another form (400), ForbiddenError (403) for one of another account.
    """
    match plain.get("event"):
        case "message_created":
            said = read_record(plain, MessageEvent, where="event")
            _check_account({said.account.id}, hook)
            return 200, await _message(call, hook, said)
        case "conversation_resolved" | "conversation_opened" | "conversation_status_changed":
            changed = read_record(plain, ChangeEvent, where="event")
            _check_account(changed.accounts, hook)
            return 200, await asyncio.to_thread(_changed, call, hook, changed)
        case str():
            return 200, _PASSED
    raise FieldError("no name of an event", where="event, field event", expected="an event of an agent bot")


def _check_account(named: set[int], hook: Hook) -> None:
    if named - {hook.account}:
        raise ForbiddenError("an event of another account", where="event, field account", fix="use its own connector")


async def _message(call: HotCall, hook: Hook, said: MessageEvent) -> Mapping[str, Any]:
    if said.message_type == "incoming" and not said.private and _of_contact(said):
        return await _of_customer(call, hook, said)
    if said.message_type == "outgoing":
        if said.sender is not None and said.sender.type == "user" and not said.private:
            return await _of_agent(call, hook, said)
        await asyncio.to_thread(_echo, call, hook, said)
    return _PASSED


def _of_contact(said: MessageEvent) -> bool:
    return said.sender is not None and said.sender.type in {None, "contact"}


async def _of_customer(call: HotCall, hook: Hook, said: MessageEvent) -> Mapping[str, Any]:
    """Have a customer's message answered; the receipt does not wait for long."""

    async def act() -> bytes:
        async with conversation_lock(hook.external(said.conversation.id)):
            await _answered(call, hook, said)
        return _encode(_TAKEN)

    key = mark_key(f"message/{hook.id}", str(said.id))
    try:
        await soon_or_later(do_once(call.runtime, key, act), RECEIPT_WITHIN_S)
    except ConflictError as error:
        if error.code != "conflict.under-way":
            raise
    return _TAKEN


async def _answered(call: HotCall, hook: Hook, said: MessageEvent) -> None:
    runtime, text = call.runtime, said.content or ""
    person = _person(hook, said)
    found = await asyncio.to_thread(_opened, call, hook, said, person)
    if found.status == "assistant" and (said.conversation.status in _PEOPLES or not text.strip()):
        why = "no-answer" if not text.strip() else "person"  # a picture alone, which nobody but a person looks at
        found = await asyncio.to_thread(wait_for_person, runtime, hook.chat, found, why=(why,), by=hook.agent(_DESK))
    if text.strip():
        try:
            found, _ = await take_message(runtime, call.client, hook, found, text, person)
        except FieldError as error:  # longer than anything we take in: it stands at the desk, where a person reads it
            _log.warning("a message is a person's to read", hook=hook.id, conversation=found.id, code=error.code)
            await asyncio.to_thread(wait_for_person, runtime, hook.chat, found, why=("no-answer",), by="rules")
    deliveries_of(runtime, call.client).soon(found)


def _person(hook: Hook, said: MessageEvent) -> str:
    """Return who the customer is: a contact at an inbox of the account."""
    where, sender = said.conversation.contact_inbox, said.sender
    assert sender is not None, "of a contact"
    return hook.person(hook.account, where.inbox_id if where is not None else 0, sender.id)


def _opened(call: HotCall, hook: Hook, said: MessageEvent, person: str) -> Conversation:
    """Return our conversation. A desk may merge two contacts: then one begins for the other, and who was awaited still is."""
    runtime, external = call.runtime, hook.external(said.conversation.id)
    found = open_conversation(runtime, hook, external, person, said.content or "")
    if runtime.subjects.pseudonym(found.register.institution, person) == found.row["subject"]:
        return found
    before = found.status
    _close(call, hook, found)
    found = open_conversation(runtime, hook, external, person, said.content or "")
    if before != "assistant":
        found = wait_for_person(runtime, hook.chat, found, why=("person",), by=hook.agent(_DESK))
    return found


async def _of_agent(call: HotCall, hook: Hook, said: MessageEvent) -> Mapping[str, Any]:
    """Note that one of the desk's people answers, with what they wrote."""

    async def act() -> bytes:
        async with conversation_lock(hook.external(said.conversation.id)):
            return _encode({"taken": await asyncio.to_thread(_note_agent, call, hook, said)})

    try:
        kept, _ = await do_once(call.runtime, mark_key(f"message/{hook.id}", str(said.id)), act)
    except ConflictError as error:
        if error.code != "conflict.under-way":
            raise
        return _TAKEN
    answer: dict[str, Any] = msgspec.json.decode(kept)
    return answer


def _note_agent(call: HotCall, hook: Hook, said: MessageEvent) -> bool:
    found = find_external(call.runtime, hook.chat.use, hook.external(said.conversation.id))
    if found is None or said.sender is None:
        return False
    name = hook.agent(said.sender.id)
    if found.status != "agent" or found.row["agent"] != name:
        found = step(found, "taken", by=name)
    try:
        if (said.content or "").strip():
            say(call.runtime, found, "agent", {"text": said.content}, by=name)
    except (FieldError, ConflictError) as error:
        _log.warning("an agent's words are kept at the desk alone", conversation=found.id, code=error.code)
    return True


def _echo(call: HotCall, hook: Hook, said: MessageEvent) -> None:
    """Mark an item of ours that the desk tells us of as delivered."""
    named = (said.content_attributes or {}).get(ECHO_MEMBER)
    found = find_external(call.runtime, hook.chat.use, hook.external(said.conversation.id))
    if isinstance(named, str) and found is not None and named.startswith(f"{found.id}/"):
        mark(call.runtime, echo_key(found, named.removeprefix(f"{found.id}/")))


def _changed(call: HotCall, hook: Hook, changed: ChangeEvent) -> Mapping[str, Any]:
    """Follow what the desk did with a conversation: resolved closes ours, open takes it from the assistant."""
    found = find_external(call.runtime, hook.chat.use, hook.external(changed.id))
    if found is None:
        return _PASSED
    if changed.status == "resolved":
        _close(call, hook, found)
        return _TAKEN
    if changed.status == "open" and found.status == "assistant":
        wait_for_person(call.runtime, hook.chat, found, why=("person",), by=hook.agent(_DESK))
        return _TAKEN
    return _PASSED


def _close(call: HotCall, hook: Hook, found: Conversation) -> None:
    """Close ours because the desk closed its own: it need not be told of it, and might have begun again when it is."""
    mark(call.runtime, closed_key(found))
    if reread(found).status != "closed":
        step(found, "closed", by=hook.agent(_DESK))
