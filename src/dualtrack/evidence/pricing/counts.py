"""Counts of one control: what it did, compared with what it would do otherwise, by truth and by whether another one stops it too.

Fifty-four cells hold everything that any price needs, whatever the values: prices are sums of cells times weights. Where rows
come in clusters (a person with several decisions), the sums of products of cells over the clusters give the variance of every
such sum (Cochran 1977, section 9A). Counts add up over shards; products of clusters do too where no cluster is split.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from dualtrack.domain.records import Record
from dualtrack.errors import FieldError
from dualtrack.evidence.numeric import np
from dualtrack.evidence.pricing.states import Control, States

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

__all__ = [
    "CELLS",
    "STEPS",
    "CellParts",
    "Clusters",
    "ControlCounts",
    "cell_parts",
    "count_control",
    "merge_counts",
    "with_steps",
]

CELLS = 54
"""States on (3), states against (3), truth (3), others stop it (2), the last running fastest."""

STEPS = 1_000
"""Steps of a score's range on the frontier: guards log whole numbers of this range."""

_WAYS = 6
"""Truth (3) by others (2) within one step of the score."""


class CellParts(NamedTuple):
    """What each of the cells is: state on, state against, truth, whether others stop it."""

    on: NDArray[np.int64]
    against: NDArray[np.int64]
    truth: NDArray[np.int64]
    others: NDArray[np.int64]


class Clusters(Record, frozen=True):
    """Products of cell counts summed over clusters: `pairs` are (cell, cell, sum) with the first cell not above the second."""

    units: int
    pairs: tuple[tuple[int, int, int], ...]


class ControlCounts(Record, frozen=True):
    """Counts of one control: `cells` by place; `unscored` rows it was never put to; `steps` (step, truth, others, count)."""

    control: Control
    cells: tuple[int, ...]
    unscored: int = 0
    clusters: Clusters | None = None
    steps: tuple[tuple[int, int, int, int], ...] = ()

    def __post_init__(self) -> None:
        if len(self.cells) != CELLS or min(self.cells) < 0:
            raise FieldError(f"{len(self.cells)} cells", where="control counts", expected=f"{CELLS}, none below 0")

    @property
    def n(self) -> int:
        """Decisions counted."""
        return sum(self.cells)


@cache
def cell_parts() -> CellParts:
    """Return what each cell stands for, as four arrays of fifty-four that nobody can change."""
    parts = [axis.ravel() for axis in np.indices((3, 3, 3, 2))]
    for axis in parts:
        axis.setflags(write=False)
    return CellParts(*parts)


def count_control(
    control: Control,
    states: States,
    truth: NDArray[np.uint8],
    others: NDArray[np.bool_],
    cluster: NDArray[np.int64] | None = None,
) -> ControlCounts:
    """Count the rows of one control; `cluster` numbers each row's cluster from 0."""
    cell = ((states.on * np.uint8(3) + states.against) * np.uint8(3) + truth) * np.uint8(2) + others
    counts = np.bincount(cell, minlength=CELLS)
    return ControlCounts(
        control=control,
        cells=tuple(counts.tolist()),
        unscored=int((~states.put_to).sum()),
        clusters=None if cluster is None else _clusters(cell, cluster),
    )


def with_steps(
    counts: ControlCounts,
    score: NDArray[np.generic],
    truth: NDArray[np.uint8],
    others: NDArray[np.bool_],
    put_to: NDArray[np.bool_],
) -> ControlCounts:
    """Add the counts by step of the score, from which the frontier over all thresholds is made."""
    low, high = counts.control.span
    values = np.ma.getdata(score)[put_to].astype(np.float64)
    step = np.clip(np.floor((values - low) * (STEPS / (high - low))), 0, STEPS).astype(np.int64)
    places = step * _WAYS + truth[put_to] * np.int64(2) + others[put_to]
    held = np.bincount(places, minlength=(STEPS + 1) * _WAYS)
    lines = tuple((at // _WAYS, at % _WAYS // 2, at % 2, int(held[at])) for at in np.flatnonzero(held).tolist())
    return ControlCounts(
        control=counts.control, cells=counts.cells, unscored=counts.unscored, clusters=counts.clusters, steps=lines
    )


def merge_counts(parts: Sequence[ControlCounts]) -> ControlCounts:
    """Add counts of separate rows; raises FieldError for different controls. A person's rows must lie in one part."""
    if not parts or any(part.control != parts[0].control for part in parts):
        raise FieldError("different controls", where="control counts", expected="one control and setting in every part")
    if len({part.clusters is None for part in parts}) != 1:
        raise FieldError("clusters in some parts only", where="control counts", expected="clusters in all or none")
    steps: dict[tuple[int, int, int], int] = {}
    for part in parts:
        for step, truth, others, count in part.steps:
            steps[step, truth, others] = steps.get((step, truth, others), 0) + count
    grouped = [part.clusters for part in parts if part.clusters is not None]
    return ControlCounts(
        control=parts[0].control,
        cells=tuple(map(sum, zip(*(part.cells for part in parts), strict=True))),
        unscored=sum(part.unscored for part in parts),
        clusters=_merged(grouped) if grouped else None,
        steps=tuple((*place, count) for place, count in sorted(steps.items())),
    )


def _merged(parts: Iterable[Clusters]) -> Clusters:
    total: dict[tuple[int, int], int] = {}
    units = 0
    for part in parts:
        units += part.units
        for one, other, value in part.pairs:
            total[one, other] = total.get((one, other), 0) + value
    return Clusters(units=units, pairs=tuple((*place, value) for place, value in sorted(total.items())))


def _clusters(cell: NDArray[np.uint8], cluster: NDArray[np.int64]) -> Clusters | None:
    """Return the sums of products; None where every cluster is one row, which the counts alone describe."""
    units = int(cluster.max()) + 1
    if units == len(cell):
        return None
    held = np.flatnonzero(np.bincount(cell, minlength=CELLS)).tolist()
    own = [np.bincount(cluster[cell == at], minlength=units).astype(np.int32) for at in held]
    pairs: dict[tuple[int, int], int] = {}
    for one, first in enumerate(own):
        wide = first.astype(np.int64)
        for other in range(one, len(own)):
            if value := int(wide @ own[other]):
                pairs[held[one], held[other]] = value
    return Clusters(units=units, pairs=tuple((*at, value) for at, value in sorted(pairs.items())))
