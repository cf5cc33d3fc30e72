"""The assurance report of a use: every planned number against its threshold, what was not tested, and the same as a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dualtrack.domain.records import Text
from dualtrack.errors import FieldError, NotFoundError
from dualtrack.runtime.lookup import find_declaration
from dualtrack.web.identity.permissions import Verb
from dualtrack.web.pages.asked import say_of, use_address
from dualtrack.web.pages.base import Download, Page, View
from dualtrack.web.pages.use import use_tabs, use_trail
from dualtrack.web.parts import Crumb
from dualtrack.web.views.acting import use_of

if TYPE_CHECKING:
    from dualtrack.evidence.reporting.records import AssuranceReport
    from dualtrack.web.pages.base import PageRequest

__all__ = ["PAGES"]

_TITLE = Text(en="Assurance report", zh="量度報告")


def _report(request: PageRequest) -> AssuranceReport:
    from dualtrack.evidence.reporting.content import assurance_report  # noqa: PLC0415 - needs the optional part `evidence`

    use = use_of(request, Verb.SEE_USE)
    find_declaration(request.register, use)
    return assurance_report(request.register, use, request.query.get("release") or None)


def _show(request: PageRequest) -> View:
    report = _report(request)
    from dualtrack.evidence.reporting.typst import can_print  # noqa: PLC0415 - needs the optional part `evidence`
    from dualtrack.evidence.reporting.view import report_view  # noqa: PLC0415 - as above
    from dualtrack.web.views.assurance import assurance_page  # noqa: PLC0415 - only beside them

    say = say_of(request)
    address, of = use_address(report.use, "assurance"), f"?release={report.release}" if report.release else ""
    files = [(say("Download as JSON", "下載 JSON"), f"{address}/json{of}")]
    if can_print():
        files.insert(0, (say("Download as PDF", "下載 PDF"), f"{address}/pdf{of}"))
    context = {
        "page": assurance_page(report_view(report, request.language), say),
        "trail": use_trail(report.use, say.text(report.title), say, Crumb(say.text(_TITLE))),
        "tabs": use_tabs(report.use, say, "assurance"),
        "tabs_label": say("Parts of this use", "此用途的各部分"),
        "files": files,
        "nothing": (
            say("Nothing was measured for this release", "此發布版本未有任何量度"),
            say("Register a plan with `dualtrack plan register`, then measure with `dualtrack measure`.",
                "請以 `dualtrack plan register` 登記計劃，再以 `dualtrack measure` 量度。"),
        ),
    }  # fmt: skip
    return View("assurance.html.j2", context, f"{say.text(_TITLE)}: {say.text(report.title)}")


def _file(request: PageRequest) -> Download:
    """Return the report as a file: PDF in the language of the page, JSON in none."""
    form = request.path["form"]
    if form not in {"pdf", "json"}:
        raise NotFoundError(f"no form {form[:20]!r}", where="assurance report", fix="take json or pdf")
    if any(name != "release" for name in request.query):
        raise FieldError("an unknown question", where="assurance report", expected="release, or nothing")
    report = _report(request)
    from dualtrack.evidence.reporting.plain import report_json  # noqa: PLC0415 - needs the optional part `evidence`
    from dualtrack.evidence.reporting.typst import report_pdf  # noqa: PLC0415 - and `reports`

    name = f"assurance-{report.use.partition('/')[2]}"
    if form == "json":
        return Download(report_json(report), "application/json", f"{name}.json")
    return Download(report_pdf(report, request.language), "application/pdf", f"{name}.pdf")


PAGES: tuple[Page, ...] = (
    Page("/uses/{institution}/{use}/assurance", "GET", Verb.SEE_USE, _show),
    Page("/uses/{institution}/{use}/assurance/{form}", "GET", Verb.SEE_USE, _file),
)
"""Whoever reads the evidence of a use reads the report that is made of it."""
