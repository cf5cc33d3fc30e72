"""Answers that a person of the firm looks at before they leave: what became of them, for a desk that was told to wait.

Nobody tells an application of a released answer, so it is looked for: where it was held less than a day ago, and as long as no person was
called into the conversation, who would have answered by now.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dualtrack.apps.service.connectors.marks import MARKED_S
from dualtrack.apps.service.connectors.outbox import Item, is_fresh
from dualtrack.runtime.lookup import decision_row
from dualtrack.runtime.receipts import BY_CODE, ReceiptKey, find_receipt

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from dualtrack.apps.service.conversations import Conversation, Line
    from dualtrack.runtime.engine import Runtime

__all__ = ["HELD_LOOK_S", "held_lines", "released"]

HELD_LOOK_S = 30.0
"""Seconds between looks at a held answer: a customer who waits for a person's look does not count seconds."""


def held_lines(found: Conversation, lines: Sequence[Line], now: datetime) -> list[Line]:
    """Return the messages that said that a person looks at the answer first."""
    if found.row["waiting_at"] is not None or found.status == "closed":
        return []
    return [line for line in lines if line.row["code"] == "review.hold" and is_fresh(line.at, now, MARKED_S)]


def released(runtime: Runtime, found: Conversation, held: Sequence[Line]) -> list[Item]:
    """Return what people decided of held answers: the answer as it was released, or what is said in its place."""
    items = []
    for line in held:
        text = _later(runtime, found, str(line.row["decision"]))
        if text is not None:
            items.append(Item(f"released/{line.number}", "message", line._replace(content={"text": text})))
    return items


def _later(runtime: Runtime, found: Conversation, decision: str) -> str | None:
    row = decision_row(found.register, decision)
    if row["receipt"] is None:
        return None
    seen = find_receipt(runtime.registers.values(), ReceiptKey(row["receipt"]), runtime.gate, shown_to=BY_CODE)
    if seen.answer is not None:
        return seen.answer
    return None if seen.message is None else f"{seen.message.en}\n{seen.message.zh}"
