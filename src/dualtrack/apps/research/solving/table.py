"""A table for questions: rows of printed cells with addresses, which of them are headings, and what number each cell holds."""

from __future__ import annotations

import re
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from dualtrack.apps.research.reported import Reported, read_reported
from dualtrack.apps.research.solving.periods import Period, periods_of
from dualtrack.domain.records import Record
from dualtrack.errors import FieldError

if TYPE_CHECKING:
    from dualtrack.apps.research.documents.model import Document

__all__ = [
    "CELLS_MAX",
    "CELL_CHARS_MAX",
    "Body",
    "Held",
    "Recognised",
    "Table",
    "body_of",
    "number_in",
    "parts_above",
    "says_percent",
    "table_in",
]

CELLS_MAX = 20_000
"""Cells of one table: a page of figures has hundreds; more is a data set, which is asked in SQL."""

CELL_CHARS_MAX = 2_000
"""Longest text of a cell: labels of reports run to a few lines."""

_HEAD_ROWS_MAX = 6
_PARTS_MAX = 60
"""How far above a total its parts may begin, in rows: about a page."""

_NOTES = re.compile(r"(?<=\S)\s*\((?:[a-z]|\d|[ivx]{1,4})\)(?:\s*\([a-z\d]\))*$|[*†‡#§]+$", re.IGNORECASE)
_YEAR_CELL = re.compile(
    r"(?:fy|f)?\s?'?(?:(?:19[5-9]|20\d)\d(?:\s?年度?(?:\s?\d{1,2}\s?月)?(?:\s?\d{1,2}\s?日)?)?|\d{2}(?<=[fF]\d\d)|\d{2}(?<=[yY]\d\d))(?:\s?[/–-]\s?\d{2,4})?(?:\s?\(?[a-z*\d]\)?)?(?:\s?\(?(?:[$£€¥]|hk|us|rmb|aud|eur|gbp|百萬|十億|億|千|萬|港|人民幣|美|元)[^\d]{0,12}(?:['’]?000s?)?\)?)?",
    re.IGNORECASE,
)
_CHANGE = re.compile(
    r"\bchanges?\b|\bvariance\b|\bvar\b|increase|decrease|\bgrowth\b|\bvs\b|\bversus\b|[±△]|增加|減少|變動|增幅|變幅|按年",
    re.IGNORECASE,
)
_NOTE = re.compile(r"(?:foot)?notes?|附註|註釋", re.IGNORECASE)
_PERCENT = re.compile(r"%|\bper ?cent(?:ages?)?\b|百分比|百分率", re.IGNORECASE)
_EXCEPT = re.compile(r"\b(?:except|other than|and) [^)]*?percentages?[^)]*|除[^。）]*百分比[^。）]*", re.IGNORECASE)
_QUARTERS = frozenset({"first", "second", "third", "fourth"})
_MULTIPLE = re.compile(r"(?!(?:19|20)\d\d\s?年)(\(?[\d,.]+\)?)\s?(?:x|times|years?|bps|pts|pp|倍|年)")


class Recognised(NamedTuple):
    """How sure OCR was of a page that was read from a picture, and of each cell of one table, by row and column from 0."""

    page: float
    cells: tuple[tuple[int, int, float], ...]


class Table(Record, frozen=True):
    """Printed cells by row. `columns` are headings that stand above the rows and are no row of them; `caption` is what stands over the table.

    The cell in row 2, column 3 of `income` is `income/r2c3`; both begin with 1, and column 1 holds the labels.
    `recognised` says that the page was read from a picture.
    """

    name: str
    rows: tuple[tuple[str, ...], ...]
    caption: str = ""
    columns: tuple[str, ...] = ()
    recognised: Recognised | None = None

    def __post_init__(self) -> None:
        long = next(
            (text for row in (*self.rows, self.columns, (self.caption,)) for text in row if len(text) > CELL_CHARS_MAX),
            None,
        )
        if long is not None:
            raise FieldError(
                f"a cell of {len(long):,} characters", where=self.name, expected=f"at most {CELL_CHARS_MAX:,}"
            )
        cells = sum(map(len, self.rows))
        if cells > CELLS_MAX:
            raise FieldError(
                f"{cells:,} cells", where=self.name, expected=f"at most {CELLS_MAX:,}", fix="ask a part of it"
            )

    def address(self, row: int, column: int) -> str:
        """Return the address of a cell, from places that begin with 0."""
        return f"{self.name}/r{row + 1}c{column + 1}"

    def cell(self, address: str) -> tuple[int, int] | None:
        """Return the place of the cell at an address, beginning with 0; None where there is none."""
        match = re.fullmatch(re.escape(self.name) + r"/r([1-9]\d{0,6})c([1-9]\d{0,4})", address)
        if match is None:
            return None
        row, column = int(match[1]) - 1, int(match[2]) - 1
        return (row, column) if row < len(self.rows) and column < len(self.rows[row]) else None


class Held(NamedTuple):
    """A cell with a number, and what its row, its column and the headings above its row say."""

    row: int
    column: int
    text: str
    reported: Reported
    label: str
    section: str
    heading: str
    periods: tuple[Period, ...]
    change: bool

    @property
    def value(self) -> str:
        """The number as printed, in words of the row and column."""
        return f"{self.label} {self.text}"


class Body(NamedTuple):
    """A table as read: its cells with numbers, its heading rows, the text of all headings."""

    table: Table
    cells: tuple[Held, ...]
    headings: tuple[str, ...]
    by_place: dict[tuple[int, int], Held]


@lru_cache(maxsize=4096)
def number_in(text: str) -> Reported | None:
    """Return the one number of a cell; marks of footnotes, and a per cent sign after a bracket, are read past. None where there is none or several."""
    plain = text.strip().replace("’", "'")
    if not plain or not any(each.isdigit() or each in "-–—無" or each == "l" for each in plain):
        return None
    found = read_reported(plain)
    if found is not None:
        return found
    for tried in (
        re.sub(r"^([$£€¥])\s*([-–—])\s*$", r"\2", plain),
        re.sub(r"^\(\s*(.*?)\s*\)\s*%$", r"(\1%)", plain),
        re.sub(r"^[-–−]\s*\$", "-", plain),
        re.sub(r"^\$?\s*\(\s*\$?\s*([\d,.]+)\s*\)?\s*(%?)\)?$", r"(\1\2)", plain),
        re.sub(r"^\(?\s*[$£€]?\s*([\d,.]+)\s*(%?)\s*\)$", r"(\1\2)", plain),
        _NOTES.sub("", plain).strip(),
        _MULTIPLE.sub(r"\1", plain) if _MULTIPLE.fullmatch(plain) else "",
        re.sub(r"^(?:hk|us|a|c|nz|rmb|nt|s)\s?\$?\s*", "", plain, flags=re.IGNORECASE),
        re.sub(r"^([-–—])\s*%$", r"\1", plain),
    ):  # fmt: skip
        if tried and tried != plain and (found := read_reported(tried)) is not None:
            return found
    return None


@lru_cache(maxsize=8)
def body_of(table: Table) -> Body:
    """Read a table: rows without numbers at the top, and rows of headings further down, name the columns below them."""
    cells: list[Held] = []
    headings: list[str] = list(table.columns)
    head: list[tuple[str, ...]] = [table.columns] if table.columns else []
    titles: list[str] = []
    section, is_open = "", True
    width = max(map(len, table.rows), default=0)
    for at, row in enumerate(table.rows):
        numbers = (
            {}
            if _heads(row)
            else {j: found for j, text in enumerate(row) if j and (found := number_in(text)) is not None}
        )
        label = row[0].strip() if row else ""
        if numbers:
            if is_open or not titles:
                titles = _titles(head, width)
            is_open = False
            cells += [
                _held(at, j, row[j], number, label, section, titles[j])
                for j, number in numbers.items()
                if not _NOTE.fullmatch(titles[j].strip())
            ]
            continue
        texts = [text for text in row[1:] if text.strip()]
        if not texts:
            section = label or section
            headings += [label] if label and is_open else []
        elif is_open or len(texts) > 1 or periods_of(texts[0]):
            head = [*head, row][-_HEAD_ROWS_MAX:] if is_open else [row]
            is_open = True
            headings += [text for text in row if text.strip()]
            section = label if label and not periods_of(label) and at and cells else section
    cells = _totals_named(cells)
    return Body(table, tuple(cells), tuple(headings), {(each.row, each.column): each for each in cells})


def says_percent(heading: str) -> bool:
    """Say whether a heading is of a column in per cent; "except percentages" says that the others are not."""
    return _PERCENT.search(_EXCEPT.sub("", heading)) is not None


def _heads(row: tuple[str, ...]) -> bool:
    """Say whether every text of a row but its label is a year, a period or words: `2019`, `2019 €m`, `30 June 2025`."""
    texts = [text for text in row[1:] if text.strip()]
    return (
        bool(texts)
        and any(_is_year(text) for text in texts)
        and all(_is_year(text) or number_in(text) is None for text in texts)
    )


def _is_year(text: str) -> bool:
    return _YEAR_CELL.fullmatch(text.strip()) is not None and bool(periods_of(text))


def _totals_named(cells: list[Held]) -> list[Held]:
    """Name a row without a label that is the sum of rows above it, as reports leave totals unnamed: `Total` and the heading of its rows."""
    rows: dict[int, dict[int, Held]] = {}
    for each in cells:
        rows.setdefault(each.row, {})[each.column] = each
    named: dict[int, str] = {}
    for row, held in rows.items():
        first = next(iter(held.values()))
        if first.label:
            continue
        parts = parts_above(rows, row, first.column)
        if parts is not None:
            inner = {rows[each][first.column].section for each in parts} | {first.section}
            named[row] = f"Total {first.section}".strip(" :") if len(inner) == 1 else "Total"
    return [each._replace(label=named[each.row]) if each.row in named else each for each in cells]


def parts_above(rows: dict[int, dict[int, Held]], row: int, column: int) -> list[int] | None:
    """Return the nearest rows above that add up to a row in one column, two at least, to the rounding of their digits; None where none do."""
    target = rows[row][column].reported.value
    total, taken = Decimal(0), list[int]()
    for at in sorted((each for each in rows if row - _PARTS_MAX <= each < row), reverse=True):
        held = rows[at].get(column)
        if held is None:
            continue
        total += held.reported.value
        taken.append(at)
        places = -int(target.as_tuple().exponent)
        if len(taken) > 1 and abs(total - target) <= Decimal(len(taken)).scaleb(-max(places, 0)) / 2:
            return sorted(taken)
    return None


def _held(row: int, column: int, text: str, number: Reported, label: str, section: str, heading: str) -> Held:
    own = periods_of(heading)
    years = {each.year for each in own if each.year}
    change = bool(_CHANGE.search(heading)) and (len(years) != 1 or "%" in heading)
    held = own or periods_of(label) or periods_of(section)
    if own and all(each.year for each in own) is False:
        held = tuple(
            Period(each.year or next((one.year for one in periods_of(section) if one.year), 0), each.part)
            for each in own
        )
    elif (
        not own
        and held
        and all(not each.year for each in held)
        and (above := [one.year for one in periods_of(section) if one.year])
    ):
        held = tuple(Period(above[0], each.part) for each in held)
    elif (
        own
        and (below := [each for each in periods_of(label) if each.part and not each.year])
        and len(own) == 1
        and not own[0].part
    ):
        held = tuple(Period(own[0].year, each.part) for each in below)
    return Held(row, column, text, number, label, section, heading, held, change)


def _titles(head: list[tuple[str, ...]], width: int) -> list[str]:
    """Return the heading of each column: what stands above it. A lone text spans all; an empty cell of a spanning heading takes the one to its left."""
    made = [[row[j].strip() if j < len(row) else "" for j in range(width)] for row in head]
    years = {each.year for texts in made for text in texts[1:] for each in periods_of(text) if each.year}
    found = [""] * width
    for at, texts in enumerate(made):
        filled = [j for j in range(1, width) if texts[j]]
        below = any(any(each[1:]) for each in made[at + 1 :])
        if len(filled) == 1 and len(made) > 1 and _spans(texts[filled[0]], years):
            texts[1:] = [texts[filled[0]]] * (width - 1)
        elif below and len(filled) > 1 and (width - 1 - len(filled)) * 2 >= len(filled):
            for j in range(filled[0] + 1, width):
                texts[j] = texts[j] or texts[j - 1]
        for j in range(1, width):
            found[j] = " ".join(filter(None, (found[j], texts[j])))
    if sum(each.strip().lower() in _QUARTERS for each in found[1:]) == len(_QUARTERS):
        found = [f"{each} quarter" if each.strip().lower() in _QUARTERS else each for each in found]
    return found


def _spans(text: str, years: set[int]) -> bool:
    """Say whether a lone heading is of all columns: not one of a change, nor of one year among others."""
    own = {each.year for each in periods_of(text) if each.year}
    return not _CHANGE.search(text) and "%" not in text and (not own or own == years)


def table_in(document: Document, page: int, number: int) -> Table:
    """Return a table of a document for questions; its cells keep the document's addresses (`name#p62/t1/r7c2`)."""
    found = document.table(page, number)
    width = max((cell.column for row in found.rows for cell in row), default=0)
    width = max([width, *(each.number for each in found.columns)])
    rows = []
    for row in found.rows:
        texts = {cell.column: cell.text for cell in row}
        rows.append(tuple(texts.get(at + 1, "") for at in range(width)))
    heads = {each.number: each.text for each in found.columns}
    columns = tuple(heads.get(at + 1, "") for at in range(width)) if heads else ()
    sure = document.pages[page - 1].confidence
    cells = tuple(
        (at, cell.column - 1, cell.confidence)
        for at, row in enumerate(found.rows)
        for cell in row
        if cell.confidence is not None
    )
    return Table(
        name=f"{document.name}#p{page}/t{number}", rows=tuple(rows), caption=found.title, columns=columns,
        recognised=None if sure is None else Recognised(sure, cells),
    )  # fmt: skip
