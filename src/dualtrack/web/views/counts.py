"""Counts that pages show, each one query: decisions since midnight in Hong Kong, reviews that wait."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import case, func, select

from dualtrack.domain.time import format_instant, hong_kong_midnight
from dualtrack.runtime.lookup import id_floor
from dualtrack.runtime.plant_counts import not_planted
from dualtrack.runtime.review_queue import half_approved
from dualtrack.runtime.reviews import OPEN_STATES
from dualtrack.store.projections import Projections

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from dualtrack.store.register import Register

__all__ = ["Waiting", "decisions_since_midnight", "reviews_waiting"]


class Waiting(NamedTuple):
    """Reviews that wait for a person, and how many of them are past their time."""

    n: int
    late: int


def decisions_since_midnight(register: Register, now: datetime) -> Mapping[str, Mapping[str, int]]:
    """Return by use how many decisions were made today, by outcome."""
    table = register.repository.tables.decision
    floor = id_floor(hong_kong_midnight(now).timestamp())
    query = select(table.c.use_id, table.c.outcome, func.count()).where(
        table.c.mode != "drill",
        table.c.ledger == register.repository.ledger,
        table.c.id >= floor,
        table.c.outcome != "begun",
        not_planted(register, format_instant(hong_kong_midnight(now))),
    )
    found: dict[str, dict[str, int]] = {}
    with register.repository.backend.read() as connection:
        for use, outcome, n in connection.execute(query.group_by(table.c.use_id, table.c.outcome)):
            found.setdefault(use, {})[outcome] = n
    return found


def reviews_waiting(register: Register, now: str) -> Mapping[str, Waiting]:
    """Return by use the reviews that wait, brought up to date first: those of the queue.

    Under four eyes one that one person has approved waits on until it is due.
    """
    Projections(register.repository).catch_up()
    table = register.repository.tables.review
    query = select(table.c.use_id, func.count(), func.sum(case((table.c.due_at < now, 1), else_=0))).where(
        table.c.ledger == register.repository.ledger, table.c.state.in_(OPEN_STATES)
    )
    with register.repository.backend.read() as connection:
        rows = connection.execute(query.group_by(table.c.use_id)).all()
    found = {use: Waiting(int(n), int(late or 0)) for use, n, late in rows}
    for row in half_approved(register):
        before = found.get(row["use_id"], Waiting(0, 0))
        found[row["use_id"]] = before._replace(n=before.n + 1)
    return found
