"""A kept answer's figure as a support of a sentence: the line or metric that it is of, its years, its direction, and which stated numbers it bears out.

Only what can be held against words supports any: one line's value, its change or growth between two periods, or a named metric.
"""

from __future__ import annotations

import re
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Literal, NamedTuple

from dualtrack.apps.research.documents.labels import labels
from dualtrack.apps.research.metrics import catalogue
from dualtrack.apps.research.notes.wording import note_words, read_sentence
from dualtrack.apps.research.units import NUMBER
from dualtrack.runtime.guards.texts import fold
from dualtrack.runtime.passages.analysis import plain_text

if TYPE_CHECKING:
    from dualtrack.apps.research.notes.wording import Said
    from dualtrack.apps.research.solving.answer import Answered
    from dualtrack.apps.research.units import Unit
    from dualtrack.runtime.guards.figures import Figure as Stated

__all__ = ["FigureRead", "KeptFigure", "read_figure", "states", "years_hold"]

_CHANGES = {"(a - b) / b", "a - b"}
"""Calculations whose first operand is the later figure and whose second the earlier one (`solving.plan`)."""

_ROUNDED = Decimal("0.05")
"""Most of a figure that rounding may take away or add: `9%` stands for 9.14%, `HK$1 billion` not for 1.31 billion."""

_PERCENT = Decimal(100)
_FROM = re.compile(r"(?:\bfrom|由|从)[^\d\w]{0,4}$")
_TO = re.compile(r"(?:\bto|\bat|\breached|\breaching|至|到|达)[^\d\w]{0,4}$")
_MINUS = re.compile(r"[-−(]\s?$")
_DIGITS = re.compile(r"(?P<whole>[\d,]+)(?:\.(?P<part>\d+))?\s?(?P<times>[a-z]+|百万|[千万亿])?")
_TIMES = {
    "k": 3,
    "thousand": 3,
    "千": 3,
    "万": 4,
    "m": 6,
    "mn": 6,
    "million": 6,
    "百万": 6,
    "亿": 8,
    "b": 9,
    "bn": 9,
    "billion": 9,
}
_YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")
_BESIDE = 18
"""Characters beside a number in which its currency stands."""


class KeptFigure(NamedTuple):
    """An answer as the desk kept it: its figure, the issuer of its document, and the places whose cells do not say that (any more)."""

    answered: Answered
    issuer: str
    moved: tuple[str, ...] = ()


class FigureRead(NamedTuple):
    """What a sentence may say on a figure: the name of its line or metric and the names that it is read as, its values, its years from the earlier, which way it went."""

    name: str
    lines: frozenset[str]
    words: frozenset[str]
    result: tuple[Decimal, Unit]
    later: tuple[Decimal, Unit] | None
    earlier: tuple[Decimal, Unit] | None
    years: tuple[str, ...]
    direction: Literal["up", "down"] | None
    loss: bool
    positive: bool

    def named_in(self, sentence: Said) -> bool:
        """Say whether a sentence names the line or metric, with every word of its label: `revenue` is not `revenue from lanterns`."""
        said = {one for line in sentence.texts("line") for one in line.split("|")}
        named = all(set(line.split("|")) & said for line in self.lines)
        return named and bool(self.lines or self.words) and self.words <= set(sentence.texts("word"))

    @property
    def meanings(self) -> frozenset[str]:
        """What its lines are, each name with several meanings as all of these."""
        return frozenset(one for line in self.lines for one in line.split("|"))


def read_figure(answered: Answered) -> FigureRead | None:
    """Read the figure of an answer; None for a calculation that cannot be held against words."""
    value = Decimal(answered.trace.value)
    if answered.metric is not None:
        years = _years(answered.period)
        lines = frozenset({answered.metric})
        result = (value, answered.trace.unit)
        metric = catalogue().metrics[answered.metric]
        name = f"{metric.en.partition(',')[0]} / {metric.zh.partition('（')[0]}"
        return FigureRead(name, lines, frozenset(), result, None, None, years, None, loss=False, positive=value >= 0)
    names = [read_sentence(each.label) for each in answered.operands]
    found = {(frozenset(name.texts("line")), frozenset(name.texts("word"))) for name in names}
    if len(found) != 1 or answered.choice:
        return None
    lines, words = found.pop()
    plain = FigureRead(
        answered.operands[0].label, lines, words, (value, answered.trace.unit), None, None, _years(answered.operands[0].period), None,
        loss=bool(names[0].marks("loss")), positive=value >= 0,
    )  # fmt: skip
    costs = any(labels().concepts[line].cost for line in plain.meanings if line in labels().concepts)
    if answered.expression == "a" and len(answered.operands) == 1:
        return plain._replace(positive=value >= 0 or costs or plain.loss)
    known = answered.expression in _CHANGES and [each.name for each in answered.operands] == ["a", "b"]
    return _changed(plain, answered, costs=costs) if known and not plain.loss else None


def _changed(plain: FigureRead, answered: Answered, *, costs: bool) -> FigureRead | None:
    """Read a change or growth; None from or to a loss, where a rise in per cent has no direction. Costs may be printed as negatives."""
    later, earlier = ((Decimal(each.value), each.unit) for each in answered.operands)
    if (later[0] <= 0 or earlier[0] <= 0) and not (costs and later[0] < 0 and earlier[0] < 0):
        return None
    moved = abs(later[0]) - abs(earlier[0])
    way: Literal["up", "down"] | None = None if moved == 0 else "up" if moved > 0 else "down"
    years = (*_years(answered.operands[1].period), *_years(answered.operands[0].period))
    return plain._replace(later=later, earlier=earlier, years=years, direction=way, positive=moved >= 0)


def _years(period: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_YEAR.findall(period)))


def years_hold(figure: FigureRead, said: list[str]) -> bool:
    """Say whether the years of a sentence are those of a figure: the later alone, or both from the earlier to the later."""
    if not said:
        return True
    years = list(figure.years)
    return said == years or (figure.later is not None and len(years) > 1 and said == years[-1:])


def states(figure: FigureRead, item: Stated, text: str) -> bool:
    """Say whether a number of a text is one that the figure bears out there: its result, or after `from` and `to` what it went from and to."""
    folded = fold(text).text
    before, after = folded[: item.start], folded[item.end :]
    currency = _currency(before[-_BESIDE:], after[:_BESIDE])
    trimmed = before.rstrip()
    trimmed = next((trimmed.removesuffix(mark) for mark, _ in _marks() if trimmed.endswith(mark)), trimmed)
    value, unit = figure.result
    if figure.later is not None and figure.earlier is not None:
        if _FROM.search(trimmed):
            value, unit = figure.earlier
        elif _TO.search(trimmed):
            value, unit = figure.later
    elif _FROM.search(trimmed):
        return False
    if currency and (currency, 1) not in unit.parts:
        return False
    if _MINUS.search(before) and value > 0:
        return False
    return _equal(item, folded[item.start : item.end], value, unit)


def _equal(item: Stated, raw: str, value: Decimal, unit: Unit) -> bool:
    if item.kind == "date" or (item.kind == "percent" and unit != NUMBER):
        return False
    exact = abs(value) * (_PERCENT if item.kind == "percent" else 1)
    stated = Decimal(item.value)
    if stated == 0 or exact == 0:
        return stated == exact
    off = abs(exact - stated)
    return off * 2 <= _step(raw) and off <= exact * _ROUNDED


def _step(raw: str) -> Decimal:
    """Return what one more in the last printed digit would be worth; nothing for a numeral, which has to be exact."""
    match = _DIGITS.match(raw)
    if match is None:
        return Decimal(0)
    return Decimal(1).scaleb(_TIMES.get(match["times"] or "", 0) - len(match["part"] or ""))


@cache
def _marks() -> tuple[tuple[str, str], ...]:
    """Return the marks of currencies with their codes, the longest first."""
    marks = {fold(plain_text(mark)).text: code for code, every in note_words().currencies.items() for mark in every}
    return tuple(sorted(marks.items(), key=lambda each: -len(each[0])))


def _currency(before: str, after: str) -> str | None:
    """Return the currency that stands directly before or after a number."""
    left, right = before.rstrip(), after.lstrip()
    return next((code for mark, code in _marks() if left.endswith(mark) or right.startswith(mark)), None)
