"""The measures of the family `explanation`, as registered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dualtrack.evidence.explanation.agreement import Agreement
from dualtrack.evidence.explanation.fidelity import Fidelity
from dualtrack.evidence.explanation.monotonicity import Monotonicity
from dualtrack.evidence.explanation.sparsity import Sparsity
from dualtrack.evidence.explanation.stability import Stability

if TYPE_CHECKING:
    from dualtrack.evidence.measure import Measure

__all__ = ["MEASURES"]

MEASURES: tuple[type[Measure[Any, Any]], ...] = (Fidelity, Stability, Agreement, Sparsity, Monotonicity)
