"""Read a spreadsheet file into cells with their places: xlsx, xls, ods by calamine, csv by the standard library.

The file is told by its first bytes, not by its name. Bounds are checked before the reader allocates; whatever is wrong
with the file ends in a WorkbookError that names it.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from hashlib import sha256
from io import BytesIO
from typing import TYPE_CHECKING, Literal

import python_calamine as calamine

from dualtrack.errors import PathError
from dualtrack.intake import archive, biff, delimited, xmlscan
from dualtrack.intake.limits import (
    BYTES_MAX,
    CELL_CHARS_MAX,
    CELLS_MAX,
    COLUMNS_MAX,
    ROWS_MAX,
    SHEETS_MAX,
    broken,
    check_place,
    too_much,
)
from dualtrack.intake.records import Cell, CellKind, Merge, Sheet, Workbook, cell_ref

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["read_workbook"]

_Value = int | float | str | bool | date | datetime | time | timedelta


def read_workbook(path: Path) -> Workbook:
    """Return the workbook at `path`; PathError when there is none, WorkbookError when it cannot be read."""
    data = _bytes(path)
    where, digest = path.name, sha256(data).hexdigest()
    if data.startswith(b"PK\x03\x04"):
        return _zipped(data, where, digest)
    if data.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        biff.check(data, where)
        return Workbook(name=where, sha256=digest, format="xls", sheets=_sheets(data, where, {}))
    cells, decoding = delimited.read(data, where)
    sheet = Sheet(name=path.stem, hidden=False, cells=cells)
    return Workbook(name=where, sha256=digest, format="csv", sheets=(sheet,), decoding=decoding)


def _bytes(path: Path) -> bytes:
    try:
        size = path.stat().st_size
        if size > BYTES_MAX:
            raise too_much(f"{size:,} bytes", path.name, f"at most {BYTES_MAX:,} bytes")
        data = path.read_bytes()
    except OSError as error:
        raise PathError(
            f"cannot be read: {error.strerror or error}",
            where=str(path),
            expected="a spreadsheet file that this user may read",
            fix="check the name; quote it if it has spaces",
            code="input.path.not-readable",
        ) from error
    if not data.strip():
        raise broken("the file is empty", path.name)
    return data


def _zipped(data: bytes, where: str, digest: str) -> Workbook:
    parts = archive.xml_parts(data, where)
    if "content.xml" in parts:
        facts, epoch_1904 = xmlscan.ods_facts(parts, where), False
        kind: Literal["xlsx", "ods"] = "ods"
    elif "xl/workbook.xml" in parts:
        facts, epoch_1904 = xmlscan.xlsx_facts(parts, where)
        kind = "xlsx"
    else:
        raise broken("the archive is neither an xlsx nor an ods spreadsheet (xlsb is not read)", where)
    sheets = _sheets(data, where, facts)
    return Workbook(name=where, sha256=digest, format=kind, sheets=sheets, epoch_1904=epoch_1904)


def _sheets(data: bytes, where: str, facts: dict[str, xmlscan.SheetFacts]) -> tuple[Sheet, ...]:
    try:
        with calamine.CalamineWorkbook.from_filelike(BytesIO(data)) as book:
            if len(book.sheets_metadata) > SHEETS_MAX:
                raise too_much(f"{len(book.sheets_metadata)} sheets", where, f"at most {SHEETS_MAX}")
            sheets = tuple(_sheet(book, about, where, facts.get(about.name)) for about in book.sheets_metadata)
    except calamine.PasswordError as error:
        raise broken("it is protected by a password", where) from error
    except (calamine.CalamineError, OSError, ValueError) as error:
        raise broken(f"the workbook cannot be read: {error}", where) from error
    if sum(len(sheet.cells) for sheet in sheets) > CELLS_MAX:
        raise too_much(f"more than {CELLS_MAX:,} filled cells", where, f"at most {CELLS_MAX:,}")
    return sheets


def _sheet(
    book: calamine.CalamineWorkbook, about: calamine.SheetMetadata, where: str, facts: xmlscan.SheetFacts | None
) -> Sheet:
    hidden = about.visible is not calamine.SheetVisibleEnum.Visible
    if about.typ is not calamine.SheetTypeEnum.WorkSheet:
        return Sheet(name=about.name, hidden=hidden, cells={}, skipped=True)  # charts, dialogs, macros: no cells
    sheet = book.get_sheet_by_name(about.name)
    start = sheet.start or (0, 0)
    if sheet.height > ROWS_MAX or sheet.width > COLUMNS_MAX:
        check_place(start[0] + sheet.height, start[1] + sheet.width, f"{where}, {about.name}")
    cells = {(cell.row, cell.column): cell for cell in facts.extra} if facts else {}
    for row, values in enumerate(sheet.to_python(skip_empty_area=True), start=start[0] + 1):
        for column, value in enumerate(values, start=start[1] + 1):
            if value != "" and not (isinstance(value, str) and not value.strip()):
                cells[row, column] = _cell(about.name, row, column, value)
    given = sheet.merged_cell_ranges or []
    merges = [Merge(top=a + 1, left=b + 1, bottom=c + 1, right=d + 1) for (a, b), (c, d) in given]
    merges += facts.merges if facts else []
    return Sheet(name=about.name, hidden=hidden, cells=dict(sorted(cells.items())), merges=tuple(merges))


def _cell(sheet: str, row: int, column: int, value: _Value) -> Cell:
    text, kind = _text(value)
    if len(text) > CELL_CHARS_MAX:
        raise too_much(
            f"a text of {len(text):,} characters", cell_ref(sheet, row, column), f"at most {CELL_CHARS_MAX:,}"
        )
    return Cell(row=row, column=column, text=text, kind=kind)


def _text(value: _Value) -> tuple[str, CellKind]:
    """Return a stored value as text and its kind; dates in ISO form, whole numbers without a decimal point."""
    if isinstance(value, str):
        return value, "text"
    if isinstance(value, bool):
        return ("TRUE" if value else "FALSE"), "bool"
    if isinstance(value, datetime):
        return (value.date() if value.time() == time() else value).isoformat(), "date"
    if isinstance(value, date):
        return value.isoformat(), "date"
    if isinstance(value, int | float):
        return (str(int(value)) if float(value).is_integer() else repr(value)), "number"
    return str(value), "text"
