"""The way to green in words: who does what, what the rules ask, and what would still refuse.

Reads `permit/to_green.py` results; decides nothing. Shared by the dossier and `dualtrack explain --to-green`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from dualtrack.domain.questions import questions
from dualtrack.domain.time import hong_kong_date
from dualtrack.domain.vocabulary import Role
from dualtrack.permit.facts import newest_by_topic
from dualtrack.permit.solve import conjuncts
from dualtrack.present.phrases import fact_text, our_test
from dualtrack.present.terms import ROLE_WORDS
from dualtrack.rules.evaluate import evaluate_explained

if TYPE_CHECKING:
    from dualtrack.domain.assessment import Assessment
    from dualtrack.domain.records import Text, Value
    from dualtrack.permit.assess import Case
    from dualtrack.permit.to_green import Step, ToGreen
    from dualtrack.rules.pack import Pack, Rule

__all__ = ["Ask", "Blocked", "Way", "WayStep", "describe_way"]


class Ask(NamedTuple):
    """A rule that a step answers: how our test is named, and what the rule asks to be done."""

    pack: str
    rule: str
    pack_title: Text
    test: Text
    title: Text
    todo: Text


class WayStep(NamedTuple):
    """One step: its kind (answer, policy, evidence), what it is, who signs it, an example that would do, what asks for it."""

    number: int
    kind: str
    name: str
    title: Text
    roles: list[Text]
    hours: float
    fields: dict[str, Value]
    replaces: int | None
    asks: list[Ask]


class Blocked(NamedTuple):
    """A rule that refuses even with every step supposed done, and the terms of it that then do not hold."""

    ask: Ask
    terms: list[str]


class Way(NamedTuple):
    """The steps in order, their hours in all, and the verdict that assessing again with them gave."""

    reached: bool
    steps: list[WayStep]
    hours: float
    after: Assessment
    blocked: list[Blocked]


def describe_way(case: Case, found: ToGreen) -> Way:
    """Return the way to green of a case in words."""
    rules = {(pack.id, rule.id): (pack, rule) for pack in case.packs for rule in pack.rules}
    steps = [_step(number, step, case, rules) for number, step in enumerate(found.steps, start=1)]
    blocked = []
    if not found.reached:
        blocked = [
            _blocked(*rules[item.pack, item.rule], case, found)
            for item in found.assessment.refusals
            if (item.pack, item.rule) in rules
        ]
    return Way(found.reached, steps, sum(step.hours for step in steps), found.assessment, blocked)


def _step(number: int, step: Step, case: Case, rules: dict[tuple[str, str], tuple[Pack, Rule]]) -> WayStep:
    return WayStep(
        number=number,
        kind=step.kind,
        name=step.name,
        title=_title(step, case),
        roles=[ROLE_WORDS[Role(role)] for role in step.roles],
        hours=float(step.hours),
        fields=step.fields,
        replaces=step.replaces,
        asks=[_ask(*rules[name]) for name in step.rules if name in rules],
    )


def _title(step: Step, case: Case) -> Text:
    if step.kind == "evidence":
        return case.topics[step.name].title
    rest = step.name.partition(".")[2]
    return questions()[rest].ask if rest in questions() else fact_text(step.name, case.topics)


def _ask(pack: Pack, rule: Rule) -> Ask:
    data = rule.data
    return Ask(pack.id, rule.id, pack.data.title, our_test(data.cites), data.title, data.todo)


def _blocked(pack: Pack, rule: Rule, case: Case, found: ToGreen) -> Blocked:
    facts: dict[str, object] = dict(found.assessment.facts)
    evidence = {topic: item.predicate.fields for topic, item in newest_by_topic(case.admitted).items()}
    evidence |= {step.name: step.fields for step in found.steps if step.kind == "evidence"}
    view = pack.with_own_facts(facts, hong_kong_date(case.at))
    view |= {f"ev.{topic}.{name}": value for topic, fields in evidence.items() for name, value in fields.items()}
    nodes = [evaluate_explained(tree, view, rule.requires.schema) for tree in conjuncts(rule.requires.tree)]
    return Blocked(_ask(pack, rule), [node.text for node in nodes if node.value is not True])
