"""The measures of the family `fairness`, as registered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dualtrack.evidence.fairness.alternatives import Alternatives
from dualtrack.evidence.fairness.attributes import AttributesMeasured
from dualtrack.evidence.fairness.calibration_within import CalibrationWithin
from dualtrack.evidence.fairness.consistency import Consistency
from dualtrack.evidence.fairness.flips import CounterfactualFlips
from dualtrack.evidence.fairness.frontier import Frontier
from dualtrack.evidence.fairness.group_rates import GroupRates
from dualtrack.evidence.fairness.mitigation import Mitigation
from dualtrack.evidence.fairness.proxies import Proxies

if TYPE_CHECKING:
    from dualtrack.evidence.measure import Measure

__all__ = ["MEASURES"]

MEASURES: tuple[type[Measure[Any, Any]], ...] = (
    Alternatives,
    AttributesMeasured,
    CalibrationWithin,
    Consistency,
    CounterfactualFlips,
    Frontier,
    GroupRates,
    Mitigation,
    Proxies,
)
