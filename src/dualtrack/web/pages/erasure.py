"""The page by which a person's contents are erased: looked up, what goes and what a law keeps, done with a reason, answered."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from dualtrack.domain.records import Text
from dualtrack.domain.time import parse_date
from dualtrack.errors import DualtrackError, FieldError, NotFoundError
from dualtrack.present.text import date_text
from dualtrack.runtime.erasing import KeptContents, count_contents, erase_person, kept_contents
from dualtrack.runtime.receipts import locate_receipt
from dualtrack.web.identity.permissions import Verb
from dualtrack.web.pages.base import Page, View
from dualtrack.web.views.acting import error_field, holder_of_person, language_of, refusal, say
from dualtrack.web.views.rendering import both

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dualtrack.web.pages.base import PageRequest
    from dualtrack.web.views.rendering import Language

__all__ = ["PAGES"]

_TITLE = Text(en="Erasure for a person", zh="刪除個人內容")
_SUBJECT = re.compile(r"[0-9a-f]{64}")


def _ask(request: PageRequest) -> View:
    return _ask_view(request, {}, None)


def _ask_view(request: PageRequest, form: Mapping[str, str], error: DualtrackError | None) -> View:
    context = {
        "view": "ask",
        "receipt": form.get("receipt", ""),  # the identifier is never sent back: it is personal
        "refused": refusal(error, language_of(request)) if error else None,
        "wrong": error_field(error, ("receipt", "person")) if error else "",
    }
    return View("erasure.html.j2", context, say(request, _TITLE), error.status if error else 200)


def _act(request: PageRequest) -> View:
    form = dict(request.form)
    if form.get("do") != "erase":
        try:
            return _found_view(request, _subject(request, form), {}, None)
        except DualtrackError as error:
            return _ask_view(request, form, error)
    subject = form.get("subject", "")
    if not _SUBJECT.fullmatch(subject):
        return _ask_view(request, form, FieldError("no person", where="erasure, field receipt", fix="look them up"))
    try:
        return _erased(request, subject, form.get("reason", "").strip())
    except DualtrackError as error:
        return _found_view(request, subject, form, error)


def _subject(request: PageRequest, form: Mapping[str, str]) -> str:
    """Return the pseudonym of who is meant, by the code of a receipt or by the identifier that callers send."""
    receipt, person = form.get("receipt", "").strip(), form.get("person", "").strip()
    if bool(receipt) == bool(person):
        raise FieldError("both, or neither", where="erasure, field receipt", fix="give a receipt code or an identifier")
    if person:
        return request.runtime.subjects.pseudonym(request.register.institution, person)
    _, row = locate_receipt([request.register], receipt)
    if row["subject"] is None:
        raise NotFoundError("this decision was about nobody in particular", where="receipt", fix="use another receipt")
    return str(row["subject"])


def _found_view(request: PageRequest, subject: str, form: Mapping[str, str], error: DualtrackError | None) -> View:
    kept, language = kept_contents(request.register, subject), language_of(request)
    total = count_contents(request.register, subject)
    context = {
        "view": "found",
        "subject": subject,
        "going": total - sum(item.contents for item in kept),
        "total": total,
        "kept": [_kept(item, language) for item in kept],
        "reason": form.get("reason", ""),
        "refused": refusal(error, language) if error else None,
        "wrong": error_field(error, ("reason",)) if error else "",
    }
    return View("erasure.html.j2", context, say(request, _TITLE), error.status if error else 200)


def _erased(request: PageRequest, subject: str, reason: str) -> View:
    if not reason:
        raise FieldError("no reason", where="erasure, field reason", fix="say who asked, when and by which channel")
    register = request.register
    contents = request.runtime.recorder(register.institution).contents
    reply = erase_person(register, contents, holder_of_person(request), subject, reason)
    language = language_of(request)
    context = {
        "view": "done",
        "reply": reply,
        "kept": [_kept(item, language) for item in reply.kept],
        "refused": None,
    }
    return View("erasure.html.j2", context, say(request, Text(en="Erased", zh="已刪除")))


def _kept(item: KeptContents, language: Language) -> dict[str, Any]:
    unknown = Text(en="not known: the class is in no table of ours", zh="未知：此類別不在本產品表內")
    until = both(date_text(parse_date(item.until)), language) if item.until else "–"
    return {
        "n": item.contents,
        "law": both(item.law or unknown, language),
        "cites": item.cites or item.retention,
        "until": until,
    }


PAGES: tuple[Page, ...] = (
    Page("/erasure", "GET", Verb.ERASE_CONTENT, _ask),
    Page("/erasure", "POST", Verb.ERASE_CONTENT, _act),
)
"""Looking up is a POST as well: what identifies a person stands in no address and no server's log."""
