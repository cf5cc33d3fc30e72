"""What people and signals say of the running uses of an institution: read in one go, and what of it changes a use lightly."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from dualtrack.domain.time import format_instant
from dualtrack.runtime.standing import SignalCount, judge_signals
from dualtrack.store.projections import Projections

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

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
    for row in rows("signal"):
        signals.setdefault(row["use_id"], []).append(SignalCount(row["kind"], row["at"], row["value"]))
    for row in rows("incident"):
        if row["use_id"] and row["state"] != "closed":
            signals.setdefault(row["use_id"], []).append(SignalCount("incident", row["opened_at"], 1, row["severity"]))
    return Oversight(
        holds=rows("hold", released_at=None),
        observed={row["use_id"]: row for row in rows("observe")},
        opt_outs={use: frozenset(found) for use, found in opt_outs.items()},
        signals=signals,
    )


def lightly_changed(found: LiveUse, oversight: Oversight, at: str) -> LiveUse | None:
    """Return the use with its opt-outs as they are now, or None where signals ask for another look at it."""
    since = format_instant(datetime.fromtimestamp(found.from_s, UTC))
    effects = judge_signals([item for item in oversight.signals.get(found.use, ()) if item.at >= since], at)
    narrowed = tuple(effect.rule.says.en for effect in effects if effect.rule.effect == "narrow")
    if narrowed != found.narrowed or any(effect.rule.effect == "lapse" for effect in effects):
        return None
    return dataclasses.replace(found, opted_out=oversight.opt_outs.get(found.use, frozenset()))
