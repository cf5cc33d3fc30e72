"""The research desk as it stands now, from what the ledger holds of it: rebuilt from entries at any time."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from sqlalchemy import BigInteger, Column, Text

from dualtrack.apps.research.records import (
    ANSWER_KIND,
    DOCUMENT_KIND,
    INTEREST_KIND,
    NOTE_KIND,
    RELEASE_KIND,
    AnswerKept,
    DocumentLoaded,
    InterestKept,
    NoteKept,
    NoteReleased,
)
from dualtrack.apps.state import state_of
from dualtrack.domain import canonical
from dualtrack.domain.records import read_record
from dualtrack.store.change import Change

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from dualtrack.domain.entry import Entry
    from dualtrack.store.change import Value
    from dualtrack.store.projections import Projections
    from dualtrack.store.register import Register

__all__ = ["PROJECTIONS", "TABLES", "state"]


def _key(name: str) -> Callable[[], Column[Any]]:
    return partial(Column, name, Text(), primary_key=True)


def _text(name: str) -> Callable[[], Column[Any]]:
    return partial(Column, name, Text(), nullable=True)


def _number(name: str) -> Callable[[], Column[Any]]:
    return partial(Column, name, BigInteger(), nullable=True)


TABLES: dict[str, tuple[Callable[[], Column[Any]], ...]] = {
    "document": (
        _key("sha256"), _text("name"), _text("licence"), _text("issuer"), _text("period"), _text("form"), _number("pages"), _text("by_name"),
        _text("at"), _number("quote_characters"),
    ),
    "answer": (_key("id"), _text("question"), _text("reply"), _text("outcome"), _text("by_name"), _text("at"), _text("decision")),
    "note": (
        _key("id"), _number("version"), _text("digest"), _text("content"), _text("author"), _text("audience"), _text("at"),
        _number("released_version"), _text("released_digest"), _text("released_by"), _text("released_at"),
    ),
    "registered": (
        _key("id"), _text("issuer"), _text("kind"), _text("who"), _text("holder"), _text("since"), _text("until_day"), _text("percent"),
        _text("by_name"), _text("at"),
    ),
}  # fmt: skip
"""Columns of the tables."""


def state(register: Register) -> Projections:
    """Return the current state of a firm's research desk."""
    return state_of("research", TABLES, PROJECTIONS, register.repository)


def _document(entry: Entry) -> Iterable[Change]:
    found = read_record(canonical.decode(entry.content), DocumentLoaded, where="document")
    yield Change(
        "document",
        {"sha256": found.sha256},
        {
            "name": found.name, "licence": found.licence, "issuer": found.issuer, "period": found.period, "form": found.form,
            "pages": found.pages, "by_name": found.by, "at": found.at, "quote_characters": found.quote_characters,
        },
    )  # fmt: skip


def _answer(entry: Entry) -> Iterable[Change]:
    found = read_record(canonical.decode(entry.content), AnswerKept, where="answer")
    yield Change(
        "answer",
        {"id": found.id},
        {
            "question": found.question, "reply": found.reply, "outcome": found.outcome, "by_name": found.by, "at": found.at,
            "decision": found.decision,
        },
    )  # fmt: skip


def _note(entry: Entry) -> Iterable[Change]:
    found = read_record(canonical.decode(entry.content), NoteKept, where="note")
    values: dict[str, Value] = {
        "version": found.version, "digest": found.digest, "content": found.content, "author": found.author,
        "audience": found.audience, "at": found.at,
    }  # fmt: skip
    if found.version == 1:
        released: dict[str, Value] = dict.fromkeys(
            ("released_version", "released_digest", "released_by", "released_at")
        )
        yield Change("note", {"id": found.note}, {**values, **released})
    else:
        yield Change("note", {"id": found.note}, values, patch=True)


def _release(entry: Entry) -> Iterable[Change]:
    found = read_record(canonical.decode(entry.content), NoteReleased, where="release")
    values: dict[str, Value] = {
        "released_version": found.version, "released_digest": found.digest, "released_by": found.by, "released_at": found.at,
    }  # fmt: skip
    yield Change("note", {"id": found.note}, values, patch=True)


def _interest(entry: Entry) -> Iterable[Change]:
    found = read_record(canonical.decode(entry.content), InterestKept, where="interest")
    values = {
        "issuer": found.issuer, "kind": found.kind, "who": found.who, "holder": found.holder, "since": found.since, "until_day": found.until,
        "by_name": found.by, "at": found.at,
    }  # fmt: skip
    yield Change(
        "registered", {"id": found.id}, {**values, "percent": None if found.percent is None else repr(found.percent)}
    )


PROJECTIONS = {
    ANSWER_KIND: _answer,
    DOCUMENT_KIND: _document,
    INTEREST_KIND: _interest,
    NOTE_KIND: _note,
    RELEASE_KIND: _release,
}
"""What each kind of entry does to the tables."""
