"""What goes into a ledger and what comes back: new entries, checked before they wait for the writer, and receipts."""

from __future__ import annotations

import json
import re
from typing import NamedTuple

import msgspec

from dualtrack.domain.bounds import CONTENT_BYTES_MAX
from dualtrack.domain.forms import ENTRY_KIND
from dualtrack.errors import DocumentError, DualtrackError, FieldError
from dualtrack.keys import dsse

__all__ = ["RETENTION_DEFAULT", "NewEntry", "Receipt", "check_entry_text", "check_new_entry"]

RETENTION_DEFAULT = "standard"
"""Retention class of a content unless another is named."""

_SLUG = r"[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?"
_KIND = re.compile(ENTRY_KIND, re.ASCII)
_ID = re.compile(rf"{_SLUG}(?:/{_SLUG})?", re.ASCII)
_RETENTION = re.compile(_SLUG, re.ASCII)
_NUL, _NUL_WRITTEN = "\x00", b"\\u0000"
_ENVELOPE_BEGIN = b'{"payload":'
_PLACE_CHARACTERS_MAX = 120
"""Longest place of a field in an error: a key of the document may be as long as the document."""


class NewEntry(NamedTuple):
    """An entry to append: kind with version, institution, what it is about, exact content bytes, retention class."""

    kind: str
    institution: str
    id: str
    content: bytes
    retention: str = RETENTION_DEFAULT


class Receipt(msgspec.Struct, frozen=True):
    """Proof of being taken in: index, leaf hash (32 bytes), and the size of the signed head that first covers it."""

    index: int
    leaf_hash: bytes
    size: int


def check_new_entry(item: NewEntry, institution: str) -> None:
    """Raise FieldError or DocumentError for an entry that this institution's ledger cannot take."""
    kind, owner, subject, content, retention = item
    if not _KIND.fullmatch(kind):
        raise FieldError(f"kind {kind!r}", where="entry", expected="name/version, as evidence/1")
    if owner != institution:
        raise FieldError(
            f"an entry of {owner!r}", where=f"ledger of {institution!r}", fix="append it to its institution's ledger"
        )
    if not _ID.fullmatch(subject) or subject.partition("/")[0] != institution:
        raise FieldError(f"id {subject!r}", where=f"entry {kind}", expected=f"{institution} or {institution}/use")
    if not _RETENTION.fullmatch(retention):
        raise FieldError(f"retention class {retention!r}", where=f"entry {kind} {subject}", expected="a slug")
    if type(content) is not bytes:
        raise FieldError(f"content is {type(content).__name__}", where=f"entry {kind} {subject}", expected="bytes")
    if len(content) > CONTENT_BYTES_MAX:
        raise DocumentError(
            f"content of {len(content)} bytes",
            where=f"entry {kind} {subject}",
            expected=f"at most {CONTENT_BYTES_MAX}",
            fix="keep the document outside and log its digest",
        )


def check_entry_text(item: NewEntry) -> None:
    """Raise FieldError, naming the field, for a text with U+0000: PostgreSQL keeps it in no column, and people never mean it.

    For what people and other programs write. What the runtime records of a call is not asked: a call that began must end.
    """
    data = _said(item.content)
    if _NUL_WRITTEN not in data:
        return
    try:
        place = _place_of_nul(json.loads(data))
    except (ValueError, RecursionError):  # no JSON: nothing of it is ever put in a column
        return
    if place is not None:
        raise FieldError(
            "the character U+0000",
            where=f"{item.kind}, field {place.lstrip('.')[:_PLACE_CHARACTERS_MAX]}",
            expected="text that can be read",
            fix="delete the invisible character and send it again",
            code="input.field.unreadable",
        )


def _said(content: bytes) -> bytes:
    """Return what an entry says: of a signed one, its payload."""
    if not content.startswith(_ENVELOPE_BEGIN):
        return content
    try:
        return dsse.parse(content).payload
    except DualtrackError:
        return content


def _place_of_nul(value: object, place: str = "") -> str | None:
    """Return where in plain data the first text with U+0000 is, as a path, or None."""
    if isinstance(value, str):
        return place if _NUL in value else None
    if isinstance(value, dict):
        inside = [(f"{place}.{key}", part) for key, part in value.items()]
        if any(_NUL in key for key in value):
            return place or "name"
    elif isinstance(value, list):
        inside = [(f"{place}[{position}]", part) for position, part in enumerate(value)]
    else:
        return None
    return next((found for where, part in inside if (found := _place_of_nul(part, where)) is not None), None)
