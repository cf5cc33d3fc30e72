"""Accounts, for administrators; and the session of whoever asks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from fastapi import APIRouter, Path, Request, Response
from pydantic import BaseModel, Field, StrictBool

from dualtrack.errors import AuthenticationError, ForbiddenError, NotFoundError
from dualtrack.web.administration import Done, account_detail, check_not_own, checked_reason, record_act
from dualtrack.web.api.access import Desk, desk, identify
from dualtrack.web.api.etags import check_seen, etag_of
from dualtrack.web.api.idempotency import ApiRoute, shown_once
from dualtrack.web.api.models import API_PREFIX, ERRORS, Body, Reason, errors
from dualtrack.web.api.paging import After, Limit, link_next, page_of
from dualtrack.web.api.uses import SLUG_PATTERN
from dualtrack.web.asking import read_asking
from dualtrack.web.identity.accounts import Account, AccountChange, NewAccount
from dualtrack.web.identity.csrf import csrf_token
from dualtrack.web.identity.permissions import VERBS_OF, Verb
from dualtrack.web.identity.roles import ACCOUNT_ROLES, ConsoleRole
from dualtrack.web.identity.sessions import set_cookie

if TYPE_CHECKING:
    from dualtrack.domain.administration import Act

__all__ = [
    "AccountIn",
    "AccountOut",
    "AccountPatch",
    "LanguageTag",
    "Name",
    "Password",
    "PasswordIn",
    "PasswordOut",
    "Roles",
    "SessionOut",
    "SignIn",
    "Slug",
    "change_account",
    "list_accounts",
    "make_account",
    "read_account",
    "read_session",
    "reset_password",
    "router",
    "sign_in",
]

router = APIRouter(prefix=API_PREFIX, tags=["administration"], route_class=ApiRoute, responses=ERRORS)

Slug = Annotated[str, Field(pattern=SLUG_PATTERN)]
Name = Annotated[str, Path(pattern=SLUG_PATTERN)]
Password = Annotated[str, Field(min_length=12, max_length=512)]
Roles = Annotated[
    list[ConsoleRole], Field(min_length=1, max_length=20, json_schema_extra={"items": {"enum": sorted(ACCOUNT_ROLES)}})
]
LanguageTag = Literal["en", "zh-Hant"]
_TAGGED: dict[int | str, dict[str, Any]] = errors(412, 428)


class AccountOut(BaseModel):
    """An account, without its secrets."""

    name: str
    institution: str
    holder: str
    display_name: str
    language: LanguageTag
    roles: list[ConsoleRole]
    disabled: bool
    custody: str | None
    key_id: str | None
    provider: bool


class AccountIn(Body):
    """An account to be, with its first password."""

    name: Slug
    display_name: Annotated[str, Field(min_length=1, max_length=100)]
    roles: Roles
    password: Password
    holder: Slug | None = None
    language: LanguageTag = "en"
    reason: Reason


class AccountPatch(Body):
    """What is to change; what is left out stays."""

    roles: Roles | None = None
    disabled: StrictBool | None = None
    holder: Slug | None = None
    reason: Reason


class PasswordIn(Body):
    """Another password for somebody who lost theirs."""

    password: Password
    reason: Reason


class PasswordOut(BaseModel):
    """The key that was sealed under the old password, if there was one: it is lost, and its grant is to be revoked."""

    key_lost: str | None


class SignIn(Body):
    """A name and its password."""

    name: Annotated[str, Field(max_length=64)]
    password: Annotated[str, Field(min_length=1, max_length=512)]


class SessionOut(BaseModel):
    """Who asks, what they may do, and the form token for requests that change something (None for a key)."""

    name: str
    institution: str
    means: str
    roles: list[ConsoleRole]
    verbs: list[str]
    uses: list[str] | None
    form_token: str | None


@router.post("/session", status_code=201, tags=["session"])
@shown_once("sign in again with another key, or without one")
def sign_in(body: SignIn, request: Request, response: Response) -> SessionOut:
    """Begin a session as a person: the answer sets the cookie and gives the form token. Only JSON is read, so no form elsewhere can send it."""
    services = request.app.state.services
    asking = read_asking(request.scope, https=services.https, proxies=services.settings.proxies)
    origin = asking.came_from.origin
    if (origin is not None and origin not in services.origins) or asking.came_from.fetch_site in {
        "cross-site",
        "same-site",
    }:
        raise ForbiddenError("the request came from another site", where="session", code="forbidden.csrf.origin")
    account = services.login.authenticate(body.name, body.password, source=asking.source)
    token = services.sessions.start(account.name, replaces=asking.session_token)
    lifetime_s = services.settings.session.absolute_s
    response.headers["set-cookie"] = set_cookie(token, https=services.https, lifetime_s=lifetime_s)
    return _session(services, services.sessions.identify(token), token)


@router.get("/session", tags=["session"])
def read_session(request: Request) -> SessionOut:
    """Return who asks."""
    services = request.app.state.services
    asking = read_asking(request.scope, https=services.https, proxies=services.settings.proxies)
    who = identify(services, asking)
    if who is None:
        raise AuthenticationError("nobody is signed in", fix="sign in, or send an API key")
    return _session(services, who, asking.session_token if who.means == "session" else None)


def _session(services: Any, who: Any, token: str | None) -> SessionOut:  # noqa: ANN401 - Services and Identity
    return SessionOut(
        name=who.name,
        institution=who.institution,
        means=who.means,
        roles=sorted(who.roles),
        verbs=sorted({verb.value for role in who.roles for verb in VERBS_OF[role]}),
        uses=None if who.uses is None else sorted(who.uses),
        form_token=None if token is None else csrf_token(services.csrf_key, token),
    )


@router.get("/accounts")
def list_accounts(
    at: Annotated[Desk, desk(Verb.MANAGE_ACCOUNTS)],
    request: Request,
    response: Response,
    limit: Limit = 100,
    after: After = None,
) -> list[AccountOut]:
    """List the accounts of the institution, by name."""
    found = sorted(at.services.accounts.of(at.identity.institution), key=lambda item: item.name)
    page, more = page_of(found, lambda item: item.name, after=after, limit=limit, upwards=True)
    link_next(request, response, more)
    return [_account(item) for item in page]


@router.post("/accounts", status_code=201)
def make_account(at: Annotated[Desk, desk(Verb.MANAGE_ACCOUNTS)], body: AccountIn, response: Response) -> AccountOut:
    """Make an account. Its person makes their signing key themselves, on the page of the account."""
    reason = checked_reason(body.reason)
    new = NewAccount(
        name=body.name,
        institution=at.identity.institution,
        holder=body.holder or body.name,
        display_name=body.display_name,
        language=body.language,
        roles=frozenset(body.roles),
    )
    at.services.login.add(new, body.password)
    _recorded(at, "account-made", body.name, reason)
    made = _account(_own(at, body.name))
    response.headers["etag"] = etag_of(made)
    return made


@router.get("/accounts/{name}")
def read_account(at: Annotated[Desk, desk(Verb.MANAGE_ACCOUNTS)], name: Name, response: Response) -> AccountOut:
    """Return an account with its ETag."""
    found = _account(_own(at, name))
    response.headers["etag"] = etag_of(found)
    return found


@router.patch("/accounts/{name}", responses=_TAGGED)
def change_account(
    at: Annotated[Desk, desk(Verb.MANAGE_ACCOUNTS)],
    name: Name,
    body: AccountPatch,
    request: Request,
    response: Response,
) -> AccountOut:
    """Change an account as it was read (If-Match); its sessions end. Nobody changes their own, or closes the last administrator's."""
    reason = checked_reason(body.reason)
    wanted = AccountChange(None if body.roles is None else frozenset(body.roles), body.disabled, body.holder)

    def seen(found: Account) -> None:
        check_not_own(at.identity, found)
        check_seen(request, etag_of(_account(found)))

    changed = _account(at.services.accounts.edit(at.identity.institution, name, wanted, seen))
    if wanted != AccountChange():
        _recorded(at, "account-changed", name, reason)
    response.headers["etag"] = etag_of(changed)
    return changed


@router.post("/accounts/{name}/password")
def reset_password(at: Annotated[Desk, desk(Verb.MANAGE_ACCOUNTS)], name: Name, body: PasswordIn) -> PasswordOut:
    """Give somebody else's account another password; a key sealed under the old one is lost. People of a provider have none here."""
    reason = checked_reason(body.reason)
    check_not_own(at.identity, _own(at, name))
    lost = at.services.login.reset_password(at.identity.institution, name, body.password)
    _recorded(at, "password-reset", name, reason)
    return PasswordOut(key_lost=lost)


def _recorded(at: Desk, act: Act, name: str, reason: str) -> None:
    """Write the act down, with how the account stands now."""
    register = at.services.runtime.registers.get(at.identity.institution)
    record_act(register, at.identity.name, Done(act, name, account_detail(_own(at, name)), reason))


def _own(at: Desk, name: str) -> Account:
    """Return an account of the institution; one of another is not found, as one that is not there."""
    found = at.services.accounts.get(name)
    if found.institution != at.identity.institution:
        raise NotFoundError(
            "no such account here", fix="list the accounts of the institution", code="not-found.account"
        )
    return found


def _account(item: Account) -> AccountOut:
    return AccountOut(
        name=item.name,
        institution=item.institution,
        holder=item.holder,
        display_name=item.display_name,
        language=item.language,
        roles=sorted(item.roles),
        disabled=item.disabled,
        custody=item.custody,
        key_id=item.key_id,
        provider=item.issuer is not None,
    )
