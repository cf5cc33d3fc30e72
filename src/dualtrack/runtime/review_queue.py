"""Walks over the index of reviews, what is due first at the top, and those that four eyes have only half approved."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import select, tuple_

from dualtrack.runtime.review_read import read_review

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dualtrack.store.register import Register

__all__ = ["QueueCursor", "half_approved", "rows_in_state"]

_PAGE = 50


class QueueCursor(NamedTuple):
    """Where a page of the queue ended."""

    due_at: str
    id: str


def rows_in_state(
    register: Register, state: str, after: QueueCursor | None, uses: frozenset[str] | None, *, four_eyes: bool = False
) -> Iterator[dict[str, Any]]:
    """Yield the index rows of a state by due instant, of these uses (None: all); with `four_eyes` only reviews by two people."""
    table = register.repository.tables.review
    query = select(table).where(table.c.ledger == register.repository.ledger, table.c.state == state)
    query = query if uses is None else query.where(table.c.use_id.in_(sorted(uses)))
    query = query.where(table.c.four_eyes) if four_eyes else query
    query = query.order_by(table.c.due_at, table.c.id).limit(_PAGE)
    while True:
        page_query = query if after is None else query.where(tuple_(table.c.due_at, table.c.id) > tuple_(*after))
        with register.repository.backend.read() as connection:
            page = connection.execute(page_query).mappings().all()
        yield from (dict(row) for row in page)
        if len(page) < _PAGE:
            return
        after = QueueCursor(page[-1]["due_at"], page[-1]["id"])


def half_approved(
    register: Register, after: QueueCursor | None = None, uses: frozenset[str] | None = None
) -> Iterator[dict[str, Any]]:
    """Yield reviews that one of two people has approved, as `queued`: they wait on until they are due.

    The index knows an approval, not whether it was the last; so each is read.
    """
    now = QueueCursor(register.now(), "")
    for row in rows_in_state(register, "approved", now if after is None else max(after, now), uses, four_eyes=True):
        if not read_review(register, row["id"]).state.ended:
            yield row | {"state": "queued"}
