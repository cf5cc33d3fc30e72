"""First fetches of planted items: nobody waits for one, and the ledger must not tell it by that.

Once its review has ended, a planted item is as likely to be fetched, after as long and by the same key, as one of the
ordinary ones before it: an older review of the use lends what became of it. Which one is drawn from the review's seal, so that
every process and every look draws the same. Without ordinary ones that have ended nothing is imitated: nobody has seen any.
"""

from __future__ import annotations

import hashlib
import threading
import weakref
from typing import TYPE_CHECKING, NamedTuple

import structlog
from sqlalchemy import select

from dualtrack.domain.time import parse_instant
from dualtrack.errors import DualtrackError
from dualtrack.runtime.answer_fetches import first_fetch, note_fetch
from dualtrack.runtime.lookup import find_decision
from dualtrack.runtime.plant_shelf import read_shelf
from dualtrack.runtime.receipts import BY_CODE
from dualtrack.runtime.review_read import read_review
from dualtrack.runtime.review_seals import seals_of
from dualtrack.store.projections import Projections

if TYPE_CHECKING:
    from datetime import datetime

    from dualtrack.domain.oversight import AnswerFetch
    from dualtrack.runtime.review_read import ReviewRead
    from dualtrack.runtime.review_state import ReviewState
    from dualtrack.store.register import Register

__all__ = ["LENDERS_MAX", "SOON_S", "Due", "due_fetch", "follow", "look_at_fetches"]

LENDERS_MAX = 50
"""Newest ordinary reviews before a planted one of which one lends what became of its answer."""

SOON_S = 120.0
"""Seconds within which a fetch is awaited by a thread of its own, to the moment; a later one is left to the timer's look."""

_DRAW = b"dualtrack/fetch"
_SCALE = 1 << 64
_LOW, _SPAN = 0.8, 0.45
_log = structlog.get_logger("dualtrack.runtime")
_settled: weakref.WeakKeyDictionary[Register, set[str]] = weakref.WeakKeyDictionary()
_mutex = threading.Lock()


class Due(NamedTuple):
    """When a planted item shall have been fetched first, and in whose name."""

    at: datetime
    like: AnswerFetch


def follow(register: Register, state: ReviewState) -> None:
    """After a review has ended: where its item was planted, have it fetched as an ordinary one would be.

    What goes wrong is logged, not raised: what was done on the review is recorded by now, and an error would tell a plant.
    """
    if not state.ended or seals_of(register).planted(state.opened) is not True:
        return
    try:
        _arrange(register, state.opened.id)
    except DualtrackError as error:  # the timer's look tries again
        _log.warning("fetch not arranged", code=error.code)


def look_at_fetches(register: Register) -> int:
    """Record fetches of planted items that are due, as after a restart; return how many plants were looked at."""
    with _mutex:
        settled = _settled.setdefault(register, set())
    open_ones = [review for review in read_shelf(register).plants if review not in settled]
    for review in open_ones:
        _arrange(register, review)
    return len(open_ones)


def due_fetch(register: Register, read: ReviewRead) -> Due | None:
    """Return when a planted item whose review has ended shall be fetched; None where the ordinary one drawn never was."""
    lenders = _lenders(register, read)
    if not lenders:
        return None
    drawn = hashlib.sha256(_DRAW + seals_of(register).salt(read.state.opened.id)).digest()
    first, second = (int.from_bytes(part) / _SCALE for part in (drawn[:8], drawn[8:16]))
    lender = lenders[int(first * len(lenders))]
    fetch = first_fetch(register, lender.state.opened.decision)
    if fetch is None:
        return None
    waited = parse_instant(fetch.at) - lender.state.last_at
    return Due(read.state.last_at + waited * (_LOW + _SPAN * second), fetch)


def _lenders(register: Register, read: ReviewRead) -> list[ReviewRead]:
    """Return ordinary reviews before release of the use that opened before this one and have ended, newest first."""
    opened, plants = read.state.opened, read_shelf(register).plants
    Projections(register.repository).catch_up()
    table = register.repository.tables.review
    query = select(table.c.id).where(
        table.c.ledger == register.repository.ledger,
        table.c.use_id == opened.use,
        table.c.why == opened.why,
        table.c.id < opened.id,
    )
    with register.repository.backend.read() as connection:
        ids = connection.execute(query.order_by(table.c.id.desc()).limit(LENDERS_MAX)).scalars().all()
    found = [read_review(register, str(review)) for review in ids if review not in plants]
    return [item for item in found if item.state.ended]


def _arrange(register: Register, review: str) -> None:
    """Have a planted item fetched when it is due: now, by a thread that waits, or at a later look."""
    read = read_review(register, review)
    if not read.state.ended:
        return
    due = due_fetch(register, read)
    left_s = (due.at - register.clock()).total_seconds() if due is not None else 0.0
    if left_s > SOON_S:
        return
    with _mutex:
        settled = _settled.setdefault(register, set())
        if review in settled:
            return
        settled.add(review)
    if due is None:
        return
    if left_s <= 0:
        _fetch(register, read, due)
        return
    waiting = threading.Timer(left_s, _fetch, (register, read, due))
    waiting.daemon = True
    waiting.start()


def _fetch(register: Register, read: ReviewRead, due: Due) -> None:
    try:
        record = find_decision(register, read.state.opened.decision)
        # A link is of one receipt: its name under two decisions would tell.
        by, means = BY_CODE if due.like.means == "link" else (due.like.by, due.like.means)
        note_fetch(register, record, by=by, means=means)
    except Exception as error:  # noqa: BLE001 - the process may be ending; the next one's first look does it
        _log.warning("fetch not recorded", fault=type(error).__name__)
