"""Explanations: from a verdict to its rules, to their paragraphs, to the evidence and its data digest.

Nothing is decided here; every line is read off the case and its assessment. Wording: "our test for paragraph 18(a)",
never "complies with paragraph 18(a)".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import msgspec

from dualtrack.domain.evidence import Predicate
from dualtrack.domain.records import Text
from dualtrack.domain.time import hong_kong_date
from dualtrack.domain.vocabulary import Effect, Outcome
from dualtrack.permit.assess import conclude_whole
from dualtrack.permit.facts import newest_by_topic
from dualtrack.permit.solve import conjuncts
from dualtrack.rules.check import read_names
from dualtrack.rules.evaluate import evaluate_explained

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dualtrack.domain.assessment import Assessment
    from dualtrack.domain.records import Value
    from dualtrack.permit.assess import Case, Judged
    from dualtrack.permit.evidence_check import Admitted
    from dualtrack.rules.pack import Pack, Rule
    from dualtrack.rules.table import Schema, Tree

__all__ = ["EvidenceUsed", "Explanation", "RuleExplained", "Test", "explain"]


class Test(NamedTuple):
    """One term of a requirement with the values it was judged on; `holds` is None where something was missing."""

    text: str
    holds: bool | None
    values: dict[str, object]
    missing: list[str]


class EvidenceUsed(msgspec.Struct, frozen=True):
    """A piece of evidence a rule rested on: its entry, who signed, and what it observed."""

    index: int
    topic: str
    title: Text
    holders: list[str]
    predicate: Predicate


class RuleExplained(NamedTuple):
    """A rule with its outcome, the terms of its requirement, and the evidence behind them."""

    pack: Pack
    rule: Rule
    outcome: Outcome
    effect: Effect
    due: str | None
    until: str | None
    binding: bool
    tests: list[Test]
    evidence: list[EvidenceUsed]
    missing_topics: list[str]
    expired_topics: list[str]
    waiver: EvidenceUsed | None


class Explanation(NamedTuple):
    """An assessment with every applicable rule explained, worst effects first."""

    assessment: Assessment
    case: Case
    rules: list[RuleExplained]


_ORDER = [Effect.REFUSES, Effect.REFUSES_LIVE, Effect.CONDITION, Effect.DUE_LATER, Effect.ADVICE, Effect.NONE]


def explain(case: Case) -> Explanation:
    """Explain every rule that applies, or may apply, to the case."""
    assessment, facts, judged = conclude_whole(case)
    newest = newest_by_topic(case.admitted)
    by_index = {item.index: item for item in case.admitted}
    explained = [
        _explained(item, case, facts, newest, by_index)
        for item in judged
        if item.result.outcome is not Outcome.NOT_APPLICABLE
    ]
    explained.sort(key=lambda item: _ORDER.index(item.effect))
    return Explanation(assessment, case, explained)


def _explained(
    item: Judged,
    case: Case,
    facts: Mapping[str, Value],
    newest: Mapping[str, Admitted],
    by_index: Mapping[int, Admitted],
) -> RuleExplained:
    view = item.pack.with_own_facts(facts, hong_kong_date(case.at))
    for index in item.result.evidence:
        predicate = by_index[index].predicate
        view |= {f"ev.{predicate.topic}.{name}": value for name, value in predicate.fields.items()}
    requires = item.rule.requires
    used = [_used(by_index[index], case) for index in item.result.evidence]
    waiver = by_index[item.result.waiver] if item.result.waiver is not None else None
    return RuleExplained(
        pack=item.pack,
        rule=item.rule,
        outcome=item.result.outcome,
        effect=item.effect.effect,
        due=item.effect.due,
        until=item.result.until,
        binding=item.binding,
        tests=[_test(tree, requires.schema, view) for tree in conjuncts(requires.tree)],
        evidence=used,
        missing_topics=[topic for topic in item.rule.topics if topic not in newest],
        expired_topics=item.result.expired,
        waiver=_used(waiver, case) if waiver else None,
    )


def _used(item: Admitted, case: Case) -> EvidenceUsed:
    topic = case.topics[item.predicate.topic]
    return EvidenceUsed(item.index, item.predicate.topic, topic.title, sorted(item.holders), item.predicate)


def _test(tree: Tree, schema: Schema, view: Mapping[str, object]) -> Test:
    node = evaluate_explained(tree, view, schema)
    values = {name: view[name] for name in sorted(read_names(tree)) if name in view}
    return Test(node.text, node.value if isinstance(node.value, bool) else None, values, list(node.missing))
