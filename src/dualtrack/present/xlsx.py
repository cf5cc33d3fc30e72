"""Write workbooks that are safe to open and the same every time.

No value ever becomes a formula: text cells are stored as text and, where they begin like a formula, carry Excel's
quote prefix, so that editing the cell does not turn it into one either. The archive has fixed times, so that the same
rows give the same bytes.
"""

from __future__ import annotations

import re
import zipfile
from datetime import datetime
from io import BytesIO
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from dualtrack.present.letters import column_letter

if TYPE_CHECKING:
    from collections.abc import Sequence

    from openpyxl.cell.cell import Cell
    from openpyxl.styles import Alignment, Font, PatternFill
    from openpyxl.worksheet.worksheet import Worksheet

__all__ = ["FORMULA_STARTS", "TEXT_CHARS_MAX", "SheetSpec", "plain", "workbook_bytes"]

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
"""First characters that spreadsheet programs may read as the start of a formula (OWASP, CSV injection)."""

TEXT_CHARS_MAX = 32_767
"""Longest text of a cell in the file format; openpyxl would cut longer ones silently, we mark the cut."""

_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_MODIFIED = re.compile(rb"(<dcterms:modified[^>]*>)[^<]*(<)")
_MOMENT = datetime(1980, 1, 1)  # noqa: DTZ001 - the zip epoch, which has no zone


class SheetSpec(msgspec.Struct, frozen=True, kw_only=True):
    """One sheet: its title, header, rows, column widths in characters, and whether the header stays in view."""

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str | int | float, ...], ...]
    widths: tuple[int, ...]


def plain(text: str) -> str:
    """Return text that a cell can hold: characters that XML forbids become U+FFFD, and over-long text is cut and marked."""
    clean = _CONTROL.sub("\ufffd", text)
    return clean if len(clean) <= TEXT_CHARS_MAX else clean[: TEXT_CHARS_MAX - 1] + "…"


def workbook_bytes(sheets: Sequence[SheetSpec]) -> bytes:
    """Return an xlsx file with these sheets; equal sheets give equal bytes."""
    from openpyxl import Workbook  # noqa: PLC0415 - a third of a second, which only who writes one should wait

    book = Workbook()
    styles = _Styles.made()
    book.remove(book.worksheets[0])
    book.properties.creator = "Dualtrack"
    book.properties.created = _MOMENT
    for spec in sheets:
        _fill(book.create_sheet(spec.title), spec, styles)
    raw = BytesIO()
    book.save(raw)
    return _fixed(raw.getvalue())


class _Styles(NamedTuple):
    """How cells look."""

    top: Alignment
    bold: Font
    head: PatternFill

    @classmethod
    def made(cls) -> _Styles:
        from openpyxl.styles import Alignment, Font, PatternFill  # noqa: PLC0415 - as for the workbook

        top = Alignment(wrap_text=True, vertical="top")
        return cls(top, Font(bold=True), PatternFill("solid", fgColor="E8EEEC"))


def _fill(sheet: Worksheet, spec: SheetSpec, styles: _Styles) -> None:
    for number, row in enumerate((spec.header, *spec.rows), start=1):
        for column, value in enumerate(row, start=1):
            _put(sheet.cell(row=number, column=column), value, styles, head=number == 1)
    for column, width in enumerate(spec.widths, start=1):
        sheet.column_dimensions[column_letter(column)].width = width
    sheet.freeze_panes = "A2"
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.paperSize = sheet.PAPERSIZE_A4
    sheet.page_setup.fitToHeight = 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    sheet.print_title_rows = "1:1"


def _put(cell: Cell, value: str | float, styles: _Styles, *, head: bool) -> None:
    if isinstance(value, str):
        text = plain(value)
        cell.value = text
        cell.data_type = "s"  # text even when it begins with an equals sign
        if text.startswith(FORMULA_STARTS):
            cell.quotePrefix = True
    else:
        cell.value = value
    cell.alignment = styles.top
    if head:
        cell.font = styles.bold
        cell.fill = styles.head


def _fixed(data: bytes) -> bytes:
    """Return the archive with every time set to the zip epoch."""
    out = BytesIO()
    with zipfile.ZipFile(BytesIO(data)) as source, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            content = source.read(name)
            if name == "docProps/core.xml":
                content = _MODIFIED.sub(rb"\g<1>1980-01-01T00:00:00Z\g<2>", content)
            entry = zipfile.ZipInfo(name, date_time=_MOMENT.timetuple()[:6])
            entry.compress_type = zipfile.ZIP_DEFLATED
            target.writestr(entry, content)
    return out.getvalue()
