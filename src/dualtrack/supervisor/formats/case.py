"""What an export is made of: one release's declaration, evidence, plans, results and newest verdict, as the ledger holds them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from dualtrack.domain import canonical
from dualtrack.domain.assessment import Assessment
from dualtrack.domain.entry import Entry
from dualtrack.domain.evidence import Predicate, Statement
from dualtrack.domain.records import read_record
from dualtrack.errors import FieldError, NotFoundError
from dualtrack.evidence.plans.records import PLAN_KIND, RESULT_KIND, MeasurementPlan, MeasurementResult
from dualtrack.keys import dsse
from dualtrack.rules.pack import load_pack

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dualtrack.domain.institution import Institution
    from dualtrack.domain.release import Release
    from dualtrack.domain.usecase import UseCase
    from dualtrack.permit.assess import Case
    from dualtrack.rules.pack import Pack
    from dualtrack.store.register import Register

__all__ = ["ExportCase", "Observed", "Planned", "Resulted", "Verdict", "read_case"]


@dataclass(frozen=True, slots=True)
class Observed:
    """An evidence entry about the release or its use: `digest` is that of the signed envelope, `counts` as in the verdict."""

    index: int
    digest: str
    recorded_at: str
    predicate: Predicate
    admitted: bool


@dataclass(frozen=True, slots=True)
class Planned:
    """A registered plan."""

    index: int
    digest: str
    recorded_at: str
    plan: MeasurementPlan


@dataclass(frozen=True, slots=True)
class Resulted:
    """A result of one item of a run; `digest` is that of the signed envelope."""

    index: int
    digest: str
    recorded_at: str
    result: MeasurementResult


@dataclass(frozen=True, slots=True)
class Verdict:
    """The newest recorded assessment of this release."""

    index: int
    digest: str
    assessment: Assessment


class ExportCase(NamedTuple):
    """Everything an export may say. `released_at` is when the ledger took the release in, `as_of` its newest entry used here."""

    institution: Institution
    use: str
    declaration: UseCase
    digest: str
    release: Release
    released_at: str
    as_of: str
    observed: list[Observed]
    plans: list[Planned]
    results: list[Resulted]
    verdict: Verdict | None
    packs: Mapping[str, Pack]

    @property
    def demo(self) -> bool:
        """Whether the firm and its figures are made up for demonstration."""
        return self.institution.demo or self.declaration.demo


def read_case(register: Register, use: str, release: str | None = None) -> ExportCase:
    """Read what the ledger holds about a use's release, the newest if not given.

    Raises NotFoundError for a use that is not declared, has no release, or not this one.
    """
    wanted = release or register.latest_release(use)
    case = register.case(use, wanted)
    found = case.found
    if found.declaration is None:
        raise NotFoundError(f"use {use!r} is not declared", fix="`dualtrack declare FILE` first")
    if wanted is None:
        raise NotFoundError(f"{use} has no release yet", fix=f"`dualtrack release {use}` first")
    if found.release is None:
        raise NotFoundError(f"{use} has no release {wanted[:16]}", fix="leave --release out for the newest one")
    entries = register.repository.subject_entries(register.institution, use)
    plans = [_plan(entry) for entry in entries if entry.kind == PLAN_KIND]
    results = _results(register, use, wanted)
    verdict = _verdict(register, use, wanted)
    observed = _observed(entries, case)
    released_at = _released_at(entries, wanted)
    entries_used: list[Observed | Planned | Resulted] = [*observed, *plans, *results]
    marks = [released_at, *(item.recorded_at for item in entries_used)]
    if verdict is not None:
        marks.append(verdict.assessment.at)
    return ExportCase(
        institution=found.institution,
        use=use,
        declaration=found.declaration,
        digest=wanted,
        release=found.release.release,
        released_at=released_at,
        as_of=max(marks),
        observed=observed,
        plans=plans,
        results=results,
        verdict=verdict,
        packs=_packs(register, verdict),
    )


def _observed(entries: Iterable[Entry], case: Case) -> list[Observed]:
    admitted = {line.index: line.admitted for line in case.lines}
    return [
        Observed(
            entry.index,
            canonical.digest(entry.content),
            entry.recorded_at,
            read_record(_payload(entry), Statement, where=f"entry {entry.index}").predicate,
            admitted[entry.index],
        )
        for entry in entries
        if entry.index in admitted
    ]


def _plan(entry: Entry) -> Planned:
    plan = read_record(_payload(entry), MeasurementPlan, where=f"entry {entry.index}")
    return Planned(entry.index, canonical.digest(dsse.parse(entry.content).payload), entry.recorded_at, plan)


def _results(register: Register, use: str, release: str) -> list[Resulted]:
    found = []
    for entry in register.repository.every(kinds=(RESULT_KIND,), ids=(use,)):
        if not isinstance(entry, Entry):
            continue
        result = read_record(_payload(entry), MeasurementResult, where=f"entry {entry.index}")
        if result.release == release:
            found.append(Resulted(entry.index, canonical.digest(entry.content), entry.recorded_at, result))
    return found


def _verdict(register: Register, use: str, release: str) -> Verdict | None:
    newest = None
    for entry in register.repository.every(kinds=("assessment/1",), ids=(use,)):
        if isinstance(entry, Entry):
            plain = canonical.decode(entry.content, where=f"entry {entry.index}")
            assessment = read_record(plain, Assessment, where=f"entry {entry.index}")
            if assessment.release == release:
                newest = Verdict(entry.index, canonical.digest(entry.content), assessment)
    return newest


def _packs(register: Register, verdict: Verdict | None) -> dict[str, Pack]:
    """Return the packs that the verdict was computed with, by id."""
    if verdict is None:
        return {}
    missing = [line.id for line in verdict.assessment.packs if line.digest not in register.packs]
    if missing:
        raise FieldError(f"pack {missing[0]!r} of the verdict is not kept here", where=verdict.digest[:16])
    return {line.id: load_pack(register.packs[line.digest]) for line in verdict.assessment.packs}


def _released_at(entries: Iterable[Entry], release: str) -> str:
    return next(
        entry.recorded_at
        for entry in entries
        if entry.kind == "release/1" and canonical.digest(dsse.parse(entry.content).payload) == release
    )


def _payload(entry: Entry) -> object:
    return canonical.decode(dsse.parse(entry.content).payload, where=f"entry {entry.index}")
