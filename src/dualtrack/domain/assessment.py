"""Assessment and Permit: computed records, recomputable by anybody (docs/assessment.md, sections 9 and 10)."""

from __future__ import annotations

from dualtrack.domain.forms import Digest, Durability, RuleName, Slug, UseName
from dualtrack.domain.records import Record, Value
from dualtrack.domain.vocabulary import (
    Effect,
    Grade,
    Mode,
    Outcome,
    PackStatus,
    Severity,
    Tier,
    Track,
    Verdict,
)

__all__ = [
    "ASSESSMENT_FORMAT",
    "LAPSES_IF",
    "PERMIT_FORMAT",
    "PERMIT_STATEMENT",
    "Assessment",
    "Condition",
    "Counts",
    "EvidenceLine",
    "PackLine",
    "Permit",
    "PlanLine",
    "Refusal",
    "Rejection",
    "RuleLine",
    "TierLine",
]

ASSESSMENT_FORMAT = "dualtrack.assessment/1"
PERMIT_FORMAT = "dualtrack.permit/1"
PERMIT_STATEMENT = "internal authorisation by the institution; not a regulator's approval"
LAPSES_IF = ("release_changes", "evidence_expires", "pack_changes", "key_revoked", "hold", "signal")


class PackLine(Record, frozen=True):
    """An adopted pack and whether it binds at the instant of the assessment."""

    id: str
    version: str
    digest: str
    status: PackStatus
    binding: bool
    grade: Grade


class TierLine(Record, frozen=True):
    """The computed tier: which line of which pack gave it, and whether that line was unknown."""

    value: Tier
    pack: str | None
    line: int | None
    unknown: bool


class EvidenceLine(Record, frozen=True):
    """One evidence entry: admitted or why not, and whether it is the newest of its topic."""

    index: int
    topic: str | None
    taken_at: str | None
    admitted: bool
    reason: str | None
    counts: bool


class Rejection(Record, frozen=True):
    """An entry other than evidence that was not admitted."""

    index: int
    kind: str
    reason: str


class RuleLine(Record, frozen=True):
    """Outcome and effect of one rule, with the evidence it rested on and what was missing."""

    pack: str
    rule: str
    severity: Severity
    track: Track
    outcome: Outcome
    applies: bool | None
    effect: Effect
    due: str | None
    until: str | None
    evidence: list[int]
    missing: list[str]
    expired: list[str]
    waiver: int | None


class Counts(Record, frozen=True):
    """Rules of binding packs on one track, by outcome."""

    applicable: int
    met: int
    not_met: int
    no_evidence: int
    waived: int


class Condition(Record, frozen=True):
    """A condition of the permit, with the instant by which it must be met."""

    pack: Slug
    rule: RuleName
    due: str | None


class Refusal(Record, frozen=True):
    """A rule that refuses every mode or live use."""

    pack: str
    rule: str
    effect: Effect


class PlanLine(Record, frozen=True):
    """The registered plan that a shadow or trial permit rests on."""

    index: int
    decisions_max: int
    until: str


class Assessment(Record, frozen=True):
    """The verdict with everything it was computed from; its canonical bytes' digest is the verdict digest."""

    format: str
    institution: str
    use: str | None
    release: str | None
    at: str
    size: int
    demo: bool
    packs: list[PackLine]
    tier: TierLine
    facts: dict[str, Value]
    evidence: list[EvidenceLine]
    rejected: list[Rejection]
    rules: list[RuleLine]
    counts: dict[str, Counts]
    verdict: Verdict
    mode: Mode | None
    conditions: list[Condition]
    refusals: list[Refusal]
    expires: str | None
    plan: PlanLine | None


class Permit(Record, frozen=True, rename={"valid_from": "from"}):
    """The institution's own authorisation for one release in one mode; never a regulator's approval."""

    format: str
    institution: Slug
    use: UseName
    release: Digest
    mode: Mode
    valid_from: str
    expires: str | None
    assessment: Digest
    conditions: list[Condition]
    decisions_max: int | None
    lapses_if: list[str]
    durability: Durability
    statement: str
    demo: bool
