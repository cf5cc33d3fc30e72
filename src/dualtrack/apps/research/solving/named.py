"""Questions that name a figure of the catalogue ("the current ratio in 2019", 流動比率): its formula over the lines that play its roles.

A table that prints the figure itself is read, not computed again. A role without a line in the table leaves no answer.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from msgspec.structs import replace

from dualtrack.apps.research.metrics import Metric, catalogue, metric_roles, role_unit
from dualtrack.apps.research.solving.answer import Answered, NoAnswerError, compute, in_scale
from dualtrack.apps.research.solving.cite import cite, said_restated, scale_of
from dualtrack.apps.research.solving.findings import finding, quoted, unit_text
from dualtrack.apps.research.solving.matching import EQUAL, Finder, Match
from dualtrack.apps.research.solving.periods import Period
from dualtrack.apps.research.solving.scales import printed_of
from dualtrack.apps.research.solving.words import plain
from dualtrack.apps.research.units import NUMBER, Unit, unit_of
from dualtrack.domain.records import Text

if TYPE_CHECKING:
    from dualtrack.apps.research.solving.answer import Cited
    from dualtrack.apps.research.solving.question import Question
    from dualtrack.apps.research.solving.table import Body, Held

__all__ = ["ROLE_MATCH_LEAST", "metric_answer", "metric_asked", "metric_lines"]

ROLE_MATCH_LEAST = 0.75
"""Least match of a line for a role: nearly all words of both. A role played by the wrong line is a wrong figure with a right name."""

_CHANGE = re.compile(r"\b(?:change|increase|decrease|difference|average)\b|變動|增加|減少|平均")
_ROLE = re.compile(r"[a-z_][a-z0-9_]*")
_DAYS = "365"
_WORDS_MIN = 2
_CHINESE_MIN = 3
_PERCENT = re.compile(r"margin|growth|return|yield|rate\b|tier 1 ratio|capital ratio")
_ALSO = {
    "interest_expense": ("interest expense",), "profit": ("net income", "net profit", "profit for the year"), "revenue": ("revenue", "net sales", "total revenue"),
    "receivables": ("trade receivables", "accounts receivable"), "payables": ("trade payables", "accounts payable"), "cost_of_sales": ("cost of sales", "cost of revenue"),
    "profit_before_tax": ("income before income taxes", "profit before taxation"), "equity": ("total equity", "shareholders equity"), "debt": ("total debt", "borrowings"),
    "operating_cash_flow": ("net cash provided by operating activities", "net cash from operating activities"), "tax": ("income tax expense", "provision for income taxes"),
    "capital_expenditure": ("capital expenditure", "purchases of property plant and equipment"), "shares": ("weighted average number of shares", "weighted average shares outstanding"),
}  # fmt: skip
"""Other names under which reports print what a role asks for."""

_ALIASES = {
    "net profit margin": "net_margin", "net income margin": "net_margin", "gross profit margin": "gross_margin",
    "operating profit margin": "operating_margin", "淨利潤率": "net_margin", "淨利率": "net_margin", "毛利潤率": "gross_margin",
}  # fmt: skip
"""Other names of figures of the catalogue in common use."""


@cache
def _names() -> tuple[tuple[str, str], ...]:
    """Return names of figures as questions write them, the longest first, with the key of each."""
    found = dict(_ALIASES)
    for key, metric in catalogue().metrics.items():
        for name in (plain(metric.en).partition(",")[0], key.replace("_", " "), metric.zh.partition("（")[0].lower()):
            chinese = not name.isascii()
            if (chinese and len(name) >= _CHINESE_MIN) or (
                not chinese and (len(name.split()) >= _WORDS_MIN or name == "ebitda")
            ):
                found.setdefault(name, key)
                found.setdefault(name.replace("賬", "帳"), key)  # both are written
    return tuple(sorted(found.items(), key=lambda each: -len(each[0])))


def metric_asked(question: Question, body: Body) -> str | None:
    """Return the key of the figure that a question names; None where it names none, asks for its change, or the table prints it."""
    if question.intent not in {"value", "ratio", "share"}:
        return None
    lower = _flat(question.lower)
    found = _named(lower)
    if found is None:
        return None
    name, key = found
    names = [other for other, its in _names() if its == key]
    printed = {plain(text).replace("-", " ") for each in body.cells for text in (each.label, each.heading)}
    if any(name in text for text in printed for name in names):
        return None
    if _CHANGE.search(lower):
        raise NoAnswerError("not understood", finding("change_unprinted", name=quoted(name)))
    return key


def metric_lines(question: str) -> tuple[Text, ...]:
    """Return the lines from which a figure that a question names is computed; none where it names no figure."""
    found = _named(_flat(plain(question)))
    roles = metric_roles(catalogue().metrics[found[1]]) if found else ()
    said = (_said(role.removesuffix("_before")) for role in roles if role not in {"days", "years"})
    return tuple(dict.fromkeys(Text(en=each.en.partition(" (")[0], zh=each.zh.partition("（")[0]) for each in said))


def _flat(text: str) -> str:
    return text.replace("-to-", " to ").replace("-", " ")


def _named(lower: str) -> tuple[str, str] | None:
    """Return the longest name of a figure in a question, and its key."""
    return next((each for each in _names() if re.search(rf"(?<![a-z]){re.escape(each[0])}(?![a-z])", lower)), None)


def metric_answer(key: str, question: Question, body: Body, paragraphs: tuple[str, ...]) -> Answered:
    """Compute a figure of the catalogue from the lines of a table; raises NoAnswerError naming the role without a line."""
    metric, finder = catalogue().metrics[key], Finder(body, paragraphs)
    period = question.periods[0] if question.periods else None
    before = Period(period.year - 1, period.part) if period is not None and period.year else period
    if question.range is not None:
        period, before = Period(question.range.last), Period(question.range.first)
    said = scale_of(body, paragraphs)
    expression = metric.formula
    cited: list[Cited] = []
    cells: list[Held] = []
    matches: list[float] = []
    for role in metric_roles(metric):
        if role == "days" or (role == "years" and question.range is not None):
            number = (
                _DAYS if question.range is None or role == "days" else str(question.range.last - question.range.first)
            )
            expression = re.sub(rf"\b{role}\b", number, expression)
            continue
        found = _role(role, before if role.endswith("_before") else period, finder)
        matches.append(found.score)
        cells.append(found.held)
        each = cite(role, found.held, printed_of(found.held, body, paragraphs, table_says=said), body)
        if not _of_kind(each.unit, catalogue().roles[role].kind):
            in_unit = finding("in_unit", role=_said(role), line=quoted(each.label), unit=unit_text(each.unit))
            raise NoAnswerError("unit mismatch", in_unit)
        cited.append(each)
        if "(positive)" in catalogue().roles[role].en and each.value.startswith("-"):
            expression = re.sub(rf"\b{role}\b", f"(-{role})", expression)
    if len({each.address for each in cited}) < len(cited):
        raise NoAnswerError("same cell", ", ".join(each.label for each in cited))
    trace = compute(expression, cited)
    definition = Text(en=f"{metric.en}: {metric.formula}", zh=f"{metric.zh}：{_formula_chinese(metric)}")
    money = _is_money(metric, expression, cited)
    scale = cited[0].scale if money else "percent" if _PERCENT.search(metric.en.lower()) else ""
    return Answered(
        intent="metric", value=trace.value, shown=in_scale(trace.value, scale), unit=trace.unit, scale=scale, metric=key,
        period=period.words if period else cited[0].period, definition=said_restated(definition, cells),
        expression=expression, trace=trace, operands=tuple(cited), match=round(min(matches), 3),
    )  # fmt: skip


def _said(role: str) -> Text:
    said = catalogue().roles[role]
    return Text(en=said.en, zh=said.zh)


def _formula_chinese(metric: Metric) -> str:
    """Return a formula with its roles by their Chinese names."""
    names = {key: role.zh.partition("（正數")[0] for key, role in catalogue().roles.items()}
    return _ROLE.sub(lambda match: names.get(match[0], match[0]), metric.formula)


def _of_kind(unit: Unit, kind: str) -> bool:
    """Say whether a cell can play a role of a kind: money for money, shares for shares; what states no unit can play any."""
    powers = dict(unit.parts)
    share = powers.pop("share", 0)
    if not unit.stated:
        return True
    wanted = {"money": (1, 0), "shares": (0, 1), "price": (1, -1), "number": (0, 0)}
    return wanted.get(kind) == (sum(powers.values()), share)


def _is_money(metric: Metric, expression: str, cited: list[Cited]) -> bool:
    """Say whether a figure is money by the units of its roles, whatever the table states."""
    typed = [replace(each, unit=role_unit(each.name, "HKD")) for each in cited]
    unit = compute(expression, typed).unit
    return unit != NUMBER and unit == unit_of("HKD") and bool(metric.formula)


def _role(role: str, when: Period | None, finder: Finder) -> Match:
    """Return the line that plays a role in its period."""
    said = catalogue().roles[role]
    base = role.removesuffix("_before")
    names = (
        *_ALSO.get(base, ()),
        plain(catalogue().roles[base].en).partition(" (")[0],
        catalogue().roles[base].zh.partition("（")[0],
    )
    found = [each for name in names for text in (name, f"total {name}") for each in finder.find(text, when)]
    best = sorted(found, key=lambda each: -each.score)
    where = when.words if when else ""
    if not best or best[0].score < ROLE_MATCH_LEAST:
        raise NoAnswerError("missing operand", Text(en=f"{said.en} {where}".strip(), zh=f"{said.zh} {where}".strip()))
    for each in best[1:]:
        if best[0].score - each.score <= EQUAL and each.held.reported.value != best[0].held.reported.value:
            one, other = quoted(_place(best[0].held)), quoted(_place(each.held))
            raise NoAnswerError("equal matches", finding("two_places_of", role=_said(role), one=one, other=other))
    return best[0]


def _place(held: Held) -> str:
    return f"{held.label} {held.heading} {held.text}"
