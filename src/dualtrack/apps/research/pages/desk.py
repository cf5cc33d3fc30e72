"""The workbench: documents with their licences, questions answered with every operand's place, and the page with the cell marked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast
from urllib.parse import quote

from dualtrack.apps.pages import AppPage, Download, Redirect, View
from dualtrack.apps.refusals import shown_refusal
from dualtrack.apps.research.desk import Desk
from dualtrack.apps.research.documents.model import About, parse_address
from dualtrack.apps.research.documents.picture import render_page
from dualtrack.apps.research.saying import rounded, said_figure
from dualtrack.apps.research.state import state
from dualtrack.domain.records import Text
from dualtrack.errors import DualtrackError, FieldError, NotFoundError

if TYPE_CHECKING:
    from dualtrack.apps.pages import AppRequest
    from dualtrack.apps.refusals import Shown
    from dualtrack.apps.research.desk import Kept
    from dualtrack.apps.research.documents.model import Form

__all__ = ["FORMS", "NOT_DONE", "PAGES", "ROLES", "open_desk"]

ROLES = {
    "analyst": frozenset({"owner", "developer", "reviewer", "approver", "compliance", "officer"}),
    "registrar": frozenset({"compliance", "officer"}),
}
"""Analysts load, ask and write; the register of interests is kept by compliance."""

FORMS: tuple[Form, ...] = ("annual", "interim", "quarterly", "results", "esg", "circular", "other")
"""What a document can be, in the order of the form."""

NOT_DONE = Text(en="It was not done.", zh="未能完成。")
"""What stands before an error on these pages."""

_TITLE = Text(en="Research desk", zh="研究工作台")


def open_desk(request: AppRequest) -> Desk:
    """Return the desk of the visitor's firm."""
    assert request.visitor is not None, "the desk is not public"
    return Desk(request.runtime, request.visitor.institution)


def _show(request: AppRequest) -> View:
    with open_desk(request) as desk:
        return _view(request, desk)


def _view(request: AppRequest, desk: Desk, *, wrong: Shown | None = None, typed: str = "", status: int = 200) -> View:
    context = {
        "use": desk.settings.use,
        "documents": state(desk.register).rows("document"),
        "answers": [_answer(kept) for kept in desk.answers(most=20)],
        "forms": FORMS,
        "wrong": wrong,
        "typed": typed,
    }
    return View("desk.html.j2", context, request.said(_TITLE), status)


def _answer(kept: Kept) -> dict[str, Any]:
    """Return a kept answer as a page shows it: each operand with the address of its picture."""
    reply = kept.reply
    shown: dict[str, Any] = {
        "id": kept.id,
        "question": kept.question,
        "decision": kept.decision,
        "reply": reply,
        "operands": [],
    }
    if reply is not None and reply.figure is not None and reply.source is not None:
        shown["number"], shown["measured"] = said_figure(reply.figure)
        shown["exact"] = reply.figure.shown if rounded(reply.figure.shown) != reply.figure.shown else ""
        for operand in reply.figure.operands:
            shown["operands"].append({"cited": operand, "picture": _picture_of(reply.source.sha256, operand.address)})
    return shown


def _picture_of(sha256: str, address: str) -> str | None:
    try:
        parse_address(address)
    except FieldError:
        return None  # words of a paragraph: the page has no cell to mark
    return f"/cell/{sha256}?at={quote(address, safe='')}"


def _load(request: AppRequest) -> View | Redirect:
    upload = request.files.get("file")
    with open_desk(request) as desk:
        try:
            if upload is None or not upload.data:
                raise FieldError("no file", where="form, field file", fix="choose a file")
            about = About(
                name=request.form.get("name", "").strip() or upload.name,
                licence=request.form.get("licence", ""),
                issuer=request.form.get("issuer", "").strip(),
                period=request.form.get("period", "").strip(),
                form=cast("Form", request.form.get("form", "other")),
                ocr=request.form.get("ocr") == "yes",
            )
            if about.form not in FORMS:
                raise FieldError("no such kind of document", where="form, field form", expected=", ".join(FORMS))
            loaded = desk.load_bytes(upload.name, upload.data, about, by=_name(request))
        except DualtrackError as error:
            return _view(request, desk, wrong=shown_refusal(error, NOT_DONE, request.language), status=error.status)
        unread = len(desk.store.document(loaded.sha256).unread)
    done = request.said(
        Text(en=f"Loaded: {loaded.name}, {loaded.pages} pages.", zh=f"已載入：{loaded.name}，共{loaded.pages}頁。")
    )
    left = Text(en=f" Pages that are pictures and were not read: {unread}.", zh=f"其中{unread}頁為圖像，未能讀取。")
    again = Text(en=" Load it again with OCR to read them.", zh="如需讀取，請選用文字識別（OCR）再次載入。")
    more = (left, *(() if about.ocr else (again,))) if unread else ()
    return Redirect(f"{request.root}/desk", done + "".join(request.said(text) for text in more))


def _ask(request: AppRequest) -> View | Redirect:
    question = request.form.get("question", "")
    with open_desk(request) as desk:
        try:
            desk.ask(question, by=_name(request), language=request.language, run=request.run)
        except DualtrackError as error:
            return _view(
                request,
                desk,
                wrong=shown_refusal(error, NOT_DONE, request.language),
                typed=question,
                status=error.status,
            )
    return Redirect(f"{request.root}/desk")


def _name(request: AppRequest) -> str:
    assert request.visitor is not None, "the desk is not public"
    return request.visitor.holder or request.visitor.name


def _cell(request: AppRequest) -> Download:
    """Return the page of a cell as a picture, with the cell marked."""
    sha256, address = request.path["sha256"], parse_address(request.query.get("at", ""))
    with open_desk(request) as desk:
        document = desk.store.document(sha256)
        cell = document.cell(address)
        if cell.box is None:
            raise NotFoundError(
                "this document has no pages to look at", where=document.name, fix="open the file itself"
            )
        picture = render_page(desk.store.original(sha256), address.page, [cell.box], where=document.name)
    return Download(picture, "image/png", f"{sha256[:12]}-p{address.page}.png")


PAGES: tuple[AppPage, ...] = (
    AppPage("/desk", "GET", "analyst", _show, place=_TITLE),
    AppPage("/desk/load", "POST", "analyst", _load),
    AppPage("/desk/ask", "POST", "analyst", _ask),
    AppPage("/cell/{sha256}", "GET", "analyst", _cell),
)
