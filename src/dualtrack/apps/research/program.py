"""Calculations as records: operands with where they stand, steps in order, and what came of each."""

from __future__ import annotations

from typing import Literal

from dualtrack.apps.research.units import NUMBER, Unit
from dualtrack.domain.records import Record

__all__ = ["Operand", "Operation", "Program", "Step", "Trace", "TracedStep"]

Operation = Literal["add", "subtract", "multiply", "divide", "power", "negate"]
"""All that a calculation can do."""


class Operand(Record, frozen=True):
    """A number that a calculation starts from.

    `source` is where it stands (`income!C7`) or `written` for a number in the calculation itself; `text` is what is printed
    there, `value` its value in base units as a decimal numeral.
    """

    name: str
    source: str
    text: str
    value: str
    unit: Unit = NUMBER


class Step(Record, frozen=True):
    """One operation on operands or earlier steps, by name."""

    name: str
    operation: Operation
    arguments: tuple[str, ...]


class Program(Record, frozen=True):
    """Steps in order; the result is that of `result`, a step or an operand."""

    steps: tuple[Step, ...]
    result: str


class TracedStep(Record, frozen=True):
    """A step with its value, as a decimal numeral, and unit."""

    step: Step
    value: str
    unit: Unit


class Trace(Record, frozen=True):
    """A whole calculation: whoever has it computes every number again and looks up every operand."""

    operands: tuple[Operand, ...]
    steps: tuple[TracedStep, ...]
    result: str
    value: str
    unit: Unit
