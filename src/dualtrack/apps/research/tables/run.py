"""Run a gated query over loaded tables in a process of its own, keep the result with where it comes from, and check it again.

Why a process and not a thread that is interrupted: DuckDB looks for an interrupt between chunks of work, and its bound of memory does
not count the texts that a function makes. Measured with DuckDB 2.0 and an interrupt after 0.1 s: `repeat('x', 1000000000)` ended after
10 s, `lpad` of as many characters after 30 s, both under a bound of 64 MB. The process costs some 0.15 s (benchmark sql_gate.py) and
is ended by the kernel whatever it does; see the child for what it cannot reach.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING
from unicodedata import ucd_3_2_0

import msgspec

from dualtrack.apps.research.tables.gate import check_sql
from dualtrack.apps.research.tables.lineage import trace_columns
from dualtrack.apps.research.tables.records import Result, ResultColumn
from dualtrack.apps.research.tables.restate import restate
from dualtrack.apps.research.tables.sources import open_tables
from dualtrack.domain.records import Record
from dualtrack.errors import DualtrackError, FieldError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dualtrack.apps.research.tables.gate import Gated
    from dualtrack.apps.research.tables.records import Desk

__all__ = ["Limits", "ask_sql", "check_result", "run_gated"]

_GRACE_SECONDS = 3.0
"""What starting the process and opening the database may take beside the query, on a busy machine."""


class Limits(Record, frozen=True):
    """What a query may use: rows and bytes of its result, seconds, memory in MB."""

    rows: int = 1_000
    result_bytes: int = 4 * 2**20
    seconds: float = 10.0
    memory_mb: int = 256


class _Answer(msgspec.Struct):
    columns: list[tuple[str, str]] = []
    rows: list[tuple[str | None, ...]] = []
    more: bool = False
    seconds: float = 0.0
    version: str = ""
    error: str = ""
    says: str = ""


def ask_sql(text: str, desk: Desk, *, day: str, limits: Limits | None = None) -> Result:
    """Gate a text and run what passes; `day` is YYYY-MM-DD. Raises FieldError for what is refused, fails or takes too much."""
    limits = limits or Limits()
    return run_gated(check_sql(text, desk.tables, day=day, rows_max=limits.rows), desk, day=day, limits=limits)


def run_gated(gated: Gated, desk: Desk, *, day: str, limits: Limits) -> Result:
    """Run what the gate wrote; raises FieldError (`input.sql.time`, `.memory`, `.query`, `.type`) where there is no result."""
    answer = _in_child(gated.checked.sql, desk.database, limits)
    used = tuple(table for table in desk.tables if table.name in gated.checked.tables)
    return Result(
        format="dualtrack.table-result/1",
        query=gated.checked,
        day=day,
        tables=used,
        columns=tuple(ResultColumn(name=name, kind=kind) for name, kind in answer.columns),
        rows=tuple(tuple(_nfc(value) for value in row) for row in answer.rows),
        rows_max=limits.rows,
        cut=answer.more,
        restated=restate(gated, used),
        lineage=trace_columns(gated.tree),
        seconds=answer.seconds,
        duckdb=answer.version,
    )


def check_result(result: Result, files: Mapping[str, Path], *, limits: Limits | None = None) -> list[str]:
    """Return what does not hold of a result, in sentences; empty where it comes out again from its files.

    `files` gives the file of each table by the table's name. The text asked is gated again, so a result whose SQL the gate would
    not write does not hold either.
    """
    missing = [table.name for table in result.tables if table.name not in files]
    if missing:
        return [f"no file is given for table {name}" for name in missing]
    limits = limits or Limits(rows=result.rows_max)
    sources = [
        msgspec.structs.replace(each.source, path=str(files[each.name]), table=each.name) for each in result.tables
    ]
    if not sources:
        return ["it is of no table"]
    try:
        with open_tables(sources) as desk:
            found = [
                f"{files[old.name].name} is another file than table {old.name} is of"
                for old, new in zip(result.tables, desk.tables, strict=True)
                if old.sha256 != new.sha256
            ]
            again = None if found else ask_sql(result.query.asked, desk, day=result.day, limits=limits)
    except DualtrackError as error:
        return [f"it does not come out again: {error.found}"]
    return found if again is None else _differences(result, again)


def _differences(old: Result, new: Result) -> list[str]:
    found = []
    if old.query != new.query:
        found.append("the SQL is not what the gate writes for the text asked")
    if (old.columns, old.cut) != (new.columns, new.cut):
        found.append("its columns or its end are others")
    rows = (old.rows, new.rows) if old.query.ordered else (sorted(old.rows, key=repr), sorted(new.rows, key=repr))
    if rows[0] != rows[1]:
        at = next(
            (at for at, pair in enumerate(zip(*rows, strict=False), start=1) if pair[0] != pair[1]),
            min(map(len, rows)) + 1,
        )
        found.append(f"row {at} is another: {len(old.rows)} rows kept, {len(new.rows)} computed")
    if (old.restated, old.lineage) != (new.restated, new.lineage):
        found.append("the words about it are others")
    return found


def _in_child(sql: str, database: Path, limits: Limits) -> _Answer:
    order = {
        "database": str(database), "sql": sql, "rows_max": limits.rows, "bytes_max": limits.result_bytes,
        "memory_mb": limits.memory_mb, "seconds": limits.seconds,
    }  # fmt: skip
    child = Path(__file__).with_name("query_child.py")
    try:
        done = subprocess.run(  # noqa: S603 - our own interpreter and our own file; the query goes to its input
            [sys.executable, "-P", str(child)],
            input=json.dumps(order).encode(),
            capture_output=True,
            check=False,
            timeout=limits.seconds + _GRACE_SECONDS,
            env={"HOME": str(database.parent)},
            cwd=database.parent,
        )
    except subprocess.TimeoutExpired as error:
        raise _failed("time", "", limits) from error
    if done.returncode:
        raise _failed("memory" if b"MemoryError" in done.stderr or b"bad_alloc" in done.stderr else "ended", "", limits)
    answer = msgspec.json.decode(done.stdout, type=_Answer)
    if answer.error:
        raise _failed(answer.error, answer.says, limits)
    return answer


def _failed(kind: str, says: str, limits: Limits) -> FieldError:
    found, expected, fix = {
        "time": ("it takes too long", f"at most {limits.seconds:g} s", "narrow it, or group before joining"),
        "memory": ("it takes too much memory", f"at most {limits.memory_mb} MB", "narrow it, or group before joining"),
        "type": (f"column {says}", "single values", "cast it to VARCHAR"),
        "query": (says, "", "look at the types of the columns"),
    }.get(kind, ("the process of the query ended", "", "ask in a simpler way"))
    return FieldError(found, where="SQL", expected=expected, fix=fix, code=f"input.sql.{kind}")


def _nfc(value: str | None) -> str | None:
    return value if value is None or value.isascii() else ucd_3_2_0.normalize("NFC", value)
