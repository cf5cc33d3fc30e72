"""Self-examination of a workspace: versions, modes, room, keys, schema, clock. Reads only; says what to do."""

from __future__ import annotations

import shutil
import sqlite3
import stat
from datetime import timedelta
from itertools import islice
from typing import TYPE_CHECKING, Literal

import msgspec
from sqlalchemy import func, select, text

from dualtrack.domain.bounds import CLOCK_SKEW_S
from dualtrack.domain.time import format_instant
from dualtrack.errors import DualtrackError
from dualtrack.store.backends import connect
from dualtrack.store.config import ledger_origin
from dualtrack.store.migrate import SCHEMA_VERSION, SCHEMA_VERSIONS, schema_version
from dualtrack.store.sqlite import WAL_BYTES_MAX, SqliteBackend
from dualtrack.store.tables import COMPARTMENTS, tables
from dualtrack.store.vault import VaultKey
from dualtrack.store.workspace import CONFIG_NAME

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime
    from pathlib import Path

    from sqlalchemy import Connection

    from dualtrack.store.backends import Backend
    from dualtrack.store.tables import CompartmentName
    from dualtrack.store.workspace import Workspace

__all__ = ["FREE_BYTES_FAULT", "FREE_BYTES_WARNING", "SQLITE_SAFE", "Check", "examine"]

SQLITE_SAFE = (3, 51, 3)
"""First SQLite without the fault by which resetting the write-ahead log with two connections could lose pages."""

FREE_BYTES_WARNING = 1 << 30
"""Room below which an operator should act: a day of heavy use."""

FREE_BYTES_FAULT = 64 << 20
"""Room below which appends will soon be refused."""

_WAIT_S = 2.0
_PATHS_MAX = 10_000
"""Paths looked at beside the store's own, which are few: pages and bundles can be many."""

_SERVER_SETTINGS = {"fsync": "on", "full_page_writes": "on"}
"""What an acknowledged entry rests on; synchronous_commit is set by every connection of ours."""


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One thing looked at: what was found, and what to do about it when it is not `ok`."""

    name: str
    status: Literal["ok", "warning", "fault"]
    found: str
    fix: str = ""


def examine(workspace: Workspace, now: datetime) -> list[Check]:
    """Look at everything; `now` is the operator's clock."""
    checks = [_sqlite_version(sqlite3.sqlite_version_info), *_modes(workspace), _room(workspace)]
    for compartment in COMPARTMENTS:
        if compartment in workspace.config.compartments:
            checks += _compartment(workspace, compartment, now)
    return checks


def _sqlite_version(version: tuple[int, ...]) -> Check:
    found = f"SQLite {'.'.join(map(str, version))}"
    if version >= SQLITE_SAFE:
        return Check(name="sqlite", status="ok", found=found)
    return Check(
        name="sqlite",
        status="warning",
        found=f"{found} can lose pages when two connections reset the write-ahead log; Dualtrack writes under a lock file",
        fix="let no other program write to the database, or use a Python built with SQLite 3.51.3 or later",
    )


def _modes(workspace: Workspace) -> Iterator[Check]:
    """Look for anything of the workspace that others may open, and for links that lead outside.

    Pages, bundles and anchors that were written into the folder are made to be handed on; their modes are their owner's.
    """
    root, private = workspace.root, _private_names(workspace)
    at_the_top = sorted(root.iterdir())
    own = [path for path in at_the_top if path.name.startswith(private)]
    kept = [root, *_below(own)]
    handed_on = list(islice(_below([path for path in at_the_top if path not in own]), _PATHS_MAX + 1))
    looked_at = [*kept, *handed_on[:_PATHS_MAX]]
    outside = sorted(str(path) for path in looked_at if path.is_symlink() and not path.resolve().is_relative_to(root))
    others = stat.S_IRWXG | stat.S_IRWXO
    open_to_others = sorted(str(path) for path in kept if path.lstat().st_mode & others and not path.is_symlink())
    yield _listed("modes", open_to_others, "nothing is open to other users", "open to other users", "chmod go-rwx")
    yield _listed("links", outside, "no link leads outside", "a link leads outside", "remove")
    if len(handed_on) > _PATHS_MAX:
        yield Check(
            name="paths",
            status="warning",
            found=f"{_PATHS_MAX} paths beside the store's own were looked at for links, and there are more",
            fix="keep what is not the store's own in another folder",
        )


def _below(paths: Iterable[Path]) -> Iterator[Path]:
    """Yield each path and, of a folder, what is in it; links are not followed."""
    for path in paths:
        yield path
        if path.is_dir() and not path.is_symlink():
            yield from path.rglob("*")


def _private_names(workspace: Workspace) -> tuple[str, ...]:
    """Return how names of what the store itself keeps begin: settings, keys, packs, and databases with their companions."""
    urls = [compartment.database for compartment in workspace.config.compartments.values()]
    files = [url.removeprefix("sqlite:///").partition("/")[0] for url in urls if url.startswith("sqlite:///")]
    return (CONFIG_NAME, workspace.config.key_dir.partition("/")[0], "run", "packs", *files)


def _listed(name: str, paths: list[str], good: str, bad: str, verb: str) -> Check:
    if not paths:
        return Check(name=name, status="ok", found=good)
    more = f" and {len(paths) - 1} more" if paths[1:] else ""
    return Check(name=name, status="fault", found=f"{bad}: {paths[0]}{more}", fix=f"{verb} {paths[0]}")


def _room(workspace: Workspace) -> Check:
    free = shutil.disk_usage(workspace.root).free
    found = f"{free >> 20} MiB free"
    if free >= FREE_BYTES_WARNING:
        return Check(name="room", status="ok", found=found)
    status: Literal["warning", "fault"] = "fault" if free < FREE_BYTES_FAULT else "warning"
    return Check(name="room", status=status, found=found, fix="free some space: a full disk refuses appends")


def _compartment(workspace: Workspace, compartment: CompartmentName, now: datetime) -> Iterator[Check]:
    settings = workspace.config.compartments[compartment]
    yield _vault_key(workspace.path(settings.vault_key), compartment)
    name = f"{compartment} database"
    url = workspace.database_url(settings)
    if url.startswith("sqlite:///") and not workspace.path(url.removeprefix("sqlite:///")).exists():
        yield Check(name=name, status="ok", found="not made yet: it is, when first opened")
        return
    try:
        backend = connect(url, workspace.path("run"), wait_s=_WAIT_S)
        try:
            yield from _database(workspace, backend, compartment, now)
        finally:
            backend.close()
    except DualtrackError as error:
        yield Check(name=name, status="fault", found=error.found, fix=error.fix)


def _vault_key(path: Path, compartment: str) -> Check:
    try:
        key = VaultKey.load(path)
    except DualtrackError as error:
        return Check(name=f"{compartment} vault key", status="fault", found=f"{path}: {error.found}", fix=error.fix)
    return Check(name=f"{compartment} vault key", status="ok", found=f"key {key.key_id}")


def _database(workspace: Workspace, backend: Backend, compartment: CompartmentName, now: datetime) -> Iterator[Check]:
    with backend.read() as connection:
        version = schema_version(connection, compartment)
        yield _schema(compartment, version)
        if backend.name == "postgresql":
            yield _server(connection, compartment)
        if version == SCHEMA_VERSION:
            for institution in workspace.config.institutions:
                yield _clock(connection, compartment, institution.id, now)
    if isinstance(backend, SqliteBackend):
        yield _wal(backend, compartment)


def _schema(compartment: str, version: str | None) -> Check:
    name = f"{compartment} schema"
    if version == SCHEMA_VERSION:
        return Check(name=name, status="ok", found=version)
    if version is None or version in SCHEMA_VERSIONS:
        return Check(name=name, status="warning", found=version or "none yet", fix="open the store: it is upgraded")
    return Check(name=name, status="fault", found=f"{version}, newer than this release", fix="install a later release")


def _server(connection: Connection, compartment: str) -> Check:
    wrong = []
    for setting, wanted in _SERVER_SETTINGS.items():
        value = connection.execute(text("SELECT current_setting(:name)"), {"name": setting}).scalar()
        if value != wanted:
            wrong.append(f"{setting} = {value}")
    if not wrong:
        return Check(name=f"{compartment} server", status="ok", found="flushes what it commits")
    fix = "turn them on in postgresql.conf: an acknowledged entry could be lost in a power cut"
    return Check(name=f"{compartment} server", status="fault", found=", ".join(wrong), fix=fix)


def _clock(connection: Connection, compartment: CompartmentName, institution: str, now: datetime) -> Check:
    entry, ledger = tables(compartment).entry, ledger_origin(institution, compartment)
    newest = connection.execute(select(func.max(entry.c.recorded_at)).where(entry.c.ledger == ledger)).scalar()
    name = f"{compartment} clock, {institution}"
    if newest is None or newest <= format_instant(now + timedelta(seconds=CLOCK_SKEW_S)):
        return Check(name=name, status="ok", found=f"newest entry {newest}" if newest else "no entry yet")
    return Check(
        name=name,
        status="fault",
        found=f"the newest entry is of {newest}, and the clock says {format_instant(now)}",
        fix="set the clock: until it has caught up, entries are recorded at the newest entry's time",
    )


def _wal(backend: SqliteBackend, compartment: str) -> Check:
    size = backend.wal_bytes()
    name, found = f"{compartment} write-ahead log", f"{size >> 20} MiB"
    if size <= 4 * WAL_BYTES_MAX:
        return Check(name=name, status="ok", found=found)
    return Check(name=name, status="warning", found=found, fix="a long-running reader keeps it from shrinking: end it")
