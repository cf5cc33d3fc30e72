"""Prices of controls: counted by hand, additive over shards, bounded by what nobody knows, and never certain of what was not seen."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dualtrack.domain.records import read_record
from dualtrack.errors import EvidenceError, FieldError
from dualtrack.evidence.pricing.counts import ControlCounts, merge_counts
from dualtrack.evidence.pricing.prices import Pricing, count_controls, price_control, price_controls, price_fields
from dualtrack.evidence.pricing.states import Control
from dualtrack.evidence.pricing.values import ControlValues, ReviewCost, Values

HOW = Pricing(data_digest="0" * 64, draws=60)
BLOCK = Control(name="wall", kind="block", score="wall", at=500)
ROUTE = Control(name="desk", kind="route", score="desk", at=500)
REVIEW = Control(name="people", kind="review", fires="looked", changed="changed")
MONEY = Values(currency="HKD", harm=1000, good=50, review=ReviewCost(minutes=5, cost=40))


def table(*rows):
    """Return columns from rows of (harmful, wall, desk, looked, changed)."""
    names = ("harmful", "wall", "desk", "looked", "changed")
    return {name: np.array(column) for name, column in zip(names, zip(*rows, strict=True), strict=True)}


HARM_STOPPED, GOOD_STOPPED, PASSED = (1, 900, 0, 0, 0), (0, 900, 0, 0, 0), (0, 100, 0, 0, 0)


def one(columns, control=BLOCK, others=(), **more):
    return price_controls(columns, [control, *others], draws=100, **more)[0]


def test_a_price_is_what_the_control_changes_per_thousand():
    found = one(table(*[HARM_STOPPED] * 3, *[GOOD_STOPPED] * 2, *[PASSED] * 15))
    view = found.marginal
    assert (view.acted, view.unknown) == (5, 0)
    assert (view.averted.estimate, view.withheld.estimate, view.net.estimate) == pytest.approx((150, 100, 50))
    assert view.averted.low < 150 < view.averted.high
    assert found.verdict == "cannot tell"
    assert found.reason == "sample"
    assert found.n_needed > 20
    assert found.worth.unit == "items per 1,000 decisions"
    assert found.measurement.outcome == "underpowered"


def test_with_values_a_good_item_costs_what_the_firm_declared():
    found = one(table(*[HARM_STOPPED] * 30, *[GOOD_STOPPED] * 20, *[PASSED] * 50), values=MONEY)
    assert found.marginal.averted.estimate == pytest.approx(300_000)
    assert found.marginal.withheld.estimate == pytest.approx(10_000)
    assert found.verdict == "averts more"
    own = Values(currency="HKD", harm=1, good=1, controls={"wall": ControlValues(good=100)})
    found = one(table(*[HARM_STOPPED] * 30, *[GOOD_STOPPED] * 20, *[PASSED] * 50), values=own)
    assert found.marginal.withheld.estimate == pytest.approx(20_000)
    assert found.verdict == "withholds more"
    assert found.worth.unit == "HKD per 1,000 decisions"


def test_values_that_a_control_needs_must_be_declared():
    bare = Values(currency="HKD", harm=1, good=1)
    with pytest.raises(FieldError, match="no cost of a review"):
        one(table(PASSED), ROUTE, values=bare)
    with pytest.raises(FieldError, match="finite number, 0 or above"):
        Values(currency="HKD", harm=-1, good=1)
    with pytest.raises(FieldError, match="harm"):
        read_record({"currency": "HKD", "good": 1}, Values, where="values")


def test_unknown_is_counted_apart_and_never_as_harmless():
    rows = [HARM_STOPPED] * 20 + [(-1, 900, 0, 0, 0)] * 10 + [PASSED] * 70
    view = one(table(*rows)).marginal
    assert (view.averted.bound_low, view.averted.bound_high) == pytest.approx((200, 300))
    assert (view.withheld.bound_low, view.withheld.bound_high) == pytest.approx((0, 100))
    assert view.net.bound_low == pytest.approx(100)
    for effect in (view.averted, view.withheld, view.net):
        assert effect.low <= effect.bound_low <= effect.estimate <= effect.bound_high <= effect.high
    missing = table(*rows)
    missing["harmful"] = np.where(missing["harmful"] < 0, np.nan, missing["harmful"])
    assert one(missing).marginal == view


def test_where_nobody_knows_anything_there_is_no_number_and_no_evidence():
    found = one(table(*[(-1, 900, 0, 0, 0)] * 5, *[(-1, 100, 0, 0, 0)] * 45))
    assert (found.verdict, found.reason) == ("cannot tell", "labels")
    assert (found.measurement.outcome, found.measurement.estimate) == ("underpowered", None)
    assert (found.marginal.averted.bound_low, found.marginal.averted.bound_high) == pytest.approx((0, 100))
    with pytest.raises(EvidenceError, match="nobody knows"):
        price_fields(found)


def test_a_control_that_never_acted_is_not_free_but_unseen():
    found = one(table(*[PASSED] * 300))
    assert (found.verdict, found.reason) == ("cannot tell", "never acted")
    assert found.measurement.outcome == "underpowered"
    assert found.marginal.averted.high == pytest.approx(
        1000 * (1 - 0.025 ** (1 / 300)), rel=1e-9
    )  # Clopper and Pearson
    assert price_fields(found)["labelled"] == 1.0


def test_with_the_others_on_it_is_paid_only_for_what_they_let_pass():
    both, mine = (1, 900, 900, 0, 0), (1, 900, 0, 0, 0)
    found = one(table(*[both] * 10, *[mine] * 5, *[PASSED] * 85), others=(ROUTE,))
    assert (found.marginal.acted, found.alone.acted) == (5, 15)
    assert found.marginal.averted.estimate == pytest.approx(50)
    assert found.alone.averted.estimate == pytest.approx(150)


def test_a_redaction_spares_no_other_control_its_work_and_a_review_not_its_route():
    redact = Control(name="redact", kind="redact", score="desk", at=500)
    rows = table(*[(1, 900, 900, 1, 1)] * 4, *[PASSED] * 6)
    assert one(rows, others=(redact,)).marginal.acted == 4
    route, people = price_controls(rows, [ROUTE, REVIEW], draws=50)
    assert (route.marginal.acted, people.marginal.acted) == (4, 4)
    assert price_controls(rows, [BLOCK, REVIEW], draws=50)[1].marginal.acted == 0


def test_a_review_that_changed_nothing_is_withheld_and_one_that_did_is_work():
    idle, caught, wrong = (0, 0, 0, 1, 0), (1, 0, 0, 1, 1), (0, 0, 0, 1, 1)
    rows = table(*[idle] * 30, *[caught] * 12, *[wrong] * 10, *[PASSED] * 48)
    items = one(rows, REVIEW).marginal
    assert (items.averted.estimate, items.withheld.estimate, items.work.estimate) == pytest.approx((120, 400, 0))
    found = one(rows, REVIEW, values=MONEY)
    money = found.marginal
    assert money.averted.estimate == pytest.approx(120_000)
    assert money.withheld.estimate == pytest.approx(10 * (30 * 40 + 10 * 50))
    assert money.work.estimate == pytest.approx(10 * 22 * 40)
    assert found.measurement.facts["minutes_per_1000"] == pytest.approx(10 * 52 * 5)


def test_another_setting_is_compared_on_the_same_decisions():
    against = Control(name="wall", kind="block", score="wall", at=500, against=300)
    rows = table(*[(1, 400, 0, 0, 0)] * 2, *[(0, 400, 0, 0, 0)] * 6, *[HARM_STOPPED] * 5, *[PASSED] * 7)
    view = one(rows, against).marginal
    assert view.acted == 8
    assert view.averted.estimate == pytest.approx(-100)
    assert view.withheld.estimate == pytest.approx(-300)


def test_a_row_that_was_never_put_to_a_guard_passes_and_is_counted():
    columns = table(*[HARM_STOPPED] * 4, *[PASSED] * 6)
    columns["wall"] = np.ma.array(columns["wall"], mask=[True] * 2 + [False] * 8)
    found = one(columns)
    assert (found.counts.unscored, found.marginal.acted) == (2, 2)


def test_thresholds_by_group_price_a_fairness_constraint():
    rows = {
        "harmful": np.array([0, 0, 1, 1, 0, 1]),
        "score": np.array([0.3, 0.6, 0.6, 0.9, 0.6, 0.6]),
        "sex": np.array(["f", "f", "f", "f", "m", "m"]),
    }
    cut = Control(
        name="cut", kind="block", score="score", group="sex", at_by={"f": 0.7, "m": 0.5}, against=0.5, span=(0, 1)
    )
    found = price_controls(rows, [cut], draws=50)[0]
    assert found.marginal.averted.estimate == pytest.approx(-1000 / 6)
    assert found.marginal.withheld.estimate == pytest.approx(-1000 / 6)
    with pytest.raises(FieldError, match="no threshold for 'm'"):
        price_controls(rows, [Control(name="c", kind="block", score="score", group="sex", at_by={"f": 1.0})])


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"harmful": np.array([0, 2])}, "value 2"),
        ({"harmful": np.array(["yes", "no"])}, "not numbers"),
        ({"wall": np.array([np.inf, 1.0])}, "infinite"),
        ({"wall": np.array(["a", "b"])}, "not numbers"),
        ({"wall": np.array([1, 2, 3])}, "rows differ"),
        ({"harmful": np.array([]), "wall": np.array([])}, "no rows"),
    ],
)
def test_bad_columns_are_refused(change, found):
    with pytest.raises(FieldError, match=found):
        one({"harmful": np.array([0, 1]), "wall": np.array([1, 2])} | change)


def test_bad_controls_are_refused():
    with pytest.raises(FieldError, match="no column"):
        one({"harmful": np.array([0])})
    with pytest.raises(FieldError, match="no threshold"):
        Control(name="c", kind="block", score="s")
    with pytest.raises(FieldError, match="one of the two"):
        Control(name="c", kind="block")
    with pytest.raises(FieldError, match="changed"):
        Control(name="c", kind="review", fires="looked")
    with pytest.raises(FieldError, match="changed without a review"):
        one(table((0, 0, 0, 0, 1)), REVIEW)
    with pytest.raises(FieldError, match="each name once"):
        count_controls(table(PASSED), [BLOCK, BLOCK])


ROWS = st.lists(
    st.tuples(st.sampled_from([-1, 0, 1]), st.integers(0, 1000), st.integers(0, 1000), st.booleans(), st.just(0)),
    min_size=2, max_size=40,
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(rows=ROWS, cut=st.integers(1, 39))
def test_counts_of_parts_are_the_counts_of_all(rows, cut):
    columns = table(*rows)
    cut = min(cut, len(rows) - 1)
    parts = [
        count_controls({name: column[part] for name, column in columns.items()}, [BLOCK, ROUTE, REVIEW])
        for part in (slice(None, cut), slice(cut, None))
    ]
    whole = count_controls(columns, [BLOCK, ROUTE, REVIEW])
    assert tuple(merge_counts(pair) for pair in zip(*parts, strict=True)) == whole


@settings(max_examples=15, deadline=None)
@given(rows=ROWS)
def test_who_has_the_counts_has_the_price(rows):
    counts = count_controls(table(*rows), [BLOCK, ROUTE])[0]
    found = price_control(counts, MONEY, HOW)
    plain = found.measurement.plain()["statistics"]["counts"]
    again = price_control(read_record(plain, ControlCounts, where="statistics"), MONEY, HOW)
    assert again.measurement.plain() == found.measurement.plain()


@settings(max_examples=12, deadline=None)
@given(rows=ROWS, guesses=st.lists(st.integers(0, 1), min_size=40, max_size=40))
def test_whatever_the_unknown_truth_is_the_bounds_hold_it(rows, guesses):
    told = [(guess if row[0] < 0 else row[0], *row[1:]) for row, guess in zip(rows, guesses, strict=False)]
    for values in (None, MONEY):
        bounded, known = (one(table(*each), others=(ROUTE,), values=values) for each in (rows, told))
        for view, truth in ((bounded.marginal, known.marginal), (bounded.alone, known.alone)):
            for wide, point in zip(view[2:], truth[2:], strict=True):
                assert wide.bound_low - 1e-9 <= point.estimate <= wide.bound_high + 1e-9
                assert wide.low <= wide.bound_low
                assert wide.bound_high <= wide.high


def test_merging_what_does_not_belong_together_is_refused():
    mine, other = count_controls(table(PASSED, HARM_STOPPED), [BLOCK, ROUTE])
    with pytest.raises(FieldError, match="different controls"):
        merge_counts([mine, other])
    grouped = count_controls(table(PASSED, HARM_STOPPED) | {"who": np.array([1, 1])}, [BLOCK], cluster="who")[0]
    with pytest.raises(FieldError, match="clusters in some parts only"):
        merge_counts([mine, grouped])
