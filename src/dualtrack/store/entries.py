"""What goes into a ledger and what comes back: new entries, checked before they wait for the writer, and receipts."""

from __future__ import annotations

import re
from typing import NamedTuple

import msgspec

from dualtrack.domain.bounds import CONTENT_BYTES_MAX
from dualtrack.domain.forms import ENTRY_KIND
from dualtrack.errors import DocumentError, FieldError

__all__ = ["RETENTION_DEFAULT", "NewEntry", "Receipt", "check_new_entry"]

RETENTION_DEFAULT = "standard"
"""Retention class of a content unless another is named."""

_SLUG = r"[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?"
_KIND = re.compile(ENTRY_KIND, re.ASCII)
_ID = re.compile(rf"{_SLUG}(?:/{_SLUG})?", re.ASCII)
_RETENTION = re.compile(_SLUG, re.ASCII)


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
