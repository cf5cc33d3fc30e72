"""Verdicts of a register: compute, record, and hand out as bundles. Nothing here decides; `permit.assess` does."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import msgspec

from dualtrack.domain import canonical
from dualtrack.domain.assessment import Assessment, Permit
from dualtrack.domain.entry import Entry
from dualtrack.domain.records import encode, read_record
from dualtrack.domain.vocabulary import Effect, Mode
from dualtrack.errors import NotFoundError
from dualtrack.permit.assess import conclude, issue
from dualtrack.permit.bundle import build_bundle
from dualtrack.store.cosignatures import cosigned_note

if TYPE_CHECKING:
    from dualtrack.permit.assess import Case
    from dualtrack.store.register import Register

__all__ = ["PermitStatus", "Recorded", "current_permit", "prove", "record_verdict"]


class Recorded(NamedTuple):
    """A verdict that was computed and recorded, with the indices of its entries."""

    case: Case
    assessment: Assessment
    permit: Permit | None
    assessment_index: int
    permit_index: int | None


class PermitStatus(msgspec.Struct, frozen=True):
    """The newest permit of a use and its computed standing: in_force, expired or lapsed, with the reason."""

    permit: Permit
    index: int
    status: str
    reason: str


def record_verdict(register: Register, use: str | None, release: str | None = None) -> Recorded:
    """Assess now and record the assessment and, where it grants one, the permit, in one batch."""
    wanted = release or (register.latest_release(use) if use else None)
    case = register.case(use, wanted)
    if use is not None and case.found.declaration is None:
        raise NotFoundError(f"use {use!r} is not declared", fix="`dualtrack declare FILE` first")
    if release is not None and case.found.release is None:
        raise NotFoundError(
            f"no release {release[:16]!r} of {use or register.institution!r}",
            where="release",
            expected="the whole digest, 64 digits, that `dualtrack release` printed with --json",
            fix="leave it out to assess the newest",
        )
    assessment = conclude(case)
    durability = case.found.release.release.policy.durability if case.found.release else "durable"
    permit = issue(assessment, durability)
    subject = use or register.institution
    items = [("assessment/1", subject, encode(assessment))]
    if permit is not None:
        items.append(("permit/1", subject, encode(permit)))
    receipts = register.append_plain(items)
    return Recorded(case, assessment, permit, receipts[0].index, receipts[1].index if permit else None)


def current_permit(register: Register, use: str, *, at: str | None = None) -> PermitStatus | None:
    """Return the newest permit of a use with its standing now: permits also lapse because a new verdict is worse."""
    instant = at or register.now()
    newest = register.repository.newest("permit/1", use, until=instant)
    if newest is None:
        return None
    permit = read_record(canonical.decode(newest.content), Permit, where="permit")
    status, reason = _standing(register, permit, newest.index, use, instant)
    return PermitStatus(permit, newest.index, status, reason)


def _standing(register: Register, permit: Permit, index: int, use: str, at: str) -> tuple[str, str]:
    if permit.expires is not None and permit.expires <= at:
        return "expired", f"at {permit.expires}"
    # A release after the permit ends it. One before it does not: a firm may roll back and be permitted anew.
    later = register.repository.entries(kinds=("release/1",), ids=(use,), start=index, limit=1)
    if later and later[0].parsed.recorded_at <= at:
        return "lapsed", "release_changes"
    now = conclude(register.case(use, permit.release, at=at))
    # A shadow or trial permit has used its plan, so the present mode says nothing of it; a refusal of every mode does.
    refusing = [item for item in now.refusals if permit.mode is Mode.LIVE or item.effect is Effect.REFUSES]
    if refusing or (permit.mode is Mode.LIVE and now.mode is not Mode.LIVE):
        return "lapsed", ", ".join(f"{item.pack}/{item.rule}" for item in refusing) or "no_rules"
    return "in_force", ""


def prove(register: Register, use: str | None) -> bytes:
    """Return the bundle of the newest recorded verdict of a use, or of the institution."""
    subject = use or register.institution
    repository = register.repository
    verdict = repository.newest("assessment/1", subject)
    if verdict is None:
        raise NotFoundError(f"{subject!r} was never assessed", fix=f"`dualtrack assess {subject}` first")
    following = repository.every(kinds=("permit/1",), ids=(subject,), start=verdict.index)
    digest = canonical.digest(verdict.content)
    permit = next((entry for entry in following if isinstance(entry, Entry) and _of(entry, digest)), None)
    size = repository.size()
    return build_bundle(
        repository.subject_entries(register.institution, use),
        register.packs,
        assessment=verdict,
        permit=permit,
        checkpoint=cosigned_note(repository, size),
        prove=lambda index: repository.inclusion_proof(index, size),
    )


def _of(entry: Entry, assessment: str) -> bool:
    return bool(canonical.decode(entry.content, where="permit").get("assessment") == assessment)
