"""Names and bytes of tiles and entry bundles (C2SP tlog-tiles).

A tile is up to 256 consecutive hashes of one level; a hash at tile level L is the root of 256^L leaves. Only the
rightmost tile of a level is partial. An entry bundle is up to 256 leaves, each after its length.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import msgspec

from dualtrack.errors import LedgerError
from dualtrack.ledger.merkle import HASH_BYTES

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "ENTRY_BYTES_MAX",
    "TILE_BITS",
    "TILE_LEVEL_MAX",
    "TILE_WIDTH",
    "Tile",
    "TileName",
    "decode_bundle",
    "encode_bundle",
    "entries_path",
    "parse_path",
    "partial_width",
    "tile_path",
    "tiles_of_size",
]

TILE_BITS = 8
"""Tree levels in a tile."""

TILE_WIDTH = 1 << TILE_BITS
"""Hashes in a full tile."""

TILE_LEVEL_MAX = 63
"""Highest tile level that C2SP lets a path name."""

ENTRY_BYTES_MAX = 65_535
"""Longest entry: its length travels in 16 bits."""

_INDEX_DIGITS_MAX = 21
"""Longest tile index in digits, in groups of three: 2^63 has 19."""

_PATH_CHARACTERS_MAX = 64
"""Longest path read; the longest that is written has 47 characters."""

_PATH = re.compile(r"tile/(entries|0|[1-9][0-9]?)/((?:x[0-9]{3}/){0,6}[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?", re.ASCII)


class Tile(msgspec.Struct, frozen=True):
    """A tile: level, index within the level, and its hashes one after another (32 bytes each, 1 to 256 of them)."""

    level: int
    index: int
    data: bytes

    @property
    def width(self) -> int:
        """Return the number of hashes."""
        return len(self.data) // HASH_BYTES


class TileName(msgspec.Struct, frozen=True):
    """What a path names: a tile of `level`, or the entry bundle if `level` is None; `width` is 256 when full."""

    level: int | None
    index: int
    width: int


def tile_path(level: int, index: int, width: int = TILE_WIDTH) -> str:
    """Return the path of a tile below the log's prefix, e.g. `tile/0/x001/x234/067` or `tile/1/000.p/17`."""
    if not 0 <= level <= TILE_LEVEL_MAX:
        raise LedgerError(f"no tile has level {level}", expected="0 to 63", code="ledger.tile")
    return f"tile/{level}/{_index_path(index, width)}"


def entries_path(index: int, width: int = TILE_WIDTH) -> str:
    """Return the path of an entry bundle below the log's prefix."""
    return f"tile/entries/{_index_path(index, width)}"


def parse_path(path: str) -> TileName:
    """Return what a path names; raises LedgerError unless it is exactly what the two functions above write."""
    match = _PATH.fullmatch(path) if len(path) <= _PATH_CHARACTERS_MAX else None
    if match:
        level = None if match[1] == "entries" else int(match[1])
        index = int(match[2].replace("x", "").replace("/", ""))
        width = int(match[3]) if match[3] else TILE_WIDTH
        name = TileName(level, index, width)
        if (level is None or level <= TILE_LEVEL_MAX) and (not match[3] or width < TILE_WIDTH) and _path(name) == path:
            return name
    raise LedgerError(f"{path[:80]!r} names no tile", expected="tile/<level>/<index>[.p/<width>]", code="ledger.tile")


def partial_width(level: int, size: int) -> int:
    """Return how many hashes the partial tile of a level has in a tree of `size` leaves; 0 if there is none."""
    return (size >> (TILE_BITS * level)) % TILE_WIDTH


def tiles_of_size(size: int) -> list[tuple[int, int, int]]:
    """Return (level, number of full tiles, width of the partial tile) of every level a tree of `size` leaves has."""
    levels: list[tuple[int, int, int]] = []
    level, hashes = 0, size
    while hashes:
        levels.append((level, hashes // TILE_WIDTH, hashes % TILE_WIDTH))
        level, hashes = level + 1, hashes // TILE_WIDTH
    return levels


def encode_bundle(entries: Sequence[bytes]) -> bytes:
    """Return the bytes of an entry bundle: each entry after its length in 16 bits, high byte first."""
    if not 0 < len(entries) <= TILE_WIDTH:
        raise LedgerError(f"{len(entries)} entries in a bundle", expected="1 to 256", code="ledger.bundle")
    parts: list[bytes] = []
    for position, entry in enumerate(entries):
        if len(entry) > ENTRY_BYTES_MAX:
            raise LedgerError(
                f"{len(entry)} bytes", where=f"entry {position}", expected="at most 65,535", code="ledger.bundle"
            )
        parts += (len(entry).to_bytes(2, "big"), entry)
    return b"".join(parts)


def decode_bundle(data: bytes, width: int = TILE_WIDTH) -> list[bytes]:
    """Return the `width` entries of a bundle; raises LedgerError if bytes are missing or left over."""
    entries: list[bytes] = []
    position = 0
    while position < len(data) and len(entries) < width:
        start = position + 2
        position = start + int.from_bytes(data[position:start], "big")
        entries.append(data[start:position])
    if position != len(data) or len(entries) != width:
        raise LedgerError(
            f"{len(data)} bytes do not hold exactly {width} entries", where="entry bundle", code="ledger.bundle"
        )
    return entries


def _path(name: TileName) -> str:
    if name.level is None:
        return entries_path(name.index, name.width)
    return tile_path(name.level, name.index, name.width)


def _index_path(index: int, width: int) -> str:
    if index < 0 or len(str(index)) > _INDEX_DIGITS_MAX or not 0 < width <= TILE_WIDTH:
        raise LedgerError(f"no tile has index {index} and width {width}", code="ledger.tile")
    digits = str(index)
    digits = digits.zfill(-(-len(digits) // 3) * 3)
    groups = [digits[start : start + 3] for start in range(0, len(digits), 3)]
    path = "/".join([f"x{group}" for group in groups[:-1]] + groups[-1:])
    return path if width == TILE_WIDTH else f"{path}.p/{width}"
