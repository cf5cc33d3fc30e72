"""Step 1, admit: which entries count, and why the others do not (docs/assessment.md, section 8).

Walks the entries once in index order, keeping the table of keys; evidence is then judged against the topics of the
packs that are adopted at the end of the walk.
"""

from __future__ import annotations

from itertools import pairwise
from types import MappingProxyType
from typing import TYPE_CHECKING, ClassVar, NamedTuple

import msgspec

from dualtrack.domain import canonical
from dualtrack.domain.assessment import Permit, Rejection
from dualtrack.domain.bounds import CLOCK_SKEW_S, ENTRIES_MAX
from dualtrack.domain.institution import Institution, KeyGrant, KeyRevocation, PackAdoption
from dualtrack.domain.release import Release
from dualtrack.domain.time import parse_instant
from dualtrack.domain.usecase import UseCase
from dualtrack.domain.vocabulary import Role
from dualtrack.errors import FieldError, LedgerError, SignatureError
from dualtrack.permit.keytable import KeyTable, Refused, Signed, open_envelope
from dualtrack.permit.opening import Opened, open_permit, open_record, payload_type
from dualtrack.permit.planned import PLAN_KIND, PLANNERS, registered_plan

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from dualtrack.domain.entry import Entry
    from dualtrack.domain.evidence import Statement
    from dualtrack.permit.keytable import OpenedEnvelope
    from dualtrack.permit.planned import RegisteredPlan

__all__ = ["Candidate", "DeclarationEntry", "PastPermit", "ReleaseEntry", "Walk", "payload_type", "walk"]


class ReleaseEntry(NamedTuple):
    """An admitted release with the digest that names it and who signed it."""

    digest: str
    release: Release
    holders: frozenset[str]


class Candidate(NamedTuple):
    """An evidence entry as the walk met it; `statement` is None when malformed, `firm_demo` holds at its index."""

    entry: Entry
    statement: Statement | None
    signed: Signed | None
    reason: str | None
    firm_demo: bool


class DeclarationEntry(msgspec.Struct, frozen=True):
    """An admitted declaration with the index of its entry."""

    index: int
    use_case: UseCase


class PastPermit(msgspec.Struct, frozen=True):
    """An earlier permit of the use, with the index of its entry."""

    index: int
    permit: Permit


class Walk(NamedTuple):
    """What the walk over the entries leaves behind."""

    institution: Institution
    declarations: list[DeclarationEntry]
    release: ReleaseEntry | None
    adopted: dict[str, PackAdoption]
    candidates: list[Candidate]
    plans: dict[int, RegisteredPlan]
    permits: list[PastPermit]
    rejected: list[Rejection]
    keys: KeyTable
    size: int

    @property
    def declaration(self) -> UseCase | None:
        """The newest admitted declaration: the one that counts."""
        return self.declarations[-1].use_case if self.declarations else None


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
        if after.index <= before.index or after.recorded_at < before.recorded_at:
            raise LedgerError(
                f"entry {after.index} of {after.recorded_at} follows entry {before.index} of {before.recorded_at}",
                where=institution,
                expected="indices that rise and recorded times that do not fall",
            )


class _Walker:
    def __init__(self, first: Entry, institution: str, use: str | None, release: str | None) -> None:
        self._use = use
        self._wanted = release
        self._name = institution
        self.institution = _found(first, institution)
        self.keys = KeyTable(self.institution)
        self.declarations: list[DeclarationEntry] = []
        self._seen = {open_record(first.content, first.kind).envelope.message}
        self.release: ReleaseEntry | None = None
        self.adopted: dict[str, PackAdoption] = {}
        self.candidates: list[Candidate] = []
        self.plans: dict[int, RegisteredPlan] = {}
        self.permits: list[PastPermit] = []
        self.rejected: list[Rejection] = []

    def take(self, entry: Entry) -> None:
        if entry.kind == "evidence/1":
            self._evidence(entry)
        elif entry.kind == "permit/1":
            self._permit(entry)
        elif entry.kind == PLAN_KIND:
            self._plan(entry)
        elif entry.kind in self._SIGNED:
            try:
                self._signed(entry)
            except Refused as refusal:
                self.rejected.append(Rejection(index=entry.index, kind=entry.kind, reason=refusal.args[0]))

    def result(self, size: int) -> Walk:
        return Walk(
            self.institution,
            self.declarations,
            self.release,
            self.adopted,
            self.candidates,
            self.plans,
            self.permits,
            self.rejected,
            self.keys,
            size,
        )

    def _signed(self, entry: Entry) -> None:
        role, take = self._SIGNED[entry.kind]
        opened = open_record(entry.content, entry.kind)
        if not self._is_about(entry, opened.record):
            raise Refused("malformed")
        signed = self._open(opened.envelope)
        by_demo = signed.demo or (isinstance(opened.record, KeyGrant) and opened.record.demo)
        if by_demo and not self.institution.demo:
            raise Refused("demo-key")
        if role not in signed.roles:
            raise Refused("wrong-role")
        take(self, entry, opened, signed)

    def _open(self, envelope: OpenedEnvelope) -> Signed:
        """Verify signatures, and refuse what was signed and recorded before: a statement counts once, where it stood."""
        signed = self.keys.open(envelope)
        if envelope.message in self._seen:
            raise Refused("replayed")
        self._seen.add(envelope.message)
        return signed

    def _is_about(self, entry: Entry, record: object) -> bool:
        """Tell whether a record is about this firm or use, as its leaf says, and leaves the root as it is."""
        subject: str | None = self._name
        fits = True
        if isinstance(record, UseCase | Release):
            subject, fits = self._use, record.use == self._use
            if isinstance(record, UseCase) and record.live_since is not None:
                fits = fits and _seconds_after(record.live_since, entry.recorded_at) <= CLOCK_SKEW_S
        elif isinstance(record, KeyGrant):
            fits = self.keys.may_be_of(record.keyid, record.holder)
        elif isinstance(record, KeyRevocation):
            fits = record.keyid != self.keys.root
        elif isinstance(record, Institution):  # fiction never becomes fact, nor fact fiction, within one ledger
            kept = (record.id, record.demo, record.type)
            fits = kept == (self._name, self.institution.demo, self.institution.type)
        return fits and entry.parsed.institution == self._name and entry.parsed.id == subject

    def _institution(self, _entry: Entry, opened: Opened, _signed: Signed) -> None:
        by_root = any(keyid == self.keys.root for keyid, _ in opened.envelope.signatures)
        if not by_root or opened.record.root_key != self.institution.root_key:
            raise Refused("wrong-role")
        self.institution = opened.record

    def _grant(self, _entry: Entry, opened: Opened, _signed: Signed) -> None:
        self.keys.grant(opened.record)

    def _revoke(self, _entry: Entry, opened: Opened, _signed: Signed) -> None:
        self.keys.revoke(opened.record)

    def _adopt(self, _entry: Entry, opened: Opened, _signed: Signed) -> None:
        adoption: PackAdoption = opened.record
        if adoption.action == "adopt":
            self.adopted[adoption.pack] = adoption
        else:
            self.adopted.pop(adoption.pack, None)

    def _declare(self, entry: Entry, opened: Opened, _signed: Signed) -> None:
        self.declarations.append(DeclarationEntry(entry.index, opened.record))

    def _release(self, _entry: Entry, opened: Opened, signed: Signed) -> None:
        found = canonical.digest(opened.envelope.payload)
        if found == self._wanted:
            self.release = ReleaseEntry(found, opened.record, signed.holders)

    def _evidence(self, entry: Entry) -> None:
        statement = signed = reason = None
        try:
            opened = open_record(entry.content, entry.kind)
            statement = opened.record
            signed = self._open(opened.envelope)
        except Refused as refusal:
            reason = refusal.args[0]
        self.candidates.append(Candidate(entry, statement, signed, reason, self.institution.demo))

    def _plan(self, entry: Entry) -> None:
        """Keep a plan of measurements in order; one that is not is passed over, and what names it is not planned."""
        try:
            envelope = open_envelope(entry.content)
            if envelope.payload_type != payload_type(PLAN_KIND):
                return
            signed = self._open(envelope)
        except Refused:
            return
        found = registered_plan(signed.payload, signed.plain, self._use)
        about = entry.parsed.id == self._use and entry.parsed.institution == self._name
        if found and about and signed.roles & PLANNERS and (self.institution.demo or not signed.demo):
            self.plans[entry.index] = found

    def _permit(self, entry: Entry) -> None:
        try:
            permit = open_permit(entry.content)
        except Refused:
            return
        now = abs(_seconds_after(permit.valid_from, entry.recorded_at)) <= CLOCK_SKEW_S
        if now and permit.use == self._use == entry.parsed.id and permit.institution == self._name:
            self.permits.append(PastPermit(entry.index, permit))

    _SIGNED: ClassVar[Mapping[str, tuple[Role, Callable[[_Walker, Entry, Opened, Signed], None]]]] = MappingProxyType(
        {
            "institution/1": (Role.ROOT, _institution),
            "key-grant/1": (Role.ROOT, _grant),
            "key-revoke/1": (Role.ROOT, _revoke),
            "pack-adoption/1": (Role.COMPLIANCE, _adopt),
            "declaration/1": (Role.OWNER, _declare),
            "release/1": (Role.DEVELOPER, _release),
        }
    )
    """Signed kinds other than evidence: the role that must have signed, and what the walk does with the record."""


def _seconds_after(instant: str, recorded_at: str) -> float:
    return (parse_instant(instant) - parse_instant(recorded_at)).total_seconds()


def _found(first: Entry, institution: str) -> Institution:
    """Return the institution of the first entry, which must be signed by the root key it names."""
    try:
        opened = open_record(first.content, first.kind)
        record: Institution = opened.record
        KeyTable(record).open(opened.envelope)
    except Refused as refusal:
        raise SignatureError(
            f"the first entry is not a self-signed institution ({refusal.args[0]})",
            where=institution,
            fix="check that the ledger is the institution's own",
        ) from refusal
    if {record.id, first.parsed.id, first.parsed.institution} != {institution}:
        raise LedgerError(
            f"the ledger is of {record.id!r}",
            where=institution,
            expected=institution,
            fix="open the ledger of that firm",
        )
    return record
