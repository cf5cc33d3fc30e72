"""What every engine of Narwhals does alike: count a frame, write its rows as text, draw from it and digest it.

An engine that inherits from `FrameEngine` opens a table as a lazy frame, brings a small result here, and adds the lanes of a row's
SHA-256, for which Narwhals has no expression, and a plain division, which it writes for Spark as a function that not every server has. Nothing else differs between DuckDB and Spark.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

from dualtrack.errors import FieldError
from dualtrack.evidence.counting import infinite_number, level_text, too_large
from dualtrack.evidence.engines.engine import SAMPLE_MAX, Drawn
from dualtrack.evidence.engines.expressions import (
    HALF_BITS,
    INFINITE,
    INFINITE_PLACE,
    logical,
    select_tally,
)
from dualtrack.evidence.engines.narwhal import nw
from dualtrack.evidence.engines.row_expression import with_row_text
from dualtrack.evidence.engines.row_text import LANES, row_digest, usable
from dualtrack.evidence.numeric import np
from dualtrack.evidence.tally import CELLS_MAX, Counted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import TracebackType
    from typing import Self

    from numpy.typing import NDArray

    from dualtrack.evidence.engines.engine import Logical, Source
    from dualtrack.evidence.tally import Tally

__all__ = ["ROW", "FrameEngine", "lane"]

ROW = "row_text"
"""The column that holds a row's text."""

_TYPES: dict[str, Any] = {
    "integer": np.int64,
    "real": np.float64,
    "boolean": np.bool_,
    "text": object,
    "time": "datetime64[us]",
}


def lane(number: int) -> str:
    """Return the name of the column of a lane."""
    return f"row_lane_{number}"


class FrameEngine(ABC):
    """An engine whose tables are lazy frames."""

    name: str

    @abstractmethod
    def frame(self, table: Source) -> nw.LazyFrame[Any]:
        """Open a table; raises PathError or FieldError where it cannot be."""

    @abstractmethod
    def rows(self, frame: nw.LazyFrame[Any]) -> list[tuple[Any, ...]]:
        """Run a frame and bring its rows here."""

    @abstractmethod
    def with_lanes(self, frame: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
        """Add the lanes of the SHA-256 of column `ROW`, as whole numbers, under the names of `lane`."""

    @abstractmethod
    def divided(self, frame: nw.LazyFrame[Any], by: Mapping[str, float]) -> nw.LazyFrame[Any]:
        """Divide columns of doubles by constants, in place, as IEEE 754 does."""

    @abstractmethod
    def close(self) -> None:
        """Give back connections and files."""

    def count(self, table: Source, tallies: Sequence[Tally]) -> tuple[Counted, ...]:
        """Answer each tally by one query, which reads the columns that it names and no other."""
        frame = self.frame(table)
        kinds = _kinds(frame)
        return tuple(self._counted(frame, kinds, tally) for tally in tallies)

    def columns(self, table: Source) -> dict[str, Logical]:
        """Return the columns with the kind of their values."""
        return _kinds(self.frame(table))

    def digest(self, table: Source, columns: Sequence[str] | None = None) -> str:
        """Return the digest of the rows in any order; reals cost most of it."""
        frame, kinds = self._hashed(table, columns, "")
        sums = [nw.col(lane(number)).cast(nw.Int64).sum().alias(lane(number)) for number in range(LANES)]
        ((rows, *totals),) = self.rows(frame.select(nw.len().alias("rows"), *sums))
        return row_digest(kinds, int(rows), [int(total or 0) for total in totals])

    def sample(self, table: Source, n: int, seed: int, columns: Sequence[str] | None = None) -> Drawn:
        """Return the rows with the smallest hashes of seed and row."""
        if not 1 <= n <= SAMPLE_MAX:
            raise FieldError(f"{n} rows", where="sample", expected=f"1 to {SAMPLE_MAX}")
        frame, kinds = self._hashed(table, columns, f"{seed}|")
        ((of,),) = self.rows(self.frame(table).select(nw.len().alias("rows")))
        order = [lane(number) for number in range(LANES)]
        drawn = self.rows(frame.sort(*order).head(n).select(*kinds, *order))
        drawn.sort(key=lambda row: row[-LANES:])  # an engine need not keep the order of a sorted frame
        made = {name: _array([row[at] for row in drawn], kind) for at, (name, kind) in enumerate(kinds.items())}
        return Drawn(made, len(drawn), int(of), seed)

    def __enter__(self) -> Self:
        """Begin to use the engine."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the engine."""
        self.close()

    def _hashed(
        self, table: Source, columns: Sequence[str] | None, before: str
    ) -> tuple[nw.LazyFrame[Any], dict[str, Logical]]:
        frame = self.frame(table)
        kinds = _kinds(frame)
        kinds = {name: _kind(kinds, name) for name in columns} if columns is not None else kinds
        usable(kinds)
        return self.with_lanes(with_row_text(frame, kinds, ROW, before)), kinds

    def _counted(self, frame: nw.LazyFrame[Any], kinds: dict[str, Logical], tally: Tally) -> Counted:
        for name in (*(key.column for key in tally.keys), *_summed(tally)):
            _kind(kinds, name)
        one = nw.len().alias("n")
        sums = [
            part
            for at in range(len(tally.amounts))
            for part in (nw.col(f"h{at}").sum(), nw.col(f"l{at}").sum(), nw.col(f"t{at}").max())
        ]
        chosen = select_tally(frame, tally, kinds, self.divided) if tally.keys or tally.amounts else frame
        names = [f"k{at}" for at in range(len(tally.keys))]
        asked = chosen.group_by(*names).agg(one, *sums).head(CELLS_MAX + 1) if names else chosen.select(one, *sums)
        rows = self.rows(asked)
        if len(rows) > CELLS_MAX:
            raise FieldError("too many cells", where=tally.name, expected=f"at most {CELLS_MAX}", fix="merge levels")
        return _answer(tally, rows)


def _summed(tally: Tally) -> list[str]:
    return [name for amount in tally.amounts for name in (amount.column, amount.times or amount.column)]


def _answer(tally: Tally, rows: list[tuple[Any, ...]]) -> Counted:
    """Make texts of levels, add up rows of one cell, and sort."""
    width = len(tally.keys)
    counts: dict[tuple[str, ...], int] = {}
    sums: dict[tuple[str, ...], list[int]] = {}
    for row in rows:
        cell, count, parts = tuple(map(level_text, row[:width])), int(row[width]), row[width + 1 :]
        if count == 0:  # a table without rows, counted without keys
            continue
        counts[cell] = counts.get(cell, 0) + count
        total = sums.setdefault(cell, [0] * len(tally.amounts))
        for at, amount in enumerate(tally.amounts):
            high, low, trouble = parts[3 * at : 3 * at + 3]
            if trouble:
                raise infinite_number(amount.column) if trouble == INFINITE else too_large(amount)
            total[at] += (int(high) << HALF_BITS) + int(low)
    for at, key in enumerate(tally.keys):
        if key.how == "bins" and any(cell[at] == str(INFINITE_PLACE) for cell in counts):
            raise infinite_number(key.column)
    cells = tuple(sorted(counts))
    return Counted(
        tally=tally,
        cells=cells,
        counts=tuple(counts[cell] for cell in cells),
        sums=tuple(tuple(sums[cell]) for cell in cells),
    )


def _array(values: list[Any], kind: Logical) -> NDArray[Any]:
    absent = np.array([value is None or value != value for value in values], dtype=np.bool_)  # noqa: PLR0124 - NaN
    blank: Any = "" if kind == "text" else 0
    data = np.array([blank if gone else value for value, gone in zip(values, absent, strict=True)], dtype=_TYPES[kind])
    return np.ma.masked_array(data, absent) if absent.any() else data


def _kinds(frame: nw.LazyFrame[Any]) -> dict[str, Logical]:
    return {name: logical(dtype) for name, dtype in frame.collect_schema().items()}


def _kind(kinds: dict[str, Logical], name: str) -> Logical:
    if name not in kinds:
        raise FieldError(f"no column {name!r}", where="tally", expected=", ".join(list(kinds)[:40]))
    return kinds[name]
