"""What is sent out: an item of a conversation as the call that a desk of its kind takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from dualtrack.apps.service.connectors.hooks import read_secret
from dualtrack.apps.service.connectors.notes import hand_over_note
from dualtrack.apps.service.connectors.signatures import OWN_HEADERS, sign
from dualtrack.apps.service.gaps import said_differing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dualtrack.apps.service.connectors.hooks import Hook
    from dualtrack.apps.service.connectors.outbox import Item
    from dualtrack.apps.service.conversations import Conversation, Line
    from dualtrack.runtime.engine import Runtime

__all__ = ["ECHO_MEMBER", "OutCall", "calls_of"]

ECHO_MEMBER = "dualtrack"
"""Member of a Chatwoot message's `content_attributes` that names our item: its own event about the message brings it back to us.

`source_id` would come back as well, but a channel takes it for a message that it has sent already, and does not send it.
"""

_STATUS = {"waiting": "open", "taken": "open", "sent_back": "pending", "closed": "resolved"}
"""Status of a Chatwoot conversation by who answers now: only a pending one is a bot's."""

_encode = msgspec.json.Encoder().encode


class OutCall(NamedTuple):
    """A POST: `part` tells the calls of one item apart."""

    part: str
    url: str
    headers: dict[str, str]
    body: bytes


def calls_of(runtime: Runtime, hook: Hook, found: Conversation, item: Item, lines: Sequence[Line]) -> list[OutCall]:
    """Return the calls that deliver an item, in their order; none where nobody is to be told. Raises OverloadError without a secret."""
    if hook.setting.kind == "chatwoot":
        return _chatwoot(runtime, hook, found, item, lines)
    return _signed(runtime, hook, found, item) if hook.setting.url is not None else []


def _chatwoot(runtime: Runtime, hook: Hook, found: Conversation, item: Item, lines: Sequence[Line]) -> list[OutCall]:
    """Return calls of Chatwoot's API that a bot's token may make: messages#create and conversations#toggle_status.

    A hand-over sets the status first: people see the conversation even where the note behind it fails.
    """
    url = f"{hook.setting.url}/conversations/{hook.theirs(found)}"
    headers = {
        "content-type": "application/json",
        "api_access_token": read_secret(runtime, hook.setting.token, hook),
    }

    def message(part: str, text: str, *, private: bool) -> OutCall:
        content = {"content": text, "message_type": "outgoing", "private": private}
        content["content_attributes"] = {ECHO_MEMBER: f"{found.id}/{item.name}{part}"}
        return OutCall(part, f"{url}/messages", headers, _encode(content))

    if item.line is not None:
        return [message("", _shown(item.line), private=False)]
    made = [OutCall("", f"{url}/toggle_status", headers, _encode({"status": _STATUS[item.kind]}))]
    if item.kind == "waiting":
        made.append(message("/note", hand_over_note(found, lines), private=True))
    return made


def _shown(line: Line) -> str:
    """Return an answer as a customer reads it at a desk, which shows nothing but text: with the titles of what it is from."""
    chinese = line.row["language"] == "zh-Hant"
    titles = [str(item["zh-Hant" if chinese else "en"]) for item in (line.content or {}).get("sources", ())]
    if not titles:
        return line.text
    source = f"資料來源：{'、'.join(titles)}" if chinese else f"Source: {'; '.join(titles)}"
    differs = said_differing((line.content or {}).get("differs", ()))
    if differs is not None:
        source += f"\n{differs.zh if chinese else differs.en}"
    return f"{line.text}\n\n{source}"


def _signed(runtime: Runtime, hook: Hook, found: Conversation, item: Item) -> list[OutCall]:
    """Return an event of ours, signed; its id is the same however often it is sent."""
    event: dict[str, Any] = {"event": item.kind, "id": f"{found.id}/{item.name}", "conversation": hook.theirs(found)}
    if item.line is not None:
        event |= {"number": item.line.number, "who": item.line.who, "at": item.line.at, "text": item.line.text}
    elif item.kind == "waiting":
        row = found.row
        event |= {"due_at": row["due_at"], "urgent": bool(row["urgent"]), "why": str(row["why"] or "").split()}
    body, sent_s = _encode(event), int(runtime.clock().timestamp())
    headers = {
        "content-type": "application/json",
        OWN_HEADERS.time: str(sent_s),
        OWN_HEADERS.signature: sign(read_secret(runtime, hook.setting.secret, hook), sent_s, body),
        OWN_HEADERS.delivery: f"{found.id}/{item.name}",
    }
    return [OutCall("", str(hook.setting.url), headers, body)]
