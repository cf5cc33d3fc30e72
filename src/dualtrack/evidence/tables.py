"""Tables as columns: a loader from Parquet, and a digest of the table's meaning, never of its file.

Two files that hold the same table (other compression, other engine, other integer width) have the same digest. It can be
recomputed with a standard library alone from this text. SHA-256 of, in order:

- the line `dualtrack-table-v1`, then the canonical JSON of `{"columns": [[name, type], ...], "rows": n}` and a newline;
- for each column in the declared order, n bytes: 1 where a value is present, 0 where it is missing; then its n values:
  integer as int64 little-endian, real as binary64 little-endian with -0.0 as 0.0, boolean as one byte, text as its UTF-8
  byte count in uint64 little-endian and the bytes. A missing value is written as 0, false or empty text.

Types are logical: integer, real, boolean, text.
"""

from __future__ import annotations

import glob
import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb

from dualtrack.domain import canonical
from dualtrack.errors import DocumentError, FieldError, PathError
from dualtrack.evidence.numeric import NDArray, np

__all__ = ["COLUMNS_MAX", "ROWS_MAX", "TAIWAN_PATH", "Column", "Table", "load_table", "load_taiwan", "table_digest"]

Column = NDArray[Any]
"""One column: a one-dimensional array, masked where values may be missing."""

Table = Mapping[str, Column]
"""Columns of equal length by name, in the declared order."""

COLUMNS_MAX = 4_096
"""Most columns taken from a file: wider tables are feature stores and belong on an engine, not in memory."""

ROWS_MAX = 20_000_000
"""Most rows loaded into memory: 24 columns of this length already fill 4 GB."""

TAIWAN_PATH = Path(__file__).parent / "data" / "taiwan_default.parquet"
"""The carried data set; what it is stands in `taiwan_default.card.md` beside it."""

_TYPES = {"b": "boolean", "i": "integer", "u": "integer", "f": "real", "U": "text", "O": "text", "T": "text"}


def load_taiwan() -> dict[str, Column]:
    """Return the carried 30,000 accounts, columns in the order of the data card."""
    return load_table(TAIWAN_PATH)


def load_table(path: Path) -> dict[str, Column]:
    """Read a Parquet file (or CSV with a header, by its suffix) into columns, in the file's order; missing values are masked.

    Raises PathError where there is no such file, DocumentError where it cannot be read or is larger than the bounds.
    """
    if not path.is_file():
        raise PathError("no such file", where=str(path), expected="a Parquet or CSV file")
    form = "CSV" if path.suffix.lower() == ".csv" else "Parquet"
    try:
        with duckdb.connect() as connection:
            name = glob.escape(str(path))  # a path is a pattern to the reader: `q1[1].csv` would be q11.csv
            relation = connection.read_csv(name, header=True) if form == "CSV" else connection.read_parquet(name)
            _check_size(path, len(relation.columns), relation.count("*").fetchall()[0][0])
            return dict(relation.fetchnumpy())
    except duckdb.Error as error:
        raise DocumentError(f"not readable as {form}", where=str(path), expected=f"a {form} file") from error


def table_digest(table: Table) -> str:
    """Return the digest of the logical table, 64 hexadecimal digits; the form is defined at the top of this module.

    Raises FieldError for columns of unequal length, a type that has no logical name, or a real that is not finite.
    """
    lengths = {len(column) for column in table.values()}
    if len(lengths) > 1:
        raise FieldError(f"columns of {sorted(lengths)} rows", where="table", expected="columns of equal length")
    header = {
        "columns": [[name, _type_of(name, column)] for name, column in table.items()],
        "rows": max(lengths, default=0),
    }
    total = hashlib.sha256(b"dualtrack-table-v1\n" + canonical.encode(header) + b"\n")
    for name, column in table.items():
        present = ~np.ma.getmaskarray(column)
        total.update(present.astype(np.uint8).tobytes())
        total.update(_value_bytes(name, column, present))
    return total.hexdigest()


def _check_size(path: Path, columns: int, rows: int) -> None:
    if columns > COLUMNS_MAX or rows > ROWS_MAX:
        raise DocumentError(
            f"{columns} columns and {rows} rows",
            where=str(path),
            expected=f"at most {COLUMNS_MAX} columns and {ROWS_MAX} rows",
            fix="measure it in parts and merge the counts",
        )


def _type_of(name: str, column: Column) -> str:
    kind = _TYPES.get(np.ma.getdata(column).dtype.kind)
    if kind is None:
        raise FieldError(f"type {column.dtype}", where=name, expected="integer, real, boolean or text")
    return kind


def _value_bytes(name: str, column: Column, present: NDArray[np.bool_]) -> bytes:
    values, kind = np.ma.getdata(column), _type_of(name, column)
    if kind == "text":
        return b"".join(_text_bytes(name, value if here else "") for value, here in zip(values, present, strict=True))
    if kind == "real":
        reals = np.where(present, values, 0.0).astype("<f8") + 0.0  # the addition turns -0.0 into 0.0
        if not np.isfinite(reals).all():
            raise FieldError("a value that is not finite", where=name, fix="mask missing values instead of storing NaN")
        return reals.tobytes()
    whole = np.where(present, values, 0)
    if kind == "integer" and whole.dtype.kind == "u" and whole.size and int(whole.max()) > np.iinfo(np.int64).max:
        raise FieldError("an integer beyond int64", where=name, fix="store it as text")
    return whole.astype("<i8" if kind == "integer" else np.uint8).tobytes()


def _text_bytes(name: str, value: object) -> bytes:
    if not isinstance(value, str):
        raise FieldError(
            f"a value of type {type(value).__name__}", where=name, expected="text", fix="mask missing values"
        )
    encoded = value.encode()
    return len(encoded).to_bytes(8, "little") + encoded
