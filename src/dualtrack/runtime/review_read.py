"""Reads reviews from the ledger: the opened record with its actions, folded. Nothing here decides or writes."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import select

from dualtrack.domain import canonical
from dualtrack.domain.entry import Entry
from dualtrack.domain.records import read_record
from dualtrack.domain.review import ReviewAction, ReviewOpened
from dualtrack.errors import NotFoundError
from dualtrack.runtime.review_state import ReviewState, fold
from dualtrack.store.projections import Projections
from dualtrack.store.rare import Rare

if TYPE_CHECKING:
    from sqlalchemy import RowMapping

    from dualtrack.domain.decision import Decision
    from dualtrack.store.register import Register

__all__ = ["ReviewRead", "read_review", "review_actions", "review_of_decision", "said_state"]


class ReviewRead(NamedTuple):
    """A review as the ledger had it when it had `size` entries."""

    state: ReviewState
    actions: list[ReviewAction]
    size: int


def read_review(register: Register, review: str) -> ReviewRead:
    """Return a review folded to the present; raises NotFoundError."""
    rows = Projections(register.repository).rows("review", id=review)
    if not rows:
        raise NotFoundError(
            "no such review", where=f"review {review[:26]}", fix="look at the queue", code="not-found.review"
        )
    return _folded(register, int(rows[0]["idx"]), review)


def said_state(record: Decision, state: ReviewState) -> str:
    """Return how a review of a decision ended, as the person may be told.

    Where no model drafted anything, nothing was approved: whoever said yes to the question took it up (`taken_up`).
    """
    if state.status == "approved" and record.output is None and state.released == state.opened.draft:
        return "taken_up"
    return state.status


def review_actions(register: Register, review: str, use: str, start: int, end: int) -> list[ReviewAction]:
    """Return the actions on a review among the entries of a range."""
    found, position = [], start
    while position < end:
        page = register.repository.entries(kinds=("review-action/1",), ids=(use,), start=position, end=end)
        if not page:
            break
        for entry in page:
            if isinstance(entry, Entry) and review.encode() in entry.content:
                action = read_record(canonical.decode(entry.content), ReviewAction, where="review action")
                found += [action] if action.review == review else []
        position = page[-1].index + 1
    return found


def review_of_decision(register: Register, decision: str) -> list[ReviewState]:
    """Return the reviews of a decision, oldest first, as they stand."""
    Projections(register.repository).catch_up()
    table = register.repository.tables.review
    query = select(table.c.id, table.c.idx).where(
        table.c.ledger == register.repository.ledger, Rare(table.c.decision_id == decision)
    )
    with register.repository.backend.read() as connection:
        rows: list[RowMapping] = list(connection.execute(query.order_by(table.c.idx)).mappings())
    return [_folded(register, int(row["idx"]), str(row["id"])).state for row in rows]


def _folded(register: Register, index: int, review: str) -> ReviewRead:
    size = register.repository.size()
    entry = register.repository.entry(index)
    opened = read_record(canonical.decode(entry.content), ReviewOpened, where=f"review {review}")
    table = register.repository.tables.review
    query = select(table.c.last_idx).where(table.c.ledger == register.repository.ledger, table.c.id == review)
    projections = Projections(register.repository)
    projections.catch_up()  # so that the index of the newest action is right up to `size`
    with register.repository.backend.read() as connection:
        last = int(connection.execute(query).scalar_one())
    actions = review_actions(register, review, opened.use, index + 1, min(last + 1, size))
    return ReviewRead(fold(opened, actions), actions, size)
