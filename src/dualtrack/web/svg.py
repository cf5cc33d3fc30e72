"""What pictures of the console share: wrapped words, escaped shapes with classes instead of colours, and a named frame.

Colours come from `console.css`, so that a picture is right in light, in dark, in print and where a reader forces colours.
"""

from __future__ import annotations

from typing import NamedTuple
from unicodedata import east_asian_width

from markupsafe import Markup

__all__ = ["Frame", "frame", "text_width", "words", "wrap"]

_WIDE, _CAPITAL, _NARROW, _OTHER = 1.0, 0.66, 0.3, 0.545
"""Widths of characters in ems of a common sans-serif face: full-width, capital or digit-like, thin, any other."""

_THIN = frozenset("iljtfr.,:;'|!()[] ")
_CLOSING = frozenset("，。、；：？！）」』》％")
"""Marks that no line of Chinese begins with."""

_HYPHENATED_MIN = 3
"""Characters before a hyphen from which on a line may end there: not in a sign before a number, nor in a code."""

_TEXT_MAX = 400
"""Characters of one label that are looked at: a label is a few words, and a longer text is shown beside the picture."""


class Frame(NamedTuple):
    """A picture's size and words. `key` is unique on the page and makes the ids of title and description."""

    key: str
    title: str
    description: str
    width: float
    height: float
    classes: str = ""


_FRAME = Markup(
    '<svg class="picture {classes}" viewBox="0 0 {width} {height}" role="img" aria-labelledby="{key}-t {key}-d" '
    'xmlns="http://www.w3.org/2000/svg"><title id="{key}-t">{title}</title><desc id="{key}-d">{description}</desc>'
    "{body}</svg>"
)
_WORDS = Markup('<text x="{x}" y="{y}" text-anchor="{anchor}" class="{classes}">{text}</text>')


def frame(form: Frame, body: Markup) -> Markup:
    """Return the picture with its title and description."""
    return _FRAME.format(**form._asdict() | {"width": f"{form.width:g}", "height": f"{form.height:g}"}, body=body)


def words(x: float, y: float, text: str, classes: str, anchor: str = "start") -> Markup:
    """Return one line of text."""
    return _WORDS.format(x=f"{x:.1f}", y=f"{y:.1f}", anchor=anchor, classes=classes, text=text)


def text_width(text: str, size: float) -> float:
    """Return about how wide a text is at a size: good enough to wrap by, whatever face the reader has."""
    return size * sum(_em(character) for character in text[:_TEXT_MAX])


def wrap(text: str, width: float, size: float, lines_max: int) -> tuple[str, ...]:
    """Return a text in lines of a width; what does not fit ends with an ellipsis. Chinese breaks between characters."""
    lines, line = [], ""
    for piece in _pieces(text[:_TEXT_MAX]):
        if line and text_width((line + piece).rstrip(), size) > width:
            lines.append(line.rstrip())
            line = ""
        line += piece if line else piece.lstrip()
    if line.strip():
        lines.append(line.rstrip())
    if len(lines) <= lines_max and len(text) <= _TEXT_MAX and all(text_width(part, size) <= width for part in lines):
        return tuple(lines)
    return tuple(_cut(part, width, size, more=number == lines_max) for number, part in enumerate(lines[:lines_max], 1))


def _cut(line: str, width: float, size: float, *, more: bool) -> str:
    if not more and text_width(line, size) <= width:
        return line
    while line and text_width(line + "…", size) > width:
        line = line[:-1]
    return line.rstrip() + "…"


def _pieces(text: str) -> list[str]:
    pieces: list[str] = []
    for character in " ".join(text.split()):
        joins = pieces and not _is_wide(pieces[-1][-1]) and not _is_wide(character) and not _may_end(pieces[-1])
        if pieces and (joins or character in _CLOSING or character == " "):
            pieces[-1] += character
        else:
            pieces.append(character)
    return pieces


def _may_end(piece: str) -> bool:
    """Tell whether a line may end after a piece: after a space, or after the hyphen of a long word."""
    return piece.endswith(" ") or (piece.endswith("-") and len(piece) > _HYPHENATED_MIN)


def _is_wide(character: str) -> bool:
    return east_asian_width(character) in {"W", "F"}


def _em(character: str) -> float:
    if _is_wide(character):
        return _WIDE
    if character in _THIN:
        return _NARROW
    return _CAPITAL if character.isupper() else _OTHER
