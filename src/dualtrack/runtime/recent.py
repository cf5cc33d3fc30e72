"""The newest decisions of a use as their records stand in the ledger: a bounded window, whatever the use has behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import select

from dualtrack.domain.entry import Entry
from dualtrack.runtime.plant_counts import planted_decisions

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy import ColumnElement

    from dualtrack.store.register import Register

__all__ = ["WINDOW_MAX", "Recent", "Window", "recent_records"]

WINDOW_MAX = 2_000
"""Decisions read in one go: a rate of one in a hundred has an interval of half a point then, and reading takes a fraction of a second."""


class Recent(NamedTuple):
    """A decision of the window: its id, the release it ran under, its mode, and the bytes of its record."""

    id: str
    release: str
    mode: str
    content: bytes


class Window(NamedTuple):
    """How many decisions were looked at, and those of them that count, newest first."""

    looked_at: int
    records: list[Recent]


def recent_records(
    register: Register, uses: Collection[str] | None, *, since: str, shown: bool, limit: int = WINDOW_MAX
) -> Window:
    """Return the newest decisions of these uses (None: of all) that have ended, without planted ones.

    `since` is the smallest id that counts (`id_floor`). `shown` is for a figure that people can see: it has planted ones
    until the midnight after their review ended. One that decides never has them.
    """
    table = register.repository.tables.decision
    wanted: list[ColumnElement[bool]] = [
        table.c.ledger == register.repository.ledger, table.c.id >= since,
        table.c.outcome != "begun", table.c.mode != "drill",
    ]  # fmt: skip
    if uses is not None:
        wanted.append(table.c.use_id.in_(sorted(uses)))
    query = select(table.c.idx, table.c.id, table.c.release, table.c.mode).where(*wanted)
    with register.repository.backend.read() as connection:
        rows = connection.execute(query.order_by(table.c.id.desc()).limit(min(limit, WINDOW_MAX))).all()
    planted = planted_decisions(register, shown=shown)  # read after the rows: so none among them is missed
    left = [row for row in rows if row.id not in planted]
    contents = _contents(register, uses, {int(row.idx) for row in left})
    found = [Recent(row.id, row.release, row.mode, contents[row.idx]) for row in left if row.idx in contents]
    return Window(len(rows), found)


def _contents(register: Register, uses: Collection[str] | None, wanted: set[int]) -> dict[int, bytes]:
    """Return the contents of entries, read page by page through the index of kinds between the first and the last."""
    found: dict[int, bytes] = {}
    start, end = (min(wanted), max(wanted) + 1) if wanted else (0, 0)
    while start < end:
        page = register.repository.entries(kinds=("decision/1",), ids=tuple(uses or ()), start=start, end=end)
        if not page:
            break
        found |= {item.index: item.content for item in page if isinstance(item, Entry) and item.index in wanted}
        start = page[-1].index + 1
    return found
