"""The measures of the family `robustness`, as registered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dualtrack.evidence.robustness.boundary import Boundary
from dualtrack.evidence.robustness.controls import RandomModel, ShuffledLabels
from dualtrack.evidence.robustness.gaps import MissingFields, OutOfRange
from dualtrack.evidence.robustness.paraphrase import Paraphrase
from dualtrack.evidence.robustness.perturbation import Perturbation
from dualtrack.evidence.robustness.poisoning import PoisonedLabels
from dualtrack.evidence.robustness.repeats import RetrainStability, SeedStability

if TYPE_CHECKING:
    from dualtrack.evidence.measure import Measure

__all__ = ["MEASURES"]

MEASURES: tuple[type[Measure[Any, Any]], ...] = (
    Perturbation,
    MissingFields,
    OutOfRange,
    Boundary,
    Paraphrase,
    SeedStability,
    RetrainStability,
    ShuffledLabels,
    RandomModel,
    PoisonedLabels,
)
