"""Pages of API keys: made, rotated and revoked, each after a second page that says what it does and asks why."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Literal, NamedTuple

from dualtrack.domain.records import Text
from dualtrack.errors import DualtrackError, FieldError
from dualtrack.store.projections import Projections
from dualtrack.web.administration import Done, key_detail, record_act
from dualtrack.web.identity.api_keys import (
    API_KEY_DAYS_MAX,
    OVERLAP_S_MAX,
    NewApiKey,
    Rotation,
    check_api_key,
    once_digits,
)
from dualtrack.web.identity.permissions import Verb
from dualtrack.web.identity.roles import API_KEY_ROLES
from dualtrack.web.pages.base import Page, Redirect, View
from dualtrack.web.parts import Choice, Crumb, Fact
from dualtrack.web.views.acting import error_field, language_of, moment_text, person, refusal, say
from dualtrack.web.views.confirming import Question, confirmed
from dualtrack.web.views.people import api_key_rows, chosen_roles, role_choices, role_names, ticked

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from dualtrack.web.identity.roles import ConsoleRole
    from dualtrack.web.pages.base import PageRequest

__all__ = ["OVERLAPS_S", "PAGES"]

OVERLAPS_S = {
    0: Text(en="at once", zh="立即"),
    86_400: Text(en="in 24 hours", zh="24小時後"),
    OVERLAP_S_MAX: Text(en="in 7 days", zh="7日後"),
}
"""How long the old key of a rotation still opens: what a person chooses from."""

_TITLE = Text(en="API keys", zh="API 密鑰")
_TEMPLATE = "api_keys.html.j2"


def _list(request: PageRequest) -> View:
    return _view(request, {}, None)


def _view(
    request: PageRequest, form: Mapping[str, str], error: DualtrackError | None, made: tuple[str, str] | None = None
) -> View:
    language, keys = language_of(request), request.services["api_keys"].of(person(request).institution)
    now_s = int(request.register.clock().timestamp())
    uses = [str(row["id"]) for row in Projections(request.register.repository).rows("use")]
    context = {
        "view": "list",
        "rows": api_key_rows(keys, now_s, language),
        "made": made,
        "roles": role_choices(API_KEY_ROLES, ticked(request, "roles") if error else (), language),
        "uses": [Choice(use, use, error is not None and use in ticked(request, "uses")) for use in uses],
        "overlaps": [Choice(str(s), say(request, text), s == 0) for s, text in OVERLAPS_S.items()],
        "days_max": API_KEY_DAYS_MAX,
        "form": form,
        "refused": refusal(error, language) if error else None,
        "wrong": error_field(error, ("label", "days", "roles")) if error else "",
    }
    return View(_TEMPLATE, context, say(request, _TITLE), error.status if error else 200)


def _act(request: PageRequest) -> View | Redirect:
    """Answer a form: first with the page that asks whether it is meant, then by doing it."""
    form = dict(request.form)
    acts = {"rotate": _rotate, "revoke": _revoke}
    try:
        return acts.get(form.get("do", ""), _make)(request, form)
    except DualtrackError as error:
        return _view(request, form, error)


def _make(request: PageRequest, form: Mapping[str, str]) -> View:
    identity = person(request)
    label, roles = form.get("label", "").strip(), chosen_roles(request, API_KEY_ROLES)
    if not label:
        raise FieldError("no label", where="API key, field label", fix="say what it is for")
    uses = frozenset(ticked(request, "uses")) or None
    new = NewApiKey(identity.institution, label, roles, uses, identity.name, _days(form))
    check_api_key(new)
    fields = [("do", "make"), ("label", label), ("days", str(new.days)), ("once", form.get("once") or once_digits())]
    fields += [("roles", role) for role in sorted(roles)] + [("uses", use) for use in sorted(uses or ())]
    reason = confirmed(request, _question(request, "make", fields, _facts(request, label, roles, uses, days=new.days)))
    if isinstance(reason, View):
        return reason
    made = request.services["api_keys"].make(new, once=form.get("once"))
    _recorded(request, Done("api-key-made", made[0], key_detail(new), reason))
    return _view(request, {}, None, made)


def _rotate(request: PageRequest, form: Mapping[str, str]) -> View:
    identity, ident, days = person(request), form.get("id", ""), _days(form)
    old = request.services["api_keys"].one(identity.institution, ident)
    overlap_s = next((s for s in OVERLAPS_S if str(s) == form.get("overlap")), None)
    if overlap_s is None:
        raise FieldError("the time for which the old key still opens", where="API key, field overlap")
    fields = [("do", "rotate"), ("id", ident), ("days", str(days)), ("overlap", str(overlap_s))]
    fields.append(("once", form.get("once") or once_digits()))
    facts = _facts(request, old.label, old.roles, old.uses, days=days)
    ends = Fact(say(request, Text(en="The old key ends", zh="舊密鑰失效")), say(request, OVERLAPS_S[overlap_s]))
    reason = confirmed(request, _question(request, "rotate", fields, (*facts, ends)))
    if isinstance(reason, View):
        return reason
    rotation = Rotation(identity.name, days, overlap_s, form.get("once"))
    found = request.services["api_keys"].rotate(identity.institution, ident, rotation)
    detail = f"in place of {ident}, which ends {OVERLAPS_S[overlap_s].en}; {key_detail(found.new)}"
    _recorded(request, Done("api-key-rotated", found.id, detail, reason))
    return _view(request, {}, None, (found.id, found.key))


def _revoke(request: PageRequest, form: Mapping[str, str]) -> View | Redirect:
    identity, ident = person(request), form.get("id", "")
    old = request.services["api_keys"].one(identity.institution, ident)
    facts = _facts(request, old.label, old.roles, old.uses)
    reason = confirmed(request, _question(request, "revoke", [("do", "revoke"), ("id", ident)], facts))
    if isinstance(reason, View):
        return reason
    if request.services["api_keys"].revoke(identity.institution, ident):
        _recorded(request, Done("api-key-revoked", ident, f"roles {' '.join(sorted(old.roles))}", reason))
    return Redirect("/api-keys", say(request, Text(en="The key opens nothing any more.", zh="密鑰已失效。")))


class _Words(NamedTuple):
    title: Text
    says: Text
    label: Text


_ASKED = {
    "make": _Words(
        Text(en="Make this key?", zh="建立此密鑰？"),
        Text(
            en="Whoever has the key does what these roles may, without a person. It is shown once.",
            zh="持有密鑰者可行使這些角色的權限，毋須由人操作。密鑰只顯示一次。",
        ),
        Text(en="Make the key", zh="建立密鑰"),
    ),
    "rotate": _Words(
        Text(en="Rotate this key?", zh="更換此密鑰？"),
        Text(
            en="A new key takes its place, for the same roles and uses. It is shown once.",
            zh="新密鑰取代舊密鑰，角色與用途不變。新密鑰只顯示一次。",
        ),
        Text(en="Rotate the key", zh="更換密鑰"),
    ),
    "revoke": _Words(
        Text(en="Revoke this key?", zh="撤銷此密鑰？"),
        Text(
            en="Within a second it opens nothing any more, in any process. It cannot be given back.",
            zh="一秒內即在所有程序失效，且不能恢復。",
        ),
        Text(en="Revoke the key", zh="撤銷密鑰"),
    ),
}


def _question(request: PageRequest, act: str, fields: list[tuple[str, str]], facts: tuple[Fact, ...]) -> Question:
    words = _ASKED[act]
    trail = (Crumb(say(request, _TITLE), "/api-keys"),)
    kind: Literal["primary", "danger"] = "danger" if act == "revoke" else "primary"
    return Question(*words, "/api-keys", tuple(fields), facts, "/api-keys", trail, kind)


def _facts(
    request: PageRequest,
    label: str,
    roles: Collection[ConsoleRole],
    uses: Collection[str] | None,
    *,
    days: int | None = None,
) -> tuple[Fact, ...]:
    every = say(request, Text(en="every use", zh="所有用途"))
    found = [
        (Text(en="What it is for", zh="用途說明"), label),
        (Text(en="Roles", zh="角色"), role_names(roles, language_of(request))),
        (Text(en="Uses", zh="用途"), every if uses is None else ", ".join(sorted(uses))),
    ]
    if days is not None:
        until = request.register.clock() + timedelta(days=days)
        found.append((Text(en="Ends", zh="到期"), moment_text(until, language_of(request))))
    return tuple(Fact(say(request, term), value) for term, value in found)


def _recorded(request: PageRequest, done: Done) -> None:
    """Write the act down, and let this process know the key at once; others read within seconds."""
    record_act(request.register, person(request).name, done)
    ring = request.services.get("keys")
    if ring is not None:
        ring.refresh()


def _days(form: Mapping[str, str]) -> int:
    days = form.get("days", "")
    if not days.isascii() or not days.isdigit() or not 1 <= int(days[:5]) <= API_KEY_DAYS_MAX:
        raise FieldError("not a number of days", where="API key, field days", expected=f"1 to {API_KEY_DAYS_MAX}")
    return int(days[:5])


PAGES: tuple[Page, ...] = (
    Page("/api-keys", "GET", Verb.MANAGE_API_KEYS, _list),
    Page("/api-keys", "POST", Verb.MANAGE_API_KEYS, _act),
)
"""Every change asks for the administrator's password (the verb is among those that do)."""
