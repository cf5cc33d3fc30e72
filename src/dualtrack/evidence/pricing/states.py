"""What a control did with each decision, read from columns: passed, looked at without change, or stopped; on, off or set otherwise."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from dualtrack.domain.records import Record
from dualtrack.errors import FieldError
from dualtrack.evidence.arrays import check_lengths
from dualtrack.evidence.numeric import np
from dualtrack.evidence.pricing.values import Kind

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

__all__ = [
    "CONTROLS_MAX", "HARMFUL", "HARMLESS", "LOOKED", "PASSED", "STOPPED", "UNKNOWN",
    "Control", "States", "columns_of", "others_stop", "read_states", "read_truth",
]  # fmt: skip

PASSED, LOOKED, STOPPED = 0, 1, 2
"""What a control did: nothing; a person looked and changed nothing; the item did not pass as it was."""

HARMLESS, HARMFUL, UNKNOWN = 0, 1, 2
"""Truth of an item."""

CONTROLS_MAX = 500
"""Most controls priced together: as many as one policy may have guards."""

_SHIELDS = frozenset({"block", "route", "review"})
"""Kinds that keep an item from passing; a redaction or a note does not spare another control its work."""


class Control(Record, frozen=True):
    """One control over the columns of a table.

    By score: it acts where column `score` reaches `at`, or the threshold of the row's `group` in `at_by`; a row without a score
    was never put to it and passes. By what was logged: it acts where column `fires` is 1. For human review `fires` is that a
    person looked and `changed` that the item did not pass as it was. `against` (or `fires_against`) is the setting compared
    with; without one it is off. `span` is the range of the score, cut into a thousand steps for the frontier.
    """

    name: str
    kind: Kind
    score: str | None = None
    at: float | None = None
    at_by: dict[str, float] = {}
    group: str | None = None
    against: float | None = None
    fires: str | None = None
    fires_against: str | None = None
    changed: str | None = None
    span: tuple[float, float] = (0.0, 1000.0)

    def __post_init__(self) -> None:
        where = f"control {self.name}"
        if (self.score is None) == (self.fires is None):
            raise FieldError("score and fires", where=where, expected="one of the two")
        if self.score is not None and (self.at is None) == (self.group is None or not self.at_by):
            raise FieldError("no threshold", where=where, expected="either `at`, or `group` with `at_by`")
        if (self.kind == "review") != (self.changed is not None):
            raise FieldError("changed", where=where, expected="a column `changed` for a review, and for nothing else")
        if not self.span[0] < self.span[1]:
            raise FieldError(f"span {self.span}", where=where, expected="low below high")

    @property
    def setting(self) -> str:
        """The setting in a few words, as a table shows it."""
        if self.score is None:
            return "as logged" if self.fires_against is None else f"as logged, against {self.fires_against}"
        at = f">= {self.at:g}" if self.at is not None else ", ".join(f"{k} >= {v:g}" for k, v in self.at_by.items())
        return f"{self.kind} {at}" + ("" if self.against is None else f", against >= {self.against:g}")


class States(NamedTuple):
    """What one control did with each row as it is set (`on`) and as it is compared (`against`), and which rows it was put to."""

    on: NDArray[np.uint8]
    against: NDArray[np.uint8]
    put_to: NDArray[np.bool_]


def columns_of(control: Control) -> list[str]:
    """Return the columns that a control reads."""
    named = (control.score, control.group, control.fires, control.fires_against, control.changed)
    return [name for name in named if name is not None]


def read_states(table: Mapping[str, NDArray[Any]], control: Control) -> States:
    """Return what a control did with each row; raises FieldError naming a column that is missing or not 0 and 1."""
    if control.score is not None:
        return _by_score(table, control)
    fires = _flags(table, control.fires or "")
    against = np.zeros(len(fires), dtype=np.uint8)
    if control.fires_against is not None:
        against[_flags(table, control.fires_against)] = STOPPED
    on = np.where(fires, np.uint8(STOPPED), np.uint8(PASSED))
    if control.changed is not None:
        changed = _flags(table, control.changed)
        check_lengths(fires=fires, changed=changed)
        if (changed & ~fires).any():
            raise FieldError("changed without a review", where=control.changed, expected="changes among those reviewed")
        on[fires & ~changed] = LOOKED
    return States(on, against, np.ones(len(on), dtype=np.bool_))


def read_truth(table: Mapping[str, NDArray[Any]], name: str) -> NDArray[np.uint8]:
    """Return the truth of each row: 1 harmful, 0 harmless, and unknown where the value is missing (masked, NaN or -1)."""
    column = _column(table, name)
    unknown = np.ma.getmaskarray(column).copy()
    try:
        values = np.ma.getdata(column).astype(np.float64)
    except (TypeError, ValueError) as error:
        raise FieldError("not numbers", where=name, expected="0, 1, or missing where nobody knows") from error
    unknown |= np.isnan(values) | (values == -1)
    values = np.where(unknown, 0.0, values)
    wrong = (values != 0) & (values != 1)
    if wrong.any():
        row = int(np.argmax(wrong))
        raise FieldError(f"value {values[row]:g}", where=f"{name}[{row}]", expected="0, 1, or missing")
    return np.where(unknown, UNKNOWN, values).astype(np.uint8)


def others_stop(controls: Sequence[Control], states: Sequence[States]) -> list[NDArray[np.bool_]]:
    """Return by control the rows that another one stops as well.

    Passing an item to a person and the person's look are two halves of one control: neither spares the other its work.
    """
    stops = [state.on == STOPPED for state in states]
    found = []
    for mine, control in enumerate(controls):
        half = {"route": "review", "review": "route"}.get(control.kind)
        stopped = np.zeros(len(stops[mine]), dtype=np.bool_)
        for place, other in enumerate(controls):
            if place != mine and other.kind in _SHIELDS and other.kind != half:
                stopped |= stops[place]
        found.append(stopped)
    return found


def _by_score(table: Mapping[str, NDArray[Any]], control: Control) -> States:
    column = _column(table, control.score or "")
    missing = np.ma.getmaskarray(column)
    values = np.ma.getdata(column)
    if values.dtype.kind not in "biuf":
        raise FieldError("not numbers", where=control.score or "", expected="a score for each row, or missing")
    if values.dtype.kind == "f":
        missing = missing | np.isnan(values)
        if np.isinf(values[~missing]).any():
            raise FieldError("an infinite score", where=control.score or "")
    put_to = ~missing
    limit = control.at if control.at is not None else _limits(table, control)
    on = np.where(put_to & (values >= limit), np.uint8(STOPPED), np.uint8(PASSED))
    against = np.zeros(len(on), dtype=np.uint8)
    if control.against is not None:
        against[put_to & (values >= control.against)] = STOPPED
    return States(on, against, put_to)


def _limits(table: Mapping[str, NDArray[Any]], control: Control) -> NDArray[np.float64]:
    levels, place = np.unique(np.ma.getdata(_column(table, control.group or "")), return_inverse=True)
    absent = [str(level) for level in levels if str(level) not in control.at_by]
    if absent:
        raise FieldError(
            f"no threshold for {absent[0]!r}", where=f"control {control.name}, field at_by", expected="one a group"
        )
    return np.array([control.at_by[str(level)] for level in levels], dtype=np.float64)[place]


def _flags(table: Mapping[str, NDArray[Any]], name: str) -> NDArray[np.bool_]:
    column = _column(table, name)
    values = np.ma.filled(column, 0) if np.ma.isMaskedArray(column) else column
    if values.dtype.kind != "b" and not np.isin(values, (0, 1)).all():
        raise FieldError("a value other than 0 and 1", where=name)
    flags: NDArray[np.bool_] = values.astype(np.bool_)
    return flags


def _column(table: Mapping[str, NDArray[Any]], name: str) -> NDArray[Any]:
    if name not in table:
        raise FieldError(f"no column {name!r}", where="priced table", expected=", ".join(list(table)[:40]))
    return table[name]
