"""Guard: advice or inducement on a material decision about MPF.

Who is not registered must not give it, whatever review stands behind the text. So the action must be `block`, or `route` to a
registered intermediary, and there is nothing to set: the registry refuses a milder action or a threshold above `threshold_max`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from dualtrack.runtime.guards.base import CLEAR, GuardResult
from dualtrack.runtime.guards.cues import combine, cue_set
from dualtrack.runtime.guards.texts import answered, asked, refuse_settings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dualtrack.domain.records import Value
    from dualtrack.runtime.guards.base import Checked

__all__ = ["MpfChoice"]


class MpfChoice:
    """Scores questions for a choice of MPF fund or scheme and answers that give one; procedures and facts stay clear."""

    name: ClassVar[str] = "mpf_choice"
    stages: ClassVar[frozenset[str]] = frozenset({"input", "output"})
    source: ClassVar[str] = "Cap. 485 sections 34F and 34L"
    actions: ClassVar[frozenset[str]] = frozenset({"block", "route"})
    threshold_max: ClassVar[int] = 600

    def __init__(self, settings: Mapping[str, Value]) -> None:
        refuse_settings(self.name, settings)
        self._cues = cue_set("mpf_choice")

    def check(self, checked: Checked, /) -> GuardResult:
        """Return the combined score of the cues in what is asked or answered in this turn."""
        parts = answered(checked) if checked.stage == "output" else asked(checked)
        found = [item for part in parts for item in self._cues.find(part, checked.stage)]
        return GuardResult(combine(found), tuple(found)) if found else CLEAR
