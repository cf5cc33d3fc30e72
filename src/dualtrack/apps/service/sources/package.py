"""The zip that a Word file is: unpacked within bounds, and refused where it holds anything but a document's own parts."""

from __future__ import annotations

import io
import re
import zipfile
import zlib

from dualtrack.apps.refusals import refused
from dualtrack.apps.service.sources.sections import FILE_BYTES_MAX

__all__ = ["MEMBERS_MAX", "UNPACKED_BYTES_MAX", "check_package"]

MEMBERS_MAX = 2_000
"""Parts of one file: a long manual with pictures has some hundreds."""

UNPACKED_BYTES_MAX = 100_000_000
"""Bytes of all parts once unpacked, counted while they are unpacked and not as the file says: words of a manual have some 5 million."""

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_CHUNK = 1 << 16
_MACRO = re.compile(r"vba\w*\.(?:bin|xml)$|/macrosheets/", re.IGNORECASE)
_INNER = re.compile(r"/(?:embeddings|activeX)/|\.(?:zip|docx?|docm|xlsx?|xlsm|pptx?|jar|7z|rar)$", re.IGNORECASE)
_DOCTYPE = re.compile(rb"<!\s*(?:doctype|entity)", re.IGNORECASE)
_OUTSIDE = re.compile(
    rb"<[\w:]*relationship\b(?=[^>]*\btargetmode\s*=\s*[\"']external)(?![^>]*/hyperlink[\"'])", re.IGNORECASE
)


def check_package(data: bytes, where: str) -> None:
    """Look through a Word file before it is parsed; raises DocumentError saying what it holds that a passage may not come from."""
    if len(data) > FILE_BYTES_MAX:
        raise refused(
            f"{len(data):,} bytes", where, expected=f"at most {FILE_BYTES_MAX:,}", fix="split it", code="too-much"
        )
    if data.startswith(_OLE):
        raise refused(
            "it is protected by a password, or an old .doc",
            where,
            expected="a .docx without a password",
            fix="save it as .docx without a password",
            code="password",
        )
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            _check_members(packed, where)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError, RuntimeError, ValueError, OSError) as error:
        raise refused(
            "no Word file, or a damaged one",
            where,
            expected="a .docx",
            fix="open it in a word processor and save it again as .docx",
            code="broken",
        ) from error


def _check_members(packed: zipfile.ZipFile, where: str) -> None:
    members = packed.infolist()
    names = [member.filename for member in members]
    if len(members) > MEMBERS_MAX or len(set(names)) != len(names):
        raise refused(
            f"{len(members):,} parts in it, {len(members) - len(set(names))} of them twice",
            where,
            expected=f"at most {MEMBERS_MAX:,}, each once",
            fix="save it again as .docx",
            code="too-much",
        )
    if "word/document.xml" not in names:
        raise refused(
            "a zip that is no Word file", where, expected="a .docx", fix="give the document itself", code="not-docx"
        )
    for name in names:
        if _MACRO.search(name):
            raise refused(
                "it holds macros", f"{where}, part {name}", fix="save it as .docx without macros", code="macro"
            )
        if _INNER.search(name):
            raise refused(
                "another file lies in it",
                f"{where}, part {name}",
                fix="take it out: a passage is text",
                code="inner-file",
            )
    left = UNPACKED_BYTES_MAX
    for member in members:
        left -= _check_part(packed, member, left, where)


def _check_part(packed: zipfile.ZipFile, member: zipfile.ZipInfo, most: int, where: str) -> int:
    """Unpack one part in pieces and look at its XML; return its bytes. What it says of its own size is not believed."""
    place = f"{where}, part {member.filename[:80]}"
    if member.flag_bits & 1:
        raise refused("it is encrypted", place, fix="save it without a password", code="password")
    taken: list[bytes] = []
    size = 0
    with packed.open(member) as part:
        while piece := part.read(_CHUNK):
            size += len(piece)
            if size > most:
                raise refused(
                    "it unpacks to too much",
                    place,
                    expected=f"at most {UNPACKED_BYTES_MAX:,} bytes for the whole file",
                    fix="take the pictures out, or split it",
                    code="too-much",
                )
            if member.filename.endswith((".xml", ".rels")):
                taken.append(piece)
    xml = b"".join(taken).replace(b"\x00", b"")  # UTF-16 has the same letters with zeros between
    if _DOCTYPE.search(xml):
        raise refused("it declares entities", place, fix="save it again as .docx", code="entities")
    if _OUTSIDE.search(xml):
        raise refused(
            "it fetches a part from elsewhere (a template, picture or object by its address)",
            place,
            fix="put the part into the file, or take it out",
            code="outside",
        )
    return size
