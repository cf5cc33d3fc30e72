"""Content of entries as records: parsed, in its one legal form, and remembered by its bytes.

Opening is pure and depends on nothing but the bytes, and the entries about a firm recur in the assessment of each of its
uses; so what was opened once is kept. Signatures and whatever depends on the rest of the ledger are judged elsewhere.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from dualtrack.domain import canonical
from dualtrack.domain.answers import answer_problem
from dualtrack.domain.assessment import PERMIT_FORMAT, Permit
from dualtrack.domain.evidence import PREDICATE_TYPE, STATEMENT_TYPE, Statement
from dualtrack.domain.institution import Institution, KeyGrant, KeyRevocation, PackAdoption
from dualtrack.domain.records import read_record, to_plain
from dualtrack.domain.release import Release
from dualtrack.domain.time import parse_instant
from dualtrack.domain.usecase import UseCase
from dualtrack.errors import DualtrackError
from dualtrack.keys.ed25519 import check_public_key, key_id
from dualtrack.permit.keytable import OpenedEnvelope, Refused, open_envelope, raw_key, read_payload
from dualtrack.rules.evaluate import known
from dualtrack.rules.facts import firm_facts

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["CONTENTS_REMEMBERED", "STATEMENT_PAYLOAD", "Opened", "open_permit", "open_record", "payload_type"]

STATEMENT_PAYLOAD = "application/vnd.in-toto+json"
"""Payload type of evidence: an in-toto Statement."""

CONTENTS_REMEMBERED = 4_096
"""Opened contents kept: all about a firm many times over, at some 10 KB each; those of one use are read once anyway."""

_PROFILE_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")


class Opened(NamedTuple):
    """An envelope and its payload as a record; no signature of it is verified yet."""

    envelope: OpenedEnvelope
    record: Any


def payload_type(kind: str) -> str:
    """Return the DSSE payload type of an entry kind, as `key-grant/1`."""
    name, _, version = kind.partition("/")
    return f"application/vnd.dualtrack.{name}.v{version}+json"


@lru_cache(maxsize=CONTENTS_REMEMBERED)
def open_record(content: bytes, kind: str) -> Opened:
    """Open the exact content of a signed entry of this kind, as `release/1`; raises Refused("malformed")."""
    record_type, check_form = _KINDS[kind]
    envelope = open_envelope(content)
    record = read_payload(envelope, record_type, STATEMENT_PAYLOAD if kind == "evidence/1" else payload_type(kind))
    try:
        check_form(record)
    except DualtrackError as error:
        raise Refused("malformed") from error
    return Opened(envelope, record)


@lru_cache(maxsize=CONTENTS_REMEMBERED)
def open_permit(content: bytes) -> Permit:
    """Open the content of a recorded permit, which is unsigned; raises Refused("malformed")."""
    try:
        plain = canonical.decode(content, where="permit")
        permit = read_record(plain, Permit, where="permit")
        _need(to_plain(permit) == plain and permit.format == PERMIT_FORMAT and permit.expires is not None)
        for instant in (permit.valid_from, permit.expires, *(item.due for item in permit.conditions)):
            if instant is not None:
                parse_instant(instant)
    except DualtrackError as error:
        raise Refused("malformed") from error
    return permit


def _need(holds: bool) -> None:
    if not holds:
        raise Refused("malformed")


def _any_form(_record: object) -> None:
    """Accept a record whose types already say everything."""


def _institution_form(record: Institution) -> None:
    """Refuse a profile whose names are no facts or shadow the built-in ones, or that gives an answer of another type."""
    asked = firm_facts()
    for name, value in record.profile.items():
        _need(_PROFILE_NAME.fullmatch(name) is not None and name not in {"type", "staff"})
        _need(name not in asked or known(value, asked[name].type) is not None)


def _grant_form(record: KeyGrant) -> None:
    """Refuse a key of another identifier or no sound key, and roles that are absent or given twice."""
    raw = raw_key(record.public_key)
    _need(raw is not None and key_id(raw) == record.keyid)
    _need(bool(record.roles) and len(set(record.roles)) == len(record.roles))
    check_public_key(raw or b"")


def _adoption_form(record: PackAdoption) -> None:
    _need(record.action in {"adopt", "retire"})
    parse_instant(record.decided_at, where="decided_at")


def _declaration_form(record: UseCase) -> None:
    _need(answer_problem(record.facts) is None)
    if record.live_since is not None:
        parse_instant(record.live_since, where="live_since")


def _statement_form(record: Statement) -> None:
    _need((record.type_, record.predicate_type) == (STATEMENT_TYPE, PREDICATE_TYPE))
    _need(len(record.subject) == 1)
    parse_instant(record.predicate.taken_at, where="taken_at")


_KINDS: dict[str, tuple[type[Any], Callable[[Any], None]]] = {
    "institution/1": (Institution, _institution_form),
    "key-grant/1": (KeyGrant, _grant_form),
    "key-revoke/1": (KeyRevocation, _any_form),
    "pack-adoption/1": (PackAdoption, _adoption_form),
    "declaration/1": (UseCase, _declaration_form),
    "release/1": (Release, _any_form),
    "evidence/1": (Statement, _statement_form),
}
"""Signed kinds: the record in the payload, and the check of what its types cannot say."""
