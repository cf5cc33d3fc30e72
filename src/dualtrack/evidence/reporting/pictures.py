"""A plot as every form of the report carries it: picture, words, and the same numbers as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from markupsafe import Markup

__all__ = ["Plot"]


class Plot(NamedTuple):
    """A picture as SVG with title, description, table and a note on what was left out of it."""

    title: str
    picture: Markup
    description: str
    head: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    note: str
