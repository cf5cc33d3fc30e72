"""Guard: the tools a model asks for.

Only tools of the policy may be asked for. One that changes state scores `STATE_SCORE`, so that action `route` sends it to a
person every time; one that is not listed scores 1000. Whoever runs tools refuses unlisted ones in any case.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from dualtrack.runtime.guards.base import CLEAR, SCORE_MAX, Finding, GuardResult
from dualtrack.runtime.guards.texts import refuse_settings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dualtrack.domain.records import Value
    from dualtrack.runtime.guards.base import Checked

__all__ = ["STATE_SCORE", "TOOLS_MAX", "ToolUse"]

STATE_SCORE = 800
"""Score of a listed tool that changes state; the registry refuses a threshold above it."""

TOOLS_MAX = 100
"""Tools asked for in one turn: more is a loop."""


class ToolUse:
    """Scores the tools that an answer asks for against the policy's list."""

    name: ClassVar[str] = "tool_use"
    stages: ClassVar[frozenset[str]] = frozenset({"output"})
    source: ClassVar[str] = "PCPD agentic AI alert of 16 March 2026; OWASP LLM06:2025"
    actions: ClassVar[frozenset[str]] = frozenset({"block", "route"})
    threshold_max: ClassVar[int] = STATE_SCORE

    def __init__(self, settings: Mapping[str, Value]) -> None:
        refuse_settings(self.name, settings)

    def check(self, checked: Checked, /) -> GuardResult:
        """Return 1000 for an unlisted tool, 800 for one that changes state, 0 for listed ones that only read."""
        if not checked.tools:
            return CLEAR
        last = max(len(checked.pieces) - 1, 0)
        listed = {tool.name: tool.changes_state for tool in checked.policy.tools}
        found: list[Finding] = []
        if len(checked.tools) > TOOLS_MAX:
            found.append(Finding("tools", last, 0, 0, SCORE_MAX, f"more than {TOOLS_MAX} tools asked for"))
        for name in checked.tools[:TOOLS_MAX]:
            if name not in listed:
                found.append(Finding("unlisted-tool", last, 0, 0, SCORE_MAX, "a tool that the policy does not list"))
            elif listed[name]:
                found.append(Finding("state-change", last, 0, 0, STATE_SCORE, "a tool that changes state"))
        return GuardResult(max((item.score for item in found), default=0), tuple(found))
