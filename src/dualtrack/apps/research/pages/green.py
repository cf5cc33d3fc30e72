"""Green claims: a loaded report is chosen; each claim of it with its verdict, the cells that bear on it, and rows of the taxonomy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from dualtrack.apps.pages import AppPage, Redirect, View
from dualtrack.apps.refusals import shown_refusal
from dualtrack.apps.research.documents.model import parse_address
from dualtrack.apps.research.green.taxonomy import grade_words
from dualtrack.apps.research.pages.desk import NOT_DONE, open_desk
from dualtrack.apps.research.state import state
from dualtrack.domain.records import Text
from dualtrack.errors import DualtrackError, NotFoundError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dualtrack.apps.pages import AppRequest
    from dualtrack.apps.refusals import Shown
    from dualtrack.apps.research.desk import Checked, Desk
    from dualtrack.apps.research.documents.model import Document
    from dualtrack.apps.research.green.records import Evidence, Outcome, Report

__all__ = ["PAGES"]

_TITLE = Text(en="Green claims", zh="環保聲稱")
_TONES: dict[Outcome, str] = {
    "supported": "good",
    "partly": "amber",
    "contradicted": "bad",
    "unsupported": "bad",
    "not checkable": "note",
}


def _show(request: AppRequest) -> View:
    """Show what can be checked and, by its decision, a check that was made; nothing is checked here."""
    decision = request.query.get("decision", "")
    with open_desk(request) as desk:
        if not decision:
            return _view(request, desk, chosen=request.query.get("document", ""))
        try:
            return _view(request, desk, checked=desk.checked_green(decision))
        except DualtrackError as error:
            return _view(request, desk, wrong=shown_refusal(error, NOT_DONE, request.language), status=error.status)


def _check(request: AppRequest) -> View | Redirect:
    """Check a document: a decision under the permit of the desk's use, which its page then shows."""
    chosen = request.form.get("document", "")
    with open_desk(request) as desk:
        try:
            checked = desk.check_green(chosen, language=request.language)
        except DualtrackError as error:
            wrong = shown_refusal(error, NOT_DONE, request.language)
            return _view(request, desk, chosen=chosen, wrong=wrong, status=error.status)
    return Redirect(f"{request.root}/green?decision={checked.decision}")


def _view(
    request: AppRequest,
    desk: Desk,
    *,
    chosen: str = "",
    checked: Checked | None = None,
    wrong: Shown | None = None,
    status: int = 200,
) -> View:
    rows = state(desk.register).rows("document")
    context: dict[str, Any] = {"documents": rows, "chosen": chosen, "report": None, "wrong": wrong, "checked": checked}
    if checked is not None:
        context["chosen"] = checked.sha256
        context |= _checked(desk, checked.report, rows) if checked.report is not None else {}
    return View("green.html.j2", context, request.said(_TITLE), status)


def _checked(desk: Desk, report: Report, rows: Sequence[Any]) -> dict[str, Any]:
    """Return the check of a document as its page shows it; raises NotFoundError for one that is no longer here."""
    document = desk.store.document(report.sha256)
    mapped: dict[int, list[Any]] = {}
    for mapping in report.mappings:
        mapped.setdefault(mapping.claim, []).append(mapping)
    claims = [
        {
            "claim": claim,
            "verdict": verdict,
            "tone": _TONES[verdict.outcome],
            "evidence": [{"found": each, "picture": _picture(document, each)} for each in verdict.evidence],
            "rows": mapped.get(claim.number, []),
        }
        for claim, verdict in zip(report.claims, report.verdicts, strict=True)
    ]
    row = next((each for each in rows if each["sha256"] == report.sha256), None)
    if row is None:
        raise NotFoundError("no such document", where="document", fix="choose one from the list")
    return {
        "report": report,
        "claims": claims,
        "tones": _TONES,
        "row": row,
        "share": _share(report),
        "grade": grade_words(),
    }


def _share(report: Report) -> dict[str, str] | None:
    """Return the share of unsupported claims, with its n and interval; None without claims."""
    share = report.unsupported
    if share.share is None or share.low is None or share.high is None:
        return None
    return {
        "value": f"{share.count:,} / {share.n:,} ({share.share:.0%})",
        "n": f"{share.n:,}",
        "interval": f"{share.low:.0%} – {share.high:.0%}",
    }


def _picture(document: Document, evidence: Evidence) -> str | None:
    """Return where the page of a cell is seen with the cell marked; None for a sentence, and where a file has no pages."""
    if evidence.kind != "table cell":
        return None
    try:
        cell = document.cell(parse_address(evidence.address))
    except DualtrackError:
        return None  # a fact whose cell is in no table
    return None if cell.box is None else f"/cell/{document.sha256}?at={quote(evidence.address, safe='')}"


PAGES: tuple[AppPage, ...] = (
    AppPage("/green", "GET", "analyst", _show, place=_TITLE),
    AppPage("/green", "POST", "analyst", _check),
)
