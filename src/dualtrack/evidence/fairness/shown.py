"""Tables of groups that may leave the firm: those of too few people left out, and as many more as hide them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dualtrack.domain.records import Record
from dualtrack.evidence.cells import Cells
from dualtrack.evidence.numeric import np
from dualtrack.evidence.suppression import hidden_groups

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["GroupTable", "shown_table"]


class GroupTable(Record, frozen=True):
    """Cells of groups that may be shown; `groups_hidden` groups with `rows_hidden` people are not among them."""

    cells: Cells
    groups_hidden: int = 0
    rows_hidden: int = 0


def shown_table(cells: Cells, by: Sequence[str], least: int) -> GroupTable:
    """Return the table of the groups formed by some attributes, without those that tell apart fewer than `least` people.

    Levels that no group shown has are not named either.
    """
    kept = [axis for axis, name in enumerate(cells.attributes) if name in by]
    dropped = tuple(axis for axis in range(len(cells.attributes)) if axis not in kept)
    counts = cells.array.sum(axis=dropped)
    sizes = counts.sum((-1, -2))
    hidden = hidden_groups(sizes, least)
    counts = np.where(hidden[..., None, None], 0, counts)
    held = [
        np.flatnonzero(counts.any(axis=tuple(each for each in range(counts.ndim) if each != axis)))
        for axis in range(len(kept))
    ]
    levels = [
        tuple(cells.levels[axis][place] for place in places.tolist()) for axis, places in zip(kept, held, strict=True)
    ]
    shown = counts[np.ix_(*held, np.arange(2), np.arange(2))]
    return GroupTable(
        cells=Cells(
            attributes=tuple(cells.attributes[axis] for axis in kept),
            levels=tuple(levels),
            counts=tuple(shown.ravel().tolist()),
        ),
        groups_hidden=int(hidden.sum()),
        rows_hidden=int(sizes[hidden].sum()),
    )
