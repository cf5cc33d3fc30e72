"""Guard: people who want no AI, or a person.

Fires for everybody whose choice is on record (`opted_out`), and for words that ask for a person or refuse AI in this turn.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from dualtrack.runtime.guards.base import CLEAR, SCORE_MAX, Finding, GuardResult
from dualtrack.runtime.guards.cues import combine, cue_set
from dualtrack.runtime.guards.texts import asked, refuse_settings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dualtrack.domain.records import Value
    from dualtrack.runtime.guards.base import Checked

__all__ = ["OptOut"]


class OptOut:
    """Scores 1000 for an opt-out on record, and the cues of a request for a person."""

    name: ClassVar[str] = "opt_out"
    stages: ClassVar[frozenset[str]] = frozenset({"input"})
    source: ClassVar[str] = "HKMA 19 August 2024 section 2"

    def __init__(self, settings: Mapping[str, Value]) -> None:
        refuse_settings(self.name, settings)
        self._cues = cue_set("opt_out")

    def check(self, checked: Checked, /) -> GuardResult:
        """Return 1000 when this person has opted out, else the score of what is asked in this turn."""
        if checked.opted_out:
            return GuardResult(SCORE_MAX, (Finding("opted-out", 0, 0, 0, SCORE_MAX, "an opt-out is on record"),))
        found = [item for part in asked(checked) for item in self._cues.find(part, checked.stage)]
        return GuardResult(combine(found), tuple(found)) if found else CLEAR
