"""Pages for employees: which uses of AI change work and where released hours go; and one use, as whoever it concerns reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dualtrack.domain.records import Text
from dualtrack.present.words import AREA_WORDS
from dualtrack.runtime.lookup import find_declaration
from dualtrack.store.use_pages import use_page
from dualtrack.web.identity.permissions import Verb, visible_uses
from dualtrack.web.pages.asked import number_of, say_of, use_address
from dualtrack.web.pages.base import Page, View
from dualtrack.web.parts import Crumb, pages
from dualtrack.web.tracks import track_rows, tracks_svg
from dualtrack.web.views.acting import can, language_of, person, say, use_of
from dualtrack.web.views.lines import ending_of, groups_of, lines_of
from dualtrack.web.views.notice import customer_notice, notice_address, policy_of
from dualtrack.web.views.recorded import newest_recorded, packs_of
from dualtrack.web.views.staff import GROUP_POSTS_MIN, POST_HOURS, declared_uses, destinations, staff_use
from dualtrack.web.views.staff_use import contacts_of, may_do, scope_facts, what_is_recorded
from dualtrack.web.views.standing import standing_of

if TYPE_CHECKING:
    from typing import Any

    from dualtrack.web.pages.base import PageRequest

__all__ = ["PAGES", "PAGE_USES"]

PAGE_USES = 25
"""Uses on one page, as in the list of the console."""

_TITLE = Text(en="AI and our work", zh="人工智能與我們的工作")


def _show(request: PageRequest) -> View:
    register, language, only = request.register, language_of(request), visible_uses(person(request))
    number = number_of(request.query.get("page", "1"), where="page")
    listed = use_page(register.repository, only=only, number=number, size=PAGE_USES)
    live, words = request.runtime.snapshots.current.uses, say_of(request)
    context = {
        "destinations": destinations(declared_uses(register, only), language),
        "uses": [
            {
                "use": staff_use(find_declaration(register, use.id), language),
                "badge": standing_of(live.get(use.id), words).badge,
            }
            for use in listed.uses
        ],
        "paged": pages(listed.number, PAGE_USES, listed.total, lambda page: f"/staff?page={page}"),
        "many": listed.total > PAGE_USES,
        "posts_min": GROUP_POSTS_MIN,
        "post_hours": POST_HOURS,
    }
    return View("staff.html.j2", context, say(request, _TITLE))


def _one(request: PageRequest) -> View:
    """Show one use to whoever works with it or is affected by it; where it stands comes from the runtime, as it is now."""
    use, register, words = use_of(request, Verb.SEE_PORTFOLIO), request.register, say_of(request)
    declared, live = find_declaration(register, use), request.runtime.snapshots.current.uses.get(use)
    policy, language = policy_of(register, use, live), language_of(request)
    own = staff_use(declared, language)
    roles = person(request).roles
    context = {
        "use": own,
        "kicker": words.text(AREA_WORDS[declared.area]),
        "trail": (Crumb(say(request, _TITLE), "/staff"), Crumb(own.title)),
        "standing": standing_of(live, words),
        "tracks": _tracks(request, use, own.title),
        "scope": scope_facts(declared, words),
        "contacts": contacts_of(declared, policy, words),
        "may": may_do(declared, policy, live, roles, words),
        "recorded": what_is_recorded(policy, live, words),
        "notice": notice_address(use) if customer_notice(register, use, live) is not None else None,
        "details": use_address(use) if can(request, Verb.SEE_USE) else None,
        "here": f"/staff/{use}",
    }
    return View("staff_use.html.j2", context, own.title)


def _tracks(request: PageRequest, use: str, title: str) -> dict[str, Any] | None:
    """Return the picture of the two tracks, from the newest recorded verdict; None where there is none."""
    register, words = request.register, say_of(request)
    recorded = newest_recorded(register, use)
    if recorded is None:
        return None
    assessment = recorded.assessment
    groups = groups_of(assessment, packs_of(register, assessment), words)
    ending = ending_of(request.runtime.snapshots.current.uses.get(use), assessment)
    until = words("until", "至") + f" {words.day(assessment.expires)}" if assessment.expires else ""
    tracks = lines_of(assessment, groups, ending, key="main", title=title, until=until)
    return {
        "wide": tracks_svg(tracks, words.language),
        "upright": tracks_svg(tracks, words.language, standing=True),
        "rows": track_rows(tracks, words.language),
        "at": words.moment(assessment.at),
    }


PAGES: tuple[Page, ...] = (
    Page("/staff", "GET", Verb.SEE_PORTFOLIO, _show),
    Page("/staff/{institution}/{use}", "GET", Verb.SEE_PORTFOLIO, _one),
)
"""Everybody inside sees them."""
