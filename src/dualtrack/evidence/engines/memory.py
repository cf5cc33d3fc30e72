"""The engine in memory: columns of numpy. What the other engines are held equal to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from dualtrack.errors import FieldError
from dualtrack.evidence.counting import count
from dualtrack.evidence.engines.engine import SAMPLE_MAX, Drawn
from dualtrack.evidence.engines.row_text import LANES, lanes, row_digest, row_texts, usable
from dualtrack.evidence.numeric import np

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType
    from typing import Self

    from numpy.typing import NDArray

    from dualtrack.evidence.engines.engine import Logical, Source
    from dualtrack.evidence.tally import Counted, Tally

__all__ = ["MemoryEngine"]

_KINDS: dict[str, Logical] = {"b": "boolean", "i": "integer", "u": "integer", "f": "real", "U": "text", "T": "text", "M": "time"}  # fmt: skip


class MemoryEngine:
    """Counts columns of equal length by name."""

    name = "memory"

    def count(self, table: Source, tallies: Sequence[Tally]) -> tuple[Counted, ...]:
        """Count in memory."""
        columns = _columns(table)
        return tuple(count(columns, tally) for tally in tallies)

    def columns(self, table: Source) -> dict[str, Logical]:
        """Return the columns with the kind of their values."""
        return {name: _kind(column) for name, column in _columns(table).items()}

    def sample(self, table: Source, n: int, seed: int, columns: Sequence[str] | None = None) -> Drawn:
        """Return the rows with the smallest hashes of seed and row; about 10 microseconds a row."""
        if not 1 <= n <= SAMPLE_MAX:
            raise FieldError(f"{n} rows", where="sample", expected=f"1 to {SAMPLE_MAX}")
        chosen, kinds = self._chosen(table, columns)
        hashes = [lanes(text) for text in row_texts(chosen, kinds, f"{seed}|")]
        order = sorted(range(len(hashes)), key=hashes.__getitem__)[:n]
        return Drawn({name: column[order] for name, column in chosen.items()}, len(order), len(hashes), seed)

    def digest(self, table: Source, columns: Sequence[str] | None = None) -> str:
        """Return the digest of the rows in any order; about 10 microseconds a row."""
        chosen, kinds = self._chosen(table, columns)
        sums, rows = [0] * LANES, 0
        for text in row_texts(chosen, kinds):
            rows += 1
            for at, value in enumerate(lanes(text)):
                sums[at] += value
        return row_digest(kinds, rows, sums)

    def close(self) -> None:
        """Hold nothing."""

    def __enter__(self) -> Self:
        """Begin to use the engine."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the engine."""

    def _chosen(self, table: Source, names: Sequence[str] | None) -> tuple[dict[str, NDArray[Any]], dict[str, Logical]]:
        held, known = _columns(table), self.columns(table)
        absent = [name for name in names or () if name not in known]
        if absent:
            raise FieldError(f"no column {absent[0]!r}", where="tally", expected=", ".join(list(known)[:40]))
        kinds = {name: known[name] for name in (known if names is None else names)}
        usable(kinds)
        return {name: held[name] for name in kinds}, kinds


def _columns(table: Source) -> dict[str, NDArray[Any]]:
    if not isinstance(table, Mapping):
        raise FieldError("a file or a name", where="table", expected="columns", fix="count files with --engine duckdb")
    return {name: np.ma.asanyarray(column) for name, column in table.items()}


def _kind(column: NDArray[Any]) -> Logical:
    data = np.ma.getdata(column)
    if data.dtype.kind == "O":
        texts = all(value is None or isinstance(value, str) for value in data[~np.ma.getmaskarray(column)].tolist())
        return "text" if texts else "other"
    return _KINDS.get(data.dtype.kind, "other")
