"""What the counting measures of this family share: keys by role, and tables from what was counted.

A group is formed by values as they stand; a missing attribute is refused, because people without a stated value are a group of
their own or none at all, and only the firm can say which. Counts are of people: rows that carry a weight are refused too,
since the draws below count people, and a weighted rate with their intervals would look surer than it is.
"""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

from dualtrack.errors import FieldError
from dualtrack.evidence.cells import Cells, level_order
from dualtrack.evidence.numeric import np
from dualtrack.evidence.roles import refuse_weights, role_column
from dualtrack.evidence.tally import Key

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from dualtrack.evidence.sample import Roles
    from dualtrack.evidence.tally import Counted

__all__ = [
    "LEVELS_MAX",
    "TRUTH",
    "attribute_names",
    "cells_of",
    "decision_key",
    "label_key",
    "levels_at",
    "table",
    "truth_at",
    "views",
]

TRUTH = ("0", "1")
"""The two levels of a label or a decision."""


def attribute_names(roles: Roles) -> tuple[str, ...]:
    """Return the protected attributes; raises FieldError where none is named or rows carry weights."""
    if not roles.attributes:
        raise FieldError("no protected attribute", where="plan, field columns", fix="name them under attributes")
    refuse_weights(roles)
    return roles.attributes


def label_key(roles: Roles) -> Key:
    """Return the key of the label; raises FieldError where the data have none."""
    return Key(column=role_column(roles, "label"))


def decision_key(roles: Roles, threshold: float | None) -> Key:
    """Return the key of the decision: the score at or above a declared threshold, or else the column of decisions."""
    if threshold is not None:
        return Key(column=role_column(roles, "score"), how="bins", edges=(threshold,))
    if roles.decision is None:
        raise FieldError(
            "no column plays 'decision'",
            where="plan, field columns",
            fix="name the column of 'decision', or set the threshold of the score",
        )
    return Key(column=roles.decision)


def levels_at(counted: Counted, place: int) -> tuple[str, ...]:
    """Return the levels of a key that rows have, in the order of `level_order`; raises FieldError for missing values."""
    found = {cell[place] for cell in counted.cells}
    if "" in found:
        raise FieldError(
            "missing values",
            where=counted.tally.keys[place].column,
            fix="give them a value of their own, such as 'not stated'",
        )
    return tuple(sorted(found, key=level_order))


def truth_at(counted: Counted, place: int) -> tuple[str, ...]:
    """Return ("0", "1"); raises FieldError where a key has any other level or a missing value."""
    wrong = sorted({cell[place] for cell in counted.cells} - set(TRUTH))
    if wrong:
        what = "missing values" if wrong[0] in {"", "-1"} else f"value {wrong[0]:.40}"
        raise FieldError(what, where=counted.tally.keys[place].column, expected="0 or 1 in every row")
    return TRUTH


def table(counted: Counted, axes: Sequence[Sequence[str]]) -> NDArray[np.int64]:
    """Return the counts as an array with one axis a key, levels in the order given."""
    places = [{level: at for at, level in enumerate(axis)} for axis in axes]
    filled = np.zeros([len(axis) for axis in axes], dtype=np.int64)
    for cell, rows in zip(counted.cells, counted.counts, strict=True):
        filled[tuple(place[level] for place, level in zip(places, cell, strict=True))] = rows
    return filled


LEVELS_MAX = 50
"""Most levels of an attribute: with more it is an identifier, and its values would stand in the statistics for good."""


def cells_of(counted: Counted) -> Cells:
    """Return cells from a tally of attributes, label and decision, in this order."""
    width = len(counted.tally.keys) - 2
    levels = tuple(levels_at(counted, place) for place in range(width))
    for key, held in zip(counted.tally.keys, levels, strict=False):
        if len(held) > LEVELS_MAX:
            raise FieldError(
                f"{len(held)} levels",
                where=key.column,
                expected=f"at most {LEVELS_MAX}",
                fix="group them: a number is no group",
            )
    axes = (*levels, truth_at(counted, width), truth_at(counted, width + 1))
    counts = table(counted, axes)
    return Cells(
        attributes=tuple(key.column for key in counted.tally.keys[:width]),
        levels=levels,
        counts=tuple(counts.ravel().tolist()),
    )


def views(attributes: Sequence[str], depth: int) -> tuple[tuple[str, ...], ...]:
    """Return every way of forming groups from one to `depth` attributes: each alone, then each pair, and so on."""
    if depth < 1:
        raise FieldError(f"depth {depth}", where="depth", expected="1 or more attributes together")
    return tuple(each for size in range(1, min(depth, len(attributes)) + 1) for each in combinations(attributes, size))
