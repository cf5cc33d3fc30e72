"""PostgreSQL: an advisory lock that lives as long as the transaction, and synchronous commit insisted on.

Rows go in by COPY, several times as fast as INSERT. Nothing but the lock orders writers, so indices have no gap.
"""

from __future__ import annotations

import hashlib
import os
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal

from sqlalchemy import Connection, Engine, Table, bindparam, create_engine, event, text
from sqlalchemy.exc import DBAPIError

from dualtrack.errors import MissingExtraError, StoreBusyError
from dualtrack.store.faults import guarded

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy import URL
    from sqlalchemy.sql import ClauseElement

__all__ = ["PostgresBackend"]

_NAMED = re.compile(r"%\(\w+\)s(?:::\w+)?")
_POOL = 8
_LOCK_TIMEOUT_STATE = "55P03"
_LOCK = text("SELECT pg_advisory_xact_lock(:key)")
_HOLDER = text(
    "SELECT a.pid, a.application_name, coalesce(host(a.client_addr), 'this machine') FROM pg_locks l"
    " JOIN pg_stat_activity a USING (pid) WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1"
    " AND (l.classid::bigint << 32 | l.objid::bigint) = :key"
).bindparams(bindparam("key"))


class PostgresBackend:
    """A compartment in a PostgreSQL database."""

    name: Literal["sqlite", "postgresql"] = "postgresql"

    def __init__(self, url: URL, *, wait_s: float) -> None:
        try:
            import psycopg  # noqa: PLC0415 - an optional part: its absence has a fix, not a traceback
        except ImportError as error:
            raise MissingExtraError("postgres", "a PostgreSQL database") from error
        self._driver_error: type[Exception] = psycopg.Error
        self.url = url.set(drivername="postgresql+psycopg")
        self.where = _without_password(self.url)
        self._wait_s = wait_s
        self.writer = self._engine("READ COMMITTED")
        self.reader = self._engine("REPEATABLE READ", ping=True)

    @contextmanager
    def write(self, key: str, *, shred: bool = False) -> Iterator[Connection]:
        """See `Backend.write`. Each ledger has its own lock."""
        number = _lock_number(key)
        with guarded(self.where), self.writer.connect() as connection, connection.begin():
            self._take(connection, number)
            yield connection
        if shred:
            self._vacuum()

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """See `Backend.read`."""
        with guarded(self.where), self.reader.connect() as connection, connection.begin():
            yield connection

    def insert(self, connection: Connection, table: Table, rows: Sequence[tuple[object, ...]]) -> None:
        """See `Backend.insert`: COPY."""
        driver: Any = connection.connection.driver_connection
        columns = ", ".join(column.name for column in table.columns)
        try:
            with driver.cursor() as cursor, cursor.copy(f"COPY {table.name} ({columns}) FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
        except self._driver_error as error:
            if driver.broken:
                connection.invalidate(error)
            raise DBAPIError(f"COPY {table.name}", None, error) from error

    def compile(self, statement: ClauseElement) -> str:
        """See `Backend.compile`."""
        return _NAMED.sub("%s", str(statement.compile(dialect=self.writer.dialect)))

    def close(self) -> None:
        """Close every connection."""
        self.reader.dispose()
        self.writer.dispose()

    def _engine(self, isolation: Literal["READ COMMITTED", "REPEATABLE READ"], *, ping: bool = False) -> Engine:
        """Return an engine.

        Readers ask first whether a waiting connection still lives, so that a restarted server goes unnoticed; the
        writer does not, because it must say what became of its last append anyway.
        """
        engine = create_engine(
            self.url,
            isolation_level=isolation,
            pool_size=_POOL,
            pool_pre_ping=ping,
            connect_args={"application_name": f"dualtrack process {os.getpid()}"},
        )

        @event.listens_for(engine, "connect")
        def _settings(driver: Any, _record: object) -> None:  # noqa: ANN401 - the driver's own connection type
            driver.execute(f"SET lock_timeout = {int(self._wait_s * 1000)}")
            driver.execute("SET synchronous_commit = on")
            driver.commit()

        return engine

    def _take(self, connection: Connection, number: int) -> None:
        try:
            connection.execute(_LOCK, {"key": number})
        except DBAPIError as error:
            if getattr(error.orig, "sqlstate", None) != _LOCK_TIMEOUT_STATE:
                raise
            raise StoreBusyError(
                f"held for more than {self._wait_s:g} s by {self._holder(number)}",
                where=self.where,
                expected="a writer holds the lock for milliseconds",
                fix="wait for it, or end that process; its unfinished work is rolled back",
            ) from error

    def _holder(self, number: int) -> str:
        with self.reader.connect() as connection:
            row = connection.execute(_HOLDER, {"key": number}).first()
        return f"{row[1]} from {row[2]} (backend {row[0]})" if row else "a transaction that has just ended"

    def _vacuum(self) -> None:
        """Let go of dead rows now; the server's own archives of its log keep them as long as its operator says."""
        with guarded(self.where), self.writer.connect() as connection:
            connection.execution_options(isolation_level="AUTOCOMMIT").exec_driver_sql("VACUUM")


def _without_password(url: URL) -> str:
    """Return an address for errors and the log: a password may stand in its query as well."""
    hidden = {name: "***" for name in url.query if "pass" in name}
    return url.update_query_dict(hidden).render_as_string(hide_password=True)


def _lock_number(key: str) -> int:
    return int.from_bytes(hashlib.sha256(f"dualtrack/lock/{key}".encode()).digest()[:8], "big", signed=True)
