"""Read a spreadsheet file into cells with their places: xlsx, xls and ods by calamine, csv by the standard library.

The file is told by its first bytes, not by its name. Bounds are checked before the reader allocates; whatever is wrong
with the file ends in a WorkbookError that names it.
"""

from __future__ import annotations

import subprocess
import sys
from hashlib import sha256
from pathlib import Path
from typing import Literal

import msgspec

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
    too_much,
)
from dualtrack.intake.records import Cell, CellKind, Merge, Sheet, Workbook, cell_ref

__all__ = ["read_workbook"]

_SECONDS_MAX = 120
"""The reader limits itself to 60 s of processor time; on a busy machine that may take longer."""

_SheetRead = tuple[str, bool, list[tuple[int, int, CellKind, str]], list[tuple[int, int, int, int]]]


class _Answer(msgspec.Struct, frozen=True):
    sheets: list[_SheetRead] = []
    error: str = ""
    says: str = ""


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
    sheets = []
    for name, hidden, cells, merges in _ask_reader(data, where):
        known = facts.get(name) or xmlscan.SheetFacts(extra=[], merges=[])
        found = {(cell.row, cell.column): cell for cell in known.extra}
        for row, column, kind, text in cells:
            if len(text) > CELL_CHARS_MAX:
                place, expected = cell_ref(name, row, column), f"at most {CELL_CHARS_MAX:,}"
                raise too_much(f"a text of {len(text):,} characters", f"{where}, {place}", expected)
            found[row, column] = Cell(row=row, column=column, text=text, kind=kind)
        given = [Merge(top=top, left=left, bottom=bottom, right=right) for top, left, bottom, right in merges]
        sheets.append(
            Sheet(name=name, hidden=hidden, cells=dict(sorted(found.items())), merges=(*given, *known.merges))
        )
    if sum(len(sheet.cells) for sheet in sheets) > CELLS_MAX:
        raise too_much(f"more than {CELLS_MAX:,} filled cells", where, f"at most {CELLS_MAX:,}")
    return tuple(sheets)


def _ask_reader(data: bytes, where: str) -> list[_SheetRead]:
    """Return what the reader finds, run in a process of its own that a damaged file may end without ending ours."""
    bounds = [str(bound) for bound in (SHEETS_MAX, ROWS_MAX, COLUMNS_MAX)]
    child = Path(__file__).with_name("calamine_child.py")
    try:
        done = subprocess.run(  # noqa: S603 - our own interpreter and our own file; the untrusted bytes go to its input
            [sys.executable, "-P", str(child), *bounds],
            input=data,
            capture_output=True,
            check=False,
            timeout=_SECONDS_MAX,
        )
    except subprocess.TimeoutExpired as error:
        raise too_much(
            f"it could not be read within {_SECONDS_MAX} s", where, "an inventory of ordinary size"
        ) from error
    try:
        answer = msgspec.json.decode(done.stdout, type=_Answer) if done.returncode == 0 else _Answer(error="failed")
    except msgspec.DecodeError as error:
        raise broken(f"its text cannot be read: {error}", where) from error
    if not answer.error:
        return answer.sheets
    if answer.error == "too-much":
        raise too_much(
            answer.says, where, f"at most {SHEETS_MAX} sheets of {ROWS_MAX:,} rows and {COLUMNS_MAX} columns"
        )
    if answer.error == "password":
        raise broken("it is protected by a password", where)
    raise broken(f"the workbook cannot be read: {answer.says or 'its structure makes the reader fail'}", where)
