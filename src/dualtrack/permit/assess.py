"""`assess`: the pure function from logged entries and rule packs to an Assessment (docs/assessment.md).

Same inputs give the same bytes on any machine, locale, hash seed and Python version. It reads no clock and no store.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from dualtrack.domain import canonical
from dualtrack.domain.assessment import (
    ASSESSMENT_FORMAT,
    LAPSES_IF,
    PERMIT_FORMAT,
    PERMIT_STATEMENT,
    Assessment,
    Condition,
    Counts,
    EvidenceLine,
    PackLine,
    Permit,
    PlanLine,
    Refusal,
    RuleLine,
    TierLine,
)
from dualtrack.domain.bounds import PERMIT_DAYS_MAX
from dualtrack.domain.records import encode
from dualtrack.domain.time import add_days, format_instant, hong_kong_date, parse_instant
from dualtrack.domain.vocabulary import Effect, Mode, Outcome, Severity, Tier, Track, Verdict
from dualtrack.errors import PackError
from dualtrack.permit.admission import Walk, walk
from dualtrack.permit.effect import RuleEffect, is_binding, is_capped, live_since, rule_effect
from dualtrack.permit.evidence_check import BUILT_IN_TOPICS, Admitted, Subjects, admit_evidence
from dualtrack.permit.facts import base_facts, builders, derive_tier, newest_by_topic
from dualtrack.permit.outcome import RuleResult, judge_rule, read_waivers
from dualtrack.permit.plan import granted_plan
from dualtrack.rules.pack import load_pack

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from dualtrack.domain.entry import Entry
    from dualtrack.domain.forms import Durability
    from dualtrack.domain.records import Value
    from dualtrack.rules.pack import Pack, Rule
    from dualtrack.rules.records import Topic

__all__ = [
    "Case",
    "Conclusion",
    "Judged",
    "adopted_packs",
    "assess",
    "conclude",
    "conclude_whole",
    "issue",
    "merge_topics",
    "prepare",
    "verdict_digest",
]


class Judged(NamedTuple):
    """A rule with its result and effect; `capped` rules of second-hand sources never refuse."""

    pack: Pack
    rule: Rule
    result: RuleResult
    effect: RuleEffect
    binding: bool
    capped: bool


def assess(
    entries: Iterable[Entry],
    packs: Mapping[str, bytes],
    *,
    institution: str,
    use: str | None,
    release: str | None,
    at: str,
) -> Assessment:
    """Assess a use's release, or with `use=None` an institution, at an instant.

    `entries` are all entries that concern the subject, in index order; `packs` maps digests to compiled bytes. Raises
    LedgerError, SignatureError or PackError when the input is broken; everything else is an outcome.
    """
    return conclude(prepare(entries, packs, institution=institution, use=use, release=release, at=at))


class Case(NamedTuple):
    """Step 1 done: what was admitted. Steps 2 to 6 run on it, also with supposed evidence and answers (`to_green`)."""

    found: Walk
    packs: list[Pack]
    topics: dict[str, Topic]
    admitted: list[Admitted]
    lines: list[EvidenceLine]
    use: str | None
    release: str | None
    at: datetime
    answers: Mapping[str, Value] = MappingProxyType({})


def prepare(
    entries: Iterable[Entry],
    packs: Mapping[str, bytes],
    *,
    institution: str,
    use: str | None,
    release: str | None,
    at: str,
) -> Case:
    """Do step 1; arguments and errors as for `assess`."""
    moment = parse_instant(at, where="at")
    found = walk(entries, institution=institution, use=use, release=release, at=at)
    adopted = adopted_packs(found, packs)
    topics = merge_topics(adopted)
    admitted, lines = admit_evidence(found, topics, Subjects.of(institution, use, release))
    return Case(found, adopted, topics, admitted, lines, use, release, moment)


def conclude(case: Case) -> Assessment:
    """Do steps 2 to 6."""
    return conclude_whole(case).assessment


class Conclusion(NamedTuple):
    """An assessment with what it was made of: the facts that every rule was judged on, and each rule's result."""

    assessment: Assessment
    facts: dict[str, Value]
    judged: list[Judged]


def conclude_whole(case: Case) -> Conclusion:
    """Do steps 2 to 6, and keep what explanations and the way to green read beside the assessment."""
    facts = base_facts(case.found, case.admitted, case.topics) | dict(case.answers)
    tier = derive_tier(case.packs, facts, hong_kong_date(case.at)) if case.use else _NO_TIER
    if case.use:
        facts["tier"] = tier.value.value
    judged = _judge_all(case, facts)
    return Conclusion(_assessment(case, facts, tier, judged), facts, judged)


_NO_TIER = TierLine(value=Tier.HIGH, pack=None, line=None, unknown=False)


def adopted_packs(found: Walk, packs: Mapping[str, bytes]) -> list[Pack]:
    """Return the adopted packs by id; one whose bytes are absent or other than adopted is an error."""
    adopted = []
    for pack_id, adoption in sorted(found.adopted.items()):
        data = packs.get(adoption.digest)
        pack = None if data is None else load_pack(data)
        if pack is None or pack.digest != adoption.digest:
            raise PackError(
                "the adopted pack is not at hand" if pack is None else "the pack is not the one adopted",
                where=f"{pack_id} {adoption.version}",
                expected=f"digest {adoption.digest}",
                code="rule.pack.absent",
            )
        if (pack.id, pack.data.version) != (adoption.pack, adoption.version):
            raise PackError(
                f"the adopted digest is of {pack.id} {pack.data.version}",
                where=f"{pack_id} {adoption.version}",
                fix="adopt the pack again, by the digest of its own bytes",
            )
        adopted.append(pack)
    return adopted


def merge_topics(packs: Sequence[Pack]) -> dict[str, Topic]:
    """Return the topics of all packs and the built-in ones.

    Packs that contradict one another are an error: two definitions of one topic, or two tables of tiers. None defines a
    built-in topic: such a pack does not load.
    """
    tiered = [pack.id for pack in packs if pack.tiers]
    if len(tiered) > 1:
        raise PackError("a second pack with tiers", where=tiered[1], expected="at most one adopted", fix="retire one")
    topics = dict(BUILT_IN_TOPICS)
    for pack in packs:
        for name, topic in pack.data.topics.items():
            if topics.setdefault(name, topic) != topic:
                raise PackError(
                    f"topic {name} is defined otherwise by another pack",
                    where=pack.id,
                    fix="adopt versions of both packs from one catalogue of topics",
                )
    return topics


def _judge_all(case: Case, facts: Mapping[str, Value]) -> list[Judged]:
    """Do steps 3 to 6 for every rule of the packs with this subject, in order of pack and position."""
    found, admitted, at = case.found, case.admitted, case.at
    newest = newest_by_topic(admitted)
    waivers = read_waivers(admitted, builders(found), at)
    live = live_since(found.permits, found.declaration.live_since if found.declaration else None)
    firm_type = found.institution.type.value
    subject = "use" if case.use else "institution"
    judged = []
    for pack in case.packs:
        if pack.data.subject != subject:
            continue
        known, binding = pack.with_own_facts(facts, hong_kong_date(at)), is_binding(pack, at)
        for rule in pack.rules:
            result = judge_rule(pack.id, rule, firm_type, known, newest, waivers, at)
            effect = RuleEffect(Effect.NONE, None)
            if binding:
                effect = rule_effect(pack, rule, result.outcome, permits=found.permits, live=live, at=at)
            judged.append(Judged(pack, rule, result, effect, binding, is_capped(pack, rule)))
    return judged


def _assessment(case: Case, facts: Mapping[str, Value], tier: TierLine, judged: Sequence[Judged]) -> Assessment:
    found, at = case.found, case.at
    effects = {item.effect.effect for item in judged}
    mode, plan = _mode(case, effects) if _is_ruled(judged) else (None, None)
    return Assessment(
        format=ASSESSMENT_FORMAT,
        institution=found.institution.id,
        use=case.use,
        release=case.release,
        at=format_instant(at),
        size=found.size,
        demo=found.institution.demo,
        packs=[_pack_line(pack, found.adopted[pack.id].digest, at) for pack in case.packs],
        tier=tier,
        facts=dict(facts),
        evidence=case.lines,
        rejected=found.rejected,
        rules=[_rule_line(item) for item in judged],
        counts={track.value: _count(judged, track) for track in Track},
        verdict=_verdict(mode, effects, case),
        mode=mode,
        conditions=[
            Condition(pack=item.pack.id, rule=item.rule.id, due=item.effect.due)
            for item in judged
            if item.effect.effect is Effect.CONDITION
        ],
        refusals=[
            Refusal(pack=item.pack.id, rule=item.rule.id, effect=item.effect.effect)
            for item in judged
            if item.effect.effect in {Effect.REFUSES, Effect.REFUSES_LIVE}
        ],
        expires=_expiry(judged, plan, at) if mode else None,
        plan=plan,
    )


def _is_ruled(judged: Sequence[Judged]) -> bool:
    """Tell whether any rule applies at all: where none does, nothing was found in order."""
    return any(item.binding and item.result.outcome is not Outcome.NOT_APPLICABLE for item in judged)


def _mode(case: Case, effects: set[Effect]) -> tuple[Mode | None, PlanLine | None]:
    if case.found.declaration is None or case.found.release is None or Effect.REFUSES in effects:
        return None, None
    if Effect.REFUSES_LIVE not in effects:
        return Mode.LIVE, None
    return granted_plan(case.admitted, case.found, case.found.release.digest, case.at)


def _pack_line(pack: Pack, digest: str, at: datetime) -> PackLine:
    return PackLine(
        id=pack.id,
        version=pack.data.version,
        digest=digest,
        status=pack.data.status,
        binding=is_binding(pack, at),
        grade=pack.data.grade,
    )


def _rule_line(item: Judged) -> RuleLine:
    result = item.result
    return RuleLine(
        pack=item.pack.id,
        rule=item.rule.id,
        severity=item.rule.data.severity,
        track=item.rule.data.track,
        outcome=result.outcome,
        applies=result.applies,
        effect=item.effect.effect,
        due=item.effect.due,
        until=result.until,
        evidence=result.evidence,
        missing=result.missing,
        expired=result.expired,
        waiver=result.waiver,
    )


def _count(judged: Sequence[Judged], track: Track) -> Counts:
    outcomes = [item.result.outcome for item in judged if item.binding and item.rule.data.track is track]
    return Counts(
        applicable=sum(outcome is not Outcome.NOT_APPLICABLE for outcome in outcomes),
        met=outcomes.count(Outcome.MET),
        not_met=outcomes.count(Outcome.NOT_MET),
        no_evidence=outcomes.count(Outcome.NO_EVIDENCE),
        waived=outcomes.count(Outcome.WAIVED),
    )


def _verdict(mode: Mode | None, effects: set[Effect], case: Case) -> Verdict:
    if case.use is None:
        return Verdict.REQUIREMENTS_EVIDENCED
    if mode is Mode.LIVE:
        return Verdict.PERMITTED_WITH_CONDITIONS if Effect.CONDITION in effects else Verdict.PERMITTED
    if mode is not None:
        return Verdict(mode.value)
    about_use = any(item.about_use for item in case.admitted)
    return Verdict.REFUSED if about_use else Verdict.NOTHING_MEASURED


def _expiry(judged: Sequence[Judged], plan: PlanLine | None, at: datetime) -> str:
    ends = [format_instant(add_days(at, PERMIT_DAYS_MAX))]
    for item in judged:
        if not item.binding:
            continue
        grave = item.rule.data.severity in {Severity.S1, Severity.S2}
        if grave and item.result.outcome in {Outcome.MET, Outcome.WAIVED} and item.result.until is not None:
            ends.append(item.result.until)
        if item.effect.effect is Effect.CONDITION and not item.capped and item.effect.due is not None:
            ends.append(item.effect.due)
        if plan is None and grave and item.effect.effect is Effect.DUE_LATER and item.rule.data.due_days is not None:
            ends.append(item.effect.due or format_instant(add_days(at, item.rule.data.due_days)))
    if plan is not None:
        ends.append(plan.until)
    return min(ends)  # instants of one form sort as text


def verdict_digest(assessment: Assessment) -> str:
    """Return the digest of the assessment's canonical bytes: what two parties compare."""
    return canonical.digest(encode(assessment))


def issue(assessment: Assessment, durability: Durability) -> Permit | None:
    """Return the permit that an assessment grants, or None; `durability` is the release policy's."""
    if assessment.mode is None or assessment.use is None or assessment.release is None:
        return None
    return Permit(
        format=PERMIT_FORMAT,
        institution=assessment.institution,
        use=assessment.use,
        release=assessment.release,
        mode=assessment.mode,
        valid_from=assessment.at,
        expires=assessment.expires,
        assessment=verdict_digest(assessment),
        conditions=assessment.conditions,
        decisions_max=assessment.plan.decisions_max if assessment.plan else None,
        lapses_if=list(LAPSES_IF),
        durability=durability,
        statement=PERMIT_STATEMENT,
        demo=assessment.demo,
    )
