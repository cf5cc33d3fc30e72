"""The dossier of one use or institution: a self-contained page in both languages, from verdict to data digest.

Reads an `Explanation` and, where given, the way to green; decides nothing. The same input gives the same text: the instant
shown is the assessment's own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import dualtrack
from dualtrack.domain.vocabulary import Effect, Mode, Outcome, Track, Verdict
from dualtrack.permit.assess import verdict_digest
from dualtrack.present import terms, words
from dualtrack.present.benefit_view import benefit_view, level_of
from dualtrack.present.charts import CountPart, counts_bar, plain_number
from dualtrack.present.group_view import group_views
from dualtrack.present.html import render
from dualtrack.present.phrases import (
    counted,
    day_of,
    interval_text,
    iso_day,
    load_words,
    metric_text,
    our_test,
    value_text,
)
from dualtrack.present.rule_cards import rule_cards
from dualtrack.present.text import fill
from dualtrack.present.way import describe_way

if TYPE_CHECKING:
    from markupsafe import Markup

    from dualtrack.domain.assessment import Assessment, Counts
    from dualtrack.domain.records import Text
    from dualtrack.permit.assess import Case
    from dualtrack.permit.explain import Explanation
    from dualtrack.permit.to_green import ToGreen
    from dualtrack.present.rule_cards import RuleCard
    from dualtrack.rules.pack import Pack

__all__ = ["EFFECT_STYLES", "VERDICT_STYLES", "TrackView", "dossier_page", "is_demo", "track_view", "verdict_line"]

_LISTED_MAX = 12
"""Rules listed in one table of what decides: more are a chapter, and each has its card below."""

VERDICT_STYLES: dict[Verdict, str] = {
    Verdict.PERMITTED: "good",
    Verdict.PERMITTED_WITH_CONDITIONS: "medium",
    Verdict.TRIAL: "low",
    Verdict.SHADOW: "low",
    Verdict.REFUSED: "high",
    Verdict.NOTHING_MEASURED: "note",
    Verdict.REQUIREMENTS_EVIDENCED: "note",
}
"""Shape and colour of a verdict; the word stands beside it always."""

EFFECT_STYLES: dict[Effect, str] = {
    Effect.REFUSES: "high",
    Effect.REFUSES_LIVE: "high",
    Effect.CONDITION: "medium",
    Effect.DUE_LATER: "low",
    Effect.ADVICE: "note",
    Effect.NONE: "good",
}
"""Shape and colour of an effect."""


class TrackView(NamedTuple):
    """One track's counts over binding packs: `done` is met or waived, of those that apply."""

    track: Track
    counts: Counts
    done: int
    chart: Markup


class _Measured(NamedTuple):
    entry: int
    title: Text
    metric: str
    result: str
    level: float | None
    baseline: str | None
    against: str
    n: int | None
    method: str
    data_digest: str | None


def dossier_page(explanation: Explanation, way: ToGreen | None = None) -> str:
    """Return the page as HTML text."""
    case, assessment = explanation.case, explanation.assessment
    cards = rule_cards(explanation)
    declaration = case.found.declaration if case.use else None
    view = benefit_view(case)
    return render(
        "dossier.html.j2",
        "present",
        w=load_words("dossier"),
        fill=fill,
        counted=counted,
        words=words,
        terms=terms,
        day=day_of,
        iso=iso_day,
        value=value_text,
        number=plain_number,
        our_test=our_test,
        a=assessment,
        digest=verdict_digest(assessment),
        institution=case.found.institution,
        use=declaration,
        release=case.found.release,
        demo=is_demo(case),
        verdict_style=VERDICT_STYLES[assessment.verdict],
        effect_styles=EFFECT_STYLES,
        headline=verdict_line(assessment),
        tracks=[track_view(assessment, track) for track in (Track.BENEFIT, Track.SAFETY)],
        benefit=view,
        keys={card.key for card in cards},
        sections=_sections(cards),
        simulated=_by_pack([card for card in cards if not card.binding]),
        conditions=sorted(_having(cards, Effect.CONDITION), key=lambda card: card.due or ""),
        refusing=_having(cards, Effect.REFUSES, Effect.REFUSES_LIVE),
        later=_having(cards, Effect.DUE_LATER),
        way=describe_way(case, way) if way is not None and not _is_live(assessment) else None,
        tier_reasons=_tier_reasons(case, assessment),
        measured=_measured(case, but=view.claim.topic if view.claim else None),
        groups=group_views(case),
        rejected=[line for line in assessment.evidence if not line.admitted],
        earlier=[line for line in assessment.evidence if line.admitted and not line.counts],
        topics=case.topics,
        packs=case.packs,
        pack_lines={line.id: line for line in assessment.packs},
        limits=_limits(assessment),
        listed_max=_LISTED_MAX,
        version=dualtrack.__version__,
    )


def track_view(assessment: Assessment, track: Track, *, key: str = "") -> TrackView:
    """Return a track's counts with their bar; `key` makes the chart's name unique on a page with several."""
    counts = assessment.counts[track.value]
    title = words.TRACK_WORDS[track]
    parts = (
        CountPart(_outcome(Outcome.MET), counts.met, "solid"),
        CountPart(_outcome(Outcome.WAIVED), counts.waived, "striped"),
        CountPart(_outcome(Outcome.NOT_MET), counts.not_met, "dark"),
        CountPart(_outcome(Outcome.NO_EVIDENCE), counts.no_evidence, "open"),
    )
    bar = counts_bar(f"track-{track.value}{key}", f"{title.en} {title.zh}", parts)
    return TrackView(track, counts, counts.met + counts.waived, bar)


def _outcome(outcome: Outcome) -> str:
    word = words.OUTCOME_WORDS[outcome]
    return f"{word.en} {word.zh}"


def verdict_line(assessment: Assessment) -> Text:
    """Return the verdict in a sentence."""
    found = load_words("dossier")
    rules = counted(len(assessment.refusals), "rule", "項規則")
    conditions = counted(len(assessment.conditions), "condition", "項條件")
    if assessment.verdict is Verdict.REQUIREMENTS_EVIDENCED:
        counts = assessment.counts.values()
        done = sum(item.met + item.waived for item in counts)
        return fill(found["line_institution"], done=done, applicable=sum(item.applicable for item in counts))
    if assessment.mode is None or assessment.expires is None:
        if assessment.verdict is Verdict.NOTHING_MEASURED:
            applicable = sum(item.applicable for item in assessment.counts.values())
            return fill(found["line_nothing"], rules=counted(applicable, "rule", "項規則"))
        hard = any(item.effect is Effect.REFUSES for item in assessment.refusals)
        if not assessment.refusals:
            return found["line_no_release"]
        return fill(found["line_refused_hard" if hard else "line_refused"], rules=rules)
    until = day_of(assessment.expires)
    if assessment.mode is not Mode.LIVE:
        most = assessment.plan.decisions_max if assessment.plan else 0
        return fill(found[f"line_{assessment.mode.value}"], until=until, most=f"{most:,}", rules=rules)
    return fill(
        found["line_conditions" if assessment.conditions else "line_permitted"], until=until, conditions=conditions
    )


def is_demo(case: Case) -> bool:
    """Tell whether anything of the case is fictional: the institution or the declaration."""
    return case.found.institution.demo or (case.found.declaration is not None and case.found.declaration.demo)


def _is_live(assessment: Assessment) -> bool:
    return assessment.mode is Mode.LIVE


def _having(cards: list[RuleCard], *effects: Effect) -> list[RuleCard]:
    return [card for card in cards if card.binding and card.effect in effects]


def _sections(cards: list[RuleCard]) -> list[tuple[str, list[RuleCard]]]:
    """Return the binding rules in the order in which they matter; a section without rules is left out."""
    groups = [
        ("rules_refusing", _having(cards, Effect.REFUSES, Effect.REFUSES_LIVE)),
        ("rules_condition", _having(cards, Effect.CONDITION)),
        ("rules_later", _having(cards, Effect.DUE_LATER)),
        ("rules_advice", _having(cards, Effect.ADVICE)),
        ("rules_done", _having(cards, Effect.NONE)),
    ]
    return [(name, found) for name, found in groups if found]


def _by_pack(cards: list[RuleCard]) -> list[tuple[RuleCard, list[RuleCard]]]:
    """Return cards under the first card of their pack."""
    found: dict[str, list[RuleCard]] = {}
    for card in cards:
        found.setdefault(card.pack.id, []).append(card)
    return [(listed[0], listed) for _, listed in sorted(found.items())]


def _tier_reasons(case: Case, assessment: Assessment) -> tuple[Pack, Text] | None:
    """Return the pack and the line of its tier table that decided, or None where no line did."""
    line = assessment.tier
    pack = next((pack for pack in case.packs if pack.id == line.pack), None)
    if pack is None or line.line is None:
        return None
    return pack, pack.tiers[line.line].data.reason


def _measured(case: Case, *, but: str | None) -> list[_Measured]:
    """Return the counting measurements that carry an estimate, with the target or limit they name."""
    newest = {item.predicate.topic: item for item in case.admitted}
    found = []
    for topic, item in sorted(newest.items()):
        fields, predicate = item.predicate.fields, item.predicate
        result = interval_text(fields)
        if result is None or topic == but:
            continue
        bounds = [f"{name} {value_text(fields[name])}" for name in ("target", "limit") if name in fields]
        method = predicate.method
        found.append(
            _Measured(
                entry=item.index,
                title=case.topics[topic].title,
                metric=metric_text(fields.get("metric")),
                result=result,
                level=level_of(predicate),
                baseline=_baseline(fields.get("baseline_estimate")),
                against=", ".join(bounds),
                n=predicate.n,
                method=f"{method.name} {method.version}" if method else "",
                data_digest=predicate.data_digest,
            )
        )
    return found


def _baseline(value: object) -> str | None:
    return value_text(value) if isinstance(value, float) else None


_LIMITS = ("truth", "complete", "law", "seen", "clock", "future", "benefit_ours", "chart", "recompute")


def _limits(assessment: Assessment) -> list[Text]:
    """Return what the page does not establish."""
    found = load_words("dossier")
    names = [name for name in _LIMITS if assessment.use or name not in {"benefit_ours", "chart"}]
    if assessment.use is None:
        names.insert(0, "licence")
    return [found[f"limit_{name}"] for name in names]
