"""What each kind of entry does to the current-state tables.

A projection says what entries *say*. Whether an entry is admitted (signature, role, time) is for `assess` alone, so a
key in these tables is a key somebody's entry names, not yet one that counts. Entries that cannot be read as their kind
change nothing; unknown kinds are kept, verified and not projected.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from dualtrack.domain import canonical
from dualtrack.domain.assessment import Assessment, Permit
from dualtrack.domain.evidence import Statement
from dualtrack.domain.institution import Institution, KeyGrant, KeyRevocation, PackAdoption
from dualtrack.domain.records import read_record
from dualtrack.domain.release import Release
from dualtrack.domain.usecase import UseCase
from dualtrack.errors import DualtrackError
from dualtrack.keys import dsse
from dualtrack.store.change import Change, Values
from dualtrack.store.runtime_projectors import RUNTIME_PROJECTORS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dualtrack.domain.entry import Entry
    from dualtrack.store.change import Value

__all__ = ["PROJECTED_KINDS", "changes"]

_T = TypeVar("_T")


def changes(entry: Entry) -> list[Change]:
    """Return what an entry does to the tables, in order."""
    project = _PROJECTORS.get(entry.kind)
    if project is None:
        return []
    try:
        found = project(entry)
    except DualtrackError:
        return []  # malformed: stays in the ledger, `assess` lists it as such
    return [found._replace(key=_storable(found.key), values=_storable(found.values))]


def _storable(values: Mapping[str, Value]) -> Values:
    """Return values with U+FFFD for U+0000, which PostgreSQL takes in no text: one such entry would stop the index for good."""
    return {
        name: value.replace("\x00", "\ufffd") if isinstance(value, str) else value for name, value in values.items()
    }


def _payload(entry: Entry) -> bytes:
    return dsse.parse(entry.content).payload


def _record(data: bytes, kind: type[_T]) -> _T:
    return read_record(canonical.decode(data), kind, where="entry")


def _institution(entry: Entry) -> Change:
    found = _record(_payload(entry), Institution)
    values: Values = {
        "type": str(found.type),
        "name_en": found.name.en,
        "name_zh": found.name.zh,
        "root_key": found.root_key,
    }
    return Change("institution", {"id": found.id}, {"idx": entry.index, **values, "demo": found.demo})


def _grant(entry: Entry) -> Change:
    found = _record(_payload(entry), KeyGrant)
    values: Values = {
        "idx": entry.index,
        "holder": found.holder,
        "name_en": found.name if isinstance(found.name, str) else found.name.en,
        "name_zh": found.name if isinstance(found.name, str) else found.name.zh,
        "roles": " ".join(sorted(found.roles)),
        "person": found.person,
        "demo": found.demo,
        "revoked_idx": None,
    }
    return Change("key", {"keyid": found.keyid}, values)


def _revoke(entry: Entry) -> Change:
    found = _record(_payload(entry), KeyRevocation)
    return Change("key", {"keyid": found.keyid}, {"revoked_idx": entry.index}, patch=True)


def _adoption(entry: Entry) -> Change:
    found = _record(_payload(entry), PackAdoption)
    values: Values = {"idx": entry.index, "version": found.version, "digest": found.digest, "action": found.action}
    return Change("pack", {"id": found.pack}, values)


def _declaration(entry: Entry) -> Change:
    found = _record(_payload(entry), UseCase)
    values: Values = {
        "idx": entry.index,
        "title_en": found.title.en,
        "title_zh": found.title.zh,
        "area": str(found.area),
        "sector": str(found.sector),
        "executive": found.accountable_executive,
        "demo": found.demo,
    }
    return Change("use", {"id": found.use}, values)


def _release(entry: Entry) -> Change:
    payload = _payload(entry)
    found = _record(payload, Release)
    values: Values = {"idx": entry.index, "use_id": found.use, "durability": found.policy.durability}
    return Change("release", {"digest": canonical.digest(payload)}, values)


def _evidence(entry: Entry) -> Change:
    found = _record(_payload(entry), Statement)
    subject, said = (found.subject[0] if found.subject else None), found.predicate
    values: Values = {
        "about": subject.name if subject else "",
        "subject_digest": subject.digest.sha256 if subject else "",
        "kind": str(said.kind),
        "topic": said.topic,
        "taken_at": said.taken_at,
        "claim": said.claim,
        "demo": said.demo,
    }
    return Change("evidence", {"idx": entry.index}, values)


def _assessment(entry: Entry) -> Change:
    found = _record(entry.content, Assessment)
    values: Values = {
        "use_id": found.use,
        "release": found.release,
        "at": found.at,
        "verdict": str(found.verdict),
        "mode": None if found.mode is None else str(found.mode),
        "tier": str(found.tier.value),
        "digest": canonical.digest(entry.content),
    }
    return Change("assessment", {"idx": entry.index}, values)


def _permit(entry: Entry) -> Change:
    found = _record(entry.content, Permit)
    values: Values = {
        "use_id": found.use,
        "release": found.release,
        "mode": str(found.mode),
        "valid_from": found.valid_from,
        "expires": found.expires,
        "assessment": found.assessment,
    }
    return Change("permit", {"idx": entry.index}, values)


_PROJECTORS: dict[str, Callable[[Entry], Change]] = {
    "institution/1": _institution,
    "key-grant/1": _grant,
    "key-revoke/1": _revoke,
    "pack-adoption/1": _adoption,
    "declaration/1": _declaration,
    "release/1": _release,
    "evidence/1": _evidence,
    "assessment/1": _assessment,
    "permit/1": _permit,
} | RUNTIME_PROJECTORS

PROJECTED_KINDS = tuple(sorted(_PROJECTORS))
"""Kinds that have a place in the current-state tables."""
