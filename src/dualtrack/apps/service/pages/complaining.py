"""Complaints of customers at the desk: their clocks, the cause, what was done, and the report of a month."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from dualtrack.apps.pages import AppPage, Download, Redirect, View
from dualtrack.apps.service.complaints import complaint_words, complaints, month_report, take_step
from dualtrack.apps.service.settings import ServiceSettings, read_settings
from dualtrack.domain.records import Text
from dualtrack.domain.time import hong_kong_date
from dualtrack.errors import ConflictError, FieldError, NotFoundError
from dualtrack.evidence.interval import Interval
from dualtrack.evidence.intervals.garwood import garwood
from dualtrack.evidence.intervals.wilson import wilson

if TYPE_CHECKING:
    from datetime import date
    from typing import Literal

    from dualtrack.apps.pages import AppRequest
    from dualtrack.apps.service.complaints import ComplaintRow, MonthReport

__all__ = ["PAGES", "Share"]

_TITLE = Text(en="Complaints of customers", zh="客戶投訴")
_DONE = Text(en="It is recorded.", zh="已記錄。")
_ACTIONS = ("acknowledged", "cause", "redress", "replied")


def _today(request: AppRequest) -> date:
    return hong_kong_date(request.runtime.clock())


def _list(request: AppRequest) -> View:
    settings = _settings(request)
    context = {
        "rows": complaints(request.register, on=_today(request), settings=settings),
        "words_of": complaint_words(),
        "own_days": [chat for chat in settings.chats if chat.complaints is not None],
        "month": f"{_today(request):%Y-%m}",
    }
    return View("complaints.html.j2", context, request.said(_TITLE))


def _settings(request: AppRequest) -> ServiceSettings:
    """Return the settings of this firm's chats."""
    found = read_settings(request.runtime.store.workspace)
    mine = [chat for chat in found.chats if chat.use.startswith(f"{request.register.institution}/")]
    return ServiceSettings(format=found.format, chats=mine)


def _one(request: AppRequest) -> ComplaintRow:
    entry = request.path["entry"]
    rows = complaints(request.register, on=_today(request), settings=_settings(request))
    found = next((row for row in rows if str(row.entry) == entry), None)
    if found is None:
        raise NotFoundError("no complaint of a chat at this entry", where="complaint", fix="choose one from the list")
    return found


def _show(request: AppRequest) -> View:
    return _view(request, _one(request))


def _view(request: AppRequest, row: ComplaintRow, wrong: str = "", status: int = 200) -> View:
    context = {"row": row, "words_of": complaint_words(), "wrong": wrong}
    return View("complaint.html.j2", context, request.said(_TITLE), status)


def _act(request: AppRequest) -> View | Redirect:
    row, action = _one(request), request.form.get("do", "")
    if action not in _ACTIONS:
        raise FieldError("no such step", where="form, field do", expected=", ".join(_ACTIONS))
    step = cast('Literal["acknowledged", "cause", "redress", "replied"]', action)
    assert request.visitor is not None, "the desk is not public"
    try:
        value = request.form.get("value") if step in {"cause", "redress"} else None
        take_step(request.register, row.entry, step, by=request.visitor.name, value=value)
    except (ConflictError, FieldError) as error:
        wrong = Text(
            en="This step cannot be recorded now: record cause and redress before the reply, and each step once.",
            zh="暫不能記錄此步驟：回覆前須先記錄成因及補救，每一步驟只記錄一次。",
        )
        return _view(request, row, request.said(wrong), error.status)
    return Redirect(f"{request.root}/complaints/of/{row.entry}", request.said(_DONE))


def _report(request: AppRequest) -> View:
    report = _month(request)
    context = {"report": report, "shares": _shares(report), "words_of": complaint_words()}
    return View("complaint_report.html.j2", context, request.said(_TITLE))


def _month(request: AppRequest) -> MonthReport:
    today = _today(request)
    month = request.query.get("month", f"{today:%Y-%m}")
    return month_report(request.register, month, on=today, settings=_settings(request))


class Share(NamedTuple):
    """A figure of a month: so many of so many, the estimate, and its 95 % limits."""

    name: str
    value: int
    of: int
    estimate: float
    limits: tuple[float, float]


def _shares(report: MonthReport) -> list[Share]:
    """Return the shares of a month with their 95 % limits (Wilson), and complaints per 1,000 conversations (Garwood)."""
    found = []
    for name, value in (("acknowledged", report.acknowledged_in_time), ("replied", report.replied_in_time)):
        limits = wilson(value, report.received)
        if isinstance(limits, Interval):
            found.append(Share(name, value, report.received, value / report.received, (limits.low, limits.high)))
    thousands = report.conversations / 1000
    limits = garwood(report.received, thousands)
    if isinstance(limits, Interval):
        estimate = report.received / thousands
        found.append(Share("per_1000", report.received, report.conversations, estimate, (limits.low, limits.high)))
    return found


def _download(request: AppRequest) -> Download:
    """Return the month as CSV: one line a figure, with what it is of and its interval."""
    report = _month(request)
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(["month", "figure", "value", "of", "estimate", "low", "high"])
    lines: list[list[Any]] = [["received", report.received, "", "", "", ""], ["open", report.open, "", "", "", ""]]
    for share in _shares(report):
        numbers = [f"{number:.4f}" for number in (share.estimate, *share.limits)]
        lines.append([share.name, share.value, share.of, *numbers])
    for kind, counted in (("cause", report.causes), ("redress", report.redress)):
        lines += [
            [f"{kind} {name or 'not recorded'}", number, report.received, "", "", ""]
            for name, number in sorted(counted.items())
        ]
    writer.writerows([[report.month, *line] for line in lines])
    return Download(out.getvalue().encode(), "text/csv; charset=utf-8", f"complaints-{report.month}.csv")


PAGES: tuple[AppPage, ...] = (
    AppPage("/complaints", "GET", "agent", _list, place=_TITLE),
    AppPage("/complaints/report", "GET", "agent", _report),
    AppPage("/complaints/report.csv", "GET", "agent", _download),
    AppPage("/complaints/of/{entry}", "GET", "agent", _show),
    AppPage("/complaints/of/{entry}", "POST", "agent", _act),
)
