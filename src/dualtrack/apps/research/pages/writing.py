"""Notes: written sentence by sentence with what supports each, checked, released; and the register of interests."""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING, cast, get_args

from msgspec.structs import replace

from dualtrack.apps.pages import AppPage, Redirect, View
from dualtrack.apps.research.figure import Figure, Stated
from dualtrack.apps.research.notes.disclosures import Interest, InterestKind
from dualtrack.apps.research.notes.note import NOTE_FORMAT, FigureSupport, Note, QuoteSupport, Sentence, Support
from dualtrack.apps.research.notes.publishing import find_note, keep_note, notes, release_note, written
from dualtrack.apps.research.pages.desk import open_desk, said
from dualtrack.apps.research.state import state
from dualtrack.domain.records import Text
from dualtrack.errors import DualtrackError, FieldError, ForbiddenError

if TYPE_CHECKING:
    from typing import Literal

    from dualtrack.apps.pages import AppRequest
    from dualtrack.apps.research.desk import Desk

__all__ = ["PAGES"]

_NOTES = Text(en="Research notes", zh="研究報告")
_REGISTER = Text(en="Register of interests", zh="利益登記冊")
_SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?")
_KINDS: tuple[InterestKind, ...] = get_args(InterestKind)


def _list(request: AppRequest) -> View:
    with open_desk(request) as desk:
        context = {"rows": notes(desk), "issuers": _issuers(desk)}
    return View("notes.html.j2", context, said(_NOTES, request))


def _issuers(desk: Desk) -> list[str]:
    return sorted({str(row["issuer"]) for row in state(desk.register).rows("document") if row["issuer"]})


def _new(request: AppRequest) -> Redirect:
    form = request.form
    name, audience = form.get("id", "").strip(), form.get("audience", "internal")
    if _SLUG.fullmatch(name) is None or audience not in {"internal", "clients"}:
        raise FieldError(
            "no id or audience",
            where="form",
            expected="an id of small letters, digits and hyphens",
            fix="go back and correct it",
        )
    language: Literal["en", "zh-Hant"] = "zh-Hant" if form.get("language") == "zh-Hant" else "en"
    note = Note(
        format=NOTE_FORMAT,
        id=name,
        title=form.get("title", "").strip() or name,
        language=language,
        issuers=[part.strip() for part in form.get("issuers", "").split(",") if part.strip()],
        audience=cast('Literal["internal", "clients"]', audience),
        author=_author(request),
        sentences=[Sentence(text=form.get("first", "").strip() or name, view=True)],
    )
    with open_desk(request) as desk:
        keep_note(desk, note)
    return Redirect(f"{request.root}/notes/{name}")


def _show(request: AppRequest) -> View:
    with open_desk(request) as desk:
        return _view(request, desk)


def _view(request: AppRequest, desk: Desk, *, wrong: str = "", status: int = 200) -> View:
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
        "wrong": wrong,
    }
    return View("note.html.j2", context, found.note.title, status)


def _add(request: AppRequest) -> View | Redirect:
    """Add a sentence, or put another in the place of one."""
    with open_desk(request) as desk:
        note = _own(request, desk)
        try:
            sentence = _sentence(request, desk)
        except FieldError as error:
            return _view(request, desk, wrong=f"{error.where}: {error.found}", status=error.status)
        at = request.form.get("place", "")
        sentences = list(note.sentences)
        if at.isdigit() and 0 < int(at) <= len(sentences):
            sentences[int(at) - 1] = sentence
        else:
            sentences.append(sentence)
        keep_note(desk, replace(note, sentences=sentences))
    return Redirect(f"{request.root}/notes/{note.id}")


def _sentence(request: AppRequest, desk: Desk) -> Sentence:
    form = request.form
    text = form.get("text", "").strip()
    if not text:
        raise FieldError("no words", where="sentence", fix="write a sentence")
    supports: list[Support] = []
    quoted = form.get("quote", "").strip()
    if quoted:
        page = form.get("page", "")
        if not page.isdigit():
            raise FieldError("no page", where="quotation", fix="say on which page it stands")
        supports.append(QuoteSupport(document=form.get("document", ""), page=int(page), text=quoted))
    kept = form.get("answer", "")
    if kept:
        supports.append(FigureSupport(figure=_figure(desk, kept)))
    return Sentence(text=text, supports=supports, view=form.get("view") == "yes" and not supports)


def _figure(desk: Desk, name: str) -> Figure:
    """Return the figure of a kept answer, with its whole calculation."""
    reply = desk.answer(name).reply
    if reply is None or reply.figure is None:
        raise FieldError("this answer has no figure", where="support", fix="choose another answer, or quote")
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


def _remove(request: AppRequest) -> Redirect:
    with open_desk(request) as desk:
        note = _own(request, desk)
        at = request.form.get("place", "")
        if not at.isdigit() or not 0 < int(at) <= len(note.sentences) or len(note.sentences) == 1:
            raise FieldError("no such sentence, or the only one", where="form, field place", fix="choose another")
        kept = [sentence for number, sentence in enumerate(note.sentences, 1) if number != int(at)]
        keep_note(desk, replace(note, sentences=kept))
    return Redirect(f"{request.root}/notes/{note.id}")


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
            return _view(request, desk, wrong=f"{error.where}: {error.found}. {error.fix}", status=error.status)
    done = Text(en="The note is released.", zh="報告已發出。")
    return Redirect(f"{request.root}/notes/{request.path['note']}", said(done, request))


def _register(request: AppRequest) -> View:
    with open_desk(request) as desk:
        context = {"rows": desk.interests(), "kinds": _KINDS, "issuers": _issuers(desk)}
    return View("register.html.j2", context, said(_REGISTER, request))


def _enter(request: AppRequest) -> Redirect:
    form = request.form
    kind = form.get("kind", "")
    if kind not in _KINDS:
        raise FieldError("no such kind", where="form, field kind", expected=", ".join(_KINDS))
    percent, until = form.get("percent", "").strip(), form.get("until", "").strip()
    try:
        since = str(date.fromisoformat(form.get("since", "")))
        end = str(date.fromisoformat(until)) if until else None
        share = float(percent) if percent else None
    except ValueError:
        raise FieldError(
            "a date or share that is none", where="form", expected="2026-11-27 and 1.5", fix="go back and correct it"
        ) from None
    interest = Interest(
        issuer=form.get("issuer", "").strip(),
        kind=kind,
        who=form.get("who", "").strip(),
        since=since,
        until=end,
        percent=share,
    )
    if not interest.issuer or not interest.who:
        raise FieldError(
            "no issuer or holder",
            where="form",
            expected="an issuer as documents name it, and who",
            fix="go back and correct it",
        )
    with open_desk(request) as desk:
        desk.add_interest(interest, by=_author(request))
    return Redirect(f"{request.root}/register", said(Text(en="It is entered.", zh="已登記。"), request))


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
