"""Pages that are pictures, read by optical character recognition where whoever loads a document asks for it.

What is read so may be misread: a page keeps how sure the recogniser was of it, and each cell of its tables how sure it was of that cell.
A page of which it was not sure enough stays unread; a number of which it was not ends with DOUBT and is no number to anything that computes.
"""

from __future__ import annotations

import json
import re
from importlib.util import find_spec
from statistics import fmean
from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from dualtrack.apps.refusals import refused
from dualtrack.apps.research.documents.layout import is_figure, page_rows
from dualtrack.apps.research.documents.limits import (
    CHARS_MAX,
    OCR_CPU_SECONDS_MAX,
    OCR_MEMORY_BYTES_MAX,
    OCR_PAGES_MAX,
    OCR_SECONDS_MAX,
)
from dualtrack.apps.research.documents.model import Box, Cell, Line, Page
from dualtrack.apps.research.documents.tables import Word, page_tables
from dualtrack.errors import MissingExtraError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

__all__ = ["CELL_CONFIDENCE_MIN", "CONFIDENCE_MIN", "DOUBT", "page_of", "read_pictures"]

CONFIDENCE_MIN = 0.9
"""Least mean confidence of the words of a page, by their letters: see docs/research-errors.md for what it lets through."""

CELL_CONFIDENCE_MIN = 0.95
"""Least confidence of a number in a table: set on made reports scanned with noise; by itself, without the forms of _DOUBTFUL, it let 1 wrong number in 212 through."""

DOUBT = "?"
"""What ends a number in a table that cannot be relied on."""

_DOUBTFUL = re.compile(r"(?<![\d.,])(?:[1-9]\d{0,2}(?:[.,]\d{3})*\.\d{3}(?!\d)|\d{5})")
"""Thousands, or three decimals: small commas are read as points, and the recogniser is sure of it. Or five digits without a comma: it was lost, or two numbers ran into one."""

_YEAR = re.compile(r"(?:FY|\d{4}/)?\d{2,4}年?|[〇零一二三四五六七八九]{4}年", re.ASCII)
"""What heads a column of one year."""

_LOST_BLANK = re.compile(r"(?<=[a-z]{2})(?=\d{2}|\d[\d,.]*%|\d,\d)|(?<=%)(?=[A-Za-z])", re.ASCII)
"""Where the recogniser leaves out the blank of `by 20.2% within`; not in `CO2` or `m3`."""

_TENTHS, _THOUSAND = 10.0, 1000.0

_Part = tuple[str, int, int]
_Seen = tuple[str, int, int, int, int, int, list[_Part]]
"""Words that stand together: text, box in tenths of a point, how sure in thousandths, parts between blanks with their left and right."""


class _Answer(msgspec.Struct, frozen=True):
    pages: list[tuple[int, int, int, list[_Seen]]] = []
    error: str = ""
    page: int = 0
    says: str = ""


def read_pictures(
    data: bytes, numbers: Sequence[int], where: str, ask: Callable[[str, list[str], bytes, str, int], bytes]
) -> dict[int, Page]:
    """Return the pages that could be read, by number: the first OCR_PAGES_MAX of those asked for, by `ask`, which runs a reader of ours.

    Raises MissingExtraError, and DocumentError where the file makes the reader fail.
    """
    if find_spec("rapidocr") is None or find_spec("onnxruntime") is None:
        raise MissingExtraError("ocr", "reading pages that are pictures")
    wanted = sorted(numbers)[:OCR_PAGES_MAX]
    bounds = [str(each) for each in (CHARS_MAX, OCR_MEMORY_BYTES_MAX, OCR_CPU_SECONDS_MAX)]
    done = ask("ocr_child.py", [*bounds, json.dumps(wanted)], data, where, OCR_SECONDS_MAX)
    answer = msgspec.json.decode(done, type=_Answer)
    if answer.error:
        place = f"{where}, page {answer.page}" if answer.page else where
        raise refused(answer.says, place, fix="load it without OCR", code=answer.error)
    read = (page_of(number, width, height, words) for number, width, height, words in answer.pages)
    return {page.number: page for page in read if page is not None}


def page_of(number: int, width: int, height: int, seen: Sequence[_Seen]) -> Page | None:
    """Return a page of words with places and confidence; None where there are none, or they are not sure enough."""
    letters = sum(len(each[0]) for each in seen)
    if not letters:
        return None
    confidence = sum(len(each[0]) * each[5] for each in seen) / letters / _THOUSAND
    if confidence < CONFIDENCE_MIN:
        return None
    sure = [(Box(*(side / _TENTHS for side in each[1:5])), each[5] / _THOUSAND) for each in seen]
    words = [word for each in seen for word in _words(each)]
    tables = tuple(
        replace(table, rows=tuple(tuple(_surely(cell, sure) for cell in row) for row in table.rows))
        for table in page_tables(words, number)
    )
    lines = tuple(
        Line(row.text, Box(row.pieces[0].left, row.top, row.pieces[-1].right, row.bottom)) for row in page_rows(words)
    )
    return Page(
        number=number, width=width / _TENTHS, height=height / _TENTHS, lines=lines, tables=tables,
        confidence=round(confidence, 3),
    )  # fmt: skip


def _words(seen: _Seen) -> Iterator[Word]:
    """Yield words as one, but each of the numbers and years at their end by itself: columns that stand close are seen as one line."""
    text, left, top, right, bottom, _, given = seen
    parts = given or [(text, left, right)]
    first = next((at + 1 for at in reversed(range(len(parts))) if not _alone(parts[at][0])), 0)
    lead = _LOST_BLANK.sub(" ", _without(text, sum(len(part) for part, _, _ in parts[first:])))
    places = [(lead, parts[0][1], parts[first - 1][2])] if first else []
    for part, a, b in (*places, *parts[first:]):
        yield Word(part, a / _TENTHS, top / _TENTHS, b / _TENTHS, bottom / _TENTHS)


def _alone(part: str) -> bool:
    return is_figure(part) or _YEAR.fullmatch(part) is not None


def _without(text: str, letters: int) -> str:
    """Return a text without this many letters at its end, blanks not counted."""
    while letters:
        letters -= not text[-1].isspace()
        text = text[:-1]
    return text.rstrip()


def _surely(cell: Cell, sure: Sequence[tuple[Box, float]]) -> Cell:
    """Return a cell with the confidence of what was read where it stands: the least, since one wrong letter makes it wrong."""
    if cell.box is None:
        return cell
    found = [each for box, each in sure if _overlap(box, cell.box)]
    confidence = round(min(found) if found else fmean(each for _, each in sure), 3)
    doubtful = confidence < CELL_CONFIDENCE_MIN or _DOUBTFUL.search(cell.text) is not None
    text = f"{cell.text}{DOUBT}" if doubtful and is_figure(cell.text) else cell.text
    return cell._replace(text=text, confidence=confidence)


def _overlap(one: Box, other: Box) -> bool:
    middle = (one.top + one.bottom) / 2
    return one.left < other.right and other.left < one.right and other.top <= middle <= other.bottom
