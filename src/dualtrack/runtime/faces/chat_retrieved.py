"""What a search found for a turn: judged by itself where a model reads it, and left out where a guard would stop it.

It is text that somebody approved and the release pins. An order in it can do something only where a model reads it, and a guard that takes
one for an attack costs a source, not the customer an answer.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple

from dualtrack.domain.decision import GuardVerdict
from dualtrack.runtime.guards.base import Checked
from dualtrack.runtime.guards.chain import run_guards

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dualtrack.runtime.call import Language
    from dualtrack.runtime.guards.base import Piece
    from dualtrack.runtime.live import LiveUse

__all__ = ["Judged", "judge_retrieved"]

_NAME = "retrieved"


class Judged(NamedTuple):
    """What may be put before a model, and the verdict for the record: the highest score of a guard that may stop, `redact` where one was left out."""

    pieces: tuple[Piece, ...]
    verdicts: list[GuardVerdict]


def judge_retrieved(live: LiveUse, retrieved: Sequence[Piece], language: Language) -> Judged:
    """Run the input guards on each piece alone, where the use has a model that reads it; all of them stay where it has none, and in observe mode."""
    if not retrieved or not any(upstream.kind == "openai" for upstream in live.upstreams):
        return Judged(tuple(retrieved), [])
    begun_ns = time.perf_counter_ns()
    kept: list[Piece] = []
    highest = 0
    stops = {setting.guard for setting, _ in live.guards if setting.stage == "input" and setting.action != "redact"}
    for piece in retrieved:
        found = run_guards(live.guards, "input", Checked("input", live.use, live.policy, language, pieces=(piece,)))
        highest = max([highest, *(verdict.score for verdict in found.verdicts if verdict.guard in stops)])
        if found.action not in {"route", "block"}:
            kept += found.pieces
    fired = len(kept) < len(retrieved)
    kept = list(retrieved) if live.mode == "observe" else kept
    cost_us = (time.perf_counter_ns() - begun_ns) // 1000
    return Judged(tuple(kept), [GuardVerdict(_NAME, "input", highest, fired, "redact" if fired else "allow", cost_us)])
