"""What a receipt tells of an answer that a person had to see first."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from dualtrack.errors import NotFoundError, RefusedError
from dualtrack.runtime.answers import enter_for_answer, read_held
from dualtrack.runtime.lookup import find_policy

if TYPE_CHECKING:
    from dualtrack.domain.decision import Decision
    from dualtrack.domain.records import Text
    from dualtrack.runtime.gate import Gate
    from dualtrack.store.register import Register

__all__ = ["ReceiptAnswer", "receipt_answer"]


class ReceiptAnswer(NamedTuple):
    """The text that a person released, or what is said in its place once it is decided; neither while it waits.

    `reasoned` tells whether the recorded reasons may be shown: those of a draft are part of it and wait with it.
    """

    answer: str | None
    message: Text | None
    reasoned: bool


def receipt_answer(register: Register, record: Decision, gate: Gate | None) -> ReceiptAnswer:
    """Return what may be shown of a held answer now; nothing of one without a gate that lets its use answer."""
    if record.outcome != "routed" or record.review is None:
        return ReceiptAnswer(None, None, reasoned=True)
    try:
        held = read_held(register, record)
    except NotFoundError:
        return ReceiptAnswer(None, None, reasoned=False)
    if not held.given:
        return ReceiptAnswer(None, held.message, reasoned=False)
    if not _open(gate, record):
        return ReceiptAnswer(None, find_policy(register, record.use, record.policy).message, reasoned=False)
    text = held.output if isinstance(held.output, str) else json.dumps(held.output, ensure_ascii=False)
    if held.disclosure is not None:
        text = f"{held.disclosure.zh if held.language == 'zh-Hant' else held.disclosure.en}\n\n{text}"
    return ReceiptAnswer(text, None, reasoned=held.state == "approved")


def _open(gate: Gate | None, record: Decision) -> bool:
    if gate is None:
        return False
    try:
        enter_for_answer(gate, record)
    except RefusedError:
        return False
    return True
