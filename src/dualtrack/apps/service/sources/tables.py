"""Tables of documents as lines of text, each with its label."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["table_lines"]


def table_lines(rows: Iterable[list[str]]) -> list[str]:
    """Return the rows of a table as lines.

    Two cells are `label: value`. With more, the first row is the head: `label: head value; head value`.
    """
    rows = [row for row in rows if any(row)]
    if max((len(row) for row in rows), default=0) <= 2:  # noqa: PLR2004 - label and value
        return [": ".join(filter(None, row)) for row in rows]
    head, *rest = rows
    if not rest:
        return ["; ".join(filter(None, head))]
    return [_row(head, row) for row in rest]


def _row(head: list[str], row: list[str]) -> str:
    label, *values = row
    said = [
        f"{head[number]} {value}".strip() if number < len(head) else value
        for number, value in enumerate(values, 1)
        if value
    ]
    return ": ".join(filter(None, (label, "; ".join(said))))
