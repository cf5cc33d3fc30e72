"""What an engine can do, and the one that a name stands for.

An engine counts a table by tallies, says what columns it has, draws a sample that any engine would draw, and gives a digest that
any engine would give. What a table is differs: columns in memory, a file or folder, or a name that the cluster knows.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol

from dualtrack.errors import FieldError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType
    from typing import Self

    from numpy.typing import NDArray

    from dualtrack.evidence.tally import Counted, Tally

__all__ = ["ENGINES", "SAMPLE_MAX", "Drawn", "Engine", "Logical", "Source", "open_engine"]

Source = Mapping[str, Any] | Path | str
"""A table: columns (memory), a Parquet or CSV file or a folder of Parquet files (DuckDB), a path or table name (Spark)."""

Logical = Literal["integer", "real", "boolean", "text", "time", "other"]
"""What kind of values a column holds, whatever an engine calls it. `other` can be neither counted nor digested."""

ENGINES = ("memory", "duckdb", "sc://host:port")
"""What `--engine` takes."""

SAMPLE_MAX = 2_000_000
"""Most rows that a sample may bring into memory."""


class Drawn(NamedTuple):
    """Rows drawn from a table for a measure that needs rows: fewer than all unless `n == of`.

    They are the `n` rows with the smallest SHA-256 of seed and row, in that order: the same rows wherever they are drawn, and
    every row as likely as any other. Equal rows have equal hashes and come together, so name a column that tells rows apart.
    """

    columns: dict[str, NDArray[Any]]
    n: int
    of: int
    seed: int

    @property
    def facts(self) -> dict[str, bool | int | float | str]:
        """What a measurement made from these rows must say."""
        return {"sampled": self.n < self.of, "sample_n": self.n, "sample_of": self.of, "sample_seed": self.seed}


class Engine(Protocol):
    """An engine; use it as a context, so that what it holds is given back."""

    name: str

    def count(self, table: Source, tallies: Sequence[Tally]) -> tuple[Counted, ...]:
        """Return the answers in the order of the tallies; raises FieldError for a column that is absent or of the wrong type."""

    def columns(self, table: Source) -> dict[str, Logical]:
        """Return the columns in the order of the table, with the kind of their values."""

    def sample(self, table: Source, n: int, seed: int, columns: Sequence[str] | None = None) -> Drawn:
        """Return `n` rows, all of them where there are fewer; every column, or those named. See `Drawn`."""

    def digest(self, table: Source, columns: Sequence[str] | None = None) -> str:
        """Return the digest of the rows in any order, 64 hexadecimal digits; see `row_digest` for what it finds and what not."""

    def close(self) -> None:
        """Give back connections and files."""

    def __enter__(self) -> Self:
        """Begin to use the engine."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the engine."""


def open_engine(name: str, *, memory_gb: float = 2.0, threads: int = 2) -> Engine:
    """Return the engine of a name; the bounds are DuckDB's, since a cluster has its own.

    Raises FieldError for another name, MissingExtraError where its packages are not installed.
    """
    if name == "memory":
        from dualtrack.evidence.engines.memory import MemoryEngine  # noqa: PLC0415 - each needs packages of its own

        return MemoryEngine()
    if name == "duckdb":
        from dualtrack.evidence.engines.files import DuckEngine  # noqa: PLC0415 - each needs packages of its own

        return DuckEngine(memory_gb=memory_gb, threads=threads)
    if name.startswith("sc://"):
        from dualtrack.evidence.engines.spark import SparkEngine  # noqa: PLC0415 - each needs packages of its own

        return SparkEngine(name)
    raise FieldError(f"no engine {name!r}", where="--engine", expected=", ".join(ENGINES))
