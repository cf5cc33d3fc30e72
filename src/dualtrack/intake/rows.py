"""Turn a table into columns to be mapped, and then into rows of fields with the original row beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dualtrack.intake.columns import Column
from dualtrack.intake.records import Cell, ColumnMatch, FieldValue, InventoryRow, Sheet, Table, cell_ref
from dualtrack.intake.table import kept
from dualtrack.present.letters import column_letter, column_number

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["inventory_rows", "table_columns"]


def table_columns(sheet: Sheet, table: Table) -> tuple[Column, ...]:
    """Return the table's columns: header texts and the cells of data rows, each in order."""
    return tuple(
        Column(
            letter=column_letter(number),
            ref=cell_ref(sheet.name, table.header_rows[-1], number),
            headers=headers,
            cells=tuple(sheet.cells[row, number] for row in table.rows if (row, number) in sheet.cells),
        )
        for number, headers in table.headers.items()
    )


def inventory_rows(
    sheet: Sheet,
    table: Table,
    matches: Sequence[ColumnMatch],
    covered: Mapping[tuple[int, int], tuple[int, int]],
) -> tuple[InventoryRow, ...]:
    """Return the rows: a field for each mapped column that has a value there, by itself or through a merge."""
    mapped = [(match.field, column_number(match.column)) for match in matches if match.field]
    data = set(table.rows)
    by_row: dict[int, list[Cell]] = {row: [] for row in table.rows}
    for (row, _), cell in sheet.cells.items():
        if row in by_row:
            by_row[row].append(cell)
    rows = []
    for row in table.rows:
        fields = {}
        for name, column in mapped:
            value = _value(sheet, row, column, covered, data)
            if value:
                fields[name] = value
        rows.append(
            InventoryRow(
                row=row,
                ref=cell_ref(sheet.name, row, by_row[row][0].column),
                section=table.sections.get(row, ""),
                fields=fields,
                original=tuple(kept(sheet, cell) for cell in by_row[row]),
            )
        )
    return tuple(rows)


def _value(
    sheet: Sheet, row: int, column: int, covered: Mapping[tuple[int, int], tuple[int, int]], data: set[int]
) -> FieldValue | None:
    """Return a field's value; a covered cell takes its merge's value only from another row of the table's data."""
    own = sheet.cells.get((row, column))
    if own:
        return FieldValue(ref=cell_ref(sheet.name, row, column), text=own.text, kind=own.kind)
    origin = covered.get((row, column))
    source = sheet.cells.get(origin) if origin and origin[0] in data else None
    if source is None:
        return None
    via = cell_ref(sheet.name, row, column)
    return FieldValue(ref=cell_ref(sheet.name, source.row, source.column), text=source.text, kind=source.kind, via=via)
