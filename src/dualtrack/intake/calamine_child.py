"""The reader of spreadsheet files, run as a program of its own: bytes in on standard input, cells out as JSON.

Calamine is fast and reads files as they are found, but a damaged file can make it panic or ask for more memory than
there is, which ends the process it runs in. So it runs in this one, under limits, and imports nothing of ours.
Answer: `{"sheets": [[name, hidden, cells, merges]]}` with a cell as `[row, column, kind, text]` and a merge as
`[top, left, bottom, right]`, 1-based; or `{"error": "password" | "broken" | "too-much", "says": words}`.
"""

from __future__ import annotations

import json
import resource
import sys
from datetime import date, datetime, time
from io import BytesIO

import python_calamine as calamine

__all__ = ["main"]

_MEMORY_BYTES_MAX = 2 * 2**30
"""Address space: a sheet of 980,000 cells was read in 280 MB, one stray value in its last allowed cell in 209 MB."""

_CPU_SECONDS_MAX = 60
"""A sheet of 980,000 cells was read in seven seconds on two shared cores."""


def main() -> None:
    """Read one workbook from standard input and print what is in it."""
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES_MAX, _MEMORY_BYTES_MAX))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (_CPU_SECONDS_MAX, _CPU_SECONDS_MAX))
    sheets_max, rows_max, columns_max = (int(text) for text in sys.argv[1:4])
    try:
        answer = _read(sys.stdin.buffer.read(), sheets_max, rows_max, columns_max)
    except calamine.PasswordError:
        answer = {"error": "password", "says": ""}
    except (calamine.CalamineError, OSError, ValueError) as error:
        answer = {"error": "broken", "says": str(error)}
    json.dump(answer, sys.stdout)


def _read(data: bytes, sheets_max: int, rows_max: int, columns_max: int) -> dict[str, object]:
    with calamine.CalamineWorkbook.from_filelike(BytesIO(data)) as book:
        if len(book.sheets_metadata) > sheets_max:
            return {"error": "too-much", "says": f"{len(book.sheets_metadata)} sheets"}
        sheets: list[object] = []
        for about in book.sheets_metadata:
            hidden = about.visible is not calamine.SheetVisibleEnum.Visible
            if about.typ is not calamine.SheetTypeEnum.WorkSheet:
                sheets.append([about.name, hidden, [], []])  # charts, dialogs, macros: no cells
                continue
            sheet = book.get_sheet_by_name(about.name)
            end = sheet.end or (0, 0)
            if end[0] >= rows_max or end[1] >= columns_max:
                return {
                    "error": "too-much",
                    "says": f"a value in row {end[0] + 1}, column {end[1] + 1} of {about.name}",
                }
            sheets.append([about.name, hidden, _cells(sheet), _merges(sheet)])
    return {"sheets": sheets}


def _cells(sheet: calamine.CalamineSheet) -> list[object]:
    first_row, first_column = sheet.start or (0, 0)
    return [
        [row, column, *_text(value)]
        for row, values in enumerate(sheet.to_python(skip_empty_area=True), start=first_row + 1)
        for column, value in enumerate(values, start=first_column + 1)
        if not isinstance(value, str) or value.strip()
    ]


def _merges(sheet: calamine.CalamineSheet) -> list[object]:
    return [
        [top + 1, left + 1, bottom + 1, right + 1] for (top, left), (bottom, right) in sheet.merged_cell_ranges or []
    ]


def _text(value: object) -> tuple[str, str]:
    """Return kind and text of a stored value; dates in ISO form, whole numbers without a decimal point."""
    if isinstance(value, str):
        return "text", value
    if isinstance(value, bool):
        return "bool", "TRUE" if value else "FALSE"
    if isinstance(value, datetime):
        return "date", (value.date() if value.time() == time() else value).isoformat()
    if isinstance(value, date):
        return "date", value.isoformat()
    if isinstance(value, int | float):
        return "number", str(int(value)) if float(value).is_integer() else repr(value)
    return "text", str(value)


if __name__ == "__main__":
    main()
