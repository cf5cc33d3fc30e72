"""Entries of a ledger: the leaf that is hashed, and the salted commitment that ties it to erasable content.

A leaf holds only identifiers of institutions and uses; content lies outside behind SHA-256(tag, salt, content), so that
it can be erased while the log still verifies (docs/assessment.md, section 1).
"""

from __future__ import annotations

import hashlib
import re

import msgspec

from dualtrack.domain import canonical
from dualtrack.domain.bounds import CONTENT_BYTES_MAX
from dualtrack.domain.forms import Digest, EntryKind, Slug, SubjectName
from dualtrack.domain.time import parse_instant
from dualtrack.errors import DocumentError, FieldError

__all__ = ["LEAF_BYTES_MAX", "SALT_BYTES", "Entry", "Leaf", "commitment", "leaf_bytes", "make_entry", "read_leaf"]

LEAF_BYTES_MAX = 65_535
"""C2SP tlog-tiles gives an entry a 16-bit length."""

SALT_BYTES = 32
"""As long as the digest, so that a commitment to a guessable content cannot be tried out."""

_TAG = b"dualtrack/commitment/v1\x00"
_PLAIN = re.compile(r"[A-Za-z0-9/:.-]*")


class Leaf(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The logged part of an entry; `v` is the version of the leaf form."""

    v: int
    kind: EntryKind
    institution: Slug
    id: SubjectName
    recorded_at: str
    commitment: Digest


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One entry as it stands in a ledger: its index, exact leaf bytes, salt and exact content bytes."""

    index: int
    leaf: bytes
    salt: bytes
    content: bytes
    parsed: Leaf

    @property
    def kind(self) -> str:
        """Kind and schema version, as `evidence/1`."""
        return self.parsed.kind

    @property
    def recorded_at(self) -> str:
        """Instant at which the ledger took the entry in."""
        return self.parsed.recorded_at


def commitment(salt: bytes, content: bytes) -> str:
    """Return the salted commitment to the content, as hexadecimal digits."""
    return hashlib.sha256(_TAG + salt + content).hexdigest()


def leaf_bytes(kind: str, institution: str, subject: str, recorded_at: str, salt: bytes, content: bytes) -> bytes:
    """Encode a leaf; raises DocumentError when the content or the leaf is larger than its bound."""
    if len(content) > CONTENT_BYTES_MAX:
        raise DocumentError(
            f"content of {len(content)} bytes", where=f"{kind} {subject}", expected=f"at most {CONTENT_BYTES_MAX}"
        )
    digest = commitment(salt, content)
    if _PLAIN.fullmatch(
        f"{kind}{institution}{subject}{recorded_at}"
    ):  # nothing to escape: the canonical form is at hand
        leaf = (
            f'{{"commitment":"{digest}","id":"{subject}","institution":"{institution}",'
            f'"kind":"{kind}","recorded_at":"{recorded_at}","v":1}}'
        ).encode()
    else:
        leaf = canonical.encode(
            {
                "v": 1,
                "kind": kind,
                "institution": institution,
                "id": subject,
                "recorded_at": recorded_at,
                "commitment": digest,
            }
        )
    if len(leaf) > LEAF_BYTES_MAX:
        raise DocumentError(f"leaf of {len(leaf)} bytes", where=kind, expected=f"at most {LEAF_BYTES_MAX}")
    return leaf


def read_leaf(data: bytes, *, where: str = "leaf") -> Leaf:
    """Decode exact leaf bytes; refuses unknown fields and any non-canonical form."""
    plain = canonical.decode(data, where=where)
    try:
        leaf = msgspec.convert(plain, Leaf)
    except msgspec.ValidationError as error:
        raise FieldError(str(error), where=where) from error
    if leaf.v != 1:
        raise FieldError(f"leaf version {leaf.v}", where=where, expected="1")
    parse_instant(leaf.recorded_at, where=where)
    return leaf


def make_entry(index: int, leaf: bytes, salt: bytes, content: bytes, *, where: str = "entry") -> Entry:
    """Build an entry and check that its leaf commits to exactly this salt and content."""
    parsed = read_leaf(leaf, where=where)
    if len(salt) != SALT_BYTES:
        raise DocumentError(f"a salt of {len(salt)} bytes", where=where, expected=f"{SALT_BYTES} bytes")
    if parsed.commitment != commitment(salt, content):
        raise DocumentError("the leaf does not commit to this content", where=where, code="input.document.commitment")
    return Entry(index=index, leaf=leaf, salt=salt, content=content, parsed=parsed)
