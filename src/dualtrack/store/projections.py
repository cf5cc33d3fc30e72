"""Current-state tables of one ledger: brought up to date when they are read, and rebuilt from entries at any time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import and_, delete, func, insert, select, update

from dualtrack.domain.entry import Entry
from dualtrack.errors import NotFoundError
from dualtrack.store.projectors import PROJECTED_KINDS, changes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from sqlalchemy import ColumnElement, Connection, Table

    from dualtrack.store.change import Change
    from dualtrack.store.repository import Repository

__all__ = ["PROJECTIONS", "STEP_ENTRIES", "Projected", "Projections", "Rows", "among", "built_in"]

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


class Projected(NamedTuple):
    """What is kept up to date: tables by name, the kinds of entries that change them, how, and the table of the cursor."""

    tables: Mapping[str, Table]
    kinds: tuple[str, ...]
    changes: Callable[[Entry], Iterable[Change]]
    cursor: Table


def built_in(repository: Repository) -> Projected:
    """Return the current state that every ledger has."""
    found = repository.tables
    return Projected({name: getattr(found, name) for name in PROJECTIONS}, PROJECTED_KINDS, changes, found.cursor)


class Projections:
    """The current state of a ledger, from its entries: the one that every ledger has, or an application's own (`projected`)."""

    def __init__(self, repository: Repository, projected: Projected | None = None) -> None:
        self._repository = repository
        self._of = projected or built_in(repository)
        self._tables: dict[str, Table] = dict(self._of.tables)

    def rows(self, name: str, **equal: str | int | bool | frozenset[str] | None) -> list[dict[str, Any]]:
        """Return the rows of a table in key order, brought up to date first; `equal` narrows by column values.

        A set narrows to its members, in SQL as well: what somebody may not see is never read.
        """
        table = self._tables.get(name)
        if table is None:
            raise NotFoundError(f"no projection {name!r}", expected=", ".join(self._tables))
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
        for table in (*self._tables.values(), self._of.cursor):
            connection.execute(delete(table).where(table.c.ledger == self._repository.ledger))

    def live(self, connection: Connection) -> Rows:
        """Return the tables as they stand."""
        return {name: self._read(connection, table) for name, table in self._tables.items()}

    def expected(self, end: int | None = None) -> Rows:
        """Return what the tables must be after the first `end` entries (the cursor's, if not given), in memory."""
        if end is None:
            with self._repository.backend.read() as connection:
                end = self._cursor(connection)
        state: dict[str, dict[tuple[Any, ...], dict[str, Any]]] = {name: {} for name in self._tables}
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
        repository, cursor = self._repository, self._of.cursor
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
        wanted = (entry.c.ledger == self._repository.ledger, entry.c.kind.in_(self._of.kinds))
        query = select(func.min(entry.c.idx)).where(*wanted, entry.c.idx >= start, entry.c.idx < end)
        found = connection.execute(query).scalar()
        return None if found is None else int(found)

    def _changes(self, start: int, end: int) -> Iterator[Change]:
        while start < end:
            stop = min(end, start + STEP_ENTRIES)
            for item in self._repository.entries(kinds=self._of.kinds, start=start, end=stop):
                if isinstance(item, Entry):
                    yield from self._of.changes(item)
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
        cursor = self._of.cursor
        return int(
            connection.execute(select(cursor.c.size).where(cursor.c.ledger == self._repository.ledger)).scalar() or 0
        )


def _is(column: ColumnElement[Any], value: str | int | bool | frozenset[str] | None) -> ColumnElement[bool]:
    if isinstance(value, frozenset):
        return column.in_(sorted(value))
    return column.is_(None) if value is None else column == value
