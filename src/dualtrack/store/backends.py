"""The two databases behind one face: write transactions under a ledger's lock, read transactions, bulk inserts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Protocol

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from dualtrack.errors import FieldError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from sqlalchemy import Connection, Table
    from sqlalchemy.sql import ClauseElement

__all__ = ["LOCK_WAIT_S", "Backend", "connect"]

LOCK_WAIT_S = 30.0
"""Longest wait for another writer; it holds the lock for milliseconds, a migration for seconds."""


class Backend(Protocol):
    """A database that holds a compartment. `where` names it in errors, without a password."""

    name: Literal["sqlite", "postgresql"]
    where: str

    def write(self, key: str, *, shred: bool = False) -> AbstractContextManager[Connection]:
        """Return a context: a write transaction under the lock of `key`, committed and durable at its end.

        With `shred` the bytes of replaced rows are overwritten or released as far as the database can.
        """

    def read(self) -> AbstractContextManager[Connection]:
        """Return a context: a read transaction over one snapshot."""

    def insert(self, connection: Connection, table: Table, rows: Sequence[tuple[object, ...]]) -> None:
        """Insert whole rows, values in the order of the table's columns."""

    def compile(self, statement: ClauseElement) -> str:
        """Return a statement as text for the driver, values by position."""

    def close(self) -> None:
        """Close every connection."""


def connect(url: str, run_folder: Path, *, wait_s: float = LOCK_WAIT_S) -> Backend:
    """Return the backend of a database address.

    Raises FieldError for an address of another kind, MissingExtraError if PostgreSQL's driver is not installed.
    """
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):  # a port that is no number; the address may hold a password, so it is not shown
        raise FieldError("the database address cannot be read", where="database", expected=_ADDRESSES) from None
    kind = parsed.get_backend_name()
    if kind == "sqlite":
        from dualtrack.store.sqlite import SqliteBackend  # noqa: PLC0415 - each database's code loads when it is used

        return SqliteBackend(str(parsed.database), run_folder, wait_s=wait_s)
    if kind == "postgresql":
        from dualtrack.store.postgres import PostgresBackend  # noqa: PLC0415 - as above; needs the optional driver

        return PostgresBackend(parsed, wait_s=wait_s)
    raise FieldError(f"database of kind {kind!r}", where="database", expected=_ADDRESSES)


_ADDRESSES = "sqlite:///FILE or postgresql://USER@HOST/NAME"
