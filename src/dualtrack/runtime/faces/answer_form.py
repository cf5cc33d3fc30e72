"""How an application has a model answer in a form that can be checked, and what of the answer may be shown.

The runtime asks, records and guards as always; the form puts its own messages in place of the plain ones and reads what comes back. An
answer that it does not let through is never shown: the chain goes on with the next upstream, so that a quotation may follow a model.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from msgspec.structs import replace

from dualtrack.domain.decision import GuardVerdict
from dualtrack.runtime.guards.base import SCORE_MAX

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dualtrack.domain.policy import Action
    from dualtrack.runtime.call import Call
    from dualtrack.runtime.faces.chat_upstream import Completion
    from dualtrack.runtime.guards.base import Piece

__all__ = ["AnswerForm", "Formed", "formed_body", "note_formed"]

_PASSED = frozenset({"max_tokens", "max_completion_tokens", "seed", "stop"})
"""Parameters of the request that still hold for a form: bounds. What steers the wording is the form's own."""


class Formed(NamedTuple):
    """What of a model's answer may be shown (None: nothing), which share of it may not, and in a word why not."""

    text: str | None
    dropped: float
    why: str | None


class AnswerForm(Protocol):
    """A form of answers. `name` is that of its verdicts in the record."""

    name: str

    def ask(self, pieces: Sequence[Piece]) -> list[dict[str, str]] | None:
        """Return the messages for the model, given the pieces as the guards left them; None where no model is to be asked."""

    def read(self, text: str) -> Formed:
        """Return what of the model's answer may be shown."""


def formed_body(body: Mapping[str, Any], messages: Sequence[Mapping[str, str]]) -> dict[str, Any]:
    """Return the body for an upstream with the form's messages: no tools, the likeliest words."""
    kept = {name: value for name, value in body.items() if name in _PASSED}
    return {"model": body["model"], "messages": list(messages), "temperature": 0, **kept}


def note_formed(call: Call, form: AnswerForm, completion: Completion) -> Completion | None:
    """Return what of a completion may be shown, or None; the verdict goes into the call's record, and why beside the attempt."""
    begun_ns = time.perf_counter_ns()
    read = Formed(None, 1.0, "tools") if completion.tool_calls else form.read(completion.text)
    cost_us = (time.perf_counter_ns() - begun_ns) // 1000
    action: Action = "allow" if not read.dropped else "redact" if read.text is not None else "block"
    score = round(read.dropped * SCORE_MAX)
    call.verdicts.append(
        GuardVerdict(form.name, "output", score, fired=read.dropped > 0, action=action, cost_us=cost_us)
    )
    if read.text is not None:
        return completion._replace(text=read.text)
    call.upstream[-1] = replace(call.upstream[-1], fault=f"form.{read.why or 'refused'}")
    return None
