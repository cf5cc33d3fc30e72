"""Intervals of counts: against published tables, another library, and their own promise of coverage."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom, binomtest, poisson

from dualtrack.errors import FieldError
from dualtrack.evidence.intervals.answer import Interval, NoInterval
from dualtrack.evidence.intervals.clopper_pearson import clopper_pearson
from dualtrack.evidence.intervals.garwood import garwood
from dualtrack.evidence.intervals.miettinen_nurminen import miettinen_nurminen
from dualtrack.evidence.intervals.newcombe import newcombe
from dualtrack.evidence.intervals.wilson import wilson

COUNTS = st.integers(1, 200).flatmap(lambda rows: st.tuples(st.integers(0, rows), st.just(rows)))


# Newcombe (1998), Statistics in Medicine 17, 857-872, table I, methods 3 (score) and 5 (exact).
@pytest.mark.parametrize(
    ("successes", "rows", "score", "exact"),
    [
        (81, 263, (0.2553, 0.3662), (0.2527, 0.3676)),
        (15, 148, (0.0624, 0.1605), (0.0578, 0.1617)),
        (0, 20, (0.0, 0.1611), (0.0, 0.1684)),
        (1, 29, (0.0061, 0.1718), (0.0009, 0.1776)),
    ],
)
def test_one_proportion_is_the_published_one(successes, rows, score, exact):
    assert wilson(successes, rows) == pytest.approx(score, abs=5e-5)
    assert clopper_pearson(successes, rows) == pytest.approx(exact, abs=5e-5)


# Newcombe (1998), Statistics in Medicine 17, 873-890, table II, methods 6 (Miettinen and Nurminen) and 10 (hybrid score).
@pytest.mark.parametrize(
    ("table", "score", "hybrid"),
    [
        ((56, 70, 48, 80), (0.0528, 0.3382), (0.0524, 0.3339)),
        ((9, 10, 3, 10), (0.1700, 0.8406), (0.1705, 0.8090)),
        ((5, 56, 0, 29), (-0.0326, 0.1933), (-0.0381, 0.1926)),
        ((0, 10, 0, 20), (-0.1658, 0.2844), (-0.1611, 0.2775)),
        ((10, 10, 0, 20), (0.7156, 1.0), (0.6791, 1.0)),
        ((10, 10, 0, 10), (0.6636, 1.0), (0.6075, 1.0)),
    ],
)
def test_two_proportions_are_the_published_ones(table, score, hybrid):
    assert newcombe(*table) == pytest.approx(hybrid, abs=6e-5)
    assert miettinen_nurminen(*table) == pytest.approx(score, abs=6e-5)


@settings(max_examples=60, deadline=None)
@given(COUNTS, st.sampled_from([0.8, 0.95, 0.99]))
def test_one_proportion_equals_another_library(counts, level):
    test = binomtest(*counts)
    for method, ours in (("wilson", wilson), ("exact", clopper_pearson)):
        theirs = test.proportion_ci(level, method=method)
        assert ours(*counts, level=level) == pytest.approx((theirs.low, theirs.high), abs=1e-9)


@settings(max_examples=60, deadline=None)
@given(COUNTS, COUNTS)
def test_a_difference_turns_with_its_sides_and_holds_the_point(first, other):
    point = first[0] / first[1] - other[0] / other[1]
    for method in (newcombe, miettinen_nurminen):
        limits, turned = method(*first, *other), method(*other, *first)
        assert -1 <= limits.low <= point + 1e-12
        assert point - 1e-12 <= limits.high <= 1
        assert limits == pytest.approx((-turned.high, -turned.low), abs=1e-9)


def test_coverage_is_as_promised():
    # Brown, Cai and DasGupta (2001): Wilson's coverage is near its level on average, Clopper and Pearson's never below.
    rows, rates = 40, np.linspace(0.005, 0.995, 199)
    found = {}
    for method in (wilson, clopper_pearson):
        limits = np.array([method(count, rows) for count in range(rows + 1)])
        mass = binom.pmf(np.arange(rows + 1)[:, None], rows, rates)
        held = (limits[:, :1] <= rates) & (rates <= limits[:, 1:])
        found[method] = (mass * held).sum(0)
    assert abs(found[wilson].mean() - 0.95) < 0.01
    assert found[clopper_pearson].min() >= 0.95
    assert found[clopper_pearson].mean() > found[wilson].mean()


@pytest.mark.parametrize(("method", "least"), [(newcombe, 0.94), (miettinen_nurminen, 0.93)])
def test_coverage_of_a_difference(method, least):
    rows, other = 18, 25
    limits = np.array([[method(a, rows, b, other) for b in range(other + 1)] for a in range(rows + 1)])
    covered = []
    for rate, rate_other in [(0.5, 0.5), (0.1, 0.3), (0.9, 0.2), (0.05, 0.05)]:
        mass = np.outer(binom.pmf(np.arange(rows + 1), rows, rate), binom.pmf(np.arange(other + 1), other, rate_other))
        held = (limits[..., 0] <= rate - rate_other) & (rate - rate_other <= limits[..., 1])
        covered.append((mass * held).sum())
    assert min(covered) > least
    assert np.mean(covered) < 0.99


def test_a_poisson_rate_is_garwoods():
    # Garwood (1936), table 1: 95 % limits of a count.
    assert garwood(0, 1.0) == pytest.approx((0.0, 3.689), abs=5e-4)
    assert garwood(5, 1.0) == pytest.approx((1.623, 11.668), abs=5e-4)
    assert garwood(10, 100.0) == pytest.approx((0.04795, 0.18390), abs=5e-6)
    limits = np.array([garwood(count, 1.0) for count in range(80)])
    for rate in (0.3, 2.0, 7.5, 20.0):
        held = (limits[:, 0] <= rate) & (rate <= limits[:, 1])
        assert (poisson.pmf(np.arange(80), rate) * held).sum() >= 0.95


def test_without_rows_there_is_no_interval():
    nothing = NoInterval("no rows")
    assert wilson(0, 0) == clopper_pearson(0, 0) == garwood(0, 0.0) == nothing
    assert newcombe(0, 0, 1, 2) == newcombe(1, 2, 0, 0) == miettinen_nurminen(1, 2, 0, 0) == nothing


@pytest.mark.parametrize(
    "call",
    [
        lambda: wilson(3, 2),
        lambda: clopper_pearson(-1, 2),
        lambda: newcombe(1, 2, 3, 2),
        lambda: miettinen_nurminen(1, 2, -1, 2),
        lambda: garwood(-1, 2.0),
        lambda: garwood(1, math.inf),
        lambda: wilson(1, 2, level=1.0),
        lambda: clopper_pearson(1, 2, level=0.0),
        lambda: garwood(1, 2.0, level=95),
    ],
)
def test_wrong_arguments_are_errors_not_answers(call):
    with pytest.raises(FieldError):
        call()


def test_equal_tables_hold_no_difference():
    assert miettinen_nurminen(5, 10, 5, 10).low < 0 < miettinen_nurminen(5, 10, 5, 10).high
    assert isinstance(miettinen_nurminen(0, 3, 0, 3), Interval)
