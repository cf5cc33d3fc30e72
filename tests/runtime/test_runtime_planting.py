"""Known-wrong items among live reviews: a reviewer cannot tell them, no customer gets them, no count has them, seals open."""

from __future__ import annotations

import msgspec
import pytest
from sqlalchemy import select

from dualtrack.domain.decision import Decision
from dualtrack.domain.planting import KnownWrong
from dualtrack.errors import NotFoundError, ReviewError
from dualtrack.runtime.asking import ask_for_person
from dualtrack.runtime.decisions import counts, get_decision
from dualtrack.runtime.index_check import rebuild_check
from dualtrack.runtime.oversight import read_oversight
from dualtrack.runtime.plant_counts import counted_signals
from dualtrack.runtime.plant_shelf import read_shelf
from dualtrack.runtime.planting import Planter, plant
from dualtrack.runtime.quotas import Quotas
from dualtrack.runtime.recent import recent_records
from dualtrack.runtime.review_clock import expire_due
from dualtrack.runtime.review_evidence import group_evidence, item_of, planted_by_use
from dualtrack.runtime.review_group import measure_reviewers
from dualtrack.runtime.review_read import read_review
from dualtrack.runtime.review_seals import seals_of
from dualtrack.store.projections import Projections
from dualtrack.web.metrics import Metrics
from runtime.planting_world import HELD, act, ask, laid, opened
from runtime.runtime_world import FIRM, USE, timedelta


@pytest.fixture
def held(world):
    world.permit(review=HELD)
    with world.open() as runtime:
        yield runtime


def test_a_planted_item_is_recorded_as_an_ordinary_one(world, held):
    ordinary = ask(held)
    laid(world, held)
    start = world.register.repository.size()
    review = plant(held, USE)
    kinds = [entry.parsed.kind for entry in world.register.repository.entries(start=start)]
    assert kinds == ["decision/1", "review/1"]
    one, other = opened(held, review), opened(held, ordinary.review)
    same = ("use", "release", "permit", "why", "four_eyes", "makers", "format")
    assert [getattr(one, name) for name in same] == [getattr(other, name) for name in same]
    mine, its = get_decision(world.register, one.decision).record, get_decision(world.register, other.decision).record
    varied = {"id", "at", "input", "output", "reasons", "receipt", "review", "subject", "timing", "seq", "guards"}
    for name in set(Decision.__struct_fields__) - varied:
        assert getattr(mine, name) == getattr(its, name), name
    assert [item.guard for item in mine.guards] == [item.guard for item in its.guards]
    assert (mine.receipt is None) == (its.receipt is None)
    assert mine.subject != its.subject
    assert len(mine.subject) == len(its.subject)
    assert rebuild_check(world.register).ok


def test_the_ledger_holds_no_word_of_an_item(world, held):
    ask(held)
    laid(world, held)
    plant(held, USE)
    for entry in world.register.repository.entries():
        assert b"9 in 10" not in entry.content
        assert b"planted" not in entry.content
    table = world.store.tables.content
    with world.store.backend.read() as connection:
        assert all(b"9 in 10" not in bytes(row.sealed) for row in connection.execute(select(table)))


@pytest.mark.parametrize("planted", [True, False])
def test_every_seal_opens(world, held, planted):
    review = ask(held).review
    if planted:
        laid(world, held)
        review = plant(held, USE)
    seals = seals_of(world.register)
    assert seals.planted(opened(held, review)) is planted
    other = msgspec.structs.replace(opened(held, review), seed="0" * 64)
    assert seals.planted(other) is None


def test_the_review_that_a_customer_asks_for_is_sealed_too(world):
    world.permit(audience="customers", review={"mode": "none"})
    with world.open() as runtime:
        answer = ask(runtime)
        asked = ask_for_person(runtime.registers.values(), answer.receipt)
        assert seals_of(world.register).planted(opened(runtime, asked.review)) is False


@pytest.mark.parametrize("action", ["approve", "modify"])
def test_nobody_gets_what_was_planted(world, held, action):
    ask(held)
    laid(world, held)
    review = plant(held, USE)
    desk = act(held, review, action, text="pays 1 in 2" if action == "modify" else None)
    found = desk.released(review)
    assert (found.ended, found.text) == (True, None)
    assert found.message.en == "A colleague will look at this."
    incidents = Projections(world.register.repository).rows("incident")
    assert incidents == []


def test_it_counts_for_nothing_from_the_day_after_it_ended(world, held):
    ask(held)
    laid(world, held)
    since = "2026-01-01T00:00:00Z"
    before = counts(world.register, USE, since)
    review = plant(held, USE)
    assert counts(world.register, USE, since) == {"routed": before["routed"] + 1}  # else its absence would tell
    act(held, review, "reject")
    assert counts(world.register, USE, since) == {"routed": before["routed"] + 1}  # and a move now: who has decided it
    assert len(counted_signals(world.register, USE)) == 1
    world.offset = timedelta(days=1)
    assert counts(world.register, USE, since) == before
    assert counted_signals(world.register, USE) == []


def test_it_never_counts_for_what_decides(world, held):
    ask(held)
    laid(world, held)
    act(held, plant(held, USE), "reject")
    assert read_oversight(world.register).signals.get(USE, []) == []
    assert (
        len(Projections(world.register.repository).rows("signal", use_id=USE)) == 1
    )  # in the ledger it looks like any
    ordinary = ask(held).review
    act(held, ordinary, "reject")
    assert [item.value for item in read_oversight(world.register).signals[USE]] == [1]


def looked(world, *, shown):
    window = recent_records(world.register, (USE,), since="", shown=shown)
    return window.looked_at, len(window.records)


def test_what_decides_never_has_it_and_what_is_shown_until_the_day_after(world, held):
    ask(held)
    laid(world, held)
    review = plant(held, USE)
    assert (looked(world, shown=False), looked(world, shown=True)) == ((2, 1), (2, 2))
    act(held, review, "approve")
    assert (looked(world, shown=False), looked(world, shown=True)) == ((2, 1), (2, 2))
    world.offset = timedelta(days=1)
    assert (looked(world, shown=False), looked(world, shown=True)) == ((2, 1), (2, 1))


def test_counters_for_monitors_have_it_as_any_other(world, held):
    ask(held)
    laid(world, held)
    metrics = Metrics(held)

    def counted():
        lines = metrics.text().decode().splitlines()
        return [line.split()[-1] for line in lines if line.startswith("dualtrack_decisions_total{")]

    review = plant(held, USE)
    assert counted() == ["1.0"]
    act(held, review, "reject")
    world.offset = timedelta(days=1)
    ask(held)
    assert counted() == ["2.0"]


def test_a_trial_s_cap_is_not_used_up(world):
    taken = []

    class Counting(Quotas):
        def take(self, live):
            taken.append(live.use)
            return super().take(live)

    world.permit(review=HELD)
    with world.open() as runtime:
        runtime.quotas = Counting(runtime.store)
        ask(runtime)
        laid(world, runtime)
        plant(runtime, USE)
    assert taken == [USE]


def test_an_expired_planted_item_makes_no_incident(world, held):
    ask(held)
    laid(world, held)
    ordinary = opened(held, ask(held).review)
    act(held, ordinary.id, "approve")
    plant(held, USE)
    world.offset = timedelta(days=12)
    for review in Projections(world.register.repository).rows("review", state="queued"):
        if review["id"] not in read_shelf(world.register).plants:
            act(held, review["id"], "reject")
    expire_due(world.register, held.recorder(FIRM).contents, world.clock())
    assert Projections(world.register.repository).rows("incident") == []


def decided(world, runtime, verdicts):
    """Plant and decide: a verdict is what somebody did, and the text if they changed it."""
    ask(runtime)
    laid(world, runtime, drafts=[f"pays 9 in 10, case {number}" for number in range(len(verdicts))])
    for number, (action, text) in enumerate(verdicts):
        act(runtime, plant(runtime, USE), action, by=f"person-{number}", text=text)


def caught(world):
    found = group_evidence(world.register, limit=100)
    measured = measure_reviewers(found.reviews, floor_seconds=10)[0]
    return found, measured


def test_caught_are_rejected_ended_and_put_right(world, held):
    verdicts = [("reject", None), ("terminate", None), ("modify", "pays 1 in 10"), ("modify", "it pays  9 IN 10")]
    verdicts += [("approve", None)] * 4 + [("reject", None)] * 4
    decided(world, held, verdicts)
    today, measured = caught(world)
    assert (today.planted, measured.n) == (0, 0)  # it counts from the next midnight on
    world.offset = timedelta(days=1)
    found, measured = caught(world)
    assert (found.planted, found.sealed_for_good) == (12, 0)
    assert (measured.statistics["count"], measured.n) == (7, 12)
    assert measured.low < 7 / 12 < measured.high
    assert all("person" not in str(value) for value in (measured.facts, measured.statistics))


def test_below_ten_people_there_is_no_figure(world, held):
    decided(world, held, [("reject", None)] * 9)
    world.offset = timedelta(days=1)
    found, measured = caught(world)
    assert found.planted == 9
    assert measured.estimate is None
    assert measured.facts["refused"] == "fewer than 10 reviewers"


def test_who_laid_an_item_in_proves_nothing_by_finding_it(world, held):
    ask(held)
    laid(world, held)
    act(held, plant(held, USE), "reject", by="validator")
    world.offset = timedelta(days=1)
    assert [review.caught for review in group_evidence(world.register, limit=9).reviews] == [None]


def test_who_planted_an_item_by_hand_proves_nothing_either(world, held):
    ask(held)
    laid(world, held)
    act(held, plant(held, USE, by="carl"), "reject", by="carl")
    world.offset = timedelta(days=1)
    assert [review.caught for review in group_evidence(world.register, limit=9).reviews] == [None]


def test_an_item_is_told_only_when_its_review_has_ended(world, held):
    ask(held)
    laid(world, held)
    review = plant(held, USE)
    assert item_of(world.register, read_review(world.register, review)) is None
    act(held, review, "approve")
    assert item_of(world.register, read_review(world.register, review)).wrong == "9 in 10"
    ordinary = ask(held).review
    act(held, ordinary, "approve")
    assert item_of(world.register, read_review(world.register, ordinary)) is None


def test_an_item_without_reasons_is_kept_where_the_model_gives_some(world, held):
    ask(held)
    laid(world, held, items=[KnownWrong(asked={"late": 1}, draft="pays 9 in 10", wrong="9 in 10", why="no reasons")])
    with pytest.raises(ReviewError, match="looks like"):
        plant(held, USE)


def test_each_item_is_planted_once(world, held):
    ask(held)
    laid(world, held)
    plant(held, USE)
    with pytest.raises(NotFoundError):
        plant(held, USE)
    assert planted_by_use(world.register) == [(USE, 0, 1, 0)]


def test_without_an_ordinary_review_nothing_is_planted(world, held):
    laid(world, held)
    with pytest.raises(ReviewError, match="no ordinary review"):
        plant(held, USE)


def test_what_a_guard_stops_is_not_recorded(world, held):
    ask(held)
    item = KnownWrong(asked={"late": 99}, draft="pays 9 in 10", wrong="9 in 10", why="no such row", reasons=["late"])
    laid(world, held, items=[item])
    start = world.register.repository.size()
    with pytest.raises(ReviewError, match="guard"):
        plant(held, USE)
    assert world.register.repository.size() == start


def test_nothing_is_planted_where_nobody_holds(world):
    world.permit(review={"mode": "none"})
    with world.open() as runtime:
        laid(world, runtime)
        with pytest.raises(ReviewError, match="not held"):
            plant(runtime, USE)


def test_the_timer_plants_within_the_share(world, held):
    laid(world, held, drafts=[f"pays 9 in 10, {number}" for number in range(40)], share=20)
    planter = Planter(held)
    assert planter.look() == 0  # what came before is not drawn for
    for _ in range(60):
        ask(held)
        planter.look()
    plants, reviews = len(read_shelf(world.register).plants), 60
    first = min(read_shelf(world.register).plants)
    since = sum(row["id"] >= first for row in Projections(world.register.repository).rows("review"))
    assert 1 <= plants <= max(1, 0.2 * since)
    assert since <= reviews + plants


def test_a_planted_item_survives_in_another_process(world, held):
    ask(held)
    laid(world, held)
    review = plant(held, USE)
    with world.open() as other:
        assert review in read_shelf(other.registers[FIRM]).plants
        assert read_shelf(other.registers[FIRM]).unused(USE) == []
