"""One rule of a verdict as people read it: our test, its terms and values, the evidence behind it, what is missing."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from dualtrack.domain.time import format_instant, parse_instant
from dualtrack.domain.vocabulary import Effect, Grade, Outcome
from dualtrack.present.cites import ground_text
from dualtrack.present.phrases import fact_text, interval_text, our_test, value_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dualtrack.domain.assessment import RuleLine
    from dualtrack.domain.evidence import Predicate
    from dualtrack.domain.records import Text
    from dualtrack.permit.explain import EvidenceUsed, Explanation, RuleExplained, Test
    from dualtrack.rules.records import PackData, RuleData, Topic

__all__ = ["EvidenceRow", "RuleCard", "Term", "rule_cards"]


class Term(NamedTuple):
    """One term of a requirement, the values it was judged on, and whether it held (None: something was missing)."""

    text: str
    holds: bool | None
    values: list[tuple[str, str]]
    missing: list[Text]


class EvidenceRow(NamedTuple):
    """A piece of evidence under a rule, with the end of its validity for that rule."""

    entry: int
    topic: str
    title: Text
    holders: list[str]
    predicate: Predicate
    result: str | None
    valid_until: str | None


class RuleCard(NamedTuple):
    """Everything a page shows of one applicable rule."""

    key: str
    pack: PackData
    rule: RuleData
    test: Text
    outcome: Outcome
    effect: Effect
    due: str | None
    until: str | None
    binding: bool
    secondary: bool
    applies_unknown: bool
    terms: list[Term]
    evidence: list[EvidenceRow]
    missing: list[Text]
    expired: list[Text]
    waiver: EvidenceRow | None

    @property
    def open(self) -> bool:
        """Tell whether there is something to do: neither met nor waived."""
        return self.outcome not in {Outcome.MET, Outcome.WAIVED}

    @property
    def ground(self) -> Text | None:
        """Return where the source leaves room for proportion, or None."""
        return ground_text(self.rule.proportionality) if self.rule.proportionality else None

    @property
    def judged(self) -> bool:
        """Tell whether any term had a value to be judged on."""
        return any(term.values or term.holds is not None for term in self.terms)


def rule_cards(explanation: Explanation) -> list[RuleCard]:
    """Return a card for every applicable rule, worst effects first."""
    lines = {(line.pack, line.rule): line for line in explanation.assessment.rules}
    topics = explanation.case.topics
    return [_card(item, lines[item.pack.id, item.rule.id], topics) for item in explanation.rules]


def _card(item: RuleExplained, line: RuleLine, topics: Mapping[str, Topic]) -> RuleCard:
    pack, rule = item.pack.data, item.rule.data
    return RuleCard(
        key=f"{pack.id}--{rule.id}",
        pack=pack,
        rule=rule,
        test=our_test(rule.cites),
        outcome=item.outcome,
        effect=item.effect,
        due=item.due,
        until=item.until,
        binding=item.binding,
        secondary=Grade.SECONDARY in {pack.grade, rule.source_grade},
        applies_unknown=line.applies is None,
        terms=[] if line.applies is None else [_term(test, topics, pack) for test in item.tests],
        evidence=[_row(used, rule.valid_days) for used in item.evidence],
        # Of a met rule only alternatives that were not needed can be absent: nothing is missing.
        missing=[] if item.outcome is Outcome.MET else _unique(line.missing, topics, pack),
        expired=[topics[name].title for name in line.expired],
        waiver=_row(item.waiver, None) if item.waiver else None,
    )


def _term(test: Test, topics: Mapping[str, Topic], pack: PackData) -> Term:
    values = [(name, value_text(value)) for name, value in test.values.items()]
    return Term(test.text, test.holds, values, _unique(test.missing, topics, pack))


def _unique(names: list[str], topics: Mapping[str, Topic], pack: PackData) -> list[Text]:
    found: dict[str, Text] = {}
    for name in names:
        text = fact_text(name, topics, pack)
        found.setdefault(text.en, text)
    return list(found.values())


def _row(used: EvidenceUsed, valid_days: int | None) -> EvidenceRow:
    until = None
    if valid_days is not None:
        until = format_instant(parse_instant(used.predicate.taken_at) + timedelta(days=valid_days))
    return EvidenceRow(
        entry=used.index,
        topic=used.topic,
        title=used.title,
        holders=used.holders,
        predicate=used.predicate,
        result=interval_text(used.predicate.fields),
        valid_until=until,
    )
