"""The look that signals call for: an incident of severity minor, so that somebody reads what came; it closes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dualtrack.runtime.incidents import open_incident
from dualtrack.runtime.standing import judge_signals
from dualtrack.store.projections import Projections

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from dualtrack.runtime.standing import SignalCount
    from dualtrack.store.register import Register

__all__ = ["call_for_look"]


def call_for_look(
    register: Register, use: str, kind: str, signals: Callable[[], Iterable[SignalCount]], *, counted: str, asks: str
) -> str | None:
    """Open an incident of a kind where enough signals came since the last one was closed; return its id.

    `counted` names what the fact counts, `asks` says what to do. While one is open no other is opened, and nothing is read.
    Two processes that look at once may open two: somebody then closes both.
    """
    incidents = Projections(register.repository).rows("incident", use_id=use, kind=kind)
    if any(row["state"] != "closed" for row in incidents):
        return None
    closed_at = max((row["changed_at"] for row in incidents), default="")
    effects = judge_signals([item for item in signals() if item.at > closed_at], register.now())
    look = next((effect for effect in effects if effect.rule.effect == "look"), None)
    if look is None:
        return None
    facts = {counted: look.n, "days": look.rule.window_days}
    note = f"{look.rule.says.en}. {asks}"
    return open_incident(register, kind=kind, severity="minor", note=note, by="runtime", use=use, facts=facts).id
