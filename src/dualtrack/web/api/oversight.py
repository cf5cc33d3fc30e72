"""Holds, observe mode, opt-outs and incidents: how people keep running uses in hand."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel, Field, StrictBool, StrictInt

from dualtrack.domain.canonical import INTEGER_MAX
from dualtrack.domain.records import to_plain
from dualtrack.runtime.holds import list_holds, release_hold, set_hold
from dualtrack.runtime.incidents import (
    FACT_CHARACTERS_MAX,
    FACTS_MAX,
    get_incident,
    incident_updates,
    list_incidents,
    open_incident,
    update_incident,
)
from dualtrack.runtime.observing import begin_observe, end_observe
from dualtrack.runtime.opting import opt_out
from dualtrack.store.projections import Projections, among
from dualtrack.web.api.access import Desk, desk, holder_of_desk
from dualtrack.web.api.idempotency import ApiRoute
from dualtrack.web.api.models import API_PREFIX, ERRORS, ID_PATTERN, Body, Reason, Record, errors
from dualtrack.web.api.paging import After, Limit, link_next, page_of
from dualtrack.web.api.uses import SLUG_PATTERN, USE_PATTERN
from dualtrack.web.identity.permissions import Verb, require

__all__ = [
    "Fact",
    "HoldIn",
    "HoldOut",
    "HoldSetOut",
    "Ident",
    "IncidentDetail",
    "IncidentIn",
    "IncidentOut",
    "IncidentUpdateIn",
    "Institution",
    "ObserveIn",
    "ObserveOut",
    "OptOutIn",
    "OptOutOut",
    "Password",
    "SignedIn",
    "UseSlug",
    "end_observing",
    "follow",
    "go_on",
    "note_opt_out",
    "observe",
    "read_holds",
    "read_incident",
    "read_incidents",
    "read_observed",
    "report",
    "router",
    "stop",
]

router = APIRouter(prefix=API_PREFIX, tags=["oversight"], route_class=ApiRoute, responses=ERRORS | errors(423))

Ident = Annotated[str, Path(pattern=ID_PATTERN)]
Password = Annotated[str, Field(min_length=1, max_length=512)]
Institution = Annotated[str, Path(pattern=SLUG_PATTERN)]
UseSlug = Annotated[str, Path(pattern=SLUG_PATTERN)]


class SignedIn(Body):
    """A step that a person signs: why, and the password that opens their key for this one entry.

    None where the server keeps the key, after a new login at the provider.
    """

    reason: Reason
    password: Password | None = None


class HoldIn(SignedIn):
    """What to stop: the institution, a use, a release (its digest), a component or a provider."""

    scope: Literal["institution", "use", "release", "component", "provider"]
    target: Annotated[str, Field(min_length=1, max_length=200)]


class HoldOut(BaseModel):
    """A hold as it stands. `reason` is None to a key of some uses where the hold reaches beyond one."""

    id: str
    entry: int
    scope: str
    target: str
    reason: str | None
    set_by: str
    set_at: str
    released_by: str | None
    released_at: str | None


class HoldSetOut(BaseModel):
    """A hold that every process knows, and what was served last: `last_served_after_ms` is negative before it.

    `last_served` is the id of that decision, None where nothing was ever served.
    """

    hold: Record
    entry: int
    acknowledged_at: str
    waited_ms: int
    last_served_us: int | None
    last_served_after_ms: int | None
    served_after: int
    last_served: str | None


class ObserveIn(SignedIn):
    """For how many days a use that was live already goes on, watched."""

    days: Annotated[int, Field(ge=1, le=366)]


class ObserveOut(BaseModel):
    """A use that is, or was, observed."""

    use: str
    entry: int
    until: str
    signed_by: str
    ended_at: str | None


class OptOutIn(Body):
    """Somebody wants no AI in a use (or, `active` False, takes that back): their identifier as the caller sends it."""

    use: Annotated[str, Field(pattern=USE_PATTERN)]
    person: Annotated[str, Field(min_length=1, max_length=200)]
    active: StrictBool = True


class OptOutOut(BaseModel):
    """Whether this changed anything."""

    use: str
    active: bool
    changed: bool


Fact = (
    Annotated[StrictInt, Field(ge=-INTEGER_MAX, le=INTEGER_MAX)] | Annotated[str, Field(max_length=FACT_CHARACTERS_MAX)]
)
"""A count or an identifier; larger numbers than INTEGER_MAX have no canonical form."""


class IncidentIn(Body):
    """Something that went wrong, or may have. Facts are counts and identifiers, never content."""

    kind: Annotated[str, Field(pattern=SLUG_PATTERN)]
    severity: Literal["minor", "material", "major"]
    note: Reason
    use: Annotated[str, Field(pattern=USE_PATTERN)] | None = None
    facts: Annotated[dict[str, Fact], Field(max_length=FACTS_MAX)] = Field(default_factory=dict)


class IncidentUpdateIn(Body):
    """What was done about it."""

    state: Literal["open", "contained", "closed"]
    note: Reason


class IncidentOut(BaseModel):
    """An incident as it stands."""

    id: str
    entry: int
    use: str | None
    kind: str
    severity: str
    state: str
    opened_at: str
    changed_at: str


class IncidentDetail(BaseModel):
    """An incident's record, and what was done about it."""

    incident: Record
    updates: list[Record]


@router.get("/holds")
def read_holds(
    at: Annotated[Desk, desk(Verb.SEE_USE)],
    request: Request,
    response: Response,
    open_only: Annotated[bool, Query(description="Only open ones.")] = True,
    limit: Limit = 100,
    after: After = None,
) -> list[HoldOut]:
    """List holds, newest first. A key that is narrowed sees those that stop one of its uses."""
    rows = list_holds(at.register, open_only=open_only, uses=at.listed(Verb.SEE_USE))
    page, more = page_of(rows, _by_id, after=after, limit=limit)
    link_next(request, response, more)
    return [_hold(row) for row in page]


@router.post("/holds", status_code=201)
def stop(at: Annotated[Desk, desk(Verb.SET_HOLD)], body: HoldIn) -> HoldSetOut:
    """Set a hold and wait until no process can be serving what it stops; takes about a second."""
    found = set_hold(at.register, at.signer(body.password), scope=body.scope, target=body.target, reason=body.reason)
    return HoldSetOut(**found._asdict() | {"hold": _plain(found.hold)})


@router.post("/holds/{hold}/release", status_code=201)
def go_on(at: Annotated[Desk, desk(Verb.RELEASE_HOLD)], hold: Ident, body: SignedIn) -> HoldOut:
    """Release a hold; whoever set it cannot."""
    release_hold(at.register, at.signer(body.password), hold, body.reason)
    return _hold(next(row for row in list_holds(at.register, open_only=False) if row["id"] == hold))


@router.get("/observed")
def read_observed(
    at: Annotated[Desk, desk(Verb.SEE_PORTFOLIO)],
    request: Request,
    response: Response,
    limit: Limit = 100,
    after: After = None,
) -> list[ObserveOut]:
    """List the uses that are or were observed."""
    rows = Projections(at.register.repository).rows("observe", **among("use_id", at.listed(Verb.SEE_PORTFOLIO)))
    page, more = page_of(rows, lambda row: str(row["use_id"]), after=after, limit=limit, upwards=True)
    link_next(request, response, more)
    return [_observed(row) for row in page]


@router.post("/uses/{institution}/{use}/observe", status_code=201)
def observe(
    at: Annotated[Desk, desk(Verb.SIGN_OBSERVE)], institution: Institution, use: UseSlug, body: ObserveIn
) -> Record:
    """Let a use that was live before it came here go on, watched; its accountable executive signs."""
    name = at.may_use(Verb.SIGN_OBSERVE, f"{institution}/{use}")
    return _plain(begin_observe(at.register, at.signer(body.password), name, body.reason, body.days))


@router.post("/uses/{institution}/{use}/observe/end", status_code=201)
def end_observing(
    at: Annotated[Desk, desk(Verb.SIGN_OBSERVE)], institution: Institution, use: UseSlug, body: SignedIn
) -> Record:
    """End observe mode before its day."""
    name = at.may_use(Verb.SIGN_OBSERVE, f"{institution}/{use}")
    return _plain(end_observe(at.register, at.signer(body.password), name, body.reason))


@router.post("/opt-outs", status_code=201)
def note_opt_out(at: Annotated[Desk, desk(Verb.OPT_OUT)], body: OptOutIn) -> OptOutOut:
    """Note that a person opted out of AI in a use, or back in; every process knows it within a second."""
    use = at.may_use(Verb.OPT_OUT, body.use)
    changed = opt_out(
        at.register, at.services.runtime.subjects, use, person=body.person, active=body.active, by="staff"
    )
    return OptOutOut(use=use, active=body.active, changed=changed)


@router.get("/incidents")
def read_incidents(
    at: Annotated[Desk, desk(Verb.SEE_INCIDENTS)],
    request: Request,
    response: Response,
    open_only: bool = False,
    use: Annotated[str | None, Query(pattern=USE_PATTERN)] = None,
    limit: Limit = 100,
    after: After = None,
) -> list[IncidentOut]:
    """List incidents, newest first."""
    rows = list_incidents(at.register, open_only=open_only, uses=at.listed(Verb.SEE_INCIDENTS, use))
    page, more = page_of(rows, _by_id, after=after, limit=limit)
    link_next(request, response, more)
    return [_incident(row) for row in page]


@router.get("/incidents/{incident}")
def read_incident(at: Annotated[Desk, desk(Verb.SEE_INCIDENTS)], incident: Ident) -> IncidentDetail:
    """Return an incident with what was done about it."""
    found = get_incident(at.register, incident)
    require(at.identity, Verb.SEE_INCIDENTS, institution=at.identity.institution, use=found.use)
    updates = [_plain(item) for item in incident_updates(at.register, incident)]
    return IncidentDetail(incident=_plain(found), updates=updates)


@router.post("/incidents", status_code=201)
def report(at: Annotated[Desk, desk(Verb.OPEN_INCIDENT)], body: IncidentIn) -> IncidentOut:
    """Record an incident. A major one lapses the use's permit until it is closed."""
    require(at.identity, Verb.OPEN_INCIDENT, institution=at.identity.institution, use=body.use)
    found = open_incident(
        at.register,
        kind=body.kind,
        severity=body.severity,
        note=body.note,
        by=holder_of_desk(at),
        use=body.use,
        facts=body.facts,
    )
    return _incident(Projections(at.register.repository).rows("incident", id=found.id)[0])


@router.post("/incidents/{incident}/updates", status_code=201)
def follow(at: Annotated[Desk, desk(Verb.CLOSE_INCIDENT)], incident: Ident, body: IncidentUpdateIn) -> Record:
    """Record what was done about an incident."""
    return _plain(update_incident(at.register, incident, state=body.state, note=body.note, by=holder_of_desk(at)))


def _by_id(row: dict[str, Any]) -> str:
    return str(row["id"])


def _hold(row: dict[str, Any]) -> HoldOut:
    same = ("id", "scope", "target", "reason", "set_by", "set_at", "released_by", "released_at")
    return HoldOut(entry=row["idx"], **{name: row[name] for name in same})


def _observed(row: dict[str, Any]) -> ObserveOut:
    same = ("until", "signed_by", "ended_at")
    return ObserveOut(use=row["use_id"], entry=row["idx"], **{name: row[name] for name in same})


def _incident(row: dict[str, Any]) -> IncidentOut:
    same = ("id", "kind", "severity", "state", "opened_at", "changed_at")
    return IncidentOut(entry=row["idx"], use=row["use_id"], **{name: row[name] for name in same})


def _plain(record: object) -> Record:
    plain = to_plain(record)
    assert isinstance(plain, dict)
    return plain
