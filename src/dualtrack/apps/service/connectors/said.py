"""Conversations as programs are told of them: who answers now, and each message with what it came with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dualtrack.apps.service.triggers import find_triggers
from dualtrack.runtime.lookup import decision_row

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dualtrack.apps.service.conversations import Conversation, Line

__all__ = ["plain_line", "plain_lines", "standing"]


def standing(found: Conversation) -> dict[str, Any]:
    """Return who answers now, and while a person is awaited until when."""
    plain: dict[str, Any] = {"status": found.status}
    if found.status == "waiting":
        plain |= {"due_at": found.row["due_at"], "urgent": bool(found.row["urgent"])}
    return plain


def plain_lines(found: Conversation, lines: Sequence[Line]) -> list[dict[str, Any]]:
    """Return messages one behind another; `offers` says with an answer that help is offered, as the customer's words before it have it now."""
    plain = []
    for before, line in zip((None, *lines), lines, strict=False):
        offers = line.who == "assistant" and before is not None and before.who == "customer" and _has_cue(before)
        plain.append(plain_line(found, line) | ({"offers": True} if offers else {}))
    return plain


def _has_cue(line: Line) -> bool:
    return any(each.action == "offer" for each in find_triggers(line.text))


def plain_line(found: Conversation, line: Line) -> dict[str, Any]:
    """Return a message; what a person has yet to read says where its answer will be."""
    content, row = line.content or {}, line.row
    plain: dict[str, Any] = {"number": line.number, "who": line.who, "at": line.at, "text": line.text}
    plain |= {name: content[name] for name in ("sources", "differs", "receipt", "human") if content.get(name)}
    plain |= {name: row[name] for name in ("outcome", "code", "decision", "language") if row[name] is not None}
    if row["outcome"] == "routed" and decision_row(found.register, row["decision"])["review"] is not None:
        plain["answer_path"] = f"/v1/decisions/{row['decision']}/answer"
    return plain
