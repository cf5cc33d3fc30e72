"""A fact: one number of a report with its label, period, unit and cell, and the role that it can play in a definition."""

from __future__ import annotations

from decimal import Decimal

from dualtrack.apps.research.documents.labels import StatementKind
from dualtrack.apps.research.documents.periods import Period
from dualtrack.apps.research.units import Unit
from dualtrack.domain.records import Record

__all__ = ["Fact"]


class Fact(Record, frozen=True):
    """A number as reported. `value` is in base units with the sign printed; `role_value` has the sign that the role asks for.

    `concept` is a role of metrics.yaml or another name of labels.yaml, None where the label is not known or could mean several things.
    `scale` is the power of ten that the heading adds to what is printed, and `printed` what is printed; `column` and
    `restated` are what the heading says.
    """

    document: str
    address: str
    statement: StatementKind | None
    concept: str | None
    label: str
    printed: str
    value: str
    role_value: str
    unit: Unit
    scale: int
    period: Period
    column: str = ""
    restated: bool = False
    nil: bool = False

    @property
    def step(self) -> Decimal:
        """A unit of the last place printed, in base units."""
        places = sum(letter.isdigit() for letter in self.printed.partition(".")[2])
        return Decimal(1).scaleb(self.scale - places)
