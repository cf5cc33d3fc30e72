"""A closed calculator: five operations and a sign, on decimals; nothing else can be asked of it.

Decimals of 34 digits, rounded half to even (IEEE 754-2008, decimal128). No step may look ahead, divide by zero, mix units that do
not add up, or leave the range of money: then there is no result, and the error says which step and why.
"""

from __future__ import annotations

from decimal import MAX_EMAX, MIN_EMIN, ROUND_HALF_EVEN, Context, Decimal, DecimalException
from typing import TYPE_CHECKING

from dualtrack.apps.research.program import Operand, Program, Step, Trace, TracedStep
from dualtrack.apps.research.units import POWER_MAX, Unit, divided, multiplied, powered, same
from dualtrack.errors import FieldError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["DIGITS", "LARGEST", "STEPS_MAX", "calculate", "numeral", "replays"]

DIGITS = 34
LARGEST = Decimal(10) ** 30
STEPS_MAX = 200

_CONTEXT = Context(prec=DIGITS, rounding=ROUND_HALF_EVEN, Emax=MAX_EMAX, Emin=MIN_EMIN)


def calculate(program: Program, operands: Sequence[Operand]) -> Trace:
    """Run a program; raises FieldError naming the step that cannot be made."""
    if len(program.steps) > STEPS_MAX:
        raise FieldError(f"{len(program.steps)} steps", where="calculation", expected=f"at most {STEPS_MAX}")
    known: dict[str, tuple[Decimal, Unit]] = {}
    for operand in operands:
        if operand.name in known:
            raise FieldError(f"{operand.name} twice", where="operands", fix="give each its own name")
        known[operand.name] = (_number(operand), operand.unit)
    traced = []
    for step in program.steps:
        if step.name in known:
            raise FieldError(f"{step.name} twice", where="calculation", fix="give each step its own name")
        value, unit = _step(step, known)
        known[step.name] = (value, unit)
        traced.append(TracedStep(step=step, value=numeral(value), unit=unit))
    if program.result not in known:
        raise FieldError(f"no step {program.result!r:.80}", where="result of the calculation")
    value, unit = known[program.result]
    return Trace(tuple(operands), tuple(traced), program.result, numeral(value), unit)


def replays(trace: Trace) -> bool:
    """Say whether every number of a trace follows from its operands, digit for digit."""
    program = Program(steps=tuple(each.step for each in trace.steps), result=trace.result)
    try:
        return calculate(program, trace.operands) == trace
    except FieldError:
        return False


def numeral(value: Decimal) -> str:
    """Return a decimal as plain digits without trailing zeros, the same for equal values."""
    if value == 0:
        return "0"
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _number(operand: Operand) -> Decimal:
    try:
        value = Decimal(operand.value)
    except DecimalException as error:
        raise FieldError(
            f"{operand.value!r:.40}", where=f"operand {operand.name}", expected="a decimal numeral"
        ) from error
    if not value.is_finite() or numeral(value) != operand.value or abs(value) > LARGEST:
        raise FieldError(
            f"{operand.value!r:.40}", where=f"operand {operand.name}", expected=f"a plain numeral up to {LARGEST:.0e}"
        )
    return value


def _step(step: Step, known: Mapping[str, tuple[Decimal, Unit]]) -> tuple[Decimal, Unit]:
    where = f"step {step.name}"
    wanted = 1 if step.operation == "negate" else 2
    if len(step.arguments) != wanted:
        raise FieldError(f"{len(step.arguments)} arguments of {step.operation}", where=where, expected=f"{wanted}")
    missing = [name for name in step.arguments if name not in known]
    if missing:
        raise FieldError(
            f"{missing[0]!r:.80} is not known there", where=where, expected="an operand or an earlier step"
        )
    found = [known[name] for name in step.arguments]
    unit = _unit(step, found, where)
    try:
        value = _apply(step.operation, [value for value, _ in found])
    except DecimalException as error:
        raise FieldError(
            f"{step.operation} has no result here", where=where, fix="look for a zero or a root of a negative"
        ) from error
    if not value.is_finite() or abs(value) > LARGEST:
        raise FieldError("a result beyond any sum of money", where=where, expected=f"up to {LARGEST:.0e}")
    return value, unit


def _apply(operation: str, values: list[Decimal]) -> Decimal:
    match operation:
        case "add":
            return _CONTEXT.add(*values)
        case "subtract":
            return _CONTEXT.subtract(*values)
        case "multiply":
            return _CONTEXT.multiply(*values)
        case "divide":
            return _CONTEXT.divide(*values)
        case "power":
            if abs(values[1]) > POWER_MAX:
                raise FieldError(f"power {values[1]}", where="calculation", expected=f"up to {POWER_MAX}")
            return _CONTEXT.power(*values)
        case _:
            return _CONTEXT.minus(values[0])


def _unit(step: Step, found: list[tuple[Decimal, Unit]], where: str) -> Unit:
    units = [unit for _, unit in found]
    match step.operation:
        case "add" | "subtract":
            made = same(*units)
        case "multiply":
            made = multiplied(*units)
        case "divide":
            made = divided(*units)
        case "power":
            exponent = found[1][0]
            whole = int(exponent) if exponent == exponent.to_integral_value() else None
            made = powered(units[0], whole) if units[1] == Unit() else None
        case _:
            made = units[0]
    if made is None:
        said = " and ".join(unit.words for unit in units)
        raise FieldError(
            f"{said} do not go together", where=where, expected=f"units that {step.operation} takes",
            fix="state the units, or choose numbers of one kind",
        )  # fmt: skip
    return made
