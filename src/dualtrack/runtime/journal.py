"""The crash journal of one process: what is answered and not yet durable stands here first.

It is written without a disk flush, so it survives the death of the process but not that of the machine: then at most what
was at risk is gone, and the next start says so. Contents in it are sealed. A file is truncated when all in it is durable.
"""

from __future__ import annotations

import fcntl
import os
import struct
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from dualtrack.errors import StoreError
from dualtrack.store.content import SealedContent, SubjectKey  # noqa: TC001 - decoded from its annotations
from dualtrack.store.entries import NewEntry  # noqa: TC001 - as above

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["SEGMENT_BYTES_MAX", "DecisionRow", "Journal", "Prepared", "StaleJournal", "stale_journals"]

SEGMENT_BYTES_MAX = 8 << 20
"""Size at which writing goes on in the other file of the pair, so that this one can be emptied."""

_RECORD_BYTES_MAX = 64 << 20
_HEAD = struct.Struct(">I")


class DecisionRow(NamedTuple):
    """The index row of a decision, in the order of the table's columns; `idx` is put in when the entry has one."""

    id: str
    use_id: str
    release: str
    permit: str | None
    mode: str
    outcome: str
    at: str
    done_us: int
    receipt: str | None
    subject: str | None
    review: str | None
    input: str
    output: str | None
    run: str
    seq: int


class Prepared(NamedTuple):
    """A record ready to be written: its entry, index row, sealed contents, their new keys, and entries that go with it.

    `begun` tells that the row of its intent was put before: the row of the end takes its place.
    """

    entry: NewEntry
    row: DecisionRow | None
    contents: tuple[SealedContent, ...] = ()
    keys: tuple[SubjectKey, ...] = ()
    also: tuple[NewEntry, ...] = ()
    begun: bool = False


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Prepared)


class Journal:
    """A pair of files owned by this process for one institution and run."""

    def __init__(self, folder: Path, institution: str, run: str) -> None:
        self.paths = [folder / f"decisions-{institution}-{run}-{part}.journal" for part in "ab"]
        self._fds: list[int] = []
        for path in self.paths:
            fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
            fcntl.flock(fd, fcntl.LOCK_EX)
            self._fds.append(fd)
        self._sizes, self._pending, self._active = [0, 0], [0, 0], 0

    def add(self, item: Prepared) -> int:
        """Write a record; return the segment it stands in. Raises StoreError if the disk takes no more."""
        data = _encoder.encode(item)
        framed = _HEAD.pack(len(data)) + data
        part = self._active
        try:
            written = os.write(self._fds[part], framed)
        except OSError as error:
            raise StoreError(
                f"the crash journal cannot be written: {error.strerror}",
                where="run folder",
                fix="free some space",
                code="store.journal",
            ) from error
        if written != len(framed):
            os.ftruncate(self._fds[part], self._sizes[part])
            raise StoreError("the crash journal took half a record", where="run folder", code="store.journal")
        self._sizes[part] += written
        self._pending[part] += 1
        if self._sizes[part] > SEGMENT_BYTES_MAX and not self._pending[1 - part]:
            self._active = 1 - part
        return part

    def durable(self, part: int) -> None:
        """Note that a record of a segment is in the database; empty the segment when it was the last."""
        self._pending[part] -= 1
        if not self._pending[part] and self._sizes[part]:
            os.ftruncate(self._fds[part], 0)
            self._sizes[part] = 0

    def close(self) -> None:
        """End cleanly: no file is left, so the next start has nothing to find."""
        for path, fd in zip(self.paths, self._fds, strict=True):
            path.unlink(missing_ok=True)
            os.close(fd)
        self._fds = []


class StaleJournal:
    """What a process that died left; held until `remove` or `release`, so that two starts do not both recover it."""

    def __init__(self, path: Path, fd: int) -> None:
        self.path, self._fd = path, fd
        _, self.institution, self.run = _parts(path)

    def records(self) -> Iterator[Prepared]:
        """Yield whole records; a torn one at the end is what the process was writing as it died: unanswered."""
        data = self.path.read_bytes()
        start = 0
        while start + _HEAD.size <= len(data):
            (length,) = _HEAD.unpack_from(data, start)
            end = start + _HEAD.size + length
            if length > _RECORD_BYTES_MAX or end > len(data):
                return
            try:
                yield _decoder.decode(data[start + _HEAD.size : end])
            except msgspec.MsgspecError:
                return
            start = end

    def remove(self) -> None:
        """Delete the file: all in it is in the database."""
        self.path.unlink(missing_ok=True)
        self.release()

    def release(self) -> None:
        """Let it go, for another start to take up."""
        os.close(self._fd)


def stale_journals(folder: Path, institution: str) -> list[StaleJournal]:
    """Return the journals of an institution whose process is dead."""
    found = []
    for path in sorted(folder.glob(f"decisions-{institution}-*.journal")):
        if _parts(path)[1] != institution:
            continue
        try:
            fd = os.open(path, os.O_RDWR)
        except FileNotFoundError:
            continue
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(fd)
            continue
        found.append(StaleJournal(path, fd))
    return found


def _parts(path: Path) -> tuple[str, str, str]:
    """Split `decisions-<institution>-<run>-<a or b>`; a slug may hold hyphens, a run never."""
    name, _, _ = path.stem.rpartition("-")
    head, _, run = name.rpartition("-")
    return "decisions", head.removeprefix("decisions-"), run
