"""How the two lines are drawn: lying, standing and small, from the same stations.

Benefit is one solid line, safety a railed line (two thin ones), so they differ without colour. All coordinates are the
picture's own; the page scales it.
"""

from __future__ import annotations

from typing import NamedTuple

from markupsafe import Markup

from dualtrack.web.svg import words, wrap
from dualtrack.web.tracks_model import Ending, State, Station, Tracks

__all__ = ["ROW_HEIGHT", "ROW_WIDTH", "UPRIGHT_WIDTH", "WIDE_WIDTH", "Drawing", "row", "upright", "wide"]

WIDE_WIDTH, UPRIGHT_WIDTH = 1040, 360
ROW_WIDTH, ROW_HEIGHT = 240, 40

_LABEL, _DETAIL, _STATE = 14.0, 12.5, 12.5
"""Sizes of a station's words; `console.css` sets the same."""

_LINE = 17.0
_LABEL_LINES, _DETAIL_LINES = 6, 3
"""Most lines of a station's name and of its figure: enough that neither an interval nor its n is cut off."""

_LIE_START, _LIE_END, _LIE_JOIN = 96.0, 746.0, 822.0
"""Where the lying lines start, where their stations end, and where both have come together."""

_BOX_X, _BOX_WIDTH = 864.0, 174.0
_APART = 112.0
"""Distance of the lying lines: a state word fits under the upper and over the lower one."""

_STAND_LEFT, _STAND_RIGHT, _STAND_WORDS = 158.0, 202.0, 128.0
"""The standing lines, and the room for words on each side."""


_SHORT = frozenset({Ending.REFUSED, Ending.NONE})
"""Endings before which the lines stop short."""


class Drawing(NamedTuple):
    """The stations with every word that the picture shows, in one language."""

    tracks: Tracks
    benefit_word: str
    safety_word: str
    ending_word: str
    state_words: dict[State, str]


_PATH = Markup('<path d="{d}" class="rail {classes}" fill="none"/>')
_SHAPES = {
    State.MET: Markup('<circle r="10" class="shape"/><path d="M-4.6 .4 l3.3 3.4 l6-7" class="cut-out" fill="none"/>'),
    State.NOT_MET: Markup(
        '<rect x="-9" y="-9" width="18" height="18" rx="2" class="shape"/>'
        '<path d="M-4 -4 l8 8 M4 -4 l-8 8" class="cut-out" fill="none"/>'
    ),
    State.NO_EVIDENCE: Markup('<circle r="9" class="shape hollow" stroke-dasharray="3.2 3.1"/>'),
    State.WAIVED: Markup(
        '<path d="M0 -12 l12 12 l-12 12 l-12 -12 z" class="shape hollow"/><path d="M-4.5 0 h9" class="mark"/>'
    ),
    State.DUE_LATER: Markup('<circle r="9" class="shape hollow"/><path d="M0 -9 a9 9 0 0 1 0 18 z" class="half"/>'),
}
_PLACED = Markup('<g transform="translate({x:.1f} {y:.1f}){scale}" class="station st-{state}">{shape}</g>')
_BREAK = Markup('<path d="M{x:.1f} {y:.1f} l-8 26 M{x2:.1f} {y:.1f} l-8 26" class="break" fill="none"/>')
_BREAK_ACROSS = Markup('<path d="M{x:.1f} {y:.1f} l26 -8 M{x:.1f} {y2:.1f} l26 -8" class="break" fill="none"/>')
_SMALL_BREAK = Markup('<path d="M214 12 l-4 16 M219 12 l-4 16" class="break" fill="none"/>')
_BAR = Markup('<rect x="{x:.1f}" y="{y:.1f}" width="{width:g}" height="{height:g}" rx="2" class="bar-hold"/>')
_BOX = Markup(
    '<rect x="{x:.1f}" y="{y:.1f}" width="{width:g}" height="{height:g}" rx="{radius:g}" class="permit end-{ending}"/>'
)


def wide(drawing: Drawing) -> tuple[Markup, float]:
    """Return the lying picture's body and its height: labels above the benefit line and below the safety line."""
    tracks = drawing.tracks
    step = (_LIE_END - _LIE_START - 40) / max(len(tracks.benefit), len(tracks.safety), 1)
    room = min(step - 14, 190.0)
    above = max((_lines(item, room) for item in tracks.benefit), default=0) * _LINE + 22
    below = max((_lines(item, room) for item in tracks.safety), default=0) * _LINE + 26
    top, bottom = max(above, 24.0) + 4, max(above, 24.0) + 4 + _APART
    middle = (top + bottom) / 2
    body = [
        words(0, top + 5, drawing.benefit_word, "t-line t-benefit"),
        words(0, bottom + 5, drawing.safety_word, "t-line t-safety"),
    ]
    for stations, y, name in ((tracks.benefit, top, "benefit"), (tracks.safety, bottom, "safety")):
        places = _places(len(stations), _LIE_START + 40, _LIE_END)
        cut = next((x for x, item in zip(places, stations, strict=True) if item.blocks), None)
        body += _lying_line(name, y, middle + (-5 if name == "benefit" else 5), cut, tracks.ending)
        for x, item in zip(places, stations, strict=True):
            body += _lying_station(drawing, item, x, y, room, above=name == "benefit")
    body.append(_terminus(drawing, _BOX_X, middle - 43, _BOX_WIDTH, 86))
    body.append(_obstacle(tracks.ending, 835.0, middle, lying=True))
    return Markup("").join(body), bottom + below


def upright(drawing: Drawing) -> tuple[Markup, float]:
    """Return the standing picture's body and its height: benefit's words on the left, safety's on the right."""
    tracks = drawing.tracks
    rows = max(len(tracks.benefit), len(tracks.safety))
    body = [
        words(_STAND_LEFT - 20, 16, drawing.benefit_word, "t-line t-benefit", "end"),
        words(_STAND_RIGHT + 20, 16, drawing.safety_word, "t-line t-safety"),
    ]
    places, y = [], 36.0
    for number in range(rows):
        pair = [stations[number] for stations in (tracks.benefit, tracks.safety) if number < len(stations)]
        places.append(y + 12)
        y += max(_lines(item, _STAND_WORDS) for item in pair) * _LINE + _LINE + 18
    end = y + 12
    for stations, x, name in ((tracks.benefit, _STAND_LEFT, "benefit"), (tracks.safety, _STAND_RIGHT, "safety")):
        cut = next((at for at, item in zip(places, stations, strict=False) if item.blocks), None)
        body += _standing_line(name, x, UPRIGHT_WIDTH / 2 + (-5 if name == "benefit" else 5), (cut, end), tracks.ending)
        for at, item in zip(places, stations, strict=False):
            body += _standing_station(drawing, item, x, at, left=name == "benefit")
    body.append(_terminus(drawing, UPRIGHT_WIDTH / 2 - 95, end + 84, 190, 80))
    body.append(_obstacle(tracks.ending, UPRIGHT_WIDTH / 2, end + 62, lying=False))
    return Markup("").join(body), end + 168


def row(drawing: Drawing) -> Markup:
    """Return the small picture's body: shapes on two lines and the end's shape, no words."""
    tracks, body = drawing.tracks, []
    for stations, y, name in ((tracks.benefit, 10.0, "benefit"), (tracks.safety, 30.0, "safety")):
        places = _places(len(stations), 8, 178)
        cut = next((x for x, item in zip(places, stations, strict=True) if item.blocks), None)
        near = 18.2 if name == "benefit" else 21.8
        last = 206.0 if tracks.ending in _SHORT else 222.0
        bend = f"H180 C194 {y:g} 190 {near} 204 {near} H{last:g}"
        if cut is None:
            body += _rail(f"M2 {y:g} {bend}", name, _mood(tracks.ending))
        else:
            body += _rail(f"M2 {y:g} H{cut:.1f}", name, _mood(tracks.ending))
            body += _rail(f"M{cut:.1f} {y:g} {bend}", name, "cut")
        body += [_placed(item.state, x, y, 0.62) for x, item in zip(places, stations, strict=True)]
    body.append(_small_end(tracks.ending))
    return Markup("").join(body)


def _places(count: int, start: float, end: float) -> list[float]:
    step = (end - start) / max(count, 1)
    return [start + step * (number + 0.5) for number in range(count)]


def _lines(station: Station, room: float) -> int:
    return len(wrap(station.label, room, _LABEL, _LABEL_LINES)) + len(_figure(station.detail, room))


def _figure(detail: str, room: float) -> tuple[str, ...]:
    """Return a figure's lines; the number of cases keeps its name on a line of its own."""
    figure, mark, cases = detail.partition(", n = ")
    if not mark:
        return tuple(wrap(detail, room, _DETAIL, _DETAIL_LINES))
    return (*wrap(figure, room, _DETAIL, _DETAIL_LINES - 1), f"n = {cases}")


def _mood(ending: Ending) -> str:
    return "observed" if ending is Ending.OBSERVE else ""


def _rail(path: str, name: str, mood: str) -> list[Markup]:
    """Return one line; safety's has a lighter core, which makes it a pair of rails."""
    line = [_PATH.format(d=path, classes=f"r-{name} {mood}".strip())]
    if name == "safety" and mood != "cut":
        line.append(_PATH.format(d=path, classes="r-core"))
    return line


def _lying_line(name: str, y: float, near: float, cut: float | None, ending: Ending) -> list[Markup]:
    end = 830.0 if ending in _SHORT else _BOX_X
    bend = f"H{_LIE_END:g} C{_LIE_END + 46:g} {y:.1f} {_LIE_JOIN - 46:g} {near:.1f} {_LIE_JOIN:g} {near:.1f} H{end:g}"
    if cut is None:
        return _rail(f"M{_LIE_START:g} {y:.1f} {bend}", name, _mood(ending))
    return _rail(f"M{_LIE_START:g} {y:.1f} H{cut:.1f}", name, _mood(ending)) + _rail(
        f"M{cut:.1f} {y:.1f} {bend}", name, "cut"
    )


def _standing_line(name: str, x: float, near: float, ends: tuple[float | None, float], ending: Ending) -> list[Markup]:
    cut, end = ends
    last = end + (48 if ending in _SHORT else 84)
    bend = f"V{end:.1f} C{x:g} {end + 26:.1f} {near:g} {end + 18:.1f} {near:g} {end + 44:.1f} V{last:.1f}"
    if cut is None:
        return _rail(f"M{x:g} 28 {bend}", name, _mood(ending))
    return _rail(f"M{x:g} 28 V{cut:.1f}", name, _mood(ending)) + _rail(f"M{x:g} {cut:.1f} {bend}", name, "cut")


def _placed(state: State, x: float, y: float, scale: float = 1.0) -> Markup:
    grown = "" if scale == 1 else f" scale({scale:g})"
    return _PLACED.format(x=x, y=y, scale=grown, state=state.value.replace("_", "-"), shape=_SHAPES[state])


def _lying_station(drawing: Drawing, item: Station, x: float, y: float, room: float, *, above: bool) -> list[Markup]:
    label = [(line, "t-label") for line in wrap(item.label, room, _LABEL, _LABEL_LINES)]
    detail = [(line, "t-detail") for line in _figure(item.detail, room)]
    said = label + detail
    first = y - 22 - _LINE * (len(said) - 1) if above else y + 34
    shown = [words(x, first + _LINE * number, line, name, "middle") for number, (line, name) in enumerate(said)]
    state = words(x, y + 28 if above else y - 19, drawing.state_words[item.state], _state_classes(item), "middle")
    return [_placed(item.state, x, y), *shown, state]


def _standing_station(drawing: Drawing, item: Station, x: float, y: float, *, left: bool) -> list[Markup]:
    side, anchor = (x - 20, "end") if left else (x + 20, "start")
    said = [(line, "t-label") for line in wrap(item.label, _STAND_WORDS, _LABEL, _LABEL_LINES)]
    said.append((drawing.state_words[item.state], _state_classes(item)))
    said += [(line, "t-detail") for line in _figure(item.detail, _STAND_WORDS)]
    shown = [words(side, y + 5 + _LINE * number, line, name, anchor) for number, (line, name) in enumerate(said)]
    return [_placed(item.state, x, y), *shown]


def _state_classes(item: Station) -> str:
    return f"t-state st-{item.state.value.replace('_', '-')}"


def _terminus(drawing: Drawing, x: float, y: float, width: float, height: float) -> Markup:
    tracks = drawing.tracks
    box = _BOX.format(x=x, y=y, width=width, height=height, radius=8, ending=tracks.ending.value)
    until = wrap(tracks.until, width - 20, _DETAIL, 2)
    start = y + height / 2 + 7 - (_LINE / 2) * len(until)
    lines = [words(x + width / 2, start, drawing.ending_word, f"t-mode end-{tracks.ending.value}", "middle")]
    lines += [
        words(x + width / 2, start + 20 + _LINE * number, line, "t-detail", "middle")
        for number, line in enumerate(until)
    ]
    return Markup("").join([box, *lines])


def _obstacle(ending: Ending, x: float, y: float, *, lying: bool) -> Markup:
    """Return what stands across the lines before the permit: a break where refused, a bar where held."""
    if ending is Ending.REFUSED:
        return (
            _BREAK.format(x=x + 8, x2=x + 17, y=y - 13) if lying else _BREAK_ACROSS.format(x=x - 13, y=y + 6, y2=y + 15)
        )
    if ending is Ending.HOLD:
        return (
            _BAR.format(x=x, y=y - 27, width=9, height=54) if lying else _BAR.format(x=x - 27, y=y, width=54, height=9)
        )
    return Markup("")


def _small_end(ending: Ending) -> Markup:
    box = _BOX.format(x=222, y=12, width=16, height=16, radius=4, ending=ending.value)
    if ending is Ending.REFUSED:
        return box + _SMALL_BREAK
    if ending is Ending.HOLD:
        return box + _BAR.format(x=211, y=8, width=5, height=24)
    return box
