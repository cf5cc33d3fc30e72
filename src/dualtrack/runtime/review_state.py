"""Where a review stands: a fold over its actions, and what somebody may do next. Pure: the instant is passed in.

queued ──claim──► claimed ──approve, modify──► approved, modified (with four eyes: queued again after the first)
  ▲                 │  ├──reject, terminate──► rejected, terminated
  └──unclaim────────┘  └──escalate──► escalated ──claim──► claimed, now for approvers; the clock runs on
Any of these that has not ended: expire at or after the due instant ──► expired, and the fixed safe message is given.

The maker is never the checker. Under four eyes two holders must have said yes to the same text; whoever changes the text
says yes to the new one and takes away every yes to the old one.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal

from msgspec.structs import replace

from dualtrack.domain.forms import Digest
from dualtrack.domain.records import Record
from dualtrack.domain.review import ActionName, Level, ReviewAction, ReviewOpened, check_action, check_opened
from dualtrack.domain.time import parse_instant
from dualtrack.errors import ReviewError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

__all__ = [
    "ACTIONS_MAX",
    "CLAIM_MINUTES",
    "END_STATES",
    "ReviewState",
    "Status",
    "apply_action",
    "fold",
    "may",
    "seconds_spent",
    "start_review",
]

ACTIONS_MAX = 1_000
"""Actions of one review: people who pass an item round more often than this have another problem."""

CLAIM_MINUTES = 60
"""Minutes for which a claim keeps others out: longer than any item takes, shorter than a working day."""

Status = Literal["queued", "claimed", "approved", "modified", "rejected", "terminated", "escalated", "expired"]

END_STATES: frozenset[Status] = frozenset({"approved", "modified", "rejected", "terminated", "expired"})
"""Nothing is done to a review after these."""

_ENDS: dict[ActionName, Status] = {"reject": "rejected", "terminate": "terminated", "expire": "expired"}

_EYES = 2
"""Holders who must approve the same text under four eyes."""


class ReviewState(Record, frozen=True):
    """Where a review stands. `text` is the digest of the text under review, `approvals` who said yes to exactly that.

    `late` says that it ended after its due instant. Of a review after the fact `released` is the text found right.
    """

    opened: ReviewOpened
    status: Status
    level: Level
    text: Digest
    last_at: datetime
    approvals: tuple[str, ...] = ()
    claimant: str | None = None
    claimed_at: datetime | None = None
    escalated_by: str | None = None
    released: Digest | None = None
    late: bool = False
    actions: int = 0

    @property
    def ended(self) -> bool:
        """Whether nothing more can be done."""
        return self.status in END_STATES

    @property
    def safe_message(self) -> bool:
        """Whether the policy's fixed message is given, since it ended without a text that somebody stands for."""
        return self.ended and self.released is None

    @property
    def due(self) -> datetime:
        """The instant by which it is due; no action moves it."""
        return parse_instant(self.opened.due_at)


def start_review(opened: ReviewOpened) -> ReviewState:
    """Return the state of a review that nobody has touched."""
    check_opened(opened)
    return ReviewState(
        opened=opened, status="queued", level="reviewer", text=opened.draft, last_at=parse_instant(opened.opened_at)
    )


def fold(opened: ReviewOpened, actions: Iterable[ReviewAction]) -> ReviewState:
    """Return where a review stands after its actions; raises ReviewError or FieldError at the first that does not hold."""
    state = start_review(opened)
    for action in actions:
        state = apply_action(state, action)
    return state


def may(state: ReviewState, action: ActionName, holder: str | None, roles: Collection[str], at: datetime) -> None:
    """Return where `holder` may do this now; raises ReviewError that says why not. The clock is the holder None."""
    if state.ended:
        raise _refusal(state, f"it has ended: {state.status}", "ended", "open another review if the text is in doubt")
    if at < state.last_at:
        raise _refusal(state, "the action lies before the last one", "time", "check the server's clock")
    if state.actions >= ACTIONS_MAX:
        raise _refusal(state, f"{ACTIONS_MAX} actions already", "too-many", "let it expire")
    if action == "expire" or holder is None:
        _may_expire(state, action, holder, at)
        return
    _may_look(state, holder, roles)
    if action == "claim":
        _may_claim(state, holder, at)
    elif state.claimant is None:
        raise _refusal(state, "nobody has claimed it", "not-claimed", "claim it first")
    elif state.claimant != holder:
        raise _refusal(
            state, "somebody else has claimed it", "claimed", f"wait until the claim is {CLAIM_MINUTES} minutes old"
        )
    elif action == "approve" and holder in state.approvals:
        raise _refusal(state, "the first approver again", "four-eyes", "another person must look at the same text")
    elif action == "escalate" and state.level == "approver":
        raise _refusal(state, "there is no level above", "escalated", "decide it, or reject it")


def apply_action(state: ReviewState, action: ReviewAction) -> ReviewState:
    """Return the state after an action, checked as `may` does and against the text and time that the record states."""
    check_action(action)
    if action.review != state.opened.id:
        raise _refusal(state, "an action on another review", "other", "")
    at = parse_instant(action.at)
    may(state, action.action, action.by, [] if action.role is None else [action.role], at)
    if action.action == "approve" and action.output != state.text:
        raise _refusal(state, "it approves another text than the one under review", "text", "read the present text")
    if action.action == "modify" and action.output == state.text:
        raise _refusal(state, "the text is the same", "text", "approve it instead")
    if action.seconds is not None and action.seconds != seconds_spent(state, at):
        raise _refusal(
            state, f"{action.seconds} seconds stated", "seconds", "the server measures from claim to decision"
        )
    return _moved(replace(state, last_at=at, actions=state.actions + 1), action, at)


def seconds_spent(state: ReviewState, at: datetime) -> int:
    """Return the whole seconds since the present claim, 0 where there is none."""
    return int((at - state.claimed_at).total_seconds()) if state.claimed_at else 0


def _may_expire(state: ReviewState, action: ActionName, holder: str | None, at: datetime) -> None:
    if action != "expire" or holder is not None:
        raise _refusal(state, "only the clock expires, and it does nothing else", "clock", "name who acts")
    if at < state.due:
        raise _refusal(state, "it is not due yet", "not-due", f"wait until {state.opened.due_at}")


def _may_look(state: ReviewState, holder: str, roles: Collection[str]) -> None:
    if holder in state.opened.makers:
        raise _refusal(state, "a builder of the release would check it", "maker", "ask somebody who did not build it")
    if "approver" not in roles and (state.level == "approver" or "reviewer" not in roles):
        raise _refusal(state, f"this is for the role {state.level}", "role", "ask somebody who has it")
    if holder == state.escalated_by:
        raise _refusal(state, "whoever escalated it would decide it", "escalated", "another approver must decide")


def _may_claim(state: ReviewState, holder: str, at: datetime) -> None:
    if state.claimant == holder:
        raise _refusal(state, "it is claimed by the same person already", "claimed", "decide it")
    if state.claimed_at is not None and at - state.claimed_at <= timedelta(minutes=CLAIM_MINUTES):
        raise _refusal(
            state, "somebody else has claimed it", "claimed", f"wait until the claim is {CLAIM_MINUTES} minutes old"
        )


def _moved(state: ReviewState, action: ReviewAction, at: datetime) -> ReviewState:
    free = replace(state, status="escalated" if state.level == "approver" else "queued", claimant=None, claimed_at=None)
    match action.action:
        case "claim":
            return replace(state, status="claimed", claimant=action.by, claimed_at=at)
        case "unclaim":
            return free
        case "escalate":  # whoever passes it on in doubt no longer says yes to it
            kept = tuple(holder for holder in free.approvals if holder != action.by)
            return replace(free, status="escalated", level="approver", escalated_by=action.by, approvals=kept)
        case "reject" | "terminate" | "expire":
            return _ended(free, _ENDS[action.action])
        case "approve" | "modify":
            assert action.by is not None, "checked: only the clock is nobody"
            assert action.output is not None, "checked: both carry their text"
            return _approved(free, action.by, action.output)


def _approved(state: ReviewState, by: str, text: str) -> ReviewState:
    earlier = state.approvals if text == state.text else ()
    found = replace(state, text=text, approvals=(*earlier, by))
    if len(found.approvals) < (_EYES if found.opened.four_eyes else 1):
        return found
    return replace(_ended(found, "approved" if text == found.opened.draft else "modified"), released=text)


def _ended(state: ReviewState, status: Status) -> ReviewState:
    return replace(state, status=status, late=state.last_at > state.due)


def _refusal(state: ReviewState, found: str, code: str, fix: str) -> ReviewError:
    return ReviewError(found, where=f"review {state.opened.id}", fix=fix, code=f"review.{code}")
