"""From a question to a calculation over cells: which cells, in which order, and what the figure is then called.

Every plan is an expression over named cells, in the language of `expression.py`. A plan that would need a cell that is not there, or
that two cells fit equally, is none: the error says which.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal, NamedTuple

from dualtrack.apps.research.solving.answer import NoAnswerError
from dualtrack.apps.research.solving.asked import without_terms
from dualtrack.apps.research.solving.findings import finding, quoted
from dualtrack.apps.research.solving.matching import EQUAL, Finder, Match, phrase_words
from dualtrack.apps.research.solving.periods import Period
from dualtrack.apps.research.solving.phrases import parts_of
from dualtrack.apps.research.solving.rows import best_of, cells_of, differ, names_of, one_cell, span_of, words_of
from dualtrack.apps.research.solving.table import says_percent
from dualtrack.apps.research.solving.unsaid import unsaid
from dualtrack.apps.research.solving.words import plain
from dualtrack.domain.records import Text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dualtrack.apps.research.solving.question import Question
    from dualtrack.apps.research.solving.table import Held

__all__ = ["Plan", "Shape", "make_plan", "row_of"]

Shape = Literal["as printed", "percent", "number"]
"""What scale a result has: that of its operands, per cent, or none."""

_LATEST = 2
_DIVIDES = re.compile(r"\s*,\s*(?:and\s+)?|\s+(?:and|plus)\s+|[、與和及加]")
_CHANGE = re.compile(r"increase|decrease|change|增加|減少|變動")
_LESS = re.compile(r"\bexcluding\b|\bexclusive of\b|\bother than\b|\bnet of\b|\bmedian\b|不包括|扣除|中位數")
_SHARE_MAX = 100
_LINE_MIN = 0.35
"""Least match of each line of a sum or average over lines: a line named in part is another line."""


class Plan(NamedTuple):
    """A calculation over cells by name, what it is, the period it is of, and how well its worst cell fits."""

    expression: str
    cells: dict[str, Held]
    shape: Shape
    definition: Text
    period: str
    match: float


def make_plan(question: Question, finder: Finder) -> Plan:
    """Return the calculation that a question asks for; raises NoAnswerError."""
    makers = {
        "growth": _growth, "change": _change, "average change": _average_change, "average": _average, "sum": _sum, "ratio": _quotient,
        "share": _quotient,
    }  # fmt: skip
    return makers.get(question.intent, _value)(question, finder)


def _value(question: Question, finder: Finder) -> Plan:
    period = question.periods[0] if question.periods else None
    if len({each.year for each in question.years}) > 1:
        raise NoAnswerError("not understood", finding("several_periods"))
    if "respectively" in question.lower:
        raise NoAnswerError("not understood", finding("several_figures"))
    found = one_cell(finder, question.lower, period)
    text = without_terms(question.text)  # `check_asked` looks at them
    name = finder.strange_name(text)
    if name is not None:
        raise NoAnswerError("not said", f"{found.held.label}: {name}")
    more = unsaid(finder.unnamed(text), finder.said, terms=False)
    if more:
        raise NoAnswerError("not said", f"{found.held.label}: {' '.join(more)}")
    if _LESS.search(question.lower) and not _LESS.search(plain(f"{found.held.label} {found.held.section}")):
        raise NoAnswerError("not understood", finding("without_part"))
    return Plan(
        "a", {"a": found.held}, "as printed", Text(en="as printed", zh="如所列"), words_of(found.held), found.score
    )


def _growth(question: Question, finder: Finder) -> Plan:
    if (lines := parts_of(question.lower, "difference")) and len(question.years) < _LATEST:
        raise NoAnswerError("not understood", finding("growth_lines", one=lines[0], other=lines[1]))
    new, old = _two_periods(question, finder)
    definition = Text(en="change as a share of the earlier figure", zh="變動佔前期數字的百分比")
    if old.held.reported.value < 0 <= new.held.reported.value:
        definition = Text(
            en=f"{definition.en}, which is negative: a rise has a minus sign",
            zh=f"{definition.zh}；前期數字為負數，故上升以負號表示",
        )
    return Plan(
        "(a - b) / b",
        {"a": new.held, "b": old.held},
        "percent",
        definition,
        span_of(old.held, new.held),
        min(new.score, old.score),
    )


def _change(question: Question, finder: Finder) -> Plan:
    lines = parts_of(question.lower, "difference")
    periods = list(dict.fromkeys(question.periods))
    if lines and (len(periods) < _LATEST or set(phrase_words(lines[0])) != set(phrase_words(lines[1]))):
        when = [*periods[:2], *[periods[0] if periods else None] * _LATEST][:2]
        pairs = zip(lines, when, strict=True)
        one, other = (one_cell(finder, line, period, beside=question.lower) for line, period in pairs)
        differ(one.held, other.held)
        if one.held.reported.value * other.held.reported.value < 0 and one.held.row != other.held.row:
            raise NoAnswerError(
                "not understood",
                finding("two_signs", one=quoted(one.held.text), other=quoted(other.held.text)),
            )
        definition = Text(en="first less second", zh="前者減後者")
        return Plan(
            "a - b",
            {"a": one.held, "b": other.held},
            "as printed",
            definition,
            words_of(one.held),
            min(one.score, other.score),
        )
    if len(question.periods) == 1 and _printed_change(question, finder):
        return _value(question, finder)
    new, old = _two_periods(question, finder)
    definition = _signed(Text(en="later less earlier", zh="後期減前期"), new.held, old.held)
    return Plan(
        "a - b",
        {"a": new.held, "b": old.held},
        "as printed",
        definition,
        span_of(old.held, new.held),
        min(new.score, old.score),
    )


def _signed(definition: Text, *cells: Held) -> Text:
    """Return a definition that says so where all figures stand in brackets: an expense that grows is then a negative change."""
    if any(each.reported.value >= 0 for each in cells):
        return definition
    return Text(en=f"{definition.en}, figures in brackets as negative", zh=f"{definition.zh}，括號內數字為負數")


def _printed_change(question: Question, finder: Finder) -> bool:
    """Say whether the line that a question names is itself one of a change: "the net decrease in cash in 2019" is a line of the table."""
    best = finder.find(question.lower, question.periods[0])[:1]
    return (
        bool(best)
        and _CHANGE.search(best[0].held.label.lower()) is not None
        and plain(best[0].held.label).strip(" :") in question.lower
    )


def _average(question: Question, finder: Finder) -> Plan:
    if (lines := _listed(question, finder)) and len(question.periods) < _LATEST:
        found = _lines(finder, lines, question)
        return _mean(found, Text(en="mean of the lines", zh="各項的平均數"), words_of(found[0].held))
    years = _years_meant(question, finder)
    if len(years) == 1 and years[0].year and not years[0].part:
        years = [years[0], Period(years[0].year - 1)]
    found = cells_of(question.lower, years, finder)
    if len(found) < _LATEST:
        raise NoAnswerError("missing operand", finding("average_single", line=quoted(found[0].held.label)))
    return _mean(found, Text(en="mean of the periods", zh="各期的平均數"), span_of(found[-1].held, found[0].held))


def _mean(found: Sequence[Match], definition: Text, period: str) -> Plan:
    names = names_of(len(found))
    cells = dict(zip(names, (each.held for each in found), strict=True))
    return Plan(
        f"({' + '.join(names)}) / {len(found)}",
        cells,
        "as printed",
        _signed(definition, *cells.values()),
        period,
        min(each.score for each in found),
    )


def _average_change(question: Question, finder: Finder) -> Plan:
    """Return the change of an average of two years' ends: of this year and the one before, less of the two before or of another line."""
    lines = parts_of(question.lower, "difference")
    years = sorted({each.year for each in question.years}, reverse=True)
    if lines and len(years) == 1:
        pairs = [cells_of(line, [Period(years[0]), Period(years[0] - 1)], finder) for line in lines[:2]]
    elif len(years) >= _LATEST:
        pairs = [cells_of(question.lower, [Period(year), Period(year - 1)], finder) for year in (years[0], years[1])]
    else:
        raise NoAnswerError("not understood", finding("average_periods"))
    if any(len(pair) < _LATEST for pair in pairs):
        raise NoAnswerError("missing operand", finding("average_before"))
    cells = dict(zip(("a", "b", "c", "d"), (each.held for pair in pairs for each in pair), strict=True))
    definition = Text(en="difference of the means of each year and the one before", zh="各年與前一年平均數之差")
    match = min(each.score for pair in pairs for each in pair)
    return Plan(
        "(a + b) / 2 - (c + d) / 2",
        cells,
        "as printed",
        definition,
        span_of(pairs[-1][0].held, pairs[0][0].held),
        match,
    )


def _sum(question: Question, finder: Finder) -> Plan:
    if "respectively" in question.lower and "sum" not in question.lower:
        raise NoAnswerError("not understood", finding("several_figures"))
    years = _years_meant(question, finder) if question.periods else []
    lines = _listed(question, finder)
    if lines and len(years) < _LATEST:
        found = _lines(finder, lines, question)
    elif len(years) >= _LATEST:
        found = cells_of(question.lower, years, finder)
    else:
        return _value(question, finder)
    names = names_of(len(found))
    cells = dict(zip(names, (each.held for each in found), strict=True))
    definition = Text(en="sum", zh="總和")
    return Plan(
        " + ".join(names),
        cells,
        "as printed",
        definition,
        span_of(found[-1].held, found[0].held),
        min(each.score for each in found),
    )


def _quotient(question: Question, finder: Finder) -> Plan:
    ratio = question.intent == "ratio" or ("proportion" in question.lower and "percent" not in question.lower)
    years = question.years
    lines = parts_of(question.lower, "share")
    if not lines:
        printed = _value(question, finder)
        if not _is_share(printed.cells["a"]):
            raise NoAnswerError("not understood", finding("share_of_what"))
        return printed
    period = question.periods[0] if question.periods else None
    if len(years) == _LATEST and not (set(phrase_words(lines[0])) ^ set(phrase_words(lines[1]))):
        over, under = (one_cell(finder, question.lower, each) for each in years)
    else:
        parts = _listed_in(lines[0], finder)
        if len(parts) > 1 and not ratio:
            under = one_cell(finder, lines[1], period, beside=question.lower)
            return _share_of_sum([one_cell(finder, each, period, beside=question.lower) for each in parts], under)
        over, under = (one_cell(finder, line, period, beside=question.lower) for line in lines[:2])
        over, under = _parallel(finder, over, under, lines, period)
    differ(over.held, under.held)
    definition = Text(
        en="first over second, a deduction in brackets as its size", zh="前者除以後者，括號內的扣減按其數額計"
    )
    return Plan(
        "(-a) / b" if over.held.reported.value < 0 < under.held.reported.value else "a / b",
        {"a": over.held, "b": under.held},
        "number" if ratio else "percent",
        definition,
        words_of(over.held),
        min(over.score, under.score),
    )


def _is_share(held: Held) -> bool:
    return (
        held.reported.percent
        or says_percent(f"{held.label} {held.section} {held.heading}")
        or abs(held.reported.value) <= _SHARE_MAX
    )


def _share_of_sum(over: Sequence[Match], under: Match) -> Plan:
    """Return several lines together as a share of another."""
    for at, each in enumerate(over):
        differ(each.held, under.held)
        for other in over[:at]:
            differ(each.held, other.held)
    names = names_of(len(over) + 1)
    cells = dict(zip(names, (*(each.held for each in over), under.held), strict=True))
    definition = Text(en="the lines together over the last", zh="各項之和除以最後一項")
    match = min(each.score for each in (*over, under))
    return Plan(f"({' + '.join(names[:-1])}) / {names[-1]}", cells, "percent", definition, words_of(under.held), match)


def _listed(question: Question, finder: Finder) -> tuple[str, ...]:
    """Return the lines that a question lists; `and` or a comma within a label of the table divides nothing."""
    return parts_of(_undivided(question.lower, finder), "list")


def _listed_in(phrase: str, finder: Finder) -> tuple[str, ...]:
    """Return the lines of a phrase that joins labels of the table: each part must be one, word for word."""
    labels = {plain(each.label).strip(" :") for each in finder.body.cells}
    parts = [each.removeprefix("the ").strip() for each in _DIVIDES.split(_undivided(phrase, finder))]
    found = [next((label for label in labels if label and part.endswith(label)), "") for part in parts]
    return tuple(found) if all(found) else ()


def _undivided(text: str, finder: Finder) -> str:
    for label in sorted({plain(each.label).strip(" :") for each in finder.body.cells}, key=len, reverse=True):
        if _DIVIDES.search(label) and label in text:
            text = text.replace(label, _DIVIDES.sub(" ", label))
    return text


def _parallel(
    finder: Finder, over: Match, under: Match, lines: Sequence[str], period: Period | None
) -> tuple[Match, Match]:
    """Return a pair in one row or column where the words allow it: a share is of a total in the same column."""
    if over.held.column == under.held.column or over.held.row == under.held.row:
        return over, under
    beside = [
        each
        for each in finder.find(lines[1], period)
        if each.held.column == over.held.column and each.score > under.score - 2 * EQUAL
    ]
    return (over, beside[0]) if beside else (over, under)


def _lines(finder: Finder, lines: Sequence[str], question: Question) -> list[Match]:
    period = question.periods[0] if question.periods else None
    found = [one_cell(finder, line, period, beside=question.lower) for line in lines]
    for at, each in enumerate(found):
        if each.score < _LINE_MIN:
            raise NoAnswerError("missing operand", lines[at].strip())
        for other in found[:at]:
            differ(each.held, other.held)
    return found


def _two_periods(question: Question, finder: Finder) -> tuple[Match, Match]:
    """Return the cells of the later and the earlier period of one line: those that are named, or the latest two of the table."""
    periods = list(dict.fromkeys(question.periods))
    if len(periods) == 1 or not periods:
        periods = _latest(question.lower, finder, periods[0] if periods else None)
    periods = (
        sorted(periods[:_LATEST], reverse=True)
        if len(periods) == _LATEST
        else sorted((max(periods), min(periods)), reverse=True)
    )
    found = cells_of(question.lower, periods, finder)
    if len(found) < _LATEST:
        raise NoAnswerError("missing operand", finding("both_periods"))
    differ(found[0].held, found[1].held)
    return found[0], found[1]


def _latest(phrase: str, finder: Finder, period: Period | None) -> list[Period]:
    best = one_cell(finder, phrase, period) if period else best_of(finder.find(phrase), phrase)
    own = _periods_beside(best.held, finder)
    if period is not None:
        own = [each for each in own if each <= period or each.year == period.year]
    if len(own) < _LATEST:
        raise NoAnswerError("missing operand", finding("two_periods"))
    return own[:_LATEST]


def _periods_beside(held: Held, finder: Finder) -> list[Period]:
    """Return the periods of a cell's row, or of its column where each row is a period, the latest first."""
    cells = [each for each in finder.body.cells if not each.change]
    row = {period for each in cells if each.row == held.row for period in each.periods if period.year}
    column = {
        period for each in cells if each.column == held.column and phrase_words(each.label) == phrase_words(held.label)
        for period in each.periods if period.year
    }  # fmt: skip
    return sorted(row if len(row) > 1 else column, reverse=True)


def _years_meant(question: Question, finder: Finder) -> list[Period]:
    """Return the periods of a sum or an average: those named, all of a named stretch, or all of the table."""
    if (
        question.range is not None
        and len(question.years) == _LATEST
        and "and" not in question.lower.partition(str(question.range.first))[2][:8]
    ):
        return [Period(year) for year in range(question.range.last, question.range.first - 1, -1)]
    if question.periods:
        return sorted(dict.fromkeys(question.periods), reverse=True)
    best = best_of(finder.find(question.lower), question.lower)
    return _periods_beside(best.held, finder)


def row_of(question: Question, finder: Finder) -> list[Match]:
    """Return the cells of one line over the periods that a question names, or over all of the table."""
    return cells_of(question.lower, _years_meant(question, finder), finder)
