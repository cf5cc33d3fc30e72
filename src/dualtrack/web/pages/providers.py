"""The page of providers: whose models answer how many calls, how often they fail, and the way to hold one."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from dualtrack.domain.records import Text
from dualtrack.runtime.lookup import id_floor
from dualtrack.runtime.provider_shares import IN_PROCESS, provider_shares
from dualtrack.runtime.recent import WINDOW_MAX
from dualtrack.web.identity.permissions import Verb
from dualtrack.web.pages.base import Page, View
from dualtrack.web.views.acting import can, person, say

if TYPE_CHECKING:
    from dualtrack.web.pages.base import PageRequest

__all__ = ["DAYS", "PAGES"]

DAYS = 30
"""Days looked back: long enough for a use of few calls, short enough to show a move to another provider."""


def _show(request: PageRequest) -> View:
    begin = request.register.clock() - timedelta(days=DAYS)
    window = provider_shares(request.register, person(request).uses, since=id_floor(begin.timestamp()))
    context = {
        "shares": window.shares,
        "decisions": window.decisions,
        "whole": window.whole,
        "window_max": WINDOW_MAX,
        "days": DAYS,
        "in_process": IN_PROCESS,
        "may_hold": can(request, Verb.SET_HOLD),
        "may_open": can(request, Verb.SEE_USE),
    }
    return View("providers.html.j2", context, say(request, Text(en="Providers", zh="供應商")))


PAGES: tuple[Page, ...] = (Page("/providers", "GET", Verb.SEE_DECISIONS, _show),)
"""Whoever sees decisions sees whose models made them."""
