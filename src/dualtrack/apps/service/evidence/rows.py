"""A table of evidence: a row for each case, numbers and names of ours, and no words of anybody."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from dualtrack.apps.rows import write_rows
from dualtrack.errors import FieldError
from dualtrack.evidence.interval import Interval
from dualtrack.evidence.intervals.wilson import wilson

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dualtrack.evidence.tables import Column

__all__ = ["NOTHING", "Row", "Share", "shares_by", "table_columns", "write_table"]

Row = dict[str, str | int]

_FIX = "give test cases, or wait for conversations"

NOTHING = "none"
"""Stands where no passage was given, no kind expected, no language spoken: a table has no empty names."""


class Share(NamedTuple):
    """A share of rows: `hits` of `n`, with its 95 % limits (Wilson), which take rows for independent."""

    group: str
    share: str
    hits: int
    n: int
    low: float
    high: float


def shares_by(rows: Sequence[Row], names: Sequence[str], by: Sequence[str]) -> list[Share]:
    """Return the shares of columns of 0 and 1, of all rows and by the values of other columns; empty cells are left out."""
    groups = [("all", list(rows))]
    for column in by:
        values = sorted({str(row[column]) for row in rows})
        groups += [(f"{column} {value}", [row for row in rows if str(row[column]) == value]) for value in values]
    found = []
    for group, chosen in groups:
        for name in names:
            given = [int(row[name]) for row in chosen if row[name] != ""]
            limits = wilson(sum(given), len(given)) if given else None
            if isinstance(limits, Interval):
                found.append(Share(group, name, sum(given), len(given), limits.low, limits.high))
    return found


def table_columns(rows: Sequence[Row]) -> dict[str, Column]:
    """Return rows as columns in memory, as `load_table` reads them from a file; an empty cell is masked. Raises FieldError for none."""
    from dualtrack.evidence.numeric import np  # noqa: PLC0415 - needs the optional part

    if not rows:
        raise FieldError("no rows", where="table", fix=_FIX)
    columns: dict[str, Column] = {}
    for name in rows[0]:
        values = [row[name] for row in rows]
        if any(isinstance(value, str) and value for value in values):
            columns[name] = np.array([str(value) for value in values], dtype=object)
        else:
            whole = np.array([0 if value == "" else int(value) for value in values], dtype=np.int64)
            columns[name] = np.ma.masked_array(whole, mask=[value == "" for value in values])
    return columns


def write_table(rows: Sequence[Row]) -> bytes:
    """Return rows as CSV; raises FieldError for none."""
    return write_rows(rows, fix=_FIX)
