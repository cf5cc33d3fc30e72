"""Settings of the machine that answers, for administrators: read, and changed from the next start on."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Request, Response
from pydantic import Field

from dualtrack.web.administration import Done, record_act, settings_detail
from dualtrack.web.api.access import Desk, desk
from dualtrack.web.api.etags import check_seen, etag_of
from dualtrack.web.api.idempotency import ApiRoute
from dualtrack.web.api.models import API_PREFIX, ERRORS, Body, errors
from dualtrack.web.identity.permissions import Verb
from dualtrack.web.settings import (
    SETTINGS_NAME,
    RateSettings,
    SessionSettings,
    WebSettings,
    change_settings,
    read_settings,
)

__all__ = ["SettingsIn", "SettingsOut", "get_settings", "put_settings", "router"]

router = APIRouter(prefix=API_PREFIX, tags=["administration"], route_class=ApiRoute, responses=ERRORS)

_TAGGED: dict[int | str, dict[str, Any]] = errors(412, 428)


class SettingsIn(Body):
    """The settings that can be changed here; addresses, HTTPS and the identity provider are changed in web.toml."""

    session_idle_s: Annotated[int, Field(ge=60, le=86_400)]
    session_absolute_s: Annotated[int, Field(ge=300, le=604_800)]
    rate_burst: Annotated[int, Field(ge=1, le=100_000)]
    rate_a_second: Annotated[float, Field(gt=0, le=10_000)]


class SettingsOut(SettingsIn):
    """The settings as web.toml has them, on the machine that answers; they count from the next start."""


@router.get("/settings")
def get_settings(at: Annotated[Desk, desk(Verb.MANAGE_SETTINGS)], response: Response) -> SettingsOut:
    """Return the settings of web.toml with their ETag: of the machine that answers, each has its own file."""
    found = _out(read_settings(at.services.runtime.store.workspace))
    response.headers["etag"] = etag_of(found)
    return found


@router.put("/settings", responses=_TAGGED)
def put_settings(
    at: Annotated[Desk, desk(Verb.MANAGE_SETTINGS)], body: SettingsIn, request: Request, response: Response
) -> SettingsOut:
    """Change the settings as they were read (If-Match); they count from the next start.

    They lie in web.toml, which each machine has for itself: the one that answers is changed, and only among processes of one
    folder is a second administrator told. Copy the file to the other machines.
    """
    store = at.services.runtime.store

    def seen(standing: WebSettings) -> None:
        check_seen(request, etag_of(_out(standing)))

    session = SessionSettings(idle_s=body.session_idle_s, absolute_s=body.session_absolute_s)
    rate = RateSettings(burst=body.rate_burst, a_second=body.rate_a_second)
    if change_settings(store.workspace, store.backend, session, rate, seen):
        register = at.services.runtime.registers.get(at.identity.institution)
        record_act(register, at.identity.name, Done("settings-changed", SETTINGS_NAME, settings_detail(session, rate)))
    found = SettingsOut(**body.model_dump())
    response.headers["etag"] = etag_of(found)
    return found


def _out(found: WebSettings) -> SettingsOut:
    return SettingsOut(
        session_idle_s=found.session.idle_s,
        session_absolute_s=found.session.absolute_s,
        rate_burst=found.rate.burst,
        rate_a_second=found.rate.a_second,
    )
