"""What entries of the runtime do to the current-state tables: holds, observe mode, opt-outs, reviews, signals, incidents.

Decisions are not here: their index is written with them, since they come by the thousand a second.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from dualtrack.domain import canonical
from dualtrack.domain.oversight import Hold, HoldRelease, Incident, IncidentUpdate, Observe, ObserveEnd, OptOut, Signal
from dualtrack.domain.records import Record, read_record
from dualtrack.domain.review import ReviewAction, ReviewOpened
from dualtrack.keys import dsse
from dualtrack.store.change import Change, Values

if TYPE_CHECKING:
    from collections.abc import Callable

    from dualtrack.domain.entry import Entry

__all__ = ["RUNTIME_PROJECTORS"]

_T = TypeVar("_T", bound=Record)

_STATE_AFTER = {
    "claim": "claimed",
    "unclaim": "queued",
    "approve": "approved",
    "modify": "approved",
    "reject": "rejected",
    "terminate": "terminated",
    "escalate": "escalated",
    "expire": "expired",
}
"""State that an action leads to; under four eyes a first approval is `approved` here and the queue asks the records."""


def _signed(entry: Entry, kind: type[_T]) -> _T:
    return read_record(canonical.decode(dsse.parse(entry.content).payload), kind, where=entry.kind)


def _plain(entry: Entry, kind: type[_T]) -> _T:
    return read_record(canonical.decode(entry.content), kind, where=entry.kind)


def _hold(entry: Entry) -> Change:
    found = _signed(entry, Hold)
    values: Values = {
        "idx": entry.index,
        "scope": found.scope,
        "target": found.target,
        "reason": found.reason,
        "set_by": found.by,
        "set_at": found.at,
        "released_by": None,
        "released_at": None,
    }
    return Change("hold", {"id": found.id}, values)


def _hold_release(entry: Entry) -> Change:
    found = _signed(entry, HoldRelease)
    return Change("hold", {"id": found.hold}, {"released_by": found.by, "released_at": found.at}, patch=True)


def _observe(entry: Entry) -> Change:
    found = _signed(entry, Observe)
    values: Values = {"idx": entry.index, "until": found.until, "signed_by": found.by, "ended_at": None}
    return Change("observe", {"use_id": found.use}, values)


def _observe_end(entry: Entry) -> Change:
    found = _signed(entry, ObserveEnd)
    return Change("observe", {"use_id": found.use}, {"ended_at": found.at}, patch=True)


def _opt_out(entry: Entry) -> Change:
    found = _plain(entry, OptOut)
    values: Values = {"idx": entry.index, "at": found.at, "active": found.active}
    return Change("opt_out", {"use_id": found.use, "subject": found.subject}, values)


def _review(entry: Entry) -> Change:
    found = _plain(entry, ReviewOpened)
    values: Values = {
        "idx": entry.index,
        "decision_id": found.decision,
        "use_id": found.use,
        "why": found.why,
        "state": "queued",
        "opened_at": found.opened_at,
        "due_at": found.due_at,
        "holder": None,
        "changed_at": found.opened_at,
        "four_eyes": found.four_eyes,
        "last_idx": entry.index,
    }
    return Change("review", {"id": found.id}, values)


def _review_action(entry: Entry) -> Change:
    found = _plain(entry, ReviewAction)
    values: Values = {"state": _STATE_AFTER[found.action], "changed_at": found.at, "last_idx": entry.index}
    if found.action in {"claim", "unclaim"}:
        values = values | {"holder": found.by if found.action == "claim" else None}
    return Change("review", {"id": found.review}, values, patch=True)


def _signal(entry: Entry) -> Change:
    found = _plain(entry, Signal)
    values: Values = {"use_id": found.use, "kind": found.kind, "at": found.at, "value": found.value}
    return Change("signal", {"idx": entry.index}, values)


def _incident(entry: Entry) -> Change:
    found = _plain(entry, Incident)
    values: Values = {
        "idx": entry.index,
        "use_id": found.use,
        "kind": found.kind,
        "severity": found.severity,
        "state": "open",
        "opened_at": found.at,
        "changed_at": found.at,
    }
    return Change("incident", {"id": found.id}, values)


def _incident_update(entry: Entry) -> Change:
    found = _plain(entry, IncidentUpdate)
    return Change("incident", {"id": found.incident}, {"state": found.state, "changed_at": found.at}, patch=True)


RUNTIME_PROJECTORS: dict[str, Callable[[Entry], Change]] = {
    "hold/1": _hold,
    "hold-release/1": _hold_release,
    "observe/1": _observe,
    "observe-end/1": _observe_end,
    "opt-out/1": _opt_out,
    "review/1": _review,
    "review-action/1": _review_action,
    "signal/1": _signal,
    "incident/1": _incident,
    "incident-update/1": _incident_update,
}
"""Kinds of the runtime that have a place in the current-state tables."""
