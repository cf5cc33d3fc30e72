"""Calling a person: by what the customer wrote, before anything is answered, or by what became of the answer.

What calls a person is recorded together with the message that called them, so that neither stands without the other, whatever becomes
of the process. A team's clock runs in its own hours; where the table of general holidays ends, a person is called without one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from dualtrack.apps.service.complaints import file_complaint
from dualtrack.apps.service.conversations import record_steps, reread
from dualtrack.apps.service.records import Step
from dualtrack.domain.business_time import add_business_minutes
from dualtrack.domain.time import format_instant
from dualtrack.errors import DualtrackError, FieldError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dualtrack.apps.service.conversations import Conversation, Line
    from dualtrack.apps.service.settings import ChatSettings
    from dualtrack.apps.service.triggers import Triggered
    from dualtrack.runtime.engine import Runtime

__all__ = ["HELD", "called_by_answer", "called_by_words", "hard_triggers", "record_complaint", "wait_for_person"]

HELD = "review.hold"
"""The code of an answer that a person reads before the customer gets it: it comes by itself, and nobody else is called."""

_CALLED = frozenset({"routed", "refused", "failed"})
"""Outcomes that leave the customer to a person."""

_PERSON_CODES = frozenset({"guard.opt_out", "opted-out"})
_log = structlog.get_logger("dualtrack.service")


def hard_triggers(triggers: Sequence[Triggered]) -> list[Triggered]:
    """Return what calls a person: all that does more than offer help."""
    return [each for each in triggers if each.action != "offer"]


def called_by_words(
    runtime: Runtime, chat: ChatSettings, found: Conversation, hard: Sequence[Triggered]
) -> tuple[Step, ...]:
    """Return the step by which a customer's words call a person; none where one is there already, or awaited and no sooner needed."""
    why = [each.id for each in hard]
    if found.status == "closed":
        why.insert(0, "closed")
    if not why:
        return ()
    urgent = any(each.action == "urgent" for each in hard)
    if found.status == "waiting" and urgent and not found.row["urgent"]:
        return (_sooner(found, why),)
    return _waiting(runtime, chat, found, why=why, by="rules" if hard else "customer", urgent=urgent)


def called_by_answer(
    runtime: Runtime, chat: ChatSettings, found: Conversation, about: Mapping[str, str | None]
) -> tuple[Step, ...]:
    """Return the step by which an answer that is none calls a person; `about` is what its message says of it."""
    if about["outcome"] not in _CALLED or about["code"] == HELD:
        return ()
    why = "person" if about["code"] in _PERSON_CODES else "no-answer"
    return _waiting(runtime, chat, reread(found), why=(why,), by="rules")


def wait_for_person(
    runtime: Runtime,
    chat: ChatSettings,
    found: Conversation,
    *,
    why: Sequence[str],
    by: str,
    urgent: bool = False,
) -> Conversation:
    """Call a person: the team sees the conversation, with a due instant in its own hours. One that waits or is taken stays so."""
    found = reread(found)
    steps = _waiting(runtime, chat, found, why=why, by=by, urgent=urgent)
    return record_steps(found, steps) if steps else found


def record_complaint(runtime: Runtime, found: Conversation, text: str, before: Sequence[Line]) -> None:
    """Record a complaint that a message makes. Where it can't be, the log says so: the same words called a person, who reads them."""
    try:
        file_complaint(runtime, found, text, before, by="rules")
    except DualtrackError as error:
        _log.warning("a complaint was not recorded", conversation=found.id, code=error.code)


def _waiting(
    runtime: Runtime, chat: ChatSettings, found: Conversation, *, why: Sequence[str], by: str, urgent: bool = False
) -> tuple[Step, ...]:
    if found.status in {"waiting", "agent"}:
        return ()
    at = found.register.now()
    return (
        Step(
            conversation=found.id, step="waiting", by=by, at=at, why=list(why), urgent=urgent, due=_due(runtime, chat)
        ),
    )


def _sooner(found: Conversation, why: Sequence[str]) -> Step:
    """Return the step by which a conversation that waits is put first; its clock runs on."""
    reasons = dict.fromkeys((*str(found.row["why"] or "").split(), *why))
    return Step(
        conversation=found.id, step="waiting", by="rules", at=found.register.now(), why=list(reasons), urgent=True,
        due=found.row["due_at"],
    )  # fmt: skip


def _due(runtime: Runtime, chat: ChatSettings) -> str | None:
    """Return until when somebody should have taken over; None where the table of general holidays ends before."""
    try:
        return format_instant(add_business_minutes(runtime.clock(), chat.answer_minutes, chat.open_hours))
    except FieldError:
        return None
