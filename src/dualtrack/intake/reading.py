"""The inventory as the checks see it: rows, which column holds which field, the date, and drafts of findings."""

from __future__ import annotations

from datetime import date

from msgspec import Struct

from dualtrack.domain.records import Text
from dualtrack.intake.catalogue import phrase
from dualtrack.intake.records import ColumnMatch, InventoryRow, Kept
from dualtrack.intake.values import is_blank

__all__ = ["Draft", "Reading"]


class Draft(Struct, frozen=True, kw_only=True):
    """A finding before it has words: its kind, its row (none for the table itself), its cells, its detail."""

    kind: str
    row: InventoryRow | None
    cells: tuple[Kept, ...]
    detail: Text
    action: Text | None = None
    """What to do, where it differs from the kind's own words."""


class Reading(Struct, frozen=True, kw_only=True):
    """Rows and what is known about them on a date; every check takes this and returns drafts."""

    sheet: str
    rows: tuple[InventoryRow, ...]
    matches: tuple[ColumnMatch, ...]
    at: date
    epoch_1904: bool = False

    def column(self, field: str) -> str:
        """Return the letter of the column mapped to a field, or nothing."""
        return next((match.column for match in self.matches if match.field == field), "")

    def cell(self, row: InventoryRow, field: str) -> Kept:
        """Return a row's cell for a mapped field; an empty one has its reference and no text."""
        value = row.fields.get(field)
        if value:
            return Kept(ref=value.ref, text=value.text, kind=value.kind)
        prefix, _, _ = row.ref.rpartition("!")
        return Kept(ref=f"{prefix}!{self.column(field)}{row.row}", text="")

    def blank(self, row: InventoryRow, field: str) -> bool:
        """Say whether a row says nothing for a field: empty, a placeholder, an error."""
        value = row.fields.get(field)
        return value is None or is_blank(value.text, value.kind)

    def said(self, cell: Kept) -> Text:
        """Return in words that a cell is empty, or which empty word it has."""
        return phrase("says", ref=cell.ref, text=cell.text) if cell.text.strip() else phrase("empty", ref=cell.ref)
