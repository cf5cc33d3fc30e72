"""Current-state tables of one ledger: brought up to date when they are read, and rebuilt from entries at any time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, delete, func, insert, select, update

from dualtrack.domain.entry import Entry
from dualtrack.errors import NotFoundError
from dualtrack.store.projectors import PROJECTED_KINDS, changes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import ColumnElement, Connection, Table

    from dualtrack.store.change import Change
    from dualtrack.store.repository import Repository

__all__ = ["PROJECTIONS", "STEP_ENTRIES", "Projections", "Rows", "among"]

STEP_ENTRIES = 1000
"""Entries projected in one transaction: short enough that appends do not notice."""

PROJECTIONS = (
    "institution", "key", "use", "release", "evidence", "assessment", "permit", "pack",
    "hold", "observe", "opt_out", "review", "signal", "incident",
)  # fmt: skip
"""Names of the current-state tables."""

Rows = dict[str, list[dict[str, Any]]]
"""Rows by table name, in the order of their keys, without the ledger column."""


def among(column: str, values: frozenset[str] | None) -> dict[str, frozenset[str]]:
    """Return the narrowing of `Projections.rows` to these values of a column; None narrows nothing, the empty set all."""
    return {} if values is None else {column: values}


class Projections:
    """The current state of a ledger, from its entries."""

    def __init__(self, repository: Repository) -> None:
        self._repository = repository
        self._tables: dict[str, Table] = {name: getattr(repository.tables, name) for name in PROJECTIONS}

    def rows(self, name: str, **equal: str | int | bool | frozenset[str] | None) -> list[dict[str, Any]]:
        """Return the rows of a table in key order, brought up to date first; `equal` narrows by column values.

        A set narrows to its members, in SQL as well: what somebody may not see is never read.
        """
        table = self._tables.get(name)
        if table is None:
            raise NotFoundError(f"no projection {name!r}", expected=", ".join(PROJECTIONS))
        self.catch_up()
        with self._repository.backend.read() as connection:
            return self._read(connection, table, **equal)

    def catch_up(self) -> int:
        """Project the entries since the cursor; return how many of them were looked at.

        The end is the ledger's as it is asked: under load a newer one would be chased for as long as entries keep coming.
        """
        done, size = 0, self._repository.size()
        while True:
            with self._repository.backend.read() as connection:
                start = self._cursor(connection)
            if start >= size:
                return done
            done += self._step(size)

    def rebuild(self) -> int:
        """Throw the tables away and project every entry again; return how many entries were looked at."""
        with self._repository.backend.write(self._repository.ledger) as connection:
            self.clear(connection)
        return self.catch_up()

    def clear(self, connection: Connection) -> None:
        """Empty the tables within a caller's write transaction; the next read fills them."""
        for table in (*self._tables.values(), self._repository.tables.cursor):
            connection.execute(delete(table).where(table.c.ledger == self._repository.ledger))

    def live(self, connection: Connection) -> Rows:
        """Return the tables as they stand."""
        return {name: self._read(connection, table) for name, table in self._tables.items()}

    def expected(self, end: int | None = None) -> Rows:
        """Return what the tables must be after the first `end` entries (the cursor's, if not given), in memory."""
        if end is None:
            with self._repository.backend.read() as connection:
                end = self._cursor(connection)
        state: dict[str, dict[tuple[Any, ...], dict[str, Any]]] = {name: {} for name in PROJECTIONS}
        for change in self._changes(0, end):
            rows, key = state[change.table], tuple(change.key.values())
            if not change.patch:
                rows[key] = {**change.key, **change.values}
            elif key in rows:
                rows[key].update(change.values)
        return {name: [row for _, row in sorted(rows.items())] for name, rows in state.items()}

    def cursor(self) -> int:
        """Return up to where entries have been projected."""
        with self._repository.backend.read() as connection:
            return self._cursor(connection)

    def _step(self, size: int) -> int:
        repository, cursor = self._repository, self._repository.tables.cursor
        with repository.backend.write(repository.ledger) as connection:
            start = self._cursor(connection)
            end = min(size, start + STEP_ENTRIES)
            if start >= end:
                return 0  # another process was faster
            if self._first_projected(connection, start, end) is None:  # a stretch of decisions: passed over in one go
                end = self._first_projected(connection, end, size) or size
            for change in self._changes(start, min(end, start + STEP_ENTRIES)):
                self._apply(connection, change)
            connection.execute(delete(cursor).where(cursor.c.ledger == repository.ledger))
            connection.execute(insert(cursor).values(ledger=repository.ledger, size=end))
        return end - start

    def _first_projected(self, connection: Connection, start: int, end: int) -> int | None:
        """Return the first index of a kind that is projected, start <= index < end, or None."""
        entry = self._repository.tables.entry
        wanted = (entry.c.ledger == self._repository.ledger, entry.c.kind.in_(PROJECTED_KINDS))
        query = select(func.min(entry.c.idx)).where(*wanted, entry.c.idx >= start, entry.c.idx < end)
        found = connection.execute(query).scalar()
        return None if found is None else int(found)

    def _changes(self, start: int, end: int) -> Iterator[Change]:
        while start < end:
            stop = min(end, start + STEP_ENTRIES)
            for item in self._repository.entries(kinds=PROJECTED_KINDS, start=start, end=stop):
                if isinstance(item, Entry):
                    yield from changes(item)
            start = stop

    def _apply(self, connection: Connection, change: Change) -> None:
        table = self._tables[change.table]
        mine = self._where(table, dict(change.key))
        if change.patch:
            connection.execute(update(table).where(mine).values(**change.values))
            return
        connection.execute(delete(table).where(mine))
        connection.execute(insert(table).values(ledger=self._repository.ledger, **change.key, **change.values))

    def _read(
        self, connection: Connection, table: Table, **equal: str | int | bool | frozenset[str] | None
    ) -> list[dict[str, Any]]:
        names = [column for column in table.columns if column.name != "ledger"]
        keys = [column for column in table.primary_key if column.name != "ledger"]
        query = select(*names).where(self._where(table, equal))
        rows = [dict(row) for row in connection.execute(query).mappings()]
        # Sorted here and not in SQL: a server's collation must not decide an order that is compared.
        return sorted(rows, key=lambda row: tuple(row[key.name] for key in keys))

    def _where(self, table: Table, equal: dict[str, str | int | bool | frozenset[str] | None]) -> ColumnElement[bool]:
        wanted = [_is(table.c[name], value) for name, value in equal.items()]
        return and_(table.c.ledger == self._repository.ledger, *wanted)

    def _cursor(self, connection: Connection) -> int:
        cursor = self._repository.tables.cursor
        return int(
            connection.execute(select(cursor.c.size).where(cursor.c.ledger == self._repository.ledger)).scalar() or 0
        )


def _is(column: ColumnElement[Any], value: str | int | bool | frozenset[str] | None) -> ColumnElement[bool]:
    if isinstance(value, frozenset):
        return column.in_(sorted(value))
    return column.is_(None) if value is None else column == value
