"""Units of reported numbers, and what arithmetic does to them: money over money is a share, money and shares do not add up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dualtrack.domain.records import Record

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["NUMBER", "POWER_MAX", "UNSTATED", "Unit", "divided", "multiplied", "powered", "same", "unit_of"]

POWER_MAX = 100
"""Largest whole power; compounding over a century is further than any report looks."""


class Unit(Record, frozen=True):
    """A product of powers: `(("HKD", 1), ("share", -1))` is Hong Kong dollars a share. None at all is a pure number.

    `stated` is False where the report was not asked or does not say: such a number mixes with none that is stated.
    """

    parts: tuple[tuple[str, int], ...] = ()
    stated: bool = True

    @property
    def words(self) -> str:
        """The unit in words."""
        if not self.stated:
            return "unit not stated"
        over = [_power(name, power) for name, power in self.parts if power > 0]
        under = [_power(name, -power) for name, power in self.parts if power < 0]
        return " ".join(over or ["number"]) + (f" per {' '.join(under)}" if under else "")


NUMBER = Unit()
UNSTATED = Unit(stated=False)


def unit_of(*names: str) -> Unit:
    """Return the unit of one of each: `unit_of("HKD")`."""
    return _unit((name, 1) for name in names)


def same(one: Unit, other: Unit) -> Unit | None:
    """Return the unit of a sum or difference; None where the two do not add up."""
    return one if one == other else None


def multiplied(one: Unit, other: Unit) -> Unit:
    """Return the unit of a product; with one that is not stated it is not stated, pure numbers aside."""
    if NUMBER in {one, other}:
        return other if one == NUMBER else one
    if not (one.stated and other.stated):
        return UNSTATED
    return _unit((*one.parts, *other.parts))


def divided(one: Unit, other: Unit) -> Unit:
    """Return the unit of a quotient; two that are not stated give one that is not stated."""
    if other == NUMBER:
        return one
    if not (one.stated and other.stated):
        return UNSTATED
    return _unit((*one.parts, *((name, -power) for name, power in other.parts)))


def powered(one: Unit, power: int | None) -> Unit | None:
    """Return the unit of a power; None for a power that is not whole (None) of what is no pure number."""
    if one == NUMBER:
        return NUMBER
    if power is None or abs(power) > POWER_MAX:
        return None
    return _unit((name, each * power) for name, each in one.parts) if one.stated else UNSTATED


def _unit(parts: Iterable[tuple[str, int]]) -> Unit:
    total: dict[str, int] = {}
    for name, power in parts:
        total[name] = total.get(name, 0) + power
    return Unit(parts=tuple(sorted((name, power) for name, power in total.items() if power)))


def _power(name: str, power: int) -> str:
    return name if power == 1 else f"{name}^{power}"
