"""API keys, for administrators: made, rotated and revoked; a key itself is shown once."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from dualtrack.web.administration import Done, key_detail, record_act
from dualtrack.web.api.access import Desk, desk
from dualtrack.web.api.accounts import Name  # noqa: TC001 - FastAPI reads the annotations
from dualtrack.web.api.idempotency import ApiRoute, shown_once
from dualtrack.web.api.models import API_PREFIX, ERRORS, Body, Reason
from dualtrack.web.api.paging import After, Limit, link_next, page_of
from dualtrack.web.api.uses import USE_PATTERN
from dualtrack.web.identity.api_keys import API_KEY_DAYS_MAX, OVERLAP_S_MAX, ApiKeyView, NewApiKey, Rotation
from dualtrack.web.identity.permissions import Verb
from dualtrack.web.identity.roles import API_KEY_ROLES, ConsoleRole

__all__ = [
    "ApiKeyIn",
    "ApiKeyMade",
    "ApiKeyOut",
    "RotationIn",
    "list_keys",
    "make_key",
    "revoke_key",
    "rotate_key",
    "router",
]

router = APIRouter(prefix=API_PREFIX, tags=["administration"], route_class=ApiRoute, responses=ERRORS)


class ApiKeyIn(Body):
    """What a key is for; without `uses` it reaches every use of the institution."""

    label: Annotated[str, Field(min_length=1, max_length=100)]
    roles: Annotated[
        list[ConsoleRole],
        Field(min_length=1, max_length=20, json_schema_extra={"items": {"enum": sorted(API_KEY_ROLES)}}),
    ]
    uses: Annotated[list[Annotated[str, Field(pattern=USE_PATTERN)]], Field(min_length=1, max_length=200)] | None = None
    days: Annotated[int, Field(ge=1, le=API_KEY_DAYS_MAX)] = 90
    reason: Reason | None = None


class ApiKeyMade(BaseModel):
    """A new key; it is shown this once."""

    id: str
    key: str


class ApiKeyOut(BaseModel):
    """A key as it is kept; of its last use only the day is known."""

    id: str
    label: str
    roles: list[ConsoleRole]
    uses: list[str] | None
    made_by: str
    created_s: int
    expires_s: int
    revoked_s: int | None
    last_used: str | None


class RotationIn(Body):
    """How a key is replaced: the days of its successor, and the seconds for which the old one still opens."""

    days: Annotated[int, Field(ge=1, le=API_KEY_DAYS_MAX)] = 90
    overlap_s: Annotated[int, Field(ge=0, le=OVERLAP_S_MAX)] = 0
    reason: Reason | None = None


@router.get("/api-keys")
def list_keys(
    at: Annotated[Desk, desk(Verb.MANAGE_API_KEYS)],
    request: Request,
    response: Response,
    limit: Limit = 100,
    after: After = None,
) -> list[ApiKeyOut]:
    """List the API keys of the institution, newest first."""
    found = sorted(at.services.api_keys.of(at.identity.institution), key=_made, reverse=True)
    page, more = page_of(found, _made, after=after, limit=limit)
    link_next(request, response, more)
    return [_key(item) for item in page]


@router.post("/api-keys", status_code=201)
@shown_once("list the API keys, revoke the one whose secret was lost, and make another with another Idempotency-Key")
def make_key(at: Annotated[Desk, desk(Verb.MANAGE_API_KEYS)], body: ApiKeyIn) -> ApiKeyMade:
    """Make an API key; it is shown this once."""
    uses = None if body.uses is None else frozenset(body.uses)
    identity = at.identity
    new = NewApiKey(identity.institution, body.label, frozenset(body.roles), uses, identity.name, body.days)
    ident, key = at.services.api_keys.make(new)
    _recorded(at, Done("api-key-made", ident, key_detail(new), body.reason))
    return ApiKeyMade(id=ident, key=key)


@router.post("/api-keys/{name}/rotate", status_code=201)
@shown_once("list the API keys, revoke the one whose secret was lost, and make another with another Idempotency-Key")
def rotate_key(at: Annotated[Desk, desk(Verb.MANAGE_API_KEYS)], name: Name, body: RotationIn) -> ApiKeyMade:
    """Make the successor of a living key, for the same roles and uses; it is shown this once, and the old one ends."""
    rotation = Rotation(at.identity.name, body.days, body.overlap_s)
    found = at.services.api_keys.rotate(at.identity.institution, name, rotation)
    detail = f"in place of {name}, which ends after {body.overlap_s} s; {key_detail(found.new)}"
    _recorded(at, Done("api-key-rotated", found.id, detail, body.reason))
    return ApiKeyMade(id=found.id, key=found.key)


@router.delete("/api-keys/{name}", status_code=204)
def revoke_key(at: Annotated[Desk, desk(Verb.MANAGE_API_KEYS)], name: Name) -> None:
    """Revoke an API key; every process knows it within a second."""
    if at.services.api_keys.revoke(at.identity.institution, name):
        _recorded(at, Done("api-key-revoked", name))


def _recorded(at: Desk, done: Done) -> None:
    """Write the act down, and let this process know the key at once."""
    record_act(at.services.runtime.registers.get(at.identity.institution), at.identity.name, done)
    at.services.keys.refresh()


def _made(item: ApiKeyView) -> str:
    """Return when a key was made, in a form that sorts, and its id."""
    return f"{item.created_s:012d}~{item.id}"


def _key(item: ApiKeyView) -> ApiKeyOut:
    uses = None if item.uses is None else sorted(item.uses)
    return ApiKeyOut(**item._asdict() | {"roles": sorted(item.roles), "uses": uses})
