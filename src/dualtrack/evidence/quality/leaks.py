"""Leaks between training and test data, counted: twins, time travel, columns of the future, columns that say too much alone.

Source: Kaufman, Rosset, Perlich and Stitelman (2012), Leakage in Data Mining, ACM TKDD 6(4), for the kinds; E. R. DeLong et al.
(1988), Biometrics 44, 837-845, whose variance is kept here as whole numbers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from dualtrack.domain.records import Record
from dualtrack.errors import FieldError
from dualtrack.evidence.numeric import np
from dualtrack.evidence.performance.discrimination import placements
from dualtrack.evidence.quality.rows import absent, column_of, group_rows, normalised, numbers, stacked, texts
from dualtrack.evidence.quality.shares import Line
from dualtrack.evidence.quality.timeliness import epoch_seconds

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from dualtrack.evidence.sample import Sample

__all__ = [
    "Alone",
    "Known",
    "Sides",
    "Travel",
    "count_alone",
    "count_future",
    "count_travel",
    "count_twins",
    "sides_of",
]

_ROWS_AT_ONCE = 512
"""Squares of up to 2 * 20 million, this many together, stay below 2^63."""


class Known(Record, frozen=True):
    """A feature and the column that says when its value was known."""

    feature: str
    column: str


class Travel(Record, frozen=True):
    """Training rows that are later than the earliest test row, test rows earlier than the latest training row, rows without time."""

    train_later: int
    test_earlier: int
    train: int
    test: int
    unreadable: int


class Alone(Record, frozen=True):
    """One feature as a ranking of the label: classes, twice the Mann-Whitney count, and sums of squared placements, as text.

    `absent` rows hold no value of it. A `judged` of False is a column of text, which has no order.
    """

    label: str
    positives: int
    negatives: int
    twice_u: str
    squares_positives: str
    squares_negatives: str
    absent: int
    judged: bool = True


class Sides(NamedTuple):
    """Training and test rows of the compared columns, in two tables with the same names."""

    train: dict[str, NDArray[Any]]
    test: dict[str, NDArray[Any]]


def sides_of(sample: Sample, names: Sequence[str], *, train: str, test: str) -> Sides:
    """Return both sides: by the split column, or the reference as training data and the sample as test data."""
    if sample.has("split"):
        split = texts(sample.column("split"))
        unknown = set(split.tolist()) - {train, test}
        if unknown or not (split == train).any() or not (split == test).any():
            raise FieldError(
                f"splits {sorted(set(split.tolist()))[:5]}",
                where=str(sample.roles.split),
                expected=f"{train} and {test}",
            )
        whole = {name: column_of(sample.columns, name, where="leakage") for name in names}
        return Sides(*({name: column[split == side] for name, column in whole.items()} for side in (train, test)))
    if sample.reference is None:
        raise FieldError(
            "neither a split nor a reference", where="leakage", fix="name the split column, or give the training data"
        )
    tables = (sample.reference.columns, sample.columns)
    return Sides(*({name: column_of(table, name, where="leakage") for name in names} for table in tables))


def count_twins(sides: Sides, *, digits: int | None = None) -> tuple[tuple[int, int, int], ...]:
    """Return groups of equal test rows as (has a twin in training, rows, groups of that kind), sorted; near with `digits`."""
    joined = [stacked(sides.train[name], sides.test[name], where=name) for name in sides.train]
    columns = joined if digits is None else [normalised(column, digits) for column in joined]
    groups = group_rows(columns)
    rows = len(next(iter(sides.train.values())))
    size = np.bincount(groups[rows:], minlength=int(groups.max()) + 1)
    seen = np.bincount(groups[:rows], minlength=len(size)) > 0
    kinds, times = np.unique(np.column_stack([seen, size])[size > 0], axis=0, return_counts=True)
    return tuple((int(hit), int(rows), int(count)) for (hit, rows), count in zip(kinds, times, strict=True))


def count_travel(train: NDArray[Any], test: NDArray[Any]) -> Travel:
    """Return how far the sides overlap in time; rows without a readable time are counted apart."""
    (before, no_before), (after, no_after) = _instants(train, "time"), _instants(test, "time")
    known, later = before[~no_before], after[~no_after]
    both = len(known) > 0 and len(later) > 0
    return Travel(
        train_later=int((known > later.min()).sum()) if both else 0,
        test_earlier=int((later < known.max()).sum()) if both else 0,
        train=len(known),
        test=len(later),
        unreadable=int(no_before.sum() + no_after.sum()),
    )


def count_future(
    sample: Sample, known: Sequence[Known], known_after: Sequence[str], decided: str | None
) -> tuple[Line, ...]:
    """Return, by feature, the rows whose value was known when it was decided; one that is known only after has none."""
    lines = [Line(label=name, good=0, judged=sample.n) for name in known_after if name in sample.roles.features]
    if not known:
        return tuple(lines)
    if decided is None:
        raise FieldError("no time of decision", where="leakage", fix="name its column under decided, or fill role time")
    decisions, undecided = _instants(column_of(sample.columns, decided, where="leakage"), decided)
    for each in known:
        moments, unknown = _instants(column_of(sample.columns, each.column, where="leakage"), each.column)
        judged = ~(undecided | unknown)
        good = int((judged & (moments <= decisions)).sum())
        lines.append(Line(label=each.feature, good=good, judged=int(judged.sum()), absent=sample.n - int(judged.sum())))
    return tuple(lines)


def count_alone(truth: NDArray[np.bool_], column: NDArray[Any], label: str) -> tuple[Alone, ...]:
    """Return a feature as a ranking of the label, and whether it is missing as another where some rows lack it."""
    gone = absent(column)
    if np.ma.getdata(column).dtype.kind not in "biuf":
        unjudged = Alone(
            label=label,
            positives=0,
            negatives=0,
            twice_u="0",
            squares_positives="0",
            squares_negatives="0",
            absent=int(gone.sum()),
            judged=False,
        )
        return (unjudged,)
    values = numbers(column, where=label)
    found = _alone(truth[~gone], values[~gone], label, int(gone.sum()))
    if not gone.any() or gone.all():
        return (found,)
    return found, _alone(truth, gone.astype(np.float64), f"{label} is missing", 0)


def _alone(truth: NDArray[np.bool_], values: NDArray[np.float64], label: str, gone: int) -> Alone:
    positives = int(truth.sum())
    negatives = len(truth) - positives
    sums = [0, 0, 0]
    if positives and negatives:
        placed = placements(truth, values)
        above = np.rint(placed.positives * (2 * negatives)).astype(np.int64)  # whole by definition: ties count one half
        below = np.rint(placed.negatives * (2 * positives)).astype(np.int64)
        sums = [int(above.sum()), _squares(above), _squares(below)]
    return Alone(
        label=label,
        positives=positives,
        negatives=negatives,
        twice_u=str(sums[0]),
        squares_positives=str(sums[1]),
        squares_negatives=str(sums[2]),
        absent=gone,
    )


def _squares(values: NDArray[np.int64]) -> int:
    starts = range(0, len(values), _ROWS_AT_ONCE)
    return sum(int((values[start : start + _ROWS_AT_ONCE] ** 2).sum()) for start in starts)


def _instants(column: NDArray[Any], where: str) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return seconds since 1970 and which rows have none; numbers are seconds already."""
    if np.ma.getdata(column).dtype.kind in "biuf":
        return numbers(column, where=where), absent(column)
    read = {text: epoch_seconds(text) for text in set(texts(column).tolist())}
    seconds = [read[text] for text in texts(column).tolist()]
    unread = np.array([value is None for value in seconds], dtype=np.bool_)
    return np.array([0.0 if value is None else value for value in seconds]), unread
