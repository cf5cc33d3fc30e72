"""The measures of the family `provenance`, as registered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dualtrack.evidence.provenance.licences import Licences
from dualtrack.evidence.provenance.overlap import Overlap
from dualtrack.evidence.provenance.reservations import Reservations

if TYPE_CHECKING:
    from dualtrack.evidence.measure import Measure

__all__ = ["MEASURES"]

MEASURES: tuple[type[Measure[Any, Any]], ...] = (Licences, Overlap, Reservations)
