"""What people and signals say of the running uses of an institution: read in one go, and what of it changes a use lightly."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import select

from dualtrack.domain.time import format_instant
from dualtrack.runtime.complaint_counts import releases_of_complaints
from dualtrack.runtime.plant_shelf import read_shelf
from dualtrack.runtime.standing import SignalCount, judge_signals, standing_settings
from dualtrack.store.projections import Projections

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import RowMapping

    from dualtrack.runtime.live import LiveUse
    from dualtrack.store.register import Register

__all__ = ["Oversight", "lightly_changed", "read_oversight"]


class Oversight(NamedTuple):
    """The rows about running uses of one institution."""

    holds: Sequence[Mapping[str, Any]]
    observed: Mapping[str, Mapping[str, Any]]
    opt_outs: Mapping[str, frozenset[str]]
    signals: Mapping[str, Sequence[SignalCount]]


def read_oversight(register: Register) -> Oversight:
    """Read open holds, observe mode, opt-outs in force, and signals with open incidents among them."""
    rows = Projections(register.repository).rows
    opt_outs: dict[str, set[str]] = {}
    for row in rows("opt_out", active=True):
        opt_outs.setdefault(row["use_id"], set()).add(row["subject"])
    signals: dict[str, list[SignalCount]] = {}
    found = _signals(register)
    aside = set(
        chain.from_iterable(read_shelf(register).signals.values())
    )  # what people do on planted items says nothing
    releases = releases_of_complaints(register, found)
    for signal in found:
        if signal["idx"] not in aside:
            release = releases.get(int(signal["idx"]))
            counted = SignalCount(signal["kind"], signal["at"], signal["value"], release=release)
            signals.setdefault(signal["use_id"], []).append(counted)
    for row in rows("incident"):
        if row["use_id"] and row["state"] != "closed":
            signals.setdefault(row["use_id"], []).append(SignalCount("incident", row["opened_at"], 1, row["severity"]))
    return Oversight(
        holds=rows("hold", released_at=None),
        observed={row["use_id"]: row for row in rows("observe")},
        opt_outs={use: frozenset(found) for use, found in opt_outs.items()},
        signals=signals,
    )


def _signals(register: Register) -> Sequence[RowMapping]:
    """Return the signals that a rule may still count: of its kinds, within the longest of their windows."""
    rules = [rule for rule in standing_settings().signals if rule.effect != "look"]  # a look is asked for elsewhere
    days = max(rule.window_days for rule in rules)
    since = format_instant(register.clock() - timedelta(days=days))
    Projections(register.repository).catch_up()
    table = register.repository.tables.signal
    query = select(table.c.idx, table.c.use_id, table.c.kind, table.c.at, table.c.value).where(
        table.c.ledger == register.repository.ledger,
        table.c.kind.in_(sorted({rule.kind for rule in rules})),
        table.c.at >= since,
    )
    with register.repository.backend.read() as connection:
        return connection.execute(query.order_by(table.c.idx)).mappings().all()


def lightly_changed(found: LiveUse, oversight: Oversight, at: str) -> LiveUse | None:
    """Return the use with its opt-outs as they are now, or None where signals ask for another look at it."""
    since = format_instant(datetime.fromtimestamp(found.from_s, UTC))
    mine = [item for item in oversight.signals.get(found.use, ()) if item.concerns(found.release, since)]
    effects = judge_signals(mine, at)
    narrowed = tuple(effect.rule.says.en for effect in effects if effect.rule.effect == "narrow")
    if narrowed != found.narrowed or any(effect.rule.effect == "lapse" for effect in effects):
        return None
    return dataclasses.replace(found, opted_out=oversight.opt_outs.get(found.use, frozenset()))
