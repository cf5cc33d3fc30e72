"""Cell counts: how many rows of each group had each outcome and each decision. Enough for every group rate there is.

A table of counts holds no personal data once small cells are dealt with, merges over shards and periods, and gives every
rate, gap and interval again without the rows. The row bootstrap of any function of the counts is a multinomial draw over them.
"""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any

from dualtrack.domain.records import Record
from dualtrack.errors import FieldError
from dualtrack.evidence.arrays import check_lengths, labels
from dualtrack.evidence.numeric import np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import ArrayLike, NDArray

__all__ = [
    "ATTRIBUTES_MAX",
    "CELLS_MAX",
    "Cells",
    "attribute_levels",
    "collapse",
    "count_cells",
    "level_order",
    "merge_cells",
]

ATTRIBUTES_MAX = 8
"""Most attributes counted together: the ordinances name six, and each more multiplies the cells."""

CELLS_MAX = 4_096
"""Most cells, outcome and decision included: a thousand groups, far more than any bank has people to fill."""


class Cells(Record, frozen=True):
    """Counts by group, outcome and decision.

    `levels` lists each attribute's values in order; `counts` is the array of shape (*levels, outcome 2, decision 2), flattened
    with the last index running fastest. Raises FieldError where the two do not fit or a count is below zero.
    """

    attributes: tuple[str, ...]
    levels: tuple[tuple[str, ...], ...]
    counts: tuple[int, ...]

    def __post_init__(self) -> None:
        if not 0 < len(self.attributes) <= ATTRIBUTES_MAX or len(self.levels) != len(self.attributes):
            raise FieldError(
                f"{len(self.attributes)} attributes", where="cells", expected=f"1 to {ATTRIBUTES_MAX}, levels for each"
            )
        if len(set(self.attributes)) != len(self.attributes) or any(
            len(set(each)) != len(each) for each in self.levels
        ):
            raise FieldError("a name twice", where="cells", expected="distinct attributes and distinct levels")
        size = 4
        for each in self.levels:
            size *= len(each)
        if size != len(self.counts) or size > CELLS_MAX:
            raise FieldError(f"{len(self.counts)} counts", where="cells", expected=f"{size}, at most {CELLS_MAX}")
        if min(self.counts, default=0) < 0:
            raise FieldError("a count below zero", where="cells")

    @property
    def array(self) -> NDArray[np.int64]:
        """The counts in their shape."""
        return np.array(self.counts, dtype=np.int64).reshape(*(len(each) for each in self.levels), 2, 2)

    @property
    def n(self) -> int:
        """Rows counted."""
        return sum(self.counts)


def count_cells(label: ArrayLike, selected: ArrayLike, attributes: Mapping[str, NDArray[Any]]) -> Cells:
    """Count rows by attributes, outcome (`label` 0/1) and decision (`selected` 0/1). Values of attributes become text."""
    truth, chosen = labels(label, "label"), labels(selected, "selected")
    n = check_lengths(label=truth, selected=chosen, **attributes)
    cell, levels = np.zeros(n, dtype=np.int64), []
    for name, column in attributes.items():
        values, place = attribute_levels(name, column)
        cell *= len(values)
        cell += place
        levels.append(values)
    shape = [len(values) for values in levels]
    size = 4 * int(np.prod(shape, dtype=np.int64))
    if size > CELLS_MAX:
        raise FieldError(
            f"{size} cells", where="attributes", expected=f"at most {CELLS_MAX}", fix="band ages and merge codes"
        )
    cell = cell * 4 + truth * 2 + chosen
    counts = np.bincount(cell, minlength=size)
    return Cells(attributes=tuple(attributes), levels=tuple(levels), counts=tuple(counts.tolist()))


def merge_cells(parts: Sequence[Cells]) -> Cells:
    """Add counts of separate rows (shards, periods); levels are united and sorted. Equal to counting all rows at once."""
    if not parts or any(part.attributes != parts[0].attributes for part in parts):
        raise FieldError(
            "different attributes", where="cells", expected="the same attributes in the same order in every part"
        )
    width = len(parts[0].attributes)
    levels = tuple(
        tuple(sorted({level for part in parts for level in part.levels[axis]}, key=level_order))
        for axis in range(width)
    )
    total = np.zeros((*(len(each) for each in levels), 2, 2), dtype=np.int64)
    for part in parts:
        places = [[levels[axis].index(level) for level in part.levels[axis]] for axis in range(width)]
        total[np.ix_(*places, [0, 1], [0, 1])] += part.array
    return Cells(attributes=parts[0].attributes, levels=levels, counts=tuple(total.ravel().tolist()))


def collapse(cells: Cells, counts: NDArray[Any], by: Sequence[str]) -> tuple[list[str], NDArray[Any]]:
    """Return group labels and counts (..., groups, 2, 2), summed over the attributes not in `by`.

    `counts` has the shape of the cells with any axes of draws before it.
    """
    unknown = [name for name in by if name not in cells.attributes]
    if unknown or not by or len(set(by)) != len(by):
        raise FieldError(
            f"attributes {list(by)}", where="groups", expected=f"some of {list(cells.attributes)}, each once"
        )
    width = len(cells.attributes)
    lead = counts.ndim - width - 2
    dropped = tuple(lead + axis for axis, name in enumerate(cells.attributes) if name not in by)
    kept = [axis for axis, name in enumerate(cells.attributes) if name in by]
    names = [
        " & ".join(f"{cells.attributes[axis]}={value}" for axis, value in zip(kept, values, strict=True))
        for values in product(*(cells.levels[axis] for axis in kept))
    ]
    return names, counts.sum(axis=dropped).reshape(*counts.shape[:lead], len(names), 2, 2)


def attribute_levels(name: str, column: NDArray[Any]) -> tuple[tuple[str, ...], NDArray[np.int64]]:
    """Return a column's levels as text, in the order of `level_order`, and each row's place among them; masked rows raise FieldError."""
    if np.ma.is_masked(column):
        raise FieldError("missing values", where=name, fix="give them a value of their own, such as 'not stated'")
    values, place = np.unique(np.ma.getdata(column), return_inverse=True)
    texts = [str(value) for value in values.tolist()]
    order = sorted(range(len(texts)), key=lambda position: level_order(texts[position]))
    rank = np.empty(len(texts), dtype=np.int64)
    rank[order] = np.arange(len(texts))
    return tuple(texts[position] for position in order), rank[place]


def level_order(text: str) -> tuple[int, float, str]:
    """Sort numbers by value and before words, the same wherever counts are made."""
    try:
        return (0, float(text), text)
    except ValueError:
        return (1, 0.0, text)
