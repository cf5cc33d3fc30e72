"""SQLite's write-ahead log as a file: how many of its pages a crash left without their commit.

Format: https://www.sqlite.org/fileformat2.html#walformat. SQLite itself ignores such pages when it opens the file;
this only counts them, to say so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["WalTail", "read_wal_tail"]

_HEADER_BYTES = 32
_FRAME_BYTES = 24
_MAGIC = frozenset({b"\x37\x7f\x06\x82", b"\x37\x7f\x06\x83"})


class WalTail(NamedTuple):
    """Pages in the log that belong to committed transactions, and pages after the last commit, which do not count."""

    committed: int
    discarded: int


def read_wal_tail(path: Path) -> WalTail:
    """Read the headers of a write-ahead log. Call it under the writer's lock: a commit under way looks like a crash."""
    try:
        stream = path.open("rb")
    except FileNotFoundError:
        return WalTail(0, 0)
    with stream:
        header = stream.read(_HEADER_BYTES)
        if len(header) < _HEADER_BYTES or header[:4] not in _MAGIC:
            return WalTail(0, 0)
        page_bytes, salts = int.from_bytes(header[8:12], "big"), header[16:24]
        frames = committed = 0
        while len(frame := stream.read(_FRAME_BYTES)) == _FRAME_BYTES and frame[8:16] == salts:
            frames += 1
            if frame[4:8] != b"\x00\x00\x00\x00":  # the size of the database: written in the last frame of a commit
                committed = frames
            stream.seek(page_bytes, 1)
        return WalTail(committed, frames - committed)
