"""Questions of tables: a small file and a question in; the SQL that ran, its rows, where each column comes from, and a picture out."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from dualtrack.apps.pages import AppPage, View
from dualtrack.apps.refusals import shown_refusal
from dualtrack.apps.research.modelled_tables import ask_tables_at
from dualtrack.apps.research.pages.desk import NOT_DONE, open_desk
from dualtrack.apps.research.tables.plot import draw_chart, make_chart
from dualtrack.apps.research.tables.records import Source
from dualtrack.apps.research.tables.sources import open_tables
from dualtrack.domain.records import Text
from dualtrack.errors import DualtrackError, FieldError

if TYPE_CHECKING:
    from dualtrack.apps.pages import AppRequest
    from dualtrack.apps.refusals import Shown
    from dualtrack.apps.research.modelled_tables import TablesAnswer

__all__ = ["PAGES"]

_TITLE = Text(en="Questions of tables", zh="查詢數據表")
_FILES = ("file", "second_file")
_TYPED = ("question", "licence", "personal", "sheet")


def _show(request: AppRequest) -> View:
    return _view(request)


def _ask(request: AppRequest) -> View:
    with tempfile.TemporaryDirectory() as folder:
        try:
            return _view(request, answer=_answered(request, Path(folder)))
        except DualtrackError as error:
            wrong = shown_refusal(error, NOT_DONE, request.language)
            wrong = wrong._replace(error=wrong.error.replace(f"{folder}/", ""))
            return _view(request, wrong=wrong, status=error.status)


def _answered(request: AppRequest, folder: Path) -> TablesAnswer:
    form = request.form
    personal = tuple(filter(None, (part.strip() for part in form.get("personal", "").replace("，", ",").split(","))))
    sources: list[Source] = []
    for field in _FILES:
        upload = request.files.get(field)
        if upload is None or not upload.data:
            continue
        path = folder / (Path(upload.name).name or "table.csv")
        if path.exists():
            raise FieldError("two files of one name", where="form", fix="give one of them another name")
        path.write_bytes(upload.data)
        own = personal if not sources else ()
        sheet = form.get("sheet", "").strip() if not sources else ""
        sources.append(Source(path=str(path), licence=form.get("licence", ""), personal=own, sheet=sheet))
    if not sources:
        raise FieldError("no file", where="form, field file", fix="choose a file")
    with open_desk(request) as desk, open_tables(sources) as tables:
        return ask_tables_at(desk, tables, form.get("question", ""), language=request.language, run=request.run)


def _view(
    request: AppRequest, *, answer: TablesAnswer | None = None, wrong: Shown | None = None, status: int = 200
) -> View:
    result = answer.reply.result if answer is not None and answer.reply is not None else None
    chart = make_chart(result) if result is not None else None
    context = {
        "answer": answer,
        "result": result,
        "picture": draw_chart(chart, key="result", language="zh" if request.language == "zh-Hant" else "en")
        if chart is not None
        else "",
        "typed": {name: request.form.get(name, "") for name in _TYPED},
        "wrong": wrong,
    }
    return View("tables.html.j2", context, request.said(_TITLE), status)


PAGES: tuple[AppPage, ...] = (
    AppPage("/tables", "GET", "analyst", _show, place=_TITLE),
    AppPage("/tables", "POST", "analyst", _ask),
)
