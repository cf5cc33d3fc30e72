"""The review desk: the queue, one item opened, and what people do with it. Of two at once exactly one is recorded."""

from __future__ import annotations

from heapq import merge
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

from msgspec import UNSET
from sqlalchemy import select

from dualtrack.domain.edits import edit_distance
from dualtrack.domain.oversight import Access, Signal
from dualtrack.domain.planting import Planted
from dualtrack.domain.records import Text, encode
from dualtrack.domain.review import ACTION_FORMAT, ReviewAction
from dualtrack.domain.time import parse_instant
from dualtrack.errors import FieldError, NotFoundError, ReviewError
from dualtrack.runtime.guards.tipping_off import walled_content
from dualtrack.runtime.holders import check_reason
from dualtrack.runtime.lookup import find_decision, find_policy, is_conversation
from dualtrack.runtime.plant_fetches import follow
from dualtrack.runtime.plant_shelf import seal_aside
from dualtrack.runtime.reasons import Reason, read_reasons
from dualtrack.runtime.registered import needs_registered
from dualtrack.runtime.review_calls import check_changed_calls
from dualtrack.runtime.review_queue import half_approved, rows_in_state
from dualtrack.runtime.review_read import ReviewRead, read_review, review_actions
from dualtrack.runtime.review_seals import seals_of
from dualtrack.runtime.review_state import ReviewState, apply_action, may, seconds_spent
from dualtrack.runtime.review_words import check_may_answer, check_walls, check_words, walled_words, without_draft
from dualtrack.runtime.typed_output import read_typed
from dualtrack.store.entries import NewEntry
from dualtrack.store.projections import Projections

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from datetime import datetime

    from sqlalchemy import Connection

    from dualtrack.domain.decision import Decision
    from dualtrack.domain.policy import RuntimePolicy
    from dualtrack.domain.review import ActionName, Level
    from dualtrack.runtime.review_queue import QueueCursor
    from dualtrack.store.content import ContentVault, SealedContent
    from dualtrack.store.entries import Receipt
    from dualtrack.store.register import Register

__all__ = [
    "OPEN_STATES",
    "QUEUE_MAX",
    "TEXT_CHARACTERS_MAX",
    "Released",
    "ReviewDesk",
    "ReviewView",
]

OPEN_STATES = ("queued", "claimed", "escalated")
"""States in which somebody can act."""

QUEUE_MAX = 500
"""Items in one page of the queue: more than a screen shows."""

TEXT_CHARACTERS_MAX = 200_000
"""Longest text that a reviewer may write: well above what any policy lets a model answer with."""


class ReviewView(NamedTuple):
    """A review as it is put before a person. A text is None where there is none or it was erased."""

    state: ReviewState
    actions: list[ReviewAction]
    decision: Decision
    draft: str | None
    text: str | None
    input: str | None
    reasons: list[Reason] | None


class Released(NamedTuple):
    """What the person may be told. Exactly one of the two is there once it has ended; before that neither."""

    ended: bool
    text: str | None
    message: Text | None


class _Written(NamedTuple):
    """What a person wrote, sealed; how far it is from what was there; and whether they stood by what a guard named."""

    sealed: SealedContent | None
    distance: int | None
    confirmed: bool


class ReviewDesk:
    """Reviews of one institution. `contents` is the vault of the recorder, or one of its own to read and seal with."""

    def __init__(self, register: Register, contents: ContentVault) -> None:
        self._register, self._contents = register, contents

    def queue(
        self,
        states: Collection[str] = OPEN_STATES,
        *,
        limit: int = 50,
        after: QueueCursor | None = None,
        use: str | None = None,
        uses: frozenset[str] | None = None,
    ) -> list[dict[str, Any]]:
        """Return reviews, what is due first at the top; `after` goes on behind the last of a page.

        `use` asks for one use; `uses` are all that who asks may see, and None is all.

        Under four eyes an item that one person has approved waits on, until its due instant, as `queued`.
        """
        if not 0 < limit <= QUEUE_MAX:
            raise FieldError(f"{limit} items", where="limit", expected=f"1 to {QUEUE_MAX}")
        Projections(self._register.repository).catch_up()
        seen = uses if use is None else frozenset({use}) if uses is None else uses & {use}
        walks = [self._walk(state, after, seen) for state in sorted(set(states))]
        if "queued" in states:
            walks.append(half_approved(self._register, after, seen))
        return list(islice(merge(*walks, key=lambda row: (row["due_at"], row["id"])), limit))

    def state(self, review: str) -> ReviewState:
        """Return where a review stands, without opening any text."""
        return read_review(self._register, review).state

    def get(self, review: str, *, by: str, reason: str) -> ReviewView:
        """Open a review for a person: who looks and why is in the ledger before any text is opened."""
        check_reason(reason)
        read = read_review(self._register, review)
        opened = read.state.opened
        decision = find_decision(self._register, opened.decision)
        wanted = dict.fromkeys(
            digest for digest in (opened.draft, read.state.text, decision.input, decision.reasons) if digest
        )
        at = self._register.now()
        looks = [Access(by=by, digest=digest, about=opened.use, reason=reason, at=at) for digest in wanted]
        self._register.append_plain([("access/1", opened.use, encode(look)) for look in looks])
        reasons = self._text(decision.reasons)
        policy = find_policy(self._register, opened.use, decision.policy)
        return ReviewView(
            state=read.state,
            actions=read.actions,
            decision=decision,
            draft=self._text(opened.draft, policy if opened.draft == decision.input else None),
            text=self._text(read.state.text, policy if read.state.text == decision.input else None),
            input=self._text(decision.input, policy),
            reasons=read_reasons(reasons.encode()) if reasons is not None else None,
        )

    def act(
        self,
        review: str,
        action: ActionName,
        holder: str,
        roles: Collection[str],
        *,
        reason: str | None = None,
        text: str | None = None,
        confirmed: bool = False,
    ) -> ReviewState:
        """Record what a person does with a review and return the new state; `confirmed` stands by what a guard named.

        Raises ReviewError where they may not (another person was faster, a maker, a missing role, no draft, a choice that
        only a registered intermediary may answer) or wrote what a guard stops, FieldError for a reason or text that is
        missing or has no place, NotFoundError for none or where the text to be approved was erased.
        """
        read = read_review(self._register, review)
        state, at = read.state, self._register.now()
        may(state, action, holder, roles, parse_instant(at))
        decision = find_decision(self._register, state.opened.decision)
        check_may_answer(decision, state, action)
        written = self._modified(state, decision, text, confirmed) if action == "modify" else _no_text(text, action)
        if action == "approve":
            self._check_approved(state, decision)
        sealed = written.sealed
        output = sealed.digest if sealed is not None else state.text if action == "approve" else None
        silent = action in {"claim", "unclaim"}
        record = ReviewAction(
            format=ACTION_FORMAT,
            review=review,
            action=action,
            by=holder,
            role=_role(state, roles),
            at=at,
            reason=reason,
            output=output,
            seconds=None if silent else seconds_spent(state, parse_instant(at)),
            edit_distance=written.distance,
            confirmed=True if written.confirmed else UNSET,
        )
        after = apply_action(state, record)
        self._append(read, record, sealed)
        follow(self._register, after)
        return after

    def expire(self, review: str, now: datetime) -> bool:
        """End a review whose due instant has passed; False where it has ended or a person was faster."""
        read = read_review(self._register, review)
        if read.state.ended or now < read.state.due:
            return False
        at = max(self._register.now(), read.state.opened.due_at)
        record = ReviewAction(format=ACTION_FORMAT, review=review, action="expire", by=None, role=None, at=at)
        after = apply_action(read.state, record)
        try:
            self._append(read, record, None)
        except ReviewError:
            return False
        follow(self._register, after)
        return True

    def released(self, review: str) -> Released:
        """Return what the person may now be shown: the text that somebody stands for, else the fixed message."""
        state = self.state(review)
        if not state.ended:
            return Released(ended=False, text=None, message=None)
        planted = seals_of(self._register).planted(state.opened) is True
        text = None if planted else self._text(state.released)  # nobody waits for it, and nobody may get it
        opened = state.opened
        decision = find_decision(self._register, opened.decision)
        policy = find_policy(self._register, opened.use, decision.policy)
        if text is not None and not self._kept_back(decision, policy, text):
            return Released(ended=True, text=text, message=None)
        return Released(ended=True, text=None, message=policy.message)

    def _walk(self, state: str, after: QueueCursor | None, uses: frozenset[str] | None) -> Iterator[dict[str, Any]]:
        """Yield the reviews of a state by due instant; one that four eyes have only half approved is not approved."""
        for row in rows_in_state(self._register, state, after, uses):
            if not (state == "approved" and row["four_eyes"]) or self.state(row["id"]).ended:
                yield row

    def _append(self, read: ReviewRead, record: ReviewAction, sealed: SealedContent | None) -> None:
        """Append an action unless the review has moved on since it was read: looked at again under the writer's lock."""
        use, review = read.state.opened.use, record.review
        items = [NewEntry("review-action/1", self._register.institution, use, encode(record))]
        value = {"modify": 1, "reject": 1, "terminate": 1, "approve": 0}.get(record.action)
        if value is not None:
            signal = Signal(use=use, kind="override", at=record.at, value=value, of=1, about=review)
            items.append(NewEntry("signal/1", self._register.institution, use, encode(signal)))
        contents = [sealed] if sealed is not None else []
        keys = self._contents.new_keys(contents)
        planted = value is not None and seals_of(self._register).planted(read.state.opened) is True

        def beside(connection: Connection, receipts: Sequence[Receipt]) -> None:
            if review_actions(self._register, review, use, read.size, receipts[0].index):
                raise ReviewError(
                    "somebody else was faster",
                    where=f"review {review}",
                    fix="look at it again: it has moved on",
                    code="review.moved-on",
                )
            if planted:  # the signal looks as any other; sealed beside it lies that it counts for nothing
                contents.append(seal_aside(self._contents, _planted(read, record.at), receipts[1].index, record.at))
                keys.extend(key for key in self._contents.new_keys(contents[-1:]) if key not in keys)
            self._contents.write(connection, contents, keys, record.at)

        self._register.append_with(items, beside)
        self._contents.written(keys)

    def _check_approved(self, state: ReviewState, decision: Decision) -> None:
        """Check the text that would be approved: nobody stands for one that cannot be read any more, or that tells."""
        text = self._contents.open(state.text).decode("utf-8", "replace")
        if without_draft(decision, state):
            return
        policy = find_policy(self._register, decision.use, decision.policy)
        check_walls(self._contents, policy, decision, self._typed(decision, text))

    def _kept_back(self, decision: Decision, policy: RuntimePolicy, text: str) -> bool:
        """Tell whether a text may not be given though it was released: records may be older than the check."""
        return needs_registered(decision.guards) or bool(
            walled_words(self._contents, policy, decision, self._typed(decision, text))
        )

    def _typed(self, decision: Decision, text: str) -> object:
        return read_typed(self._contents, decision, text, chat=is_conversation(self._register, decision))

    def _modified(self, state: ReviewState, decision: Decision, text: str | None, confirmed: bool) -> _Written:
        if text is None or not 0 < len(text) <= TEXT_CHARACTERS_MAX:
            raise FieldError(
                "no text, or one too long", where="text", expected=f"1 to {TEXT_CHARACTERS_MAX} characters",
                fix="write what the person shall be told, or reject the draft",
            )  # fmt: skip
        before = self._contents.open(state.text).decode("utf-8", "replace")
        if before == text:
            raise ReviewError(
                "the text is the same", where=f"review {state.opened.id}", fix="approve it instead", code="review.text"
            )
        policy = find_policy(self._register, decision.use, decision.policy)
        if is_conversation(self._register, decision):
            check_changed_calls(self._contents, policy, decision, before, text)
        output = self._typed(decision, text)
        stood_by = check_words(self._contents, policy, decision, output, confirmed=confirmed)
        table = self._register.repository.tables.content
        query = select(table.c.subject, table.c.retention).where(
            table.c.ledger == self._register.repository.ledger, table.c.digest == state.opened.draft
        )
        with self._register.repository.backend.read() as connection:
            owner, retention = connection.execute(query).one()
        sealed = self._contents.seal(owner, text.encode(), retention)
        return _Written(sealed, edit_distance(before, text), stood_by)

    def _text(self, digest: str | None, walled: RuntimePolicy | None = None) -> str | None:
        """Return a content, or None; with the policy of a row, without what it walls off."""
        if digest is None:
            return None
        try:
            content = self._contents.open(digest)
            return (content if walled is None else walled_content(walled, content)).decode("utf-8", "replace")
        except NotFoundError:
            return None


def _planted(read: ReviewRead, at: str) -> Planted:
    opened = read.state.opened
    return Planted(use=opened.use, review=opened.id, decision=opened.decision, item=opened.draft, at=at)


def _role(state: ReviewState, roles: Collection[str]) -> Level:
    return "reviewer" if "reviewer" in roles and state.level == "reviewer" else "approver"


def _no_text(text: str | None, action: ActionName) -> _Written:
    if text is not None:
        raise FieldError(f"a text with {action}", where="text", fix="use modify to change the text")
    return _Written(None, None, confirmed=False)
