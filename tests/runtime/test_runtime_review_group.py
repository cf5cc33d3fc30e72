"""Evidence on reviewers as a group: right figures, none for few people, and none that tells about a person."""

from __future__ import annotations

import math
import random

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from review_records import DRAFT, SECOND, act, opened_review, review_id

from dualtrack.errors import FieldError
from dualtrack.runtime.review_group import (
    REVIEWERS_MIN,
    GroupDecision,
    GroupReview,
    group_review,
    measure_reviewers,
    median_interval,
    wilson,
)
from dualtrack.runtime.review_state import apply_action, start_review

FLOOR_SECONDS = 10
MEASURES = ["review.caught", "review.edit_distance", "review.seconds", "review.fast_approvals"]


def review(number, by, action="approve", seconds=30, distance=None, caught=None):
    decision = GroupDecision(by=by, action=action, seconds=seconds, edit_distance=distance)
    return GroupReview(review=review_id(number), decisions=[decision], caught=caught)


def desk(people=12, rows=240):
    """A desk that sees everything: planted errors, changes, fast and slow approvals."""
    chance = random.Random(7)
    found = []
    for number in range(rows):
        action = chance.choice(["approve", "approve", "modify", "reject", "escalate"])
        found.append(
            review(
                number,
                f"person-{number % people}",
                action,
                chance.randrange(1, 400),
                chance.randrange(200) if action == "modify" else None,
                caught=chance.random() < 0.8 if number // people % 3 == 0 else None,
            )
        )
    return found


def measured(reviews):
    return {one.measure: one for one in measure_reviewers(reviews, floor_seconds=FLOOR_SECONDS)}


def figures(one):
    return one.estimate, one.low, one.high, one.facts, one.statistics, one.data_digest


# --- the figures ---


def test_the_figures_are_those_of_the_rows():
    rows = desk()
    found = measured(rows)
    assert list(found) == MEASURES
    planted = [row.caught for row in rows if row.caught is not None]
    assert found["review.caught"].n == len(planted)
    assert found["review.caught"].estimate == sum(planted) / len(planted)
    assert found["review.caught"].statistics == {"count": sum(planted), "n": len(planted)}
    approvals = [row.decisions[0].seconds for row in rows if row.decisions[0].action == "approve"]
    fast = found["review.fast_approvals"]
    assert (fast.n, fast.facts) == (len(approvals), {"floor_seconds": FLOOR_SECONDS})
    assert fast.estimate == sum(seconds < FLOOR_SECONDS for seconds in approvals) / len(approvals)
    seconds = sorted(row.decisions[0].seconds for row in rows)
    assert found["review.seconds"].estimate == seconds[len(seconds) // 2 - 1]
    edits = found["review.edit_distance"]
    assert edits.n == sum(row.decisions[0].action == "modify" for row in rows)
    assert edits.facts["p25"] <= edits.estimate <= edits.facts["p75"] <= edits.facts["p90"]
    for one in found.values():
        assert one.outcome == "measured"
        assert one.low <= one.estimate <= one.high


@pytest.mark.parametrize(
    ("count", "n", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilsons_interval_has_its_published_values(count, n, low, high):
    """Newcombe (1998), Statistics in Medicine 17, table I, method 3."""
    assert wilson(count, n) == pytest.approx((low, high), abs=5e-5)


@given(st.integers(1, 10_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilsons_interval_holds_the_share_and_mirrors(counted):
    count, n = counted
    low, high = wilson(count, n)
    assert 0 <= low <= count / n <= high <= 1
    assert wilson(n - count, n) == pytest.approx((1 - high, 1 - low))


@pytest.mark.parametrize("n", [10, 11, 20, 57, 100, 333, 1000])
def test_the_medians_interval_covers_at_least_as_often_as_it_says(n):
    low, high = median_interval(range(1, n + 1))
    rank = int(low)
    assert high == n + 1 - rank
    outside = 2 * sum(math.comb(n, k) for k in range(rank)) / 2**n
    assert outside <= 0.051  # by normal approximation: to a thousandth


def test_intervals_of_nothing_are_refused():
    for call in (lambda: wilson(0, 0), lambda: wilson(2, 1), lambda: median_interval([])):
        with pytest.raises(FieldError):
            call()


# --- no figure ---


def without_figure(one):
    assert (one.outcome, one.estimate, one.low, one.high, one.statistics) == ("underpowered", None, None, None, {})
    return one.facts == {"refused": one.facts["refused"]}


def test_fewer_than_ten_reviewers_have_no_figure():
    assert all(without_figure(one) for one in measured(desk(people=REVIEWERS_MIN - 1)).values())
    assert all(one.outcome == "measured" for one in measured(desk(people=REVIEWERS_MIN)).values())
    assert all(without_figure(one) for one in measured([]).values())


def test_each_figure_needs_ten_people_of_its_own():
    """Planted errors that one person saw would otherwise be that person's score."""
    rows = [msgspec.structs.replace(row, caught=None) for row in desk()]
    rows += [review(1000 + n, "person-3", "reject", caught=True) for n in range(50)]
    found = measured(rows)
    assert without_figure(found["review.caught"])
    assert found["review.seconds"].outcome == "measured"


def test_a_figure_that_is_mostly_one_persons_is_not_given():
    rows = [review(n, f"person-{n}") for n in range(15)] + [review(100 + n, "person-0") for n in range(20)]
    assert measured(rows)["review.seconds"].facts == {"refused": "more than half by one reviewer"}


def test_a_refused_figure_cannot_be_guessed_from_its_digest():
    few = [review(n, f"person-{n % 3}", caught=True, seconds=4) for n in range(9)]
    other = [review(n, f"person-{n % 3}", caught=False, seconds=400) for n in range(9)]
    for one, two in zip(measured(few).values(), measured(other).values(), strict=True):
        assert figures(one) == figures(two)


# --- no person ---


@settings(max_examples=40, deadline=None)  # no claim about time
@given(st.randoms(use_true_random=False), st.permutations(range(12)))
def test_nothing_varies_with_who_did_what(chance, names):
    """Exchanging people among answers of the same kind, and renaming them all, changes no byte."""
    rows = desk()
    kinds = {}
    for number, row in enumerate(rows):
        kinds.setdefault((row.decisions[0].action, row.caught is None), []).append(number)
    people = [row.decisions[0].by for row in rows]
    for numbers in kinds.values():
        mixed = numbers[:]
        chance.shuffle(mixed)
        for number, other in zip(numbers, mixed, strict=True):
            people[number] = rows[other].decisions[0].by
    others = [
        msgspec.structs.replace(
            row, decisions=[msgspec.structs.replace(row.decisions[0], by=f"person-{names[int(by.split('-')[1])]}")]
        )
        for row, by in zip(rows, people, strict=True)
    ]
    chance.shuffle(others)
    assert measured(others) == measured(rows)


@settings(max_examples=40, deadline=None)  # no claim about time
@given(st.randoms(use_true_random=False), st.integers(1, 20))
def test_whoever_did_it_a_figure_is_the_same_or_not_given(chance, people):
    rows = desk()
    others = [
        msgspec.structs.replace(
            row, decisions=[msgspec.structs.replace(row.decisions[0], by=f"person-{chance.randrange(people)}")]
        )
        for row in rows
    ]
    for one, two in zip(measured(rows).values(), measured(others).values(), strict=True):
        assert one.outcome == "measured"
        assert figures(one) == figures(two) or without_figure(two)


def test_no_name_is_in_any_result():
    found = [msgspec.json.encode(one) for one in measured(desk()).values()]
    assert not any(b"person" in one for one in found)


# --- from the records ---


def walk(four_eyes, *steps):
    """Return an opened review and its actions."""
    opened = opened_review(four_eyes=four_eyes)
    state, actions = start_review(opened), []
    for action, by, minute, *fields in steps:
        actions.append(act(state, action, by, minute, **(fields[0] if fields else {})))
        state = apply_action(state, actions[-1])
    return opened, actions


APPROVED = (("claim", "ann", 1), ("approve", "ann", 2))
MODIFIED = (("claim", "ann", 1), ("modify", "ann", 2, {"output": SECOND, "edit_distance": 4}))
REJECTED = (("claim", "ann", 1), ("reject", "ann", 2))
EXPIRED = (("claim", "ann", 1), ("expire", None, 240))


@pytest.mark.parametrize(
    ("steps", "repaired", "caught"),
    [
        (APPROVED, False, False),
        (REJECTED, False, True),
        (MODIFIED, False, False),
        (MODIFIED, True, True),
        (EXPIRED, False, None),
        (APPROVED[:1], False, None),
    ],
)
def test_what_counts_as_caught(steps, repaired, caught):
    opened, actions = walk(False, *steps)
    assert group_review(opened, actions, seeded_wrong=True, repaired=repaired).caught is caught
    assert group_review(opened, actions, repaired=repaired).caught is None


def test_what_the_second_reader_lets_through_was_not_caught_by_the_first_who_escalated():
    opened, actions = walk(
        False,
        ("claim", "ann", 1),
        ("escalate", "ann", 2),
        ("claim", "cho", 3, {"role": "approver"}),
        ("approve", "cho", 9, {"role": "approver", "output": DRAFT}),
    )
    found = group_review(opened, actions, seeded_wrong=True)
    assert found.caught is False
    assert [(one.by, one.action, one.seconds) for one in found.decisions] == [
        ("ann", "escalate", 60),
        ("cho", "approve", 360),
    ]


def test_a_review_counts_once():
    with pytest.raises(FieldError, match="2 reviews"):
        measure_reviewers([review(1, "ann"), review(1, "bob")], floor_seconds=FLOOR_SECONDS)
    with pytest.raises(FieldError, match="floor"):
        measure_reviewers([], floor_seconds=0)
