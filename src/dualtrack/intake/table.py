"""Find the inventory in a sheet: its header, its rows, and what stands around them.

Sheets of real firms have notes above the table, one to three header rows, merged cells, section headings, blank rows,
repeated headers, totals and remarks below. Every non-empty cell of the sheet ends in exactly one place: the header, a
row, or a row set aside with its reason. Nothing is dropped.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

from dualtrack.errors import WorkbookError
from dualtrack.intake.headers import known_header, listed_header
from dualtrack.intake.lexicon import fold, in_words, words
from dualtrack.intake.limits import MERGE_CELLS_MAX, too_much
from dualtrack.intake.records import Aside, AsideReason, Cell, Kept, Merge, Sheet, Table, cell_ref

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["find_table", "header_hits", "kept", "merged_from"]

_SEARCH_ROWS = 60
"""Rows looked at for a header; titles and notes above an inventory are shorter than a page."""

_HEADER_ROWS_MAX = 3
"""A group row, an English and a Chinese row; more is a form, not a header."""

_HITS_MIN = 2
"""Header names that must be recognised: one alone is as likely a word in a note."""

_FIRST_SHARE = 0.6
"""A row with this share of the most names found anywhere is a header of its own: the first table is read, not the widest."""

_NAMES_SHARE = 0.7
"""Share of names that makes a neighbour of the header a part of it (a header in a second language)."""

_FALLBACK_CELLS = 3
"""Without recognised names, a row of this many short texts above equally many filled cells is taken as a header."""

_HEADER_CHARS_MAX = 80
"""A header is a name; longer text is a note."""

_NOTE_CHARS_MIN = 40
"""A single text this long below the table is a sentence, not the name of a use."""

_NOTE = re.compile("(?:" + "|".join(re.escape(mark) for mark in words().note) + r")(?![a-z])")

_SECOND_HITS = 3
"""Recognised header names that make a lower row the header of another table."""


def header_hits(sheet: Sheet) -> int:
    """Return how many header names are recognised in the sheet's best row: how much it looks like an inventory."""
    rows = _by_row(sheet)
    return max((_hits(rows[row]) for row in _searched(rows)), default=0)


def merged_from(sheet: Sheet) -> dict[tuple[int, int], tuple[int, int]]:
    """Return, for each cell that a merge covers, the place of the merge's top left cell, within the sheet's extent."""
    covered: dict[tuple[int, int], tuple[int, int]] = {}
    last_row, last_column, looked = sheet.rows, sheet.columns, 0
    for merge in sheet.merges:
        bottom, right = min(merge.bottom, last_row), min(merge.right, last_column)
        looked += max(0, bottom - merge.top + 1) * max(0, right - merge.left + 1)
        if looked > MERGE_CELLS_MAX:
            raise too_much("merged ranges cover too many cells", sheet.name, f"at most {MERGE_CELLS_MAX:,}")
        for row in range(merge.top, bottom + 1):
            for column in range(merge.left, right + 1):
                if (row, column) != (merge.top, merge.left):
                    covered[row, column] = (merge.top, merge.left)
    return covered


def find_table(sheet: Sheet, where: str) -> Table:
    """Return the table in a sheet; WorkbookError when it has no row that looks like a header."""
    rows = _by_row(sheet)
    main = _main_header(rows)
    if main is None:
        raise WorkbookError(
            "no table was found: no row looks like a header",
            where=f"{where}, {sheet.name}",
            expected="a row of column names (such as Name, Owner, Purpose, Status) above the rows of the inventory",
            fix="name the sheet that holds the inventory, or add a header row",
            code="input.workbook.no-table",
        )
    header_rows = _header_rows(sheet, rows, main)
    covered = merged_from(sheet)
    headers = _headers(sheet, rows, header_rows, covered)
    data, sections, aside = _body(sheet, rows, header_rows, headers)
    return Table(
        sheet=sheet.name,
        header_rows=header_rows,
        headers=headers,
        rows=data,
        sections=sections,
        aside=aside,
        hits=_hits(rows[main]),
    )


def kept(sheet: Sheet, cell: Cell) -> Kept:
    """Return a cell as it is kept beside what is made of it."""
    return Kept(ref=cell_ref(sheet.name, cell.row, cell.column), text=cell.text, kind=cell.kind)


def _by_row(sheet: Sheet) -> dict[int, list[Cell]]:
    rows: dict[int, list[Cell]] = {}
    for (row, _), cell in sorted(sheet.cells.items()):
        rows.setdefault(row, []).append(cell)
    return rows


def _searched(rows: Mapping[int, list[Cell]]) -> list[int]:
    return list(rows)[:_SEARCH_ROWS]


def _hits(cells: list[Cell]) -> int:
    return sum(
        cell.kind == "text" and len(cell.text) <= _HEADER_CHARS_MAX and known_header(cell.text) for cell in cells
    )


def _main_header(rows: dict[int, list[Cell]]) -> int | None:
    """Return the first row with nearly the most recognised names; without any, the first that has a header's shape."""
    hits = {row: _hits(rows[row]) for row in _searched(rows)}
    most = max(hits.values(), default=0)
    if most >= _HITS_MIN:
        return next(row for row, n in hits.items() if n >= max(_HITS_MIN, most * _FIRST_SHARE))
    order = list(rows)
    for row, below in pairwise(order[: _SEARCH_ROWS + 1]):
        if _shaped(rows[row]) and len(rows[below]) >= _FALLBACK_CELLS:
            return row
    return None


def _shaped(cells: list[Cell]) -> bool:
    texts = [cell.text for cell in cells]
    short = all(cell.kind == "text" and len(cell.text) <= _HEADER_CHARS_MAX for cell in cells)
    return short and len(texts) >= _FALLBACK_CELLS and len(set(texts)) == len(texts)


def _header_rows(sheet: Sheet, rows: dict[int, list[Cell]], main: int) -> tuple[int, ...]:
    """Return the header's rows: the main one, and neighbours that are part of it."""
    found = [main]
    while len(found) < _HEADER_ROWS_MAX and _heads(sheet, rows, found[0] - 1, found[0]):
        found.insert(0, found[0] - 1)
    while len(found) < _HEADER_ROWS_MAX and _continues(sheet, rows, found[-1] + 1, found[-1]):
        found.append(found[-1] + 1)
    return tuple(found)


def _across(sheet: Sheet, row: int) -> list[Merge]:
    """Return merges that lie in one row over several columns, but not over the whole table: group headings."""
    width = sheet.columns
    return [m for m in sheet.merges if m.top == row and m.left < m.right and m.right - m.left + 1 < width]


def _heads(sheet: Sheet, rows: dict[int, list[Cell]], row: int, below: int) -> bool:
    """Say whether a row above belongs to the header: group headings, names merged down into it, or another language."""
    if row not in rows or any(cell.kind != "text" or len(cell.text) > _HEADER_CHARS_MAX for cell in rows[row]):
        return False
    if any(m.top == row and m.bottom >= below and m.left == m.right for m in sheet.merges):
        return True
    if len(rows[row]) >= _HITS_MIN and _across(sheet, row):
        return True
    return _all_names(rows[row])


def _all_names(cells: list[Cell]) -> bool:
    """Say whether a row consists of header names: data rows may have a word or two that are names as well."""
    return _hits(cells) >= max(_HITS_MIN, len(cells) * _NAMES_SHARE)


def _continues(sheet: Sheet, rows: dict[int, list[Cell]], row: int, above: int) -> bool:
    """Say whether a row below still belongs to the header."""
    if row not in rows or any(cell.kind != "text" or len(cell.text) > _HEADER_CHARS_MAX for cell in rows[row]):
        return False
    if any(m.top <= above and m.bottom >= row and m.left == m.right for m in sheet.merges):
        return True
    groups = _across(sheet, above)
    inside = [c for c in rows[row] if any(m.left <= c.column <= m.right for m in groups)]
    return bool(inside and _hits(inside)) or _all_names(rows[row])


def _headers(
    sheet: Sheet,
    rows: dict[int, list[Cell]],
    header_rows: tuple[int, ...],
    covered: Mapping[tuple[int, int], tuple[int, int]],
) -> dict[int, tuple[str, ...]]:
    """Return header texts by column, from the top; a merged heading reaches as far as its merge, and no further."""
    last = header_rows[-1]
    used = {cell.column for row, cells in rows.items() if row >= header_rows[0] for cell in cells}
    headers: dict[int, tuple[str, ...]] = {}
    for column in sorted(used):
        texts: list[str] = []
        for row in range(header_rows[0], last + 1):
            cell = sheet.cells.get((row, column)) or sheet.cells.get(covered.get((row, column), (0, 0)))
            if cell and cell.text.strip() and cell.text not in texts:
                texts.append(cell.text)
        headers[column] = tuple(texts)
    return headers


def _body(
    sheet: Sheet, rows: dict[int, list[Cell]], header_rows: tuple[int, ...], headers: dict[int, tuple[str, ...]]
) -> tuple[tuple[int, ...], dict[int, str], tuple[Aside, ...]]:
    """Sort every row around the header into data and rows set aside."""
    data: list[int] = []
    sections: dict[int, str] = {}
    section, ended = "", False
    aside = [_aside(sheet, row, "above", rows) for row in rows if row < header_rows[0]]
    below = [row for row in rows if row > header_rows[-1]]
    tail, ends = _tail(below, rows), _row_merges(sheet)
    for row in below:
        cells = rows[row]
        if ended or _another_table(cells):
            same = not ended and _repeats(cells, headers)
            ended = ended or not same
            aside.append(_aside(sheet, row, "repeated-header" if same else "second-table", rows))
        elif _is_section(cells, headers, ends.get((row, cells[0].column), 0)):
            section = cells[0].text
            aside.append(_aside(sheet, row, "section", rows))
        elif _is_total(cells, headers):
            aside.append(_aside(sheet, row, "total", rows))
        elif row in tail:
            aside.append(_aside(sheet, row, "note", rows))
        else:
            data.append(row)
            sections[row] = section
    return tuple(data), sections, tuple(aside)


def _aside(sheet: Sheet, row: int, reason: AsideReason, rows: dict[int, list[Cell]]) -> Aside:
    return Aside(row=row, reason=reason, cells=tuple(kept(sheet, cell) for cell in rows[row]))


def _tail(below: list[int], rows: dict[int, list[Cell]]) -> set[int]:
    """Return the rows of remarks at the table's end: single texts that begin as notes do, or are as long as sentences.

    A short single text stays a row: it may be a use of which nothing but the name was filled in.
    """
    tail: set[int] = set()
    for row in reversed(below):
        text = rows[row][0].text.strip().casefold()
        if len(rows[row]) > 1 or not (_NOTE.match(text) or len(text) >= _NOTE_CHARS_MIN):
            break
        tail.add(row)
    return tail


def _another_table(cells: list[Cell]) -> bool:
    """Say whether a row below is a header again: most of its cells are listed names."""
    short = [cell for cell in cells if cell.kind == "text" and len(cell.text) <= _HEADER_CHARS_MAX]
    hits = sum(listed_header(cell.text) for cell in short) if len(short) >= _SECOND_HITS else 0
    return hits >= _SECOND_HITS and hits * 2 > len(cells)


def _repeats(cells: list[Cell], headers: dict[int, tuple[str, ...]]) -> bool:
    return all(fold(cell.text) in {fold(text) for text in headers.get(cell.column, ())} for cell in cells)


def _row_merges(sheet: Sheet) -> dict[tuple[int, int], int]:
    """Return the last column of the widest merge within one row, by its row and first column."""
    ends: dict[tuple[int, int], int] = {}
    for merge in sheet.merges:
        if merge.top == merge.bottom:
            place = (merge.top, merge.left)
            ends[place] = max(merge.right, ends.get(place, 0))
    return ends


def _is_section(cells: list[Cell], headers: dict[int, tuple[str, ...]], end: int) -> bool:
    """Say whether a row is a heading inside the table: one text, merged (up to column `end`) over half of the columns."""
    if len(cells) != 1 or cells[0].kind != "text":
        return False
    return end > 0 and (end - cells[0].column + 1) * 2 >= len(headers)


def _is_total(cells: list[Cell], headers: dict[int, tuple[str, ...]]) -> bool:
    """Say whether a row is a total: it begins with a word for one and fills less than half of the columns."""
    first = fold(cells[0].text.split(":")[0].split("：")[0])
    said = in_words(first, words().total) or all(in_words(word, words().total) for word in first.split())
    return bool(first) and said and len(cells) * 2 < len(headers) + 1
