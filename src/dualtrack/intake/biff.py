"""Check an old xls file before the reader does: how far its sheets say, and their values do, reach.

The reader allocates what a sheet's dimensions claim, and rows times columns up to its furthest value; a file of a few
hundred bytes could ask for all memory. So the compound file's chains and the records' places are walked here first.
Sources: MS-CFB (sections 2.2 to 2.6), MS-XLS (sections 2.4.20, 2.4.90, 2.4.175).
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from dualtrack.intake.limits import COLUMNS_MAX, SHEETS_MAX, broken, check_place, too_much

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["check"]

_FREE = 0xFFFFFFFA
"""Sector numbers from here on are marks (end of chain, free, FAT), not sectors."""

_DIRECTORY_ENTRY_BYTES = 128
_STREAM, _ROOT = 2, 5
"""Types of directory entries."""

_WIDE_BYTES = 14
"""Length of a dimensions record with four bytes for a row (BIFF8); the older one has two."""

_MINI_SECTOR_BYTES = 64
_FORMAT_ROWS = 65_536
"""Rows of the format itself: a sheet formatted to its last row is ugly, not hostile."""

_CELL_RECORDS = frozenset({0x0006, 0x00D6, 0x00FD, 0x0203, 0x0204, 0x0205, 0x027E})
"""Formula, rich string, shared string, number, label, boolean or error, RK number: place in the first four bytes."""

_MULTIPLE, _DIMENSIONS, _BEGIN = 0x00BD, 0x0200, 0x0809
_VERSIONS = (0x0500, 0x0600)
"""BIFF5 (Excel 95) and BIFF8 (Excel 97 to 2003); older ones are refused."""


def check(data: bytes, where: str) -> None:
    """Refuse an xls file whose structure is broken or whose values lie beyond the bounds; WorkbookError."""
    try:
        stream = _stream(data, where)
        _records(stream, where)
    except (struct.error, IndexError) as error:
        raise broken(f"its structure is cut off: {error}", where) from error


def _stream(data: bytes, where: str) -> bytes:
    """Return the bytes of the stream that holds the workbook."""
    shift = struct.unpack_from("<H", data, 30)[0]
    if shift not in (9, 12):
        raise broken("its sectors have an unusual size", where)
    size = 1 << shift
    table = _allocation(data, size, where)
    first_directory, cutoff, first_mini = (struct.unpack_from("<I", data, at)[0] for at in (48, 56, 60))
    entries = list(_entries(_chain(data, table, first_directory, size, size, where)))
    root = next((entry for entry in entries if entry[1] == _ROOT), None)
    book = next((e for name in ("workbook", "book") for e in entries if e[0] == name and e[1] == _STREAM), None)
    if any(entry[0] == "encryptedpackage" for entry in entries):
        raise broken("it is protected by a password", where)
    if root is None or book is None:
        raise broken("it has no workbook inside", where)
    _, _, start, length = book
    if length >= cutoff:
        return _whole(_chain(data, table, start, size, size, where), length, where)
    small = _chain(data, table, root[2], size, size, where)
    small_table = _numbers(_chain(data, table, first_mini, size, size, where))
    return _whole(_chain(small, small_table, start, _MINI_SECTOR_BYTES, 0, where), length, where)


def _whole(stream: bytes, length: int, where: str) -> bytes:
    if len(stream) < length:
        raise broken(f"its workbook is cut off after {len(stream):,} of {length:,} bytes", where)
    return stream[:length]


def _allocation(data: bytes, size: int, where: str) -> list[int]:
    """Return the file allocation table: for each sector, the next one of its chain."""
    listed = list(struct.unpack_from("<109I", data, 76))
    more, seen = struct.unpack_from("<I", data, 68)[0], set[int]()
    while more < _FREE:
        if more in seen:
            raise broken("its sector list runs in a circle", where)
        seen.add(more)
        part = _numbers(data[(more + 1) * size : (more + 2) * size])
        listed += part[:-1]
        more = part[-1]
    pieces = [data[(sector + 1) * size : (sector + 2) * size] for sector in listed if sector < _FREE]
    return _numbers(b"".join(pieces))


def _chain(data: bytes, table: list[int], first: int, size: int, offset: int, where: str) -> bytes:
    """Return the bytes of a chain of sectors; `offset` is where sector 0 begins (after the header, or at once)."""
    pieces: list[bytes] = []
    sector = first
    while sector < _FREE:
        if len(pieces) > len(table):
            raise broken("a chain of its sectors runs in a circle", where)
        pieces.append(data[offset + sector * size : offset + (sector + 1) * size])
        sector = table[sector]
    return b"".join(pieces)


def _entries(directory: bytes) -> Iterator[tuple[str, int, int, int]]:
    """Yield name (lower case), type, first sector and length of each directory entry."""
    for at in range(0, len(directory) - _DIRECTORY_ENTRY_BYTES + 1, _DIRECTORY_ENTRY_BYTES):
        name_bytes = struct.unpack_from("<H", directory, at + 64)[0]
        name = directory[at : at + max(0, min(name_bytes, 64) - 2)].decode("utf-16-le", "replace").lower()
        yield name, directory[at + 66], *struct.unpack_from("<II", directory, at + 116)


def _numbers(data: bytes) -> list[int]:
    return list(struct.unpack(f"<{len(data) // 4}I", data[: len(data) // 4 * 4]))


def _records(stream: bytes, where: str) -> None:
    at = begun = 0
    while at + 4 <= len(stream):
        kind, length = struct.unpack_from("<HH", stream, at)
        body = stream[at + 4 : at + 4 + length]
        if kind == _BEGIN:
            begun += 1
            if struct.unpack_from("<H", body)[0] not in _VERSIONS:
                raise broken("it is of a version before Excel 95", where)
            if begun > SHEETS_MAX * 4:  # sheets, and the charts embedded in them
                raise too_much(f"more than {SHEETS_MAX} sheets", where, f"at most {SHEETS_MAX}")
        elif kind == _DIMENSIONS:
            _check_claim(body, where)
        elif kind in _CELL_RECORDS:
            row, column = struct.unpack_from("<HH", body)
            check_place(row + 1, column + 1, where)
        elif kind == _MULTIPLE:
            check_place(struct.unpack_from("<H", body)[0] + 1, struct.unpack_from("<H", body, length - 2)[0] + 1, where)
        at += 4 + length


def _check_claim(body: bytes, where: str) -> None:
    wide = len(body) >= _WIDE_BYTES
    _, rows, _, columns = struct.unpack_from("<IIHH" if wide else "<HHHH", body)
    if rows > _FORMAT_ROWS or columns > COLUMNS_MAX:
        expected = f"at most {_FORMAT_ROWS:,} x {COLUMNS_MAX}, the size of the format"
        raise too_much(f"a sheet claims {rows:,} rows and {columns:,} columns", where, expected)
