"""A figure over a file: a calculation whose operands are cells, kept so that anybody with the file computes it again.

Nothing is guessed on the way: a cell that is no single number, a unit that nobody states, a sum over units that do not add up give
no figure, and the error says which cell or step and why.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Literal

from dualtrack.apps.research.calculate import calculate, numeral, replays
from dualtrack.apps.research.expression import read_expression
from dualtrack.apps.research.program import Operand, Trace
from dualtrack.apps.research.reported import SCALES, Reported, read_reported
from dualtrack.apps.research.units import NUMBER, UNSTATED, unit_of
from dualtrack.domain.records import Record
from dualtrack.errors import FieldError
from dualtrack.intake.records import cell_ref

if TYPE_CHECKING:
    from dualtrack.apps.research.expression import Written
    from dualtrack.apps.research.units import Unit
    from dualtrack.intake.records import Cell, Sheet, Workbook

__all__ = ["DataFile", "Figure", "Stated", "check_figure", "make_figure"]

_CELL = re.compile(r"(?:'(?P<quoted>(?:[^']|'')+)'!|(?P<sheet>.+)!)?(?P<letters>[A-Z]{1,3})(?P<row>[1-9]\d{0,6})")
_LETTERS = 26


class DataFile(Record, frozen=True):
    """The file that the cells are of, by its SHA-256."""

    name: str
    sha256: str


class Stated(Record, frozen=True):
    """What the file's heading says of its numbers and the cells do not repeat: a unit (`HKD`, `share`) and a scale (`thousand`)."""

    unit: str | None = None
    scale: str | None = None

    def __post_init__(self) -> None:
        if self.unit is not None and re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]{0,30}", self.unit) is None:
            raise FieldError(f"{self.unit!r:.40}", where="unit", expected="a word, as HKD or share")
        if self.scale is not None and self.scale not in SCALES:
            raise FieldError(f"{self.scale!r:.40}", where="scale", expected=", ".join(SCALES))


class Figure(Record, frozen=True):
    """A calculation as written, the file, what was stated of it, and every number on the way."""

    format: Literal["dualtrack.figure/1"]
    expression: str
    data: DataFile | None
    stated: Stated
    trace: Trace


def make_figure(expression: str, workbook: Workbook | None, stated: Stated) -> Figure:
    """Compute a figure; raises ExpressionError or FieldError naming the character, cell or step."""
    read = read_expression(expression)
    operands = [_operand(each, workbook, stated) for each in read.written]
    data = None if workbook is None else DataFile(name=workbook.name, sha256=workbook.sha256)
    return Figure("dualtrack.figure/1", expression, data, stated, calculate(read.program, operands))


def check_figure(figure: Figure, workbook: Workbook | None) -> list[str]:
    """Return what does not hold of a figure, in sentences; empty where everything follows.

    Without the file only the arithmetic is checked: that the cells say what the figure says they do stays open.
    """
    if not replays(figure.trace):
        return ["a number does not follow from its operands"]
    if workbook is None:
        return []
    if figure.data is None or workbook.sha256 != figure.data.sha256:
        return [f"{workbook.name} is another file than the figure is of"]
    again = make_figure(figure.expression, workbook, figure.stated)
    if again.trace == figure.trace:
        return []
    changed = [old.source for old, new in zip(figure.trace.operands, again.trace.operands, strict=False) if old != new]
    return [f"{each} does not say that" for each in changed] or ["the calculation is not the one written"]


def _operand(written: Written, workbook: Workbook | None, stated: Stated) -> Operand:
    if written.kind == "number":
        reported = read_reported(written.text)
        if reported is None:
            raise FieldError(f"{written.text!r:.60} is no number", where="calculation")
        return Operand(written.name, "written", written.text, numeral(reported.value), _own_unit(reported, NUMBER))
    if workbook is None:
        raise FieldError(f"cell {written.text} and no file", where="calculation", fix="name the file: --data FILE")
    source, cell = _cell(written.text, workbook)
    text = cell.text
    reported = (
        Reported(Decimal(text)) if cell.kind == "number" else read_reported(text) if cell.kind == "text" else None
    )
    if reported is None:
        raise FieldError(f"{text!r:.60} is no single number", where=source, fix="point at a cell that holds one")
    value = reported.value
    unit = _own_unit(reported, UNSTATED if stated.unit is None else unit_of(stated.unit))
    if reported.scale is None and not reported.percent and stated.scale is not None:
        value = value.scaleb(SCALES[stated.scale])
    return Operand(written.name, source, text, numeral(value), unit)


def _own_unit(reported: Reported, otherwise: Unit) -> Unit:
    """Return the unit that a text states itself; a share in per cent is a pure number."""
    if reported.percent:
        return NUMBER
    return unit_of(reported.currency) if reported.currency else otherwise


def _cell(reference: str, workbook: Workbook) -> tuple[str, Cell]:
    """Return a cell and where it stands."""
    match = _CELL.fullmatch(reference)
    if match is None:
        raise FieldError(f"{reference!r:.60}", where="calculation", expected="a cell, as B7 or income!B7")
    sheet = _sheet((match["quoted"] or "").replace("''", "'") or match["sheet"], workbook)
    column = 0
    for letter in match["letters"]:
        column = column * _LETTERS + ord(letter) - ord("A") + 1
    row = int(match["row"])
    source = cell_ref(sheet.name, row, column)
    cell = sheet.cells.get((row, column))
    if cell is None:
        raise FieldError("an empty cell", where=source, fix="look at the row and column again")
    if cell.kind in {"formula", "error"}:
        raise FieldError(f"a {cell.kind} without a value", where=source, fix="open and save the file with its values")
    return source, cell


def _sheet(name: str | None, workbook: Workbook) -> Sheet:
    if name is None and len(workbook.sheets) == 1:
        return workbook.sheets[0]
    found = [each for each in workbook.sheets if each.name == name]
    if not found:
        names = ", ".join(each.name for each in workbook.sheets)
        raise FieldError(f"sheet {name!r:.60}" if name else "no sheet named", where=workbook.name, expected=names)
    return found[0]
