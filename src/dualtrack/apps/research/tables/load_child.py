"""The loader of tables, run as a program of its own: files in a private folder become one DuckDB file with typed columns.

Nothing of ours is imported: a damaged Parquet file may end this process without ending the caller's. It may reach the private
folder and nothing else. In: `{"folder", "memory_mb", "rows_max", "columns_max", "tables": [{"name", "file", "kind"}]}`.
Out: `{"tables": [{"rows", "columns": [{"name", "header", "kind", "empty", "note"}]}], "version"}` or `{"error", "table", "says"}`.
A column is a type when every value that is not empty is of it; a column of which some are not stays text and the note counts them.
"""

from __future__ import annotations

import json
import os
import re
import resource
import sys
import unicodedata
from pathlib import Path

import duckdb

__all__ = ["clean_names", "main"]

_MEMORY_FACTOR = 4
"""Address space beside DuckDB's own bound: interpreter, libraries, allocator and the mapped file."""

_CPU_SECONDS_MAX = 300
_DIGITS_MAX = 38
"""Digits of DuckDB's widest DECIMAL; longer numbers become DOUBLE."""

_BIGINT_DIGITS_MAX = 18
_MOSTLY = 0.5
"""A column of which at least half is a number or a date was meant as one: the note then says what keeps it text."""

_NAME_CHARS_MAX = 60
_WHOLE = r"-?(0|[1-9]\d*|[1-9]\d{0,2}(,\d{3})+)"
"""Leading zeros are no number: 00700 is a stock code."""

_NUMBER = rf"({_WHOLE}(\.\d+)?|\({_WHOLE.removeprefix('-?')}(\.\d+)?\))"
_POWER = r"-?\d(\.\d+)?[eE][+-]?\d{1,3}"
_DAY = r"\d{4}[-/]\d{1,2}[-/]\d{1,2}"
_INSTANT = r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d(\.\d{1,6})?)?"
_KEEP = re.compile(r"BOOLEAN|VARCHAR|DATE|TIME|BIGINT|UBIGINT|HUGEINT|DOUBLE|DECIMAL\(\d+,\d+\)")
_WIDEN = {
    "TINYINT": "BIGINT", "SMALLINT": "BIGINT", "INTEGER": "BIGINT", "UTINYINT": "BIGINT", "USMALLINT": "BIGINT", "UINTEGER": "BIGINT",
    "FLOAT": "DOUBLE", "UUID": "VARCHAR",
}  # fmt: skip


def main() -> None:
    """Load what standard input names and print what came of it."""
    asked = json.load(sys.stdin)
    space = asked["memory_mb"] * _MEMORY_FACTOR * 2**20
    resource.setrlimit(resource.RLIMIT_AS, (space, space))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (_CPU_SECONDS_MAX, _CPU_SECONDS_MAX))
    folder = Path(asked["folder"])
    connection = duckdb.connect(
        str(folder / "desk.duckdb"),
        config={
            "memory_limit": f"{asked['memory_mb']}MB",
            "threads": "1",  # rows keep the order of the file
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "python_enable_replacements": "false",
            "temp_directory": str(folder / "spill"),
        },
    )
    connection.execute("SET allowed_directories = [$folder]", {"folder": f"{folder}/"})
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")
    at = ""
    try:
        loaded = []
        for table in asked["tables"]:
            at = table["name"]
            loaded.append(_load(connection, folder, table, asked["rows_max"], asked["columns_max"]))
        connection.close()
        answer: dict[str, object] = {"tables": loaded, "version": duckdb.__version__}
    except (duckdb.Error, ValueError, MemoryError) as error:
        answer = {"error": "broken", "table": at, "says": str(error).splitlines()[0][:200]}
    json.dump(answer, sys.stdout)
    sys.stdout.flush()
    os._exit(0)  # as in the child of queries: threads inside the library are not stopped in an orderly way


def clean_names(headers: list[str], reserved: set[str]) -> list[str]:
    """Return a name for each heading: letters of any script, digits and underscores, none twice, none a reserved word."""
    found: list[str] = []
    taken: set[str] = set()
    for at, header in enumerate(headers, start=1):
        plain = unicodedata.normalize("NFKC", header).strip().lower().replace("%", " percent ")
        name = re.sub(r"_+", "_", re.sub(r"\W", "_", plain)).strip("_")[:_NAME_CHARS_MAX] or f"column_{at}"
        name = f"c_{name}" if name[0].isdigit() else name
        name = f"{name}_column" if name in reserved else name
        wanted, number = name, 2
        while name in taken:
            name, number = f"{wanted}_{number}", number + 1
        taken.add(name)
        found.append(name)
    return found


def _load(
    connection: duckdb.DuckDBPyConnection, folder: Path, table: dict[str, str], rows_max: int, columns_max: int
) -> dict[str, object]:
    path = folder / table["file"]
    if table["kind"] == "parquet":
        raw = connection.read_parquet(str(path))
        headers = list(raw.columns)
    else:
        headers = list(json.loads(path.with_suffix(".json").read_bytes()))
        raw = _text(connection, path, len(headers))
    if len(headers) > columns_max:
        raise ValueError(f"{len(headers)} columns, at most {columns_max}")
    raw.project(", ".join(f"{_quoted(name)} AS c{at}" for at, name in enumerate(raw.columns))).create("raw")
    rows = connection.execute("SELECT count(*) FROM raw").fetchall()[0][0]
    if rows > rows_max:
        raise ValueError(f"{rows:,} rows, at most {rows_max:,}")
    kinds = [str(kind) for kind in raw.types]
    made = _typed(connection, kinds) if table["kind"] == "parquet" else _read_text(connection, len(kinds))
    reserved = {
        row[0]
        for row in connection.execute(
            "SELECT keyword_name FROM duckdb_keywords() WHERE keyword_category IN ('reserved', 'type_function')"
        ).fetchall()
    }
    kept = [(header, *each) for header, each in zip(headers, made, strict=True)]
    names = clean_names([header for header, *_ in kept], reserved)
    parts = [
        f"{sql} AS {_quoted(name)}"
        for name, (_, kind, sql, _, _) in zip(names, kept, strict=True)
        if kind != "left out"
    ]
    if not parts:
        raise ValueError("no column that can be read")
    connection.execute(f"CREATE TABLE main.{_quoted(table['name'])} AS SELECT {', '.join(parts)} FROM raw")  # noqa: S608 - names are quoted
    connection.execute("DROP TABLE raw")
    columns = [
        {"name": name, "header": header, "kind": kind, "empty": empty, "note": note}
        for name, (header, kind, _, empty, note) in zip(names, kept, strict=True)
    ]
    return {"rows": rows, "columns": columns}


def _text(connection: duckdb.DuckDBPyConnection, path: Path, width: int) -> duckdb.DuckDBPyRelation:
    """Open a table of text in the one form that the caller writes: comma, double quotes, UTF-8, nothing to be guessed."""
    columns = ", ".join(f"'c{at}': 'VARCHAR'" for at in range(width))
    return connection.sql(
        f"SELECT * FROM read_csv($path, header = false, auto_detect = false, delim = ',', quote = '\"', escape = '\"', "  # noqa: S608 - c0, c1, ...
        f"new_line = '\\n', parallel = false, max_line_size = 16777216, columns = {{{columns}}})",
        params={"path": str(path)},
    )


def _typed(connection: duckdb.DuckDBPyConnection, kinds: list[str]) -> list[tuple[str, str, int, str]]:
    """Return kind, SQL, empty values and note of the columns of a file that has types."""
    made = []
    for at, kind in enumerate(kinds):
        column, target, note = f"c{at}", _WIDEN.get(kind, kind), ""
        if kind == "VARCHAR":
            sql = f"nfc_normalize({column})"
        elif kind == "TIMESTAMP WITH TIME ZONE":
            target, sql, note = "TIMESTAMP", f"make_timestamp(epoch_us({column}))", "utc"
        elif kind.startswith("TIMESTAMP"):
            target, sql = "TIMESTAMP", f"CAST({column} AS TIMESTAMP)"
        elif kind.startswith("ENUM"):
            target, sql = "VARCHAR", f"nfc_normalize(CAST({column} AS VARCHAR))"
        elif _KEEP.fullmatch(target):
            sql = f"CAST({column} AS {target})"
        else:
            made.append(("left out", "NULL", 0, kind[:40]))
            continue
        empty = connection.execute(f"SELECT count(*) - count({column}) FROM raw").fetchall()[0][0]  # noqa: S608 - c0, c1, ...
        made.append((target, sql, empty, note))
    return made


def _read_text(connection: duckdb.DuckDBPyConnection, width: int) -> list[tuple[str, str, int, str]]:
    """Return kind, SQL, empty values and note of columns of text, by what all their values are."""
    return [_kind_of(connection, f"nullif(trim(c{at}), '')") for at in range(width)]


def _kind_of(connection: duckdb.DuckDBPyConnection, value: str) -> tuple[str, str, int, str]:
    plain = f"(CASE WHEN {value} LIKE '(%' THEN '-' ELSE '' END || regexp_replace({value}, '[,()]', '', 'g'))"
    is_number = f"regexp_full_match({value}, '{_NUMBER}')"
    day = f"try_cast(replace({value}, '/', '-') AS DATE)"
    dmy, mdy = f"try_strptime({value}, '%d/%m/%Y')", f"try_strptime({value}, '%m/%d/%Y')"
    facts = connection.execute(
        f"SELECT count(*), count({value}), count_if(lower({value}) IN ('true', 'false')), count_if({is_number}), "  # noqa: S608 - no text of the file is in it
        f"count_if({is_number} OR regexp_full_match({value}, '{_POWER}')), "
        f"count_if(regexp_full_match({value}, '{_DAY}') AND {day} IS NOT NULL), "
        f"count_if(regexp_full_match({value}, '{_INSTANT}') AND try_cast({value} AS TIMESTAMP) IS NOT NULL), "
        f"count({dmy}), count({mdy}), "
        f"max(length(split_part(ltrim({plain}, '-'), '.', 1))) FILTER ({is_number}), "
        f"max(length(split_part({plain}, '.', 2))) FILTER ({is_number}) FROM raw"
    ).fetchall()[0]
    rows, n, bools, numbers, powers, days, instants, day_first, month_first, digits, scale = (
        each or 0 for each in facts
    )
    whole = scale == 0 and digits <= _BIGINT_DIGITS_MAX
    exact = "BIGINT" if whole else f"DECIMAL({max(digits + scale, 1)},{scale})"
    text = f"nfc_normalize({value})"
    mixed = f"{n - max(powers, days)} of {n} mixed" if max(powers, days) >= _MOSTLY * n else ""
    # The first that every value is; a date of which day or month may come first is none.
    ways = [
        (n == 0, "VARCHAR", text, "empty"),
        (bools == n, "BOOLEAN", f"CAST(lower({value}) AS BOOLEAN)", ""),
        (numbers == n and digits + scale <= _DIGITS_MAX, exact, f"CAST({plain} AS {exact})", ""),
        (powers == n, "DOUBLE", f"CAST({plain} AS DOUBLE)", ""),
        (days == n, "DATE", day, ""),
        (instants + days == n, "TIMESTAMP", f"CAST(replace({value}, '/', '-') AS TIMESTAMP)", ""),
        (day_first == n and month_first == n, "VARCHAR", text, "day or month first"),
        (day_first == n, "DATE", f"CAST({dmy} AS DATE)", "day first"),
        (month_first == n, "DATE", f"CAST({mdy} AS DATE)", "month first"),
        (True, "VARCHAR", text, mixed),
    ]
    return next((kind, sql, rows - n, note) for holds, kind, sql, note in ways if holds)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


if __name__ == "__main__":
    main()
