"""Numbers of decisions that a shadow or trial permit still allows, reserved in blocks so that no process exceeds the cap.

A block that a process dies with is lost: the cap is never passed, it may only be reached early.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from sqlalchemy import delete, insert, select

from dualtrack.errors import RefusedError

if TYPE_CHECKING:
    from dualtrack.runtime.live import LiveUse
    from dualtrack.store.store import Store

__all__ = ["BLOCK_MAX", "Quotas"]

BLOCK_MAX = 20
"""Decisions reserved at once: a trial has each of its outputs read by a person, so it is slow."""


class Quotas:
    """The reserved numbers of one process."""

    def __init__(self, store: Store) -> None:
        self._backend, self._table = store.backend, store.tables.quota
        self._origin = store.repository
        self._left: dict[str, int] = {}
        self._mutex = threading.Lock()

    def take(self, live: LiveUse) -> None:
        """Use one decision of a capped permit; raises RefusedError when they are used up. Uncapped: nothing."""
        if live.decisions_max is None or live.permit is None:
            return
        with self._mutex:
            left = self._left.get(live.permit, 0) or self._reserve(live, live.permit)
            if left < 1:
                raise RefusedError(
                    f"all {live.decisions_max} decisions of the {live.mode} are used up",
                    where=live.use,
                    fix="measure what the plan was for, add the evidence and assess anew",
                    code="permit.used-up",
                )
            self._left[live.permit] = left - 1

    def _reserve(self, live: LiveUse, permit: str) -> int:
        ledger = self._origin(live.institution).ledger
        table = self._table
        mine = (table.c.ledger == ledger, table.c.permit == permit)
        with self._backend.write(ledger) as connection:
            reserved = int(connection.execute(select(table.c.reserved).where(*mine)).scalar() or 0)
            block = min(max(1, (live.decisions_max or 0) // 50), BLOCK_MAX, (live.decisions_max or 0) - reserved)
            if block < 1:
                return 0
            connection.execute(delete(table).where(*mine))
            connection.execute(insert(table).values(ledger=ledger, permit=permit, reserved=reserved + block))
        return block
