"""Grants and revocations of signing keys: asked for in the console, signed by the institution's root wherever its key is.

An administrator prepares; the root decides. Its key belongs off this machine: then a request is taken to it as a file and comes back signed
(`dualtrack key sign`). Where the key lies here under a passphrase, whoever keeps the root types it. A key without one is not used by the
console, save in a demonstration: then every administrator would be the root.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Literal

from dualtrack.domain import canonical
from dualtrack.domain.institution import KeyGrant, KeyRevocation
from dualtrack.domain.records import read_record
from dualtrack.domain.vocabulary import Role
from dualtrack.errors import FieldError, ForbiddenError, KeyFileError, SignatureError
from dualtrack.keys import dsse
from dualtrack.keys.ed25519 import verify
from dualtrack.keys.keyfile import read_private
from dualtrack.permit.keytable import raw_key
from dualtrack.permit.opening import payload_type
from dualtrack.store.keyring import key_path, load_key

if TYPE_CHECKING:
    from collections.abc import Collection

    from dualtrack.keys.signer import Signer
    from dualtrack.store.register import Register
    from dualtrack.store.workspace import Workspace
    from dualtrack.web.identity.accounts import Account

__all__ = ["RootPlace", "apply_signed", "grant_request", "root_place", "unlock_root"]

RootPlace = Literal["elsewhere", "locked", "open", "demo"]
"""Where the root's key is: not here, here under a passphrase, here without one, or here in a demonstration."""

_KINDS: dict[str, type[KeyGrant | KeyRevocation]] = {
    payload_type("key-grant/1"): KeyGrant,
    payload_type("key-revoke/1"): KeyRevocation,
}


class _GivenSignature:
    """A signature that the root gave elsewhere, for exactly these bytes."""

    def __init__(self, name: str, key_id: str, public_key: bytes, signature: bytes) -> None:
        self.name, self.key_id, self.public_key, self._signature = name, key_id, public_key, signature

    def sign(self, message: bytes) -> bytes:
        """Return the signature; raises SignatureError where it is not one of this message."""
        if not verify(self.public_key, self._signature, message):
            raise SignatureError(
                "the signature does not hold for this request", where=self.name, code="signature.bad-signature"
            )
        return self._signature


def root_place(workspace: Workspace, institution: str) -> RootPlace:
    """Tell where the key of an institution's root is."""
    path = key_path(workspace, institution, "root")
    if not path.is_file():
        return "elsewhere"
    if b"ENCRYPTED PRIVATE KEY" in read_private(path):
        return "locked"
    return "demo" if workspace.demo else "open"


def unlock_root(workspace: Workspace, institution: str, passphrase: str) -> Signer:
    """Return the root's signer for one request.

    Raises ForbiddenError where its key has no passphrase and this is no demonstration, KeyFileError for another passphrase.
    """
    place = root_place(workspace, institution)
    if place == "open":
        raise ForbiddenError(
            "the root's key lies on this machine without a passphrase",
            where=institution,
            fix="take the request to `dualtrack key sign`, and move the key away or give it a passphrase",
            code="forbidden.root",
        )
    if place == "locked" and not passphrase:
        raise KeyFileError("no passphrase of the root's key", where="form, field passphrase", code="key.passphrase")
    return load_key(workspace, institution, "root", passphrase=passphrase if place == "locked" else None)


def grant_request(account: Account, public_key: bytes | None, roles: Collection[Role], *, demo: bool) -> KeyGrant:
    """Return the grant that is asked for; raises FieldError where it cannot be."""
    if public_key is None or account.key_id is None:
        raise FieldError(
            "the public key of this account is not kept here",
            where=account.name,
            fix="have its person make a new signing key on their account's page",
            code="key.absent",
        )
    if not roles:
        raise FieldError("no roles", where="form, field roles", fix="tick at least one")
    return KeyGrant(
        keyid=account.key_id,
        public_key=base64.b64encode(public_key).decode(),
        holder=account.holder,
        name=account.display_name,
        person=True,
        roles=sorted(roles),
        demo=demo,
    )


def apply_signed(register: Register, envelope: bytes, keyid: str) -> KeyGrant | KeyRevocation:
    """Record a grant or revocation of this key that the root signed elsewhere; raises FieldError, SignatureError."""
    found = dsse.parse(envelope)
    kind = _KINDS.get(found.payload_type)
    if kind is None or len(found.signatures) != 1:
        raise FieldError("this is no signed grant or revocation", where="form, field file", expected=", ".join(_KINDS))
    record = read_record(canonical.decode(found.payload), kind, where="form, field file")
    if record.keyid != keyid:
        raise FieldError(f"it is for the key {record.keyid[:16]}…", where="form, field file", expected=f"{keyid[:16]}…")
    signer = _root_of(register, found.signatures[0])
    if isinstance(record, KeyGrant):
        register.grant(record, signer)
    else:
        register.revoke(record.keyid, record.reason, signer)
    return record


def _root_of(register: Register, signature: dsse.DsseSignature) -> _GivenSignature:
    """Return the signature under the root's public key, as the ledger names it."""
    for grant in register.case(None, None).found.keys.grants():
        public = raw_key(grant.public_key)
        if grant.keyid == signature.keyid and Role.ROOT in grant.roles and public is not None:
            return _GivenSignature(grant.holder, grant.keyid, public, signature.sig)
    raise SignatureError(
        "it is not signed by the institution's root",
        where=register.institution,
        fix="sign the request where the root's key is: `dualtrack key sign`",
        code="signature.wrong-role",
    )
