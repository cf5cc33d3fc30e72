"""What an import of an inventory records: every original row with the mapping that was accepted, cut to fit into entries."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dualtrack.domain.records import Record, encode

if TYPE_CHECKING:
    from dualtrack.intake.result import GapReport

__all__ = ["ROWS_BYTES_MAX", "InventoryPart", "inventory_parts"]

ROWS_BYTES_MAX = 700_000
"""Bytes of rows in one entry: signed and in base 64 they stay below the 1 MiB that an entry may have."""


class InventoryPart(Record, frozen=True):
    """A part of an inventory: the file by digest, the mapping that was accepted, and original rows."""

    file: str
    sha256: str
    sheet: str
    mapping: dict[str, str]
    part: int
    parts: int
    rows: list[dict[str, str]]


def inventory_parts(report: GapReport) -> list[InventoryPart]:
    """Return the report's rows as records that fit into entries."""
    parts: list[list[dict[str, str]]] = [[]]
    room = ROWS_BYTES_MAX
    for row in report.rows:
        original = {kept.ref: kept.text for kept in row.original}
        size = len(encode(original))
        if parts[-1] and size > room:
            parts.append([])
            room = ROWS_BYTES_MAX
        parts[-1].append(original)
        room -= size
    mapping = {match.column: match.field for match in report.matches if match.field}
    return [
        InventoryPart(
            file=report.file,
            sha256=report.sha256,
            sheet=report.sheet,
            mapping=mapping,
            part=number,
            parts=len(parts),
            rows=rows,
        )
        for number, rows in enumerate(parts, 1)
    ]
