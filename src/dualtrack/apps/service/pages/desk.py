"""The team's desk: who waits and until when, why a person was called, and each conversation for the agent who takes it over.

Words of a customer are shown to the agent who took the conversation over, by name and on record; a list shows none.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from dualtrack.apps.pages import AppPage, Redirect, View
from dualtrack.apps.service.connectors.delivering import tell_desk
from dualtrack.apps.service.conversations import (
    MESSAGE_CHARACTERS_MAX,
    Conversation,
    conversations,
    lines,
    say,
    state,
    step,
)
from dualtrack.apps.service.pages.chat import bubbles
from dualtrack.apps.service.settings import read_settings
from dualtrack.apps.service.summary import summarise
from dualtrack.domain.records import Text
from dualtrack.domain.time import HONG_KONG, parse_instant
from dualtrack.errors import ConflictError, FieldError, ForbiddenError, NotFoundError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from dualtrack.apps.pages import AppRequest

__all__ = ["PAGES", "ROLES"]

ROLES = {
    "agent": frozenset({"owner", "reviewer", "approver", "compliance", "officer"}),
}
"""Who takes over conversations: those who answer for the use, and reviewers."""

_RECENT_MAX = 50
"""Closed and answered conversations that are listed."""


def _list(request: AppRequest) -> View:
    now = request.runtime.clock()
    found = conversations(request.register)
    waiting = sorted(
        (each for each in found if each.status == "waiting"),
        key=lambda each: (not each.row["urgent"], each.row["due_at"] or each.row["waiting_at"]),
    )
    taken = [each for each in found if each.status == "agent"]
    context = {
        "waiting": [_row(each, now) for each in waiting],
        "taken": [_row(each, now) for each in taken],
        "recent": [_row(each, now) for each in _recent(found)],
        "late": sum(_late(each, now) for each in waiting),
        "reasons": _reasons(found),
        "solved": Counter(str(each.row["solved"]) for each in found if each.row["solved"]),
        "begun": len(found),
        "chats": read_settings(request.runtime.store.workspace).chats,
    }
    return View("desk.html.j2", context, request.said(_TITLE))


def _recent(found: Iterable[Conversation]) -> list[Conversation]:
    rest = [each for each in found if each.status in {"assistant", "closed"}]
    return sorted(rest, key=lambda each: str(each.row["begun_at"]), reverse=True)[:_RECENT_MAX]


def _reasons(found: Iterable[Conversation]) -> list[tuple[str, int]]:
    """Return why people were called, the most frequent first."""
    counted = Counter(why for each in found for why in str(each.row["why"] or "").split())
    return sorted(counted.items(), key=lambda item: (-item[1], item[0]))


def _row(found: Conversation, now: datetime) -> dict[str, Any]:
    row = found.row
    return {
        "id": found.id,
        "use": found.use,
        "status": found.status,
        "language": row["language"],
        "channel": row["channel"],
        "begun": _time(row["begun_at"]),
        "waiting": _time(row["waiting_at"]),
        "due": _time(row["due_at"]),
        "late": _late(found, now),
        "urgent": bool(row["urgent"]),
        "why": str(row["why"] or "").split(),
        "agent": row["agent"],
        "solved": row["solved"],
        "call_back": row["call_back_at"] is not None,
        "complaint": row["complaint"],
    }


def _late(found: Conversation, now: datetime) -> bool:
    due = found.row["due_at"]  # None where the table of general holidays ends before it
    return found.status == "waiting" and due is not None and parse_instant(due) < now


def _time(at: str | None) -> str:
    return "" if at is None else f"{parse_instant(at).astimezone(HONG_KONG):%Y-%m-%d %H:%M}"


def _one(request: AppRequest) -> Conversation:
    rows = state(request.register).rows("conversation", id=request.path["conversation"])
    if not rows:
        raise NotFoundError("no such conversation", where="conversation", fix="choose one from the list")
    return Conversation(request.register, rows[0])


def _show(request: AppRequest) -> View:
    return _view(request, _one(request))


def _view(request: AppRequest, found: Conversation, *, wrong: str = "", typed: str = "", status: int = 200) -> View:
    mine = found.status == "agent" and found.row["agent"] == _name(request)
    read = lines(found) if mine else []
    context = {
        "row": _row(found, request.runtime.clock()),
        "mine": mine,
        "bubbles": bubbles(request.runtime, found) if mine else [],
        "summary": summarise(read) if mine else None,
        "wrong": wrong,
        "typed": typed,
        "characters": MESSAGE_CHARACTERS_MAX,
    }
    return View("desk_one.html.j2", context, request.said(_TITLE), status)


def _take(request: AppRequest) -> Redirect:
    found = _one(request)
    if found.status == "closed":
        raise ConflictError("it is closed", where="conversation", fix="the customer may begin a new one")
    _tell(request, step(found, "taken", by=_name(request)))
    return Redirect(_address(request, found))


def _reply(request: AppRequest) -> View | Redirect:
    found, text = _mine(request), request.form.get("message", "")
    try:
        say(request.runtime, found, "agent", {"text": text}, by=_name(request))
    except FieldError as error:
        wrong = Text(en="Write something, and not too long.", zh="請輸入內容，並避免過長。")
        return _view(request, found, wrong=request.said(wrong), typed=text, status=error.status)
    _tell(request, found)
    return Redirect(_address(request, found) + "#latest")


def _back(request: AppRequest) -> Redirect:
    found = _mine(request)
    _tell(request, step(found, "sent_back", by=_name(request)))
    return Redirect(f"{request.root}/desk", request.said(_SENT_BACK))


def _close(request: AppRequest) -> Redirect:
    found = _mine(request)
    _tell(request, step(found, "closed", by=_name(request)))
    return Redirect(f"{request.root}/desk", request.said(_CLOSED))


def _tell(request: AppRequest, found: Conversation) -> None:
    """Have the help desk that a conversation came by told; it is delivered behind this request."""
    if found.row["external"] is not None:
        request.run(lambda client: tell_desk(request.runtime, client, found))


def _mine(request: AppRequest) -> Conversation:
    """Return the conversation if this agent has it; raises ForbiddenError for one that another agent has, or nobody."""
    found = _one(request)
    if found.status != "agent" or found.row["agent"] != _name(request):
        raise ForbiddenError("it is not yours now", where="conversation", fix="take it over first")
    return found


def _name(request: AppRequest) -> str:
    assert request.visitor is not None, "the desk is not public"
    return request.visitor.name


def _address(request: AppRequest, found: Conversation) -> str:
    return f"{request.root}/desk/{found.id}"


_TITLE = Text(en="Customer conversations", zh="客戶對話")
_SENT_BACK = Text(en="The assistant answers again.", zh="已交回助理繼續回覆。")
_CLOSED = Text(en="The conversation is closed.", zh="對話已結束。")

PAGES: tuple[AppPage, ...] = (
    AppPage("/desk", "GET", "agent", _list, place=_TITLE),
    AppPage("/desk/{conversation}", "GET", "agent", _show),
    AppPage("/desk/{conversation}/take", "POST", "agent", _take),
    AppPage("/desk/{conversation}/reply", "POST", "agent", _reply),
    AppPage("/desk/{conversation}/back", "POST", "agent", _back),
    AppPage("/desk/{conversation}/close", "POST", "agent", _close),
)
