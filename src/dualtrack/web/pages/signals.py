"""The signals that a number on the page of a use counts, each with its entry in the ledger, and what monitors say of the use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from markupsafe import Markup

from dualtrack.errors import NotFoundError
from dualtrack.runtime.lookup import find_declaration
from dualtrack.runtime.standing import standing_settings
from dualtrack.web.identity.permissions import Verb
from dualtrack.web.pages.asked import number_of, say_of, use_address
from dualtrack.web.pages.base import Page, View
from dualtrack.web.pages.use import use_trail
from dualtrack.web.parts import Column, Crumb, pages
from dualtrack.web.views.acting import use_of
from dualtrack.web.views.monitor_rows import monitor_tables
from dualtrack.web.views.use_facts import SIGNAL_WORDS, seen_signals, signals_address

if TYPE_CHECKING:
    from dualtrack.runtime.standing import SignalRule
    from dualtrack.web.pages.base import PageRequest

__all__ = ["PAGES", "PAGE_SIGNALS"]

PAGE_SIGNALS = 100
"""Signals on one page: a few screens."""


def _show(request: PageRequest) -> View:
    say, use, register = say_of(request), use_of(request), request.register
    rule = _rule(request)
    found = seen_signals(register, use, rule)
    number = number_of(request.query.get("page", "1"), where="page")
    address = signals_address(use, rule)
    paged = pages(number, PAGE_SIGNALS, len(found), lambda page: f"{address}&page={page}")
    shown = found[max(0, paged.first - 1) : paged.last]
    kind, days = say.capital(SIGNAL_WORDS[rule.kind]), f"{rule.window_days:,}"
    trail = use_trail(use, say.text(find_declaration(register, use).title), say, Crumb(kind))
    context: dict[str, object] = {
        "trail": trail,
        "lead": say(
            f"Signals of this kind in the last {days} days, as counted for this use: {len(found):,}.",
            f"此用途過去{days}日內計入的此類訊號：{len(found):,}。",
        ),
        "caption": say("Newest first", "最新在先"),
        "columns": (Column(say("Seen", "時間")), Column(say("Ledger entry", "日誌項目"), numeric=True)),
        "rows": [
            (say.moment(item.at), Markup('<a href="/ledger/{}">{}</a>').format(item.entry, f"{item.entry:,}"))
            for item in shown
        ],
        "paged": paged if len(found) > PAGE_SIGNALS else None,
        "empty": (say("None", "沒有"), say("None of this kind was seen in its window.", "期間內沒有此類訊號。")),
    }
    context["monitors"] = monitor_tables(register, use, say)
    return View("signals.html.j2", context, kind)


def _rule(request: PageRequest) -> SignalRule:
    """Return the settings' rule of the kind and window that the address names."""
    kind, days = request.query.get("kind", ""), request.query.get("days", "")
    for rule in standing_settings().signals:
        if rule.kind == kind and str(rule.window_days) == days:
            return rule
    raise NotFoundError("no such signal", where="signals", fix=f"choose one on {use_address(use_of(request))}")


PAGES: tuple[Page, ...] = (Page("/uses/{institution}/{use}/signals", "GET", Verb.SEE_USE, _show),)
"""Whoever sees a use sees what its numbers count."""
