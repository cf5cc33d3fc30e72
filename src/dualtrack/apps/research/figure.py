"""A figure over a file: a calculation whose operands are cells, kept so that anybody with the file computes it again.

Nothing is guessed on the way: a cell that is no single number, a unit that nobody states, a sum over units that do not add up give
no figure, and the error says which cell or step and why.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Literal

from msgspec.structs import replace

from dualtrack.apps.research.calculate import calculate, numeral, replays
from dualtrack.apps.research.expression import read_expression
from dualtrack.apps.research.metrics import catalogue, find_metric, metric_roles, role_unit
from dualtrack.apps.research.program import Operand, Program, Step, Trace
from dualtrack.apps.research.reported import SCALES, Reported, read_reported
from dualtrack.apps.research.units import NUMBER, UNSTATED, unit_of
from dualtrack.domain.records import Record
from dualtrack.errors import FieldError
from dualtrack.intake.records import cell_ref

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dualtrack.apps.research.expression import Written
    from dualtrack.apps.research.units import Unit
    from dualtrack.intake.records import Cell, Sheet, Workbook

__all__ = ["DataFile", "Figure", "Stated", "check_figure", "make_figure", "make_named", "operand_of"]

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
    """A calculation as written, the file, what was stated of it, and every number on the way.

    `metric` names a definition of the catalogue, computed from what `roles` points at; its formula is then the expression.
    """

    format: Literal["dualtrack.figure/1"]
    metric: str | None
    roles: dict[str, str]
    expression: str
    data: DataFile | None
    stated: Stated
    trace: Trace


def make_figure(expression: str, workbook: Workbook | None, stated: Stated) -> Figure:
    """Compute a figure; raises ExpressionError or FieldError naming the character, cell or step."""
    read = read_expression(expression)
    unit = UNSTATED if stated.unit is None else unit_of(stated.unit)
    operands = [operand_of(each, workbook, unit, stated.scale) for each in read.written]
    return Figure(
        "dualtrack.figure/1", None, {}, expression, _file(workbook), stated, calculate(read.program, operands)
    )


def make_named(name: str, roles: Mapping[str, str], workbook: Workbook | None, stated: Stated) -> Figure:
    """Compute a figure of the catalogue from what each role points at (a cell, or a calculation over cells).

    `stated.unit` is the currency of the report; the stated scale is that of money only. Raises FieldError for a role that is
    missing, unknown, or given a number of another kind.
    """
    metric = find_metric(name)
    wanted = metric_roles(metric)
    odd = [each for each in wanted if each not in roles] or sorted(set(roles) - set(wanted))
    if odd:
        what = "is not pointed at" if odd[0] in wanted else "is no part of it"
        raise FieldError(f"{odd[0]} {what}", where=name, expected=", ".join(wanted))
    if stated.unit is None and any(role_unit(each, "HKD") not in {NUMBER, unit_of("share")} for each in wanted):
        raise FieldError("no currency", where=name, fix="state that of the report: --unit HKD")
    operands, steps, results = list[Operand](), list[Step](), dict[str, str]()
    for role in wanted:
        read, unit = read_expression(roles[role]), role_unit(role, stated.unit or "")
        scale = stated.scale if catalogue().roles[role].kind == "money" else None
        found = [operand_of(each, workbook, unit, scale) for each in read.written]
        operands += [replace(each, name=f"{role}.{each.name}") for each in found]
        steps += [_under(role, each) for each in read.program.steps]
        results[role] = f"{role}.{read.program.result}"
    formula = read_expression(metric.formula, names=True)
    named = {each.name: results[each.text] for each in formula.written if each.kind == "name"}
    operands += [operand_of(each, workbook, NUMBER, None) for each in formula.written if each.kind != "name"]
    steps += [
        replace(each, arguments=tuple(named.get(one, one) for one in each.arguments)) for each in formula.program.steps
    ]
    result = named.get(formula.program.result, formula.program.result)
    trace = calculate(Program(steps=tuple(steps), result=result), operands)
    units = {each.name: each.unit for each in operands} | {each.step.name: each.unit for each in trace.steps}
    for role, at in results.items():
        if units[at] != (unit := role_unit(role, stated.unit or "")):
            raise FieldError(units[at].words, where=f"{name}, {role}", expected=unit.words)
    return Figure("dualtrack.figure/1", name, dict(roles), metric.formula, _file(workbook), stated, trace)


def _under(role: str, step: Step) -> Step:
    return replace(step, name=f"{role}.{step.name}", arguments=tuple(f"{role}.{each}" for each in step.arguments))


def _file(workbook: Workbook | None) -> DataFile | None:
    return None if workbook is None else DataFile(name=workbook.name, sha256=workbook.sha256)


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
    if figure.metric is None:
        again = make_figure(figure.expression, workbook, figure.stated)
    else:
        again = make_named(figure.metric, figure.roles, workbook, figure.stated)
    if again.expression != figure.expression:
        return [f"{figure.metric} is defined otherwise: {again.expression}"]
    if again.trace == figure.trace:
        return []
    changed = [old.source for old, new in zip(figure.trace.operands, again.trace.operands, strict=False) if old != new]
    return [f"{each} does not say that" for each in changed] or ["the calculation is not the one written"]


def operand_of(written: Written, workbook: Workbook | None, otherwise: Unit, scale: str | None) -> Operand:
    """Return the number that a calculation refers to; unit and scale are those of a cell that does not state its own."""
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
    if reported.scale is None and not reported.percent and scale is not None:
        value = value.scaleb(SCALES[scale])
    return Operand(written.name, source, text, numeral(value), _own_unit(reported, otherwise))


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
