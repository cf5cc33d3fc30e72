"""What intake says: cells, tables, mappings, rows, findings. Frozen, JSON-able, each with its place in the workbook."""

from __future__ import annotations

from typing import Literal

from dualtrack.domain.records import Record, Text
from dualtrack.present.letters import column_letter

__all__ = [
    "Aside",
    "AsideReason",
    "Cell",
    "CellKind",
    "Cite",
    "ColumnMatch",
    "FieldValue",
    "Finding",
    "InventoryRow",
    "Kept",
    "Merge",
    "OtherSheet",
    "Sheet",
    "Table",
    "Workbook",
    "cell_ref",
]

AsideReason = Literal["above", "section", "total", "note", "repeated-header", "second-table"]

CellKind = Literal["text", "number", "date", "bool", "error", "formula"]


class Cell(Record, frozen=True):
    """A non-empty cell as stored: 1-based place, its text, its kind (`formula`: one without a stored value)."""

    row: int
    column: int
    text: str
    kind: CellKind = "text"


class Merge(Record, frozen=True):
    """A merged range, 1-based and inclusive; only its top left cell has a value."""

    top: int
    left: int
    bottom: int
    right: int


class Sheet(Record, frozen=True):
    """A sheet: its cells by (row, column), its merges, whether the workbook hides it."""

    name: str
    hidden: bool
    cells: dict[tuple[int, int], Cell]
    merges: tuple[Merge, ...] = ()

    @property
    def rows(self) -> int:
        """Number of the last row that has a value; 0 for an empty sheet."""
        return max((row for row, _ in self.cells), default=0)

    @property
    def columns(self) -> int:
        """Number of the last column that has a value; 0 for an empty sheet."""
        return max((column for _, column in self.cells), default=0)


class Workbook(Record, frozen=True):
    """A file as read: its name, SHA-256, format, how its text was decoded (csv), its sheets, the epoch of bare serials."""

    name: str
    sha256: str
    format: Literal["xlsx", "xls", "ods", "csv"]
    sheets: tuple[Sheet, ...]
    decoding: Text | None = None
    epoch_1904: bool = False


class Kept(Record, frozen=True):
    """A cell kept beside what was made of it: reference, original text, kind."""

    ref: str
    text: str
    kind: CellKind = "text"


class FieldValue(Record, frozen=True):
    """A field's original text and its cell; `via` is the row's own cell when a merge carries the value there."""

    ref: str
    text: str
    kind: CellKind = "text"
    via: str = ""


class InventoryRow(Record, frozen=True):
    """One row of the inventory: fields that were understood, and the whole original row beside them."""

    row: int
    ref: str
    section: str
    fields: dict[str, FieldValue]
    original: tuple[Kept, ...]

    def text(self, name: str) -> str:
        """Return a field's original text, or nothing when the row has none."""
        value = self.fields.get(name)
        return value.text if value else ""


class Aside(Record, frozen=True):
    """A row that is not a row of the inventory (title, note, total, section heading, repeated header), and why."""

    row: int
    reason: AsideReason
    cells: tuple[Kept, ...]


class OtherSheet(Record, frozen=True):
    """A sheet that was not read as the inventory: `hits` header names were recognised on it."""

    name: str
    hidden: bool
    rows: int
    columns: int
    hits: int


class Table(Record, frozen=True):
    """A table found in a sheet: header rows (1-based), columns with a header or a value, data rows, rows set aside."""

    sheet: str
    header_rows: tuple[int, ...]
    headers: dict[int, tuple[str, ...]]
    rows: tuple[int, ...]
    sections: dict[int, str]
    aside: tuple[Aside, ...]
    hits: int


class ColumnMatch(Record, frozen=True):
    """What a column was taken for: `field` is empty when it was left unmapped; `candidates` were considered, best first."""

    column: str
    ref: str
    header: str
    field: str
    confidence: float
    state: Literal["mapped", "asked", "aside"]
    reason: Text
    candidates: tuple[str, ...] = ()


class Cite(Record, frozen=True):
    """Where an examiner's question comes from: document and paragraph, who it is addressed to."""

    document: str
    paragraph: str
    short: Text
    place: Text
    binds: Text


class Finding(Record, frozen=True):
    """One gap: what, where, how serious, what an examiner would ask, who must do what."""

    number: str
    kind: str
    severity: Literal["high", "medium", "low", "note"]
    title: Text
    detail: Text
    question: Text
    action: Text
    owner: str
    """Who must act, as the inventory writes the name; empty when no owner is named or the gap is in the table itself."""
    row: int | None
    """The row of the sheet; none for a gap in the table itself."""
    name: str
    cells: tuple[Kept, ...]
    cites: tuple[Cite, ...] = ()


def cell_ref(sheet: str, row: int, column: int) -> str:
    """Return a reference as spreadsheet programs write it: `Models!C12`, `'AI list'!C12`, `'Bob''s'!C12`."""
    plain = sheet.isidentifier() and not sheet[-1].isdigit()
    shown = sheet if plain else "'" + sheet.replace("'", "''") + "'"
    return f"{shown}!{column_letter(column)}{row}"
