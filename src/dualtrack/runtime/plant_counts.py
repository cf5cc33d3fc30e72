"""What counts leave out: decisions of planted items, and signals of people on them.

What decides (signals that narrow or lapse a use, rates of guards, quotas) leaves them out always. What people can see has
them until the Hong Kong midnight after the review ended: a count that stands still while a list grows would tell who reviews,
and one that moves when a review ends would tell who decided it. Counters for monitors, which never go back, have them always.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dualtrack.domain.time import parse_instant
from dualtrack.runtime.lookup import id_floor
from dualtrack.runtime.plant_shelf import plants_told, read_shelf, today_s_start
from dualtrack.store.projections import Projections

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import ColumnElement

    from dualtrack.store.register import Register

__all__ = ["counted_signals", "not_planted", "planted_decisions"]


def not_planted(register: Register, since: str) -> ColumnElement[bool]:
    """Return the condition for decisions since an instant that a shown count has."""
    floor = id_floor(parse_instant(since, where="since").timestamp())
    gone = planted_decisions(register, shown=True)
    return register.repository.tables.decision.c.id.not_in(sorted(item for item in gone if item >= floor))


def planted_decisions(register: Register, *, shown: bool) -> frozenset[str]:
    """Return the planted decisions that a figure leaves out: all where it decides, those ended before today where it is shown."""
    shelf = read_shelf(register)
    reviews = plants_told(register, shelf) if shown else shelf.plants.keys()
    return frozenset(shelf.plants[review].decision for review in reviews)


def counted_signals(register: Register, use: str) -> list[Mapping[str, Any]]:
    """Return a use's signals as they are shown: without those before today on planted items that ended before today."""
    shelf = read_shelf(register)
    told, until = plants_told(register, shelf), today_s_start(register)
    aside = {index for review, found in shelf.signals.items() if review in told for index in found}
    rows = Projections(register.repository).rows("signal", use_id=use)
    return [row for row in rows if row["idx"] not in aside or row["at"] >= until]
