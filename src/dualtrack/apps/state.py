"""The current state of an application in one ledger: its own tables, filled from its own entries, rebuilt from them at any time.

The tables lie beside the store's under names of their own (`app_<application>_<table>`), and are made where they are missing: nothing in
them is a fact, so nothing is migrated; who changes a table's columns gives it another name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from sqlalchemy import BigInteger, Column, MetaData, Table, Text

from dualtrack.domain.entry import Entry
from dualtrack.errors import DualtrackError
from dualtrack.store.change import Change
from dualtrack.store.projections import Projected, Projections

if TYPE_CHECKING:
    from dualtrack.apps.application import Application
    from dualtrack.store.backends import Backend
    from dualtrack.store.repository import Repository

__all__ = ["AppProjections", "AppTables", "app_state", "state_of"]

AppTables = Mapping[str, tuple[Callable[[], Column[Any]], ...]]
"""Columns by table, made anew for each database; key columns are marked as primary keys, the ledger's own is added."""

AppProjections = Mapping[str, Callable[[Entry], Iterable[Change]]]
"""What an entry does to the tables, by its kind."""

_known: WeakKeyDictionary[Backend, dict[str, tuple[object, Projected]]] = WeakKeyDictionary()
"""By database, what each application keeps there: its tables are looked for once a process."""


def app_state(application: Application, repository: Repository) -> Projections:
    """Return the state of an application in a ledger; its tables are made where the database has none yet."""
    return state_of(application.name, application.tables, application.projections, repository)


def state_of(name: str, tables: AppTables, projections: AppProjections, repository: Repository) -> Projections:
    """As `app_state`, by the parts of an application: what its own modules call, below the one that puts it together."""
    known = _known.setdefault(repository.backend, {})
    before = known.get(name)
    if before is None or before[0] is not tables:
        metadata, projected = _projected(name, tables, projections)
        with repository.backend.write(repository.ledger) as connection:
            metadata.create_all(connection, checkfirst=True)
        before = known[name] = (tables, projected)
    return Projections(repository, before[1])


def _projected(application: str, tables: AppTables, projections: AppProjections) -> tuple[MetaData, Projected]:
    metadata, prefix = MetaData(), f"app_{application.replace('-', '_')}"

    def table(name: str, columns: Iterable[Column[Any]]) -> Table:
        return Table(f"{prefix}_{name}", metadata, Column("ledger", Text(), primary_key=True), *columns)

    made = {name: table(name, [make() for make in columns]) for name, columns in tables.items()}
    cursor = table("cursor", [Column("size", BigInteger(), nullable=False)])

    def changes(entry: Entry) -> Iterable[Change]:
        try:
            return list(projections[entry.kind](entry))
        except DualtrackError:
            return []  # malformed: it stays in the ledger and changes nothing

    return metadata, Projected(made, tuple(sorted(projections)), changes, cursor)
