"""Notes: written sentence by sentence with what supports each, checked, released; the register of interests has pages of its own."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, cast

from msgspec.structs import replace

from dualtrack.apps.pages import AppPage, Redirect, View
from dualtrack.apps.research.figure import Figure, Stated
from dualtrack.apps.research.notes.note import NOTE_FORMAT, FigureSupport, Note, QuoteSupport, Sentence, Support
from dualtrack.apps.research.notes.publishing import find_note, free_from, keep_note, notes, release_note, written
from dualtrack.apps.research.pages import notes_register
from dualtrack.apps.research.pages.desk import open_desk
from dualtrack.apps.research.pages.notes_shared import author_of, issuers_of, told, typed
from dualtrack.apps.research.state import state
from dualtrack.domain.records import Text
from dualtrack.errors import DualtrackError, FieldError, ForbiddenError, NotFoundError

if TYPE_CHECKING:
    from typing import Literal

    from dualtrack.apps.pages import AppRequest
    from dualtrack.apps.research.desk import Desk

__all__ = ["PAGES"]

_NOTES = Text(en="Research notes", zh="研究報告")
_SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?")

_PAGE_DIGITS_MAX = 6
"""Digits of a page: no document here has more pages."""


def _list(request: AppRequest) -> View:
    with open_desk(request) as desk:
        return _listed(request, desk)


def _listed(request: AppRequest, desk: Desk, error: DualtrackError | None = None) -> View:
    context = {
        "rows": notes(desk),
        "wrong": told(error, request),
        "typed": typed(request, issuers=", ".join(issuers_of(desk))),
    }
    return View("notes.html.j2", context, request.said(_NOTES), 200 if error is None else error.status)


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
        issuers=_named(form.get("issuers", "")),
        audience=cast('Literal["internal", "clients"]', audience),
        author=author_of(request),
        sentences=[Sentence(text=form.get("first", "").strip() or name, view=True)],
    )


def _named(text: str) -> list[str]:
    """Return the issuers of a form, each once."""
    return list(dict.fromkeys(part.strip() for part in re.split("[,，、]", text) if part.strip()))


def _head(request: AppRequest) -> View | Redirect:
    """Give a note another title, or other issuers."""
    with open_desk(request) as desk:
        note = _own(request, desk)
        title, issuers = request.form.get("title", "").strip() or note.title, _named(request.form.get("issuers", ""))
        try:
            keep_note(desk, replace(note, title=title, issuers=issuers or note.issuers))
        except FieldError as error:
            return _view(request, desk, error)
    return Redirect(f"{request.root}/notes/{note.id}")


def _show(request: AppRequest) -> View:
    with open_desk(request) as desk:
        return _view(request, desk)


def _view(request: AppRequest, desk: Desk, error: DualtrackError | None = None) -> View:
    found = written(desk, request.path["note"])
    author = author_of(request)
    by_sentence: dict[int, list[dict[str, str]]] = {}
    for item in found.findings:
        by_sentence.setdefault(item.sentence, []).append({"said": request.said(item.said), "shown": item.shown})
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
        "wrong": told(error, request),
        "free_from": free_from(found.row),
        "typed": typed(request, title=found.note.title, issuers=", ".join(found.note.issuers)),
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
    if not at.isdecimal() or len(at) > _PAGE_DIGITS_MAX or not 0 < int(at) <= len(sentences):
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
        supports.append(FigureSupport(figure=_figure(desk, kept), answer=kept))
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
    if note.author != author_of(request):
        raise ForbiddenError("another author's note", where=f"note {note.id}", fix="ask its author to change it")
    return note


def _release(request: AppRequest) -> View | Redirect:
    with open_desk(request) as desk:
        try:
            record = release_note(
                desk, request.path["note"], by=author_of(request), digest=request.form.get("digest", "")
            )
        except DualtrackError as error:
            return _view(request, desk, error)
    done = Text(
        en=f"The note is released. Its author may deal in the issuers again from {record.free_from}.",
        zh=f"報告已發出。作者由{record.free_from}起方可再買賣所涉發行人的證券。",
    )
    return Redirect(f"{request.root}/notes/{request.path['note']}", request.said(done))


PAGES: tuple[AppPage, ...] = (
    AppPage("/notes", "GET", "analyst", _list, place=_NOTES),
    AppPage("/notes", "POST", "analyst", _new),
    AppPage("/notes/{note}", "GET", "analyst", _show),
    AppPage("/notes/{note}/head", "POST", "analyst", _head),
    AppPage("/notes/{note}/sentence", "POST", "analyst", _add),
    AppPage("/notes/{note}/remove", "POST", "analyst", _remove),
    AppPage("/notes/{note}/release", "POST", "analyst", _release),
    *notes_register.PAGES,
)
