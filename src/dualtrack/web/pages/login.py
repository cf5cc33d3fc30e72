"""The door: signing in with a password or through the identity provider, entering the password again, and signing out."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from dualtrack.domain.records import Text
from dualtrack.errors import AuthenticationError, NotFoundError, RateLimitError
from dualtrack.web.asking import AGAIN_COOKIE, FORM_COOKIE, THEME_COOKIE, local_path, with_query
from dualtrack.web.identity.oidc import LOGIN_S_MAX
from dualtrack.web.identity.oidc_accounts import sign_in_from_provider
from dualtrack.web.identity.permissions import FRESH_S_MAX
from dualtrack.web.identity.sessions import set_cookie
from dualtrack.web.mounting import Away, renew_session
from dualtrack.web.navigation import first_place
from dualtrack.web.pages.base import Redirect, View
from dualtrack.web.views.rendering import Theme
from dualtrack.web.visit import LANGUAGE_S

if TYPE_CHECKING:
    from dualtrack.web.identity.accounts import Account
    from dualtrack.web.identity.oidc import OidcClient
    from dualtrack.web.mounting import Mount
    from dualtrack.web.routing import PatternRoute
    from dualtrack.web.visit import Visit

__all__ = ["OIDC_COOKIE", "login_routes"]

OIDC_COOKIE = "dualtrack-oidc"
"""Holds a login on its way through the provider, sealed."""

_WORDS = {
    "sign_in": Text(en="Sign in", zh="登入"),
    "again": Text(en="Enter your password again", zh="請再次輸入密碼"),
    "again_lead": Text(
        en="What you are about to do stays in the log under your name, so we ask once more who you are.",
        zh="你即將進行的操作會以你的名義留在紀錄內，因此需再次確認你的身分。",
    ),
    "demo_lead": Text(
        en="A demonstration. Names and passwords are in the file demo-accounts.txt of the workspace.",
        zh="示範系統。帳戶名稱及密碼在工作區的 demo-accounts.txt 檔案內。",
    ),
    "provider_lead": Text(
        en="People sign in with their institution's account; this server keeps no passwords.",
        zh="請以機構帳戶登入；本伺服器不保存密碼。",
    ),
    "either_lead": Text(
        en="Sign in with your institution's account, or with an account of this server.",
        zh="請以機構帳戶或本伺服器的帳戶登入。",
    ),
    "nobody_lead": Text(
        en="There is no account yet. The first administrator is made where the server runs: dualtrack account new.",
        zh="尚未有帳戶。首名系統管理員須在伺服器所在的機器上建立：dualtrack account new。",
    ),
    "name": Text(en="Name of the account", zh="帳戶名稱"),
    "password": Text(en="Password", zh="密碼"),
    "provider": Text(en="Sign in with your institution's account", zh="以機構帳戶登入"),
    "wrong": Text(en="The name or the password is wrong.", zh="帳戶名稱或密碼不正確。"),
    "wait": Text(en="Too many failed attempts. Wait a little and try again.", zh="失敗次數過多，請稍候再試。"),
    "out": Text(en="You are signed out.", zh="你已登出。"),
}


def login_routes(mount: Mount) -> list[PatternRoute]:
    """Return the routes of the door."""
    routes = [
        mount.route("/sign-in", "GET", _sign_in_page),
        mount.route("/sign-in", "POST", _sign_in),
        mount.route("/sign-in/again", "GET", _again_page),
        mount.route("/sign-in/again", "POST", _again),
        mount.route("/sign-out", "POST", _sign_out),
        mount.route("/appearance", "POST", _appearance),
    ]
    oidc = mount.services.oidc
    if oidc is not None:
        routes += [
            mount.route("/sign-in/provider", "GET", _to_provider),
            mount.route(urlsplit(oidc.settings.redirect_uri).path, "GET", _from_provider),
        ]
    return routes


def _sign_in_page(visit: Visit) -> View | Redirect:
    if visit.identity is not None:
        return Redirect(_onward(visit, visit.asking.query.get("next")))
    return _door(visit, visit.asking.query.get("next"))


def _sign_in(visit: Visit) -> View | Redirect:
    fields, services = visit.posted.fields, visit.services
    name = fields.get("name", "").strip().lower()
    try:
        account = services.login.authenticate(name, fields.get("password", ""), source=visit.asking.source)
    except AuthenticationError as error:
        return _door(visit, fields.get("next"), error=_WORDS["wrong"], status=error.status, typed=name[:100])
    except RateLimitError as error:
        return _door(visit, fields.get("next"), error=_WORDS["wait"], status=error.status, typed=name[:100])
    _begin(visit, account)
    return Redirect(_onward(visit, fields.get("next")))


def _again_page(visit: Visit) -> View:
    return _door_again(visit, visit.asking.query.get("next"))


def _again(visit: Visit) -> View | Redirect:
    fields, identity = visit.posted.fields, _signed_in(visit)
    try:
        visit.services.login.authenticate(identity, fields.get("password", ""), source=visit.asking.source)
    except AuthenticationError as error:
        return _door_again(visit, fields.get("next"), error=_WORDS["wrong"], status=error.status)
    except RateLimitError as error:
        return _door_again(visit, fields.get("next"), error=_WORDS["wait"], status=error.status)
    renew_session(visit)
    return Redirect(local_path(fields.get("next")))


def _sign_out(visit: Visit) -> Redirect:
    services = visit.services
    services.sessions.end(visit.asking.session_token)
    visit.cookies.append(set_cookie(None, https=services.https, lifetime_s=0))
    visit.set_cookie(AGAIN_COOKIE, None)
    visit.identity = None
    return Redirect("/sign-in")


def _appearance(visit: Visit) -> Redirect:
    theme = visit.posted.fields.get("theme", "")
    if theme in {item.value for item in Theme}:
        visit.set_cookie(THEME_COOKIE, theme, lifetime_s=LANGUAGE_S)
    return Redirect(local_path(visit.posted.fields.get("next")))


def _to_provider(visit: Visit) -> Away:
    oidc = _oidc(visit)
    fresh = visit.identity is not None
    kind = "again" if fresh else "login"
    purpose = f"{kind} {local_path(visit.asking.query.get('next'))}"
    start = oidc.begin(visit.services.now_s(), fresh=fresh, purpose=purpose)
    visit.set_cookie(OIDC_COOKIE, start.cookie, lifetime_s=LOGIN_S_MAX)
    return Away(start.url)


def _from_provider(visit: Visit) -> Redirect:
    services, oidc = visit.services, _oidc(visit)
    visit.set_cookie(OIDC_COOKIE, None)
    login = oidc.finish(visit.asking.raw_query, visit.asking.cookies.get(OIDC_COOKIE), services.now_s())
    account = sign_in_from_provider(services.runtime.store.backend, oidc.settings, login, services.now_s())
    kind, _, onward = login.purpose.partition(" ")
    if kind == "again" and (visit.identity is None or visit.identity.name != account.name):
        raise AuthenticationError("another person signed in at the provider", fix="sign in again")
    if kind == "again":
        visit.set_cookie(AGAIN_COOKIE, services.custody.seal_login(login, account.name), lifetime_s=FRESH_S_MAX)
    # Without a time from the provider the login counts as old: it opens the console, no grave step.
    _begin(visit, account, auth_s=login.auth_time_s if login.auth_time_s is not None else 0)
    return Redirect(local_path(onward))


def _begin(visit: Visit, account: Account, *, auth_s: int | None = None) -> None:
    """Begin a session under a new token; the one that came with the request, planted or not, is ended."""
    services = visit.services
    token = services.sessions.start(account.name, replaces=visit.asking.session_token, auth_s=auth_s)
    lifetime_s = services.settings.session.absolute_s
    visit.cookies.append(set_cookie(token, https=services.https, lifetime_s=lifetime_s))
    visit.set_cookie(FORM_COOKIE, None)
    visit.identity = services.sessions.identify(token)
    visit.bind(token)


def _onward(visit: Visit, asked: str | None) -> str:
    assert visit.identity is not None
    return local_path(asked, first_place(visit.identity, visit.mounted))


def _door(visit: Visit, onward: str | None, *, error: Text | None = None, status: int = 200, typed: str = "") -> View:
    local = visit.services.accounts.has_passwords()
    leads = " ".join(visit.say(_WORDS[name]) for name in _leads(visit, local=local))
    context = _context(visit, onward, error) | {"lead": leads, "typed": typed, "name": None}
    return View(
        "sign_in.html.j2", context | {"action": "/sign-in", "local": local}, visit.say(_WORDS["sign_in"]), status
    )


def _leads(visit: Visit, *, local: bool) -> list[str]:
    """Return what there is to sign in with: passwords here, the provider, both, or nothing yet."""
    services = visit.services
    found = ["demo_lead"] if local and services.runtime.store.workspace.demo else []
    if services.oidc is not None:
        found.append("either_lead" if local else "provider_lead")
    return found if found or local else ["nobody_lead"]


def _door_again(visit: Visit, onward: str | None, *, error: Text | None = None, status: int = 200) -> View:
    name = _signed_in(visit)
    local = visit.services.accounts.get(name).issuer is None
    context = _context(visit, onward, error) | {"lead": visit.say(_WORDS["again_lead"]), "typed": "", "name": name}
    if local:
        context["provider_url"] = ""
    context |= {"action": "/sign-in/again", "local": local}
    return View("sign_in.html.j2", context, visit.say(_WORDS["again"]), status)


def _context(visit: Visit, onward: str | None, error: Text | None) -> dict[str, object]:
    to = local_path(onward, "")
    query = {"next": to} if to else {}
    return {
        "w": {name: visit.say(text) for name, text in _WORDS.items()},
        "next": to,
        "error": visit.say(error) if error else "",
        "provider_url": with_query("/sign-in/provider", query) if visit.services.oidc else "",
    }


def _signed_in(visit: Visit) -> str:
    if visit.identity is None:
        raise AuthenticationError("nobody is signed in", fix="sign in first")
    return visit.identity.name


def _oidc(visit: Visit) -> OidcClient:
    if visit.services.oidc is None:
        raise NotFoundError("no identity provider is configured", where="web.toml", fix="add [oidc]")
    return visit.services.oidc
