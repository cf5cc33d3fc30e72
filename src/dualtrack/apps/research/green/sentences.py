"""The sentences of a page: lines joined where a sentence runs on, cut where one ends; the lines of tables left out.

A line is taken to end a paragraph where it ends a sentence, or is much shorter than the page is wide and the next begins anew.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dualtrack.apps.research.documents.model import Box, Line, Page, Table

__all__ = ["SENTENCE_MAX", "Sentence", "clauses", "page_sentences"]

SENTENCE_MAX = 1_200
"""Longest sentence that is read, in characters: a longer run without an end is a list or a table set as text."""

_SHORT = 0.6
"""A line without a place ends its paragraph where it is shorter than this share of the widest."""

_INDENT, _GAP, _SIZE = 30.0, 0.9, 0.15
"""Points that a line of one paragraph may be indented; heights that may lie between two; how far sizes may differ."""

_LARGER = 1.4
"""Widths of a letter from which a line is a heading: lines of one size differ by a fifth."""

_ABBREVIATION = r"(?<!\bno)(?<!\bco)(?<!\bltd)(?<!\be\.g)(?<!\bi\.e)(?<!\bapprox)(?<!\bvs)(?<!\bmr)(?<!\bms)(?<!\bst)"
_END = re.compile(
    rf"(?<=[。！？；])\s*|{_ABBREVIATION}(?<=[.!?;])[\"”’)]?\s+(?=[\"“(]?[A-Z0-9\u3400-\u9fff•])", re.IGNORECASE
)
_STOPS = re.compile(r"[.!?。！？；;:：]$")
_STARTS = re.compile(r"[A-Z0-9•●▪◆■(（\u3400-\u9fff]")
_BULLET = re.compile(r"\s*(?:[•●▪◆■–—*-]|\(?[a-z0-9ivx]{1,3}[.)）])\s+")
_HAN_EDGE = re.compile(r"[\u3000-\u303f\u3400-\u9fff\uff00-\uffef]")
_CLAUSE = re.compile(
    r"[；;]\s*|，(?=(?:而|並|同時|及)?[\u3400-\u9fff])|,?\s+(?:while|whereas|whilst|and|but)\s+(?=(?:(?:our|the|its|total)\s)?[A-Za-z-]+(?:\s[\w-]+){0,5}\s"
    r"(?:fell|rose|was|were|is|are|dropped|decreased|increased|declined|reached|grew|made|accounted)\b)"
)


class Sentence(NamedTuple):
    """A sentence and its page."""

    page: int
    text: str


def page_sentences(page: Page) -> tuple[Sentence, ...]:
    """Return the sentences of a page in reading order."""
    rows = {
        "".join("".join(cell.text.split()) for cell in row)
        for table in page.tables
        if table.box is None
        for row in table.rows
    }
    lines = [
        line
        for line in page.lines
        if line.text.strip() and "".join(line.text.split()) not in rows and not _in_box(line, page.tables)
    ]
    texts = [
        text for paragraph in _paragraphs(lines) for each in _END.split(paragraph) if (text := (each or "").strip())
    ]
    return tuple(Sentence(page.number, text[:SENTENCE_MAX]) for text in texts)


def clauses(sentence: str, alone: Callable[[str], bool]) -> tuple[str, ...]:
    """Cut a sentence into clauses that can each be a claim of their own; every one stands in it word for word.

    A semicolon always cuts; a comma or `and` only between two parts that `alone` says can stand by themselves.
    """
    found: list[str] = []
    start = 0
    for match in _CLAUSE.finditer(sentence):
        before, after = sentence[start : match.start()], sentence[match.end() :]
        if match[0].strip() in {";", "；"} or (alone(before) and alone(after)):
            found.append(before)
            start = match.end()
    return tuple(short for each in (*found, sentence[start:]) if (short := each.strip(" ,，;；")))


def _paragraphs(lines: list[Line]) -> Iterator[str]:
    widest = max((_width(line.text) for line in lines), default=0)
    run = ""
    for place, line in enumerate(lines):
        text = line.text.strip()
        run = _joined(run, text) if run else text
        after = lines[place + 1] if place + 1 < len(lines) else None
        if after is None or _ends(line, after, widest):
            yield run
            run = ""


def _ends(line: Line, after: Line, widest: int) -> bool:
    """Tell whether a paragraph ends between two lines: by places where they are known, else by a line that stops short."""
    text, follows = line.text.strip(), after.text.strip()
    if _BULLET.match(follows):
        return True
    begins = _STARTS.match(follows) is not None
    if not begins or _STOPS.search(text) or text.endswith((",", "，", "、")):
        return begins and _STOPS.search(text) is not None
    if line.box is not None and after.box is not None:
        return not _is_next(line.box, after.box) or _pitch(text, line.box) > _LARGER * _pitch(follows, after.box)
    return _width(text) < _SHORT * widest


def _is_next(box: Box, after: Box) -> bool:
    """Tell whether a line is right below another, of the same size and column."""
    height = box.bottom - box.top
    return (
        abs(after.left - box.left) < _INDENT
        and -height < after.top - box.bottom < _GAP * height
        and abs(after.bottom - after.top - height) < _SIZE * height
    )


def _pitch(text: str, box: Box) -> float:
    """Return how wide a letter is on the average: boxes of a heading without descenders are no higher than those of a line below it."""
    return (box.right - box.left) / max(_width(text), 1)


def _width(text: str) -> int:
    """Return how wide a text is set: a Han character is as wide as two letters."""
    return sum(1 if sign < "\u2e80" else 2 for sign in text)


def _joined(first: str, second: str) -> str:
    if _HAN_EDGE.match(first[-1]) and _HAN_EDGE.match(second[0]):
        return first + second
    return f"{first} {second}"


def _in_box(line: Line, tables: tuple[Table, ...]) -> bool:
    if line.box is None:
        return False
    middle = (line.box.top + line.box.bottom) / 2
    boxes = [table.box for table in tables if table.box is not None]
    return any(box.top <= middle <= box.bottom and line.box.left < box.right for box in boxes)
