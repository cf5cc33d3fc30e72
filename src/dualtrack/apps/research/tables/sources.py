"""Files of an analyst as tables: each read once, with its SHA-256 and licence, into a private DuckDB file with typed columns.

Names are cleaned and both forms are shown; what kept a column from being a number or a date is said. The bytes that are hashed
are the bytes that are loaded: a copy is made first. Loading and querying happen in processes of their own.
"""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
import subprocess
import sys
import tempfile
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from dualtrack.apps.research.tables.records import ColumnInfo, Desk, Source, TableInfo
from dualtrack.domain.records import Text
from dualtrack.errors import DocumentError, FieldError, PathError
from dualtrack.intake.delimited import decode
from dualtrack.intake.workbook import read_workbook
from dualtrack.present.letters import column_letter

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from dualtrack.intake.records import Sheet

__all__ = ["COLUMNS_MAX", "FILE_BYTES_MAX", "ROWS_MAX", "TABLES_MAX", "open_tables"]

FILE_BYTES_MAX = 200 * 2**20
"""Largest csv or Parquet file; workbooks have the narrower bounds of the inventory's reader."""

ROWS_MAX = 2_000_000
COLUMNS_MAX = 256
TABLES_MAX = 32
_LOAD_MEMORY_MB = 1024
_LOAD_SECONDS_MAX = 300
_CELL_CHARS_MAX = 32_767
_TABLE_NAME = re.compile(r"[a-z][a-z0-9_]{0,59}")
_NOTES = {
    "empty": Text(en="no value in it", zh="沒有任何值"),
    "utc": Text(en="times are in UTC", zh="時間為協調世界時"),
    "day first": Text(en="read as day/month/year", zh="讀作日／月／年"),
    "month first": Text(en="read as month/day/year", zh="讀作月／日／年"),
    "day or month first": Text(
        en="kept as text: nothing tells whether day or month comes first", zh="保留為文字：無法判斷先日還是先月"
    ),
}
_MIXED = Text(
    en="kept as text: {some} of {n} values are neither number nor date",
    zh="保留為文字：{n} 個值中有 {some} 個不是數字或日期",
)
_LEFT_OUT = Text(en="left out: values of type {kind} are not read", zh="不讀取：{kind} 類型的值")


class _Column(msgspec.Struct):
    name: str
    header: str
    kind: str
    empty: int
    note: str


class _Loaded(msgspec.Struct):
    rows: int
    columns: list[_Column]


class _Answer(msgspec.Struct):
    tables: list[_Loaded] = []
    version: str = ""
    error: str = ""
    table: str = ""
    says: str = ""


def open_tables(sources: Sequence[Source]) -> Desk:
    """Load files and return the desk that questions are asked at; close it to remove what was made.

    Raises PathError, DocumentError or WorkbookError for a file that cannot be read, FieldError for a source that is not said
    properly: a name used twice, no licence, a personal column that does not exist.
    """
    if not 1 <= len(sources) <= TABLES_MAX:
        raise FieldError(f"{len(sources)} files", where="tables", expected=f"1 to {TABLES_MAX}")
    folder = tempfile.TemporaryDirectory(prefix="dualtrack-tables-")
    try:
        return _load(sources, folder)
    except BaseException:
        folder.cleanup()
        raise


def _load(sources: Sequence[Source], folder: tempfile.TemporaryDirectory[str]) -> Desk:
    place = Path(folder.name)
    place.chmod(0o700)
    names = _names(sources)
    digests, sheets, asked = [], [], []
    for at, (source, name) in enumerate(zip(sources, names, strict=True)):
        copy = place / f"file{at}"
        digest = _copied(Path(source.path), copy)
        kind, sheet = _prepared(source, copy)
        digests.append(digest)
        sheets.append(sheet)
        asked.append({"name": name, "file": copy.name, "kind": kind})
    answer = _ask_loader(place, asked)
    tables = tuple(_table(*each) for each in zip(sources, names, digests, sheets, answer.tables, strict=True))
    for each in place.iterdir():
        if each.name != "desk.duckdb":
            shutil.rmtree(each) if each.is_dir() else each.unlink()
    return Desk(tables=tables, database=place / "desk.duckdb", folder=folder)


def _names(sources: Sequence[Source]) -> list[str]:
    found: list[str] = []
    for source in sources:
        plain = re.sub(r"[^a-z0-9]+", "_", Path(source.path).stem.lower()).strip("_")
        name = source.table or (plain if _TABLE_NAME.fullmatch(plain) else f"table_{len(found) + 1}")
        if not _TABLE_NAME.fullmatch(name) or name in found:
            raise FieldError(
                f"table name {name!r:.70}",
                where=source.path,
                expected="a-z, 0-9 and _, once",
                fix="give the table a name",
            )
        if not source.licence.strip():
            raise FieldError("no licence", where=source.path, fix="say under what terms the file may be used")
        found.append(name)
    return found


def _copied(path: Path, copy: Path) -> str:
    """Copy a file and return the SHA-256 of what was copied."""
    try:
        size = path.stat().st_size
        if size > FILE_BYTES_MAX:
            raise DocumentError(f"{size:,} bytes", where=path.name, expected=f"at most {FILE_BYTES_MAX:,}")
        shutil.copyfile(path, copy)
    except OSError as error:
        raise PathError(
            f"cannot be read: {error.strerror or error}", where=str(path), expected="a csv, xlsx or Parquet file"
        ) from error
    total = sha256()
    with copy.open("rb") as stream:
        while block := stream.read(1 << 20):
            total.update(block)
    return total.hexdigest()


def _prepared(source: Source, copy: Path) -> tuple[str, str]:
    """Bring a copy to a form that the loader reads without guessing; return that form and the sheet."""
    with copy.open("rb") as stream:
        head = stream.read(8)
    if head.startswith(b"PAR1"):
        return "parquet", ""
    if head.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        book = read_workbook(Path(source.path))  # the reader takes the digest of the bytes it reads
        if book.sha256 != sha256(copy.read_bytes()).hexdigest():
            raise DocumentError("it changed while it was read", where=source.path, fix="load it again")
        sheet = _sheet(book.sheets, source)
        _write(copy, _sheet_rows(sheet), source)
        return "csv", sheet.name
    text, _ = decode(copy.read_bytes(), source.path)
    if "\0" in text:
        raise DocumentError("zero characters", where=source.path, expected="a csv, xlsx or Parquet file")
    _write(copy, _csv_rows(text, source), source)
    return "csv", ""


def _sheet(sheets: Sequence[Sheet], source: Source) -> Sheet:
    named = (
        [each for each in sheets if each.name == source.sheet]
        if source.sheet
        else [each for each in sheets if each.cells]
    )
    if len(named) == 1:
        return named[0]
    shown = ", ".join(each.name for each in sheets)
    raise FieldError(
        f"sheet {source.sheet!r}" if source.sheet else f"{len(named)} sheets",
        where=source.path,
        expected=f"one of {shown}",
    )


def _sheet_rows(sheet: Sheet) -> Iterator[list[str]]:
    last_row = max((row for row, _ in sheet.cells), default=0)
    last_column = max((column for _, column in sheet.cells), default=0)
    for row in range(1, last_row + 1):
        found = (sheet.cells.get((row, column)) for column in range(1, last_column + 1))
        yield [cell.text if cell else "" for cell in found]


def _csv_rows(text: str, source: Source) -> Iterator[list[str]]:
    head = text[: text.find("\n")] if "\n" in text else text
    delimiter = max(",;\t|", key=head.count)
    csv.field_size_limit(_CELL_CHARS_MAX)
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        yield from rows
    except csv.Error as error:
        where = f"{source.path}, line {rows.line_num}"
        raise DocumentError(str(error), where=where, expected="cells in double quotes or none") from error


def _write(copy: Path, rows: Iterable[list[str]], source: Source) -> None:
    """Write rows from the heading on as the loader wants them; a filled cell beyond the heading is an error."""
    headers: list[str] | None = None
    # The lone "\r" is a line's end to some readers, so cells lose it.
    with copy.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, quoting=csv.QUOTE_MINIMAL, lineterminator="\n")
        for at, row in enumerate(rows, start=1):
            if at < source.header_row or not any(cell.strip() for cell in row):
                continue
            if headers is None:
                headers = _headers(row, at, source)
                continue
            if any(cell.strip() for cell in row[len(headers) :]):
                raise DocumentError(
                    f"row {at} has {len(row)} cells, the heading {len(headers)}",
                    where=source.path,
                    fix="head every column",
                )
            writer.writerow(
                [cell.replace("\r\n", "\n").replace("\r", "\n") for cell in (row + [""] * len(headers))[: len(headers)]]
            )
    if headers is None:
        raise DocumentError(f"no heading in row {source.header_row} or below", where=source.path)
    copy.with_suffix(".json").write_text(json.dumps(headers), encoding="utf-8")


def _headers(row: list[str], at: int, source: Source) -> list[str]:
    width = max(column for column, cell in enumerate(row, start=1) if cell.strip())
    if width > COLUMNS_MAX:
        raise DocumentError(f"{width} columns", where=f"{source.path}, row {at}", expected=f"at most {COLUMNS_MAX}")
    return [cell.strip() or f"column {column_letter(column)}" for column, cell in enumerate(row[:width], start=1)]


def _ask_loader(place: Path, asked: list[dict[str, str]]) -> _Answer:
    order = {
        "folder": str(place), "memory_mb": _LOAD_MEMORY_MB, "rows_max": ROWS_MAX, "columns_max": COLUMNS_MAX, "tables": asked,
    }  # fmt: skip
    child = Path(__file__).with_name("load_child.py")
    try:
        done = subprocess.run(  # noqa: S603 - our own interpreter and our own file; what was asked goes to its input
            [sys.executable, "-P", str(child)],
            input=json.dumps(order).encode(),
            capture_output=True,
            check=False,
            timeout=_LOAD_SECONDS_MAX,
            env={"HOME": str(place)},
            cwd=place,
        )
    except subprocess.TimeoutExpired as error:
        raise DocumentError(
            f"not loaded within {_LOAD_SECONDS_MAX} s", where="tables", fix="load less at once"
        ) from error
    if done.returncode:
        raise DocumentError("a file makes the reader fail", where="tables", expected="sound csv, xlsx or Parquet files")
    answer = msgspec.json.decode(done.stdout, type=_Answer)
    if answer.error:
        says = re.sub(re.escape(str(place)) + r"/file\d+", "the file", answer.says)
        raise DocumentError(says, where=answer.table, expected="a csv, xlsx or Parquet file")
    return answer


def _table(source: Source, name: str, digest: str, sheet: str, loaded: _Loaded) -> TableInfo:
    wanted = set(source.personal)
    columns = []
    for each in loaded.columns:
        personal = bool(wanted & {each.name, each.header})
        wanted -= {each.name, each.header}
        columns.append(
            ColumnInfo(
                name=each.name,
                header=each.header,
                kind=each.kind,
                personal=personal,
                empty=each.empty,
                note=_note(each),
            )
        )
    if wanted:
        raise FieldError(
            f"no column {min(wanted)!r}",
            where=f"{source.path}, personal",
            expected=", ".join(each.name for each in columns),
        )
    return TableInfo(
        name=name,
        source=msgspec.structs.replace(source, path=Path(source.path).name),
        file=Path(source.path).name,
        sha256=digest,
        sheet=sheet,
        rows=loaded.rows,
        columns=tuple(columns),
    )


def _note(column: _Column) -> Text | None:
    if column.kind == "left out":
        return Text(en=_LEFT_OUT.en.format(kind=column.note), zh=_LEFT_OUT.zh.format(kind=column.note))
    if match := re.fullmatch(r"(\d+) of (\d+) mixed", column.note):
        return Text(en=_MIXED.en.format(some=match[1], n=match[2]), zh=_MIXED.zh.format(some=match[1], n=match[2]))
    return _NOTES.get(column.note)
