"""Pages of signing keys: as the ledger has them, and for one key its grant or revocation, which the institution's root signs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from dualtrack.domain.institution import KeyGrant, KeyRevocation
from dualtrack.domain.records import Text, encode
from dualtrack.errors import DualtrackError, FieldError, ForbiddenError, NotFoundError
from dualtrack.present.terms import ROLE_WORDS
from dualtrack.store.projections import Projections
from dualtrack.web.administration import Done, checked_reason, is_own, record_act
from dualtrack.web.granting import apply_signed, grant_request, root_place, unlock_root
from dualtrack.web.identity.permissions import Verb
from dualtrack.web.identity.roles import ACCOUNT_ROLES, SIGNING_ROLES
from dualtrack.web.pages.base import Download, Page, Redirect, View
from dualtrack.web.parts import Choice, Crumb, Fact
from dualtrack.web.views.acting import error_field, language_of, person, refusal, say
from dualtrack.web.views.confirming import Question, ask, confirmed
from dualtrack.web.views.people import custody_words, key_rows, ticked
from dualtrack.web.views.rendering import both

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dualtrack.domain.administration import Act
    from dualtrack.web.identity.accounts import Account
    from dualtrack.web.pages.base import PageRequest

__all__ = ["PAGES", "REQUEST_TYPE"]

REQUEST_TYPE = "application/json"
"""Media type of a request that is taken to the root."""

_TITLE = Text(en="Signing keys", zh="簽署密鑰")
_ONE = Text(en="A signing key", zh="一條簽署密鑰")
_NOT_YET = "-"
"""Stands for the reason of a revocation until its second page has asked for it; nothing is signed before."""

_GRANTABLE = tuple(sorted({role for item in ACCOUNT_ROLES if (role := SIGNING_ROLES[item]) is not None}))
"""Roles that a person's key may be granted."""


def _list(request: PageRequest) -> View:
    rows = Projections(request.register.repository).rows("key")
    return View(
        "keys.html.j2",
        {"view": "list", "rows": key_rows(rows, _accounts(request), language_of(request))},
        say(request, _TITLE),
    )


def _one(request: PageRequest) -> View:
    return _view(request, {}, None)


def _view(request: PageRequest, form: Mapping[str, str], error: DualtrackError | None) -> View:
    keyid, language = request.path["keyid"], language_of(request)
    row, account = _row(request), _owner(request)
    if row is None and account is None:
        raise NotFoundError("no such key here", where="keys", fix="list the keys", code="not-found.key")
    workspace, institution = request.runtime.store.workspace, request.register.institution
    chosen = ticked(request, "roles") if form else _usual_roles(account)
    shown = key_rows([row] if row else [], [account] if account else [], language)[0]
    facts = [
        Fact(say(request, Text(en="Key", zh="密鑰")), keyid, code=True),
        Fact(say(request, Text(en="Person or service", zh="人員或服務")), shown["holder"]),
        Fact(say(request, Text(en="Roles of the key", zh="密鑰的角色")), shown["roles"]),
        Fact(say(request, Text(en="Kept by", zh="保管")), custody_words(account, language)),
        Fact(say(request, Text(en="Granted in entry", zh="授權項目")), shown["granted"]),
        Fact(say(request, Text(en="Revoked in entry", zh="撤銷項目")), shown["revoked"] or "–"),
    ]
    context = {
        "view": "one",
        "trail": (Crumb(say(request, _TITLE), "/keys"), Crumb(f"{keyid[:16]}…")),
        "keyid": keyid,
        "facts": facts,
        "state": shown["state"],
        "act": _act_of(row),
        "own": account is not None and is_own(person(request), account),
        "known": account is not None and request.services["custody"].public_key(account.name) is not None,
        "place": root_place(workspace, institution),
        "roles": [Choice(role.value, both(ROLE_WORDS[role], language), role.value in chosen) for role in _GRANTABLE],
        "form": form,
        "refused": refusal(error, language) if error else None,
        "wrong": error_field(error, ("roles", "file", "reason")) if error else "",
    }
    return View("keys.html.j2", context, say(request, _ONE), error.status if error else 200)


def _act(request: PageRequest) -> View | Redirect | Download:
    form, account = dict(request.form), _owner(request)
    act = _act_of(_row(request))
    try:
        _check_may(request, act, account)
        if form.get("do") == "signed":
            return _bring(request, form)
        wanted = _wanted(request, form, act, account)
        if form.get("do") == "request":
            return Download(encode(wanted), REQUEST_TYPE, f"{act}-{wanted.keyid[:16]}.json")
        return _sign_here(request, wanted, account)
    except NotFoundError:
        raise
    except DualtrackError as error:
        return _view(request, form, error)


def _check_may(request: PageRequest, act: str, account: Account | None) -> None:
    """Raise ForbiddenError for a key of one's own, NotFoundError for one that is not here or at its end."""
    if account is not None and is_own(person(request), account):
        raise ForbiddenError("your own key", where=account.name, fix="ask another administrator")
    if not act or (act == "grant" and account is None):
        raise NotFoundError("no such key here", where="keys", fix="list the keys", code="not-found.key")


def _wanted(
    request: PageRequest, form: Mapping[str, str], act: str, account: Account | None
) -> KeyGrant | KeyRevocation:
    """Return what the root is asked to sign."""
    if act == "revoke" or account is None:
        given = form.get("reason") if form.get("do") == "request" else form.get("reason") or _NOT_YET
        return KeyRevocation(keyid=request.path["keyid"], reason=checked_reason(given))
    asked = set(ticked(request, "roles"))
    roles = [role for role in _GRANTABLE if role.value in asked]
    if len(roles) != len(asked):
        raise FieldError("a role that is not there", where="form, field roles", fix="tick at least one")
    public = request.services["custody"].public_key(account.name)
    return grant_request(account, public, roles, demo=request.runtime.store.workspace.demo)


def _sign_here(request: PageRequest, wanted: KeyGrant | KeyRevocation, account: Account | None) -> View | Redirect:
    """Have the root sign on this machine, once its keeper has seen for what."""
    register, workspace = request.register, request.runtime.store.workspace
    locked = root_place(workspace, register.institution) == "locked"
    question = _question(request, wanted, account, passphrase=locked)
    reason = confirmed(request, question)
    if isinstance(reason, View):
        return reason
    attempts = request.services["attempts"]
    taken = attempts.reserve(("login_name", f"root of {register.institution}"))
    try:
        signer = unlock_root(workspace, register.institution, request.form.get("passphrase", ""))
    except DualtrackError as error:
        return ask(request, question, error)
    attempts.succeeded(taken)
    if isinstance(wanted, KeyGrant):
        register.grant(wanted, signer)
    else:
        register.revoke(wanted.keyid, wanted.reason, signer)
    return _done(request, wanted, reason)


def _bring(request: PageRequest, form: Mapping[str, str]) -> Redirect:
    upload = request.services["files"].get("file")
    if upload is None or not upload.data:
        raise FieldError("no file", where="form, field file", fix="choose the file that `dualtrack key sign` wrote")
    reason = checked_reason(form.get("reason"))
    return _done(request, apply_signed(request.register, upload.data, request.path["keyid"]), reason)


def _done(request: PageRequest, record: KeyGrant | KeyRevocation, reason: str) -> Redirect:
    granted = isinstance(record, KeyGrant)
    act: Act = "key-granted" if granted else "key-revoked"
    detail = f"holder {record.holder}; roles {' '.join(record.roles)}" if isinstance(record, KeyGrant) else ""
    record_act(request.register, person(request).name, Done(act, record.keyid, detail, reason))
    request.runtime.snapshots.refresh()
    said = Text(en="Granted. From the next entry on its signatures count.", zh="已授權，由下一項起其簽署有效。")
    ended = Text(en="Revoked. From the next entry on it signs for nothing.", zh="已撤銷，由下一項起其簽署無效。")
    return Redirect(f"/keys/{record.keyid}", say(request, said if granted else ended))


def _question(
    request: PageRequest, wanted: KeyGrant | KeyRevocation, account: Account | None, *, passphrase: bool
) -> Question:
    language, keyid = language_of(request), wanted.keyid
    facts = [Fact(say(request, Text(en="Key", zh="密鑰")), keyid, code=True)]
    if account is not None:
        facts.append(Fact(say(request, Text(en="Person", zh="人員")), account.holder))
    fields = [("do", "here")]
    title, label = Text(en="Revoke this key?", zh="撤銷此密鑰？"), Text(en="Revoke it", zh="撤銷")
    says = Text(
        en="What it signed before stays valid. The reason stands in the ledger, signed by the root.",
        zh="先前的簽署仍然有效。原因由根密鑰簽署並記入日誌。",
    )
    if isinstance(wanted, KeyGrant):
        words = ", ".join(both(ROLE_WORDS[role], language) for role in wanted.roles)
        facts.append(Fact(say(request, Text(en="Roles of the key", zh="密鑰的角色")), words))
        fields += [("roles", role.value) for role in wanted.roles]
        title, label = Text(en="Grant this key?", zh="授權此密鑰？"), Text(en="Grant it", zh="授權")
        says = Text(
            en="From then on what this person signs counts, on permits as well, in these roles.",
            zh="其後此人以這些角色所作的簽署即屬有效，包括對准許的簽署。",
        )
    here = f"/keys/{keyid}"
    trail = (Crumb(say(request, _TITLE), "/keys"), Crumb(f"{keyid[:16]}…", here))
    kind: Literal["primary", "danger"] = "primary" if isinstance(wanted, KeyGrant) else "danger"
    return Question(title, says, label, here, tuple(fields), tuple(facts), here, trail, kind, passphrase)


def _act_of(row: Mapping[str, Any] | None) -> str:
    """Return what may be done with a key: grant, revoke, or nothing where it is the root's, a log's, or revoked."""
    if row is None:
        return "grant"
    held_by_firm = set(str(row["roles"]).split()) & {"root", "log", "witness"}
    return "" if held_by_firm or row["revoked_idx"] is not None else "revoke"


def _usual_roles(account: Account | None) -> list[str]:
    found = [SIGNING_ROLES[role] for role in account.roles] if account else []
    return [role.value for role in found if role is not None]


def _row(request: PageRequest) -> dict[str, Any] | None:
    rows = Projections(request.register.repository).rows("key", keyid=request.path["keyid"])
    return dict(rows[0]) if rows else None


def _owner(request: PageRequest) -> Account | None:
    return next((item for item in _accounts(request) if item.key_id == request.path["keyid"]), None)


def _accounts(request: PageRequest) -> list[Account]:
    found: list[Account] = request.services["accounts"].of(person(request).institution)
    return found


PAGES: tuple[Page, ...] = (
    Page("/keys", "GET", Verb.MANAGE_KEYS, _list),
    Page("/keys/{keyid}", "GET", Verb.MANAGE_KEYS, _one),
    Page("/keys/{keyid}", "POST", Verb.MANAGE_KEYS, _act),
)
"""An administrator prepares; only a signature of the institution's root grants or revokes."""
