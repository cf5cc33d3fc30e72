"""Guard: what must go to a person before any model is asked (a person asked for, distress, a stolen card, a complaint …)."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from dualtrack.apps.service.triggers import find_triggers
from dualtrack.runtime.guards.base import CLEAR, SCORE_MAX, Finding, GuardResult
from dualtrack.runtime.guards.texts import asked, refuse_settings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dualtrack.domain.records import Value
    from dualtrack.runtime.guards.base import Checked

__all__ = ["HardTriggers"]


class HardTriggers:
    """Scores 1000 where a turn has words that a person must hear; a cue that only offers help does not fire.

    The chat of this application needs no such guard: there they always hold. It is for other faces (`/v1/chat/completions`).
    It has no settings and no threshold that would let a word pass, and one action: nothing that is written can switch it off.
    """

    name: ClassVar[str] = "hard_triggers"
    stages: ClassVar[frozenset[str]] = frozenset({"input"})
    source: ClassVar[str] = (
        "HKMA 19 August 2024 section 2; our own rules and weights, apps/service/triggers.yaml and trigger_weights.json"
    )
    actions: ClassVar[frozenset[str]] = frozenset({"route"})
    threshold_max: ClassVar[int] = SCORE_MAX

    def __init__(self, settings: Mapping[str, Value]) -> None:
        refuse_settings(self.name, settings)

    def check(self, checked: Checked, /) -> GuardResult:
        """Return 1000 and the triggers met by what the customer wrote in this turn."""
        found = [
            Finding(each.id, part.piece, 0, 0, SCORE_MAX, f"{each.action}: words of {each.id}")
            for part in asked(checked)
            if part.role == "user"
            for each in find_triggers(part.text)
            if each.action != "offer"
        ]
        return GuardResult(SCORE_MAX, tuple(found)) if found else CLEAR
