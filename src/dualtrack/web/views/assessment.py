"""An assessment from verdict down to evidence: every rule that applies, in the order in which they matter."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from dualtrack.domain.vocabulary import Effect, Verdict
from dualtrack.present.terms import STATUS_WORDS, reason_words
from dualtrack.present.words import EFFECT_WORDS
from dualtrack.store.projections import Projections
from dualtrack.web.parts import Badge, outcome_badge, verdict_badge

if TYPE_CHECKING:
    from dualtrack.permit.explain import Explanation
    from dualtrack.present.rule_cards import RuleCard
    from dualtrack.store.register import Register
    from dualtrack.web.parts import Tone
    from dualtrack.web.views.wording import Say

__all__ = [
    "HISTORY_MAX",
    "CardBadges",
    "History",
    "Section",
    "badges_of",
    "history_of",
    "pack_rows",
    "sections_of",
    "unused_rows",
]

HISTORY_MAX = 20
"""Earlier assessments listed on a page, newest first."""


class Section(NamedTuple):
    """Rules of one effect under a heading."""

    key: str
    title: str
    cards: list[RuleCard]


class CardBadges(NamedTuple):
    """A rule's outcome, and its effect where it has one."""

    outcome: Badge
    effect: Badge | None


class History(NamedTuple):
    """An assessment in the list of earlier ones."""

    entry: int
    at: str
    badge: Badge
    current: bool


_EFFECT_TONES: dict[Effect, Tone] = {
    Effect.REFUSES: "bad", Effect.REFUSES_LIVE: "bad", Effect.CONDITION: "amber", Effect.DUE_LATER: "low", Effect.ADVICE: "note",
}  # fmt: skip


def sections_of(cards: list[RuleCard], say: Say) -> list[Section]:
    """Return the rules in sections; one without rules is left out. Rules of packs that do not bind come last."""
    binding = [card for card in cards if card.binding]

    def having(*effects: Effect) -> list[RuleCard]:
        return [card for card in binding if card.effect in effects]

    found = [
        Section("refusing", say("Rules that refuse", "不准許的規則"), having(Effect.REFUSES, Effect.REFUSES_LIVE)),
        Section("conditions", say("Conditions", "條件"), having(Effect.CONDITION)),
        Section("later", say("Due later", "稍後到期"), having(Effect.DUE_LATER)),
        Section("advice", say("Advice", "建議"), having(Effect.ADVICE)),
        Section("done", say("Met or waived", "符合或已豁免"), having(Effect.NONE)),
        Section("simulated", say("Packs that do not bind", "不具約束力的規則包"), [card for card in cards if not card.binding]),
    ]  # fmt: skip
    return [section for section in found if section.cards]


def badges_of(card: RuleCard, say: Say) -> CardBadges:
    """Return the badges of a rule."""
    tone = _EFFECT_TONES.get(card.effect)
    effect = Badge(tone, say.capital(EFFECT_WORDS[card.effect])) if tone and card.binding else None
    return CardBadges(outcome_badge(card.outcome, say.language), effect)


def history_of(register: Register, use: str | None, current: int, say: Say) -> list[History]:
    """Return the newest assessments of a use or of the institution."""
    rows = Projections(register.repository).rows("assessment", use_id=use)
    return [
        History(row["idx"], say.moment(row["at"]), verdict_badge(Verdict(row["verdict"]), say.language), row["idx"] == current)
        for row in reversed(rows[-HISTORY_MAX:])
    ]  # fmt: skip


def unused_rows(explanation: Explanation, say: Say) -> list[tuple[int, str, str]]:
    """Return entries that did not count, with why: not admitted, or replaced by newer evidence."""
    assessment, topics = explanation.assessment, explanation.case.topics
    rows = []
    for line in assessment.evidence:
        if line.admitted and line.counts:
            continue
        name = say.text(topics[line.topic].title) if line.topic in topics else line.topic or "?"
        why = (
            say("replaced by newer evidence", "已由較新證據取代")
            if line.admitted
            else say.text(reason_words(line.reason or ""))
        )
        rows.append((line.index, name, why))
    rows += [(item.index, item.kind, say.text(reason_words(item.reason))) for item in assessment.rejected]
    return sorted(rows)


def pack_rows(explanation: Explanation, say: Say) -> list[tuple[str, str, str, str]]:
    """Return id, title, standing and digest of each pack that the assessment was made with."""
    titles = {pack.id: say.text(pack.data.title) for pack in explanation.case.packs}
    rows = []
    for line in explanation.assessment.packs:
        standing = say.capital(STATUS_WORDS[line.status])
        if not line.binding:
            standing += say(", simulated", "，模擬")
        rows.append((line.id, f"{titles.get(line.id, line.id)} {line.version}", standing, line.digest))
    return rows
