"""Recorded assessments, read back, and computed again from what the ledger held before them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from dualtrack.domain import canonical
from dualtrack.domain.assessment import Assessment
from dualtrack.domain.records import read_record
from dualtrack.errors import NotFoundError
from dualtrack.permit.assess import prepare, verdict_digest
from dualtrack.permit.explain import explain
from dualtrack.rules.pack import load_pack

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dualtrack.domain.entry import Entry
    from dualtrack.permit.assess import Case
    from dualtrack.permit.explain import Explanation
    from dualtrack.rules.pack import Pack
    from dualtrack.store.register import Register

__all__ = ["Recomputed", "Recorded", "case_of", "newest_recorded", "packs_of", "recompute", "recorded_at"]


class Recorded(NamedTuple):
    """An assessment as the ledger has it: its entry, and the digest of its exact bytes."""

    entry: Entry
    assessment: Assessment
    digest: str


class Recomputed(NamedTuple):
    """The same assessed again now; `same` tells whether that gave the recorded bytes."""

    explanation: Explanation
    same: bool


def newest_recorded(register: Register, use: str | None) -> Recorded | None:
    """Return the newest assessment of a use, or of the institution; None if there is none."""
    entry = register.repository.newest("assessment/1", use or register.institution)
    return _read(entry) if entry else None


def recorded_at(register: Register, index: int) -> Recorded:
    """Return the assessment at an entry; raises NotFoundError where the entry is something else."""
    entry = register.repository.entry(index)
    if entry.kind != "assessment/1":
        raise NotFoundError(f"entry {index} is a {entry.kind}", where=register.repository.ledger)
    return _read(entry)


def packs_of(register: Register, assessment: Assessment) -> Mapping[str, Pack]:
    """Return the packs that an assessment was made with, by id; by digest, so also those since replaced."""
    return {line.id: load_pack(register.packs[line.digest]) for line in assessment.packs}


def case_of(register: Register, recorded: Recorded) -> Case:
    """Return what the assessment was given: the entries before it, at its instant."""
    found = recorded.assessment
    entries = register.repository.subject_entries(register.institution, found.use)
    before = [entry for entry in entries if entry.index < recorded.entry.index]
    return prepare(
        before, register.packs, institution=register.institution, use=found.use, release=found.release, at=found.at
    )


def recompute(register: Register, recorded: Recorded) -> Recomputed:
    """Assess again from the entries before the recorded one, with every rule explained."""
    explanation = explain(case_of(register, recorded))
    return Recomputed(explanation, verdict_digest(explanation.assessment) == recorded.digest)


def _read(entry: Entry) -> Recorded:
    found = read_record(canonical.decode(entry.content), Assessment, where=f"entry {entry.index}")
    return Recorded(entry, found, canonical.digest(entry.content))
