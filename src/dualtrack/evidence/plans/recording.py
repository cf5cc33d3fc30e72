"""Plans and results in the ledger: register a plan, find it again, count the versions tried, turn results into entries.

A plan is an entry signed by whoever planned it. A run's results are entries too, all of them, whatever they say; those of
gated items that gave a number become evidence as well. Everything of a run is appended at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from dualtrack.domain import canonical
from dualtrack.domain.entry import Entry
from dualtrack.domain.records import read_record
from dualtrack.errors import ConflictError, NotFoundError, SignatureError
from dualtrack.evidence.plans.evidence_of import evidence_of
from dualtrack.evidence.plans.reading import check_claims, check_gates, plan_digest
from dualtrack.evidence.plans.records import PLAN_KIND, RESULT_KIND, MeasurementPlan, MeasurementResult, PlanReference
from dualtrack.keys import dsse
from dualtrack.permit.planned import PLANNERS
from dualtrack.store.statements import make_statement

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dualtrack.evidence.plans.running import PlanRun
    from dualtrack.keys.signer import Signer
    from dualtrack.store.entries import Receipt
    from dualtrack.store.register import Register

__all__ = [
    "PLANNERS",
    "Recorded",
    "Registered",
    "check_planner",
    "find_plan",
    "newest_plan",
    "plans_of",
    "record_run",
    "register_plan",
    "results_of",
    "variants_tried",
]


class Registered(NamedTuple):
    """A plan as the ledger holds it."""

    plan: MeasurementPlan
    reference: PlanReference


class Recorded(NamedTuple):
    """What a run left: the entries of its results, and those of evidence."""

    results: list[Receipt]
    evidence: list[Receipt]


def register_plan(register: Register, plan: MeasurementPlan, signer: Signer, *, where: str = "plan") -> Registered:
    """Register a plan of a declared use; the same plan again stands as it is. Raises SignatureError for a role that may not."""
    case = register.case(plan.use, None)
    if case.found.declaration is None:
        raise NotFoundError(f"use {plan.use!r} is not declared", where=where, fix="`dualtrack declare FILE` first")
    check_planner(register, signer, where=where)
    check_gates(plan, case.topics, where=where)
    check_claims(plan, case.found.declaration, where=where)
    known = find_plan(register, plan.use, plan_digest(plan))
    if known is None:
        register.append_record(PLAN_KIND, plan.use, plan, [signer])
        known = find_plan(register, plan.use, plan_digest(plan))
        assert known is not None
    return known


def check_planner(register: Register, signer: Signer, *, where: str) -> None:
    """Raise SignatureError for a key that may neither plan nor sign measurements: said before hours of work, not after."""
    if not PLANNERS & set(register.roles_of(signer)):
        roles = ", ".join(sorted(PLANNERS))
        raise SignatureError("its roles do not admit measurements", where=where, expected=f"a key with role {roles}")


def plans_of(register: Register, use: str) -> list[Registered]:
    """Return the registered plans of a use, oldest first."""
    return [_registered(entry) for entry in _entries(register, use, PLAN_KIND)]


def newest_plan(register: Register, use: str) -> Registered | None:
    """Return the plan that was registered last, or None."""
    found = plans_of(register, use)
    return found[-1] if found else None


def find_plan(register: Register, use: str, digest: str) -> Registered | None:
    """Return the registered plan of this digest, or None: then its results are exploratory."""
    return next((each for each in plans_of(register, use) if each.reference.digest == digest), None)


def results_of(register: Register, use: str) -> list[tuple[int, MeasurementResult]]:
    """Return all results of a use with the index of their entries, oldest first."""
    return [
        (
            entry.index,
            read_record(canonical.decode(dsse.parse(entry.content).payload), MeasurementResult, where=RESULT_KIND),
        )
        for entry in _entries(register, use, RESULT_KIND)
    ]


def variants_tried(
    results: Sequence[MeasurementResult], plan: MeasurementPlan, release: str, given_digest: str | None = None
) -> int:
    """Return how many versions were tried: as planned, or as many as earlier results show, this one too, whichever is more.

    A version is a release measured under a plan: each one measured under this plan, and each plan or release tried on the same data
    (another seed, another threshold, a plan that was never registered), is one more chance for a number to look good.
    """
    digest = plan_digest(plan)
    tried = {(digest, release)}
    for result in results:
        own = result.plan.digest if result.plan is not None else f"exploratory {result.run}"
        if own == digest or (given_digest is not None and result.given_digest == given_digest):
            tried.add((own, result.release))
    return max(plan.variants, len(tried))


def record_run(register: Register, run: PlanRun, signer: Signer) -> Recorded:
    """Append every result of a run and the evidence that comes of it, signed, in one batch: all of it or nothing.

    Raises ConflictError where tries were recorded while it ran, as its intervals would then be too narrow.
    """
    release = run.results[0].release
    _check_tries(register, run)
    case = register.case(run.plan.use, release)
    if case.found.declaration is None:
        raise NotFoundError(f"use {run.plan.use!r} is not declared", fix="`dualtrack declare FILE` first")
    statements = [
        make_statement(register, run.plan.use, predicate, release, where=f"evidence of {predicate.topic}")
        for predicate in evidence_of(run.results, run.plan.items, case.topics, case.found.declaration)
    ]
    return Recorded(*register.append_with_evidence(RESULT_KIND, run.plan.use, run.results, statements, [signer]))


def _check_tries(register: Register, run: PlanRun) -> None:
    earlier = [result for _, result in results_of(register, run.plan.use)]
    for result in run.results:
        tried = variants_tried(earlier, run.plan, result.release, result.given_digest)
        if tried > result.variants:
            raise ConflictError(
                f"{tried} versions were tried on these data by now, {result.variants} when the run began",
                where=f"run of {run.plan.use}",
                fix="measure again: its intervals then hold for all of them",
            )


def _entries(register: Register, use: str, kind: str) -> list[Entry]:
    found = register.repository.every(kinds=(kind,), ids=(use,))
    return [entry for entry in found if isinstance(entry, Entry)]


def _registered(entry: Entry) -> Registered:
    """Read a plan; its digest is that of the bytes that were signed, which a later version would encode with more fields."""
    payload = dsse.parse(entry.content).payload
    plan = read_record(canonical.decode(payload), MeasurementPlan, where=f"entry {entry.index}")
    return Registered(
        plan, PlanReference(index=entry.index, digest=canonical.digest(payload), recorded_at=entry.recorded_at)
    )
