"""A customer asks for a person: a review opens, once a receipt, due in Hong Kong business time."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from dualtrack.domain import canonical
from dualtrack.domain.business_time import add_business_minutes
from dualtrack.domain.entry import Entry
from dualtrack.domain.records import encode, read_record
from dualtrack.domain.review import REVIEW_FORMAT, ReviewOpened
from dualtrack.domain.time import format_instant, parse_instant
from dualtrack.errors import ReviewError
from dualtrack.runtime.ids import new_id
from dualtrack.runtime.lookup import find_policy, find_release
from dualtrack.runtime.receipts import locate_receipt, open_receipt
from dualtrack.runtime.review_read import review_of_decision
from dualtrack.runtime.review_seals import seals_of
from dualtrack.store.entries import NewEntry

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import Connection

    from dualtrack.domain.business_time import BusinessHours
    from dualtrack.domain.decision import Decision
    from dualtrack.runtime.receipts import ReceiptKey
    from dualtrack.store.entries import Receipt
    from dualtrack.store.register import Register

__all__ = ["Asked", "ask_for_person"]


class Asked(NamedTuple):
    """The review by which a person looks: when it is due, and whether this request opened it."""

    review: str
    due_at: str
    opened: bool


def ask_for_person(
    registers: Iterable[Register], code: str | ReceiptKey, *, hours: BusinessHours | None = None
) -> Asked:
    """Open a review because a customer wants a person; one that waits already is returned instead.

    Raises NotFoundError for an unknown code, StoreCorruptError as `find_receipt` does.
    """
    register, row = locate_receipt(registers, code)
    _, decision = open_receipt(register, row)
    size = register.repository.size()
    known = _waiting(register, decision)
    if known is not None:
        return known
    opened = _opened(register, decision, hours)

    def beside(connection: Connection, receipts: Sequence[Receipt]) -> None:
        del connection
        later = register.repository.entries(
            kinds=("review/1",), ids=(decision.use,), start=size, end=max(receipts[0].index, size)
        )
        if any(isinstance(entry, Entry) and _concerns(entry, decision.id) for entry in later):
            raise ReviewError(
                "it was asked for at the same moment", where=f"decision {decision.id}", fix="look again",
                code="review.moved-on",
            )  # fmt: skip

    entry = NewEntry("review/1", register.institution, decision.use, encode(opened))
    try:
        register.append_with([entry], beside)
    except ReviewError:
        found = _waiting(register, decision)
        if found is None:
            raise
        return found
    return Asked(opened.id, opened.due_at, opened=True)


def _waiting(register: Register, decision: Decision) -> Asked | None:
    """Return the review of an earlier request, or an open one by which a person decides on this anyway."""
    for state in review_of_decision(register, decision.id):
        if state.opened.why == "customer_asked" or (not state.ended and state.opened.why != "sample"):
            return Asked(state.opened.id, state.opened.due_at, opened=False)
    return None


def _concerns(entry: Entry, decision: str) -> bool:
    return read_record(canonical.decode(entry.content), ReviewOpened, where="review").decision == decision


def _opened(register: Register, decision: Decision, hours: BusinessHours | None) -> ReviewOpened:
    policy = find_policy(register, decision.use, decision.policy)
    released = find_release(register, decision.use, decision.release)
    review, now = new_id(), register.now()
    return ReviewOpened(
        format=REVIEW_FORMAT,
        id=review,
        decision=decision.id,
        use=decision.use,
        release=decision.release,
        permit=decision.permit,
        why="customer_asked",
        opened_at=now,
        due_at=format_instant(add_business_minutes(parse_instant(now), policy.review.due_minutes, hours)),
        four_eyes=policy.review.four_eyes,
        makers=sorted(released.builders),
        draft=decision.output or decision.input,
        seed=seals_of(register).seed(review, seeded=False),
    )
