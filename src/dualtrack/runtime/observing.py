"""Observe mode: a use that was live before it was imported goes on, watched, until a day. Never a permit.

The days run from the first time that the use was observed: a limit that could be renewed would be none.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from dualtrack.domain import canonical
from dualtrack.domain.oversight import Observe, ObserveEnd
from dualtrack.domain.records import read_record
from dualtrack.domain.time import format_instant, parse_instant
from dualtrack.domain.vocabulary import Role
from dualtrack.errors import FieldError, NotFoundError, SignatureError
from dualtrack.keys import dsse
from dualtrack.runtime.holders import check_reason, need_role
from dualtrack.runtime.lookup import find_declaration, newest_first
from dualtrack.runtime.standing import standing_settings
from dualtrack.store.projections import Projections

if TYPE_CHECKING:
    from dualtrack.keys.signer import Signer
    from dualtrack.store.register import Register

__all__ = ["begin_observe", "end_observe", "observe_ends_at"]


def observe_ends_at(register: Register, use: str) -> str:
    """Return the latest instant until which this use may be observed."""
    begun = register.now()
    for entry in newest_first(register, "observe/1", use):
        begun = read_record(canonical.decode(dsse.parse(entry.content).payload), Observe, where="observe").at
    return format_instant(parse_instant(begun) + timedelta(days=standing_settings().observe_days_max))


def begin_observe(register: Register, signer: Signer, use: str, reason: str, days: int) -> Observe:
    """Let a use that is live already run, watched, for some days, on its newest release.

    Raises SignatureError unless its accountable executive signs as approver, FieldError for a use that was not live, or too
    many days, NotFoundError for no declaration or release.
    """
    check_reason(reason)
    _need_executive(register, signer, use, "put it on observe")
    now = register.now()
    declared = find_declaration(register, use)
    if declared.live_since is None:  # an instant to come was refused with the declaration
        raise FieldError(
            "it was not live before it came here",
            where=f"{use}, field live_since",
            expected="an instant in the past",
            fix="a new use needs a permit: `dualtrack assess`",
        )
    release = register.latest_release(use)
    if release is None:
        raise NotFoundError("nothing was released", where=use, fix="`dualtrack release` what runs now")
    if days < 1:
        raise FieldError(f"{days} days", where="days", expected="1 or more")
    latest, until = observe_ends_at(register, use), format_instant(parse_instant(now) + timedelta(days=days))
    if until > latest:
        raise FieldError(
            f"until {until}",
            where=f"{use}, field until",
            expected=f"{latest} at the latest: {standing_settings().observe_days_max} days from the first observation",
            fix="assess it within the time, or take it out of service",
        )
    record = Observe(use=use, release=release, reason=reason, by=declared.accountable_executive, at=now, until=until)
    register.append_record("observe/1", use, record, [signer])
    return record


def end_observe(register: Register, signer: Signer, use: str, reason: str) -> ObserveEnd:
    """End observe mode before its day; the accountable executive, or whoever may set holds for the firm, signs."""
    check_reason(reason)
    found = need_role(register, signer, {Role.APPROVER, Role.COMPLIANCE, Role.OFFICER}, "end observe mode")
    row = next(iter(Projections(register.repository).rows("observe", use_id=use)), None)
    if row is None or row["ended_at"] is not None or row["until"] <= register.now():
        raise NotFoundError("it is not observed now", where=use, fix="list what is observed")
    record = ObserveEnd(use=use, reason=reason, by=found.holder, at=register.now())
    register.append_record("observe-end/1", use, record, [signer])
    return record


def _need_executive(register: Register, signer: Signer, use: str, act: str) -> None:
    found = need_role(register, signer, {Role.APPROVER}, act)
    executive = find_declaration(register, use).accountable_executive
    if found.holder != executive:
        raise SignatureError(
            f"{found.holder!r} is not its accountable executive",
            where=use,
            expected=f"the key of {executive}",
            fix="have the accountable executive sign",
            code="signature.wrong-role",
        )
