"""Institutions and the keys they grant."""

from __future__ import annotations

from dualtrack.domain.forms import Digest, Slug
from dualtrack.domain.records import Record, Text, Value
from dualtrack.domain.vocabulary import InstitutionType, Role

__all__ = ["Institution", "KeyGrant", "KeyRevocation", "PackAdoption"]


class Institution(Record, frozen=True):
    """A firm: type, licences and the firm-level answers that packs ask for.

    `root_key` is the raw Ed25519 public key in base64; whoever checks a bundle gets it by another way and compares.
    """

    id: Slug
    name: Text
    type: InstitutionType
    root_key: str
    licences: list[str] = []
    staff: int | None = None
    profile: dict[str, Value] = {}
    demo: bool = False


class KeyGrant(Record, frozen=True):
    """The institution's root says that a key belongs to one person or service, with these roles.

    `holder` is the slug under which separation of duties is judged: two keys of one person are one holder.
    """

    keyid: Digest
    public_key: str
    holder: Slug
    name: str
    person: bool
    roles: list[Role]
    demo: bool = False


class KeyRevocation(Record, frozen=True):
    """From the entry of this statement on, signatures by the key no longer count."""

    keyid: Digest
    reason: str


class PackAdoption(Record, frozen=True):
    """The institution takes a rule pack into use, by digest, or retires it; a later decision has a later instant."""

    pack: Slug
    version: str
    digest: Digest
    action: str
    decided_at: str
