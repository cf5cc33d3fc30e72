"""The kill switch: set a hold, wait until no process can still be serving, and say what was served last.

Every process answers under a lease of at most LEASE_S from its last reading, so a hold that is durable that long is known
everywhere; the wait adds AT_RISK_MS, within which an answer given in the last moment of a lease is in the index.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, NamedTuple, get_args

from sqlalchemy import case, func, select

from dualtrack.domain.oversight import Hold, HoldRelease, HoldScope
from dualtrack.domain.time import format_instant
from dualtrack.domain.vocabulary import Role
from dualtrack.errors import NotFoundError, SignatureError
from dualtrack.runtime.clock import steady_s
from dualtrack.runtime.hold_scope import HeldPart, check_target, held_part, targets
from dualtrack.runtime.holders import check_reason, need_role
from dualtrack.runtime.ids import new_id
from dualtrack.runtime.lookup import id_floor, record_at
from dualtrack.runtime.recorder import AT_RISK_MS
from dualtrack.runtime.snapshots import LEASE_S
from dualtrack.store.projections import Projections

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement

    from dualtrack.keys.signer import Signer
    from dualtrack.store.register import Register

__all__ = [
    "LOOKED_AT_MAX",
    "RELEASE_ROLES",
    "SET_ROLES",
    "HoldSet",
    "Served",
    "acknowledge_s",
    "list_holds",
    "release_hold",
    "served_in",
    "set_hold",
]

SET_ROLES = frozenset({Role.APPROVER, Role.COMPLIANCE, Role.OFFICER, Role.OWNER, Role.AUDITOR})
"""Who may stop: many, since stopping wrongly costs little."""

RELEASE_ROLES = frozenset({Role.APPROVER, Role.COMPLIANCE, Role.OFFICER})
"""Who may let it go on, if they are not who stopped it."""

LOOKED_AT_MAX = 2_000
"""Records opened to find those that used a held component: some seconds of a busy use, newest first."""


_OF_ONE_USE = frozenset({"use", "release"})
"""Scopes within one use: who sees it may read why it was stopped."""

_RECENT_S = 3600.0
"""No call lasts as long: what was served last began within it, if anything was."""


class Served(NamedTuple):
    """The last decision served in a scope (microseconds of Unix time, and its id), and how many were served after an instant."""

    last_us: int | None
    after: int
    last: str | None = None


class HoldSet(NamedTuple):
    """A hold that every process knows. `last_served_after_ms` is negative where the last was served before the hold.

    `last_served` is the id of that decision.
    """

    hold: Hold
    entry: int
    acknowledged_at: str
    waited_ms: int
    last_served_us: int | None
    last_served_after_ms: int | None
    served_after: int
    last_served: str | None = None


def acknowledge_s() -> float:
    """Return how long a hold waits after it is durable."""
    return LEASE_S + AT_RISK_MS / 1000


def set_hold(register: Register, signer: Signer, *, scope: HoldScope, target: str, reason: str) -> HoldSet:
    """Stop what `target` names and return once nothing can be serving it; takes about a second.

    Raises SignatureError without one of SET_ROLES, FieldError for a target that is not here: a mistyped hold stops nothing.
    """
    holder = need_role(register, signer, SET_ROLES, "set a hold")
    subject = check_target(register, scope, target)
    check_reason(reason)
    record = Hold(id=new_id(), scope=scope, target=target, reason=reason, by=holder.holder, at=register.now())
    receipt = register.append_record("hold/1", subject, record, [signer])
    durable_us, begun_s = time.time_ns() // 1000, steady_s()
    until_s = begun_s + acknowledge_s()
    while (left_s := until_s - steady_s()) > 0:
        time.sleep(left_s)
    found = served_in(register, scope, target, since_us=durable_us)
    return HoldSet(
        hold=record,
        entry=receipt.index,
        acknowledged_at=format_instant(register.clock()),
        waited_ms=int((steady_s() - begun_s) * 1000),
        last_served_us=found.last_us,
        last_served_after_ms=None if found.last_us is None else (found.last_us - durable_us) // 1000,
        served_after=found.after,
        last_served=found.last,
    )


def release_hold(register: Register, signer: Signer, hold: str, reason: str) -> HoldRelease:
    """End a hold; raises SignatureError for who set it or lacks a role, NotFoundError for none that is open."""
    holder = need_role(register, signer, RELEASE_ROLES, "release a hold")
    check_reason(reason)
    row = next(iter(Projections(register.repository).rows("hold", id=hold)), None)
    if row is None or row["released_at"] is not None:
        found = "no such hold" if row is None else "it was released already"
        raise NotFoundError(found, where=f"hold {hold[:26]}", fix="list the open holds")
    if row["set_by"] == holder.holder:
        raise SignatureError(
            "whoever set a hold would release it",
            where=f"hold {hold}",
            expected="another holder",
            fix="ask a second person to release it",
            code="signature.four-eyes",
        )
    record = HoldRelease(hold=hold, reason=reason, by=holder.holder, at=register.now())
    subject = check_target(register, row["scope"], row["target"])
    register.append_record("hold-release/1", subject, record, [signer])
    return record


def list_holds(
    register: Register, *, open_only: bool = True, uses: frozenset[str] | None = None
) -> list[dict[str, Any]]:
    """Return holds, newest first; with `uses` those alone that stop one of them.

    A hold that reaches beyond one use may speak of others: its `reason` is then None to who sees only some uses.
    """
    wanted = {"released_at": None} if open_only else {}
    if uses is None:
        rows = Projections(register.repository).rows("hold", **wanted)
    else:
        rows = [
            row if scope in _OF_ONE_USE else row | {"reason": None}
            for scope in get_args(HoldScope)
            for row in Projections(register.repository).rows(
                "hold", scope=scope, target=frozenset(targets(register, scope, uses=uses)), **wanted
            )
            if uses
        ]
    return sorted(rows, key=lambda row: row["id"], reverse=True)


def served_in(
    register: Register, scope: HoldScope, target: str, *, since_us: int, until_us: int | None = None
) -> Served:
    """Return what was served in a scope, last and after an instant; with `until_us` nothing that ended later."""
    table = register.repository.tables.decision
    base: tuple[ColumnElement[bool], ...] = (
        table.c.ledger == register.repository.ledger,
        table.c.outcome == "served",
    )
    if until_us is not None:  # an id begins with when its decision began, so none of a later one can have ended before
        base += (table.c.done_us <= until_us, table.c.id < id_floor(until_us / 1_000_000 + 1))
    match scope:
        case "institution":
            return _counted(register, [*base], since_us)
        case "use":
            return _counted(register, [*base, table.c.use_id == target], since_us)
        case "release":
            return _counted(register, [*base, table.c.release == target], since_us)
        case "component" | "provider":
            return _of_part(register, base, held_part(register, scope, target), since_us)


def _counted(register: Register, wanted: list[ColumnElement[bool]], since_us: int) -> Served:
    """Ask among decisions begun shortly before, by the primary key; only where there was none, among all."""
    table = register.repository.tables.decision
    after = func.sum(case((table.c.done_us > since_us, 1), else_=0))
    recent = table.c.id >= id_floor(min(since_us / 1_000_000, register.clock().timestamp()) - _RECENT_S)
    with register.repository.backend.read() as connection:
        for among in ([*wanted, recent], wanted):
            last_us, count = connection.execute(select(func.max(table.c.done_us), after).where(*among)).one()
            if last_us is not None:
                newest = select(table.c.id).where(*among, table.c.done_us == last_us).order_by(table.c.id.desc())
                return Served(int(last_us), int(count), connection.execute(newest.limit(1)).scalar_one())
    return Served(None, 0)


def _of_part(register: Register, base: tuple[ColumnElement[bool], ...], part: HeldPart, since_us: int) -> Served:
    """Look at whole releases that cannot run without the part by their rows, at others by the calls in their records."""
    table = register.repository.tables.decision
    last: list[tuple[int, str]] = []
    after = 0
    if part.needed_by:
        whole = _counted(register, [*base, table.c.release.in_(part.needed_by)], since_us)
        last += [(whole.last_us, whole.last)] if whole.last_us is not None and whole.last is not None else []
        after += whole.after
    if part.optional_in:
        query = select(table.c.idx, table.c.done_us, table.c.id).where(*base, table.c.release.in_(part.optional_in))
        with register.repository.backend.read() as connection:
            rows = connection.execute(query.order_by(table.c.id.desc()).limit(LOOKED_AT_MAX)).all()
        for index, done_us, name in rows:
            _, record = record_at(register, int(index))
            answered = next((call for call in reversed(record.upstream) if not call.fault), None)
            if answered is not None and (answered.component if part.scope == "component" else answered.provider) == (
                part.target
            ):
                last.append((int(done_us), str(name)))
                after += int(done_us) > since_us
    newest = max(last, default=None)
    return Served(newest[0], after, newest[1]) if newest else Served(None, after)
