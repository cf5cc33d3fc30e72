"""A spreadsheet as a document: a sheet is a page with one table, its cells keep their rows and columns.

The first rows that hold nothing but headings (years, units, words) are the header, as on a printed page; addresses count the rows below
it. What the workbook reader refuses is refused here in its words.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dualtrack.apps.research.documents.headings import read_heading
from dualtrack.apps.research.documents.model import Cell, Column, Document, Line, Page, Table
from dualtrack.apps.research.documents.pdf import language_of
from dualtrack.apps.research.reported import read_reported
from dualtrack.intake.workbook import read_workbook

if TYPE_CHECKING:
    from pathlib import Path

    from dualtrack.apps.research.documents.model import About
    from dualtrack.intake.records import Sheet

__all__ = ["read_spreadsheet"]

_HEADER_ROWS_MAX = 8
"""Rows above the first numbers that are looked at: title, period, unit, years, note of restatement."""


def read_spreadsheet(path: Path, about: About) -> Document:
    """Return the document; raises WorkbookError or PathError."""
    book = read_workbook(path)
    pages = tuple(_page(number, sheet) for number, sheet in enumerate(book.sheets, 1))
    language = about.language or language_of(line.text for page in pages for line in page.lines)
    return Document(about=about, sha256=book.sha256, kind="spreadsheet", language=language, pages=pages)


def _page(number: int, sheet: Sheet) -> Page:
    rows: dict[int, dict[int, str]] = {}
    for (row, column), cell in sheet.cells.items():
        text = cell.text.strip()
        if text and cell.kind not in {"formula", "error"}:
            rows.setdefault(row, {})[column] = text
    lines = [Line(" ".join(held[column] for column in sorted(held))) for _, held in sorted(rows.items())]
    tables = _tables(number, sheet.name, rows)
    return Page(number=number, width=0.0, height=0.0, lines=(Line(sheet.name), *lines), tables=tables)


def _tables(page: int, name: str, rows: dict[int, dict[int, str]]) -> tuple[Table, ...]:
    """Return the table of a sheet: header rows become its columns, single texts above them its title."""
    if not rows:
        return ()
    first = min(column for held in rows.values() for column in held)
    head, title = dict[int, list[str]](), [name]
    body = sorted(rows)
    for row in sorted(rows)[:_HEADER_ROWS_MAX]:
        held = rows[row]
        if _has_numbers(held, first):
            break
        if set(held) == {first} and not head:
            title.append(held[first])
        elif len(held) > 1 or set(held) != {first}:
            for column, text in held.items():
                head.setdefault(column, []).append(text)
        else:
            break  # a heading of a section below the header
        body.remove(row)
    width = max(column for held in rows.values() for column in held)
    columns = [_column(place, first, head) for place in range(first, width + 1)]
    cells = tuple(
        tuple(Cell(place, column - first + 1, text) for column, text in sorted(rows[row].items()))
        for place, row in enumerate(body, 1)
    )
    return (Table(page=page, number=1, title="\n".join(title), columns=tuple(columns), rows=cells),) if cells else ()


def _column(place: int, first: int, head: dict[int, list[str]]) -> Column:
    text = " ".join(head.get(place, ()))
    if place == first:
        return Column(1, text, "label")
    heading = read_heading(text)
    return Column(place - first + 1, text, "note" if heading.note and not heading.periods else "value")


def _has_numbers(held: dict[int, str], first: int) -> bool:
    """Tell whether a row holds a number that is no year."""
    return any(
        column != first and read_reported(text) is not None and not read_heading(text).periods
        for column, text in held.items()
    )
