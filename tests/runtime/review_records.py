"""Reviews and actions for tests: short to write, with the times and fields that the records ask for."""

from __future__ import annotations

from datetime import timedelta

from dualtrack.domain.review import ACTION_FORMAT, REVIEW_FORMAT, ReviewAction, ReviewOpened, seed_digest
from dualtrack.domain.time import format_instant, parse_instant
from dualtrack.runtime.review_state import seconds_spent

START = parse_instant("2026-11-23T01:00:00Z")
DUE_MINUTES = 240
DRAFT, SECOND, THIRD = "c" * 64, "d" * 64, "e" * 64


def review_id(number=0):
    """Return the id of the n-th review."""
    return f"01hzy3v7k8m9n0p1q2{number:08d}"


def opened_review(number=0, *, four_eyes=False, makers=("maker",), why="hold_before_release"):
    """Return a review opened at START, due four hours later."""
    return ReviewOpened(
        format=REVIEW_FORMAT, id=review_id(number), decision=review_id(number), use="harbour-bank/service-chat",
        release="a" * 64, permit="b" * 64, why=why, opened_at=format_instant(START),
        due_at=format_instant(START + timedelta(minutes=DUE_MINUTES)), four_eyes=four_eyes, makers=list(makers),
        draft=DRAFT, seed=seed_digest(review_id(number), bytes(16), seeded=False),
    )  # fmt: skip


def act(state, action, by, minute, *, role="reviewer", output=None, edit_distance=None):
    """Return the record of an action at a minute after START; approves the present text unless told otherwise."""
    at, decides = START + timedelta(minutes=minute), action not in {"claim", "unclaim", "expire"}
    if action == "approve" and output is None:
        output = state.text
    return ReviewAction(
        format=ACTION_FORMAT, review=state.opened.id, action=action, by=by, role=None if by is None else role,
        at=format_instant(at), reason="Read against the source." if decides else None, output=output,
        seconds=seconds_spent(state, at) if decides else None, edit_distance=edit_distance,
    )  # fmt: skip
