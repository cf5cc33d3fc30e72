"""A person's own account: who they are here, their language, their password and their sessions."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from dualtrack.domain.records import Text
from dualtrack.domain.time import HONG_KONG
from dualtrack.errors import AuthenticationError, FieldError
from dualtrack.web.asking import LANGUAGE_COOKIE
from dualtrack.web.identity.roles import ROLE_NAMES
from dualtrack.web.identity.sessions import token_hash
from dualtrack.web.mounting import renew_session
from dualtrack.web.pages.base import Redirect, View
from dualtrack.web.parts import Choice, Fact
from dualtrack.web.visit import LANGUAGE_S

if TYPE_CHECKING:
    from dualtrack.web.identity.sessions import SessionView
    from dualtrack.web.identity.who import Identity, Language
    from dualtrack.web.mounting import Mount
    from dualtrack.web.routing import PatternRoute
    from dualtrack.web.visit import Visit

__all__ = ["account_routes"]

_WORDS = {
    "title": Text(en="Your account", zh="你的帳戶"),
    "name": Text(en="Account", zh="帳戶"),
    "institution": Text(en="Institution", zh="機構"),
    "roles": Text(en="Roles", zh="角色"),
    "key": Text(en="Signing key", zh="簽署密鑰"),
    "no_key": Text(
        en="none: what this account does is recorded, not signed", zh="沒有：此帳戶的操作會被記錄，但不經簽署"
    ),
    "language": Text(en="Language", zh="語言"),
    "language_of_pages": Text(en="Language of the pages", zh="頁面語言"),
    "save": Text(en="Save", zh="儲存"),
    "password": Text(en="Password", zh="密碼"),
    "old": Text(en="Present password", zh="現時密碼"),
    "new": Text(en="New password", zh="新密碼"),
    "hint": Text(
        en="At least 12 characters. It also seals your signing key. Your other sessions end.",
        zh="最少12個字元。密碼同時封存你的簽署密鑰；更改後其他工作階段會結束。",
    ),
    "change": Text(en="Change the password", zh="更改密碼"),
    "sessions": Text(en="Sessions", zh="工作階段"),
    "this": Text(en="(this one)", zh="（目前）"),
    "end": Text(en="End", zh="結束"),
    "saved": Text(en="Saved.", zh="已儲存。"),
    "changed": Text(
        en="The password was changed; your other sessions have ended.", zh="密碼已更改，其他工作階段已結束。"
    ),
    "ended": Text(en="The session has ended.", zh="該工作階段已結束。"),
    "since": Text(en="since {since}, last used {seen}", zh="由 {since} 起，最後使用 {seen}"),
}


def account_routes(mount: Mount) -> list[PatternRoute]:
    """Return the routes of the account page."""
    return [
        mount.route("/account", "GET", _page),
        mount.route("/account/language", "POST", _language),
        mount.route("/account/password", "POST", _password),
        mount.route("/account/sessions", "POST", _end_session),
    ]


def _page(visit: Visit, error: str = "", status: int = 200) -> View:
    identity = _own(visit)
    say, services = visit.say, visit.services
    account = services.accounts.get(identity.name)
    roles = ", ".join(say(ROLE_NAMES[role]) for role in sorted(account.roles))
    facts = [
        Fact(say(_WORDS["name"]), f"{account.display_name} ({account.name})"),
        Fact(say(_WORDS["institution"]), account.institution),
        Fact(say(_WORDS["roles"]), roles),
        Fact(say(_WORDS["key"]), account.key_id or say(_WORDS["no_key"]), code=account.key_id is not None),
    ]
    context: dict[str, Any] = {
        "w": {name: say(text) for name, text in _WORDS.items()},
        "error": error,
        "facts": facts,
        "local": account.issuer is None,
        "languages_offered": (
            Choice("en", "English", account.language == "en"),
            Choice("zh-Hant", "繁體中文", account.language == "zh-Hant"),
        ),
        "sessions": [
            {"id": item.id, "current": item.current, "text": _times(visit, item)}
            for item in services.sessions.of(identity.name, visit.asking.session_token)
        ],
    }
    return View("account.html.j2", context, say(_WORDS["title"]), status)


def _language(visit: Visit) -> Redirect:
    identity, chosen = _own(visit), visit.posted.fields.get("language")
    if chosen not in {"en", "zh-Hant"}:
        raise FieldError("the language", where="form", expected="en or zh-Hant")
    kept: Language = "zh-Hant" if chosen == "zh-Hant" else "en"
    visit.services.accounts.set_language(identity.name, kept)
    visit.set_cookie(LANGUAGE_COOKIE, kept, lifetime_s=LANGUAGE_S)
    return Redirect("/account", visit.say(_WORDS["saved"]))


def _password(visit: Visit) -> View | Redirect:
    identity, fields, services = _own(visit), visit.posted.fields, visit.services
    old, new = fields.get("old", ""), fields.get("new", "")
    keep = token_hash(visit.asking.session_token or "")
    try:
        services.login.change_password(identity.name, old, new, source=visit.asking.source, keep_session=keep)
    except (AuthenticationError, FieldError) as error:
        return _page(visit, error.found, error.status)
    renew_session(visit)
    return Redirect("/account", visit.say(_WORDS["changed"]))


def _end_session(visit: Visit) -> Redirect:
    identity = _own(visit)
    visit.services.sessions.revoke(identity.name, visit.posted.fields.get("session", ""))
    return Redirect("/account", visit.say(_WORDS["ended"]))


def _times(visit: Visit, item: SessionView) -> str:
    def moment(at_s: int) -> str:
        return f"{datetime.fromtimestamp(at_s, UTC).astimezone(HONG_KONG):%Y-%m-%d %H:%M} HKT"

    return visit.say(_WORDS["since"]).format(since=moment(item.created_s), seen=moment(item.seen_s))


def _own(visit: Visit) -> Identity:
    if visit.identity is None:
        raise AuthenticationError("nobody is signed in", fix="sign in first")
    return visit.identity
