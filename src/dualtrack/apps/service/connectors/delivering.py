"""Deliveries to help desks: what lies in a conversation's outbox is sent in its order, each item once, again a bounded number of times.

Nothing waits in memory only: a process that starts looks for what others left. Between two tries of a message the desk's own event
about it is looked for, so that a call that was cut after it had done its work is not made again.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

import structlog

from dualtrack.apps.service.connectors.calls import calls_of
from dualtrack.apps.service.connectors.held import HELD_LOOK_S, held_lines, released
from dualtrack.apps.service.connectors.hooks import Hook, hook_of
from dualtrack.apps.service.connectors.marks import MARKED_S, do_once, is_marked
from dualtrack.apps.service.connectors.outbox import Item, echo_key, is_fresh, item_key, outbox
from dualtrack.apps.service.conversations import conversations, lines, reread
from dualtrack.apps.service.handing_over import wait_for_person
from dualtrack.apps.service.settings import read_settings
from dualtrack.domain.time import format_instant
from dualtrack.errors import ConflictError, DualtrackError, UpstreamError
from dualtrack.runtime.upstream.faults import BodyTooLargeError
from dualtrack.runtime.upstream.limits import Timeouts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dualtrack.apps.service.connectors.calls import OutCall
    from dualtrack.apps.service.conversations import Conversation, Line
    from dualtrack.runtime.engine import Runtime
    from dualtrack.runtime.upstream.client import UpstreamClient

__all__ = ["WAITS_S", "Deliveries", "deliveries_of", "tell_desk"]

WAITS_S = (1.0, 4.0, 15.0, 60.0, 240.0)
"""Seconds before each further try: over five minutes in all, longer than a desk takes to start again. Then a person is called."""

_TIMEOUTS = Timeouts(connect_ms=3_000, first_byte_ms=10_000, gap_ms=5_000, total_ms=20_000)
_ANSWER_BYTES_MAX = 1 << 18
_OK, _THEIR_FAULT = range(200, 300), range(500, 600)
_AGAIN = frozenset({408, 425, 429})
"""Statuses below 500 that pass by themselves; the others say that the call is wrong, and it would be wrong again."""

_log = structlog.get_logger("dualtrack.service")


class _RefusedError(UpstreamError):
    """The desk does not take this call, and will not."""

    code = "upstream.refused"


class Deliveries:
    """The deliveries of one event loop. `soon` has a conversation looked at; one is never worked on twice at a time here."""

    def __init__(self, runtime: Runtime, client: UpstreamClient, waits_s: Sequence[float] = WAITS_S) -> None:
        self._runtime, self._client, self._waits_s = runtime, client, tuple(waits_s)
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._asked: dict[str, asyncio.Event] = {}
        self._resuming: asyncio.Task[int] | None = None
        self._held: dict[str, Conversation] = {}
        self._watching: asyncio.Task[None] | None = None

    def begin(self) -> None:
        """Look for what others left, once."""
        if self._resuming is None:
            self._resuming = asyncio.create_task(self.resume())

    def soon(self, found: Conversation) -> None:
        """Deliver what a conversation has to deliver; a try that waits is made now."""
        asked = self._asked.setdefault(found.id, asyncio.Event())
        asked.set()
        if found.id not in self._tasks:
            self._tasks[found.id] = asyncio.create_task(self._run(found, asked))

    async def idle(self) -> None:
        """Wait until nothing is under way."""
        if self._resuming is not None:
            await asyncio.wait({self._resuming})
        while self._tasks:
            await asyncio.wait(set(self._tasks.values()))

    async def resume(self) -> int:
        """Look for what other processes left undelivered in the last hour; return how many conversations that may be."""
        left = await asyncio.to_thread(self._left)
        for found in left:
            self.soon(found)
        return len(left)

    def _left(self) -> list[Conversation]:
        now, left = self._runtime.clock(), []
        for chat in read_settings(self._runtime.store.workspace).chats:
            register = self._runtime.registers.get(chat.use.partition("/")[0])
            if register is None or not chat.webhooks:
                continue
            for found in conversations(register, use=chat.use):
                times = (found.row[name] for name in ("begun_at", "waiting_at", "taken_at", "closed_at"))
                hook = hook_of(self._runtime, found) if any(is_fresh(at, now, MARKED_S) for at in times) else None
                said = lines(found) if hook is not None else []
                if hook is not None and (outbox(hook, found, said, now) or held_lines(found, said, now)):
                    left.append(found)
        return left

    async def _run(self, found: Conversation, asked: asyncio.Event) -> None:
        try:
            while asked.is_set():
                await self._try(found, asked)
        except Exception as error:  # noqa: BLE001 - a background task: whatever failed is logged, and the next message looks again
            _log.warning("deliveries stopped", conversation=found.id, fault=type(error).__name__)
        finally:
            self._tasks.pop(found.id, None)
            self._asked.pop(found.id, None)

    async def _try(self, found: Conversation, asked: asyncio.Event) -> None:
        """Deliver, and try again after a while; call a person where that is of no use."""
        for wait_s in (*self._waits_s, None):
            asked.clear()
            try:
                await self._deliver(found)
            except (DualtrackError, OSError) as error:
                refused = isinstance(error, _RefusedError)
                code = error.code if isinstance(error, DualtrackError) else type(error).__name__
                _log.warning(
                    "not delivered", conversation=found.id, code=code, again=wait_s is not None and not refused
                )
                if wait_s is None or refused:
                    await asyncio.to_thread(self._give_up, found)
                    return
                try:
                    await asyncio.wait_for(asked.wait(), wait_s)
                except TimeoutError:
                    continue
            else:
                return

    def _give_up(self, found: Conversation) -> None:
        """Have people see that the customer did not get an answer: it lies in the conversation at our desk."""
        hook, now = hook_of(self._runtime, found), reread(found)
        if hook is not None and now.status == "assistant":
            wait_for_person(self._runtime, hook.chat, now, why=("no-answer",), by="rules")

    async def _deliver(self, found: Conversation) -> None:
        hook, now, said, items = await asyncio.to_thread(self._look, found)
        if hook is None:
            return
        if self._held and self._watching is None:
            self._watching = asyncio.create_task(self._watch())
        for item in items:
            try:
                await do_once(self._runtime, item_key(now, item), partial(self._send, hook, now, item, said))
            except ConflictError as error:
                raise UpstreamError("another process delivers it", where="connector") from error

    def _look(self, found: Conversation) -> tuple[Hook | None, Conversation, list[Line], list[Item]]:
        hook, now = hook_of(self._runtime, found), reread(found)
        if hook is None:
            return None, now, [], []
        said, at = lines(now), self._runtime.clock()
        held = held_lines(now, said, at)
        ready = released(self._runtime, now, held)
        if len(ready) < len(held):
            self._held[now.id] = now
        else:
            self._held.pop(now.id, None)
        return hook, now, said, outbox(hook, now, said, at, ready)

    async def _watch(self) -> None:
        """Look at conversations with a held answer from time to time, as long as there are any."""
        try:
            while self._held:
                await asyncio.sleep(HELD_LOOK_S)
                for found in list(self._held.values()):
                    self.soon(found)
        finally:
            self._watching = None

    async def _send(self, hook: Hook, found: Conversation, item: Item, said: Sequence[Line]) -> bytes:
        for call in await asyncio.to_thread(calls_of, self._runtime, hook, found, item, said):
            key = echo_key(found, f"{item.name}{call.part}")
            if not await asyncio.to_thread(is_marked, self._runtime, key):
                await self._post(hook, call)
        return format_instant(self._runtime.clock()).encode()

    async def _post(self, hook: Hook, call: OutCall) -> None:
        """Make a call; raises UpstreamError where it may be made again, and its kind `upstream.refused` where that is of no use."""
        async with await self._client.send("POST", call.url, call.headers, call.body, _TIMEOUTS) as response:
            status = response.status
            with suppress(BodyTooLargeError):  # the status says all that is asked
                await response.read(_ANSWER_BYTES_MAX)
        if status in _OK:
            return
        again = status in _AGAIN or status in _THEIR_FAULT
        raise (UpstreamError if again else _RefusedError)(
            f"status {status}", where=hook.origin, fix="see the desk's own log"
        )


async def tell_desk(runtime: Runtime, client: UpstreamClient, found: Conversation) -> None:
    """Have the desk that a conversation came by told of what was said and done in it at ours; nothing for other conversations."""
    if found.row["external"] is not None:
        deliveries_of(runtime, client).soon(found)


_OF_CLIENT: dict[UpstreamClient, Deliveries] = {}
"""One for each event loop that serves, as long as its process lives."""


def deliveries_of(runtime: Runtime, client: UpstreamClient) -> Deliveries:
    """Return the deliveries of a client, which belongs to one event loop; what others left is looked for when it is first asked for."""
    found = _OF_CLIENT.get(client)
    if found is None:
        found = _OF_CLIENT[client] = Deliveries(runtime, client, WAITS_S)
        found.begin()
    return found
