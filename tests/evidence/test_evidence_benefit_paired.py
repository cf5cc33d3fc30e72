"""Paired benefit, captured outcomes, and the sizes they need."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dualtrack.errors import EvidenceError, FieldError
from dualtrack.evidence.benefit.capture import list_size, measure_capture, top
from dualtrack.evidence.benefit.paired import Plan, brier_losses, measure_benefit
from dualtrack.evidence.fields import benefit_fields
from dualtrack.evidence.power import (
    detectable_effect,
    power_to_show,
    rows_for_difference,
    rows_for_width,
)

HIGHER = Plan(unit="points", direction="higher is better", effect=0.5)
LOWER = Plan(unit="points", direction="lower is better", effect=0.5)


def test_paired_interval_is_students():
    # Student (1908), table of hours of sleep: differences, mean 1.58, t = 4.0621 on 9 degrees.
    first = np.array([0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0])
    second = np.array([1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4])
    measured = measure_benefit(second, first, HIGHER)
    assert measured.estimate == pytest.approx(1.58)
    assert (measured.low, measured.high) == (pytest.approx(0.7001142, abs=1e-6), pytest.approx(2.4598858, abs=1e-6))
    assert measured.estimate / measured.facts["standard_error"] == pytest.approx(4.0621, abs=1e-4)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.floats(-9, 9), st.floats(-9, 9)), min_size=2, max_size=12))
def test_direction_and_order_only_change_the_sign(pairs):
    ai, baseline = map(np.array, zip(*pairs, strict=True))
    one, other = measure_benefit(ai, baseline, HIGHER), measure_benefit(ai, baseline, LOWER)
    swapped = measure_benefit(baseline, ai, LOWER)
    if one.estimate is None:
        assert {one.outcome, other.outcome, swapped.outcome} == {"underpowered"}
        assert other.estimate is swapped.estimate is None
        assert np.ptp(ai - baseline) <= 1e-13
        return
    assert (one.estimate, one.low) == (pytest.approx(-other.estimate), pytest.approx(-other.high))
    assert (one.estimate, one.low, one.high) == (swapped.estimate, swapped.low, swapped.high)
    # Recomputed from the statistics alone.
    sums = one.statistics
    n, mean = sums["units"], sums["sum_difference"] / sums["sum_size"]
    square = max(
        0.0, sums["sum_difference_squared"] - 2 * mean * sums["sum_product"] + mean**2 * sums["sum_size_squared"]
    )
    assert math.sqrt(n / (n - 1) * square) / n == pytest.approx(one.facts["standard_error"], abs=1e-6)


def test_clusters_of_copies_count_once():
    random = np.random.default_rng(1)
    difference = random.normal(size=50)
    alone = measure_benefit(difference, np.zeros(50), HIGHER)
    copies = np.repeat(difference, 4)
    clustered = measure_benefit(copies, np.zeros(200), HIGHER, cluster=np.repeat(np.arange(50), 4))
    assert (clustered.low, clustered.high) == (pytest.approx(alone.low), pytest.approx(alone.high))
    assert (clustered.n, clustered.facts["independent_units"]) == (200, 50)
    naive = measure_benefit(copies, np.zeros(200), HIGHER)
    assert naive.high - naive.low < 0.6 * (clustered.high - clustered.low)
    # Against a bootstrap that draws whole clusters.
    drawn = random.integers(50, size=(2_000, 50))
    means = copies.reshape(50, 4)[drawn].mean(axis=(1, 2))
    assert np.quantile(means, 0.025) == pytest.approx(clustered.low, abs=0.06)
    assert copies.mean() == pytest.approx(clustered.estimate)


def test_outcome_says_when_the_data_cannot_tell():
    random = np.random.default_rng(2)
    noise = random.normal(size=8)
    unclear = measure_benefit(noise - noise.mean() + 0.2, np.zeros(8), HIGHER)
    assert (unclear.outcome, unclear.low <= 0, unclear.high >= 0.5) == ("underpowered", True, True)
    many = np.tile(noise - noise.mean(), 200)
    none = measure_benefit(many, np.zeros(1600), HIGHER)
    assert (none.outcome, none.low <= 0, none.high < 0.5) == ("measured", True, True)
    assert measure_benefit([1.0], [0.0], HIGHER).estimate is None


@pytest.mark.parametrize(
    ("ai", "baseline", "cluster"),
    [
        ([1, 1], [0, 0], None),
        ([0.5] * 9, [0.5] * 9, None),
        ([0.3, 0.5, 0.8], [0.1, 0.3, 0.6], None),  # 0.2 each, but for the last bits
        ([3.0, 3.0, 3.0, 3.0], [1.0, 1.0, 1.0, 1.0], np.array([1, 1, 2, 3])),
    ],
)
def test_rows_that_all_differ_by_the_same_are_no_certainty(ai, baseline, cluster):
    plan = Plan(unit="points", direction="higher is better", effect=0.1, margin=0.1)
    measured = measure_benefit(ai, baseline, plan, cluster=cluster)
    assert (measured.outcome, measured.estimate, measured.low, measured.high) == ("underpowered", None, None, None)
    assert measured.n == len(ai)
    with pytest.raises(EvidenceError, match="no estimate"):
        benefit_fields(measured, claim="c", baseline="b")


def test_a_small_spread_is_a_spread():
    measured = measure_benefit(np.array([1, 1 + 1e-9, 1 - 1e-9]), np.zeros(3), HIGHER)
    assert (measured.outcome, measured.low < 1 < measured.high) == ("measured", True)


def test_without_a_standard_error_nothing_can_be_shown():
    assert power_to_show(0.5, 0.0) == power_to_show(-0.5, 0.0) == 0.0
    assert power_to_show(0.5, 1e-9) == 1.0


def test_non_inferiority_facts_state_the_margin():
    plan = Plan(unit="minutes", direction="lower is better", effect=1.0, margin=0.2)
    random = np.random.default_rng(3)
    ai = random.normal(size=2_000)
    measured = measure_benefit(ai, ai + random.normal(scale=0.5, size=2_000), plan)
    assert measured.low > -plan.margin
    assert (measured.facts["margin"], measured.facts["power_for_margin"] > 0.99) == (0.2, True)
    with pytest.raises(FieldError):
        Plan(unit="x", direction="lower is better", effect=0.0)
    with pytest.raises(FieldError):
        Plan(unit="x", direction="lower is better", effect=1.0, margin=math.inf)


def test_power_facts_agree_with_simulation():
    random = np.random.default_rng(4)
    runs = [measure_benefit(random.normal(0.3, 1, 60), np.zeros(60), HIGHER) for _ in range(400)]
    shown = np.mean([run.low > 0 for run in runs])
    assert power_to_show(0.3, 1 / math.sqrt(60)) == pytest.approx(shown, abs=0.06)
    rows = rows_for_difference(1.0, 0.3)
    assert rows == 88
    assert detectable_effect(1 / math.sqrt(rows)) == pytest.approx(0.3, abs=0.002)


def test_sizes_match_the_textbook():
    assert rows_for_width(1.0, 0.1) == 385
    for call in (
        lambda: rows_for_difference(0, 1),
        lambda: rows_for_width(1, 0),
        lambda: rows_for_difference(1, 1, power=0.4),
    ):
        with pytest.raises(FieldError):
            call()


def test_brier_losses_are_squared_errors():
    assert brier_losses([1, 0], [0.8, 0.1]).tolist() == [pytest.approx(0.04), pytest.approx(0.01)]


SHARE = Plan(unit="share of outcomes", direction="higher is better", effect=0.05)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.booleans(), st.integers(0, 5), st.integers(0, 5)), min_size=6, max_size=40).filter(
        lambda r: sum(x[0] for x in r) > 1
    )
)
def test_capture_equals_brute_force(rows):
    label, ai, baseline = (np.array(column, dtype=float) for column in zip(*rows, strict=True))
    measured = measure_capture(label, ai, baseline, SHARE, capacity=0.3, seed=5, draws=50)
    size = measured.statistics["list_size"]
    shares = [label[top(score, size, seed=5)].sum() / label.sum() for score in (ai, baseline)]
    if measured.estimate is None:
        assert measured.outcome == "underpowered"
        assert shares[0] - shares[1] in (-1, 0, 1)  # the same outcomes on both lists, or all on one alone
    else:
        assert measured.estimate == pytest.approx(shares[0] - shares[1])
        assert [part.estimate for part in measured.parts] == pytest.approx(shares)
    counts = np.array(measured.statistics["count_ai_baseline_outcome"])
    assert counts.sum() == len(rows)
    assert counts[1].sum() == counts[:, 1].sum() == size
    best = set(np.sort(ai)[-size:])
    assert set(ai[top(ai, size, seed=5)]) <= best


def test_capture_interval_covers_and_shuffling_loses_it():
    random = np.random.default_rng(8)
    signal = random.normal(size=6_000)
    label = random.random(6_000) < 1 / (1 + np.exp(2 - 1.5 * signal))
    poor = signal + random.normal(scale=2, size=6_000)
    good = measure_capture(label, signal, poor, SHARE, capacity=0.1, seed=1)
    assert good.low > 0
    again = measure_capture(random.permutation(label), signal, poor, SHARE, capacity=0.1, seed=1)
    assert again.low <= 0 <= again.high
    same = measure_capture(label, signal, signal, SHARE, capacity=0.1, seed=1)
    assert (same.outcome, same.estimate) == ("underpowered", None)


def test_capture_interval_matches_a_bootstrap_of_the_rows():
    random = np.random.default_rng(9)
    label = (random.random(800) < 0.3).astype(float)
    ai, baseline = random.random(800) + label, random.random(800) + label * 0.5
    measured = measure_capture(label, ai, baseline, SHARE, capacity=0.2, seed=1, draws=4_000)
    lists = [top(score, 160, seed=1) for score in (ai, baseline)]
    draws = [(rows := random.integers(800, size=800), label[rows].sum())[0] for _ in range(2_000)]
    slow = [
        (label[rows] * lists[0][rows]).sum() / label[rows].sum()
        - (label[rows] * lists[1][rows]).sum() / label[rows].sum()
        for rows in draws
    ]
    assert (measured.low, measured.high) == pytest.approx(tuple(np.quantile(slow, [0.025, 0.975])), abs=0.012)


def test_two_outcomes_all_on_one_list_are_no_certainty():
    label = np.array([1, 1, 0, 0, 0, 0, 0, 0, 0, 0])
    measured = measure_capture(label, label, 1 - label, SHARE, capacity=0.2, seed=1)
    assert (measured.outcome, measured.estimate, measured.low, measured.high) == ("underpowered", None, None, None)
    assert measured.statistics["count_ai_baseline_outcome"][1][0] == [0, 2]
    with pytest.raises(EvidenceError, match="no estimate"):
        benefit_fields(measured, claim="c", baseline="b")


def test_one_draw_is_no_interval_and_none_with_outcomes_is_refused():
    label = np.array([1, 1] + [0] * 98)
    options = {"capacity": 0.2, "draws": 1}
    assert measure_capture(label, label, 1 - label, SHARE, seed=2, **options).outcome == "underpowered"
    with pytest.raises(FieldError, match="no draw holds an outcome"):
        measure_capture(label, label, 1 - label, SHARE, seed=1, **options)


def test_a_list_holds_halves_up():
    assert [list_size(0.5, n) for n in (3, 5, 7)] == [2, 3, 4]


def test_capture_refuses_a_list_of_nobody_or_everybody():
    for capacity in (0.0, 1.0, 0.001, 0.999):
        with pytest.raises(FieldError, match=r"capacity|list"):
            measure_capture([0, 1, 1], [1, 2, 3], [3, 2, 1], SHARE, capacity=capacity, seed=1)
    assert measure_capture([0, 0, 1], [1, 2, 3], [3, 2, 1], SHARE, capacity=0.4, seed=1).outcome == "underpowered"
