"""One query, run as a program of its own on a database file that it can only read, under limits that the kernel holds.

Nothing of ours is imported. Once the database is open, no further file and no socket can be opened (RLIMIT_NOFILE), no file can
grow (RLIMIT_FSIZE), memory and processor time are bounded; DuckDB's own locks stand before that, and the caller ends the process
when its time is up. One thread: sums of reals then come out in one order, and a result is the same when it is computed again.
In: `{"database", "sql", "rows_max", "bytes_max", "memory_mb", "seconds"}`.
Out: `{"columns": [[name, type]], "rows": [[text or null]], "more", "seconds", "version"}` or `{"error", "says"}`.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import threading
import time
from datetime import date, datetime
from datetime import time as clock_time
from decimal import Decimal
from typing import Any

import duckdb

__all__ = ["SETTINGS", "main"]

SETTINGS = {
    "access_mode": "READ_ONLY",
    "enable_external_access": "false",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "allow_community_extensions": "false",
    "python_enable_replacements": "false",
    "temp_directory": "",
    "max_temp_directory_size": "0KB",
    "threads": "1",
    # DuckDB 2.0 takes a NaN for impossible where a file's statistics leave it out; see the engine for files.
    "disabled_optimizers": "statistics_propagation",
    "lock_configuration": "true",
}
"""How the database is opened; `lock_configuration` last, since nothing can be set after it."""

_SPACE_BYTES = 2**30
"""Address space beside the query's memory: interpreter, library, allocator and the mapped database; 0.5 GB were used."""

_BATCH = 256


def main() -> None:
    """Run the query of standard input and print its rows."""
    asked = json.load(sys.stdin)
    space = asked["memory_mb"] * 2**20 + _SPACE_BYTES
    seconds = int(asked["seconds"]) + 1
    resource.setrlimit(resource.RLIMIT_AS, (space, space))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds + 1, seconds + 1))
    try:
        connection = duckdb.connect(
            asked["database"], read_only=True, config={**SETTINGS, "memory_limit": f"{asked['memory_mb']}MB"}
        )
        _shut_in()
        answer = _run(connection, asked)
    except duckdb.InterruptException:
        answer = {"error": "time", "says": ""}
    except (duckdb.OutOfMemoryException, MemoryError):
        answer = {"error": "memory", "says": ""}
    except (duckdb.Error, RuntimeError, OverflowError) as error:
        kind = "time" if "interrupt" in str(error).lower() else "query"
        answer = {"error": kind, "says": (str(error).splitlines() or [""])[0][:200]}
    json.dump(answer, sys.stdout)
    sys.stdout.flush()
    os._exit(0)  # an orderly end would stop threads inside the library, which it answers with an abort


def _shut_in() -> None:
    """From here on this process opens no file and no socket, and writes to none."""
    free = os.dup(0)
    os.close(free)
    resource.setrlimit(resource.RLIMIT_NOFILE, (free, free))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


def _run(connection: duckdb.DuckDBPyConnection, asked: dict[str, Any]) -> dict[str, Any]:
    timer = threading.Timer(float(asked["seconds"]), connection.interrupt)
    timer.daemon = True
    timer.start()
    try:
        return _answer(connection, asked["sql"], asked["rows_max"], asked["bytes_max"])
    finally:
        timer.cancel()


def _answer(connection: duckdb.DuckDBPyConnection, sql: str, rows_max: int, bytes_max: int) -> dict[str, Any]:
    """Return columns and rows as texts, as many as the bounds allow."""
    start = time.perf_counter()
    cursor = connection.execute(sql)
    columns = [[str(each[0]), str(each[1])] for each in cursor.description or []]
    unread = [f"{name} is {kind}" for name, kind in columns if not _plain(kind)]
    if unread:
        return {"error": "type", "says": unread[0]}
    rows: list[list[str | None]] = []
    size, more = 0, False
    while not more and (batch := cursor.fetchmany(_BATCH)):
        for row in batch:
            texts = [_text(value) for value in row]
            size += sum(len(text) for text in texts if text)
            more = len(rows) >= rows_max or size > bytes_max
            if more:
                break
            rows.append(texts)
    seconds = time.perf_counter() - start
    return {"columns": columns, "rows": rows, "more": more, "seconds": seconds, "version": duckdb.__version__}


def _plain(kind: str) -> bool:
    return not (
        "[" in kind or kind.startswith(("STRUCT", "MAP", "UNION", "INTERVAL", "BLOB", "BIT", "GEOMETRY", "VARIANT"))
    )


def _text(value: object) -> str | None:
    """Return a value as text without loss: decimals with their zeros, dates in ISO form, reals in their shortest form."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, (date, clock_time)):
        return value.isoformat()
    return repr(value) if isinstance(value, float) else str(value)


if __name__ == "__main__":
    main()
