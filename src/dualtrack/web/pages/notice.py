"""What customers may know of a use before they have a receipt: public, and there only for a use that answers customers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dualtrack.errors import NotFoundError
from dualtrack.runtime.lookup import find_declaration
from dualtrack.store.projections import Projections
from dualtrack.web.pages.asked import say_of
from dualtrack.web.pages.base import Page, View
from dualtrack.web.views.notice import customer_notice

if TYPE_CHECKING:
    from dualtrack.web.pages.base import PageRequest

__all__ = ["PAGES"]


def _show(request: PageRequest) -> View:
    use = f"{request.path['institution']}/{request.path['use']}"
    live = request.runtime.snapshots.current.uses.get(use)
    notice = None
    if live is not None:  # so the institution is one of ours
        register = request.runtime.registers[request.path["institution"]]
        notice = customer_notice(register, use, live)
    if notice is None:  # the same answer for whatever is not told outside
        raise NotFoundError("no notice at this address", where="notice", fix="ask the firm for the address")
    say, policy, declared = say_of(request), notice.policy, find_declaration(register, use)
    firm = Projections(register.repository).rows("institution", id=register.institution)[0]
    context = {
        "notice": notice,
        "firm": say(firm["name_en"], firm["name_zh"]),
        "purpose": declared.purpose,
        "does": declared.scope.does,
        "does_not": declared.scope.does_not,
        "disclosure": policy.disclosure.text if policy.disclosure and notice.answers else None,
        "human": policy.human,
        "opt_out": policy.opt_out,
    }
    return View("notice.html.j2", context, say.text(declared.title))


PAGES: tuple[Page, ...] = (Page("/notice/{institution}/{use}", "GET", None, _show),)
"""A firm may print the address in a letter or link to it from its own pages."""
