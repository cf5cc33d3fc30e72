"""Answer a question about a table and the text beside it without a model: a program over named cells, or the reason why not.

The steps of research 04, section 3.3: read the question, find the cells, state unit and scale, compute in the closed calculator, look
for a second way to the figure. Where a step has no one outcome there is no answer.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from dualtrack.apps.research.solving.answer import Answer, Answered, NoAnswerError, Quoted, abstained, compute, in_scale
from dualtrack.apps.research.solving.asked import check_asked
from dualtrack.apps.research.solving.cite import cite, cite_quote, said_restated, scale_of
from dualtrack.apps.research.solving.compare import count_of, leader, mark_of, period_of
from dualtrack.apps.research.solving.findings import finding
from dualtrack.apps.research.solving.matching import Finder
from dualtrack.apps.research.solving.named import metric_answer, metric_asked
from dualtrack.apps.research.solving.plan import make_plan
from dualtrack.apps.research.solving.question import read_question
from dualtrack.apps.research.solving.recognised import said_recognised
from dualtrack.apps.research.solving.scales import POWERS, printed_of
from dualtrack.apps.research.solving.second import second_way
from dualtrack.apps.research.solving.spans import find_span
from dualtrack.apps.research.solving.table import Body, Table, body_of
from dualtrack.domain.records import Text
from dualtrack.errors import FieldError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dualtrack.apps.research.solving.answer import Cited
    from dualtrack.apps.research.solving.plan import Plan
    from dualtrack.apps.research.solving.question import Question

__all__ = ["MATCH_LEAST", "QUESTION_MAX", "TEXT_MAX", "VALUE_LEAST", "solve"]

MATCH_LEAST = 0.4
"""Least match of words of a calculation: on the half of TAT-QA that constants were set on, 7 of 10 answers from here to 0.6 were right."""

VALUE_LEAST = 0.8
"""Least match of one printed value: below it most lines read were another line than the one asked for. Calculations are asked in fuller words."""

QUESTION_MAX = 2_000
TEXT_MAX = 400_000
"""Longest text beside a table, in characters: a hundred pages. More is for a page finder first."""

_TEXT_MAY_SAY = frozenset({"missing operand", "weak match", "not said", "period absent"})


def solve(question: str, table: Table, paragraphs: Sequence[str] = (), *, least: float = MATCH_LEAST) -> Answer:
    """Return the answer to a question over one table and its text, or why there is none and what would settle it.

    Of a page that was read by OCR, the answer says so.
    """
    return said_recognised(_solve(question, table, paragraphs, least), table)


def _solve(question: str, table: Table, paragraphs: Sequence[str], least: float) -> Answer:
    if len(question) > QUESTION_MAX or not question.strip():
        return abstained("not understood", finding("characters", count=len(question)))
    if sum(map(len, paragraphs)) > TEXT_MAX:
        raise FieldError(
            "too much text",
            where=table.name,
            expected=f"at most {TEXT_MAX:,} characters",
            fix="ask of fewer paragraphs",
        )
    asked = read_question(question)
    body, texts = body_of(table), tuple(paragraphs)
    try:
        if asked.intent == "text":
            return find_span(question, table, texts)
        found = _figure(asked, body, texts, least)
        check_asked(question, found.operands, body, texts)
    except NoAnswerError as error:
        if asked.intent == "value" and error.reason in _TEXT_MAY_SAY:
            quoted = find_span(question, table, texts)
            if isinstance(quoted, Quoted):
                return _in_text(question, quoted, body, texts)
        return abstained(error.reason, error.said)
    return found


def _in_text(question: str, quoted: Quoted, body: Body, texts: tuple[str, ...]) -> Answer:
    """Return what the text says in the place of the table: a number as a figure, which must have the currency of the question."""
    stated = _printed_in_text(quoted, texts)
    if stated is None:
        return quoted
    try:
        check_asked(question, stated.operands, body, texts)
    except NoAnswerError as error:
        return abstained(error.reason, error.said)
    return stated


def _printed_in_text(quoted: Quoted, paragraphs: tuple[str, ...]) -> Answered | None:
    """Return a number that the text states as a figure like any other; None where the quote is no number."""
    number, _, span = quoted.address[1:].partition(":")
    cited = cite_quote("a", quoted.text, quoted.address, paragraphs[int(number) - 1], int(span.partition("-")[0]))
    if cited is None:
        return None
    trace = compute("a", (cited,))
    return Answered(
        intent="value", value=trace.value, shown=in_scale(trace.value, cited.scale), unit=trace.unit, scale=cited.scale, period=cited.period,
        definition=Text(en="as stated in the text", zh="如文字所述"), expression="a", trace=trace, operands=(cited,), match=quoted.match,
    )  # fmt: skip


def _figure(asked: Question, body: Body, texts: tuple[str, ...], least: float) -> Answered:
    if asked.intent == "count" or (asked.intent == "compare" and mark_of(asked) is not None):
        return _counted(asked, body, texts, least)
    if asked.intent == "compare":
        compared = leader(asked, Finder(body, texts))
        return _answered(asked.intent, compared.plan, body, texts, least, choice=compared.choice)
    metric = metric_asked(asked, body)
    if metric is not None:
        return metric_answer(metric, asked, body, texts)
    return _answered(asked.intent, make_plan(asked, Finder(body, texts)), body, texts, least)


def _answered(
    intent: str, plan: Plan, body: Body, paragraphs: tuple[str, ...], least: float, *, choice: str = ""
) -> Answered:
    if plan.match < (max(least, VALUE_LEAST) if plan.expression == "a" else least):
        lines = dict.fromkeys(each.label or each.heading for each in plan.cells.values())
        raise NoAnswerError("weak match", ", ".join(lines))
    said = scale_of(body, paragraphs)
    cited = tuple(
        cite(name, held, printed_of(held, body, paragraphs, table_says=said), body) for name, held in plan.cells.items()
    )
    trace = compute(plan.expression, cited)
    scale, definition = _scale(plan, cited), said_restated(plan.definition, plan.cells.values())
    second = None if choice else second_way(plan, body, cited, trace.value, paragraphs)
    return Answered(
        intent=intent, value=trace.value, shown=in_scale(trace.value, scale), unit=trace.unit, scale=scale, period=plan.period,
        definition=definition, expression=plan.expression, trace=trace, operands=cited, second=second, choice=choice, match=round(plan.match, 3),
    )  # fmt: skip


def _counted(asked: Question, body: Body, paragraphs: tuple[str, ...], least: float) -> Answered:
    """Count the periods past a mark: a sum of ones, with every cell that was looked at among the operands."""
    cells, mark, match = count_of(asked, Finder(body, paragraphs))
    if match < least:
        raise NoAnswerError("weak match", cells[0].label)
    said = scale_of(body, paragraphs)
    cited = tuple(
        cite(f"c{at}", held, printed_of(held, body, paragraphs, table_says=said), body)
        for at, held in enumerate(cells, start=1)
    )
    limits = [mark.value.scaleb(POWERS[each.scale] if mark.power is None else mark.power) for each in cited]
    past = [
        period_of(held) for held, each, limit in zip(cells, cited, limits, strict=True)
        if (Decimal(each.value) < limit if mark.below else Decimal(each.value) > limit)
    ]  # fmt: skip
    expression = " + ".join(["1"] * len(past)) or "0"
    trace = compute(expression, ())
    definition = Text(en="number of periods past the mark", zh="越過界線的期數")
    return Answered(
        intent=asked.intent, value=trace.value, shown=trace.value, unit=trace.unit, scale="", period="", definition=definition,
        expression=expression, choice="; ".join(past), trace=trace, operands=cited, match=round(match, 3),
    )  # fmt: skip


def _scale(plan: Plan, cited: Sequence[Cited]) -> str:
    if plan.shape != "as printed":
        return "percent" if plan.shape == "percent" else ""
    scales = {each.scale for each in cited}
    return cited[0].scale if len(scales) == 1 else max(scales, key=lambda each: POWERS[each])
