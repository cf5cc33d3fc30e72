"""Small charts of the console: values over time.

A pure function of numbers and words. Each has a title and a description that say all it shows, and the page prints the same
numbers as a table beside it. Colours are classes of `console.css`. `present.charts` draws intervals and shares.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal, NamedTuple

from markupsafe import Markup

from dualtrack.errors import FieldError
from dualtrack.present.charts import plain_number
from dualtrack.web.svg import Frame, frame, text_width, words

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["POINTS_MAX", "Point", "trend"]

POINTS_MAX = 400
"""Points of one chart: more than one a pixel says nothing; sum them by day or week first."""

_WIDTH, _HEIGHT = 480, 190
_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 468, 14, 156
_SIZE = 12.5
_TICKS = 4
"""Steps of the value axis, about: enough to read a figure by, few enough to stay quiet."""

_GAP = 14
"""Room kept between two labels under the axis."""


class Point(NamedTuple):
    """A value at a place on the time axis; `label` is its date or period."""

    label: str
    value: float


class _Scale(NamedTuple):
    low: float
    high: float
    start: float
    end: float

    def at(self, value: float) -> float:
        return self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start)


_LINE = Markup('<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" class="{classes}"/>')
_PATH = Markup('<path d="{d}" class="{classes}" fill="none"/>')
_RECT = Markup('<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" class="{classes}"/>')
_DOT = Markup('<circle cx="{x:.1f}" cy="{y:.1f}" r="{r:g}" class="{classes}"/>')


def trend(
    key: str, title: str, points: Sequence[Point], *, style: Literal["line", "step", "bar"] = "line", unit: str = ""
) -> Markup:
    """Draw values over time as a line, as steps (a level that holds until it changes) or as bars (counts in a period)."""
    _check([point.value for point in points], title)
    ticks = _ticks([0.0, *(point.value for point in points)])
    y = _Scale(ticks[0], ticks[-1], _BOTTOM, _TOP)
    width = (_RIGHT - _LEFT) / max(len(points), 1)
    places = [_LEFT + width * (number + 0.5) for number in range(len(points))]
    body = [_grid(ticks, y)]
    if style == "bar":
        body += _bars(points, places, width, y)
    elif points:
        body.append(_PATH.format(d=_route(points, places, y, step=style == "step"), classes="c-line"))
        body.append(_DOT.format(x=places[-1], y=y.at(points[-1].value), r=4, classes="c-dot"))
    body.append(_under([(place, point.label) for place, point in zip(places, points, strict=True)]))
    said = "; ".join(f"{point.label}: {plain_number(point.value)}{unit}" for point in points)
    return frame(Frame(key, title, said or "0", _WIDTH, _HEIGHT, "chart-own"), Markup("").join(body))


def _check(values: Sequence[float], title: str) -> None:
    if len(values) > POINTS_MAX or not all(math.isfinite(value) for value in values):
        raise FieldError(
            f"{len(values)} values, or one that is not a number",
            where=f"chart {title!r}",
            expected=f"finite numbers, at most {POINTS_MAX} points",
            fix="sum by a longer period",
        )


def _ticks(values: Sequence[float]) -> list[float]:
    """Return round values from below the least to above the greatest."""
    low, high = min(values), max(values)
    span = (high - low) or 1.0
    rough = span / _TICKS
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 2.5, 5, 10) if power * factor >= rough * (1 - 1e-9))
    first = math.floor(low / step)
    last = max(math.ceil(high / step - 1e-9), first + 1)
    return [step * number for number in range(first, last + 1)]


def _grid(ticks: Sequence[float], y: _Scale) -> Markup:
    drawn = Markup("")
    for tick in ticks:
        at, name = y.at(tick), "c-base" if tick == 0 else "c-grid"
        drawn += _LINE.format(x1=_LEFT, y1=at, x2=_RIGHT, y2=at, classes=name)
        drawn += words(_LEFT - 8, at + 4, plain_number(tick), "t-axis", "end")
    return drawn


def _bars(points: Sequence[Point], places: Sequence[float], width: float, y: _Scale) -> list[Markup]:
    drawn = []
    for point, place in zip(points, places, strict=True):
        top, zero = sorted((y.at(point.value), y.at(0)))
        form = {"x": place - width * 0.36, "y": top, "width": max(width * 0.72, 1), "height": zero - top}
        drawn.append(_RECT.format(**form, classes="c-bar"))
    return drawn


def _route(points: Sequence[Point], places: Sequence[float], y: _Scale, *, step: bool) -> str:
    parts: list[str] = []
    for point, place in zip(points, places, strict=True):
        at = f"{y.at(point.value):.1f}"
        if not parts:
            parts.append(f"M{place:.1f} {at}")
        else:
            parts.append(f"H{place:.1f} V{at}" if step else f"L{place:.1f} {at}")
    return " ".join(parts)


def _under(labels: Sequence[tuple[float, str]]) -> Markup:
    """Return labels under the axis, leaving out those that would run into the one before; the last stays if it can."""
    shown: list[tuple[float, str]] = []
    for place, label in [*labels[:1], *labels[-1:], *labels[1:-1]]:
        room = [(text_width(label, _SIZE) + text_width(other, _SIZE)) / 2 + _GAP for _, other in shown]
        if all(abs(place - at) >= need for (at, _), need in zip(shown, room, strict=True)):
            shown.append((place, label))
    drawn = Markup("")
    for place, label in sorted(shown):
        half = text_width(label, _SIZE) / 2
        drawn += words(min(max(place, half), _WIDTH - half), _BOTTOM + 20, label, "t-axis", "middle")
    return drawn
