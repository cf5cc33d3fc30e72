"""A person's own account: who they are here, their language, their password and their sessions."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from dualtrack.domain.records import Text
from dualtrack.errors import AuthenticationError, FieldError
from dualtrack.keys.ed25519 import key_id
from dualtrack.web.asking import AGAIN_COOKIE, LANGUAGE_COOKIE
from dualtrack.web.identity.roles import ROLE_NAMES, SIGNING_ROLES
from dualtrack.web.identity.sessions import token_hash
from dualtrack.web.mounting import renew_session
from dualtrack.web.pages.base import Redirect, View
from dualtrack.web.parts import Choice, Fact
from dualtrack.web.views.acting import moment_text
from dualtrack.web.views.meanings import knows, meaning_of
from dualtrack.web.views.people import custody_words
from dualtrack.web.visit import LANGUAGE_S

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dualtrack.errors import DualtrackError
    from dualtrack.web.identity.accounts import Account
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
    "others": Text(en="End all other sessions", zh="結束所有其他工作階段"),
    "others_ended": Text(en="Your other sessions have ended.", zh="你的其他工作階段已結束。"),
    "make_key": Text(en="Make a signing key", zh="建立簽署密鑰"),
    "replace_key": Text(en="Make another signing key", zh="建立另一條簽署密鑰"),
    "key_says": Text(
        en="It is sealed under a new password, which nobody else has had. It counts once the institution's root has granted it: tell an administrator.",
        zh="密鑰以全新、無人知悉的密碼封存。機構的根密鑰授權後方為有效，請通知系統管理員。",
    ),
    "custody_says": Text(
        en="This server keeps it and signs for you after a new login at your institution's provider, which is recorded beside each signature. It counts once the institution's root has granted it: tell an administrator.",
        zh="密鑰由本伺服器保管；你在機構的身分提供者重新登入後，伺服器代你簽署，並在每次簽署旁記錄該次登入。機構的根密鑰授權後方為有效，請通知系統管理員。",
    ),
    "key_lost": Text(
        en="I know that my present key is lost with this, and that its grant is to be revoked.",
        zh="我知悉現有密鑰會因此失去，其授權須予撤銷。",
    ),
    "key_made": Text(
        en="The key {key}… was made. It counts once the institution's root has granted it.",
        zh="密鑰 {key}… 已建立，獲機構的根密鑰授權後方為有效。",
    ),
    "kept": Text(en="Kept by", zh="保管"),
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
        mount.route("/account/key", "POST", _make_key),
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
    if account.key_id is not None:
        facts.append(Fact(say(_WORDS["kept"]), custody_words(account, visit.language)))
    context: dict[str, Any] = {
        "w": {name: say(text) for name, text in _WORDS.items()},
        "error": error,
        "facts": facts,
        "local": account.issuer is None,
        "signs": any(SIGNING_ROLES[role] is not None for role in account.roles),
        "key_id": account.key_id or "",
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
        return _page(visit, _said(visit, error), error.status)
    renew_session(visit)
    return Redirect("/account", visit.say(_WORDS["changed"]))


def _end_session(visit: Visit) -> Redirect:
    identity = _own(visit)
    if visit.posted.fields.get("session") == "others":
        visit.services.sessions.end_others(identity.name, visit.asking.session_token)
        return Redirect("/account", visit.say(_WORDS["others_ended"]))
    visit.services.sessions.revoke(identity.name, visit.posted.fields.get("session", ""))
    return Redirect("/account", visit.say(_WORDS["ended"]))


def _make_key(visit: Visit) -> View | Redirect:
    """Make the person's signing key: under a new password of theirs, or in custody after a new login at the provider."""
    fields, account = visit.posted.fields, visit.services.accounts.get(_own(visit).name)
    try:
        _check_seen(account, fields)
        public = _new_key(visit, account)
    except (AuthenticationError, FieldError) as error:
        return _page(visit, _said(visit, error), error.status)
    return Redirect("/account", visit.say(_WORDS["key_made"]).format(key=key_id(public)[:16]))


def _check_seen(account: Account, fields: Mapping[str, str]) -> None:
    """Raise FieldError unless the form was made from the present key, whose loss was ticked: sent twice, it makes one key."""
    seen = fields.get("seen") or None
    if account.key_id != seen or (seen is not None and fields.get("lost") != "yes"):
        raise FieldError("the present key", where="form, field lost", fix="open the page again", code="stale")


def _new_key(visit: Visit, account: Account) -> bytes:
    fields, services, source = visit.posted.fields, visit.services, visit.asking.source
    if account.issuer is not None:
        services.custody.fresh_login(visit.asking.cookies.get(AGAIN_COOKIE), account.name)
        return services.custody.give_key(account.name, account.key_id)
    old, new = fields.get("old", ""), fields.get("new", "")
    keep = token_hash(visit.asking.session_token or "")
    services.login.change_password(account.name, old, new, source=source, keep_session=keep)
    public = services.login.give_key(account.name, new, source=source)
    renew_session(visit)
    return public


def _said(visit: Visit, error: DualtrackError) -> str:
    """Return a refusal in the reader's language where its code has words of its own, else the error's own."""
    return visit.say(meaning_of(error.code).says) if knows(error.code) else error.outward().found


def _times(visit: Visit, item: SessionView) -> str:
    def moment(at_s: int) -> str:
        return moment_text(datetime.fromtimestamp(at_s, UTC), visit.language)

    return visit.say(_WORDS["since"]).format(since=moment(item.created_s), seen=moment(item.seen_s))


def _own(visit: Visit) -> Identity:
    if visit.identity is None:
        raise AuthenticationError("nobody is signed in", fix="sign in first")
    return visit.identity
