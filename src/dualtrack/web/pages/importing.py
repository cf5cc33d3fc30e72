"""The page by which a spreadsheet comes in: read, what each column is taken for, what is missing, and drafts to declare."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dualtrack.domain.records import Text
from dualtrack.domain.time import hong_kong_date
from dualtrack.domain.vocabulary import Sector
from dualtrack.errors import DualtrackError, FieldError
from dualtrack.intake.drafts import drafts
from dualtrack.intake.inventory import inventory_parts
from dualtrack.intake.xlsx_book import book
from dualtrack.present.words import SECTOR_WORDS
from dualtrack.web.identity.permissions import Verb
from dualtrack.web.pages.base import Download, Page, View
from dualtrack.web.parts import Badge, Choice, Crumb
from dualtrack.web.views.acting import can, error_field, language_of, person, refusal, say
from dualtrack.web.views.importing import (
    Choices,
    field_names,
    keep_choices,
    keep_file,
    read_choices,
    read_report,
)
from dualtrack.web.views.rendering import both

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from dualtrack.intake.records import ColumnMatch
    from dualtrack.intake.result import GapReport
    from dualtrack.web.pages.base import PageRequest
    from dualtrack.web.views.rendering import Language

__all__ = ["PAGES"]

_TITLE = Text(en="Import an inventory", zh="匯入清單")
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_STATES = {
    "mapped": Badge("good", ""),
    "asked": Badge("amber", ""),
    "aside": Badge("note", ""),
}
_STATE_WORDS = {
    "mapped": Text(en="proposed", zh="建議"),
    "asked": Text(en="not understood", zh="未能辨認"),
    "aside": Text(en="kept, not used", zh="保留但不使用"),
}
_SEVERITY_TONES = {"high": "bad", "medium": "amber", "low": "low"}


def _show(request: PageRequest) -> View:
    kept = request.query.get("file", "")
    if kept:
        return _report_view(request, kept, None)
    return _upload_view(request, {}, None)


def _upload_view(request: PageRequest, form: Mapping[str, str], error: DualtrackError | None) -> View:
    language = language_of(request)
    blank = Choice("", "–")
    context = {
        "view": "upload",
        "sectors": [
            blank, *(Choice(s.value, both(SECTOR_WORDS[s], language), form.get("sector") == s.value) for s in Sector)
        ],
        "refused": refusal(error, language) if error else None,
        "wrong": error_field(error, ("sector", "file")) if error else "",
    }  # fmt: skip
    return View("importing.html.j2", context, say(request, _TITLE), error.status if error else 200)


def _act(request: PageRequest) -> View:
    form, do = dict(request.form), request.form.get("do", "")
    try:
        if do not in {"map", "confirm"}:
            return _report_view(request, _take(request, form), None)
    except DualtrackError as error:
        return _upload_view(request, form, error)
    kept = form.get("file", "")
    try:
        if do == "map":
            _remap(request, kept, form)
            return _report_view(request, kept, None)
        return _confirmed(request, kept, form)
    except DualtrackError as error:
        return _report_view(request, kept, error)


def _take(request: PageRequest, form: Mapping[str, str]) -> str:
    """Keep the file that was sent, if it can be read, and return its name here."""
    upload = request.services["files"].get("file")
    if upload is None or not upload.data:
        raise FieldError("no file", where="import, field file", fix="choose a spreadsheet")
    if form.get("sector") not in {item.value for item in Sector}:
        raise FieldError("no sector", where="import, field sector", fix="choose the sector")
    workspace, institution = request.runtime.store.workspace, person(request).institution
    kept = keep_file(workspace, institution, upload.name, upload.data)
    choices = Choices(name=upload.name, sector=form["sector"], sheet=form.get("sheet", "").strip() or None)
    keep_choices(workspace, institution, kept, choices)
    _report(request, kept)
    return kept


def _remap(request: PageRequest, kept: str, form: Mapping[str, str]) -> None:
    """Take what people say of columns; a choice that cannot be leaves the earlier ones."""
    workspace, institution = request.runtime.store.workspace, person(request).institution
    before = read_choices(workspace, institution, kept)
    mapping: dict[str, str] = {}
    for name, field in form.items():
        letter = name.removeprefix("map-")
        if name == letter or not field or not (letter.isascii() and letter.isalpha()):
            continue
        if field in mapping:
            raise FieldError(
                f"columns {mapping[field]} and {letter} are both {field}", where=f"import, field map-{letter}",
                fix="give each field to one column",
            )  # fmt: skip
        mapping[field] = letter
    after = Choices(name=before.name, sector=before.sector, sheet=before.sheet, mapping=mapping)
    read_report(workspace, institution, kept, after, _today(request))
    keep_choices(workspace, institution, kept, after)


def _confirmed(request: PageRequest, kept: str, form: Mapping[str, str]) -> View:
    report = _report(request, kept)
    if not any(row.text("name").strip() for row in report.rows):
        raise FieldError("no column holds the names of the uses", where="import, field name", fix="say which one does")
    signer = request.unlock(form.get("password", ""))
    register = request.register
    receipts = register.append_records("inventory/1", register.institution, inventory_parts(report), [signer])
    choices = read_choices(request.runtime.store.workspace, register.institution, kept)
    context = {
        "view": "done",
        "trail": (Crumb(say(request, _TITLE), "/import"), Crumb(report.file)),
        "kept": kept,
        "entry": receipts[0].index,
        "n": len(report.rows),
        "drafts": [item.slug for item in drafts(report, register.institution, choices.sector)],
        "may_declare": can(request, Verb.DECLARE),
        "refused": None,
    }
    return View("importing.html.j2", context, say(request, Text(en="The inventory is recorded", zh="清單已記錄")))


def _report_view(request: PageRequest, kept: str, error: DualtrackError | None) -> View:
    report, language = _report(request, kept), language_of(request)
    context = {
        "view": "report",
        "trail": (Crumb(say(request, _TITLE), "/import"), Crumb(report.file)),
        "kept": kept,
        "report": report,
        "matches": [_match(item, language) for item in report.matches],
        "asked": sum(item.state == "asked" for item in report.matches),
        "findings": [
            {
                "title": both(item.title, language),
                "tone": _SEVERITY_TONES.get(item.severity, "note"),
                "severity": item.severity,
                "n": None if item.table else item.n,
                "of": item.of,
            }
            for item in report.counts
        ],
        "refused": refusal(error, language) if error else None,
    }
    return View("importing.html.j2", context, say(request, _TITLE), error.status if error else 200)


def _match(item: ColumnMatch, language: Language) -> dict[str, Any]:
    none = Choice("", both(Text(en="not used", zh="不使用"), language), not item.field)
    fields = [
        Choice(name, both(label, language), name == item.field)  # type: ignore[arg-type]  # labels are Text
        for name, label in field_names().items()
    ]
    return {
        "column": item.column,
        "header": item.header or "–",
        "choices": fields if item.field else [none, *fields],
        "confidence": f"{item.confidence:.0%}",
        "why": both(item.reason, language),
        "badge": _STATES[item.state]._replace(label=both(_STATE_WORDS[item.state], language)),
    }


def _workbook(request: PageRequest) -> Download:
    report = _report(request, request.query.get("file", ""))
    return Download(book(report), _XLSX, "gap-report.xlsx")


def _report(request: PageRequest, kept: str) -> GapReport:
    workspace, institution = request.runtime.store.workspace, person(request).institution
    return read_report(workspace, institution, kept, read_choices(workspace, institution, kept), _today(request))


def _today(request: PageRequest) -> date:
    return hong_kong_date(request.register.clock())


PAGES: tuple[Page, ...] = (
    Page("/import", "GET", Verb.IMPORT_INVENTORY, _show),
    Page("/import", "POST", Verb.IMPORT_INVENTORY, _act),
    Page("/import/gap-report", "GET", Verb.IMPORT_INVENTORY, _workbook),
)
"""Nothing is taken in before a person has confirmed what the columns mean."""
