"""The archive of a bundle, in its one legal form: a zip whose every byte is determined by its members.

Stored, names in byte order, fixed headers (made by and needed version 20, no flags, 1980-01-01 00:00, attributes 0), no
directory entries, nothing before, between or after (docs/assessment.md, section 12). The standard library's writer
cannot leave the attributes at 0, so the 46-byte headers are written here.
"""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING

from dualtrack.errors import BundleError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["ARCHIVE_BYTES_MAX", "MEMBERS_MAX", "MEMBER_BYTES_MAX", "read_archive", "write_archive"]

MEMBERS_MAX = 256
"""A bundle has six members and one for each adopted pack."""

ARCHIVE_BYTES_MAX = 64 * 1024 * 1024
"""Largest archive: a hundred times the demo's largest (0.4 MB), and what a verifier can read in memory."""

MEMBER_BYTES_MAX = 32 * 1024 * 1024
"""Largest member: JSON takes some thirty times its size to read."""

_VERSION = 20
_DATE_1980_01_01 = 33
_LOCAL = struct.Struct("<4s5H3I2H")
_CENTRAL = struct.Struct("<4s6H3I5H2I")
_END = struct.Struct("<4s4H2IH")


def write_archive(members: Mapping[str, bytes]) -> bytes:
    """Return the archive of the members; the same members give the same bytes."""
    sizes = {name: len(data) for name, data in members.items()}
    largest = max(sizes, key=sizes.__getitem__, default="")
    if sizes and sizes[largest] > MEMBER_BYTES_MAX:
        raise BundleError(
            f"{sizes[largest]} bytes", where=f"member {largest!r:.80}", expected=f"at most {MEMBER_BYTES_MAX} a member"
        )
    if not 0 < len(sizes) <= MEMBERS_MAX or sum(sizes.values()) > ARCHIVE_BYTES_MAX:
        raise BundleError(f"{len(members)} members", expected=f"1 to {MEMBERS_MAX}, {ARCHIVE_BYTES_MAX} bytes in all")
    body, directory = bytearray(), bytearray()
    for name in sorted(members, key=str.encode):
        data, label = members[name], name.encode("ascii")
        crc, size = zlib.crc32(data), len(data)
        shared = (_VERSION, 0, 0, 0, _DATE_1980_01_01, crc, size, size, len(label), 0)
        directory += _CENTRAL.pack(b"PK\x01\x02", _VERSION, *shared, 0, 0, 0, 0, len(body)) + label
        body += _LOCAL.pack(b"PK\x03\x04", *shared) + label + data
    end = _END.pack(b"PK\x05\x06", 0, 0, len(members), len(members), len(directory), len(body), 0)
    return bytes(body + directory + end)


def read_archive(data: bytes) -> dict[str, bytes]:
    """Return the members of an archive; any other form than `write_archive`'s is refused.

    The members are read from the front and the whole is written again: only equal bytes are accepted, so that no byte
    of an archive is without a check.
    """
    if len(data) > ARCHIVE_BYTES_MAX:
        raise BundleError(f"{len(data)} bytes", where="archive", expected=f"at most {ARCHIVE_BYTES_MAX}")
    members: dict[str, bytes] = {}
    position = 0
    while data[position : position + 4] == b"PK\x03\x04" and len(members) < MEMBERS_MAX:
        name, content, position = _member(data, position)
        members[name] = content
    if not members or write_archive(members) != data:
        raise BundleError("not in the one legal form", where="archive", fix="ask for the bundle again")
    return members


def _member(data: bytes, position: int) -> tuple[str, bytes, int]:
    try:
        header = _LOCAL.unpack_from(data, position)
        size, length = header[7], header[9]
        start = position + _LOCAL.size
        name = data[start : start + length].decode("ascii")
    except (struct.error, UnicodeDecodeError) as error:
        raise BundleError("a member's header is broken", where="archive", fix="ask for the bundle again") from error
    content = data[start + length : start + length + size]
    return name, content, start + length + size
