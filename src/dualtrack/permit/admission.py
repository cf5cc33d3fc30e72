"""Step 1, admit: which entries count, and why the others do not (docs/assessment.md, section 8).

Walks the entries once in index order, keeping the table of keys; evidence is then judged against the topics of the
packs that are adopted at the end of the walk.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from dualtrack.domain import canonical
from dualtrack.domain.answers import answer_problem
from dualtrack.domain.assessment import Permit, Rejection
from dualtrack.domain.bounds import ENTRIES_MAX
from dualtrack.domain.institution import Institution, KeyGrant, KeyRevocation, PackAdoption
from dualtrack.domain.records import read_record
from dualtrack.domain.release import Release
from dualtrack.domain.usecase import UseCase
from dualtrack.domain.vocabulary import Role
from dualtrack.errors import DualtrackError, FieldError, LedgerError, SignatureError
from dualtrack.permit.keytable import KeyTable, OpenedEnvelope, Refused, Signed, open_envelope, read_payload

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from dualtrack.domain.entry import Entry

__all__ = ["Candidate", "PastPermit", "ReleaseEntry", "Walk", "payload_type", "walk"]


_PROFILE_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")


class ReleaseEntry(NamedTuple):
    """An admitted release with the digest that names it and who signed it."""

    digest: str
    release: Release
    holders: frozenset[str]


class Candidate(NamedTuple):
    """An evidence entry as the walk met it: opened, or the reason why it could not be; `firm_demo` at its index."""

    entry: Entry
    opened: OpenedEnvelope | None
    signed: Signed | None
    reason: str | None
    firm_demo: bool


class PastPermit(msgspec.Struct, frozen=True):
    """An earlier permit of the use, with the index of its entry."""

    index: int
    permit: Permit


class Walk(NamedTuple):
    """What the walk over the entries leaves behind."""

    institution: Institution
    declaration: UseCase | None
    release: ReleaseEntry | None
    adopted: dict[str, PackAdoption]
    candidates: list[Candidate]
    permits: list[PastPermit]
    rejected: list[Rejection]
    keys: KeyTable
    size: int


def payload_type(kind: str) -> str:
    """Return the DSSE payload type of an entry kind, as `key-grant/1`."""
    name, _, version = kind.partition("/")
    return f"application/vnd.dualtrack.{name}.v{version}+json"


def walk(entries: Iterable[Entry], *, institution: str, use: str | None, release: str | None, at: str) -> Walk:
    """Admit entries recorded at or before `at`.

    Raises LedgerError when the entries do not start with a self-signed institution or their indices do not increase,
    FieldError when there are too many: those are not outcomes but broken input.
    """
    visible = [entry for entry in entries if entry.recorded_at <= at]
    if len(visible) > ENTRIES_MAX:
        raise FieldError(f"{len(visible)} entries", where=institution, expected=f"at most {ENTRIES_MAX}")
    _check_order(visible, institution)
    state = _Walker(visible[0], institution, use, release)
    for entry in visible[1:]:
        state.take(entry)
    return state.result(visible[-1].index + 1)


def _check_order(entries: list[Entry], institution: str) -> None:
    if not entries or entries[0].kind != "institution/1":
        raise LedgerError(
            "no institution entry comes first", where=institution, fix="create the institution before anything else"
        )
    for before, after in pairwise(entries):
        if after.index <= before.index:
            raise LedgerError(f"entry {after.index} follows entry {before.index}", where=institution)


class _Walker:
    def __init__(self, first: Entry, institution: str, use: str | None, release: str | None) -> None:
        self._use = use
        self._wanted = release
        self._name = institution
        self.institution = _found(first, institution)
        self.keys = KeyTable(self.institution)
        self.declaration: UseCase | None = None
        self.release: ReleaseEntry | None = None
        self.adopted: dict[str, PackAdoption] = {}
        self.candidates: list[Candidate] = []
        self.permits: list[PastPermit] = []
        self.rejected: list[Rejection] = []

    def take(self, entry: Entry) -> None:
        if entry.kind == "evidence/1":
            self._evidence(entry)
        elif entry.kind == "permit/1":
            self._permit(entry)
        elif entry.kind in _SIGNED:
            try:
                self._signed(entry)
            except Refused as refusal:
                self.rejected.append(Rejection(index=entry.index, kind=entry.kind, reason=refusal.args[0]))

    def result(self, size: int) -> Walk:
        return Walk(
            self.institution,
            self.declaration,
            self.release,
            self.adopted,
            self.candidates,
            self.permits,
            self.rejected,
            self.keys,
            size,
        )

    def _signed(self, entry: Entry) -> None:
        record_type, role, take = _SIGNED[entry.kind]
        opened = open_envelope(entry.content)
        record = read_payload(opened, record_type, payload_type(entry.kind))
        if entry.parsed.institution != self._name:
            raise Refused("malformed")
        signed = self.keys.open(opened)
        by_demo = signed.demo or (isinstance(record, KeyGrant) and record.demo)
        if by_demo and not self.institution.demo:
            raise Refused("demo-key")
        if role not in signed.roles:
            raise Refused("wrong-role")
        take(self, entry, record, signed)

    def _institution(self, _entry: Entry, record: Institution, _signed: Signed) -> None:
        if record.root_key != self.institution.root_key or record.id != self._name:
            raise Refused("wrong-role")
        if record.demo != self.institution.demo:
            raise Refused("malformed")  # fiction never becomes fact, nor fact fiction, within one ledger
        check_institution(record)
        self.institution = record

    def _grant(self, _entry: Entry, record: KeyGrant, _signed: Signed) -> None:
        self.keys.grant(record)

    def _revoke(self, _entry: Entry, record: KeyRevocation, _signed: Signed) -> None:
        self.keys.revoke(record)

    def _adopt(self, _entry: Entry, record: PackAdoption, _signed: Signed) -> None:
        if record.action == "adopt":
            self.adopted[record.pack] = record
        elif record.action == "retire":
            self.adopted.pop(record.pack, None)
        else:
            raise Refused("malformed")

    def _declare(self, entry: Entry, record: UseCase, _signed: Signed) -> None:
        if record.use != self._use or entry.parsed.id != self._use or answer_problem(record.facts) is not None:
            raise Refused("malformed")
        self.declaration = record

    def _release(self, entry: Entry, record: Release, signed: Signed) -> None:
        if record.use != self._use or entry.parsed.id != self._use:
            raise Refused("malformed")
        found = canonical.digest(signed.payload)
        if found == self._wanted:
            self.release = ReleaseEntry(found, record, signed.holders)

    def _evidence(self, entry: Entry) -> None:
        opened = signed = reason = None
        try:
            opened = open_envelope(entry.content)
            signed = self.keys.open(opened)
        except Refused as refusal:
            reason = refusal.args[0]
        self.candidates.append(Candidate(entry, opened, signed, reason, self.institution.demo))

    def _permit(self, entry: Entry) -> None:
        try:
            permit = read_record(canonical.decode(entry.content), Permit, where="permit")
        except DualtrackError:
            return
        if permit.use == self._use == entry.parsed.id and permit.institution == self._name:
            self.permits.append(PastPermit(entry.index, permit))


_SIGNED: dict[str, tuple[type[Any], Role, Callable[[_Walker, Entry, Any, Signed], None]]] = {
    "institution/1": (Institution, Role.ROOT, _Walker._institution),  # noqa: SLF001 - the table belongs to the class
    "key-grant/1": (KeyGrant, Role.ROOT, _Walker._grant),  # noqa: SLF001
    "key-revoke/1": (KeyRevocation, Role.ROOT, _Walker._revoke),  # noqa: SLF001
    "pack-adoption/1": (PackAdoption, Role.COMPLIANCE, _Walker._adopt),  # noqa: SLF001
    "declaration/1": (UseCase, Role.OWNER, _Walker._declare),  # noqa: SLF001
    "release/1": (Release, Role.DEVELOPER, _Walker._release),  # noqa: SLF001
}
"""Signed kinds: the record in the payload, the role that must have signed, and what the walk does with it."""


def check_institution(record: Institution) -> None:
    """Refuse a profile whose names are not facts or that shadow the built-in ones."""
    if any(not _PROFILE_NAME.fullmatch(name) or name in {"type", "staff"} for name in record.profile):
        raise Refused("malformed")


def _found(first: Entry, institution: str) -> Institution:
    """Return the institution of the first entry, which must be signed by the root key it names."""
    try:
        opened = open_envelope(first.content)
        record = read_payload(opened, Institution, payload_type("institution/1"))
        KeyTable(record).open(opened)
        check_institution(record)
    except Refused as refusal:
        raise SignatureError(
            f"the first entry is not a self-signed institution ({refusal.args[0]})",
            where=institution,
            fix="check that the ledger is the institution's own",
        ) from refusal
    if record.id != institution:
        raise LedgerError(f"the ledger is of {record.id!r}", where=institution)
    return record
