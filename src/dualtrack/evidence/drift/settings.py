"""What is fixed before drift is looked for: bin edges of numbers and levels of categories, taken from the reference.

Edges that are chosen once, when the plan is registered, make both samples histograms of one shape: they add up over days and
engines, and nobody can move an edge after seeing the result. Equal-mass fine bins carry distances, groups of them carry the
population stability index.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dualtrack.domain.records import Record
from dualtrack.errors import FieldError
from dualtrack.evidence.numeric import np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

__all__ = [
    "COLUMNS_MAX",
    "FINE_BINS",
    "GROUPS",
    "LEVELS_MAX",
    "CategoryColumn",
    "DriftSettings",
    "NumericColumn",
    "reference_edges",
]

FINE_BINS = 120
"""Bins of equal mass behind distances: a distance on them is short of the exact one by less than 1/120 of the mass."""

GROUPS = 10
"""Groups behind the population stability index: tenths of the reference, as credit-risk reports have them."""

LEVELS_MAX = 1_000
"""Most levels of a category: a column with more is an identifier or a text, and has no distribution to compare."""

COLUMNS_MAX = 500
"""Most columns of one comparison: with more, join them into groups or choose those that the model leans on."""


class NumericColumn(Record, frozen=True):
    """A column of numbers: rising fine edges, and which of them (places) bound the groups of the stability index."""

    column: str
    edges: tuple[float, ...]
    groups: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if not self.edges or any(a >= b for a, b in zip(self.edges, self.edges[1:], strict=False)):
            raise FieldError("edges that do not rise", where=self.column, fix="take them from `reference_edges`")
        rising = all(a < b for a, b in zip(self.groups, self.groups[1:], strict=False))
        if not rising or any(not 0 <= place < len(self.edges) for place in self.groups):
            raise FieldError("groups that name no edge", where=self.column, expected="rising places among the edges")


class CategoryColumn(Record, frozen=True):
    """A column of categories with the levels of the reference; every other level is counted as new, without its name."""

    column: str
    levels: tuple[str, ...]

    def __post_init__(self) -> None:
        if len(self.levels) > LEVELS_MAX or len(set(self.levels)) != len(self.levels) or "" in self.levels:
            raise FieldError(
                f"{len(self.levels)} levels", where=self.column, expected=f"distinct, not empty, at most {LEVELS_MAX}"
            )


class DriftSettings(Record, frozen=True):
    """Columns to compare. `effect` is the smallest Kolmogorov-Smirnov distance that the plan wants to see, if it says one."""

    numbers: tuple[NumericColumn, ...] = ()
    categories: tuple[CategoryColumn, ...] = ()
    effect: float | None = None

    def __post_init__(self) -> None:
        names = [each.column for each in self.columns]
        if len(names) > COLUMNS_MAX or len(set(names)) != len(names):
            raise FieldError(f"{len(names)} columns", where="drift", expected=f"each once, at most {COLUMNS_MAX}")
        if self.effect is not None and not 0 < self.effect < 1:
            raise FieldError(f"{self.effect}", where="drift, field effect", expected="a distance between 0 and 1")

    @property
    def columns(self) -> tuple[NumericColumn | CategoryColumn, ...]:
        """All columns, numbers first: the order of histograms, parts and p-values."""
        return (*self.numbers, *self.categories)


def reference_edges(
    columns: Mapping[str, NDArray[Any]], *, bins: int = FINE_BINS, groups: int = GROUPS, effect: float | None = None
) -> DriftSettings:
    """Return the settings that a reference fixes: numbers get edges at its quantiles, everything else its levels.

    A column of numbers without any value cannot be binned: raises FieldError naming it.
    """
    numbers, categories = [], []
    for name, column in columns.items():
        data = np.ma.getdata(column)
        if data.dtype.kind in "iuf":
            numbers.append(_number(name, column, bins, groups))
        else:
            categories.append(CategoryColumn(column=name, levels=_levels(name, column)))
    return DriftSettings(numbers=tuple(numbers), categories=tuple(categories), effect=effect)


def _number(name: str, column: NDArray[Any], bins: int, groups: int) -> NumericColumn:
    values = np.ma.compressed(np.ma.asarray(column)).astype(np.float64)
    values = np.sort(values[~np.isnan(values)])
    if len(values) == 0:
        raise FieldError("no value in the reference", where=name, fix="leave the column out, or give a reference")
    if not np.isfinite(values[[0, -1]]).all():
        raise FieldError("an infinite number in the reference", where=name)
    fine = _quantiles(values, bins)
    past = np.nextafter(values[-1], np.inf)  # the last bin is what lies above everything in the reference
    edges = np.append(fine, past)
    bounds = _quantiles(values, groups)[1:]
    places = np.unique(np.searchsorted(fine, bounds, side="right") - 1)
    inner = [int(place) for place in places if place > 0]
    if len(fine) == 1:
        inner = [0, 1]  # a constant: below it, equal to it, above it
    return NumericColumn(column=name, edges=tuple(edges.tolist()), groups=tuple(inner))


def _quantiles(ordered: NDArray[np.float64], parts: int) -> NDArray[np.float64]:
    places = (np.arange(parts) * len(ordered)) // parts
    return np.unique(ordered[places])


def _levels(name: str, column: NDArray[Any]) -> tuple[str, ...]:
    from dualtrack.evidence.drift.histograms import category_counts  # noqa: PLC0415 - it needs the settings

    counts, _ = category_counts(column)
    if len(counts) > LEVELS_MAX:
        raise FieldError(
            f"{len(counts)} levels", where=name, expected=f"at most {LEVELS_MAX}", fix="leave out identifiers and texts"
        )
    return tuple(sorted(counts))
