"""Who opted out of a use lately, and the look that many such people ask for.

A person counts once and only while they stay out. What a drill or a planted item made counts for nothing. Enough of them
narrow nothing: each is served by a person already, and who holds a caller's key could name as many as they like.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import select

from dualtrack.domain.time import format_instant, parse_instant
from dualtrack.runtime.called_looks import call_for_look
from dualtrack.runtime.plant_counts import planted_decisions
from dualtrack.runtime.standing import SignalCount, standing_settings
from dualtrack.store.projections import Projections

if TYPE_CHECKING:
    from dualtrack.store.register import Register

__all__ = ["OPT_OUTS_KIND", "OptedOut", "look_at_opt_outs", "people_opted_out"]

OPT_OUTS_KIND = "opt-outs"
"""Kind of the incident that enough people who opted out open."""

_KIND = "opt_out"


class OptedOut(NamedTuple):
    """When one person who is still out opted out, and the ledger entry that says so."""

    at: str
    entry: int


def people_opted_out(register: Register, use: str) -> list[OptedOut]:
    """Return those who opted out and are still out, oldest first, within the longest window of the settings."""
    days = max((rule.window_days for rule in standing_settings().signals if rule.kind == _KIND), default=0)
    since = format_instant(parse_instant(register.now()) - timedelta(days=days))
    Projections(register.repository).catch_up()
    signal, said = register.repository.tables.signal, register.repository.tables.opt_out
    ledger = register.repository.ledger
    query = (
        select(said.c.at, said.c.idx, said.c.subject)
        .join(
            signal, (signal.c.ledger == said.c.ledger) & (signal.c.idx == said.c.idx + 1)
        )  # a signal follows its cause
        .where(said.c.ledger == ledger, said.c.use_id == use, said.c.active.is_(True), said.c.at >= since)
        .where(signal.c.kind == _KIND)
        .order_by(said.c.at)
    )
    with register.repository.backend.read() as connection:
        rows = connection.execute(query).all()
    made_up = _planted_people(register) if rows else frozenset()
    return [OptedOut(str(at), int(idx)) for at, idx, subject in rows if subject not in made_up]


def look_at_opt_outs(register: Register, use: str) -> str | None:
    """Open an incident where so many people opted out since the last one was closed; return its id."""

    def signals() -> list[SignalCount]:
        return [SignalCount(_KIND, item.at, 1) for item in people_opted_out(register, use)]

    asks = "Each is served by a person already: ask why, and close this with what was found."
    return call_for_look(register, use, OPT_OUTS_KIND, signals, counted="people", asks=asks)


def _planted_people(register: Register) -> frozenset[str]:
    """Return whom planted decisions are about."""
    planted = planted_decisions(register, shown=False)
    if not planted:
        return frozenset()
    table = register.repository.tables.decision
    query = select(table.c.subject).where(
        table.c.ledger == register.repository.ledger, table.c.id.in_(sorted(planted)), table.c.subject.is_not(None)
    )
    with register.repository.backend.read() as connection:
        return frozenset(connection.execute(query).scalars())
