"""Run the tests that a pack carries: facts in, outcome out, by steps 3 and 4 of the assessment.

Age of evidence and waivers are left out here: a test gives facts, not entries. Parameters are those in force on the pack's
first day, definitions are computed; a test that gives a `param.` or `def.` fact itself overrides them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from dualtrack.domain.time import parse_date
from dualtrack.domain.vocabulary import Outcome
from dualtrack.rules.evaluate import missing_facts

if TYPE_CHECKING:
    from datetime import date

    from dualtrack.rules.evaluate import Facts
    from dualtrack.rules.pack import Pack, Rule

__all__ = ["Failure", "judge", "self_test"]


class Failure(NamedTuple):
    """A test of a rule that came out otherwise."""

    rule: str
    test: str
    expected: str
    found: str
    missing: tuple[str, ...]

    def __str__(self) -> str:
        lacking = f" (absent: {', '.join(self.missing)})" if self.missing else ""
        return f"rule {self.rule}, test {self.test!r}: expected {self.expected}, found {self.found}{lacking}"


def self_test(pack: Pack, *, on: date | None = None) -> list[Failure]:
    """Return the tests of the pack that fail, in order; `on` is the Hong Kong date of its parameters."""
    day = on or parse_date(pack.data.effective_from)
    failures = []
    for rule in pack.rules:
        for test in rule.data.tests:
            facts = pack.with_own_facts(test.facts, day) | test.facts
            found = judge(rule, facts)
            if found != test.expect:
                missing = missing_facts(rule.names, facts, pack.schema)
                failures.append(Failure(rule.id, test.name, test.expect, found.value, missing))
    return failures


def judge(rule: Rule, facts: Facts) -> Outcome:
    """Return the outcome of one rule on facts: binding, applicability, requirement; unknown is never better than not met."""
    kind = facts.get("firm.type")
    if kind is not None and kind not in rule.data.binds:
        return Outcome.NOT_APPLICABLE
    applies = rule.applies(facts)
    if applies is False:
        return Outcome.NOT_APPLICABLE
    if applies is None:
        return Outcome.NO_EVIDENCE
    met = rule.requires(facts)
    if met is None:
        return Outcome.NO_EVIDENCE
    return Outcome.MET if met else Outcome.NOT_MET
