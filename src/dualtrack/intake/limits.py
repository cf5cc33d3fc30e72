"""How much of a spreadsheet is read, and the one way of refusing more. An inventory is small; a bomb is not."""

from __future__ import annotations

from dualtrack.errors import WorkbookError

__all__ = [
    "BYTES_MAX",
    "CELLS_MAX",
    "CELL_CHARS_MAX",
    "COLUMNS_MAX",
    "ENTRIES_MAX",
    "MERGES_MAX",
    "MERGE_CELLS_MAX",
    "PART_BYTES_MAX",
    "ROWS_MAX",
    "SHEETS_MAX",
    "UNPACKED_BYTES_MAX",
    "broken",
    "check_place",
    "too_much",
]

BYTES_MAX = 20 * 2**20
"""Largest file: an inventory of 20,000 uses with long descriptions is about 10 MB."""

UNPACKED_BYTES_MAX = 128 * 2**20
"""Largest total of an archive's parts once unpacked; a full inventory needs some 40 MB, a zip bomb gigabytes."""

PART_BYTES_MAX = 64 * 2**20
"""Largest single part once unpacked: it is held in memory while it is checked."""

ENTRIES_MAX = 2_000
"""Most entries in an archive: 64 sheets with drawings, comments and images stay well below."""

SHEETS_MAX = 64
"""Most sheets: firms keep one a department or a year; more is not an inventory."""

ROWS_MAX = 20_000
"""Last row that may hold a value; the largest inventories that banks report have some thousands of models."""

COLUMNS_MAX = 256
"""Last column that may hold a value (the width of the old xls format); readers allocate rows x columns."""

CELLS_MAX = 1_000_000
"""Most non-empty cells in a workbook: 20,000 rows of 50 columns; each is kept in memory with its place."""

CELL_CHARS_MAX = 32_767
"""Longest text of a cell: the limit of the xlsx format itself."""

MERGES_MAX = 20_000
"""Most merged ranges of a sheet: one a row."""

MERGE_CELLS_MAX = 200_000
"""Most cells that a sheet's merges may cover, clipped to the table: each is looked at."""


def too_much(found: str, where: str, expected: str) -> WorkbookError:
    """Return the error for a workbook that exceeds a bound."""
    return WorkbookError(
        found,
        where=where,
        expected=expected,
        fix="save the inventory's sheet alone, without empty formatted areas, as a new xlsx or csv file",
        code="input.workbook.too-much",
    )


def broken(found: str, where: str) -> WorkbookError:
    """Return the error for a file that is not the spreadsheet it says it is."""
    return WorkbookError(
        found,
        where=where,
        expected="a readable xlsx, xls, ods or csv file",
        fix="open it in a spreadsheet program and save it again as xlsx, or as csv in UTF-8",
        code="input.workbook.broken",
    )


def check_place(row: int, column: int, where: str) -> None:
    """Refuse a value at a 1-based place beyond ROWS_MAX or COLUMNS_MAX, before any reader allocates up to it."""
    if row > ROWS_MAX or column > COLUMNS_MAX:
        raise too_much(
            f"a value lies in row {row:,}, column {column:,}",
            where,
            f"values within the first {ROWS_MAX:,} rows and {COLUMNS_MAX} columns",
        )
