"""What an entry does to one row of the current-state tables."""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003 - a named tuple is made from its annotations
from typing import NamedTuple

__all__ = ["Change", "Value", "Values"]

Value = str | int | bool | None

Values = dict[str, Value]


class Change(NamedTuple):
    """Put a whole row in a table, or, with `patch`, set some columns of a row that must be there already."""

    table: str
    key: Mapping[str, Value]
    values: Mapping[str, Value]
    patch: bool = False
