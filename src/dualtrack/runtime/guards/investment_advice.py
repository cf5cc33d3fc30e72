"""Guard: drift into investment recommendations, advice or research.

The SFC holds these uses high-risk: a person reviews before the answer goes out (24EC55 paragraphs 8 and 18). A firm that means to
give them declares that and uses action `route` or review mode `hold`; all others block or route.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from dualtrack.runtime.guards.base import CLEAR, GuardResult
from dualtrack.runtime.guards.cues import combine, cue_set
from dualtrack.runtime.guards.texts import answered, asked, refuse_settings, told_before

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dualtrack.domain.records import Value
    from dualtrack.runtime.guards.base import Checked

__all__ = ["InvestmentAdvice"]


class InvestmentAdvice:
    """Scores questions for advice and answers that give it; facts, fees, definitions and order handling stay clear.

    "And should I buy it?" counts where what "it" may be was named in one of the texts before.
    """

    name: ClassVar[str] = "investment_advice"
    stages: ClassVar[frozenset[str]] = frozenset({"input", "output"})
    source: ClassVar[str] = "SFC 24EC55 paragraphs 8 and 18"

    def __init__(self, settings: Mapping[str, Value]) -> None:
        refuse_settings(self.name, settings)
        self._cues = {"input": cue_set("investment_advice"), "output": cue_set("investment_answers")}

    def check(self, checked: Checked, /) -> GuardResult:
        """Return the combined score of the cues in what is asked or answered in this turn."""
        parts, cues = answered(checked) if checked.stage == "output" else asked(checked), self._cues[checked.stage]
        found = [item for part in parts for item in cues.find(part, checked.stage)]
        before = told_before(checked, parts) if len(checked.pieces) > len(parts) else []
        if before:
            found += [item for part in parts for item in cues.find_across(part, checked.stage, before)]
        return GuardResult(combine(found), tuple(found)) if found else CLEAR
