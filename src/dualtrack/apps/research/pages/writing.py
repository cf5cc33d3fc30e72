"""Notes: written sentence by sentence with what supports each, checked, released; and the register of interests."""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING, cast, get_args

from msgspec.structs import replace

from dualtrack.apps.pages import AppPage, Redirect, View
from dualtrack.apps.refusals import Shown, refusal_codes, refusal_of, shown_refusal
from dualtrack.apps.research.figure import Figure, Stated
from dualtrack.apps.research.notes.disclosures import Interest, InterestKind
from dualtrack.apps.research.notes.note import NOTE_FORMAT, FigureSupport, Note, QuoteSupport, Sentence, Support
from dualtrack.apps.research.notes.publishing import find_note, keep_note, notes, release_note, written
from dualtrack.apps.research.pages.desk import NOT_DONE, open_desk, said
from dualtrack.apps.research.state import state
from dualtrack.domain.records import Text
from dualtrack.errors import DualtrackError, FieldError, ForbiddenError, NotFoundError

if TYPE_CHECKING:
    from typing import Literal

    from dualtrack.apps.pages import AppRequest
    from dualtrack.apps.research.desk import Desk

__all__ = ["PAGES"]

_NOTES = Text(en="Research notes", zh="研究報告")
_REGISTER = Text(en="Register of interests", zh="利益登記冊")
_SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?")
_SHARE = re.compile(r"\d{1,3}(?:\.\d{1,6})?", re.ASCII)
_KINDS: tuple[InterestKind, ...] = get_args(InterestKind)
_TYPED = (
    "id", "title", "issuers", "first", "audience", "language", "text", "place", "answer", "document", "page", "quote",
    "issuer", "kind", "who", "since", "until", "percent",
)  # fmt: skip
_PERCENT_MAX = 100.0
_NAME_MAX = 200
"""Longest name of an issuer, as in the register and in a document's."""

_PAGE_DIGITS_MAX = 6
"""Digits of a page: no document here has more pages."""


def _list(request: AppRequest) -> View:
    with open_desk(request) as desk:
        return _listed(request, desk)


def _listed(request: AppRequest, desk: Desk, error: DualtrackError | None = None) -> View:
    context = {
        "rows": notes(desk),
        "wrong": _told(error, request),
        "typed": _typed(request, issuers=", ".join(_issuers(desk))),
    }
    return View("notes.html.j2", context, said(_NOTES, request), 200 if error is None else error.status)


def _typed(request: AppRequest, **first: str) -> dict[str, str]:
    """Return what was typed into the form that comes back, by field; `first` is what stands in one that is new."""
    return {name: request.form.get(name, first.get(name, "")) for name in _TYPED}


def _told(error: DualtrackError | None, request: AppRequest) -> Shown | None:
    """Return an error for a page in its reader's language; the error's own words, which are English, only where its code does not say all."""
    if error is None:
        return None
    if error.code not in refusal_codes() or not error.code.startswith("research."):
        return shown_refusal(error, NOT_DONE, request.language)
    meant = refusal_of(error)
    blank = "" if request.language == "zh-Hant" else " "
    return Shown(blank.join(said(text, request) for text in (NOT_DONE, meant.says, meant.do)), "")


def _issuers(desk: Desk) -> list[str]:
    return sorted({str(row["issuer"]) for row in state(desk.register).rows("document") if row["issuer"]})


def _new(request: AppRequest) -> View | Redirect:
    with open_desk(request) as desk:
        try:
            note = _begun(request)
            keep_note(desk, note)
        except (FieldError, ForbiddenError) as error:
            return _listed(request, desk, error)
    return Redirect(f"{request.root}/notes/{note.id}")


def _begun(request: AppRequest) -> Note:
    """Return the note that a form begins; raises FieldError."""
    form = request.form
    name, audience = form.get("id", "").strip(), form.get("audience", "internal")
    if _SLUG.fullmatch(name) is None:
        raise FieldError(
            f"{name!r:.60}", where="form, field id", expected="small letters, digits and hyphens", fix="give it such an id",
            code="research.note.id",
        )  # fmt: skip
    if audience not in {"internal", "clients"}:
        raise FieldError(
            f"{audience!r:.60}", where="form, field audience", expected="internal or clients", fix="choose one of them",
            code="research.note.audience",
        )  # fmt: skip
    language: Literal["en", "zh-Hant"] = "zh-Hant" if form.get("language") == "zh-Hant" else "en"
    return Note(
        format=NOTE_FORMAT,
        id=name,
        title=form.get("title", "").strip() or name,
        language=language,
        issuers=[part.strip() for part in re.split("[,，、]", form.get("issuers", "")) if part.strip()],
        audience=cast('Literal["internal", "clients"]', audience),
        author=_author(request),
        sentences=[Sentence(text=form.get("first", "").strip() or name, view=True)],
    )


def _show(request: AppRequest) -> View:
    with open_desk(request) as desk:
        return _view(request, desk)


def _view(request: AppRequest, desk: Desk, error: DualtrackError | None = None) -> View:
    found = written(desk, request.path["note"])
    author = _author(request)
    by_sentence: dict[int, list[dict[str, str]]] = {}
    for item in found.findings:
        by_sentence.setdefault(item.sentence, []).append({"said": said(item.said, request), "shown": item.shown})
    context = {
        "note": found.note,
        "row": found.row,
        "found": by_sentence,
        "standing": found.standing,
        "may_go": found.may_go,
        "mine": author == found.note.author,
        "qualified": author in desk.settings.qualified,
        "documents": state(desk.register).rows("document"),
        "answers": [kept for kept in desk.answers() if kept.reply is not None and kept.reply.figure is not None],
        "wrong": _told(error, request),
        "typed": _typed(request),
    }
    return View("note.html.j2", context, found.note.title, 200 if error is None else error.status)


def _add(request: AppRequest) -> View | Redirect:
    """Add a sentence, or put another in the place of one."""
    with open_desk(request) as desk:
        note = _own(request, desk)
        try:
            sentence, at = _sentence(request, desk), request.form.get("place", "").strip()
            sentences = list(note.sentences)
            if at:
                sentences[_place(at, sentences)] = sentence
            else:
                sentences.append(sentence)
            keep_note(desk, replace(note, sentences=sentences))
        except FieldError as error:
            return _view(request, desk, error)
    return Redirect(f"{request.root}/notes/{note.id}")


def _place(at: str, sentences: list[Sentence]) -> int:
    """Return the place of a sentence from 0, of its number as it is typed; raises FieldError."""
    if not at.isdecimal() or not 0 < int(at) <= len(sentences):
        raise FieldError(
            f"{at!r:.20}", where="form, field place", expected=f"1 to {len(sentences)}", fix="give the number of a sentence",
            code="research.note.place",
        )  # fmt: skip
    return int(at) - 1


def _sentence(request: AppRequest, desk: Desk) -> Sentence:
    form = request.form
    text = form.get("text", "").strip()
    if not text:
        raise FieldError("no words", where="sentence", fix="write a sentence", code="research.note.no-words")
    supports: list[Support] = []
    quoted = form.get("quote", "").strip()
    if quoted:
        page = form.get("page", "").strip()
        if not page.isdecimal() or len(page) > _PAGE_DIGITS_MAX:
            raise FieldError(
                "no page", where="quotation", fix="say on which page it stands", code="research.note.no-page"
            )
        supports.append(QuoteSupport(document=form.get("document", ""), page=int(page), text=quoted))
    kept = form.get("answer", "")
    if kept:
        supports.append(FigureSupport(figure=_figure(desk, kept)))
    return Sentence(text=text, supports=supports, view=form.get("view") == "yes" and not supports)


def _figure(desk: Desk, name: str) -> Figure:
    """Return the figure of a kept answer, with its whole calculation."""
    try:
        reply = desk.answer(name).reply
    except NotFoundError:
        reply = None
    if reply is None or reply.figure is None:
        raise FieldError(
            "this answer has no figure", where="support", fix="choose another answer, or quote",
            code="research.note.no-figure",
        )  # fmt: skip
    found = reply.figure
    return Figure(
        format="dualtrack.figure/1",
        metric=None,
        roles={},
        expression=found.expression,
        data=None,
        stated=Stated(),
        trace=found.trace,
    )


def _remove(request: AppRequest) -> View | Redirect:
    with open_desk(request) as desk:
        note = _own(request, desk)
        try:
            kept = _without(note.sentences, request.form.get("place", ""))
        except FieldError as error:
            return _view(request, desk, error)
        keep_note(desk, replace(note, sentences=kept))
    return Redirect(f"{request.root}/notes/{note.id}")


def _without(sentences: list[Sentence], at: str) -> list[Sentence]:
    """Return the sentences but the one of this number; raises FieldError for none, and for the only one."""
    place = _place(at, sentences)
    if len(sentences) == 1:
        raise FieldError(
            "it is the only sentence", where="form, field place", fix="put another in its place", code="research.note.last",
        )  # fmt: skip
    return [each for number, each in enumerate(sentences) if number != place]


def _own(request: AppRequest, desk: Desk) -> Note:
    note, _ = find_note(desk, request.path["note"])
    if note.author != _author(request):
        raise ForbiddenError("another author's note", where=f"note {note.id}", fix="ask its author to change it")
    return note


def _release(request: AppRequest) -> View | Redirect:
    with open_desk(request) as desk:
        try:
            release_note(desk, request.path["note"], by=_author(request), digest=request.form.get("digest", ""))
        except DualtrackError as error:
            return _view(request, desk, error)
    done = Text(en="The note is released.", zh="報告已發出。")
    return Redirect(f"{request.root}/notes/{request.path['note']}", said(done, request))


def _register(request: AppRequest) -> View:
    return _registered(request)


def _registered(request: AppRequest, error: DualtrackError | None = None) -> View:
    with open_desk(request) as desk:
        context = {
            "rows": desk.interests(),
            "kinds": _KINDS,
            "issuers": _issuers(desk),
            "wrong": _told(error, request),
            "typed": _typed(request),
        }
    return View("register.html.j2", context, said(_REGISTER, request), 200 if error is None else error.status)


def _enter(request: AppRequest) -> View | Redirect:
    try:
        interest = _interest(request)
    except FieldError as error:
        return _registered(request, error)
    with open_desk(request) as desk:
        desk.add_interest(interest, by=_author(request))
    return Redirect(f"{request.root}/register", said(Text(en="It is entered.", zh="已登記。"), request))


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
        since = str(date.fromisoformat(form.get("since", "").strip()))
        end = str(date.fromisoformat(until)) if until else None
    except ValueError as error:
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


def _author(request: AppRequest) -> str:
    assert request.visitor is not None, "the desk is not public"
    return request.visitor.holder or request.visitor.name


PAGES: tuple[AppPage, ...] = (
    AppPage("/notes", "GET", "analyst", _list, place=_NOTES),
    AppPage("/notes", "POST", "analyst", _new),
    AppPage("/notes/{note}", "GET", "analyst", _show),
    AppPage("/notes/{note}/sentence", "POST", "analyst", _add),
    AppPage("/notes/{note}/remove", "POST", "analyst", _remove),
    AppPage("/notes/{note}/release", "POST", "analyst", _release),
    AppPage("/register", "GET", "registrar", _register, place=_REGISTER),
    AppPage("/register", "POST", "registrar", _enter),
)
