"""What a witness remembers: the last head it signed of each log, in memory or in a file.

Everything a witness is worth hangs on this never going back. The file is created once and by name: a file that has
gone missing is an error, not a fresh start. A file restored from an old copy cannot be told from a current one.
"""

from __future__ import annotations

import fcntl
import os
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

import msgspec

from dualtrack.domain import canonical
from dualtrack.errors import DocumentError, PathError, StoreCorruptError, StoreError
from dualtrack.keys.b64 import b64_decode, b64_encode
from dualtrack.keys.files import replace_private
from dualtrack.ledger.checkpoint import parse_size
from dualtrack.ledger.merkle import HASH_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["STATE_BYTES_MAX", "FileState", "Head", "MemoryState", "WitnessState"]

STATE_BYTES_MAX = 16_777_216
"""Largest state file (16 MiB): some 100,000 logs; a supervisor witnesses a few thousand institutions."""

_FORMAT = "dualtrack.witness-state/1"


class Head(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Size and root of a log."""

    size: int
    root: bytes


class WitnessState(Protocol):
    """The last head of each origin. `advance` is atomic and durable: that is what the witness builds on."""

    def head(self, origin: str) -> Head | None:
        """Return the last head recorded, or None if there is none."""

    def advance(self, origin: str, old: Head | None, new: Head) -> bool:
        """Record `new` if the head is still `old`, and return True once it will survive a power cut; else False."""


class MemoryState:
    """A state that lasts as long as the process: for tests and rehearsals."""

    def __init__(self) -> None:
        self._heads: dict[str, Head] = {}
        self._lock = threading.Lock()

    def head(self, origin: str) -> Head | None:
        """Return the last head recorded, or None."""
        return self._heads.get(origin)

    def advance(self, origin: str, old: Head | None, new: Head) -> bool:
        """Record `new` if the head is still `old`."""
        with self._lock:
            if self._heads.get(origin) != old:
                return False
            self._heads[origin] = new
            return True


class FileState:
    """A state in one JSON file, replaced whole under a lock beside it (`<name>.lock`) that other processes honour."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read()

    @classmethod
    def create(cls, path: Path) -> FileState:
        """Make an empty state. Raises StoreError if the file exists: a witness never starts afresh by accident."""
        with _lock(path):
            if path.exists():
                raise StoreError("the witness has a state already", where=str(path), fix="open it instead of creating")
            _replace(path, {})
        return cls(path)

    def head(self, origin: str) -> Head | None:
        """Return the last head recorded, or None."""
        return self._read().get(origin)

    def advance(self, origin: str, old: Head | None, new: Head) -> bool:
        """Record `new` if the head is still `old`: file and folder are synced before this returns True."""
        with _lock(self._path):
            heads = self._read()
            if heads.get(origin) != old:
                return False
            _replace(self._path, heads | {origin: new})
            return True

    def _read(self) -> dict[str, Head]:
        try:
            with self._path.open("rb") as file:
                data = file.read(STATE_BYTES_MAX + 1)
        except FileNotFoundError as error:
            raise StoreError(
                "the witness's state is missing",
                where=str(self._path),
                fix="restore the file; create a new one only for a witness with a new key",
            ) from error
        return _decode(data, str(self._path))


@contextmanager
def _lock(path: Path) -> Iterator[None]:
    try:
        descriptor = os.open(path.with_name(path.name + ".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StoreError(f"cannot be locked: {error.strerror}", where=str(path), fix="check the folder") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _replace(path: Path, heads: dict[str, Head]) -> None:
    """Write the file whole. The caller holds the lock."""
    logs = {origin: {"root": b64_encode(head.root), "size": str(head.size)} for origin, head in heads.items()}
    data = canonical.encode({"format": _FORMAT, "logs": logs})
    if len(data) > STATE_BYTES_MAX:
        raise StoreError(f"the state would have {len(data)} bytes", where=str(path), expected=f"{STATE_BYTES_MAX}")
    try:
        replace_private(path, data)
    except PathError as error:
        raise StoreError(error.found, where=str(path), fix="make room, then retry") from error


def _decode(data: bytes, where: str) -> dict[str, Head]:
    try:
        return _heads(data)
    except (DocumentError, KeyError, TypeError, AttributeError) as error:
        raise StoreCorruptError(
            f"the witness's state cannot be read: {error}", where=where, fix="restore the file; sign nothing until then"
        ) from error


def _heads(data: bytes) -> dict[str, Head]:
    if len(data) > STATE_BYTES_MAX:
        raise DocumentError(f"more than {STATE_BYTES_MAX} bytes")
    value = canonical.decode(data)
    if value["format"] != _FORMAT:
        raise DocumentError("another format", expected=_FORMAT)
    heads: dict[str, Head] = {}
    for origin, head in value["logs"].items():
        size, root = parse_size(head["size"]), b64_decode(head["root"])
        if size is None or root is None or len(root) != HASH_BYTES:
            raise DocumentError(f"no head of {origin}")
        heads[origin] = Head(size=size, root=root)
    return heads
