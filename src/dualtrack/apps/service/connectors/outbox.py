"""What a help desk has yet to hear of a conversation, read from the conversation itself: nothing else has to be kept for it.

So an answer is never lost: it lies with the conversation before it is sent, and whoever looks next finds it again.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Literal, NamedTuple

from dualtrack.apps.service.connectors.marks import MARKED_S, mark_key
from dualtrack.domain.time import parse_instant

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from dualtrack.apps.service.connectors.hooks import Hook
    from dualtrack.apps.service.conversations import Conversation, Line
    from dualtrack.runtime.once import RequestKey

__all__ = ["DELIVERED_WITHIN_S", "Item", "closed_key", "echo_key", "is_fresh", "item_key", "outbox"]

DELIVERED_WITHIN_S = 3_600
"""Seconds after which a message is old: who comes back to a desk after an hour reads the conversation at ours, not a late answer."""

_BACK_WITHIN_S = MARKED_S
"""A conversation that was sent back has no time of its own; its mark stands at least this long after it was taken."""


class Item(NamedTuple):
    """One thing to send. `name` is the same however often it is tried; `line` is there for messages."""

    name: str
    kind: Literal["message", "waiting", "taken", "sent_back", "closed"]
    line: Line | None = None


def item_key(found: Conversation, item: Item) -> RequestKey:
    """Return the key under which it is marked that an item was delivered."""
    return mark_key(f"deliver/{found.id}", item.name)


def echo_key(found: Conversation, name: str) -> RequestKey:
    """Return the key under which it is marked that the desk told us of an item of ours: it has it, whatever became of the call."""
    return mark_key(f"echo/{found.id}", name)


def closed_key(found: Conversation) -> RequestKey:
    """Return the key of the one closing of a conversation: marked beforehand where the desk itself closed it."""
    return item_key(found, Item("closed", "closed"))


def outbox(
    hook: Hook, found: Conversation, lines: Sequence[Line], now: datetime, released: Sequence[Item] = ()
) -> list[Item]:
    """Return what is to be sent in its order, whether or not it was sent already; `released` are answers that had been held.

    What the desk's own people wrote and did is left out. The signed webhook has the assistant's answers in its response.
    """
    who = {"agent"} if hook.setting.kind == "signed" else {"agent", "assistant"}
    items = [
        Item(f"message/{line.number}", "message", line)
        for line in lines
        if line.who in who and line.text and _ours(hook, line.row["by_name"]) and is_fresh(line.at, now)
    ]
    items += released
    row = found.row
    match found.status:
        case "waiting" if is_fresh(row["waiting_at"], now):
            items.append(Item(f"waiting/{row['waiting_at']}", "waiting"))
        case "agent" if _ours(hook, row["agent"]) and is_fresh(row["taken_at"], now):
            items.append(Item(f"taken/{row['taken_at']}", "taken"))
        case "assistant" if row["taken_at"] is not None and is_fresh(row["taken_at"], now, _BACK_WITHIN_S):
            items.append(Item(f"sent_back/{row['taken_at']}", "sent_back"))
        case "closed" if is_fresh(row["closed_at"], now):
            items.append(Item("closed", "closed"))
    return items


def is_fresh(at: str | None, now: datetime, within_s: int = DELIVERED_WITHIN_S) -> bool:
    """Tell whether an instant of a conversation is there and lies less than that far back."""
    return at is not None and now - parse_instant(at) < timedelta(seconds=within_s)


def _ours(hook: Hook, name: str | None) -> bool:
    return name is None or not name.startswith(hook.agent(""))
