"""Tallies: what a measure wants counted, and the counts. The one thing that every engine must be able to do.

A `Tally` asks for rows counted by keys (values of columns, columns cut into bins, whether a value is missing) and for sums of
columns in fixed point. A `Counted` answers it in whole numbers only, so that shards, periods and engines add up to the
same statistics bit for bit, whatever the order. From it one local routine computes every estimate.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal

import msgspec

from dualtrack.domain.records import Record
from dualtrack.errors import FieldError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "BINS_MAX",
    "CELLS_MAX",
    "SCALE_BITS",
    "SCALE_BITS_MAX",
    "Amount",
    "Counted",
    "Key",
    "Tally",
    "from_fixed",
    "merge_counted",
]

BINS_MAX = 100_000
"""Most bins of one key: ten times the ten thousand that tell AUCs apart to a few millionths."""

CELLS_MAX = 4_000_000
"""Most cells held by one tally: 32 MB of counts."""

SCALE_BITS = 40
"""Fixed point: a value is rounded once to a multiple of 2^-40 (about 1e-12) and summed as a whole number from then on."""


SCALE_BITS_MAX = 900
"""Most bits of a scale: a power of two that a double holds with room to spare."""


class Key(Record, frozen=True):
    """One axis of the count.

    `value`: each distinct value, as text (whole numbers without a point, truth as 0 and 1). `bins`: which of the intervals
    between `edges` the number falls into: bin 0 below edges[0], bin i from edges[i-1] (included) to edges[i], the last from the
    last edge on. `missing`: 1 where there is no value (masked, NaN, null or empty text), else 0. A missing value is the level
    `""` under `value`, and bin -1 under `bins`. An empty text is missing because a CSV file cannot tell the two apart.
    """

    column: str
    how: Literal["value", "bins", "missing"] = "value"
    edges: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if (self.how == "bins") != bool(self.edges) or len(self.edges) >= BINS_MAX:
            raise FieldError(
                f"{len(self.edges)} edges", where=self.column, expected=f"edges for bins, below {BINS_MAX}"
            )
        if any(not math.isfinite(a) for a in self.edges) or any(
            a >= b for a, b in zip(self.edges, self.edges[1:], strict=False)
        ):
            raise FieldError(
                "edges that do not rise", where=self.column, expected="finite numbers, each above the one before"
            )


class Amount(Record, frozen=True):
    """One sum of a cell: a column, or the product of two, rounded row by row to a multiple of 2^-`scale_bits`. Missing counts 0."""

    column: str
    times: str | None = None
    scale_bits: int = SCALE_BITS

    def __post_init__(self) -> None:
        if not 0 <= self.scale_bits <= SCALE_BITS_MAX:
            raise FieldError(f"scale of {self.scale_bits} bits", where=self.column, expected=f"0 to {SCALE_BITS_MAX}")


class Tally(Record, frozen=True):
    """Rows counted by `keys` together, with `amounts` summed in each cell."""

    name: str
    keys: tuple[Key, ...]
    amounts: tuple[Amount, ...] = ()


class Counted(Record, frozen=True):
    """The answer: one line a cell that holds rows, sorted by cell.

    `cells` are level texts or bin numbers as text, one a key; `counts` whole numbers; `sums` one tuple a cell, in the order of
    `amounts`, whole numbers in units of 2^-scale_bits (too large for a JSON number: statistics write them as text).
    """

    tally: Tally
    cells: tuple[tuple[str, ...], ...]
    counts: tuple[int, ...]
    sums: tuple[tuple[int, ...], ...] = ()

    def __post_init__(self) -> None:
        if not self.sums and self.cells:
            msgspec.structs.force_setattr(self, "sums", ((),) * len(self.cells))
        widths = {len(self.cells), len(self.counts), len(self.sums)}
        width = len(self.tally.amounts)
        if len(widths) > 1 or any(len(each) != width for each in self.sums):
            raise FieldError(
                f"{len(self.cells)} cells, {len(self.counts)} counts and {len(self.sums)} sums",
                where=self.tally.name,
                expected=f"one count and {width} sums a cell",
            )

    @property
    def n(self) -> int:
        """Rows counted."""
        return sum(self.counts)


def from_fixed(amount: Amount, total: int) -> float:
    """Return a sum as a number again, correctly rounded."""
    return math.ldexp(total, -amount.scale_bits) if abs(total) < 1 << 1000 else math.inf  # ldexp rounds once


def merge_counted(parts: Sequence[Counted]) -> Counted:
    """Add answers to the same tally over separate rows; equal to counting all rows at once, in any order."""
    if not parts or any(part.tally != parts[0].tally for part in parts):
        raise FieldError("answers to different tallies", where="tally", expected="the same tally in every part")
    counts: dict[tuple[str, ...], int] = {}
    sums: dict[tuple[str, ...], list[int]] = {}
    width = len(parts[0].tally.amounts)
    for part in parts:
        for place, (cell, count) in enumerate(zip(part.cells, part.counts, strict=True)):
            counts[cell] = counts.get(cell, 0) + count
            total = sums.setdefault(cell, [0] * width)
            for index in range(width):
                total[index] += part.sums[place][index]
    cells = tuple(sorted(counts))
    return Counted(
        tally=parts[0].tally,
        cells=cells,
        counts=tuple(counts[cell] for cell in cells),
        sums=tuple(tuple(sums[cell]) for cell in cells),
    )
