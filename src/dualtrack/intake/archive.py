"""Check the zip archive that an xlsx or ods file is, before anything else reads it.

The sizes in an archive's directory are claims. Each part is unpacked here with a counter running, so a bomb is met by
a limit and a false size by a refusal; readers further on see only archives whose sizes are true.
"""

from __future__ import annotations

import struct
import zipfile
import zlib
from io import BytesIO

from dualtrack.intake.limits import ENTRIES_MAX, PART_BYTES_MAX, UNPACKED_BYTES_MAX, broken, too_much

__all__ = ["xml_parts"]

_LOCAL_HEADER = struct.Struct("<4s22xHH")
"""Signature, then the lengths of name and extra field (APPNOTE 6.3.10, section 4.3.7)."""

_CHUNK_BYTES = 1 << 20


def xml_parts(data: bytes, where: str) -> dict[str, bytes]:
    """Return the unpacked XML parts of an archive by name; every other part is unpacked too, counted and dropped.

    Raises WorkbookError for what is not a plain zip archive: encrypted, doubled or unknown entries, sizes that are not
    true, more parts or bytes than an inventory needs.
    """
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError) as error:
        raise broken(f"the archive cannot be read: {error}", where) from error
    _check_entries(entries, where)
    parts: dict[str, bytes] = {}
    left = UNPACKED_BYTES_MAX
    for entry in entries:
        content = _unpack(data, entry, min(left, PART_BYTES_MAX), where)
        left -= len(content)
        if entry.filename.lower().endswith((".xml", ".rels")):
            parts[entry.filename] = content
    return parts


def _check_entries(entries: list[zipfile.ZipInfo], where: str) -> None:
    if len(entries) > ENTRIES_MAX:
        raise too_much(f"the archive has {len(entries):,} entries", where, f"at most {ENTRIES_MAX:,}")
    names = {entry.filename.casefold() for entry in entries}
    if len(names) != len(entries):
        raise broken("the archive has two entries of one name", where)
    claimed = sum(entry.file_size for entry in entries)
    if claimed > UNPACKED_BYTES_MAX:
        raise too_much(f"unpacks to {claimed:,} bytes", where, f"at most {UNPACKED_BYTES_MAX:,} bytes")
    for entry in entries:
        if entry.flag_bits & 1:
            raise broken(f"the part {entry.filename} is encrypted", where)
        if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise broken(f"the part {entry.filename} is packed by an unusual method", where)


def _unpack(data: bytes, entry: zipfile.ZipInfo, limit: int, where: str) -> bytes:
    packed = _packed(data, entry, where)
    content = packed if entry.compress_type == zipfile.ZIP_STORED else _inflate(packed, limit, entry.filename, where)
    if len(content) > limit:
        raise too_much(f"the part {entry.filename} is too large", where, f"at most {PART_BYTES_MAX:,} bytes")
    if len(content) != entry.file_size or zlib.crc32(content) != entry.CRC:
        raise broken(f"the part {entry.filename} is not what the archive's directory says", where)
    return content


def _packed(data: bytes, entry: zipfile.ZipInfo, where: str) -> bytes:
    start = entry.header_offset
    if start < 0 or start + 30 > len(data):
        raise broken(f"the part {entry.filename} lies outside the file", where)
    signature, name_bytes, extra_bytes = _LOCAL_HEADER.unpack_from(data, start)
    first = start + 30 + name_bytes + extra_bytes
    if signature != b"PK\x03\x04" or first + entry.compress_size > len(data):
        raise broken(f"the part {entry.filename} is cut off", where)
    return data[first : first + entry.compress_size]


def _inflate(packed: bytes, limit: int, name: str, where: str) -> bytes:
    """Inflate to at most one byte more than `limit`: enough to know that there is more."""
    engine = zlib.decompressobj(-zlib.MAX_WBITS)
    pieces: list[bytes] = []
    room, rest = limit + 1, packed
    try:
        while room > 0 and not engine.eof:
            piece = engine.decompress(rest, min(room, _CHUNK_BYTES))
            rest = engine.unconsumed_tail
            if not piece and not rest:
                break
            pieces.append(piece)
            room -= len(piece)
    except zlib.error as error:
        raise broken(f"the part {name} cannot be unpacked: {error}", where) from error
    return b"".join(pieces)
