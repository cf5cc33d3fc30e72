"""Taking a customer's message in from a desk: one at a time in a conversation, soon enough for the desk, and with an end that is seen.

A desk waits a few seconds for the receipt of an event. An answer that takes longer is made all the same, and delivered when it is there.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar
from weakref import WeakValueDictionary

import structlog

from dualtrack.apps.service.answering import take_turn
from dualtrack.apps.service.conversations import begin, find_external, lines, reread
from dualtrack.apps.service.handing_over import wait_for_person
from dualtrack.apps.service.language import detect
from dualtrack.errors import DualtrackError

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from typing import Any

    from dualtrack.apps.service.connectors.hooks import Hook
    from dualtrack.apps.service.conversations import Conversation, Line
    from dualtrack.runtime.engine import Runtime
    from dualtrack.runtime.upstream.client import UpstreamClient

__all__ = ["RECEIPT_WITHIN_S", "conversation_lock", "late_work", "open_conversation", "soon_or_later", "take_message"]

RECEIPT_WITHIN_S = 3.0
"""Seconds until an event is acknowledged: Chatwoot waits 5 and then takes the bot for broken, says so and calls its people."""

T = TypeVar("T")
_LOCKS: WeakValueDictionary[tuple[int, str], asyncio.Lock] = WeakValueDictionary()
_LATE: set[asyncio.Task[Any]] = set()
_log = structlog.get_logger("dualtrack.service")


def conversation_lock(external: str) -> asyncio.Lock:
    """Return the lock of a conversation in this event loop: its messages are answered in the order in which they came."""
    key = (id(asyncio.get_running_loop()), external)
    lock = _LOCKS.get(key)
    if lock is None:
        lock = _LOCKS[key] = asyncio.Lock()
    return lock


async def soon_or_later(work: Coroutine[Any, Any, T], within_s: float) -> T | None:
    """Return what work gives within a time, or raise what it raises; else return None, and let it go on."""
    task = asyncio.create_task(work)
    _LATE.add(task)  # who asked may go away at any moment; the work does not
    task.add_done_callback(_LATE.discard)
    done, _ = await asyncio.wait({task}, timeout=within_s)
    if done:
        return task.result()
    task.add_done_callback(_ended)
    return None


async def late_work() -> None:
    """Wait until what went on after its receipt has ended."""
    while _LATE:
        await asyncio.wait(set(_LATE))


def _ended(task: asyncio.Task[Any]) -> None:
    error = None if task.cancelled() else task.exception()
    if error is not None:
        _log.warning("an event failed after its receipt", fault=type(error).__name__)


def open_conversation(
    runtime: Runtime, hook: Hook, external: str, person: str, text: str, language: str | None = None
) -> Conversation:
    """Return the conversation of a desk's id that is not closed, or begin one."""
    found = find_external(runtime, hook.chat.use, external)
    if found is None:
        _, found = begin(
            runtime, hook.chat.use, channel="help-desk", language=language or detect(text).language, person=person,
            external=external,
        )  # fmt: skip
    return found


async def take_message(
    runtime: Runtime, client: UpstreamClient, hook: Hook, found: Conversation, text: str, person: str
) -> tuple[Conversation, list[Line]]:
    """Have a message answered, or kept for the person who is awaited. If that fails once the message is kept, a person is called.

    Raises what says that nothing was taken in: FieldError, RateLimitError, ConflictError for a full conversation.
    """
    last = await asyncio.to_thread(_last, found)
    try:
        return await take_turn(runtime, client, hook.chat, found, text, person=person)
    except Exception as error:  # whatever failed, words that were kept are not left without anybody who answers them
        fresh = await asyncio.to_thread(lines, found, after=last)
        if not any(line.who == "customer" for line in fresh):
            raise
        code = error.code if isinstance(error, DualtrackError) else type(error).__name__
        _log.warning("a turn failed", conversation=found.id, code=code)
        await asyncio.to_thread(wait_for_person, runtime, hook.chat, reread(found), why=("no-answer",), by="rules")
        return await asyncio.to_thread(lambda: (reread(found), lines(found, after=last)))


def _last(found: Conversation) -> int:
    return max((line.number for line in lines(found)), default=0)
