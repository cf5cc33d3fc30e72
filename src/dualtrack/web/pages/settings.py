"""The page of settings: what the running server is set to and where each is set, with a form for those that can be changed here."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import msgspec

from dualtrack.domain.records import Text
from dualtrack.errors import DualtrackError, FieldError
from dualtrack.web.administration import Done, record_act, settings_detail
from dualtrack.web.identity.permissions import Verb
from dualtrack.web.pages.base import Page, Redirect, View
from dualtrack.web.parts import Crumb, Fact
from dualtrack.web.settings import (
    SETTINGS_NAME,
    RateSettings,
    SessionSettings,
    WebSettings,
    change_settings,
    read_settings,
)
from dualtrack.web.views.acting import error_field, language_of, person, refusal, say, stale
from dualtrack.web.views.confirming import Question, confirmed
from dualtrack.web.views.settings import CHANGEABLE, setting_groups

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dualtrack.web.pages.base import PageRequest

__all__ = ["PAGES"]

_TITLE = Text(en="Settings", zh="設定")


def _show(request: PageRequest) -> View:
    return _view(request, {}, None)


def _view(request: PageRequest, form: Mapping[str, str], error: DualtrackError | None) -> View:
    language, running = language_of(request), request.services["settings"]
    standing = read_settings(request.runtime.store.workspace)
    now = _values(standing)
    context = {
        "groups": setting_groups(request.runtime, running, language),
        "fields": [
            {
                "name": name,
                "label": say(request, field.label),
                "value": form.get(name, now[name]),
                "hint": say(request, field.hint),
                "error": say(request, field.hint) if error and error_field(error, (name,)) else "",
            }
            for name, field in CHANGEABLE.items()
        ],
        "waiting": (standing.session, standing.rate) != (running.session, running.rate),
        "version": _version(standing),
        "refused": refusal(error, language) if error else None,
    }
    return View("settings.html.j2", context, say(request, _TITLE), error.status if error else 200)


def _change(request: PageRequest) -> View | Redirect:
    form, store = dict(request.form), request.runtime.store
    try:
        session, rate = _read(form)
        standing = read_settings(store.workspace)
        _seen(form, standing)
        wanted = msgspec.structs.replace(standing, session=session, rate=rate)
        wanted.check(SETTINGS_NAME)
        reason = confirmed(request, _question(request, form, standing, wanted))
        if isinstance(reason, View):
            return reason
        change_settings(store.workspace, store.backend, session, rate, lambda found: _seen(form, found))
    except DualtrackError as error:
        return _view(request, form, error)
    done = Done("settings-changed", SETTINGS_NAME, settings_detail(session, rate), reason)
    record_act(request.register, person(request).name, done)
    said = Text(en="Written to web.toml; it counts from the next start.", zh="已寫入 web.toml，由下次啟動起生效。")
    return Redirect("/settings", say(request, said))


def _question(request: PageRequest, form: Mapping[str, str], standing: WebSettings, wanted: WebSettings) -> Question:
    was, now = _values(standing), _values(wanted)
    facts = [
        Fact(say(request, field.label), f"{was[name]} → {now[name]}")
        for name, field in CHANGEABLE.items()
        if was[name] != now[name]
    ]
    if not facts:
        raise FieldError("nothing differs", where="form", fix="change a figure first", code="input.same")
    return Question(
        Text(en="Change the settings?", zh="更改設定？"),
        Text(
            en="They are written to web.toml on the machine that answers, and count from its next start. Other machines have files of their own.",
            zh="設定會寫入回應此頁的機器上的 web.toml，由該機器下次啟動起生效。其他機器各有自己的檔案。",
        ),
        Text(en="Change them", zh="更改"),
        "/settings",
        (*((name, now[name]) for name in CHANGEABLE), ("version", form.get("version", ""))),
        tuple(facts),
        "/settings",
        (Crumb(say(request, _TITLE), "/settings"),),
    )


def _read(form: Mapping[str, str]) -> tuple[SessionSettings, RateSettings]:
    """Return the settings of a form; raises FieldError for the field at fault."""
    given = {name: form.get(name, "").strip() for name in CHANGEABLE}
    for name, text in given.items():
        try:
            value = float(text) if name == "a_second" else int(text)
            kind = SessionSettings if name in {"idle_s", "absolute_s"} else RateSettings
            msgspec.convert({name: value}, kind)
        except (ValueError, OverflowError) as error:  # a msgspec.ValidationError is a ValueError
            raise FieldError("not a figure within its limits", where=f"form, field {name}") from error
    session = SessionSettings(idle_s=int(given["idle_s"]), absolute_s=int(given["absolute_s"]))
    return session, RateSettings(burst=int(given["burst"]), a_second=float(given["a_second"]))


def _values(settings: WebSettings) -> dict[str, str]:
    session, rate = settings.session, settings.rate
    return {
        "idle_s": str(session.idle_s),
        "absolute_s": str(session.absolute_s),
        "burst": str(rate.burst),
        "a_second": f"{rate.a_second:.15g}",
    }


def _version(settings: WebSettings) -> str:
    """Return the version of the file that a form is made from."""
    return hashlib.sha256(msgspec.json.encode(settings)).hexdigest()[:32]


def _seen(form: Mapping[str, str], standing: WebSettings) -> None:
    if form.get("version") != _version(standing):
        raise stale(SETTINGS_NAME)


PAGES: tuple[Page, ...] = (
    Page("/settings", "GET", Verb.MANAGE_SETTINGS, _show),
    Page("/settings", "POST", Verb.MANAGE_SETTINGS, _change),
)
"""Addresses, HTTPS and the identity provider are changed in web.toml alone: a slip there would lock everybody out."""
