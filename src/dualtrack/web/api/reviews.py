"""Reviews: the queue, one item opened with a reason, and what people do with it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel, Field, StrictBool

from dualtrack.domain.records import to_plain
from dualtrack.runtime.reasons import in_language
from dualtrack.runtime.review_queue import QueueCursor
from dualtrack.runtime.reviews import ReviewDesk
from dualtrack.web.api.access import Desk, desk, holder_of_desk
from dualtrack.web.api.idempotency import ApiRoute, shown_once
from dualtrack.web.api.models import API_PREFIX, ERRORS, ID_PATTERN, INSTANT_PATTERN, Body, Reason, Record
from dualtrack.web.api.paging import Limit, link_next
from dualtrack.web.api.uses import USE_PATTERN
from dualtrack.web.identity.permissions import Verb
from dualtrack.web.identity.roles import ConsoleRole

__all__ = [
    "ActIn",
    "Ident",
    "OpenIn",
    "OpenedOut",
    "QueueOut",
    "StateOut",
    "act",
    "list_reviews",
    "open_review",
    "read_review",
    "router",
]

router = APIRouter(prefix=API_PREFIX, tags=["reviews"], route_class=ApiRoute, responses=ERRORS)

_LEVELS = {ConsoleRole.REVIEWER: "reviewer", ConsoleRole.APPROVER: "approver"}
_CURSOR_PATTERN = f"{INSTANT_PATTERN[:-1]}~{ID_PATTERN[1:]}"

Ident = Annotated[str, Path(pattern=ID_PATTERN)]


class QueueOut(BaseModel):
    """A review in the queue."""

    id: str
    decision: str
    use: str
    why: str
    state: str
    opened_at: str
    due_at: str
    holder: str | None
    four_eyes: bool


class StateOut(BaseModel):
    """Where a review stands; the record as the ledger has it, without any text."""

    id: str
    status: str
    ended: bool
    state: Record


class OpenIn(Body):
    """Why the texts are opened: who looked and why is in the ledger before they are."""

    reason: Reason


class OpenedOut(BaseModel):
    """A review with its texts. A text is None where there is none or it was erased."""

    state: StateOut
    draft: str | None
    text: str | None
    input: str | None
    reasons: list[str] | None


class ActIn(Body):
    """What a person does. `text` goes with modify alone; so does `confirmed`, which stands by what a guard named in it."""

    action: Literal["claim", "unclaim", "approve", "modify", "reject", "terminate", "escalate"]
    reason: Reason | None = None
    text: Annotated[str, Field(max_length=200_000)] | None = None
    confirmed: StrictBool = False


@router.get("/reviews")
def list_reviews(
    at: Annotated[Desk, desk(Verb.SEE_REVIEWS)],
    request: Request,
    response: Response,
    use: Annotated[str | None, Query(pattern=USE_PATTERN)] = None,
    limit: Limit = 50,
    after: Annotated[str | None, Query(pattern=_CURSOR_PATTERN)] = None,
) -> list[QueueOut]:
    """Return the queue, what is due first at the top."""
    rows = _desk(at).queue(limit=limit, after=_cursor(after), uses=at.listed(Verb.SEE_REVIEWS, use))
    link_next(request, response, f"{rows[-1]['due_at']}~{rows[-1]['id']}" if len(rows) == limit else None)
    return [_line(row) for row in rows]


@router.get("/reviews/{review}")
def read_review(at: Annotated[Desk, desk(Verb.SEE_REVIEWS)], review: Ident) -> StateOut:
    """Return where a review stands, without opening any text."""
    return _state(_reached(at, review, Verb.SEE_REVIEWS))


@router.post("/reviews/{review}/open")
@shown_once("open the review again with another key and a reason: that is recorded, too")
def open_review(at: Annotated[Desk, desk(Verb.SEE_CONTENT)], review: Ident, body: OpenIn) -> OpenedOut:
    """Open the texts of a review, with a reason that stays in the ledger."""
    _reached(at, review, Verb.SEE_CONTENT)
    found = _desk(at).get(review, by=holder_of_desk(at), reason=body.reason)
    return OpenedOut(
        state=_state(found.state),
        draft=found.draft,
        text=found.text,
        input=found.input,
        reasons=None if found.reasons is None else list(in_language(found.reasons, found.decision.language or "en")),
    )


@router.post("/reviews/{review}/actions", status_code=201)
def act(at: Annotated[Desk, desk(Verb.DECIDE_REVIEW)], review: Ident, body: ActIn) -> StateOut:
    """Do something with a review. Of two at once exactly one is recorded; the other is told (409)."""
    _reached(at, review, Verb.DECIDE_REVIEW)
    roles = {_LEVELS[role] for role in at.identity.roles if role in _LEVELS}
    after = _desk(at).act(
        review, body.action, holder_of_desk(at), roles, reason=body.reason, text=body.text, confirmed=body.confirmed
    )
    return _state(after)


def _desk(at: Desk) -> ReviewDesk:
    return ReviewDesk(at.register, at.services.runtime.recorder(at.identity.institution).contents)


def _reached(at: Desk, review: str, verb: Verb) -> Any:  # noqa: ANN401 - a ReviewState, which the models do not know
    state = _desk(at).state(review)
    at.may_use(verb, state.opened.use)
    return state


def _cursor(after: str | None) -> QueueCursor | None:
    if after is None:
        return None
    due_at, _, ident = after.partition("~")
    return QueueCursor(due_at, ident)


def _line(row: dict[str, Any]) -> QueueOut:
    same = ("id", "why", "state", "opened_at", "due_at", "holder", "four_eyes")
    return QueueOut(decision=row["decision_id"], use=row["use_id"], **{name: row[name] for name in same})


def _state(state: Any) -> StateOut:  # noqa: ANN401 - a ReviewState
    plain: Any = to_plain(state)
    return StateOut(id=state.opened.id, status=state.status, ended=state.ended, state=plain)
