"""The measures of the family `benefit`, as registered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dualtrack.evidence.benefit.before_after import BeforeAfter
from dualtrack.evidence.benefit.capture_measure import Capture
from dualtrack.evidence.benefit.cost_and_minutes import CostAndMinutes
from dualtrack.evidence.benefit.energy import Energy
from dualtrack.evidence.benefit.paired_measure import Paired
from dualtrack.evidence.benefit.sequential import Sequential
from dualtrack.evidence.benefit.switchback import Switchback
from dualtrack.evidence.benefit.two_arm import TwoArm

if TYPE_CHECKING:
    from dualtrack.evidence.measure import Measure

__all__ = ["MEASURES"]

MEASURES: tuple[type[Measure[Any, Any]], ...] = (
    BeforeAfter,
    Capture,
    CostAndMinutes,
    Energy,
    Paired,
    Sequential,
    Switchback,
    TwoArm,
)
