"""What a receipt tells of an answer that a person had to see first."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from dualtrack.errors import NotFoundError, RefusedError
from dualtrack.runtime.answers import enter_for_answer, read_held

if TYPE_CHECKING:
    from dualtrack.domain.decision import Decision
    from dualtrack.domain.records import Text
    from dualtrack.runtime.gate import Gate
    from dualtrack.runtime.live import LiveUse
    from dualtrack.store.register import Register

__all__ = ["ReceiptAnswer", "receipt_answer"]


class ReceiptAnswer(NamedTuple):
    """The text that a person released, or what is said in its place once it is decided; neither while it waits.

    `reasoned` tells whether the recorded reasons may be shown: those of a draft are part of it and wait with it. `told`
    tells that this is the answer, for good: it has been decided, and no hold keeps it back.
    """

    answer: str | None
    message: Text | None
    reasoned: bool
    told: bool = False


def receipt_answer(register: Register, record: Decision, gate: Gate | None) -> ReceiptAnswer:
    """Return what may be shown of a held answer now; nothing of one without a gate that lets its use answer."""
    if record.outcome != "routed" or record.review is None:
        return ReceiptAnswer(None, None, reasoned=True)
    try:
        live = _entered(gate, register, record)
        held = read_held(register, record, live)
    except NotFoundError:
        return ReceiptAnswer(None, None, reasoned=False)
    if not held.given:
        return ReceiptAnswer(
            None, held.message, reasoned=False, told=live is not None and not held.waiting and not held.withheld
        )
    text = held.output if isinstance(held.output, str) else json.dumps(held.output, ensure_ascii=False)
    if held.disclosure is not None:
        text = f"{held.disclosure.zh if held.language == 'zh-Hant' else held.disclosure.en}\n\n{text}"
    return ReceiptAnswer(text, None, reasoned=held.state == "approved", told=True)


def _entered(gate: Gate | None, register: Register, record: Decision) -> LiveUse | None:
    if gate is None:
        return None
    try:
        return enter_for_answer(gate, register, record)
    except RefusedError:
        return None
