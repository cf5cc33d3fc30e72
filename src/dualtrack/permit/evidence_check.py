"""Step 1 for evidence: right topic, kind, signer, fields, subject, release and time (docs/assessment.md, section 8).

Reasons are tried in a fixed order, so that two implementations name the same one.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from dualtrack.domain.assessment import EvidenceLine
from dualtrack.domain.bounds import CLOCK_SKEW_S, EVIDENCE_AGE_DAYS_MAX
from dualtrack.domain.evidence import Predicate, Statement
from dualtrack.domain.ids import firm_digest, use_digest
from dualtrack.domain.records import Text
from dualtrack.domain.time import parse_instant
from dualtrack.domain.vocabulary import EvidenceKind, Role
from dualtrack.permit.keytable import Refused
from dualtrack.permit.planned import is_planned
from dualtrack.rules.catalogue import BUILT_IN_NAMES, shipped_hours
from dualtrack.rules.records import Topic

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dualtrack.domain.records import Value
    from dualtrack.domain.usecase import UseCase
    from dualtrack.permit.admission import Candidate, DeclarationEntry, Walk
    from dualtrack.permit.planned import RegisteredPlan

__all__ = ["BUILT_IN_TOPICS", "Admitted", "Subjects", "admit_evidence", "field_problem"]

BUILT_IN_TOPICS: dict[str, Topic] = {
    "waiver": Topic(
        kind=EvidenceKind.APPROVAL,
        about="use",
        roles=[Role.APPROVER],
        fields={"rule": "string", "reason": "string", "until": "string", "proportionality": "bool"},
        duty=None,
        title=Text(en="Waiver or proportionality decision", zh="豁免或相稱性決定"),
        hours=shipped_hours()["waiver"],
    ),
    "trial_plan": Topic(
        kind=EvidenceKind.APPROVAL,
        about="release",
        roles=[Role.APPROVER],
        fields={"mode": "string", "decisions_max": "int", "until": "string", "measures": "string"},
        duty=None,
        title=Text(en="Registered shadow or trial plan", zh="已登記的影子或試行計劃"),
        hours=shipped_hours()["trial_plan"],
    ),
}
"""Topics that the six steps themselves read; every pack may rely on them, none may redefine them."""


class Subjects(NamedTuple):
    """Name and digest that evidence must carry, by what its topic is about."""

    firm: tuple[str, str]
    use: tuple[str, str] | None
    release: tuple[str, str] | None

    @classmethod
    def of(cls, institution: str, use: str | None, release: str | None) -> Subjects:
        """Return the subjects of an assessment."""
        return cls(
            firm=(institution, firm_digest(institution)),
            use=(use, use_digest(use)) if use else None,
            release=(use, release) if use and release else None,
        )


class Admitted(msgspec.Struct, frozen=True):
    """Evidence that counts, with the index of its entry and who signed it."""

    index: int
    predicate: Predicate
    holders: frozenset[str]
    about_use: bool


def admit_evidence(
    found: Walk, topics: Mapping[str, Topic], subjects: Subjects
) -> tuple[list[Admitted], list[EvidenceLine]]:
    """Judge every candidate; returns the admitted ones and one line for each, in index order."""
    rules = _Rules(topics, subjects, found.declarations, found.plans, {})
    admitted: list[Admitted] = []
    judged: list[tuple[Candidate, Predicate | None, str | None]] = []
    for candidate in found.candidates:
        statement, reason = _judge(candidate, rules)
        predicate = statement.predicate if statement else None
        judged.append((candidate, predicate, reason))
        if reason is None and predicate is not None and candidate.signed is not None:
            rules.taken_at[predicate.topic] = predicate.taken_at
            admitted.append(
                Admitted(
                    candidate.entry.index,
                    predicate,
                    candidate.signed.holders,
                    about_use=topics[predicate.topic].about != "firm",
                )
            )
    newest = {item.predicate.topic: item.index for item in admitted}
    lines = [
        EvidenceLine(
            index=candidate.entry.index,
            topic=predicate.topic if predicate else None,
            taken_at=predicate.taken_at if predicate else None,
            admitted=reason is None,
            reason=reason,
            counts=reason is None and predicate is not None and newest[predicate.topic] == candidate.entry.index,
        )
        for candidate, predicate, reason in judged
    ]
    return admitted, lines


class _Rules(NamedTuple):
    """What evidence is judged by; `taken_at` is of the newest admitted evidence of each topic so far."""

    topics: Mapping[str, Topic]
    subjects: Subjects
    declarations: Sequence[DeclarationEntry]
    plans: Mapping[int, RegisteredPlan]
    taken_at: dict[str, str]


def _judge(candidate: Candidate, rules: _Rules) -> tuple[Statement | None, str | None]:
    statement = candidate.statement
    if statement is None:
        return None, "malformed"
    if candidate.reason is not None:
        return statement, candidate.reason
    try:
        _check(candidate, statement, rules)
    except Refused as refusal:
        return statement, refusal.args[0]
    return statement, None


def _check(candidate: Candidate, statement: Statement, rules: _Rules) -> None:
    predicate = statement.predicate
    signed = candidate.signed
    assert signed is not None
    if (signed.demo or predicate.demo) and not candidate.firm_demo:
        raise Refused("demo-key")
    topic = rules.topics.get(predicate.topic)
    if topic is None:
        raise Refused("unknown-topic")
    if predicate.kind != topic.kind:
        raise Refused("wrong-kind")
    if not signed.roles & set(topic.roles):
        raise Refused("wrong-role")
    if field_problem(predicate, topic) is not None:
        raise Refused("bad-fields")
    _check_subject(candidate, statement, topic, rules.subjects)
    if predicate.claim is not None:
        _check_claim(predicate.claim, candidate.entry.index, rules.declarations)
    if topic.planned and not is_planned(predicate, candidate.entry.index, rules.plans):
        raise Refused("unplanned")
    approves = topic.duty == "approve" or predicate.topic in BUILT_IN_NAMES
    if approves and rules.declarations and candidate.entry.index < rules.declarations[-1].index:
        raise Refused("before-declaration")
    _check_time(predicate, candidate.entry.recorded_at)
    if predicate.topic != "waiver" and predicate.taken_at < rules.taken_at.get(predicate.topic, ""):
        raise Refused("older")


def _check_claim(claim: str, index: int, declarations: Sequence[DeclarationEntry]) -> None:
    """Refuse evidence for a claim whose terms were not registered, just as they now are, before the evidence."""
    now = _terms(claim, declarations[-1].use_case) if declarations else None
    if now is None:
        raise Refused("unknown-claim")
    before = [item for item in declarations if item.index < index]
    if not before or _terms(claim, before[-1].use_case) != now:
        raise Refused("late-claim")


def _terms(claim_id: str, use_case: UseCase) -> tuple[object, ...] | None:
    claim = next((claim for claim in reversed(use_case.claims) if claim.id == claim_id), None)
    if claim is None:
        return None
    return (
        claim.track,
        claim.topic,
        claim.primary,
        claim.baseline,
        claim.design,
        claim.minimum,
        claim.margin,
        claim.unit,
    )


def _check_subject(candidate: Candidate, statement: Statement, topic: Topic, subjects: Subjects) -> None:
    subject = statement.subject[0]
    leaf = candidate.entry.parsed
    wanted: tuple[str, str] | None = getattr(subjects, topic.about)
    name = subjects.firm[0] if topic.about == "firm" else subjects.use[0] if subjects.use else None
    if leaf.institution != subjects.firm[0] or leaf.id != subject.name or subject.name != name:
        raise Refused("wrong-subject")
    if topic.about == "release":
        if wanted is None or subject.digest.sha256 != wanted[1]:
            raise Refused("other-release")
    elif wanted is None or subject.digest.sha256 != wanted[1]:
        raise Refused("wrong-subject")


def _check_time(predicate: Predicate, recorded_at: str) -> None:
    taken, recorded = parse_instant(predicate.taken_at), parse_instant(recorded_at)
    if taken - recorded > timedelta(seconds=CLOCK_SKEW_S):
        raise Refused("future")
    if recorded - taken > timedelta(days=EVIDENCE_AGE_DAYS_MAX):
        raise Refused("too-old")


_TYPES: dict[str, type] = {"bool": bool, "int": int, "double": float, "string": str, "list": list}


def field_problem(predicate: Predicate, topic: Topic) -> str | None:
    """Return what is wrong with the fields of an observation of this topic, in words, or None."""
    for name, declared in topic.fields.items():
        optional, kind = declared.endswith("?"), declared.rstrip("?")
        if name not in predicate.fields:
            if optional:
                continue
            return f"field {name} is missing ({kind})"
        if not _is(predicate.fields[name], kind):
            return f"field {name} is not of type {kind}"
    unknown = sorted(set(predicate.fields) - set(topic.fields))
    if unknown:
        return f"field {unknown[0]} is unknown to topic {predicate.topic}"
    if topic.fields.get("claim", "").startswith("string") and predicate.fields.get("claim") != predicate.claim:
        return "field claim differs from the statement's claim: name the declared claim in both"
    return _estimate_problem(predicate) if predicate.kind is EvidenceKind.MEASUREMENT else None


def _is(value: Value, kind: str) -> bool:
    if type(value) is not _TYPES[kind]:
        return False
    return not isinstance(value, list) or all(type(item) is str for item in value)


def _estimate_problem(predicate: Predicate) -> str | None:
    if predicate.method is None or predicate.data_digest is None or predicate.n is None:
        return "a measurement carries method, data_digest and n"
    if predicate.n < 1:
        return f"n is {predicate.n}"
    fields = predicate.fields
    if "n" in fields and fields["n"] != predicate.n:
        return "field n differs from the statement's n: give the same number in both"
    low, estimate, high = fields.get("low"), fields.get("estimate"), fields.get("high")
    if isinstance(low, float) and isinstance(estimate, float) and isinstance(high, float):
        return None if low <= estimate <= high else "low <= estimate <= high does not hold"
    return None
