"""Words of a page as rows, and the words of a row that stand together as pieces: where columns are apart, there is a gap."""

from __future__ import annotations

import itertools
import re
from functools import lru_cache
from statistics import median
from typing import NamedTuple

from dualtrack.apps.research.reported import read_reported

__all__ = ["Piece", "Row", "Word", "is_blank", "is_figure", "page_rows"]

_SAME_ROW = 0.45
"""Share of a letter's height within which middles of words lie on one line; superscripts are off by a third."""

_GAP = 0.55
"""Gap between columns in heights of a letter: a blank is a quarter, a justified line seldom stretches it to a half."""

_NUMBER_GAP = 0.35
"""The same between two numbers, which never belong together."""

_JOINT = 0.12
"""Gap below which two words are written together, as brackets and Chinese letters are."""

_QUICK = re.compile(r"[+\d\-–—−(（.$£€¥%nN無無A-Z]")
_MARK = re.compile(r"(?:HK|US|S|A)?\$|£|€|¥|RMB|HKD|USD", re.ASCII)
_BLANKS = frozenset({"n/a", "n.a.", "na", "n/m", "nm", "不適用", "*", "#"})
_OPEN, _CLOSE = "([（", ")]）%％"


class Word(NamedTuple):
    """A word with its box in points from the top left."""

    text: str
    left: float
    top: float
    right: float
    bottom: float


class Piece(NamedTuple):
    """Words of a row without a gap between them."""

    text: str
    left: float
    top: float
    right: float
    bottom: float
    figure: bool

    @property
    def words(self) -> int:
        """How many words it has; Chinese text counts two letters a word."""
        return max(len(self.text.split()), sum("\u3400" <= letter <= "\u9fff" for letter in self.text) // 2)


class Row(NamedTuple):
    """A row of pieces from left to right."""

    pieces: tuple[Piece, ...]
    top: float
    bottom: float

    @property
    def text(self) -> str:
        """The row as read."""
        return " ".join(piece.text for piece in self.pieces)


@lru_cache(maxsize=16_384)
def is_figure(text: str) -> bool:
    """Tell whether a text is one number as reports print them, or a dash for nil."""
    return len(text) <= 40 and _QUICK.match(text) is not None and read_reported(text.removeprefix("+")) is not None  # noqa: PLR2004 - a number, no line


def is_blank(text: str) -> bool:
    """Tell whether a text stands for a number that there is not."""
    return text.strip().casefold() in _BLANKS


def page_rows(words: list[Word]) -> list[Row]:
    """Return the rows of a page from the top."""
    if not words:
        return []
    height = median(word.bottom - word.top for word in words) or 1.0
    lines: list[list[Word]] = []
    middle = float("-inf")
    for word in sorted(words, key=lambda one: (one.top + one.bottom, one.left)):
        here = (word.top + word.bottom) / 2
        if here - middle > _SAME_ROW * height:
            lines.append([])
            middle = here
        lines[-1].append(word)
    return [_row(sorted(line, key=lambda one: one.left), height) for line in lines]


def _row(line: list[Word], height: float) -> Row:
    pieces: list[Piece] = []
    held = list(line[:1])
    for word in line[1:]:
        if _together(held, word, height):
            held.append(word)
        else:
            pieces.append(_piece(held, height))
            held = [word]
    pieces.append(_piece(held, height))
    pieces = _with_marks(pieces)
    return Row(tuple(pieces), min(each.top for each in pieces), max(each.bottom for each in pieces))


def _with_marks(pieces: list[Piece]) -> list[Piece]:
    """Give marks of currency that stand alone at the left of a column to the numbers at its right; these keep their place."""
    found: list[Piece] = []
    mark = ""
    for place, piece in enumerate(pieces):
        if _MARK.fullmatch(piece.text) and place + 1 < len(pieces) and pieces[place + 1].figure:
            mark = piece.text
            continue
        found.append(piece._replace(text=f"{mark}{piece.text}") if mark and is_figure(f"{mark}{piece.text}") else piece)
        mark = ""
    return found


def _together(held: list[Word], word: Word, height: float) -> bool:
    """Tell whether a word belongs to those before it."""
    last = held[-1]
    gap = word.left - last.right
    alone = last.text if len(held) == 1 else ""
    if gap < _GAP * height * 2 and (alone in _OPEN or _MARK.fullmatch(alone)) and _QUICK.match(word.text):
        return True  # a bracket or a mark of currency, set apart from its number
    if word.text in _CLOSE and gap < _GAP * height * 2:
        return True
    if gap < _NUMBER_GAP * height:
        return True
    both = is_figure(word.text) and is_figure(last.text)
    return gap < _GAP * height and not both


def _piece(words: list[Word], height: float) -> Piece:
    text = words[0].text
    for last, word in itertools.pairwise(words):
        text += word.text if word.left - last.right < _JOINT * height else f" {word.text}"
    compact = text.replace(" ", "")
    figure = is_figure(text) or is_figure(compact)
    return Piece(
        compact if figure and not is_figure(text) else text,
        words[0].left,
        min(word.top for word in words),
        max(word.right for word in words),
        max(word.bottom for word in words),
        figure,
    )
