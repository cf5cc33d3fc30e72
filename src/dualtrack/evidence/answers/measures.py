"""The measures of the family `answers`, as registered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dualtrack.evidence.answers.citation import Citation
from dualtrack.evidence.answers.consistency import Consistency
from dualtrack.evidence.answers.exact import Exact
from dualtrack.evidence.answers.faithfulness import Faithfulness
from dualtrack.evidence.answers.flagged import Flagged
from dualtrack.evidence.answers.numeric import Numeric

if TYPE_CHECKING:
    from dualtrack.evidence.measure import Measure

__all__ = ["MEASURES"]

MEASURES: tuple[type[Measure[Any, Any]], ...] = (Exact, Numeric, Citation, Faithfulness, Consistency, Flagged)
