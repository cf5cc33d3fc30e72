"""Labels over several lines are joined to the numbers that they belong to; headings of sections stay rows of their own."""

from __future__ import annotations

import itertools
import re
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

from dualtrack.apps.research.documents.model import Box

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Place", "TableRow", "join_labels", "join_lines"]

_CLOSE = 0.6
"""Share of the usual gap between rows of numbers below which two lines are of one label."""

_EDGE = 12.0
"""Points from the right end of the labels within which a line is full: a letter and a half."""

_HEADS = frozenset(":：")
"""Signs that a heading of a section ends with."""

_GOES_ON = re.compile(
    r"(?:[,(/&、，（-]|\b(?:and|or|of|to|from|in|by|for|the|at|on|with|under|using|than|net|less|non))$", re.IGNORECASE
)


class Place(NamedTuple):
    """A text in a column and where it stands."""

    text: str
    box: Box


class TableRow(NamedTuple):
    """A row: its label, the one in another language at its right, what it holds by column, where it begins and ends on the page."""

    label: str
    other: str
    box: Box | None
    held: Mapping[int, Place]
    top: float
    bottom: float


def join_labels(rows: list[TableRow]) -> list[TableRow]:
    """Return the rows with labels joined; rows without numbers that remain are headings of sections."""
    close = _CLOSE * _usual_gap(rows)
    edge = max((row.box.right for row in rows if row.box), default=0.0) - _EDGE
    found: list[TableRow] = []
    for row in rows:
        last = found[-1] if found else None
        if last is None or not row.label:
            joined = _around(found, row)
            found = joined if joined is not None else [*found, row]
        elif (not row.held and _continues(last, row, close, edge)) or (
            row.held and not last.held and _leads(last, row, close, edge)
        ):
            found[-1] = _joined(last, row)
        else:
            found.append(row)
    return found


def _usual_gap(rows: list[TableRow]) -> float:
    """Return the median distance from the top of a row of numbers to the next that follows it at once."""
    gaps = [b.top - a.bottom for a, b in itertools.pairwise(rows) if a.held and b.held]
    return max(0.0, median(gaps)) if gaps else 0.0


def _around(found: list[TableRow], row: TableRow) -> list[TableRow] | None:
    """Join numbers that stand at the middle of a label over two lines: the line above overlaps them."""
    if not found or not row.held or found[-1].held or found[-1].bottom <= row.top + 1.0:
        return None
    return [*found[:-1], _joined(found[-1], row)]


def _continues(last: TableRow, row: TableRow, close: float, edge: float) -> bool:
    """Tell whether a line without numbers goes on with the label above it."""
    gap = row.top - last.bottom
    if not last.label:
        return False
    if row.label[:1].islower() or (last.held and gap < -1.0):
        return True
    if not last.held:
        return _GOES_ON.search(last.label) is not None
    full = last.box is not None and last.box.right > edge and gap < close
    near = gap < close and not row.label[:1].isalpha()
    return near or (full and not row.label[:1].isupper()) or _GOES_ON.search(last.label) is not None


def _leads(last: TableRow, row: TableRow, close: float, edge: float) -> bool:
    """Tell whether the line above, which has no numbers, is the beginning of this label."""
    if last.label[-1:] in _HEADS:
        return False
    if row.label[:1].islower() or _GOES_ON.search(last.label):
        return True
    if last.box is not None and last.box.right > edge:  # a heading of a section seldom fills the line
        return not row.label[:1].isupper()
    return row.top - last.bottom < close and not row.label[:1].isalpha()


def _joined(first: TableRow, second: TableRow) -> TableRow:
    boxes = [each for each in (first.box, second.box) if each is not None]
    box = Box(
        min(b.left for b in boxes), min(b.top for b in boxes), max(b.right for b in boxes), max(b.bottom for b in boxes)
    )
    label, other = join_lines(first.label, second.label), join_lines(first.other, second.other)
    return TableRow(label, other, box, {**first.held, **second.held}, first.top, second.bottom)


def join_lines(first: str, second: str) -> str:
    """Return two lines as one; Chinese is written without a blank."""
    han = first[-1:] > "\u2e7f" and second[:1] > "\u2e7f"
    return first + ("" if han or not first or not second else " ") + second
