"""A forest of intervals and a plane of curves, as accessible SVG text: pure functions of numbers and words.

Weak rows (underpowered) are drawn hollow and dashed, lines are told apart by their dashes, and the caller prints the same numbers
as a table beside every picture. Colours are those of `present.charts`, so that pages which turn its charts dark turn these too.
"""

from __future__ import annotations

import math
import re
import unicodedata
from typing import TYPE_CHECKING, NamedTuple

from markupsafe import Markup

from dualtrack.errors import FieldError
from dualtrack.present.charts import plain_number

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Axes", "ForestRow", "Line", "Whisker", "curve_plot", "forest_plot"]

_WIDTH = 480
_INK, _SOFT, _LINE, _ACCENT, _DARK = "#1b2426", "#4b5a5e", "#d3dbda", "#0b5b57", "#8f1d1d"
_LEFT, _RIGHT, _ROW, _TOP = 184, 62, 26, 26
_LABEL_UNITS = 24
"""Width of a row's label, in letters of Latin; a Chinese character takes two."""

_ATTRIBUTE = re.compile(r"(?:(?<=^)|(?<= & ))[^=&<>]+=(?=\S)")
"""The name in `name=level` at the beginning, and behind each `&`."""

_PLANE_LEFT, _PLANE_RIGHT, _PLANE_TOP, _PLANE_HEIGHT = 54, 16, 14, 270
_PLANE_FOOT = 50
_DASHES = ("", "7 4", "2 4", "9 3 2 3")
"""One look for each line of a plane: more lines than these would not be told apart."""


class ForestRow(NamedTuple):
    """One estimate with its interval (none where it could not be formed), its rows, and whether it is underpowered."""

    label: str
    n: str
    values: tuple[float, float, float] | None
    weak: bool


class Line(NamedTuple):
    """A line through points (across, upward); `steps` draws it as a histogram's outline."""

    label: str
    points: tuple[tuple[float, float], ...]
    thin: bool = False


class Whisker(NamedTuple):
    """A point with an upward interval."""

    across: float
    estimate: float
    low: float
    high: float


class Axes(NamedTuple):
    """Words and reach of a plane: what runs across and upward, from and to where."""

    across: str
    upward: str
    low: tuple[float, float]
    high: tuple[float, float]


_CHART = Markup(
    '<svg class="chart" viewBox="0 0 {width} {height}" role="img" aria-labelledby="{key}-title {key}-desc" '
    'xmlns="http://www.w3.org/2000/svg"><title id="{key}-title">{title}</title><desc id="{key}-desc">{description}</desc>'
    "{body}</svg>"
)
_STROKE = Markup('<line x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}" stroke="{color}" stroke-width="{width}"{dash}/>')
_DASH = Markup(' stroke-dasharray="{dash}"')
_DIAMOND = Markup('<path d="M{x} {top} l6 6 l-6 6 l-6 -6 z" fill="{fill}" stroke="{color}" stroke-width="2"/>')
_PATH = Markup('<polyline points="{points}" fill="none" stroke="{color}" stroke-width="{width}"{dash}/>')
_DOT = Markup('<circle cx="{x}" cy="{y}" r="4" fill="#ffffff" stroke="{color}" stroke-width="2"/>')
_WORD = Markup('<text x="{x}" y="{y}" text-anchor="{anchor}" fill="{color}" font-size="{size}">{text}</text>')


def forest_plot(
    key: str,
    title: str,
    description: str,
    rows: Sequence[ForestRow],
    *,
    nothing: str = "–",
) -> Markup:
    """Draw a row an estimate; `nothing` stands where there is no estimate."""
    known = [value for row in rows if row.values for value in row.values]
    if not all(math.isfinite(value) for value in known):
        raise FieldError("a number that is not finite", where="chart", expected="finite numbers")
    start, unit = _reach(known, _WIDTH - _LEFT - _RIGHT)
    foot = _TOP + _ROW * len(rows)

    def x(value: float) -> float:
        return round(_LEFT + (value - start) * unit, 1)

    drawn = [_word(_WIDTH - 2, 15, "n", "end", _SOFT, 13)]
    for at, (row, label) in enumerate(zip(rows, _labels(rows), strict=True)):
        drawn += _forest_row(row._replace(label=label), _TOP + _ROW * at + _ROW / 2, x, nothing)
    drawn.append(_stroke(_LEFT, foot + 2, _WIDTH - _RIGHT, foot + 2, _LINE, 1.5))
    if known:
        low, high = min(known), max(known)
        drawn.append(_word(x(low), foot + 18, plain_number(low), "middle" if high > low else "end", _SOFT, 13))
        drawn.append(_word(x(high), foot + 18, plain_number(high), "middle", _SOFT, 13) if high > low else Markup(""))
    return _chart(key, title, description, foot + 26, drawn)


def curve_plot(
    key: str, title: str, description: str, axes: Axes, lines: Sequence[Line], whiskers: Sequence[Whisker] = ()
) -> Markup:
    """Draw lines and points with intervals on a plane; a thin line is one to compare with. At most four other lines."""
    wide, tall = axes.high[0] - axes.low[0], axes.high[1] - axes.low[1]
    numbers = [value for line in lines for point in line.points for value in point]
    numbers += [value for whisker in whiskers for value in whisker]
    if wide <= 0 or tall <= 0 or not all(math.isfinite(value) for value in (*numbers, wide, tall)):
        raise FieldError("a plane without reach", where="chart", expected="finite numbers, low below high")
    base, right = _PLANE_TOP + _PLANE_HEIGHT, _WIDTH - _PLANE_RIGHT

    def at(across: float, upward: float) -> tuple[float, float]:
        x = _PLANE_LEFT + (across - axes.low[0]) / wide * (right - _PLANE_LEFT)
        return round(x, 1), round(base - (upward - axes.low[1]) / tall * _PLANE_HEIGHT, 1)

    drawn = [
        _stroke(_PLANE_LEFT, base, right, base, _SOFT, 1.2),
        _stroke(_PLANE_LEFT, _PLANE_TOP, _PLANE_LEFT, base, _SOFT, 1.2),
        _word(_PLANE_LEFT, base + 17, plain_number(axes.low[0]), "middle", _SOFT, 13),
        _word(right, base + 17, plain_number(axes.high[0]), "end", _SOFT, 13),
        _word(_PLANE_LEFT - 6, base, plain_number(axes.low[1]), "end", _SOFT, 13),
        _word(_PLANE_LEFT - 6, _PLANE_TOP + 10, plain_number(axes.high[1]), "end", _SOFT, 13),
        _word((_PLANE_LEFT + right) / 2, base + 17, axes.across, "middle", _INK, 13),
        _word(_PLANE_LEFT + 8, _PLANE_TOP + 8, axes.upward, "start", _INK, 13),
    ]
    looks = iter(zip((_ACCENT, _DARK, _INK, _SOFT), _DASHES, strict=True))
    legend = []
    for line in lines:
        color, dash = (_SOFT, "3 4") if line.thin else next(looks)
        points = " ".join(f"{x},{y}" for x, y in (at(*point) for point in line.points))
        width = 1.2 if line.thin else 2.2
        drawn.append(_PATH.format(points=points, color=color, width=width, dash=_dashed(dash)))
        legend.append((line.label, color, width, dash))
    for each in whiskers:
        (px, py), (_, low), (_, high) = (at(each.across, value) for value in (each.estimate, each.low, each.high))
        drawn += [_stroke(px, low, px, high, _ACCENT, 1.6), _DOT.format(x=px, y=py, color=_ACCENT)]
    drawn += _legend(legend, base + _PLANE_FOOT - 12)
    return _chart(key, title, description, base + _PLANE_FOOT + 18 * (len(legend) - 1), drawn)


def _forest_row(row: ForestRow, y: float, x: object, nothing: str) -> list[Markup]:
    assert callable(x)
    drawn = [
        _word(_LEFT - 12, y + 5, row.label, "end", _INK, 13),
        _word(_WIDTH - 2, y + 5, row.n, "end", _SOFT, 13),
    ]
    if row.values is None:
        return [*drawn, _word(_LEFT + 4, y + 5, nothing, "start", _SOFT, 13)]
    low, point, high = (x(value) for value in row.values)
    color, dash = (_SOFT, "4 3") if row.weak else (_ACCENT, "")
    fill = "#ffffff" if row.weak else _ACCENT
    drawn.append(_stroke(low, y, high, y, color, 2.5, dash))
    drawn += [_stroke(end, y - 5, end, y + 5, color, 1.8) for end in (low, high)]
    return [*drawn, _DIAMOND.format(x=point, top=y - 6, fill=fill, color=color)]


def _legend(listed: Sequence[tuple[str, str, float, str]], top: float) -> list[Markup]:
    drawn = []
    for at, (label, color, width, dash) in enumerate(listed):
        y = top + 18 * at
        drawn.append(_stroke(_PLANE_LEFT, y - 4, _PLANE_LEFT + 34, y - 4, color, width, dash))
        drawn.append(_word(_PLANE_LEFT + 42, y, label, "start", _INK, 13))
    return drawn


def _reach(values: Sequence[float], pixels: float) -> tuple[float, float]:
    low, high = (min(values), max(values)) if values else (0.0, 1.0)
    room = (high - low) * 0.05 or abs(high) * 0.5 or 1.0
    return low - room, pixels / (high - low + 2 * room)


def _units(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def _labels(rows: Sequence[ForestRow]) -> list[str]:
    """Return the rows' labels; where one does not fit, all without the names of attributes: their levels tell rows apart."""
    labels = [row.label for row in rows]
    if any(_units(label) > _LABEL_UNITS for label in labels):
        labels = [_ATTRIBUTE.sub("", label) for label in labels]
    return [_cut(label) for label in labels]


def _cut(label: str) -> str:
    """Return a label that fits; the table beside the picture has it whole."""
    if _units(label) <= _LABEL_UNITS:
        return label
    kept = ""
    for letter in label:
        if _units(kept + letter) >= _LABEL_UNITS:
            break
        kept += letter
    return kept + "…"


def _dashed(dash: str) -> Markup:
    return _DASH.format(dash=dash) if dash else Markup("")


def _stroke(x1: float, y1: float, x2: float, y2: float, color: str, width: float, dash: str = "") -> Markup:
    return _STROKE.format(x1=x1, y1=y1, x2=x2, y2=y2, color=color, width=width, dash=_dashed(dash))


def _word(x: float, y: float, text: str, anchor: str, color: str, size: int) -> Markup:
    return _WORD.format(x=round(x, 1), y=round(y, 1), text=text, anchor=anchor, color=color, size=size)


def _chart(key: str, title: str, description: str, height: float, drawn: Sequence[Markup]) -> Markup:
    return _CHART.format(
        width=_WIDTH, height=round(height), key=key, title=title, description=description, body=Markup("").join(drawn)
    )
