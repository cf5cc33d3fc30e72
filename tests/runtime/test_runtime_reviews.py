from __future__ import annotations

import threading
from datetime import timedelta

import pytest

from dualtrack.domain import canonical
from dualtrack.domain.business_time import add_business_minutes
from dualtrack.domain.oversight import Access, Signal
from dualtrack.domain.records import read_record
from dualtrack.domain.review import ReviewAction
from dualtrack.domain.time import format_instant
from dualtrack.errors import FieldError, NotFoundError, ReviewError
from dualtrack.runtime.incidents import get_incident
from dualtrack.runtime.review_clock import expire_due
from dualtrack.runtime.review_queue import QueueCursor
from dualtrack.runtime.reviews import TEXT_CHARACTERS_MAX, ReviewDesk
from permit.firm import USE

R, A = ["reviewer"], ["approver"]


@pytest.fixture
def reviews(desk):
    return ReviewDesk(desk.register, desk.contents)


def held(desk, **changes) -> str:
    record, _ = desk.decide(
        outcome="routed", **{"review": "hold_before_release", "output": "The draft", "retention": "amlo-5y"} | changes
    )
    return record.review


def claimed(desk, reviews, by="rita", **changes) -> str:
    review = held(desk, **changes)
    reviews.act(review, "claim", by, R)
    return review


def newest(desk, kind, record):
    entry = desk.register.repository.newest(kind, USE)
    return entry and read_record(canonical.decode(entry.content), record, where="test")


def test_nothing_is_shown_before_somebody_stands_for_it(desk, reviews):
    review = claimed(desk, reviews)
    assert reviews.released(review) == (False, None, None)
    desk.forward(seconds=40)
    reviews.act(review, "approve", "rita", R, reason="it is right")
    assert reviews.released(review) == (True, "The draft", None)
    action = newest(desk, "review-action/1", ReviewAction)
    assert (action.seconds, action.by, action.role, action.edit_distance) == (40, "rita", "reviewer", None)
    assert newest(desk, "signal/1", Signal).value == 0


def test_a_modified_text_is_sealed_measured_and_released(desk, reviews):
    review = claimed(desk, reviews)
    reviews.act(review, "modify", "rita", R, reason="clearer", text="The draught")
    assert reviews.released(review).text == "The draught"
    action = newest(desk, "review-action/1", ReviewAction)
    assert action.edit_distance == 3  # f is replaced, g and h put in
    assert all(b"draught" not in entry.content for entry in desk.register.repository.entries())
    signal = newest(desk, "signal/1", Signal)
    assert (signal.kind, signal.value, signal.of, signal.about) == ("override", 1, 1, review)
    table = desk.store.tables.content
    with desk.store.backend.read() as connection:
        rows = {row.digest: row for row in connection.execute(table.select())}
    opened = reviews.state(review).opened
    assert rows[action.output].subject == rows[opened.draft].subject
    assert rows[action.output].retention == "amlo-5y"


@pytest.mark.parametrize("action", ["reject", "terminate"])
def test_what_is_refused_gives_the_fixed_message(desk, reviews, action):
    review = claimed(desk, reviews)
    reviews.act(review, action, "rita", R, reason="it is wrong")
    found = reviews.released(review)
    assert (found.ended, found.text, found.message.en) == (True, None, "We will call you")
    assert newest(desk, "signal/1", Signal).value == 1


def test_claiming_and_escalating_say_nothing_about_the_use(desk, reviews):
    review = claimed(desk, reviews)
    reviews.act(review, "unclaim", "rita", R)
    reviews.act(review, "claim", "rita", R)
    reviews.act(review, "escalate", "rita", R, reason="too hard")
    assert newest(desk, "signal/1", Signal) is None
    with pytest.raises(ReviewError, match="role approver"):
        reviews.act(review, "claim", "sam", R)
    reviews.act(review, "claim", "eva", A)
    reviews.act(review, "approve", "eva", A, reason="it is right")
    assert newest(desk, "review-action/1", ReviewAction).role == "approver"


def test_who_built_it_may_not_review_it(desk, reviews):
    review = held(desk)
    with pytest.raises(ReviewError, match="builder"):
        reviews.act(review, "claim", "developer", R)


def test_four_eyes_wait_for_the_second_pair_and_stay_in_the_queue(desk, reviews):
    review = claimed(desk, reviews, four_eyes=True)
    reviews.act(review, "approve", "rita", R, reason="fine")
    assert reviews.released(review).text is None
    assert [(row["id"], row["state"]) for row in reviews.queue()] == [(review, "queued")]
    reviews.act(review, "claim", "sam", R)
    reviews.act(review, "approve", "sam", R, reason="fine")
    assert reviews.released(review).text == "The draft"
    assert reviews.queue() == []
    assert [row["id"] for row in reviews.queue(("approved",))] == [review]


def test_the_queue_is_by_due_instant_and_goes_on_from_page_to_page(desk, reviews):
    due = [desk.time + timedelta(hours=hours) for hours in (5, 1, 3, 1, 2)]
    ids = {held(desk, due_at=format_instant(at)): at for at in due}
    found, after = [], None
    while page := reviews.queue(limit=2, after=after):
        assert len(page) <= 2
        found += page
        after = QueueCursor(page[-1]["due_at"], page[-1]["id"])
    assert sorted(row["id"] for row in found) == sorted(ids)
    assert [row["due_at"] for row in found] == sorted(row["due_at"] for row in found)
    assert reviews.queue(use=f"{USE}x") == []
    for limit in (0, 501):
        with pytest.raises(FieldError):
            reviews.queue(limit=limit)


def test_the_desk_opens_texts_and_the_ledger_says_who_looked_and_why(desk, reviews):
    review = held(desk, asked="What shall I buy?")
    size = desk.register.repository.size()
    view = reviews.get(review, by="rita", reason="reviewing")
    assert (view.input, view.draft, view.text, view.reasons) == (
        "What shall I buy?", "The draft", "The draft", ["Pays late"],
    )  # fmt: skip
    entries = desk.register.repository.entries(kinds=("access/1",), start=size)
    looks = [read_record(canonical.decode(entry.content), Access, where="test") for entry in entries]
    decision = view.decision
    assert {look.digest for look in looks} == {decision.input, decision.output, decision.reasons}
    assert {(look.by, look.reason) for look in looks} == {("rita", "reviewing")}
    with pytest.raises(FieldError, match="a reason of"):
        reviews.get(review, by="rita", reason=" ")


def test_an_erased_text_is_not_approved(desk, reviews):
    review = claimed(desk, reviews)
    view = reviews.get(review, by="rita", reason="reviewing")
    desk.contents.erase_subject(view.decision.subject, at=desk.register.now())
    view = reviews.get(review, by="rita", reason="reviewing")
    assert (view.draft, view.input, view.reasons) == (None, None, None)
    with pytest.raises(NotFoundError, match="erased"):
        reviews.act(review, "approve", "rita", R, reason="it is right")
    reviews.act(review, "reject", "rita", R, reason="it is gone")


@pytest.mark.parametrize(
    ("action", "given", "error"),
    [
        ("modify", {"reason": "why"}, FieldError),
        ("modify", {"reason": "why", "text": ""}, FieldError),
        ("modify", {"reason": "why", "text": "x" * (TEXT_CHARACTERS_MAX + 1)}, FieldError),
        ("modify", {"reason": "why", "text": "The draft"}, ReviewError),
        ("approve", {"reason": "why", "text": "other"}, FieldError),
        ("approve", {}, FieldError),
        ("unclaim", {"reason": "why"}, FieldError),
    ],
)
def test_what_does_not_belong_is_refused_with_nothing_written(desk, reviews, action, given, error):
    review = claimed(desk, reviews)
    size = desk.register.repository.size()
    with pytest.raises(error):
        reviews.act(review, action, "rita", R, **given)
    assert desk.register.repository.size() == size


def test_of_two_people_at_once_exactly_one_is_recorded(desk, reviews):
    review = held(desk)
    start, won, lost = threading.Barrier(6), [], []

    def claim(holder: str) -> None:
        own = ReviewDesk(desk.register, desk.contents)
        start.wait()
        try:
            own.act(review, "claim", holder, R)
            won.append(holder)
        except ReviewError as error:
            lost.append(error.code)

    threads = [threading.Thread(target=claim, args=(f"person-{number}",)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1
    assert len(lost) == 5
    assert set(lost) <= {"review.moved-on", "review.claimed"}
    assert reviews.state(review).claimant == won[0]


def test_a_decision_on_what_has_moved_on_is_refused_under_the_lock(desk, reviews, monkeypatch):
    """Both have read the same state; the second finds under the writer's lock that it moved on, and writes nothing."""
    review = claimed(desk, reviews)
    late = ReviewDesk(desk.register, desk.contents)
    read = reviews.state(review)
    first_append = late._append

    def interleaved(found, record, sealed):
        reviews.act(review, "reject", "rita", R, reason="first")
        first_append(found, record, sealed)

    monkeypatch.setattr(late, "_append", interleaved)
    with pytest.raises(ReviewError, match="faster"):
        late.act(review, "modify", "rita", R, reason="second", text="Another text")
    assert reviews.state(review).status == "rejected"
    assert reviews.state(review).actions == read.actions + 1
    table = desk.store.tables.content
    with desk.store.backend.read() as connection:
        assert len(connection.execute(table.select()).all()) == 3  # input, draft, reasons: not the lost text
    reviews_after = desk.register.repository.size()
    held(desk)  # the writer goes on
    assert desk.register.repository.size() == reviews_after + 2


def test_what_is_past_due_expires_and_somebody_is_told_in_business_time(desk, reviews):
    desk.forward(hours=7)  # Monday, 17:00 in Hong Kong
    due = add_business_minutes(desk.time, 120)  # one hour on Monday, one on Tuesday morning
    late = held(desk, due_at=format_instant(due), review="customer_asked")
    decided = claimed(desk, reviews, due_at=format_instant(due))
    reviews.act(decided, "approve", "rita", R, reason="it is right")
    desk.forward(hours=12)  # 05:00: twelve hours later by the wall, one by the clock
    assert expire_due(desk.register, desk.contents, desk.time) == []
    desk.time = due - timedelta(seconds=1)
    assert expire_due(desk.register, desk.contents, desk.time) == []
    desk.time = due
    (found,) = expire_due(desk.register, desk.contents, desk.time)
    assert found.reviews == (late,)
    assert reviews.released(late).message.zh == "（譯）We will call you"
    assert reviews.state(late).status == "expired"
    assert reviews.released(decided).text == "The draft"
    incident = get_incident(desk.register, found.incident)
    assert (incident.kind, incident.severity, incident.facts["reviews"]) == ("review-overdue", "material", 1)
    assert expire_due(desk.register, desk.contents, desk.time) == []


def test_half_approved_under_four_eyes_expires_too(desk, reviews):
    review = claimed(desk, reviews, four_eyes=True)
    reviews.act(review, "approve", "rita", R, reason="fine")
    desk.forward(hours=5)
    (found,) = expire_due(desk.register, desk.contents, desk.time)
    assert found.reviews == (review,)
    assert reviews.released(review).text is None


def test_what_is_not_there_is_not_found(reviews):
    with pytest.raises(NotFoundError, match="no such review"):
        reviews.act("0" * 26, "claim", "rita", R)
