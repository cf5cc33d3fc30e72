"""Intervals of a proportion: published values, coverage by counting every outcome, and clusters."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from dualtrack.errors import FieldError
from dualtrack.evidence.intervals.clopper_pearson import exact_limits, trials_for_limit, upper_limit
from dualtrack.evidence.intervals.clustered_share import Clusters, clustered_share
from dualtrack.evidence.intervals.wilson import wilson_limits


def test_wilson_gives_the_values_of_newcombe_1998():
    # Newcombe (1998), Statistics in Medicine 17, table I: method 3 (score without correction)
    for hits, n, low, high in (
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ):
        found = wilson_limits(hits, n, 0.95)
        assert (round(found.low, 4), round(found.high, 4)) == (low, high)


def test_clopper_pearson_gives_the_values_of_newcombe_1998_and_of_scipy():
    for hits, n, low, high in (
        (81, 263, 0.2527, 0.3676),
        (15, 148, 0.0578, 0.1617),
        (0, 20, 0.0, 0.1684),
        (1, 29, 0.0009, 0.1776),
    ):
        found = exact_limits(hits, n, 0.95)
        assert (round(found.low, 4), round(found.high, 4)) == (low, high)
        theirs = stats.binomtest(hits, n).proportion_ci(0.95, method="exact")
        assert found.low == pytest.approx(theirs.low, abs=1e-12)
        assert found.high == pytest.approx(theirs.high, abs=1e-12)


@pytest.mark.parametrize("n", [1, 5, 30])
@pytest.mark.parametrize("share", [0.01, 0.2, 0.5, 0.9])
def test_clopper_pearson_never_covers_less_than_it_says(n, share):
    covered = sum(
        stats.binom.pmf(hits, n, share)
        for hits in range(n + 1)
        if exact_limits(hits, n, 0.9).low <= share <= exact_limits(hits, n, 0.9).high
    )
    assert covered >= 0.9


def test_the_rule_of_three_is_near_the_exact_limit():
    for n in (30, 100, 1_000):
        assert upper_limit(0, n, 0.95) == pytest.approx(1 - 0.05 ** (1 / n))
        assert upper_limit(0, n, 0.95) == pytest.approx(3 / n, rel=0.06)
    assert upper_limit(4, 4, 0.95) == 1.0


@given(st.floats(0.001, 0.5))
def test_the_trials_that_would_do_are_the_fewest_that_do(limit):
    n = trials_for_limit(limit, 0.95)
    assert exact_limits(0, n, 0.95).high <= limit + 1e-12
    assert n == 1 or exact_limits(0, n - 1, 0.95).high > limit - 1e-12


@given(st.integers(1, 500), st.data())
def test_limits_hold_the_share_and_lie_between_0_and_1(n, data):
    hits = data.draw(st.integers(0, n))
    for form in (wilson_limits, exact_limits):
        low, high = form(hits, n, 0.95)
        assert 0 <= low <= hits / n <= high <= 1


def test_clusters_of_one_say_nearly_what_independent_rows_say():
    found = clustered_share([Clusters(1, 1, 40), Clusters(0, 1, 160)], 0.95)
    alone = exact_limits(40, 200, 0.95)
    assert found.low == pytest.approx(alone.low, abs=2e-3)
    assert found.high == pytest.approx(alone.high, abs=2e-3)


def test_clusters_that_stand_and_fall_together_say_as_much_as_their_number():
    together = clustered_share([Clusters(10, 10, 8), Clusters(0, 10, 32)], 0.95)
    alone = exact_limits(8, 40, 0.95)
    assert together.low == pytest.approx(alone.low, abs=0.02)
    assert together.high == pytest.approx(alone.high, abs=0.02)
    assert together.high - together.low > 2 * (wilson_limits(80, 400, 0.95).high - wilson_limits(80, 400, 0.95).low)


def test_clusters_without_a_hit_count_as_one_trial_each():
    assert clustered_share([Clusters(0, 100, 10)], 0.95) == exact_limits(0, 10, 0.95)
    assert clustered_share([Clusters(3, 100)], 0.95) is None  # one cluster has no variance


def test_clustered_limits_cover_where_rows_repeat():
    random = np.random.default_rng(3)
    hits = 0
    for _ in range(200):
        chance = random.beta(2, 6, 25)
        drawn = random.binomial(8, chance)
        low, high = clustered_share([Clusters(int(each), 8) for each in drawn], 0.9)
        hits += low <= 0.25 <= high
    assert hits / 200 > 0.9 - 3 * math.sqrt(0.09 / 200)


def test_what_is_no_proportion_is_refused():
    for call in (
        lambda: wilson_limits(1, 0, 0.95),
        lambda: exact_limits(3, 2, 0.95),
        lambda: trials_for_limit(0.0, 0.95),
    ):
        with pytest.raises(FieldError):
            call()
