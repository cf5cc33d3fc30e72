"""The page for employees whose work changes: which uses of AI, where released hours go, whom to ask."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dualtrack.domain.records import Text
from dualtrack.runtime.lookup import find_declaration
from dualtrack.store.projections import Projections
from dualtrack.web.identity.permissions import Verb
from dualtrack.web.pages.base import Page, View
from dualtrack.web.views.acting import can, language_of, person, say
from dualtrack.web.views.staff import GROUP_POSTS_MIN, POST_HOURS, destinations, staff_uses

if TYPE_CHECKING:
    from dualtrack.web.pages.base import PageRequest

__all__ = ["PAGES"]


def _show(request: PageRequest) -> View:
    register, language, uses = request.register, language_of(request), person(request).uses
    ids = [str(row["id"]) for row in Projections(register.repository).rows("use")]
    declared = [find_declaration(register, use) for use in ids if uses is None or use in uses]
    context = {
        "destinations": destinations(declared, language),
        "uses": staff_uses(declared, language),
        "declared": len(declared),
        "posts_min": GROUP_POSTS_MIN,
        "post_hours": POST_HOURS,
        "may_open": can(request, Verb.SEE_USE),
    }
    return View("staff.html.j2", context, say(request, Text(en="AI and our work", zh="人工智能與我們的工作")))


PAGES: tuple[Page, ...] = (Page("/staff", "GET", Verb.SEE_PORTFOLIO, _show),)
"""Everybody inside sees it."""
