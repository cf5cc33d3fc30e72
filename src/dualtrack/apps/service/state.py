"""The conversations of a firm as they stand now, from what the ledger holds of them: three tables, rebuilt from entries at any time."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from sqlalchemy import BigInteger, Boolean, Column, Text

from dualtrack.apps.service.records import (
    BEGAN_KIND,
    MESSAGE_KIND,
    STEP_KIND,
    Began,
    Message,
    Step,
)
from dualtrack.domain import canonical
from dualtrack.domain.records import read_record
from dualtrack.store.change import Change

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from dualtrack.domain.entry import Entry
    from dualtrack.store.change import Value

__all__ = ["PROJECTIONS", "TABLES", "begun", "written"]


def _key(name: str, kind: type[Text | BigInteger] = Text) -> Callable[[], Column[Any]]:
    return partial(Column, name, kind(), primary_key=True, autoincrement=False)


def _text(name: str) -> Callable[[], Column[Any]]:
    return partial(Column, name, Text(), nullable=True)


def _sought(name: str) -> Callable[[], Column[Any]]:
    return partial(Column, name, Text(), nullable=True, index=True)


def _number(name: str) -> Callable[[], Column[Any]]:
    return partial(Column, name, BigInteger(), nullable=True)


def _flag(name: str) -> Callable[[], Column[Any]]:
    return partial(Column, name, Boolean(), nullable=True)


TABLES: dict[str, tuple[Callable[[], Column[Any]], ...]] = {
    "conversation": (
        _key("id"), _sought("use_id"), _sought("token"), _text("channel"), _text("language"), _text("subject"), _sought("external"),
        _sought("status"), _text("begun_at"), _text("waiting_at"), _text("due_at"), _text("taken_at"), _text("agent"), _text("why"), _flag("urgent"),
        _text("solved"), _text("closed_at"), _text("call_back_at"), _number("complaint"),
    ),
    "message": (
        _key("conversation"), _key("number", BigInteger), _text("who"), _text("text"), _text("at"), _text("by_name"), _text("decision"), _text("outcome"),
        _text("code"), _text("language"), _text("register"),
    ),
    "complaint": (
        _key("entry", BigInteger), _sought("use_id"), _text("conversation"), _text("received_at"),
    ),
}  # fmt: skip
"""Columns of the tables. `status` is `assistant`, `waiting`, `agent` or `closed`. `complaint` says in which conversation one was made."""


def begun(found: Began) -> dict[str, Value]:
    """Return the row of a conversation as it begins, without its key."""
    values: dict[str, Value] = dict.fromkeys(
        ("waiting_at", "due_at", "taken_at", "agent", "why", "solved", "closed_at", "call_back_at", "complaint")
    )
    return values | {
        "use_id": found.use, "token": found.token, "channel": found.channel, "language": found.language, "urgent": False,
        "subject": found.subject, "external": found.external, "status": "assistant", "begun_at": found.at,
    }  # fmt: skip


def written(found: Message) -> dict[str, Value]:
    """Return the row of a message, without its key."""
    return {
        "who": found.who, "text": found.text, "at": found.at, "by_name": found.by, "decision": found.decision,
        "outcome": found.outcome, "code": found.code, "language": found.language, "register": found.register,
    }  # fmt: skip


def _began(entry: Entry) -> Iterable[Change]:
    found = read_record(canonical.decode(entry.content), Began, where="conversation")
    yield Change("conversation", {"id": found.conversation}, begun(found))


def _said(entry: Entry) -> Iterable[Change]:
    found = read_record(canonical.decode(entry.content), Message, where="message")
    yield Change("message", {"conversation": found.conversation, "number": found.number}, written(found))


def _stepped(entry: Entry) -> Iterable[Change]:
    found = read_record(canonical.decode(entry.content), Step, where="step")
    values: dict[str, Value]
    match found.step:
        case "waiting":
            values = {
                "status": "waiting", "waiting_at": found.at, "due_at": found.due, "why": " ".join(found.why),
                "urgent": found.urgent, "taken_at": None, "agent": None,
            }  # fmt: skip
        case "taken":
            values = {"status": "agent", "taken_at": found.at, "agent": found.by}
        case "sent_back":
            values = {"status": "assistant", "agent": None}
        case "closed":
            values = {"status": "closed", "closed_at": found.at}
        case "call_back":
            values = {"call_back_at": found.at}
        case "solved" | "unsolved":
            values = {"solved": found.step}
        case "complained":
            values = {"complaint": found.complaint}
    yield Change("conversation", {"id": found.conversation}, values, patch=True)
    if found.step == "complained" and found.complaint is not None:
        about: dict[str, Value] = {
            "use_id": entry.parsed.id,
            "conversation": found.conversation,
            "received_at": found.at,
        }
        yield Change("complaint", {"entry": found.complaint}, about)


PROJECTIONS = {BEGAN_KIND: _began, MESSAGE_KIND: _said, STEP_KIND: _stepped}
"""What each kind of entry does to the tables."""
