"""Whether the lines of a statement add up from one named total to the next: a wrong sign shows here, wherever it stands.

Lines are taken as printed. Statements that print costs without brackets, or with sums within sums, do not add up this way in any
column; then nothing is said. Where one column of a table adds up and another does not, the other has an error or was misread.
"""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from dualtrack.apps.research.documents.model import parse_address

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dualtrack.apps.research.documents.facts import Fact

__all__ = ["CHAINS", "Added", "added_up"]

CHAINS = (
    ("gross_profit", "operating_profit", True),
    ("operating_profit", "profit_before_tax", True),
    ("non_current_assets", "current_assets", False),
    ("operating_cash_flow", "investing_cash_flow", False),
    ("investing_cash_flow", "financing_cash_flow", False),
)
"""From one total to the next, and whether the first is part of the second: an income statement carries on, sections begin anew."""

_LINES_MAX = 60
"""Most lines between two totals of a statement."""


class Added(NamedTuple):
    """The total of a column and what its lines add up to, the facts taken in order, and whether both agree within rounding."""

    total: Fact
    difference: Decimal
    tolerance: Decimal
    parts: tuple[Fact, ...]

    @property
    def holds(self) -> bool:
        """Whether rounding explains the difference."""
        return abs(self.difference) <= self.tolerance


def added_up(facts: Iterable[Fact]) -> tuple[Added, ...]:
    """Return the columns of each table and chain, where at least one column of it adds up."""
    tables: dict[tuple[str, int, int], dict[int, list[Fact]]] = defaultdict(lambda: defaultdict(list))
    for fact in facts:
        if fact.statement in {"income", "position", "cash_flow"}:
            address = parse_address(fact.address)
            tables[address.name, address.page, address.table][address.column].append(fact)
    found: list[Added] = []
    for columns in tables.values():
        for first, last, carry in CHAINS:
            added = [each for column in columns.values() for each in [_add(column, first, last, carry=carry)] if each]
            if any(each.holds for each in added):
                found += added
    return tuple(found)


def _add(column: Sequence[Fact], first: str, last: str, *, carry: bool) -> Added | None:
    """Add the lines of one column, in the order of their rows, between two totals."""
    rows = sorted(column, key=lambda each: parse_address(each.address).row)
    starts = [place for place, each in enumerate(rows) if each.concept == first]
    ends = [place for place, each in enumerate(rows) if each.concept == last]
    if len(starts) != 1 or len(ends) != 1 or not 1 < ends[0] - starts[0] <= _LINES_MAX:
        return None
    parts = tuple(rows[starts[0] + (not carry) : ends[0]])
    total = rows[ends[0]]
    if {each.unit for each in parts} != {total.unit}:
        return None
    difference = Decimal(total.value) - sum((Decimal(each.value) for each in parts), Decimal(0))
    tolerance = sum((each.step for each in (total, *parts)), Decimal(0)) / 2
    return Added(total, difference, tolerance, parts)
