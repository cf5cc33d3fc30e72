"""What a document is here: pages with lines, tables with cells, each with its place on the page, and an address for every cell.

Places are boxes in points (1/72 inch) from the top left of the page as it is seen. Numbers of pages, tables, rows and columns begin
with 1; column 1 of a table holds the labels of its rows. A spreadsheet or a tagged report has the same form without boxes.
"""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

from dualtrack.domain.records import Record
from dualtrack.errors import FieldError, NotFoundError

__all__ = [
    "NAME_MAX",
    "About",
    "Address",
    "Box",
    "Cell",
    "Column",
    "ColumnKind",
    "Document",
    "Form",
    "Language",
    "Line",
    "Page",
    "Table",
    "parse_address",
]

NAME_MAX = 200
"""Longest name of a document: file systems allow 255 bytes, and a name in Chinese takes three a character."""

Language = Literal["en", "zh-Hant", "both"]

Form = Literal["annual", "interim", "quarterly", "results", "esg", "circular", "other"]
"""Kinds of documents that issuers publish; `results` is an announcement of results, of the same period as a report."""

ColumnKind = Literal["label", "note", "value"]

_ADDRESS = re.compile(r"p([1-9]\d{0,6})/t([1-9]\d{0,4})/r([1-9]\d{0,6})c([1-9]\d{0,4})", re.ASCII)


class Box(NamedTuple):
    """A place on a page in points from its top left."""

    left: float
    top: float
    right: float
    bottom: float


class Line(NamedTuple):
    """A line of text and where it stands."""

    text: str
    box: Box | None = None


class Cell(NamedTuple):
    """A cell of a table, as printed; `confidence` (0 to 1) is the recogniser's, of a cell that was read from a picture."""

    row: int
    column: int
    text: str
    box: Box | None = None
    confidence: float | None = None


class Column(NamedTuple):
    """A column: what its header says, all lines of it, and what it holds."""

    number: int
    text: str
    kind: ColumnKind


class Table(Record, frozen=True):
    """A table of a page: `title` is what stands above its header; rows hold their cells by column, empty ones left out."""

    page: int
    number: int
    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    box: Box | None = None


class Page(Record, frozen=True):
    """A page: its size in points, its lines in reading order and its tables.

    `confidence` is how sure the recogniser was of a page that was read from a picture; None for text.
    """

    number: int
    width: float
    height: float
    lines: tuple[Line, ...]
    tables: tuple[Table, ...] = ()
    confidence: float | None = None

    @property
    def text(self) -> str:
        """The lines of the page."""
        return "\n".join(line.text for line in self.lines)


class About(Record, frozen=True):
    """What whoever loads a document says of it. The licence is the one under which it may be kept and quoted: it must be said.

    `currency` is that of a document which prints a bare `$`, or none: it stands where no heading of the document says one.
    `ocr` asks that pages which are pictures be read by OCR, whose words may be misread.
    """

    name: str
    licence: str
    issuer: str = ""
    period: str = ""
    form: Form = "other"
    language: Language | None = None
    currency: str = ""
    ocr: bool = False

    def __post_init__(self) -> None:
        if not self.licence.strip():
            raise FieldError("no licence", where=self.name, fix="say under which terms the document may be used")
        if not self.name.strip() or len(self.name) > NAME_MAX or not self.name.isprintable():
            raise FieldError(
                f"{self.name!r:.60}", where="name", expected=f"a name of 1 to {NAME_MAX} printable characters"
            )


class Document(Record, frozen=True):
    """A document as read: what was said of it, its digest, its pages. `unread` are pages without text that could be read (pictures, unless OCR was asked for)."""

    about: About
    sha256: str
    kind: Literal["pdf", "spreadsheet", "xbrl"]
    language: Language
    pages: tuple[Page, ...]
    unread: tuple[int, ...] = ()

    @property
    def id(self) -> str:
        """The first 12 digits of the digest: enough to tell documents of one desk apart."""
        return self.sha256[:12]

    @property
    def name(self) -> str:
        """The name under which its cells are cited."""
        return self.about.name

    def table(self, page: int, number: int) -> Table:
        """Return a table of a page; raises NotFoundError."""
        for each in self.pages[page - 1].tables if 0 < page <= len(self.pages) else ():
            if each.number == number:
                return each
        raise NotFoundError(f"no table {number} on page {page}", where=self.name)

    def cell(self, address: Address) -> Cell:
        """Return the cell at an address; raises NotFoundError where there is none."""
        if address.name != self.name:
            raise NotFoundError(f"an address in {address.name}", where=self.name)
        rows = self.table(address.page, address.table).rows
        for each in rows[address.row - 1] if address.row <= len(rows) else ():
            if each.column == address.column:
                return each
        raise NotFoundError("an empty or absent cell", where=str(address))


class Address(NamedTuple):
    """Where a cell stands: `name#p62/t1/r7c2`."""

    name: str
    page: int
    table: int
    row: int
    column: int

    def __str__(self) -> str:
        return f"{self.name}#p{self.page}/t{self.table}/r{self.row}c{self.column}"


def parse_address(text: str) -> Address:
    """Read an address; a name may hold `#` itself, since the last one counts. Raises FieldError."""
    name, mark, place = text.rpartition("#")
    match = _ADDRESS.fullmatch(place)
    if not mark or not name or match is None:
        raise FieldError(f"{text!r:.80}", where="address", expected="name#p62/t1/r7c2")
    page, table, row, column = (int(each) for each in match.groups())
    return Address(name, page, table, row, column)
