"""What our tests for 24EC55 paragraphs 13, 17 and 18 say of a language use in the finished demo, one line each.

They bind licensed corporations. At the bank, the test for paragraph 17 is computed on the bank's own measured notice and called
what it is: by analogy. It stands in no verdict of the bank.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from dualtrack.demo.language.running import FICTIONAL_PARTS
from dualtrack.domain.vocabulary import InstitutionType, Outcome
from dualtrack.permit.assess import conclude_whole
from dualtrack.permit.facts import newest_by_topic
from dualtrack.rules.shipped import shipped

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dualtrack.demo.language.running import LanguageRun
    from dualtrack.domain.records import Text, Value
    from dualtrack.rules.pack import Rule

__all__ = ["PACK", "ParagraphLine", "by_analogy", "paragraph_lines"]

PACK = "sfc-24ec55"

_SHOWN = ("13", "17", "18")
"""The paragraphs that the demo measures; rules that cite another one first are not shown."""

_NOTICE, _DRILL = "RUN-01", "disclosure_drill"


class ParagraphLine(NamedTuple):
    """A paragraph, our rule for it, what came of it and what is missing.

    `analogy` says that it does not bind this institution; `fictional`, that its evidence rests in part on fictional answers.
    """

    cites: str
    rule: str
    title: Text
    outcome: Outcome
    missing: list[str]
    analogy: bool
    fictional: bool


def paragraph_lines(run: LanguageRun) -> list[ParagraphLine]:
    """Return the lines of a use, by paragraph: from its verdict where the pack is adopted, else paragraph 17 by analogy."""
    rules = {rule.data.id: rule for rule in shipped(PACK).rules}
    judged = [line for line in run.recorded.assessment.rules if line.pack == PACK]
    if not judged:
        return [by_analogy(run)]
    shown = [line for line in judged if rules[line.rule].data.cites[0].partition("(")[0] in _SHOWN]
    lines = [_line(rules[line.rule], line.outcome, line.missing, analogy=False) for line in shown]
    return sorted(lines, key=lambda line: (line.cites, line.rule))


def by_analogy(run: LanguageRun) -> ParagraphLine:
    """Return paragraph 17 computed on the measured notice of an institution that it does not bind."""
    pack = shipped(PACK)
    rule = pack.rule(_NOTICE)
    assert rule.data.binds == [InstitutionType.LICENSED_CORPORATION], "the label says whom it binds"
    facts = _facts(run)
    holds = rule.requires(facts)
    outcome = Outcome.NO_EVIDENCE if holds is None else Outcome.MET if holds else Outcome.NOT_MET
    return _line(rule, outcome, (), analogy=True)


def _facts(run: LanguageRun) -> Mapping[str, Value]:
    """Return the released policy's promise of a notice and what the drill of it measured."""
    case = run.recorded.case
    drill = newest_by_topic(case.admitted).get(_DRILL)
    measured = {} if drill is None else {f"ev.{_DRILL}.{name}": value for name, value in drill.predicate.fields.items()}
    return conclude_whole(case).facts | measured


def _line(rule: Rule, outcome: Outcome, missing: Sequence[str], *, analogy: bool) -> ParagraphLine:
    fictional = not FICTIONAL_PARTS.isdisjoint(rule.topics)
    cites = ", ".join(rule.data.cites)
    return ParagraphLine(cites, rule.data.id, rule.data.title, outcome, list(missing), analogy, fictional)
