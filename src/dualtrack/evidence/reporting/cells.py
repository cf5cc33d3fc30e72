"""Tables and facts of a report as plain texts: what any form sets without knowing what it means."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from dualtrack.evidence.reporting.words import Tone

__all__ = ["Cell", "Column", "Fact", "Table", "entry_cell", "tone_cell"]


class Cell(NamedTuple):
    """One cell: its text, a quieter line below it, where it leads; a standing has a tone and the sign that goes with it."""

    text: str
    sub: str = ""
    href: str = ""
    tone: Tone | None = None
    sign: str = ""
    code: bool = False


class Column(NamedTuple):
    """A column's head; numbers stand to the right."""

    label: str
    numeric: bool = False


class Table(NamedTuple):
    """A table with a caption; the first cell of a row names it."""

    caption: str
    columns: list[Column]
    rows: list[list[Cell]]


class Fact(NamedTuple):
    """A term with its value; `entry` is the ledger entry that it is read from."""

    term: str
    value: str
    code: bool = False
    entry: int | None = None


def entry_cell(entry: int) -> Cell:
    """Return the cell of a ledger entry; a console makes a link of it."""
    return Cell(f"{entry:,}", href=f"/ledger/{entry}")


def tone_cell(sign: str, text: str, tone: Tone, sub: str = "") -> Cell:
    """Return the cell of a standing: words with a sign, which a form may colour besides."""
    return Cell(text, sub, tone=tone, sign=sign)
