"""What all processes share out: decisions that a shadow or trial permit still allows, and an upstream's tokens of the day.

Both are reserved in the database in blocks. A block that a process dies with is lost: the cap is never passed by it, it
may only be reached early. Tokens are known after a call, so calls under way when they run out are let end.
"""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import structlog
from sqlalchemy import and_, delete, insert, select, update

from dualtrack.domain.time import hong_kong_date
from dualtrack.errors import DualtrackError, RefusedError
from dualtrack.runtime.clock import steady_s
from dualtrack.store.shared_tables import SHARED

if TYPE_CHECKING:
    from concurrent.futures import Future

    from sqlalchemy import ColumnElement

    from dualtrack.domain.time import Clock
    from dualtrack.runtime.live import LiveUse
    from dualtrack.store.backends import Backend
    from dualtrack.store.store import Store

__all__ = ["BLOCK_MAX", "BLOCK_TOKENS_MAX", "DayTokens", "Quotas"]

BLOCK_MAX = 20
"""Decisions reserved at once: a trial has each of its outputs read by a person, so it is slow."""

BLOCK_TOKENS_MAX = 100_000
"""Tokens reserved at once: some hundred calls, so that the database is asked a few times a second at the highest load."""

_BLOCKS = 100
"""Least blocks of a day: what a killed process loses is a hundredth."""

_SPREAD = 16
"""Part of what is left that one block may take, so that near the end no process sits on what another needs."""

_OUT_S = 5.0
"""Seconds for which "used up" is believed: another process may give some back."""

_BUDGET = SHARED.budget
_log = structlog.get_logger("dualtrack.runtime")


class Quotas:
    """The reserved numbers of one process. A block is reserved in a thread of its own: `take` waits there, `taken` in the loop.

    No lock is held meanwhile, so that calls for which there is something left go on.
    """

    def __init__(self, store: Store) -> None:
        self._backend, self._table = store.backend, store.tables.quota
        self._origin = store.repository
        self._left: dict[str, int] = {}
        self._out: set[tuple[str, int]] = set()
        self._asking: dict[str, Future[None]] = {}
        self._mutex = threading.Lock()
        self._thread: ThreadPoolExecutor | None = None

    def take(self, live: LiveUse) -> None:
        """Use one decision of a capped permit; raises RefusedError when they are used up. Uncapped: nothing.

        Waits in this thread where a block is to be reserved: for calls made in the process itself.
        """
        while (asked := self._taking(live)) is not None:
            asked.result()

    async def taken(self, live: LiveUse) -> None:
        """Use one as `take` does; the event loop goes on while a block is reserved."""
        while (asked := self._taking(live)) is not None:
            await asyncio.shield(asyncio.wrap_future(asked))  # others wait for the same one

    def close(self) -> None:
        """End what is being reserved."""
        if self._thread is not None:
            self._thread.shutdown()

    def _taking(self, live: LiveUse) -> Future[None] | None:
        """Take one (None), or return the reservation that is to be waited for."""
        permit, cap = live.permit, live.decisions_max
        if cap is None or permit is None:
            return None
        with self._mutex:
            left = self._left.get(permit, 0)
            if left > 0:
                self._left[permit] = left - 1
                return None
            if (permit, cap) in self._out:
                raise RefusedError(
                    f"all {cap} decisions of the {live.mode} are used up",
                    where=live.use,
                    fix="measure what the plan was for, add the evidence and assess anew",
                    code="permit.used-up",
                )
            found = self._asking.get(permit)
            if found is None or found.done():
                self._thread = self._thread or ThreadPoolExecutor(1, thread_name_prefix="quotas")
                found = self._asking[permit] = self._thread.submit(self._reserve, live.institution, permit, cap)
            return found

    def _reserve(self, institution: str, permit: str, cap: int) -> None:
        """Reserve a block. Reserved numbers only grow, so "used up" stays true of a permit."""
        ledger = self._origin(institution).ledger
        table = self._table
        mine = (table.c.ledger == ledger, table.c.permit == permit)
        with self._backend.write(ledger) as connection:
            reserved = int(connection.execute(select(table.c.reserved).where(*mine)).scalar() or 0)
            block = max(0, min(max(1, cap // 50), BLOCK_MAX, cap - reserved))
            if block:
                connection.execute(delete(table).where(*mine))
                connection.execute(insert(table).values(ledger=ledger, permit=permit, reserved=reserved + block))
        with self._mutex:
            if block:
                self._left[permit] = self._left.get(permit, 0) + block
            else:
                self._out.add((permit, cap))


class DayTokens:
    """The tokens of one process, by use and upstream. A day is one of Hong Kong's. Never asks the database in the event loop."""

    def __init__(self, backend: Backend, clock: Clock) -> None:
        self._backend, self._clock = backend, clock
        self._day = ""
        self._left: dict[tuple[str, str], int] = {}
        self._out_s: dict[tuple[str, str], float] = {}
        self._asking: dict[tuple[str, str], Future[None]] = {}
        self._mutex = threading.Lock()
        self._thread: ThreadPoolExecutor | None = None

    async def has_some(self, use: str, upstream: str, cap: int) -> bool:
        """Tell whether tokens are left today; raises StoreError where the database does not say."""
        while (asked := self._reserving((use, upstream), cap)) is not None:
            await asyncio.shield(asyncio.wrap_future(asked))  # others may wait for the same one
        with self._mutex:
            return self._left.get((use, upstream), 0) > 0

    def spend(self, use: str, upstream: str, cap: int, tokens: int) -> None:
        """Take what a call used; where the block does not cover it, the rest is charged in the background."""
        key = (use, upstream)
        with self._mutex:
            self._turn()
            self._left[key] = self._left.get(key, 0) - tokens
            self._out_s.pop(key, None)
        asked = self._reserving(key, cap)
        if asked is not None:
            asked.add_done_callback(_say)

    def sweep(self) -> None:
        """Drop the rows of days before today."""
        old = _BUDGET.c.day < self._today()
        with self._backend.read() as connection:
            if connection.execute(select(_BUDGET.c.day).where(old).limit(1)).first() is None:
                return
        with self._backend.write("budget") as connection:
            connection.execute(delete(_BUDGET).where(old))

    def close(self) -> None:
        """Charge what is owed and give back what was reserved and not used."""
        if self._thread is not None:
            self._thread.shutdown()
        with self._mutex:
            self._turn()
            rest = {key: left for key, left in self._left.items() if left}
        if not rest:
            return
        try:
            with self._backend.write("budget") as connection:
                for key, left in rest.items():
                    mine = update(_BUDGET).where(_row(key, self._day))
                    connection.execute(mine.values(reserved=_BUDGET.c.reserved - left))
        except DualtrackError as error:  # as if the process had been killed: the blocks are lost for today
            _log.warning("tokens not given back", code=error.code)

    def _reserving(self, key: tuple[str, str], cap: int) -> Future[None] | None:
        """Return the reservation that is to be waited for, or None where there are tokens, or surely none."""
        with self._mutex:
            self._turn()
            if self._left.get(key, 0) > 0 or steady_s() < self._out_s.get(key, 0.0):
                return None
            found = self._asking.get(key)
            if found is None or found.done():
                self._thread = self._thread or ThreadPoolExecutor(1, thread_name_prefix="tokens")
                found = self._asking[key] = self._thread.submit(self._reserve, key, cap, self._day)
            return found

    def _reserve(self, key: tuple[str, str], cap: int, day: str) -> None:
        with self._mutex:
            owed = -min(0, self._left.get(key, 0)) if day == self._day else 0
        with self._backend.write("budget") as connection:
            row = connection.execute(select(_BUDGET.c.reserved).where(_row(key, day))).first()
            left = cap - (int(row[0]) if row else 0) - owed
            block = max(0, min(left, max(1, min(cap // _BLOCKS, left // _SPREAD, BLOCK_TOKENS_MAX))))
            if row is None:
                values = {"use_id": key[0], "upstream": key[1], "day": day, "reserved": owed + block}
                connection.execute(insert(_BUDGET).values(values))
            elif owed + block:
                mine = update(_BUDGET).where(_row(key, day))
                connection.execute(mine.values(reserved=_BUDGET.c.reserved + owed + block))
        with self._mutex:
            if day == self._day:
                self._left[key] = self._left.get(key, 0) + owed + block
                if not block:
                    self._out_s[key] = steady_s() + _OUT_S

    def _turn(self) -> None:
        """Begin a new day: what was reserved for the old one counts no more."""
        today = self._today()
        if today != self._day:
            self._day = today
            self._left.clear()
            self._out_s.clear()

    def _today(self) -> str:
        return hong_kong_date(self._clock()).isoformat()


def _row(key: tuple[str, str], day: str) -> ColumnElement[bool]:
    return and_(_BUDGET.c.use_id == key[0], _BUDGET.c.upstream == key[1], _BUDGET.c.day == day)


def _say(asked: Future[None]) -> None:
    """Say in the log what a background charge failed of; the next call waits for the database and hears it itself."""
    error = None if asked.cancelled() else asked.exception()
    if error is not None:
        code = error.code if isinstance(error, DualtrackError) else ""
        _log.warning("tokens not charged", fault=type(error).__name__, code=code)
