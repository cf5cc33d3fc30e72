"""A customer's link, made and ended by staff on the page of a decision; the link itself is shown once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from dualtrack.domain.records import Text
from dualtrack.errors import DualtrackError, NotFoundError
from dualtrack.web.customer_links import LinkDesk
from dualtrack.web.identity.permissions import Verb
from dualtrack.web.pages.asked import say_of
from dualtrack.web.pages.base import Page, Redirect, View
from dualtrack.web.parts import Crumb, Fact
from dualtrack.web.views.acting import can, person, refusal

if TYPE_CHECKING:
    from dualtrack.domain.decision import Decision
    from dualtrack.web.pages.base import PageRequest
    from dualtrack.web.views.wording import Say

__all__ = ["PAGES", "LinkForm", "link_form"]

_TITLE = Text(en="A link for the customer", zh="給客戶的連結")


class LinkForm(NamedTuple):
    """The words of the form on the page of a decision, and how many links are open."""

    title: str
    says: str
    label: str
    living: str
    end: str


def link_form(request: PageRequest, record: Decision, say: Say) -> LinkForm | None:
    """Return the form, or None where there is no receipt or this person makes no links."""
    if record.receipt is None or not can(request, Verb.MAKE_LINK) or "links" not in request.services:
        return None
    living = _desk(request, record.id).living()
    return LinkForm(
        say.text(_TITLE),
        say(
            "Whoever has the link sees the receipt of this decision for a week, and may ask for a person, opt out and complain. It opens nothing else.",
            "持有連結者可於一星期內查看此決定的收據，並可要求由職員處理、選擇退出及投訴。連結不能開啟其他任何內容。",
        ),
        say("Make a link", "建立連結"),
        say(f"Links that are open: {living}", f"有效連結數目：{living}") if living else "",
        say("End them now", "立即終止"),
    )  # fmt: skip


def _make(request: PageRequest) -> View:
    say, decision = say_of(request), request.path["id"]
    trail = (Crumb(say("Decision", "決定"), "/decisions"), Crumb(decision, f"/decisions/{decision}"))
    context: dict[str, Any] = {"trail": (*trail, Crumb(say.text(_TITLE))), "refused": None, "facts": [], "note": ""}
    try:
        made = _desk(request, decision).make(request.form.get("reason", "").strip(), request.language)
    except NotFoundError:
        raise
    except DualtrackError as error:
        refused = refusal(error, say.language)
        return View("link.html.j2", context | {"refused": refused}, say.text(_TITLE), refused.status)
    origin = request.services["address"]
    context["facts"] = [
        Fact("English", made.address(origin, "en"), code=True),
        Fact("繁體中文", made.address(origin, "zh-Hant"), code=True),
        Fact(say("Days until it ends", "有效日數"), str(made.days)),
    ]
    context["note"] = say(
        "Copy it now: it is kept nowhere and is not shown again. That you made it, and why, is in the ledger.",
        "請即複製：系統不會保存連結，亦不會再次顯示。你建立連結一事及其原因已記入日誌。",
    )
    return View("link.html.j2", context, say.text(_TITLE))


def _end(request: PageRequest) -> Redirect:
    say, decision = say_of(request), request.path["id"]
    ended = _desk(request, decision).end()
    return Redirect(f"/decisions/{decision}", say(f"Links ended: {ended}", f"已終止的連結數目：{ended}"))


def _desk(request: PageRequest, decision: str) -> LinkDesk:
    return LinkDesk(request.services["links"], request.register, person(request), decision)


PAGES: tuple[Page, ...] = (
    Page("/decisions/{id}/link", "POST", Verb.MAKE_LINK, _make),
    Page("/decisions/{id}/link/end", "POST", Verb.MAKE_LINK, _end),
)
