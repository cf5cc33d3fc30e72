"""Pages of the administrator: accounts and their roles. Every change is an entry of the ledger, with its reason."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dualtrack.domain.ids import check_slug
from dualtrack.domain.records import Text
from dualtrack.errors import DualtrackError, FieldError, NotFoundError
from dualtrack.store.projections import Projections
from dualtrack.web.administration import Done, account_detail, check_not_own, checked_reason, is_own, record_act
from dualtrack.web.identity.accounts import ACCOUNTS_LISTED_MAX, AccountChange, NewAccount
from dualtrack.web.identity.permissions import Verb
from dualtrack.web.identity.roles import ACCOUNT_ROLES
from dualtrack.web.pages.base import Page, Redirect, View
from dualtrack.web.parts import Choice, Crumb, Fact
from dualtrack.web.views.acting import error_field, language_of, person, refusal, say, stale
from dualtrack.web.views.confirming import Question, confirmed
from dualtrack.web.views.people import (
    account_changes,
    account_rows,
    account_version,
    chosen_roles,
    role_choices,
    ticked,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dualtrack.domain.administration import Act
    from dualtrack.web.identity.accounts import Account, Seen
    from dualtrack.web.pages.base import PageRequest

__all__ = ["PAGES"]

_PEOPLE = Text(en="People", zh="人員")
_ACCOUNT = Text(en="Account", zh="帳戶")
_CHANGED = Text(en="Changed. The sessions of this account have ended.", zh="已更改。此帳戶的工作階段已結束。")
_NEW = Text(en="New account", zh="新增帳戶")
_NEW_FIELDS = ("name", "holder", "display_name", "password", "new_password", "roles", "reason")


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
        "roles": role_choices(ACCOUNT_ROLES, ticked(request, "roles"), language),
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
            roles=chosen_roles(request, ACCOUNT_ROLES),
        )
        reason = checked_reason(form.get("reason"))
        request.services["login"].add(new, form.get("new_password", ""))
    except DualtrackError as error:
        return _new_view(request, form, error)
    _recorded(request, "account-made", new.name, reason)
    return Redirect(f"/people/{new.name}", say(request, Text(en="The account was made.", zh="帳戶已建立。")))


def _one(request: PageRequest) -> View:
    return _one_view(request, {}, None)


def _one_view(request: PageRequest, form: Mapping[str, str], error: DualtrackError | None) -> View:
    account, language = _account(request), language_of(request)
    wanted = ticked(request, "roles") if form.get("do") == "change" else [role.value for role in account.roles]
    context = {
        "view": "one",
        "trail": (Crumb(say(request, _PEOPLE), "/people"), Crumb(account.name)),
        "account": account,
        "row": account_rows([account], _granted(request), language)[0],
        "version": account_version(account),
        "was_roles": " ".join(sorted(account.roles)),
        "roles": role_choices(ACCOUNT_ROLES, wanted, language),
        "states": [
            Choice("no", say(request, Text(en="Open", zh="開放")), not account.disabled),
            Choice(
                "yes", say(request, Text(en="Closed: nobody signs in with it", zh="關閉：不能登入")), account.disabled
            ),
        ],
        "own": is_own(person(request), account),
        "local": account.issuer is None,
        "changes": account_changes(account, form, language) if error is not None and error.code == "stale" else [],
        "form": form,
        "refused": refusal(error, language) if error else None,
        "wrong": _new_wrong(error) if error else "",
    }
    return View("people.html.j2", context, account.display_name, error.status if error else 200)


def _change(request: PageRequest) -> View | Redirect:
    form, account = dict(request.form), _account(request)
    try:
        check_not_own(person(request), account)
        return (_reset if form.get("do") == "password" else _edit)(request, account, form)
    except NotFoundError:
        raise
    except DualtrackError as error:
        return _one_view(request, form, error)


def _reset(request: PageRequest, account: Account, form: Mapping[str, str]) -> Redirect:
    reason = checked_reason(form.get("reason"))
    lost = request.services["login"].reset_password(
        account.institution, account.name, form.get("new_password", ""), _as_seen(form)
    )
    _recorded(request, "password-reset", account.name, reason)
    said = _CHANGED
    if lost is not None:
        said = Text(
            en=f"The password is new, and the key {lost[:16]}… is lost with the old one: have its grant revoked.",
            zh=f"密碼已更新；密鑰 {lost[:16]}… 隨舊密碼失去，請撤銷其授權。",
        )
    return Redirect(f"/people/{account.name}", say(request, said))


def _edit(request: PageRequest, account: Account, form: Mapping[str, str]) -> View | Redirect:
    """Write what differs, all of it or nothing, once the person has seen what that is."""
    _as_seen(form)(account)
    roles, holder = chosen_roles(request, ACCOUNT_ROLES), form.get("holder", "").strip()
    check_slug(holder, where="holder")
    wanted = account._replace(roles=roles, holder=holder, disabled=form.get("disabled") == "yes")
    change = AccountChange(
        roles if roles != account.roles else None,
        wanted.disabled if wanted.disabled != account.disabled else None,
        holder if holder != account.holder else None,
    )
    if change == AccountChange():
        raise FieldError("nothing differs", where="form", fix="change something first", code="input.same")
    fields = [(name, form.get(name, "")) for name in ("do", "version", "was_roles", "was_disabled", "was_holder")]
    fields += [("holder", holder), ("disabled", "yes" if wanted.disabled else "no")]
    fields += [("roles", role.value) for role in sorted(roles)]
    differs = account_changes(wanted, form, language_of(request))
    question = Question(
        Text(en="Change this account?", zh="更改此帳戶？"),
        Text(en="Its sessions end; its person signs in again.", zh="其工作階段即告結束，須重新登入。"),
        Text(en="Change it", zh="更改"),
        f"/people/{account.name}",
        tuple(fields),
        (Fact(say(request, _ACCOUNT), account.name), *(Fact(one.label, f"{one.was} → {one.now}") for one in differs)),
        f"/people/{account.name}",
        (Crumb(say(request, _PEOPLE), "/people"), Crumb(account.name, f"/people/{account.name}")),
    )
    reason = confirmed(request, question)
    if isinstance(reason, View):
        return reason
    request.services["accounts"].edit(account.institution, account.name, change, _as_seen(form))
    _recorded(request, "account-changed", account.name, reason)
    return Redirect(f"/people/{account.name}", say(request, _CHANGED))


def _recorded(request: PageRequest, act: Act, name: str, reason: str) -> None:
    """Write the act down, with how the account stands now."""
    found = request.services["accounts"].get(name)
    record_act(request.register, person(request).name, Done(act, name, account_detail(found), reason))


def _as_seen(form: Mapping[str, str]) -> Seen:
    """Return the check that an account is the one that the form was made from."""

    def check(found: Account) -> None:
        if form.get("version") != account_version(found):
            raise stale(f"account {found.name}")

    return check


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
)
"""Every change here asks for the administrator's password (the verbs are among those that do)."""
