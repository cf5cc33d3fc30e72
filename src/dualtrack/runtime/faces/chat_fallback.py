"""What stands in for a model in a conversation: the fixed answer of the policy's phrase rules, noted as any other attempt."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from dualtrack.runtime.fallback import newest_question, note_ruled

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dualtrack.errors import UpstreamError
    from dualtrack.runtime.call import Call
    from dualtrack.runtime.engine import Runtime
    from dualtrack.runtime.guards.base import Piece

__all__ = ["by_rule", "why_no_model"]


def by_rule(runtime: Runtime, call: Call, pieces: Sequence[Piece]) -> str | None:
    """Return the fixed answer to the newest question, or None where there is none, or it may not be given.

    A hold that came while the models were asked ends this call; the next one finds what may answer on hold.
    """
    live = call.live
    if live.rules is None or live.mode == "shadow" or not runtime.gate.still(live):
        return None
    begun_ns = time.perf_counter_ns()
    rule = live.rules.answer(newest_question(pieces))
    note_ruled(call, rule.id if rule else None, begun_ns)
    if rule is None:
        return None
    return rule.answer.zh if call.language == "zh-Hant" else rule.answer.en


def why_no_model(runtime: Runtime, call: Call, fault: UpstreamError | None) -> str:
    """Return the code under which a fallback is recorded."""
    if call.live.standby or (fault is None and not runtime.gate.still(call.live)):
        return "permit.held"
    return fault.code if fault else "upstream.none"
