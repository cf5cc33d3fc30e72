"""The register of interests, dealings and offerings: what stands in it, entering one, and dealings that came too soon after a note."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, get_args

from dualtrack.apps.pages import AppPage, Redirect, View
from dualtrack.apps.research.notes.disclosures import Interest, InterestKind
from dualtrack.apps.research.notes.publishing import early_dealings
from dualtrack.apps.research.pages.desk import open_desk
from dualtrack.apps.research.pages.notes_shared import author_of, issuers_of, told, typed
from dualtrack.domain.records import Text
from dualtrack.domain.time import parse_date
from dualtrack.errors import DualtrackError, FieldError

if TYPE_CHECKING:
    from datetime import date

    from dualtrack.apps.pages import AppRequest

__all__ = ["PAGES"]

_REGISTER = Text(en="Register of interests", zh="利益登記冊")
_SHARE = re.compile(r"\d{1,3}(?:\.\d{1,6})?", re.ASCII)
_KINDS: tuple[InterestKind, ...] = get_args(InterestKind)
_PERCENT_MAX = 100.0
_NAME_MAX = 200
"""Longest name of an issuer, as in the register and in a document's."""


def _register(request: AppRequest) -> View:
    return _registered(request)


def _registered(request: AppRequest, error: DualtrackError | None = None) -> View:
    with open_desk(request) as desk:
        context = {
            "rows": desk.interests(),
            "kinds": _KINDS,
            "issuers": issuers_of(desk),
            "early": [_early(*each, request) for each in early_dealings(desk)],
            "wrong": told(error, request),
            "typed": typed(request),
        }
    return View("register.html.j2", context, request.said(_REGISTER), 200 if error is None else error.status)


def _early(note: str, item: Interest, day: date, request: AppRequest) -> str:
    """Return what is said of a dealing of an author too soon after a note."""
    text = Text(
        en=f"{item.issuer}: a dealing of {item.since} by the author of note {note}, who was free to deal from {day} (Code of Conduct 16.4(b)).",
        zh=f"{item.issuer}：報告 {note} 的作者於{item.since}買賣，其於{day}起方可買賣（《操守準則》第16.4(b)段）。",
    )
    return request.said(text)


def _enter(request: AppRequest) -> View | Redirect:
    try:
        interest = _interest(request)
        with open_desk(request) as desk:
            desk.add_interest(interest, by=author_of(request))
    except FieldError as error:
        return _registered(request, error)
    return Redirect(f"{request.root}/register", request.said(Text(en="It is entered.", zh="已登記。")))


def _interest(request: AppRequest) -> Interest:
    """Return the entry that a form makes; raises FieldError."""
    form = request.form
    kind, issuer, who = form.get("kind", ""), form.get("issuer", "").strip(), form.get("who", "").strip()
    if kind not in _KINDS:
        raise FieldError(
            f"{kind!r:.60}", where="form, field kind", expected=", ".join(_KINDS), fix="choose one of them", code="research.register.kind",
        )  # fmt: skip
    percent, until = form.get("percent", "").strip(), form.get("until", "").strip()
    try:
        since = str(parse_date(form.get("since", "").strip()))
        end = str(parse_date(until)) if until else None
    except FieldError as error:
        raise FieldError(
            "a date that is none", where="form, fields since and until", expected="2026-11-27", fix="correct the date",
            code="research.register.date",
        ) from error  # fmt: skip
    share = float(percent) if _SHARE.fullmatch(percent) else None
    if percent and (share is None or share > _PERCENT_MAX):
        raise FieldError(
            f"{percent!r:.20}", where="form, field percent", expected="0 to 100, as 1.5", fix="correct the share",
            code="research.register.percent",
        )  # fmt: skip
    if not issuer or not who or len(issuer) > _NAME_MAX:
        raise FieldError(
            "no issuer or holder", where="form, fields issuer and who", expected="an issuer as documents name it, and who",
            fix="fill in both", code="research.register.names",
        )  # fmt: skip
    return Interest(issuer=issuer, kind=kind, who=who, since=since, until=end, percent=share)


PAGES: tuple[AppPage, ...] = (
    AppPage("/register", "GET", "registrar", _register, place=_REGISTER),
    AppPage("/register", "POST", "registrar", _enter),
)
