"""Both samples as histograms of one shape, in whole numbers: all that the drift measures keep.

In memory a column of numbers is sorted once and cut at the edges, which gives the counts of a tally at a fraction of its time;
any other engine answers the tallies, and a test holds the two equal.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from dualtrack.domain.records import Record
from dualtrack.errors import FieldError
from dualtrack.evidence.counting import count, numbers
from dualtrack.evidence.drift.settings import NumericColumn
from dualtrack.evidence.numeric import np
from dualtrack.evidence.suppression import hidden_groups, pooled, runs
from dualtrack.evidence.tally import Key, Tally

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from dualtrack.evidence.drift.settings import CategoryColumn, DriftSettings
    from dualtrack.evidence.tally import Counted

__all__ = [
    "DriftStatistics",
    "Histogram",
    "as_reference",
    "category_counts",
    "drift_tallies",
    "histograms_counted",
    "histograms_of",
    "merge_histograms",
    "sorted_values",
    "suppressed_histograms",
]


class Histogram(Record, frozen=True):
    """One column: rows without a value, and rows by bin or level; the last is above all edges, or a level that was not there."""

    column: str
    missing: int
    counts: tuple[int, ...]

    @property
    def n(self) -> int:
        """Rows with a value."""
        return sum(self.counts)


class DriftStatistics(Record, frozen=True):
    """Histograms of the reference and of the current sample, columns in the order of the settings; a side may be absent."""

    reference: tuple[Histogram, ...] = ()
    current: tuple[Histogram, ...] = ()


def drift_tallies(settings: DriftSettings) -> tuple[Tally, ...]:
    """Return what is to be counted of one sample, a tally a column."""
    numbers = [Tally(name=each.column, keys=(_bins(each),)) for each in settings.numbers]
    return (*numbers, *(Tally(name=each.column, keys=(Key(column=each.column),)) for each in settings.categories))


def histograms_counted(counted: Sequence[Counted], settings: DriftSettings) -> tuple[Histogram, ...]:
    """Return the histograms of one sample from the answers to `drift_tallies`."""
    found = []
    for each, answer in zip(settings.columns, counted, strict=True):
        by_cell = {cell[0]: n for cell, n in zip(answer.cells, answer.counts, strict=True)}
        if isinstance(each, NumericColumn):
            counts = tuple(by_cell.get(str(place), 0) for place in range(len(each.edges) + 1))
            found.append(Histogram(column=each.column, missing=by_cell.get("-1", 0), counts=counts))
        else:
            found.append(_levelled(each, by_cell, by_cell.pop("", 0)))
    return tuple(found)


def histograms_of(columns: Mapping[str, NDArray[Any]], settings: DriftSettings) -> tuple[Histogram, ...]:
    """Count one sample in memory; equal to counting its tallies. Raises FieldError for a column that is absent or infinite."""
    found = [_cut(_column(columns, each.column), each) for each in settings.numbers]
    levelled = [_levelled(each, *category_counts(_column(columns, each.column))) for each in settings.categories]
    return (*found, *levelled)


def merge_histograms(parts: Sequence[DriftStatistics]) -> DriftStatistics:
    """Add histograms of separate rows, side by side; a part may hold one side only."""
    if not parts:
        raise FieldError("nothing to merge", where="drift", expected="at least one part")
    return DriftStatistics(
        reference=_added([part.reference for part in parts]), current=_added([part.current for part in parts])
    )


def as_reference(statistics: DriftStatistics) -> DriftStatistics:
    """Return statistics that were gathered as the current sample as those of the reference, to be merged with another's."""
    return DriftStatistics(reference=_added([statistics.reference, statistics.current]))


def suppressed_histograms(statistics: DriftStatistics, settings: DriftSettings, least: int) -> DriftStatistics:
    """Join bins and levels that fewer than `least` people have, in both samples alike, so that joining moves nothing by itself.

    Levels that the reference does not have are one number without a name, and stay.
    """
    sides = [side for side in (statistics.reference, statistics.current) if side]
    moved = [
        _joined([side[at] for side in sides], least, numbers=isinstance(each, NumericColumn))
        for at, each in enumerate(settings.columns)
    ]
    found = [tuple(each[side] for each in moved) for side in range(len(sides))]
    reference, current = (found.pop(0) if side else () for side in (statistics.reference, statistics.current))
    return DriftStatistics(reference=reference, current=current)


def _joined(same: Sequence[Histogram], least: int, *, numbers: bool) -> list[Histogram]:
    tables = np.array([each.counts for each in same], dtype=np.int64)
    if numbers:
        tables = pooled(tables.T, runs(tables, least), tables.sum(0)).T
    else:
        named = tables[:, :-1]
        few = np.any([hidden_groups(side, least) for side in named], axis=0)
        if few.any():
            first = int(np.flatnonzero(few)[0])
            together = named[:, few].sum(1)
            named[:, few] = 0
            named[:, first] = together
    return [replace(each, counts=tuple(counts.tolist())) for each, counts in zip(same, tables, strict=True)]


def sorted_values(column: NDArray[Any], where: str) -> tuple[NDArray[np.float64], int]:
    """Return a column's values in order and how many are missing; raises FieldError for text and infinite numbers."""
    values, missing = numbers(column, where)
    return np.sort(values[~missing]), int(missing.sum())


def category_counts(column: NDArray[Any]) -> tuple[dict[str, int], int]:
    """Return rows by level as text, and rows without a value, as a tally by value has them."""
    values, absent = np.ma.getdata(column), np.ma.getmaskarray(column)
    if values.dtype.kind in "UTO":
        kept: list[Any] = (values[~absent] if absent.any() else values).tolist()
        by_value = Counter(kept)
        empty = by_value.pop(None, 0) + by_value.pop("", 0)
        if all(isinstance(each, str) for each in by_value):
            return {str(level): n for level, n in by_value.items()}, int(absent.sum()) + empty
    answer = count({"column": column}, Tally(name="column", keys=(Key(column="column"),)))
    counts = {cell[0]: n for cell, n in zip(answer.cells, answer.counts, strict=True)}
    return counts, counts.pop("", 0)


def _cut(column: NDArray[Any], setting: NumericColumn) -> Histogram:
    values, missing = sorted_values(column, setting.column)
    below = np.searchsorted(values, np.asarray(setting.edges), side="left")
    counts = np.diff(below, prepend=0, append=len(values))
    return Histogram(column=setting.column, missing=missing, counts=tuple(counts.tolist()))


def _levelled(setting: CategoryColumn, by_level: Mapping[str, int], missing: int) -> Histogram:
    known = [by_level.get(level, 0) for level in setting.levels]
    other = sum(by_level.values()) - by_level.get("", 0) - sum(known)
    return Histogram(column=setting.column, missing=missing, counts=(*known, other))


def _added(sides: Sequence[tuple[Histogram, ...]]) -> tuple[Histogram, ...]:
    held = [side for side in sides if side]
    if not held:
        return ()
    shapes = {tuple((each.column, len(each.counts)) for each in side) for side in held}
    if len(shapes) != 1:
        raise FieldError("histograms of different shape", where="drift", expected="one setting for every part")
    return tuple(
        Histogram(
            column=same[0].column,
            missing=sum(each.missing for each in same),
            counts=tuple(map(sum, zip(*(each.counts for each in same), strict=True))),
        )
        for same in zip(*held, strict=True)
    )


def _bins(setting: NumericColumn) -> Key:
    return Key(column=setting.column, how="bins", edges=setting.edges)


def _column(columns: Mapping[str, NDArray[Any]], name: str) -> NDArray[Any]:
    if name not in columns:
        raise FieldError(f"no column {name!r}", where="drift", expected=", ".join(list(columns)[:40]))
    return columns[name]
