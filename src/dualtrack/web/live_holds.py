"""Holds that reach beyond one use, for who is narrowed to some: which of them stop one of theirs, and of those the newest.

A hold on the institution, a component or a provider is entered about the institution, not about the uses that it stops. Who
sees only some uses hears of it where it stops one of these, as it ends with it too; of every other one, nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from dualtrack.domain import canonical
from dualtrack.domain.entry import Entry
from dualtrack.domain.oversight import Hold, HoldRelease
from dualtrack.domain.records import read_record
from dualtrack.errors import DualtrackError
from dualtrack.keys import dsse
from dualtrack.runtime.holds import list_holds

if TYPE_CHECKING:
    from collections.abc import Collection

    from dualtrack.store.register import Register

__all__ = ["HOLD_KINDS", "WIDE_HOLDS_MAX", "newest_wide_hold"]

HOLD_KINDS = ("hold/1", "hold-release/1")
"""Entries by which something is stopped and let go on."""

WIDE_HOLDS_MAX = 500
"""Newest holds beyond one use that are opened at a look: each is a person's act, and a look comes every quarter of a second."""


def newest_wide_hold(register: Register, uses: frozenset[str], kinds: Collection[str], start: int, end: int) -> int:
    """Return the number after the newest entry from `start` that stops or frees one of these uses from outside; 0 for none.

    `kinds` empty is every kind. The database is asked for more than indices only where somebody set or released such a hold.
    """
    wanted = [kind for kind in HOLD_KINDS if not kinds or kind in kinds]
    found = _indices(register, wanted, start, end) if wanted and uses else []
    if not found:
        return 0
    mine = {str(row["id"]) for row in list_holds(register, open_only=False, uses=uses)}
    return next((index + 1 for index in found if _hold_of(register, index) in mine), 0)


def _indices(register: Register, kinds: list[str], start: int, end: int) -> list[int]:
    entry = register.repository.tables.entry
    query = select(entry.c.idx).where(
        entry.c.ledger == register.repository.ledger,
        entry.c.kind.in_(kinds),
        entry.c.subject_id == register.institution,
        entry.c.idx >= start,
        entry.c.idx < end,
    )
    with register.repository.backend.read() as connection:
        rows = connection.execute(query.order_by(entry.c.idx.desc()).limit(WIDE_HOLDS_MAX))
        return [int(index) for index in rows.scalars()]


def _hold_of(register: Register, index: int) -> str | None:
    """Return the id of the hold that an entry sets or releases; None where it cannot be read."""
    (item,) = register.repository.entries(start=index, end=index + 1)
    if not isinstance(item, Entry):
        return None
    try:
        plain = canonical.decode(dsse.parse(item.content).payload)
        where = f"entry {index}"
        if item.kind == "hold/1":
            return read_record(plain, Hold, where=where).id
        return read_record(plain, HoldRelease, where=where).hold
    except DualtrackError:
        return None  # it stopped nothing: `dualtrack ledger verify` names it
