"""Planting by hand within the share, one at a time; and complaints about planted items, which count for nothing."""

from __future__ import annotations

import threading

import pytest

from dualtrack.errors import NotFoundError, ReviewError
from dualtrack.runtime.complaints import complain
from dualtrack.runtime.once import request_key
from dualtrack.runtime.oversight import read_oversight
from dualtrack.runtime.plant_counts import counted_signals
from dualtrack.runtime.plant_shelf import read_shelf
from dualtrack.runtime.planting import plant, plant_within_share
from dualtrack.store.projections import Projections
from runtime.planting_world import HELD, act, ask, laid, opened
from runtime.runtime_world import FIRM, USE, timedelta

DRAFTS = [f"pays 9 in 10, case {number}" for number in range(5)]


@pytest.fixture
def held(world):
    world.permit(review=HELD)
    with world.open() as runtime:
        yield runtime


def test_by_hand_no_more_than_the_share_are_planted_and_it_says_so(world, held):
    ask(held)
    laid(world, held, drafts=DRAFTS, share=25)
    first = plant_within_share(held, USE, by="carl")
    assert read_shelf(world.register).plants[first].by == "carl"
    for _ in range(5):  # 2 of 7 would be more than a quarter
        with pytest.raises(ReviewError, match="25 of a hundred") as refused:
            plant_within_share(held, USE)
        assert refused.value.code == "review.plant.share"
        assert "larger share" in refused.value.fix
        ask(held)
    ask(held)
    second = plant_within_share(held, USE)
    plants = read_shelf(world.register).plants
    assert set(plants) == {first, second}
    assert plants[second].by is None


def test_of_clicks_at_once_one_plants(world, held):
    ask(held)
    laid(world, held, drafts=DRAFTS, share=25)
    start, done = threading.Barrier(4), []

    def click():
        start.wait()
        try:
            done.append(plant_within_share(held, USE))
        except ReviewError as error:
            done.append(error.code)

    threads = [threading.Thread(target=click) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (review,) = read_shelf(world.register).plants
    assert done.count(review) == 1
    assert set(done) - {review} <= {"review.plant.share", "review.plant.under-way"}


def test_while_another_process_plants_nothing_is_planted_and_afterwards_it_goes_on(world, held):
    ask(held)
    laid(world, held)
    with world.open() as other:
        asked = request_key(FIRM, "planting", USE, b"")
        other.once.begin(asked)
        with pytest.raises(ReviewError, match="one is being planted"):
            plant_within_share(held, USE)
        other.once.end(asked, None)
    assert read_shelf(world.register).plants == {}
    assert plant_within_share(held, USE) in read_shelf(world.register).plants


def test_what_fails_does_not_stand_in_the_way(world, held):
    laid(world, held)
    for _ in range(2):
        with pytest.raises(ReviewError, match="no ordinary review"):
            plant_within_share(held, USE)
    with pytest.raises(NotFoundError):
        plant_within_share(held, f"{FIRM}/another")
    with pytest.raises(NotFoundError):
        plant_within_share(held, "nobody/another")


def complained(world, runtime, decision):
    contents = runtime.recorder(FIRM).contents
    return complain(world.register, contents, USE, "this is wrong", by="rita", means="staff", decision=decision)


def test_a_complaint_about_a_planted_item_counts_for_nothing_and_looks_as_any_other(world, held):
    ordinary = ask(held).decision
    laid(world, held)
    review = plant(held, USE)
    planted = opened(held, review).decision
    one, other = (complained(world, held, decision).complaint for decision in (ordinary, planted))
    assert (one.counted, other.counted) == (True, True)
    assert len(Projections(world.register.repository).rows("signal", use_id=USE)) == 2  # the ledger tells no difference
    assert [item.kind for item in read_oversight(world.register).signals[USE]] == ["complaint"]
    again = complained(world, held, planted)  # it makes no signal, as a second one of a real decision does not
    assert again.complaint.counted is False
    with world.open() as another:  # another process, with no memory of its own
        assert [item.kind for item in read_oversight(another.registers[FIRM]).signals[USE]] == ["complaint"]


def test_shown_it_counts_until_the_day_after_both_the_review_and_the_complaint(world, held):
    ask(held)
    laid(world, held)
    review = plant(held, USE)
    complained(world, held, opened(held, review).decision)
    world.offset = timedelta(days=1)
    assert len(counted_signals(world.register, USE)) == 1  # its review goes on
    act(held, review, "approve")
    assert len(counted_signals(world.register, USE)) == 2
    world.offset = timedelta(days=2)
    assert counted_signals(world.register, USE) == []


def test_a_complaint_of_the_day_after_does_not_tell_by_what_it_counts(world, held):
    ask(held)
    laid(world, held)
    review = plant(held, USE)
    act(held, review, "approve")
    world.offset = timedelta(days=1)
    assert counted_signals(world.register, USE) == []
    complained(world, held, opened(held, review).decision)
    assert [row["kind"] for row in counted_signals(world.register, USE)] == ["complaint"]
    world.offset = timedelta(days=2)
    assert counted_signals(world.register, USE) == []
