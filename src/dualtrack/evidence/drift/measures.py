"""The measures of the family `drift`, as registered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dualtrack.evidence.drift.columns import DriftColumns, DriftScore
from dualtrack.evidence.drift.exact import DriftKsExact
from dualtrack.evidence.drift.performance import DriftPerformance

if TYPE_CHECKING:
    from dualtrack.evidence.measure import Measure

__all__ = ["MEASURES"]

MEASURES: tuple[type[Measure[Any, Any]], ...] = (DriftColumns, DriftKsExact, DriftPerformance, DriftScore)
