"""What the clock does to reviews: past their due instant they expire, the fixed message stands, and people are told.

Due instants are set in Hong Kong business time when a review opens, so the clock only compares. A timer calls `expire_due`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import select

from dualtrack.domain.time import add_days, format_instant
from dualtrack.runtime.incidents import open_incident
from dualtrack.runtime.review_seals import seals_of
from dualtrack.runtime.reviews import OPEN_STATES, ReviewDesk
from dualtrack.store.projections import Projections

if TYPE_CHECKING:
    from datetime import datetime

    from dualtrack.store.content import ContentVault
    from dualtrack.store.register import Register

__all__ = ["EXPIRE_MAX", "LOOK_BACK_DAYS", "Expired", "expire_due"]

EXPIRE_MAX = 1_000
"""Reviews ended in one call; the next call goes on."""

LOOK_BACK_DAYS = 7
"""Half-approved items under four eyes are looked for this far back: the timer runs every minute."""


class Expired(NamedTuple):
    """Reviews of a use that ran out, and the incident by which people were told."""

    use: str
    reviews: tuple[str, ...]
    incident: str


def expire_due(register: Register, contents: ContentVault, now: datetime) -> list[Expired]:
    """End every review that is past due, and open one incident a use, so that somebody answers for it."""
    desk, seals = ReviewDesk(register, contents), seals_of(register)
    by_use: dict[str, list[str]] = {}
    asked: set[str] = set()
    for review, use, why in _past_due(register, now):
        waited_for = seals.planted(desk.state(review).opened) is not True  # for a planted item no customer waits
        if desk.expire(review, now) and waited_for:
            by_use.setdefault(use, []).append(review)
            asked |= {use} if why == "customer_asked" else set()
    return [_told(register, use, reviews, asked=use in asked) for use, reviews in sorted(by_use.items())]


def _past_due(register: Register, now: datetime) -> list[tuple[str, str, str]]:
    Projections(register.repository).catch_up()
    table = register.repository.tables.review
    at, since = format_instant(now), format_instant(add_days(now, -LOOK_BACK_DAYS))
    base = select(table.c.due_at, table.c.id, table.c.use_id, table.c.why)
    base = base.where(table.c.ledger == register.repository.ledger, table.c.due_at <= at)
    queries = [base.where(table.c.state == state) for state in OPEN_STATES]
    queries.append(base.where(table.c.state == "approved", table.c.four_eyes, table.c.due_at > since))
    found = []
    with register.repository.backend.read() as connection:
        for query in queries:
            ordered = query.order_by(table.c.due_at, table.c.id).limit(EXPIRE_MAX)
            found += [tuple(row) for row in connection.execute(ordered)]
    return [(review, use, why) for _, review, use, why in sorted(found)[:EXPIRE_MAX]]


def _told(register: Register, use: str, reviews: list[str], *, asked: bool) -> Expired:
    incident = open_incident(
        register,
        kind="review-overdue",
        severity="material" if asked else "minor",
        use=use,
        note="Nobody decided in time; the fixed message was given. Somebody must take it up.",
        by="runtime",
        facts={"reviews": len(reviews), "first": reviews[0], "customer_asked": int(asked)},
    )
    return Expired(use, tuple(reviews), incident.id)
