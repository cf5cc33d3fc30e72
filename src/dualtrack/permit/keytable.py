"""Whose signature counts: the table of keys an institution's root has granted, as it stood at each entry.

Keys are judged at the ledger index of the entry that they signed (docs/assessment.md, section 1).
"""

from __future__ import annotations

import base64
import binascii
from functools import lru_cache
from typing import NamedTuple, TypeVar

from dualtrack.domain import canonical
from dualtrack.domain.institution import Institution, KeyGrant, KeyRevocation
from dualtrack.domain.records import read_record, to_plain
from dualtrack.domain.vocabulary import Role
from dualtrack.errors import DualtrackError
from dualtrack.keys import dsse
from dualtrack.keys.ed25519 import KEY_BYTES, key_id, verify

__all__ = ["KeyTable", "OpenedEnvelope", "Refused", "Signed", "open_envelope", "raw_key", "read_payload"]

T = TypeVar("T")

_VERIFICATIONS_REMEMBERED = 65_536
"""Verified signatures kept: firm-level entries recur in every assessment of a portfolio; 65,536 keys fit in 20 MB."""


class Refused(Exception):  # noqa: N818 - not an error of the program: a reason code that the assessment records
    """An entry is not admitted, for the reason in `args[0]`."""


class Signed(NamedTuple):
    """A verified envelope: its payload as exact bytes and plain data, who signed, and with which roles."""

    payload: bytes
    plain: object
    payload_type: str
    holders: frozenset[str]
    roles: frozenset[Role]
    demo: bool


class KeyTable:
    """Keys in force, updated entry by entry."""

    def __init__(self, institution: Institution) -> None:
        root = raw_key(institution.root_key)
        if root is None:
            raise Refused("malformed")
        grant = KeyGrant(
            keyid=key_id(root),
            public_key=institution.root_key,
            holder=institution.id,
            name=institution.id,
            person=False,
            roles=[Role.ROOT],
        )
        self.root = grant.keyid
        self._keys: dict[str, tuple[bytes, KeyGrant]] = {grant.keyid: (root, grant)}
        self._holders: dict[str, str] = {grant.keyid: grant.holder}

    def grant(self, grant: KeyGrant) -> None:
        """Take a key into force from the next entry on, in place of an earlier grant of the same key."""
        self._holders[grant.keyid] = grant.holder
        self._keys[grant.keyid] = (raw_key(grant.public_key) or b"", grant)

    def may_be_of(self, keyid: str, holder: str) -> bool:
        """Tell whether a key may be granted to a holder.

        Never the root's, and a key stays with its first holder, also once revoked: under another name it would stand for
        a second person.
        """
        return keyid != self.root and self._holders.get(keyid, holder) == holder

    def revoke(self, revocation: KeyRevocation) -> None:
        """Take a key out of force from the next entry on."""
        self._keys.pop(revocation.keyid, None)

    def open(self, signed: OpenedEnvelope) -> Signed:
        """Verify every signature of an envelope; raises Refused with the reason code."""
        known = [self._keys.get(keyid) for keyid, _ in signed.signatures]
        if any(key is None for key in known):
            raise Refused("unknown-key")
        holders: set[str] = set()
        roles: set[Role] = set()
        demo = False
        for (_, sig), key in zip(signed.signatures, known, strict=True):
            assert key is not None
            raw, grant = key
            if not _verified(raw, sig, signed.message):
                raise Refused("bad-signature")
            holders.add(grant.holder)
            roles.update(grant.roles)
            demo = demo or grant.demo
        return Signed(signed.payload, signed.plain, signed.payload_type, frozenset(holders), frozenset(roles), demo)

    def grants(self) -> list[KeyGrant]:
        """Return the grants in force, by key identifier."""
        return [grant for _, (_, grant) in sorted(self._keys.items())]


class OpenedEnvelope(NamedTuple):
    """A parsed envelope, nothing verified yet."""

    payload: bytes
    plain: object
    payload_type: str
    message: bytes
    signatures: tuple[tuple[str, bytes], ...]


def open_envelope(content: bytes) -> OpenedEnvelope:
    """Parse the exact content of a signed entry; raises Refused("malformed")."""
    try:
        envelope = dsse.parse(content)
        plain = canonical.decode(envelope.payload, where="payload")
    except DualtrackError as error:
        raise Refused("malformed") from error
    message = dsse.pae(envelope.payload_type, envelope.payload)
    signatures = tuple((signature.keyid, signature.sig) for signature in envelope.signatures)
    return OpenedEnvelope(envelope.payload, plain, envelope.payload_type, message, signatures)


def read_payload(signed: OpenedEnvelope | Signed, kind: type[T], payload_type: str) -> T:
    """Decode a payload as a record of the expected type; raises Refused("malformed").

    Every field must be written out, also where it has a default: a signed record has one form.
    """
    if signed.payload_type != payload_type:
        raise Refused("malformed")
    try:
        record = read_record(signed.plain, kind, where="payload")
    except DualtrackError as error:
        raise Refused("malformed") from error
    if to_plain(record) != signed.plain:
        raise Refused("malformed")
    return record


def raw_key(text: str) -> bytes | None:
    """Return the 32 raw bytes of a public key in base64, or None."""
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return raw if len(raw) == KEY_BYTES and base64.b64encode(raw).decode() == text else None


@lru_cache(maxsize=_VERIFICATIONS_REMEMBERED)
def _verified(public_key: bytes, signature: bytes, message: bytes) -> bool:
    return verify(public_key, signature, message)
