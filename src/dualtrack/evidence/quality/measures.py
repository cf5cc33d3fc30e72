"""The measures of the family `quality`, as registered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dualtrack.evidence.quality.accuracy import Accuracy
from dualtrack.evidence.quality.completeness import Completeness
from dualtrack.evidence.quality.consistency import Consistency
from dualtrack.evidence.quality.duplicates import Duplicates
from dualtrack.evidence.quality.leakage import Leakage
from dualtrack.evidence.quality.timeliness import Timeliness

if TYPE_CHECKING:
    from dualtrack.evidence.measure import Measure

__all__ = ["MEASURES"]

MEASURES: tuple[type[Measure[Any, Any]], ...] = (
    Accuracy,
    Completeness,
    Consistency,
    Duplicates,
    Leakage,
    Timeliness,
)
