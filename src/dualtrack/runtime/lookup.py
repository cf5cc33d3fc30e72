"""Finds what a decision rests on: its row, record, declaration, release and policy, each through one index.

Entries of a kind are walked by the index of kinds, never by that of subjects: a busy use has millions of decisions and a
handful of releases, and a database without statistics cannot know that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from dualtrack.domain import canonical
from dualtrack.domain.decision import Decision
from dualtrack.domain.entry import Entry
from dualtrack.domain.policy import RuntimePolicy
from dualtrack.domain.records import read_record
from dualtrack.domain.release import Release
from dualtrack.domain.usecase import UseCase
from dualtrack.errors import DualtrackError, LedgerError, NotFoundError
from dualtrack.keys import dsse
from dualtrack.runtime.ids import new_id
from dualtrack.store.content import ContentVault

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import RowMapping

    from dualtrack.store.register import Register

__all__ = [
    "contents_of",
    "decision_row",
    "find_decision",
    "find_declaration",
    "find_policy",
    "find_release",
    "id_floor",
    "indices_of",
    "is_conversation",
    "matching_record",
    "newest_first",
    "record_at",
    "row_problem",
]


def contents_of(register: Register) -> ContentVault:
    """Return a vault of contents to read from. Whoever erases must use the recorder's, which remembers open keys."""
    store = register.store
    return ContentVault(store.backend, store.tables, store.vault, register.repository.ledger)


def indices_of(register: Register, kind: str, subject: str, *, start: int = 0, end: int | None = None) -> list[int]:
    """Return the indices of entries of a kind about an id, oldest first, by the index of kinds."""
    entry = register.repository.tables.entry
    query = select(entry.c.idx).where(
        entry.c.ledger == register.repository.ledger,
        entry.c.kind == kind,
        entry.c.idx >= start,
        entry.c.subject_id.concat("") == subject,  # not a bare column: that would invite the index of subjects
    )
    query = query if end is None else query.where(entry.c.idx < end)
    with register.repository.backend.read() as connection:
        return [int(row[0]) for row in connection.execute(query.order_by(entry.c.idx))]


def newest_first(register: Register, kind: str, subject: str, *, below: int | None = None) -> Iterator[Entry]:
    """Yield entries of a kind about an id that still have their content, newest first; `below` goes on behind an index."""
    for index in reversed(indices_of(register, kind, subject, end=below)):
        found = register.repository.entries(start=index, end=index + 1)
        if found and isinstance(found[0], Entry):
            yield found[0]


def id_floor(seconds: float) -> str:
    """Return the smallest id that can have been made at this Unix time: ids sort by their first ten characters."""
    return new_id(max(seconds, 0.0))[:10] + "0" * 16


def decision_row(register: Register, decision: str) -> RowMapping:
    """Return the index row of a decision; raises NotFoundError."""
    table = register.repository.tables.decision
    query = select(table).where(table.c.ledger == register.repository.ledger, table.c.id == decision)
    with register.repository.backend.read() as connection:
        row = connection.execute(query).mappings().first()
    if row is None:
        raise NotFoundError(
            "no decision of this id", where=register.institution, fix="search for it by use, time or receipt code",
            code="not-found.decision",
        )  # fmt: skip
    return row


def record_at(register: Register, index: int) -> tuple[Entry, Decision]:
    """Return the entry at an index as a decision; raises DualtrackError where it is none."""
    entry = register.repository.entry(index)
    if entry.kind != "decision/1":
        raise NotFoundError(f"entry {index} is a {entry.kind}", where=register.repository.ledger)
    return entry, read_record(canonical.decode(entry.content), Decision, where=f"entry {index}")


def find_decision(register: Register, decision: str) -> Decision:
    """Return the record of a decision by its id; raises NotFoundError, LedgerError where its row is not what the ledger says."""
    found = matching_record(register, decision_row(register, decision))
    if found is None:
        raise LedgerError(
            "the index row does not match the ledger",
            where=f"decision {decision}",
            fix="`dualtrack doctor` says which rows differ",
            code="ledger.row-differs",
        )
    return found[1]


def matching_record(register: Register, row: RowMapping) -> tuple[Entry, Decision] | None:
    """Return entry and record of a row, or None where the ledger has none there or another one."""
    try:
        entry, record = record_at(register, int(row["idx"]))
    except DualtrackError:
        return None
    return None if row_problem(row, record, entry.index) else (entry, record)


def is_conversation(register: Register, record: Decision) -> bool:
    """Tell whether a conversation was asked about, not a row; False where what was asked is erased."""
    try:
        return contents_of(register).open(record.input).startswith(b"[")
    except NotFoundError:
        return False


def row_problem(row: RowMapping, record: Decision, index: int) -> str | None:
    """Return the first column in which a row differs from its record; `done_us` is in no record."""
    for column, value in _expected(record, index).items():
        if row[column] != value:
            return column
    return None


def _expected(record: Decision, index: int) -> dict[str, Any]:
    same = ("id", "release", "permit", "mode", "outcome", "at", "receipt", "subject", "review", "input", "output")
    return {name: getattr(record, name) for name in (*same, "run", "seq")} | {"use_id": record.use, "idx": index}


def find_declaration(register: Register, use: str, *, until: str | None = None) -> UseCase:
    """Return the declaration of a use, as it stood at an instant if one is given; raises NotFoundError."""
    oldest = None
    for entry in newest_first(register, "declaration/1", use):
        oldest = entry
        if until is None or entry.recorded_at <= until:
            break
    if oldest is None:
        raise NotFoundError(f"use {use!r} is not declared", fix="`dualtrack declare FILE` first")
    return read_record(canonical.decode(dsse.parse(oldest.content).payload), UseCase, where="declaration")


def find_release(register: Register, use: str, digest: str) -> Release:
    """Return a release by its digest; raises NotFoundError."""
    for entry in newest_first(register, "release/1", use):
        payload = dsse.parse(entry.content).payload
        if canonical.digest(payload) == digest:
            return read_record(canonical.decode(payload), Release, where="release")
    raise NotFoundError(f"no release {digest[:16]} of {use}", fix="`dualtrack ledger verify`")


def find_policy(register: Register, use: str, digest: str | None) -> RuntimePolicy:
    """Return a runtime policy by its digest; raises NotFoundError."""
    for entry in newest_first(register, "runtime-policy/1", use):
        if canonical.digest(entry.content) == digest:
            return read_record(canonical.decode(entry.content), RuntimePolicy, where="runtime policy")
    raise NotFoundError(f"no runtime policy {(digest or 'none')[:16]} of {use}", fix="`dualtrack ledger verify`")
