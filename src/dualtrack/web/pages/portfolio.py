"""The first screen, and the list of uses as a workbook."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlencode

from dualtrack.domain.records import Text
from dualtrack.domain.time import hong_kong_date
from dualtrack.domain.vocabulary import Area
from dualtrack.present.words import AREA_WORDS
from dualtrack.present.xlsx import workbook_bytes
from dualtrack.web.identity.permissions import Verb, visible_uses
from dualtrack.web.pages.asked import number_of, say_of, use_address
from dualtrack.web.pages.base import Download, Page, View
from dualtrack.web.parts import Choice, Column, pages
from dualtrack.web.tracks import tracks_row
from dualtrack.web.views.acting import can, person
from dualtrack.web.views.portfolio import DUE_MAX, OPEN_STANDINGS, dues_of, export_sheets, stats_of, use_rows
from dualtrack.web.views.standing import STANDINGS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dualtrack.web.pages.base import PageRequest
    from dualtrack.web.views.portfolio import UseRow
    from dualtrack.web.views.wording import Say

__all__ = ["PAGES", "PAGE_USES"]

PAGE_USES = 25
"""Uses on one page: a screen or two; the filters find the rest."""


_OPEN = Text(en="Open: live, trial or shadow", zh="開放：正式使用、試行或影子運行")


class _Wanted(NamedTuple):
    """Filters of the list, as they stand in the address."""

    area: str
    standing: str

    def keeps(self, row: UseRow) -> bool:
        """Tell whether a row passes."""
        kind = row.standing.kind
        stands = kind in OPEN_STANDINGS if self.standing == "open" else self.standing in {"", kind}
        return self.area in {"", row.area.value} and stands

    def query(self, **more: str) -> str:
        """Return the address's query with these filters."""
        items = {"area": self.area, "standing": self.standing} | more
        return "?" + urlencode({name: value for name, value in items.items() if value})


def _show(request: PageRequest) -> View:
    say, wanted = say_of(request), _wanted(request)
    rows = _all_rows(request, say)
    kept = [row for row in rows if wanted.keeps(row)]
    number = number_of(request.query.get("page", "1"), where="page")
    paged = pages(number, PAGE_USES, len(kept), lambda page: "/uses" + wanted.query(page=str(page)))
    shown = kept[max(0, paged.first - 1) : paged.last]
    dues = dues_of(request.register, rows, say)
    context = {
        "stats": stats_of(rows, say, **_lists(request, rows)),
        "total": len(rows),
        "kept": len(kept),
        "rows": [
            {
                "row": row,
                "picture": tracks_row(row.tracks, say.language),
                "href": use_address(row.use),
                "held": "/holds?" + urlencode({"use": row.use}) if can(request, Verb.SEE_USE) else "",
                **_lists(request, [row]),
            }
            for row in shown
        ],
        "area_words": {area: say.text(text) for area, text in AREA_WORDS.items()},
        "columns": _columns(say),
        "due_columns": (
            Column(say("What falls due", "到期事項")),
            Column(say("Use", "用途")),
            Column(say("Now", "現況")),
            Column(say("On", "日期"), numeric=True),
        ),
        "dues": [
            {
                "due": due,
                "href": use_address(due.use.use, *(["assessment"] if due.anchor else [])) + due.anchor,
                "day": say.day(due.instant),
            }
            for due in dues[:DUE_MAX]
        ],
        "due_more": max(0, len(dues) - DUE_MAX),
        "areas": _choices({area.value: AREA_WORDS[area] for area in Area}, wanted.area, say),
        "standings": _choices({"open": _OPEN, **STANDINGS}, wanted.standing, say),
        "paged": paged if len(kept) > PAGE_USES else None,
        "export": "/export/uses.xlsx" + wanted.query(),
        "at": request.runtime.clock(),
    }
    return View("portfolio.html.j2", context, say("Overview", "概覽"))


def _export(request: PageRequest) -> Download:
    say, wanted = say_of(request), _wanted(request)
    rows = [row for row in _all_rows(request, say) if wanted.keeps(row)]
    data = workbook_bytes(export_sheets(rows, request.register.now(), say))
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    return Download(data, kind, f"uses-{person(request).institution}.xlsx")


def _all_rows(request: PageRequest, say: Say) -> list[UseRow]:
    uses = request.runtime.snapshots.current.uses
    return use_rows(request.register, uses, request.runtime.clock(), say, only=visible_uses(person(request)))


def _wanted(request: PageRequest) -> _Wanted:
    """Return the filters; what is no filter of ours filters nothing."""
    area, standing = request.query.get("area", ""), request.query.get("standing", "")
    known = {item.value for item in Area}
    return _Wanted(area if area in known else "", standing if standing in {"open", *STANDINGS} else "")


def _lists(request: PageRequest, rows: list[UseRow]) -> dict[str, str]:
    """Return where the decisions of today and the reviews that these rows count are listed; empty for who may not see them.

    The list of decisions has all uses or one: with some of them it is at each use.
    """
    use = {"use": rows[0].use} if len(rows) == 1 else {}
    day = hong_kong_date(request.runtime.clock()).isoformat()
    whole = use or visible_uses(person(request)) is None
    decisions = "/decisions?" + urlencode({**use, "since": day, "drills": "no"}) if whole else "#uses"
    return {
        "decisions": decisions if can(request, Verb.SEE_DECISIONS) else "",
        "reviews": "/reviews?" + urlencode({"show": "waiting", **use}) if can(request, Verb.SEE_REVIEWS) else "",
    }


def _choices(words: Mapping[str, Text], chosen: str, say: Say) -> list[Choice]:
    every = Choice("", say("All", "全部"), chosen=not chosen)
    return [every, *(Choice(value, say.text(text), value == chosen) for value, text in words.items())]


def _columns(say: Say) -> tuple[Column, ...]:
    return (
        Column(say("Use", "用途")),
        Column(say("Benefit and safety", "效益與安全")),
        Column(say("Verdict", "判定")),
        Column(say("Now", "現況")),
        Column(say("Today", "今日"), numeric=True),
        Column(say("To review", "待覆核"), numeric=True),
    )


PAGES: tuple[Page, ...] = (
    Page("/", "GET", Verb.SEE_PORTFOLIO, _show),
    Page("/uses", "GET", Verb.SEE_PORTFOLIO, _show),
    Page("/export/uses.xlsx", "GET", Verb.SEE_PORTFOLIO, _export),
)
