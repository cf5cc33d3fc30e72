"""SQLite: write-ahead log, synchronous=FULL, one writer under a lock file.

Writes, checkpoints of the log, and the closing of a writing connection (which checkpoints, too) all hold the lock,
because SQLite from 3.7.0 to 3.51.2 can lose pages when two connections reset the log at once. Readers open the file
read-only and so can do neither.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Literal
from urllib.parse import quote

from sqlalchemy import Connection, Engine, Table, create_engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import QueuePool

from dualtrack.errors import PathError, StoreError
from dualtrack.keys.files import open_private
from dualtrack.store.faults import guarded
from dualtrack.store.locks import LockFile
from dualtrack.store.walfile import read_wal_tail

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy.sql import ClauseElement

__all__ = ["WAL_BYTES_MAX", "SqliteBackend"]

WAL_BYTES_MAX = 64 << 20
"""Length of the write-ahead log beyond which a commit also checkpoints it: some tenths of a second's work.

A decision touches some 15 pages, most of them over and over; a page is copied once a checkpoint, however often it changed.
"""

_READERS_MAX = 16
_WRITER_CACHE_KIB = 32 << 10
"""Memory for pages of the writer: digests and keys fall anywhere in their indexes, and SQLite's 2 MiB would hold few."""

_ROWS_MAX = 32
"""Rows of one statement: each number of rows up to it is a statement of its own that the driver keeps prepared."""

_STATEMENTS_KEPT = 512
"""Statements that a connection keeps prepared: some ten tables with up to 32 rows at once."""

_BUSY_S = 5.0
"""Wait for a foreign program's lock; our own writers wait for the lock file instead."""


class SqliteBackend:
    """A compartment in one SQLite file."""

    name: Literal["sqlite", "postgresql"] = "sqlite"

    def __init__(self, path: str, run_folder: Path, *, wait_s: float) -> None:
        self.path = Path(path)
        self.where = path
        self._wal = Path(f"{path}-wal")
        self._wal_limit = WAL_BYTES_MAX
        self.lock = LockFile(run_folder / f"{self.path.name}.lock", wait_s=wait_s)
        if not self.path.exists():
            _create(self.path)
        self.writer = _engine(self._open_writer, "BEGIN IMMEDIATE", readers=1)
        self.reader = _engine(self._open_reader, "BEGIN", readers=_READERS_MAX)
        self._statements: dict[tuple[str, int], str] = {}

    @contextmanager
    def write(self, key: str, *, shred: bool = False) -> Iterator[Connection]:
        """See `Backend.write`. One file has one lock, whatever the ledger (`key` serves the other database)."""
        del key
        with guarded(self.where), self.lock.held(), self.writer.connect() as connection:
            if shred:
                _pragma(connection, "secure_delete=ON")
            with connection.begin():
                yield connection
            if shred:
                _pragma(connection, "secure_delete=OFF")
            if shred or _size(self._wal) > self._wal_limit:
                self._checkpoint(connection, shred=shred)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """See `Backend.read`."""
        with guarded(self.where), self.reader.connect() as connection, connection.begin():
            yield connection

    def insert(self, connection: Connection, table: Table, rows: Sequence[tuple[object, ...]]) -> None:
        """See `Backend.insert`: one statement for many rows, on the driver itself.

        The driver lets other threads in at each statement, and getting the interpreter back from a busy one takes longer
        than a row does. OR FAIL saves the copies of pages that undoing a single statement would need: what fails here
        takes the whole transaction with it.
        """
        driver = connection.connection.driver_connection
        assert isinstance(driver, sqlite3.Connection)
        for start in range(0, len(rows), _ROWS_MAX):
            part = rows[start : start + _ROWS_MAX]
            key = (table.name, len(part))
            statement = self._statements.get(key)
            if statement is None:
                statement = self._statements[key] = _insertion(self.compile(table.insert()), len(part))
            try:
                driver.execute(statement, [value for row in part for value in row])
            except sqlite3.Error as error:
                raise DBAPIError(f"INSERT INTO {table.name}", None, error) from error

    def compile(self, statement: ClauseElement) -> str:
        """See `Backend.compile`."""
        return str(statement.compile(dialect=self.writer.dialect))

    def wal_bytes(self) -> int:
        """Return the length of the write-ahead log."""
        return _size(self._wal)

    def discarded_pages(self) -> int:
        """Return how many pages of the write-ahead log a crash left without their commit; 0 while a writer is at work."""
        with self.lock.held_if_free() as free:
            return read_wal_tail(self._wal).discarded if free else 0

    def close(self) -> None:
        """Close readers, then the writer under the lock."""
        self.reader.dispose()
        if isinstance(self.writer.pool, QueuePool) and self.writer.pool.checkedin():
            with self.lock.held():
                self.writer.dispose()
        self.lock.close()

    def _checkpoint(self, connection: Connection, *, shred: bool) -> None:
        """Move the log into the file. A reader may stand in the way: then the log grows on and is tried again later.

        So it is with a full disk: what is in the log is durable already, and an append must not seem to have failed.
        """
        try:
            _pragma(connection, "busy_timeout=0")
            busy = _pragma(connection, "wal_checkpoint(TRUNCATE)")[0]
        except DBAPIError as error:
            if not isinstance(error.orig, sqlite3.OperationalError):
                raise
            if shred:
                self._wal_limit = 0  # whatever is written next tries again
                raise StoreError(
                    f"erased, but the old bytes are still in the file or its write-ahead log: {error.orig}",
                    where=self.where,
                    fix="free some space: the next entry, or the closing of the store, overwrites them",
                    code="store.shred",
                ) from error
            busy = True
        finally:
            _pragma(connection, f"busy_timeout={int(_BUSY_S * 1000)}")
        self._wal_limit = 2 * _size(self._wal) if busy else WAL_BYTES_MAX

    def _open_writer(self) -> sqlite3.Connection:
        connection = self._open("rw")
        connection.execute(f"PRAGMA cache_size=-{_WRITER_CACHE_KIB}")
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "wal_autocheckpoint=0", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}")
        return connection

    def _open_reader(self) -> sqlite3.Connection:
        return self._open("ro")

    def _open(self, mode: str) -> sqlite3.Connection:
        address = f"file:{quote(str(self.path))}?mode={mode}"
        return sqlite3.connect(
            address,
            uri=True,
            timeout=_BUSY_S,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=_STATEMENTS_KEPT,
        )


def _create(path: Path) -> None:
    """Make an empty file of mode 0600; SQLite gives its log the same mode."""
    try:
        os.close(open_private(path))
    except OSError as error:
        raise PathError(
            f"the database cannot be made: {error.strerror}",
            where=str(path),
            expected="an existing folder of the workspace",
            fix="make the folder, or correct the database address in dualtrack.toml",
        ) from error


def _insertion(one: str, rows: int) -> str:
    """Return the statement that inserts so many whole rows, from the one that inserts one."""
    head, _, row = one.partition(" VALUES ")
    return " VALUES ".join((head.replace("INSERT", "INSERT OR FAIL", 1), ", ".join([row] * rows)))


def _engine(opener: object, begin: str, *, readers: int) -> Engine:
    engine = create_engine(
        "sqlite://", creator=opener, poolclass=QueuePool, pool_size=readers, max_overflow=0, pool_reset_on_return=None
    )

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine


def _pragma(connection: Connection, pragma: str) -> tuple[object, ...]:
    """Run a pragma outside any transaction of SQLAlchemy's, on the driver itself; raises DBAPIError as SQLAlchemy does."""
    driver = connection.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)
    try:
        row = driver.execute(f"PRAGMA {pragma}").fetchone()
    except sqlite3.Error as error:
        raise DBAPIError(f"PRAGMA {pragma}", None, error) from error
    return tuple(row) if row is not None else ()


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
