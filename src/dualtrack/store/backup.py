"""Backup to one file and back, verified both ways.

The file is an SQLite database with the tables of `tables.py` for one compartment and a row of `dualtrack_backup` that
says what it is (format `dualtrack.backup/1`), with the rule packs of the workspace, on which its verdicts rest. From SQLite it is made by SQLite's online backup, from PostgreSQL by
copying one snapshot; either can be restored to either. Contents in it are sealed as they were: without the vault key,
which is not in it and is kept apart, it opens for nobody.

That of `main` also holds accounts, API keys and customers' links, as the hashes and sealed keys that the database has;
sessions, counters of failures and answers that are kept for a day are left out, from both databases.
"""

from __future__ import annotations

import secrets
import shutil
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import msgspec
from sqlalchemy import func, select

from dualtrack.domain import canonical
from dualtrack.errors import PathError, StoreCorruptError, StoreError
from dualtrack.keys.files import FILE_MODE, check_private, make_folder, stands, sync_file, sync_folder
from dualtrack.store.backends import LOCK_WAIT_S
from dualtrack.store.faults import guarded
from dualtrack.store.identity_tables import IDENTITY
from dualtrack.store.migrate import SCHEMA_VERSION, upgrade
from dualtrack.store.packs import PackShelf
from dualtrack.store.shared_tables import SHARED
from dualtrack.store.sqlite import SqliteBackend
from dualtrack.store.tables import log_tables
from dualtrack.store.verify import verify_store

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Connection, Table

    from dualtrack.store.backends import Backend
    from dualtrack.store.findings import Report
    from dualtrack.store.store import Store

__all__ = ["BACKUP_FORMAT", "BackupNote", "backup", "read_backup_note", "restore"]

BACKUP_FORMAT = "dualtrack.backup/1"
"""Form of the file; a later release that changes it will still read this one."""

_ROWS_A_STEP = 500


class BackupNote(msgspec.Struct, frozen=True, kw_only=True):
    """What a backup file says it is."""

    format: str
    compartment: str
    schema: str
    made_at: str


def backup(store: Store, target: Path, *, made_at: str) -> list[Report]:
    """Write a backup of the store to a new file and verify that file; return the reports.

    Appends go on meanwhile; the backup is of one instant. Raises PathError if the target exists, StoreCorruptError
    (and leaves no file) if what was copied does not verify.
    """
    if stands(target):
        raise PathError("exists", where=str(target), fix="name a new file: backups are not overwritten")
    work = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
    make_folder(work)
    try:
        copy = work / "copy.db"
        if isinstance(store.backend, SqliteBackend):
            _online_copy(store.backend, copy)
            if store.compartment == "main":
                _drop_passing(copy)
        else:
            _copy_snapshot(store, copy, work)
        _write_note(
            copy,
            BackupNote(format=BACKUP_FORMAT, compartment=store.compartment, schema=SCHEMA_VERSION, made_at=made_at),
        )
        _write_packs(copy, store)
        reports = _verify_file(store, copy, work)
        copy.chmod(FILE_MODE)
        sync_file(copy)
        copy.rename(target)
        sync_folder(target.parent)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return reports


def restore(store: Store, source: Path) -> list[Report]:
    """Fill an empty store from a backup; return the reports of the restored store.

    The file is verified first, with the keys of this workspace, and copied in one transaction. Raises StoreError for a
    store that holds anything, PathError or StoreError for a file that is no backup of this compartment, and
    StoreCorruptError if it does not verify; in each case nothing is written.
    """
    check_private(source)
    note = read_backup_note(source)
    if note.format != BACKUP_FORMAT or note.compartment != store.compartment or note.schema != SCHEMA_VERSION:
        raise StoreError(
            f"a backup of {note.compartment} in the form {note.format}, schema {note.schema}",
            where=str(source),
            expected=f"{store.compartment}, {BACKUP_FORMAT}, schema {SCHEMA_VERSION}",
            fix="restore it with the release that made it, then upgrade",
            code="store.backup",
        )
    with store.backend.read() as connection:
        _check_empty(store, connection)
    work = store.run_folder / f"restore-{secrets.token_hex(4)}"
    make_folder(work)
    try:
        _verify_file(store, source, work)
        packs = _read_packs(source)
        reading = SqliteBackend(str(source), work, wait_s=LOCK_WAIT_S)
        try:
            for compiled in packs:  # first, since a pack too many does no harm
                PackShelf(store.workspace).keep(compiled)
            _fill(store, reading)
        finally:
            reading.close()
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return _checked(verify_store(store), store.backend.where)


def read_backup_note(path: Path) -> BackupNote:
    """Return what a file says it is; raises StoreError if it is no backup."""
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            row = connection.execute("SELECT format, compartment, schema, made_at FROM dualtrack_backup").fetchone()
    except sqlite3.Error as error:
        raise StoreError(
            f"is no backup: {error}", where=str(path), expected=BACKUP_FORMAT, code="store.backup"
        ) from error
    if row is None:
        raise StoreError(
            "is no backup: it does not say of what", where=str(path), expected=BACKUP_FORMAT, code="store.backup"
        )
    return BackupNote(format=row[0], compartment=row[1], schema=row[2], made_at=row[3])


def _online_copy(backend: SqliteBackend, target: Path) -> None:
    with guarded(backend.where), backend.reader.connect() as connection, closing(sqlite3.connect(target)) as copy:
        driver = connection.connection.driver_connection
        assert isinstance(driver, sqlite3.Connection)
        driver.backup(copy)  # in one step: one snapshot, and no starting again when an append comes between two
        copy.execute("PRAGMA journal_mode=DELETE")


def _drop_passing(path: Path) -> None:
    """Take out of a copy what ends with the day, and overwrite its bytes."""
    with closing(sqlite3.connect(path, isolation_level=None)) as copy:
        copy.execute("PRAGMA secure_delete=ON")
        for table in (*IDENTITY.passing, SHARED.once, SHARED.budget, SHARED.verification):
            copy.execute(f"DELETE FROM {table.name}")  # noqa: S608 - a name of our own


def _copy_snapshot(store: Store, target: Path, work: Path) -> None:
    copy = SqliteBackend(str(target), work, wait_s=LOCK_WAIT_S)
    try:
        upgrade(copy, store.compartment)
        with store.backend.read() as reading, copy.write("backup") as writing:
            _copy_rows(store, reading, copy, writing)
    finally:
        copy.close()
    with closing(sqlite3.connect(target)) as connection:
        connection.execute("PRAGMA journal_mode=DELETE")


def _fill(store: Store, reading: SqliteBackend) -> None:
    with reading.read() as source, store.backend.write(f"restore/{store.compartment}") as target:
        _check_empty(store, target)  # again, under the lock: an entry may have come meanwhile
        _copy_rows(store, source, store.backend, target)


def _kept_tables(store: Store) -> tuple[Table, ...]:
    """Return what a backup restores. Projections are made again; identity stands in `main` only."""
    return log_tables(store.tables) + (IDENTITY.kept if store.compartment == "main" else ())


def _check_empty(store: Store, connection: Connection) -> None:
    for table in _kept_tables(store):
        if connection.execute(select(func.count()).select_from(table.select().limit(1).subquery())).scalar():
            raise StoreError(
                f"holds rows already ({table.name})",
                where=store.backend.where,
                expected="an empty store",
                fix="restore into a new workspace: nothing is overwritten",
                code="store.not-empty",
            )


def _copy_rows(store: Store, source: Connection, backend: Backend, target: Connection) -> None:
    """Copy the log's tables and who may use it; projections are made again from the log."""
    for table in _kept_tables(store):
        found = source.execution_options(yield_per=_ROWS_A_STEP).execute(select(table).order_by(*table.primary_key))
        for rows in found.partitions():
            backend.insert(target, table, [tuple(row) for row in rows])


def _write_note(path: Path, note: BackupNote) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE dualtrack_backup (format TEXT, compartment TEXT, schema TEXT, made_at TEXT)")
        connection.execute("INSERT INTO dualtrack_backup VALUES (?, ?, ?, ?)", msgspec.structs.astuple(note))


def _write_packs(path: Path, store: Store) -> None:
    shelf = PackShelf(store.workspace)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE dualtrack_backup_pack (digest TEXT PRIMARY KEY, compiled BLOB)")
        connection.executemany("INSERT INTO dualtrack_backup_pack VALUES (?, ?)", shelf.items())


def _read_packs(path: Path) -> list[bytes]:
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            rows = connection.execute("SELECT digest, compiled FROM dualtrack_backup_pack").fetchall()
    except sqlite3.Error as error:
        raise StoreError(f"its rule packs cannot be read: {error}", where=str(path), code="store.backup") from error
    for digest, compiled in rows:
        if canonical.digest(compiled) != digest:
            raise StoreCorruptError(
                f"rule pack {digest[:16]} is not what was kept", where=str(path), fix="use another backup"
            )
    return [compiled for _, compiled in rows]


def _verify_file(store: Store, path: Path, work: Path) -> list[Report]:
    backend = SqliteBackend(str(path), work, wait_s=LOCK_WAIT_S)
    try:
        return _checked(verify_store(store, backend=backend), str(path))
    finally:
        backend.close()


def _checked(reports: list[Report], where: str) -> list[Report]:
    findings = [finding for report in reports for finding in report.findings]
    if findings:
        raise StoreCorruptError(
            f"does not verify: {findings[0]}" + (f", and {len(findings) - 1} more" if findings[1:] else ""),
            where=where,
            expected="every leaf, tile, head and content as it was written, under this workspace's keys",
            fix="use another backup, or the vault key and log key that belong to this one",
            code="store.corrupt.backup",
        )
    return reports
