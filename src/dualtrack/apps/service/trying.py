"""What a message would get from a live use, and why, without a call: nothing is asked of a model and nothing is recorded.

The order is the chat's: words that a person must hear, then the guards of the policy on the message, then the passages in force, which are
judged one by one where a model would read them. Passages are found by words here, also where the chat looks by meaning as well.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from dualtrack.apps.service.language import detect
from dualtrack.runtime.faces.chat_retrieved import judge_retrieved
from dualtrack.runtime.guards.base import Checked, Piece
from dualtrack.runtime.guards.chain import run_guards

if TYPE_CHECKING:
    from dualtrack.apps.service.language import Detected
    from dualtrack.apps.service.standing import Standing
    from dualtrack.apps.service.turn import Turn
    from dualtrack.domain.decision import GuardVerdict
    from dualtrack.runtime.engine import Runtime
    from dualtrack.runtime.guards.chain import ChainResult
    from dualtrack.runtime.live import LiveUse
    from dualtrack.runtime.passages.corpus import Language

__all__ = ["Outcome", "Stopped", "Tried", "try_message"]

Outcome = Literal["handover", "stopped", "answer", "refusal"]
"""A person; turned away by a guard; a quotation; an honest "I don't know" with a way to a person."""


class Stopped(NamedTuple):
    """A guard that fired: its name, what it does, and the gravest thing that it found."""

    guard: str
    action: str
    why: str


class Tried(NamedTuple):
    """What a message would get: outcome, the turn by triggers and passages, what it is written in, and the guards that fired."""

    outcome: Outcome
    turn: Turn
    detected: Detected
    guards: tuple[Stopped, ...]


def try_message(runtime: Runtime, live: LiveUse, standing: Standing, message: str, language: Language | None) -> Tried:
    """Return what a message would get; raises FieldError for one that is empty or too long."""
    turn = standing.assistant.turn(message, language)
    asked = (Piece("user", message),)
    found = run_guards(live.guards, "input", Checked("input", live.use, live.policy, turn.language, pieces=asked))
    read = judge_retrieved(live, runtime.shelf.retrieve(live, asked, turn.language), turn.language)
    guards = tuple(_stopped(verdict, found) for verdict in (*found.verdicts, *read.verdicts) if verdict.fired)
    outcome: Outcome = turn.outcome
    if outcome != "handover" and live.mode != "observe" and found.action in {"route", "block"}:
        outcome = "handover" if found.action == "route" else "stopped"
    return Tried(outcome, turn, detect(message), guards)


def _stopped(verdict: GuardVerdict, found: ChainResult) -> Stopped:
    own = [each for name, each in found.findings if name == verdict.guard]
    worst = max(own, key=lambda each: each.score, default=None)
    return Stopped(verdict.guard, verdict.action, worst.why if worst is not None else "")
