"""The engine for files, and the default: DuckDB reads Parquet and CSV in a stream, within a bound of memory.

A Parquet file is read by columns, so that a tally reads what it counts and nothing else. A CSV file has no columns to
choose from: it is read once, into a table of the connection that spills to a private folder where memory ends.
"""

from __future__ import annotations

import glob
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from dualtrack.errors import DocumentError, FieldError, PathError
from dualtrack.evidence.engines.frames import ROW, FrameEngine, lane
from dualtrack.evidence.engines.narwhal import nw
from dualtrack.evidence.engines.row_text import LANE_HEX, LANES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dualtrack.evidence.engines.engine import Source

__all__ = ["MEMORY_GB_LEAST", "DuckEngine"]

MEMORY_GB_LEAST = 0.25
"""Least memory that DuckDB is given."""


class DuckEngine(FrameEngine):
    """Counts a Parquet or CSV file, or a folder of Parquet files."""

    name = "duckdb"

    def __init__(self, *, memory_gb: float = 2.0, threads: int = 2) -> None:
        if memory_gb < MEMORY_GB_LEAST or threads < 1:
            raise FieldError(
                f"{memory_gb:g} GB and {threads} threads", where="engine", expected=f"at least {MEMORY_GB_LEAST} and 1"
            )
        self._spill = tempfile.TemporaryDirectory(prefix="dualtrack-spill-")
        self._connection = duckdb.connect(
            config={
                "memory_limit": f"{int(memory_gb * 1000)}MB",
                "threads": str(threads),
                "temp_directory": self._spill.name,
                "preserve_insertion_order": "false",
                # The smallest and largest number that a Parquet file states leave NaN out; DuckDB 2.0 concludes from them that
                # there is none, and answers `isnan` without looking.
                "disabled_optimizers": "statistics_propagation",
                "autoinstall_known_extensions": "false",
                "autoload_known_extensions": "false",
            }
        )
        self._read: dict[str, str] = {}

    def frame(self, table: Source) -> nw.LazyFrame[Any]:
        """Open a file; raises PathError where there is none, DocumentError where it cannot be read."""
        if not isinstance(table, (str, Path)):
            raise FieldError("columns in memory", where="table", expected="a file", fix="count them with engine memory")
        path = Path(table)
        if not path.exists():
            raise PathError("no such file", where=str(path), expected="a Parquet or CSV file, or a folder of Parquet")
        try:
            return nw.from_native(_plain_times(self._relation(path)))
        except duckdb.Error as error:
            raise DocumentError("not readable", where=str(path), expected="a Parquet or CSV file") from error

    def rows(self, frame: nw.LazyFrame[Any]) -> list[tuple[Any, ...]]:
        """Run a query; raises DocumentError for a file that breaks off or a bound of memory that is met."""
        relation: duckdb.DuckDBPyRelation = nw.to_native(frame)
        try:
            return relation.fetchall()
        except RuntimeError as error:  # DuckDB's word for Ctrl-C in a query: an item must not be recorded for it
            if "interrupt" in str(error).lower():
                raise KeyboardInterrupt from error
            raise
        except duckdb.Error as error:
            raise DocumentError(
                str(error).splitlines()[0][:200], where="duckdb", fix="give more memory, or check the file"
            ) from error

    def with_lanes(self, frame: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
        """Add the lanes of a row's SHA-256."""
        relation: duckdb.DuckDBPyRelation = nw.to_native(frame)
        hashed = relation.project(f"*, sha256({ROW}) AS row_hash")
        parts = [
            f"('0x' || substr(row_hash, {1 + at * LANE_HEX}, {LANE_HEX}))::BIGINT AS {lane(at)}" for at in range(LANES)
        ]
        return nw.from_native(hashed.project(f"*, {', '.join(parts)}"))

    def divided(self, frame: nw.LazyFrame[Any], by: Mapping[str, float]) -> nw.LazyFrame[Any]:
        """Divide columns by constants, in place."""
        relation: duckdb.DuckDBPyRelation = nw.to_native(frame)
        parts = ", ".join(f"{name} / {value!r}::DOUBLE AS {name}" for name, value in by.items())
        return nw.from_native(relation.project(f"* REPLACE ({parts})"))

    def close(self) -> None:
        """Close the connection and remove what was spilled."""
        self._connection.close()
        self._spill.cleanup()

    def _relation(self, path: Path) -> duckdb.DuckDBPyRelation:
        name = glob.escape(str(path))
        if path.is_dir():
            return self._connection.read_parquet(f"{name}/**/*.parquet")
        if path.suffix.lower() != ".csv":
            return self._connection.read_parquet(name)
        if name not in self._read:
            self._read[name] = f"csv_{len(self._read)}"
            self._connection.read_csv(name, header=True).create(self._read[name])
        return self._connection.table(self._read[name])


def _plain_times(relation: duckdb.DuckDBPyRelation) -> duckdb.DuckDBPyRelation:
    """Write times with a zone as times in UTC, whatever the zone of the session."""
    if not any(str(kind) == "TIMESTAMP WITH TIME ZONE" for kind in relation.types):
        return relation
    parts = []
    for name, kind in zip(relation.columns, relation.types, strict=True):
        quoted = '"' + name.replace('"', '""') + '"'
        zoned = str(kind) == "TIMESTAMP WITH TIME ZONE"
        parts.append(f"make_timestamp(epoch_us({quoted})) AS {quoted}" if zoned else quoted)
    return relation.project(", ".join(parts))
