"""Intents: what a writer is about to commit, so that after a crash somebody can say what became of it.

A writer owns one small file in the workspace, locked while it lives. Before it commits it writes there which entries
and the digest of the head that seals them; afterwards it clears it. A file whose lock is free belongs to a dead writer:
if the store has that very head the entries were kept, though nobody was told; if not, they were rolled back.
The file is not flushed to disk: it outlives the process, and after a power cut the database alone decides.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from typing import TYPE_CHECKING, Literal

import msgspec

from dualtrack.store.locks import LockFile

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__ = ["INTENTS_MAX", "Intent", "IntentFile", "Recovery", "recover"]

INTENTS_MAX = 1000
"""Files of dead writers looked at on one opening; each opening clears what it saw."""

_RECORD_BYTES = 512
_SUFFIX = ".intent"


class Intent(msgspec.Struct, frozen=True):
    """Entries [first, first + count) of a ledger, sealed by the head whose note has this digest."""

    ledger: str
    first: int
    count: int
    note_digest: str

    @property
    def size(self) -> int:
        """Return the size of the log once committed."""
        return self.first + self.count

    def seals(self, note: bytes) -> bool:
        """Tell whether this is the note of the head."""
        return hashlib.sha256(note).hexdigest() == self.note_digest


class Recovery(msgspec.Struct, frozen=True):
    """What became of entries that were never acknowledged: rolled back, or kept."""

    ledger: str
    first: int
    count: int
    outcome: Literal["rolled_back", "kept"]
    by: str

    def __str__(self) -> str:
        what = "was rolled back" if self.outcome == "rolled_back" else "is in the ledger, though nobody was told"
        last = self.first + self.count - 1
        return f"{self.ledger}: the unfinished append of entries {self.first} to {last} by {self.by} {what}"


class IntentFile:
    """The intent file of one living writer."""

    def __init__(self, run_folder: Path, compartment: str) -> None:
        self._path = run_folder / f"{compartment}-{os.getpid()}-{secrets.token_hex(4)}{_SUFFIX}"
        self._lock = LockFile(self._path)
        self._lock.try_hold()
        self.pending: Intent | None = None

    def declare(self, ledger: str, first: int, count: int, note: bytes) -> None:
        """Say what is about to be committed."""
        self.pending = Intent(ledger, first, count, hashlib.sha256(note).hexdigest())
        self._lock.write(msgspec.json.encode(self.pending).ljust(_RECORD_BYTES))

    def clear(self) -> None:
        """Say that it was committed, or that its outcome has been established."""
        self.pending = None
        self._lock.write(b" " * _RECORD_BYTES)

    def close(self) -> None:
        """Remove the file."""
        if self.pending is None:
            self._path.unlink(missing_ok=True)
        self._lock.close()


def recover(run_folder: Path, compartment: str, is_kept: Callable[[Intent], bool]) -> list[Recovery]:
    """Look through the intents of dead writers, say what became of each, and remove their files."""
    found: list[Recovery] = []
    for path in sorted(run_folder.glob(f"{compartment}-*{_SUFFIX}"))[:INTENTS_MAX]:
        lock = LockFile(path)
        try:
            if not lock.try_hold():
                continue  # its writer lives
            intent = _read(path)
            if intent is not None:
                outcome: Literal["rolled_back", "kept"] = "kept" if is_kept(intent) else "rolled_back"
                writer = path.name.split("-")[1]
                found.append(Recovery(intent.ledger, intent.first, intent.count, outcome, f"process {writer}"))
            path.unlink(missing_ok=True)
        finally:
            lock.close()
    return found


def _read(path: Path) -> Intent | None:
    """Return the intent in a file; None if it is clear or was cut off while it was written."""
    try:
        return msgspec.json.decode(path.read_bytes()[:_RECORD_BYTES], type=Intent)
    except msgspec.DecodeError:
        return None
