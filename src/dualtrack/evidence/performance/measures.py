"""The measures of the family `performance`, as registered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dualtrack.evidence.performance.binned_calibration import Calibration
from dualtrack.evidence.performance.binned_discrimination import Discrimination
from dualtrack.evidence.performance.confusion import Confusion
from dualtrack.evidence.performance.cost_curve import CostCurve
from dualtrack.evidence.performance.discrimination_difference import DiscriminationDifference
from dualtrack.evidence.performance.error import Error
from dualtrack.evidence.performance.lift import Lift
from dualtrack.evidence.performance.segments import Segments

if TYPE_CHECKING:
    from dualtrack.evidence.measure import Measure

__all__ = ["MEASURES"]

MEASURES: tuple[type[Measure[Any, Any]], ...] = (
    Discrimination,
    DiscriminationDifference,
    Calibration,
    Lift,
    CostCurve,
    Confusion,
    Segments,
    Error,
)
