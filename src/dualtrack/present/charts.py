"""Small accessible charts as SVG text: an interval against its marks, and counts as a bar.

Pure functions of numbers and words. Every chart has a title and a description that say all it shows, marks are told apart by
shape and pattern as well as by colour, and the caller prints the same numbers beside it.
"""

from __future__ import annotations

import math
from typing import Literal, NamedTuple

from markupsafe import Markup

from dualtrack.errors import FieldError

__all__ = ["CountPart", "IntervalPlot", "Mark", "counts_bar", "interval_plot", "plain_interval", "plain_number"]

_WIDTH = 480
"""Width of a chart's own coordinates; the page scales it."""

_MARGIN = 62
_INK, _SOFT, _LINE, _ACCENT, _DARK = "#1b2426", "#4b5a5e", "#d3dbda", "#0b5b57", "#8f1d1d"
_LABEL_GAP = 112
"""Horizontal room that two labels under the axis need; closer ones stand on two lines."""

_DECIMALS_MAX = 10
"""Decimals written out; a narrower interval than that is a unit badly chosen."""

_CHARACTER = 12
"""Width of a character in a bar's segment, in the chart's coordinates, with some room."""


class Mark(NamedTuple):
    """A value that an interval is read against: no effect (solid line), a declared minimum or margin (dashed)."""

    value: float
    label: str
    dashed: bool


class IntervalPlot(NamedTuple):
    """An estimate with its interval, what it is read against, and the words that say all of it. `key` is unique on the page."""

    key: str
    title: str
    description: str
    estimate: float
    low: float
    high: float
    marks: tuple[Mark, ...]


class CountPart(NamedTuple):
    """One part of a whole: its word, its count and its pattern."""

    label: str
    n: int
    pattern: Literal["solid", "striped", "dark", "open"]


class _Scale(NamedTuple):
    start: float
    unit: float

    def x(self, value: float) -> float:
        return round(_MARGIN + (value - self.start) * self.unit, 1)


def plain_number(value: float) -> str:
    """Return a number with four significant digits and a true minus sign."""
    text = f"{value:.4g}"
    return "0" if float(text) == 0 else text.replace("-", "\u2212")


def plain_interval(estimate: float, low: float, high: float) -> tuple[str, str, str]:
    """Return an estimate and its limits with as many decimals as the interval's width makes worth reading."""
    width = high - low
    if width <= 0 or not math.isfinite(width):
        return plain_number(estimate), plain_number(low), plain_number(high)
    decimals = min(max(0, 2 - math.floor(math.log10(width))), _DECIMALS_MAX)
    texts = [f"{value:.{decimals}f}" for value in (estimate, low, high)]
    point, start, end = ("\u2212" + text[1:] if text.startswith("-") and float(text) else text for text in texts)
    return point, start, end


def interval_plot(plot: IntervalPlot) -> Markup:
    """Draw the interval as a bar with a diamond at the estimate, against vertical lines at the marks."""
    values = [plot.estimate, plot.low, plot.high, *(mark.value for mark in plot.marks)]
    if not all(math.isfinite(value) for value in values) or not plot.low <= plot.estimate <= plot.high:
        raise FieldError(f"{plot.low}, {plot.estimate}, {plot.high}", where="chart", expected="low <= estimate <= high")
    scale = _scale(values)
    axis = _AXIS.format(start=_MARGIN, end=_WIDTH - _MARGIN, color=_LINE)
    body = Markup("").join([axis, *_marks(plot.marks, scale), _bar(plot, scale)])
    return _chart(plot.key, plot.title, plot.description, 136, body)


def counts_bar(key: str, title: str, parts: tuple[CountPart, ...]) -> Markup:
    """Draw counts as one bar whose parts are as wide as their shares; nothing to count is an empty outline."""
    total = sum(part.n for part in parts)
    description = ", ".join(f"{part.label} {part.n}" for part in parts)
    drawn, left = [_STRIPES.format(key=key, color=_ACCENT)], 0.0
    for part in parts:
        if not part.n:
            continue
        width = _WIDTH * part.n / total
        drawn.append(_segment(key, part, left, width))
        left += width
    drawn.append(_OUTLINE.format(width=_WIDTH - 1, color=_SOFT))
    return _chart(key, title, description, 26, Markup("").join(drawn))


def _scale(values: list[float]) -> _Scale:
    low, high = min(values), max(values)
    room = (high - low) * 0.06 or abs(high) * 0.5 or 1.0
    start, end = low - room, high + room
    return _Scale(start, (_WIDTH - 2 * _MARGIN) / (end - start))


_AXIS = Markup('<line x1="{start}" y1="88" x2="{end}" y2="88" stroke="{color}" stroke-width="1.5"/>')
_RULE = Markup('<line x1="{x}" y1="14" x2="{x}" y2="94" stroke="{color}" stroke-width="1.6"/>')
_DASHED = Markup('<line x1="{x}" y1="14" x2="{x}" y2="94" stroke="{color}" stroke-width="1.6" stroke-dasharray="5 4"/>')
_SPAN = Markup(
    '<line x1="{low}" y1="56" x2="{high}" y2="56" stroke="{color}" stroke-width="5"/>'
    '<line x1="{low}" y1="48" x2="{low}" y2="64" stroke="{color}" stroke-width="2.5"/>'
    '<line x1="{high}" y1="48" x2="{high}" y2="64" stroke="{color}" stroke-width="2.5"/>'
    '<path d="M{point} 46 l9 10 l-9 10 l-9 -10 z" fill="#ffffff" stroke="{color}" stroke-width="2.5"/>'
)
_SEGMENT = Markup('<rect x="{x}" y="0.5" width="{width}" height="25" fill="{fill}" stroke="#ffffff" stroke-width="1"/>')
_OUTLINE = Markup('<rect x="0.5" y="0.5" width="{width}" height="25" fill="none" stroke="{color}"/>')
_STRIPES = Markup(
    '<defs><pattern id="{key}-striped" width="7" height="7" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
    '<rect width="7" height="7" fill="#ffffff"/><rect width="2.4" height="7" fill="{color}"/></pattern></defs>'
)
# Labels have a white edge, so that figures stay readable where a line passes behind them.
_LABEL = Markup(
    '<text x="{x}" y="{y}" text-anchor="{anchor}" fill="{color}" font-size="15" font-weight="{weight}" '
    'stroke="#ffffff" stroke-width="4" paint-order="stroke">{text}</text>'
)
_ON_DARK = Markup(
    '<text x="{x}" y="{y}" text-anchor="middle" fill="#ffffff" font-size="15" font-weight="600">{text}</text>'
)
_CHART = Markup(
    '<svg class="chart" viewBox="0 0 {width} {height}" role="img" aria-labelledby="{key}-title {key}-desc" '
    'xmlns="http://www.w3.org/2000/svg"><title id="{key}-title">{title}</title><desc id="{key}-desc">{description}</desc>'
    "{body}</svg>"
)


def _marks(marks: tuple[Mark, ...], scale: _Scale) -> list[Markup]:
    drawn, last, row = [], -math.inf, 0
    for mark in sorted(marks, key=lambda item: item.value):
        x = scale.x(mark.value)
        row = 1 - row if x - last < _LABEL_GAP else 0
        last = x
        shape, color = (_DASHED, _ACCENT) if mark.dashed else (_RULE, _INK)
        drawn.append(shape.format(x=x, color=color) + _label(x, 111 + 18 * row, mark.label, color))
    return drawn


def _bar(plot: IntervalPlot, scale: _Scale) -> Markup:
    low, point, high = scale.x(plot.low), scale.x(plot.estimate), scale.x(plot.high)
    shown = plain_interval(plot.estimate, plot.low, plot.high)
    return (
        _SPAN.format(low=low, point=point, high=high, color=_ACCENT)
        + _label(point, 36, shown[0], _INK, weight=600)
        + _label(low - 5, 82, shown[1], _SOFT, anchor="end")
        + _label(high + 5, 82, shown[2], _SOFT, anchor="start")
    )


def _segment(key: str, part: CountPart, left: float, width: float) -> Markup:
    fill = {"solid": _ACCENT, "dark": _DARK, "striped": f"url(#{key}-striped)", "open": "#ffffff"}[part.pattern]
    rect = _SEGMENT.format(x=round(left, 1), width=round(width, 1), fill=fill)
    if width < _CHARACTER * (len(str(part.n)) + 1):
        return rect
    middle = round(left + width / 2, 1)
    if part.pattern in {"solid", "dark"}:
        return rect + _ON_DARK.format(x=middle, y=18, text=part.n)
    return rect + _label(middle, 18, str(part.n), _INK, weight=600)


def _label(x: float, y: float, text: str, color: str, *, anchor: str = "middle", weight: int = 400) -> Markup:
    return _LABEL.format(x=round(x, 1), y=y, anchor=anchor, color=color, weight=weight, text=text)


def _chart(key: str, title: str, description: str, height: int, body: Markup) -> Markup:
    return _CHART.format(width=_WIDTH, height=height, key=key, title=title, description=description, body=body)
