"""What a database driver raised, as one of our errors: full, busy, corrupt, lost, or plainly unusable."""

from __future__ import annotations

import errno
import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlalchemy.exc import DBAPIError

from dualtrack.errors import StoreBusyError, StoreCorruptError, StoreError, StoreFullError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["STORE_LOST", "guarded", "translate"]

STORE_LOST = "store.lost"
"""Code of the error for a connection that broke: whether the last commit took place is not known yet."""

_REFUSED_HERE = frozenset({"DataError", "ProgrammingError", "NotSupportedError"})
"""Names that every driver gives (PEP 249) to what it refuses by itself, before the server sees it: no connection broke."""

_SQLITE_PRIMARY = 0xFF
_FULL_STATES = frozenset({"53100", "53200"})
_BUSY_STATES = frozenset({"55P03", "40P01", "57014"})
_CORRUPT_STATES = frozenset({"XX001", "XX002"})
_SQLITE_FULL = frozenset({sqlite3.SQLITE_FULL})
_SQLITE_BUSY = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
_SQLITE_CORRUPT = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})


@contextmanager
def guarded(where: str) -> Iterator[None]:
    """Turn driver errors raised inside into StoreError and its kinds."""
    try:
        yield
    except DBAPIError as error:
        raise translate(error, where) from error
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}:
            raise _full(where) from error
        raise


def translate(error: DBAPIError, where: str) -> StoreError:
    """Return our error for a driver's."""
    original = error.orig
    if isinstance(original, sqlite3.Error):
        return _from_sqlite(original, error, where)
    state = getattr(original, "sqlstate", None)
    if state in _FULL_STATES:
        return _full(where)
    if state in _BUSY_STATES:
        return _busy(where)
    if state in _CORRUPT_STATES:
        return _corrupt(str(original), where)
    silent = state is None and _REFUSED_HERE.isdisjoint(kind.__name__ for kind in type(original).__mro__)
    if error.connection_invalidated or silent or (state or "").startswith(("08", "57P")):
        return StoreError(
            "the database server went away",
            where=where,
            expected="a server that answers; what was not acknowledged may or may not be in the store",
            fix="bring the server back and try again: the next append says what became of the last one",
            code=STORE_LOST,
        )
    return _other(error, where)


def _from_sqlite(original: sqlite3.Error, error: DBAPIError, where: str) -> StoreError:
    code = getattr(original, "sqlite_errorcode", 0)
    primary = code & _SQLITE_PRIMARY
    if primary in _SQLITE_FULL or code in {sqlite3.SQLITE_IOERR_WRITE, sqlite3.SQLITE_IOERR_TRUNCATE}:
        return _full(where)
    if primary in _SQLITE_BUSY:
        return _busy(where)
    if primary in _SQLITE_CORRUPT:
        return _corrupt(str(original), where)
    return _other(error, where)


def _full(where: str) -> StoreFullError:
    return StoreFullError(
        "no room for the entries; nothing was written, everything before can be read",
        where=where,
        fix="free some space, or move the store, and append again",
    )


def _busy(where: str) -> StoreBusyError:
    return StoreBusyError(
        "held by another program's transaction",
        where=where,
        expected="only Dualtrack writes here",
        fix="close the other program (a database shell with an open transaction?) and try again",
    )


def _corrupt(problem: str, where: str) -> StoreCorruptError:
    return StoreCorruptError(
        f"the database finds its own pages damaged: {problem}",
        where=where,
        fix="run `dualtrack ledger verify` for what is affected, and restore from the backup",
    )


def _is_duplicate(original: BaseException | None) -> bool:
    if isinstance(original, sqlite3.Error):
        return isinstance(original, sqlite3.IntegrityError)
    return str(getattr(original, "sqlstate", "")).startswith("23")  # class 23: integrity constraint violation


def _other(error: DBAPIError, where: str) -> StoreError:
    text = str(error.orig).strip().split("\n")[0]
    if _is_duplicate(error.orig):
        return StoreCorruptError(
            f"a row stands where a new one belongs: {text}",
            where=where,
            expected="nothing beyond the newest checkpoint",
            fix="run `dualtrack ledger verify`: rows were put in behind the writer's back",
        )
    return StoreError(f"the database refused: {text}", where=where, fix="run `dualtrack doctor`")
