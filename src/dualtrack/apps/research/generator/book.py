"""A report before it is printed: pages of tables and prose whose numbers still know what they are. Errors are planted here."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from dualtrack.apps.research.units import Unit
    from dualtrack.domain.records import Text

__all__ = [
    "Book",
    "Column",
    "Number",
    "Page",
    "Paragraph",
    "Row",
    "RowKind",
    "Stated",
    "Table",
    "Verdict",
    "print_number",
]

RowKind = Literal["section", "line", "total"]

Stated = Literal["income", "position", "equity", "cash_flow", "summary"]
"""Kinds of statements, as documents/labels.py names them."""

Verdict = Literal["supported", "contradicted", "unsupported", "vague"]


class Number(NamedTuple):
    """A number of the report: `value` in base units with its sign; `scale` and `places` say how it is printed."""

    line: str
    value: Decimal
    year: int
    months: int | None
    unit: Unit
    scale: int
    places: int
    percent: bool = False
    segment: int | None = None


class Row(NamedTuple):
    """A row: a section has no cells; an empty cell is None."""

    kind: RowKind
    line: str
    label: Text
    cells: tuple[Number | None, ...] = ()
    note: str = ""


class Column(NamedTuple):
    """A column of numbers by what stands above it."""

    head: Text
    restated: bool = False


class Table(NamedTuple):
    """A table with its title; `currency` and `scale` are said above the numbers where they are money, None where no heading says any."""

    key: str
    title: Text
    subtitle: Text
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    statement: Stated | None = None
    currency: str | None = "HKD"
    scale: int | None = 3
    notes: bool = False


class Paragraph(NamedTuple):
    """Prose in both languages with the numbers in it; `claim` names a claim about the environment."""

    text: Text
    numbers: tuple[Number, ...] = ()
    claim: str = ""
    verdict: Verdict | None = None
    evidence: tuple[str, str] | None = None


class Page(NamedTuple):
    """A page: `image` prints it as a picture without text, `hidden` is text in white."""

    key: str
    title: Text
    paragraphs: tuple[Paragraph, ...] = ()
    tables: tuple[Table, ...] = ()
    image: bool = False
    hidden: Text | None = None
    left_out: bool = False


class Book(NamedTuple):
    """The pages in their order. The cover and the contents come first and are numbered 1 and 2."""

    pages: tuple[Page, ...]

    def page(self, key: str) -> Page:
        """Return the page of a key."""
        return next(page for page in self.pages if page.key == key)

    def table(self, key: str) -> Table:
        """Return the table of a key."""
        return next(table for page in self.pages for table in page.tables if table.key == key)

    def with_page(self, changed: Page) -> Book:
        """Return the book with a page changed."""
        return Book(tuple(changed if page.key == changed.key else page for page in self.pages))

    def with_table(self, changed: Table) -> Book:
        """Return the book with a table changed."""
        return Book(
            tuple(
                page._replace(tables=tuple(changed if table.key == changed.key else table for table in page.tables))
                for page in self.pages
            )
        )


def print_number(number: Number, nil: str) -> tuple[str, Decimal]:
    """Return a number as printed, and the value in base units that the print says: rounding is half away from nil."""
    shown = number.value * 100 if number.percent else number.value.scaleb(-number.scale)
    shown = shown.quantize(Decimal(1).scaleb(-number.places), rounding=ROUND_HALF_UP)
    value = shown / 100 if number.percent else shown.scaleb(number.scale)
    if shown == 0 and number.value == 0 and not number.percent:
        return nil, Decimal(0)
    text = f"{abs(shown):,}" + ("%" if number.percent else "")
    return (f"({text})" if shown < 0 else text), value
