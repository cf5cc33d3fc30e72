"""Pages of the administrator: accounts and their roles, signing keys as the ledger has them, and API keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from dualtrack.domain.records import Text
from dualtrack.errors import DualtrackError, FieldError, ForbiddenError, NotFoundError
from dualtrack.store.projections import Projections
from dualtrack.web.identity.accounts import ACCOUNTS_LISTED_MAX, AccountChange, NewAccount
from dualtrack.web.identity.api_keys import API_KEY_DAYS_MAX, NewApiKey
from dualtrack.web.identity.permissions import Verb
from dualtrack.web.identity.roles import ACCOUNT_ROLES, API_KEY_ROLES, ConsoleRole
from dualtrack.web.pages.base import Page, Redirect, View
from dualtrack.web.parts import Choice, Crumb
from dualtrack.web.views.acting import error_field, language_of, person, refusal, say, stale
from dualtrack.web.views.people import (
    account_changes,
    account_rows,
    account_version,
    api_key_rows,
    key_rows,
    role_choices,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from dualtrack.web.identity.accounts import Account, Seen
    from dualtrack.web.pages.base import PageRequest

__all__ = ["PAGES"]

_PEOPLE = Text(en="People", zh="人員")
_KEYS = Text(en="Signing keys", zh="簽署密鑰")
_API_KEYS = Text(en="API keys", zh="API 密鑰")
_NEW = Text(en="New account", zh="新增帳戶")
_NEW_FIELDS = ("name", "holder", "display_name", "password", "new_password", "roles")


def _list(request: PageRequest) -> View:
    accounts = _accounts(request)
    context = {
        "view": "list",
        "rows": account_rows(accounts, _granted(request), language_of(request)),
        "full": len(accounts) == ACCOUNTS_LISTED_MAX,
        "most": ACCOUNTS_LISTED_MAX,
    }
    return View("people.html.j2", context, say(request, _PEOPLE))


def _new(request: PageRequest) -> View:
    return _new_view(request, {}, None)


def _new_view(request: PageRequest, form: Mapping[str, str], error: DualtrackError | None) -> View:
    language = language_of(request)
    context = {
        "view": "new",
        "trail": (Crumb(say(request, _PEOPLE), "/people"), Crumb(say(request, _NEW))),
        "roles": role_choices(ACCOUNT_ROLES, _ticked(request, "roles"), language),
        "languages_": [
            Choice("en", "English", form.get("language") != "zh-Hant"),
            Choice("zh-Hant", "繁體中文", form.get("language") == "zh-Hant"),
        ],
        "form": form,
        "refused": refusal(error, language) if error else None,
        "wrong": _new_wrong(error) if error else "",
    }
    return View("people.html.j2", context, say(request, _NEW), error.status if error else 200)


def _new_wrong(error: DualtrackError) -> str:
    """Return the field of the form for an account's own names of its parts."""
    known = {"account name": "name", "display name": "display_name", "holder": "holder"}
    if error.code == "input.field.password":
        return "new_password"
    if error.found.startswith("roles:"):
        return "roles"
    return known.get(error.where, error_field(error, _NEW_FIELDS))


def _add(request: PageRequest) -> View | Redirect:
    form = dict(request.form)
    try:
        new = NewAccount(
            name=form.get("name", "").strip(),
            institution=person(request).institution,
            holder=form.get("holder", "").strip() or form.get("name", "").strip(),
            display_name=form.get("display_name", "").strip(),
            language="zh-Hant" if form.get("language") == "zh-Hant" else "en",
            roles=_roles(request, ACCOUNT_ROLES),
        )
        key = Ed25519PrivateKey.generate() if form.get("key") == "yes" else None
        request.services["login"].add(new, form.get("new_password", ""), key=key)
    except DualtrackError as error:
        return _new_view(request, form, error)
    return Redirect(f"/people/{new.name}", say(request, Text(en="The account was made.", zh="帳戶已建立。")))


def _one(request: PageRequest) -> View:
    return _one_view(request, {}, None)


def _one_view(request: PageRequest, form: Mapping[str, str], error: DualtrackError | None) -> View:
    account, language = _account(request), language_of(request)
    ticked = _ticked(request, "roles") if form.get("do") == "change" else [role.value for role in account.roles]
    context = {
        "view": "one",
        "trail": (Crumb(say(request, _PEOPLE), "/people"), Crumb(account.name)),
        "account": account,
        "row": account_rows([account], _granted(request), language)[0],
        "version": account_version(account),
        "was_roles": " ".join(sorted(account.roles)),
        "roles": role_choices(ACCOUNT_ROLES, ticked, language),
        "states": [
            Choice("no", say(request, Text(en="Open", zh="開放")), not account.disabled),
            Choice(
                "yes", say(request, Text(en="Closed: nobody signs in with it", zh="關閉：不能登入")), account.disabled
            ),
        ],
        "own": account.name == person(request).name,
        "local": account.issuer is None,
        "changes": account_changes(account, form, language) if error is not None and error.code == "stale" else [],
        "form": form,
        "refused": refusal(error, language) if error else None,
        "wrong": _new_wrong(error) if error else "",
    }
    return View("people.html.j2", context, account.display_name, error.status if error else 200)


def _change(request: PageRequest) -> View | Redirect:
    form, said = (
        dict(request.form),
        Text(en="Changed. The sessions of this account have ended.", zh="已更改。此帳戶的工作階段已結束。"),
    )
    account = _account(request)
    try:
        if account.name == person(request).name:
            raise ForbiddenError("your own account", where=account.name, fix="ask another administrator")
        if form.get("do") == "password":
            lost = request.services["login"].reset_password(
                account.institution, account.name, form.get("new_password", ""), _as_seen(form)
            )
            if lost is not None:
                said = Text(
                    en=f"The password is new, and the key {lost[:16]}… is lost with the old one: have its grant revoked.",
                    zh=f"密碼已更新；密鑰 {lost[:16]}… 隨舊密碼失去，請撤銷其授權。",
                )
        else:
            _apply(request, account, form)
    except NotFoundError:
        raise
    except DualtrackError as error:
        return _one_view(request, form, error)
    return Redirect(f"/people/{account.name}", say(request, said))


def _apply(request: PageRequest, account: Account, form: Mapping[str, str]) -> None:
    """Write what differs, all of it or nothing."""
    roles, holder = _roles(request, ACCOUNT_ROLES), form.get("holder", "").strip()
    disabled = form.get("disabled") == "yes"
    change = AccountChange(
        roles if roles != account.roles else None,
        disabled if disabled != account.disabled else None,
        holder if holder != account.holder else None,
    )
    request.services["accounts"].edit(account.institution, account.name, change, _as_seen(form))


def _as_seen(form: Mapping[str, str]) -> Seen:
    """Return the check that an account is the one that the form was made from."""

    def check(found: Account) -> None:
        if form.get("version") != account_version(found):
            raise stale(f"account {found.name}")

    return check


def _keys(request: PageRequest) -> View:
    rows = Projections(request.register.repository).rows("key")
    context = {
        "view": "keys",
        "rows": key_rows(rows, _accounts(request), language_of(request)),
    }
    return View("people.html.j2", context, say(request, _KEYS))


def _api_keys(request: PageRequest) -> View:
    return _api_view(request, {}, None)


def _api_view(
    request: PageRequest, form: Mapping[str, str], error: DualtrackError | None, made: tuple[str, str] | None = None
) -> View:
    language, keys = language_of(request), request.services["api_keys"].of(person(request).institution)
    now_s = int(request.register.clock().timestamp())
    uses = [str(row["id"]) for row in Projections(request.register.repository).rows("use")]
    context = {
        "view": "api",
        "rows": api_key_rows(keys, now_s, language),
        "made": made,
        "roles": role_choices(API_KEY_ROLES, _ticked(request, "roles") if error else (), language),
        "uses": [Choice(use, use, error is not None and use in _ticked(request, "uses")) for use in uses],
        "days_max": API_KEY_DAYS_MAX,
        "form": form,
        "refused": refusal(error, language) if error else None,
        "wrong": error_field(error, ("label", "days", "roles")) if error else "",
    }
    return View("people.html.j2", context, say(request, _API_KEYS), error.status if error else 200)


def _api_act(request: PageRequest) -> View | Redirect:
    form, identity = dict(request.form), person(request)
    try:
        if form.get("do") == "revoke":
            request.services["api_keys"].revoke(identity.institution, form.get("id", ""))
            _refresh(request)
            return Redirect("/api-keys", say(request, Text(en="The key opens nothing any more.", zh="密鑰已失效。")))
        label, days, roles = form.get("label", "").strip(), form.get("days", ""), _roles(request, API_KEY_ROLES)
        if not label:
            raise FieldError("no label", where="API key, field label", fix="say what it is for")
        if not days.isascii() or not days.isdigit() or not 1 <= int(days[:5]) <= API_KEY_DAYS_MAX:
            raise FieldError("not a number of days", where="API key, field days", expected=f"1 to {API_KEY_DAYS_MAX}")
        uses = frozenset(_ticked(request, "uses")) or None
        new = NewApiKey(identity.institution, label, roles, uses, identity.name, int(days[:5]))
        made = request.services["api_keys"].make(new)
    except DualtrackError as error:
        return _api_view(request, form, error)
    _refresh(request)
    return _api_view(request, {}, None, made)


def _refresh(request: PageRequest) -> None:
    """Let this process know a key that was made or ended at once; others read within seconds."""
    ring = request.services.get("keys")
    if ring is not None:
        ring.refresh()


def _roles(request: PageRequest, among: Collection[ConsoleRole]) -> frozenset[ConsoleRole]:
    wanted = set(_ticked(request, "roles"))
    found = frozenset(role for role in among if role.value in wanted)
    if not found or len(found) != len(wanted):
        raise FieldError("roles: none, or one that is not there", where="form, field roles", fix="tick at least one")
    return found


def _ticked(request: PageRequest, name: str) -> list[str]:
    lists: Mapping[str, list[str]] = request.services["lists"]
    return list(lists.get(name, ()))


def _account(request: PageRequest) -> Account:
    """Return the account that the path names; one of another institution is not there."""
    account: Account = request.services["accounts"].get(request.path["name"])
    if account.institution != person(request).institution:
        raise NotFoundError("no such account here", code="not-found.account")
    return account


def _accounts(request: PageRequest) -> list[Account]:
    found: list[Account] = request.services["accounts"].of(person(request).institution)
    return found


def _granted(request: PageRequest) -> dict[str, dict[str, Any]]:
    return {row["keyid"]: row for row in Projections(request.register.repository).rows("key")}


PAGES: tuple[Page, ...] = (
    Page("/people", "GET", Verb.MANAGE_ACCOUNTS, _list),
    Page("/people/new", "GET", Verb.MANAGE_ACCOUNTS, _new),
    Page("/people/new", "POST", Verb.MANAGE_ACCOUNTS, _add),
    Page("/people/{name}", "GET", Verb.MANAGE_ACCOUNTS, _one),
    Page("/people/{name}", "POST", Verb.MANAGE_ACCOUNTS, _change),
    Page("/keys", "GET", Verb.MANAGE_KEYS, _keys),
    Page("/api-keys", "GET", Verb.MANAGE_API_KEYS, _api_keys),
    Page("/api-keys", "POST", Verb.MANAGE_API_KEYS, _api_act),
)
"""Every change here asks for the administrator's password (the verbs are among those that do)."""
