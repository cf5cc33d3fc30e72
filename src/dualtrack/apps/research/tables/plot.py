"""A picture of a result: which column runs across, which upward, as bars or a line; a record and pure drawing, no code of anybody's.

Dates and years make a line, other things bars. At most so many categories are drawn, and how many are not is said: nothing is pooled.
Colours are those of `present.charts`. Every picture has a title and a description that say what it shows; the table stands beside it.
"""

from __future__ import annotations

import math
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Literal

from markupsafe import Markup

from dualtrack.domain.records import Record, Text
from dualtrack.errors import FieldError
from dualtrack.present.charts import plain_number
from dualtrack.present.text import fill, same

if TYPE_CHECKING:
    from dualtrack.apps.research.tables.records import Result, ResultColumn

__all__ = ["BARS_MAX", "POINTS_MAX", "Chart", "draw_chart", "make_chart"]

BARS_MAX = 20
"""Most bars: their labels stay readable on a phone."""

POINTS_MAX = 400
"""Most points of a line: more than pixels across."""

_WIDTH, _LEFT, _RIGHT, _ROW, _TOP = 480, 150, 70, 24, 12
_LINE_LEFT, _LINE_HEIGHT, _FOOT = 62, 200, 40
_INK, _SOFT, _LINE, _ACCENT, _DARK = "#1b2426", "#4b5a5e", "#d3dbda", "#0b5b57", "#8f1d1d"
_LABEL_CHARS = 18
_YEARS = range(1900, 2101)
_NUMBERS = ("BIGINT", "HUGEINT", "UBIGINT", "INTEGER", "DOUBLE", "FLOAT", "DECIMAL", "SMALLINT", "TINYINT")
_DATES = ("DATE", "TIMESTAMP")
_TITLE = Text(en="{y} by {x}", zh="按 {x} 的 {y}")
_SAYS = Text(en="{n} values from {low} to {high}.", zh="{n} 個值，由 {low} 至 {high}。")
_MORE = Text(en=" {n} more are not drawn.", zh="另有 {n} 個沒有繪出。")
_EMPTY = Text(en=" {n} without a value are not drawn.", zh="{n} 個沒有值，沒有繪出。")


class Chart(Record, frozen=True):
    """What is drawn: `labels` across or down, `values` as decimal numerals, and how many were left out and why."""

    kind: Literal["bar", "line"]
    x: str
    y: str
    labels: tuple[str, ...]
    values: tuple[str, ...]
    more: int
    without_value: int

    def __post_init__(self) -> None:
        limit = BARS_MAX if self.kind == "bar" else POINTS_MAX
        if not 0 < len(self.labels) == len(self.values) <= limit or not all(_finite(value) for value in self.values):
            raise FieldError(
                f"{len(self.labels)} labels, {len(self.values)} values",
                where="chart",
                expected=f"1 to {limit} finite numbers",
            )


def make_chart(result: Result) -> Chart | None:
    """Return the picture of a result, None where it has no column of numbers beside another column, or a label twice."""
    axes = _axes(result)
    if axes is None:
        return None
    across, upward = axes
    pairs = [("–" if row[across] is None else str(row[across]), row[upward]) for row in result.rows]
    if len({label for label, _ in pairs}) < len(pairs):
        return None
    filled = [(label, value) for label, value in pairs if value is not None and _finite(value)]
    kind: Literal["bar", "line"] = "line" if _is_time(result, across) and len(filled) > 1 else "bar"
    if kind == "line":
        filled.sort(key=lambda pair: pair[0])
    limit = BARS_MAX if kind == "bar" else POINTS_MAX
    if not filled:
        return None
    return Chart(
        kind=kind,
        x=result.columns[across].name,
        y=result.columns[upward].name,
        labels=tuple(label.removesuffix(" 00:00:00") for label, _ in filled[:limit]),
        values=tuple(value for _, value in filled[:limit]),
        more=len(filled) - len(filled[:limit]),
        without_value=len(pairs) - len(filled),
    )


def _axes(result: Result) -> tuple[int, int] | None:
    """Return the places of the columns across and upward: the first that is no number, or else the first; then the first number."""
    numbers = [at for at, column in enumerate(result.columns) if column.kind.startswith(_NUMBERS)]
    others = [at for at, column in enumerate(result.columns) if at not in numbers]
    across = others[0] if others else 0
    upward = [at for at in numbers if at != across]
    return (across, upward[0]) if upward and result.rows else None


def _is_time(result: Result, at: int) -> bool:
    column: ResultColumn = result.columns[at]
    if column.kind.startswith(_DATES):
        return all(row[at] is not None for row in result.rows)
    values = [row[at] for row in result.rows]
    return column.kind == "BIGINT" and all(
        value is not None and value.isdigit() and int(value) in _YEARS for value in values
    )


def _finite(text: str) -> bool:
    try:
        return Decimal(text).is_finite() and math.isfinite(float(text))
    except (InvalidOperation, OverflowError):
        return False


def draw_chart(chart: Chart, *, key: str, language: Literal["en", "zh"]) -> Markup:
    """Draw a chart as SVG text; `key` is unique on the page."""
    numbers = [float(value) for value in chart.values]
    body, height = _bars(chart, numbers) if chart.kind == "bar" else _line(chart, numbers)
    title, says = fill(_TITLE, x=same(chart.x), y=same(chart.y)), _words(chart, numbers)
    chosen = (title.en, says.en) if language == "en" else (title.zh, says.zh)
    return _CHART.format(
        width=_WIDTH, height=height, key=key, title=chosen[0], description=chosen[1], body=Markup("").join(body)
    )


def _words(chart: Chart, numbers: list[float]) -> Text:
    parts = [fill(_SAYS, n=len(numbers), low=plain_number(min(numbers)), high=plain_number(max(numbers)))]
    parts += [fill(words, n=n) for words, n in ((_MORE, chart.more), (_EMPTY, chart.without_value)) if n]
    return Text(en="".join(each.en for each in parts), zh="".join(each.zh for each in parts))


def _bars(chart: Chart, numbers: list[float]) -> tuple[list[Markup], int]:
    """Draw bars from zero; those below zero are dark and run to the left of it."""
    low, high = min(0.0, *numbers), max(0.0, *numbers)
    unit = (_WIDTH - _LEFT - _RIGHT) / ((high - low) or 1.0)
    zero = round(_LEFT - low * unit, 1)
    drawn = []
    for at, (label, number) in enumerate(zip(chart.labels, numbers, strict=True)):
        y, width = _TOP + at * _ROW, round(abs(number) * unit, 1)
        x = zero if number >= 0 else round(zero - width, 1)
        drawn.append(_RECT.format(x=x, y=y, width=width, height=_ROW - 7, fill=_ACCENT if number >= 0 else _DARK))
        drawn.append(_WORD.format(x=_LEFT - 6, y=y + 13, anchor="end", color=_INK, text=_short(label)))
        drawn.append(
            _WORD.format(
                x=zero + (width if number >= 0 else 0) + 5,
                y=y + 13,
                anchor="start",
                color=_SOFT,
                text=plain_number(number),
            )
        )
    foot = _TOP + len(numbers) * _ROW
    drawn.append(_STROKE.format(x1=zero, y1=_TOP - 4, x2=zero, y2=foot, color=_SOFT))
    return drawn, foot + 8


def _line(chart: Chart, numbers: list[float]) -> tuple[list[Markup], int]:
    """Draw a line whose points stand at equal distances, from zero where all are on one side of it."""
    low, high = min(0.0, *numbers), max(0.0, *numbers)
    tall = (high - low) or 1.0
    step = (_WIDTH - _LINE_LEFT - 20) / (len(numbers) - 1 or 1)
    base = _TOP + _LINE_HEIGHT
    places = [
        (round(_LINE_LEFT + at * step, 1), round(base - (number - low) / tall * _LINE_HEIGHT, 1))
        for at, number in enumerate(numbers)
    ]
    zero = round(base + low / tall * _LINE_HEIGHT, 1)
    drawn = [
        _STROKE.format(x1=_LINE_LEFT, y1=zero, x2=_WIDTH - 20, y2=zero, color=_LINE),
        _WORD.format(x=_LINE_LEFT - 6, y=_TOP + 6, anchor="end", color=_SOFT, text=plain_number(high)),
        _WORD.format(x=_LINE_LEFT - 6, y=base, anchor="end", color=_SOFT, text=plain_number(low)),
        _PATH.format(points=" ".join(f"{x},{y}" for x, y in places), color=_ACCENT),
        _WORD.format(x=_LINE_LEFT, y=base + 22, anchor="start", color=_INK, text=_short(chart.labels[0])),
        _WORD.format(x=_WIDTH - 20, y=base + 22, anchor="end", color=_INK, text=_short(chart.labels[-1])),
    ]
    return drawn, base + _FOOT


def _short(label: str) -> str:
    return label if len(label) <= _LABEL_CHARS else label[: _LABEL_CHARS - 1] + "…"


_CHART = Markup(
    '<svg class="chart" viewBox="0 0 {width} {height}" role="img" aria-labelledby="{key}-title {key}-desc" '
    'xmlns="http://www.w3.org/2000/svg"><title id="{key}-title">{title}</title><desc id="{key}-desc">{description}</desc>'
    "{body}</svg>"
)
_RECT = Markup('<rect x="{x}" y="{y}" width="{width}" height="{height}" fill="{fill}"/>')
_STROKE = Markup('<line x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}" stroke="{color}" stroke-width="1.5"/>')
_WORD = Markup('<text x="{x}" y="{y}" text-anchor="{anchor}" fill="{color}" font-size="13">{text}</text>')
_PATH = Markup('<polyline points="{points}" fill="none" stroke="{color}" stroke-width="2.5"/>')
