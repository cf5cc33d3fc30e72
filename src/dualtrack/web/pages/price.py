"""The price of a use's controls: what each averts and withholds, from the newest decisions, with what was left out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dualtrack.domain.records import Text
from dualtrack.runtime.lookup import find_declaration
from dualtrack.web.identity.permissions import Verb
from dualtrack.web.pages.asked import say_of
from dualtrack.web.pages.base import Page, View
from dualtrack.web.pages.use import use_tabs, use_trail
from dualtrack.web.parts import Crumb
from dualtrack.web.views.acting import say, use_of

if TYPE_CHECKING:
    from dualtrack.web.pages.base import PageRequest

__all__ = ["DECISIONS_READ", "PAGES"]

DECISIONS_READ = 5_000
"""Newest decisions read for the page: about a second's work; the command line takes more."""

_TITLE = Text(en="Price of controls", zh="監控措施的代價")


def _show(request: PageRequest) -> View:
    from dualtrack.runtime.pricing.reading import Span  # noqa: PLC0415 - needs the optional part `evidence`
    from dualtrack.runtime.pricing.report import Asked, price_use  # noqa: PLC0415 - as above
    from dualtrack.web.views import price as shown  # noqa: PLC0415 - as above

    words, use, register = say_of(request), use_of(request, Verb.SEE_DECISIONS), request.register
    report = price_use(register, use, Asked(span=Span(newest=DECISIONS_READ)))
    context = {
        "trail": use_trail(use, words.text(find_declaration(register, use).title), words, Crumb(say(request, _TITLE))),
        "tabs": use_tabs(use, words, "price"),
        "tabs_label": words("Parts of this use", "此用途的各部分"),
        "lead": words(
            "For each control: the same decisions with it on and off, the others left on. Items are counted one for one, "
            "per 1,000 decisions; in brackets the 95% interval.",
            "就每項監控措施而言：以同一批決定比較其開啟與關閉，其他措施維持開啟。項目逐一計算，以每千項決定計；括號內為95%區間。",
        ),
        "caption": words("Controls, those that acted most first", "監控措施（按採取行動次數排列）"),
        "columns": shown.price_columns(words),
        "rows": shown.price_rows(report, words),
        "lines": shown.compared_lines(report, words),
        "charts": shown.frontier_charts(report, words),
        "compared": words("What was compared", "比較了甚麼"),
        "frontiers": words("What each threshold would do", "各門檻的效果"),
        "basis": words(
            "The line joins thresholds that no other betters; the square is the present one; bars are 95% intervals.",
            "線上為不遜於其他的門檻；方格為現行門檻；橫直線為95%區間。",
        ),
        "empty": shown.nothing_priced(report, words),
    }  # fmt: skip
    return View("price.html.j2", context, say(request, _TITLE))


PAGES: tuple[Page, ...] = (Page("/uses/{institution}/{use}/price", "GET", Verb.SEE_DECISIONS, _show),)
"""Whoever sees decisions sees what the controls on them cost: among others the second line, executives and auditors."""
