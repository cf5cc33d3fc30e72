"""Pages of providers: whose models answer how many calls, how often they fail, the way to hold one, and the calls counted."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from markupsafe import Markup

from dualtrack.domain.records import Text
from dualtrack.runtime.lookup import id_floor
from dualtrack.runtime.provider_shares import IN_PROCESS, provider_calls, provider_shares
from dualtrack.web.identity.permissions import Verb, visible_uses
from dualtrack.web.pages.asked import number_of, say_of
from dualtrack.web.pages.base import Page, View
from dualtrack.web.parts import Column, Crumb, pages
from dualtrack.web.views.acting import can, person, say

if TYPE_CHECKING:
    from dualtrack.runtime.provider_shares import ProviderCall
    from dualtrack.web.pages.base import PageRequest
    from dualtrack.web.views.wording import Say

__all__ = ["DAYS", "PAGES", "PAGE_CALLS"]

DAYS = 30
"""Days looked back: long enough for a use of few calls, short enough to show a move to another provider."""

PAGE_CALLS = 100
"""Calls on one page: a few screens."""

_US_IN_MS = 1_000
_PROVIDER_CHARACTERS_MAX = 200
"""Longest name of a provider that is looked for; longer names no policy has."""


def _since(request: PageRequest) -> str:
    return id_floor((request.register.clock() - timedelta(days=DAYS)).timestamp())


def _show(request: PageRequest) -> View:
    window = provider_shares(request.register, visible_uses(person(request)), since=_since(request))
    context = {
        "shares": window.shares,
        "decisions": window.decisions,
        "whole": window.whole,
        "days": DAYS,
        "in_process": IN_PROCESS,
        "may_hold": can(request, Verb.SET_HOLD),
        "may_open": can(request, Verb.SEE_USE),
    }
    return View("providers.html.j2", context, say(request, Text(en="Providers", zh="供應商")))


def _calls(request: PageRequest) -> View:
    """List the calls that a number on the page of providers counts, each with its decision."""
    say, query = say_of(request), request.query
    provider, failed = query.get("provider", "")[:_PROVIDER_CHARACTERS_MAX], query.get("failed") == "1"
    only = visible_uses(person(request))
    found = provider_calls(request.register, only, since=_since(request), provider=provider or None, failed=failed)
    kept = {name: value for name, value in (("provider", provider), ("failed", "1" if failed else "")) if value}
    number = number_of(query.get("page", "1"), where="page")
    paged = pages(
        number, PAGE_CALLS, len(found), lambda page: "/providers/calls?" + urlencode({**kept, "page": str(page)})
    )
    title = say("Failed calls", "失敗的調用") if failed else say("Calls", "調用")
    context = {
        "trail": (Crumb(say("Providers", "供應商"), "/providers"), Crumb(title)),
        "lead": say(
            f"As counted for the last {DAYS} days: {len(found):,}. Every attempt is one, also several of one decision.",
            f"過去{DAYS}日計入的數目：{len(found):,}。每次嘗試計一次，一項決定可有多次。",
        ),
        "caption": say("Newest decision first", "最新決定在先"),
        "columns": (
            Column(say("Decision", "決定")), Column(say("Use", "用途")), Column(say("Provider", "供應商")),
            Column(say("Failed", "失敗")), Column(say("Milliseconds", "毫秒"), numeric=True),
        ),
        "rows": [_call_row(call, say) for call in found[max(0, paged.first - 1) : paged.last]],
        "paged": paged if len(found) > PAGE_CALLS else None,
        "empty": (say("None", "沒有"), say("No call is counted here.", "沒有計入的調用。")),
    }  # fmt: skip
    return View("listed.html.j2", context, f"{title}: {_named(provider, say)}" if provider else title)


def _call_row(call: ProviderCall, say: Say) -> tuple[str | Markup, ...]:
    return (
        Markup('<a href="/decisions/{}">{}</a>').format(call.decision, call.decision),
        say.quoted(call.use),
        _named(call.provider, say),
        say.quoted(call.fault) if call.fault else "–",
        f"{call.us / _US_IN_MS:,.1f}",
    )


def _named(provider: str, say: Say) -> str:
    return say("In process, the firm's own", "本機構進程內") if provider == IN_PROCESS else say.quoted(provider)


PAGES: tuple[Page, ...] = (
    Page("/providers", "GET", Verb.SEE_DECISIONS, _show),
    Page("/providers/calls", "GET", Verb.SEE_DECISIONS, _calls),
)
"""Whoever sees decisions sees whose models made them."""
