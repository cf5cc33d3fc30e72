"""The engine for clusters: Spark over Spark Connect, with the client alone and no Java here.

A table is a path that the cluster can read (Parquet, or CSV with a header) or the name of a table in its catalogue. What is asked is
a few small queries; what comes back are cells, never rows, except for a sample that was asked for.
"""

from __future__ import annotations

import sys
import warnings
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dualtrack.errors import FieldError, MissingExtraError, UpstreamError
from dualtrack.evidence.engines.frames import ROW, FrameEngine, lane
from dualtrack.evidence.engines.narwhal import nw
from dualtrack.evidence.engines.row_text import LANE_HEX, LANES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pyspark.sql.connect.dataframe import DataFrame

    from dualtrack.evidence.engines.engine import Source

__all__ = ["SparkEngine"]


class SparkEngine(FrameEngine):
    """Counts tables that a Spark Connect server can read; `remote` is its address, `sc://host:port`, with options after `/;`."""

    name = "spark"

    def __init__(self, remote: str) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the client warns of versions of pandas, which is not used here
            with _named_main():
                try:
                    from pyspark.sql.connect import functions, window  # noqa: F401, PLC0415 - imported while it may be
                    from pyspark.sql.connect.session import SparkSession  # noqa: PLC0415 - optional, and a second
                except ImportError as error:
                    raise MissingExtraError("scale", "counting on Spark") from error
            try:
                self._session = SparkSession.builder.remote(remote).create()
                self._session.conf.set("spark.sql.session.timeZone", "UTC")
            except Exception as error:  # the client raises errors of gRPC, of its own and of sockets
                raise _upstream(error, remote) from error
        self._remote = remote

    def frame(self, table: Source) -> nw.LazyFrame[Any]:
        """Open a path or a table of the catalogue; raises UpstreamError where the cluster cannot."""
        if not isinstance(table, (str, Path)):
            raise FieldError("columns in memory", where="table", expected="a path or name that the cluster knows")
        name = str(table)
        try:
            if name.lower().endswith(".csv"):
                read: Any = self._session.read.csv(name, header=True, inferSchema=True)
            else:
                read = self._session.read.parquet(name) if "/" in name else self._session.table(name)
            wrong = [column for column in read.columns if "." in column or "`" in column]
        except Exception as error:  # the client raises errors of gRPC, of its own and of sockets
            raise _upstream(error, name) from error
        if wrong:
            raise FieldError(f"a column named {wrong[0]!r}", where=name, fix="rename it: Spark reads a dot as a field")
        opened: nw.LazyFrame[Any] = nw.from_native(read)
        return opened

    def rows(self, frame: nw.LazyFrame[Any]) -> list[tuple[Any, ...]]:
        """Run a query on the cluster."""
        native: DataFrame = nw.to_native(frame)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                brought = native.toArrow()
        except Exception as error:  # the client raises errors of gRPC, of its own and of sockets
            raise _upstream(error, self._remote) from error
        return list(zip(*(column.to_pylist() for column in brought.columns), strict=True))

    def with_lanes(self, frame: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
        """Add the lanes of a row's SHA-256."""
        native: DataFrame = nw.to_native(frame)
        hashed = native.selectExpr("*", f"sha2({ROW}, 256) AS row_hash")
        parts = [
            f"CAST(conv(substring(row_hash, {1 + at * LANE_HEX}, {LANE_HEX}), 16, 10) AS BIGINT) AS {lane(at)}"
            for at in range(LANES)
        ]
        return nw.from_native(hashed.selectExpr("*", *parts))

    def divided(self, frame: nw.LazyFrame[Any], by: Mapping[str, float]) -> nw.LazyFrame[Any]:
        """Divide columns by constants, in place."""
        native: DataFrame = nw.to_native(frame)
        parts = [f"{name} / {by[name]!r}D AS {name}" if name in by else name for name in frame.collect_schema().names()]
        return nw.from_native(native.selectExpr(*parts))

    def close(self) -> None:
        """End the session on the server."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self._session.stop()


@contextmanager
def _named_main() -> Iterator[None]:
    """Give a program without a file (`python -c`, a worker of tests) one for a while: the client ends the process otherwise.

    Each of its modules, when imported, takes such a program for its own doctests, looks for a Spark installation and exits.
    """
    main = sys.modules["__main__"]
    bare = getattr(main, "__spec__", None) is None and not hasattr(main, "__file__")
    if bare:
        main.__file__ = "-c"
    try:
        yield
    finally:
        if bare:
            del main.__file__


def _upstream(error: Exception, where: str) -> UpstreamError:
    said = str(error).strip().splitlines()
    return UpstreamError(said[0][:300] if said else type(error).__name__, where=where, fix="see the log of the cluster")
