"""The frontier of a control as accessible SVG: what each threshold averts against what it withholds, with the present setting.

Pure functions of numbers and words. The line joins the settings that no other betters; bars at chosen ones reach over their
intervals both ways; the present setting is a filled square. The caller prints the same numbers as a table beside it.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from markupsafe import Markup

from dualtrack.errors import FieldError
from dualtrack.present.charts import plain_number

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["FrontierPicture", "FrontierPoint", "frontier_page", "frontier_plot"]

_WIDTH, _HEIGHT = 480, 300
_LEFT, _RIGHT, _TOP, _BOTTOM = 74, 22, 18, 54
_INK, _SOFT, _LINE, _ACCENT = "#1b2426", "#4b5a5e", "#d3dbda", "#0b5b57"
_POINTS_MAX = 400
"""Points of the line drawn: more are closer than a pixel."""


class FrontierPoint(NamedTuple):
    """A setting with its intervals: `withheld` and `averted` are (low, estimate, high)."""

    label: str
    present: bool
    withheld: tuple[float, float, float]
    averted: tuple[float, float, float]


class FrontierPicture(NamedTuple):
    """What is drawn: `line` are (withheld, averted) of the settings that no other betters. `key` is unique on the page."""

    key: str
    title: str
    description: str
    across: str
    upward: str
    line: Sequence[tuple[float, float]]
    points: Sequence[FrontierPoint]


class _Scale(NamedTuple):
    across: float
    upward: float

    def x(self, value: float) -> float:
        return round(_LEFT + value * self.across, 1)

    def y(self, value: float) -> float:
        return round(_HEIGHT - _BOTTOM - value * self.upward, 1)


_CHART = Markup(
    '<svg class="chart" viewBox="0 0 {width} {height}" role="img" aria-labelledby="{key}-title {key}-desc" '
    'xmlns="http://www.w3.org/2000/svg"><title id="{key}-title">{title}</title><desc id="{key}-desc">{description}</desc>'
    "{body}</svg>"
)
_STROKE = Markup('<line x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}" stroke="{color}" stroke-width="{width}"/>')
_PATH = Markup('<polyline points="{points}" fill="none" stroke="{color}" stroke-width="2"/>')
_RING = Markup('<circle cx="{x}" cy="{y}" r="4" fill="#ffffff" stroke="{color}" stroke-width="2"/>')
_SQUARE = Markup('<rect x="{x}" y="{y}" width="12" height="12" fill="{color}"/>')
_WORDS = Markup(
    '<text x="{x}" y="{y}" text-anchor="{anchor}" fill="{color}" font-size="13" stroke="#ffffff" stroke-width="4" '
    'paint-order="stroke">{text}</text>'
)
_PAGE = Markup(
    '<!doctype html><html lang="{lang}"><head><meta charset="utf-8"><title>{title}</title></head><body>'
    "<h1>{title}</h1>{body}</body></html>\n"
)


def frontier_plot(picture: FrontierPicture) -> Markup:
    """Draw the frontier; raises FieldError for numbers that are not finite."""
    values = [number for pair in picture.line for number in pair]
    values += [number for point in picture.points for number in (*point.withheld, *point.averted)]
    if not all(math.isfinite(value) for value in values):
        raise FieldError("a number that is not finite", where="frontier", expected="finite numbers")
    widest = max((pair[0] for pair in picture.line), default=0.0)
    widest = max([widest, *(point.withheld[2] for point in picture.points)]) or 1.0
    highest = max((pair[1] for pair in picture.line), default=0.0)
    highest = max([highest, *(point.averted[2] for point in picture.points)]) or 1.0
    scale = _Scale((_WIDTH - _LEFT - _RIGHT) / widest, (_HEIGHT - _TOP - _BOTTOM) / highest)
    body = Markup("").join(
        [*_axes(picture, widest, highest), *_line(picture, scale), *(_point(point, scale) for point in picture.points)]
    )
    return _CHART.format(
        width=_WIDTH, height=_HEIGHT, key=picture.key, title=picture.title, description=picture.description, body=body
    )


def frontier_page(title: str, pictures: Sequence[Markup], *, lang: str = "en") -> str:
    """Return a page of its own that holds the pictures, for a file."""
    return str(_PAGE.format(lang=lang, title=title, body=Markup("").join(pictures)))


def _axes(picture: FrontierPicture, widest: float, highest: float) -> list[Markup]:
    base, right = _HEIGHT - _BOTTOM, _WIDTH - _RIGHT
    return [
        _STROKE.format(x1=_LEFT, y1=base, x2=right, y2=base, color=_LINE, width=1.5),
        _STROKE.format(x1=_LEFT, y1=_TOP, x2=_LEFT, y2=base, color=_LINE, width=1.5),
        _words(_LEFT, base + 18, "0", "middle"),
        _words(right, base + 18, plain_number(widest), "end"),
        _words(_LEFT - 6, _TOP + 5, plain_number(highest), "end"),
        _words((_LEFT + right) / 2, base + 40, picture.across, "middle"),
        _words(_LEFT + 6, _TOP - 4, picture.upward, "start"),
    ]


def _line(picture: FrontierPicture, scale: _Scale) -> list[Markup]:
    line = sorted(picture.line)
    every = max(1, math.ceil(len(line) / _POINTS_MAX))
    kept = [*line[::every], *line[-1:]]
    points = " ".join(f"{scale.x(across)},{scale.y(up)}" for across, up in kept)
    return [_PATH.format(points=points, color=_ACCENT)] if kept else []


def _point(point: FrontierPoint, scale: _Scale) -> Markup:
    x, y = scale.x(point.withheld[1]), scale.y(point.averted[1])
    color = _INK if point.present else _SOFT
    drawn = _STROKE.format(
        x1=scale.x(point.withheld[0]), y1=y, x2=scale.x(point.withheld[2]), y2=y, color=color, width=1.2
    )
    drawn += _STROKE.format(
        x1=x, y1=scale.y(point.averted[0]), x2=x, y2=scale.y(point.averted[2]), color=color, width=1.2
    )
    mark = _SQUARE.format(x=x - 6, y=y - 6, color=color) if point.present else _RING.format(x=x, y=y, color=color)
    return drawn + mark + _words(x + 9, y + 16, point.label, "start")


def _words(x: float, y: float, text: str, anchor: str) -> Markup:
    return _WORDS.format(x=round(x, 1), y=round(y, 1), anchor=anchor, color=_SOFT, text=text)
