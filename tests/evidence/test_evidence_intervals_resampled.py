"""Intervals by resampling, over clusters, of ratios, and at every look: oracles, coverage in small, and why each fails."""

import math

import numpy as np
import pytest
from scipy.stats import bootstrap, skew

from dualtrack.errors import FieldError
from dualtrack.evidence.intervals.answer import Interval, NoInterval
from dualtrack.evidence.intervals.bca import bca
from dualtrack.evidence.intervals.cluster_bootstrap import cluster_bootstrap
from dualtrack.evidence.intervals.cluster_t import cluster_t
from dualtrack.evidence.intervals.fieller import Pair, fieller
from dualtrack.evidence.intervals.multinomial import multinomial_bootstrap
from dualtrack.evidence.intervals.sequence import ROWS_FIRST, ROWS_PER_SKEW, Spread, asymptotic, bounded
from dualtrack.evidence.intervals.studentised import Estimate, studentised


def mean_and_error(rows):
    return Estimate(float(rows.mean()), float(rows.std(ddof=1)) / math.sqrt(len(rows)))


def test_bca_equals_another_library():
    rows = np.random.default_rng(1).lognormal(size=60)
    for statistic in (np.mean, np.var):
        ours = bca(rows, lambda x, f=statistic: float(f(x)), seed=1, draws=6_000)
        theirs = bootstrap((rows,), statistic, n_resamples=6_000, method="BCa", rng=2).confidence_interval
        width = theirs.high - theirs.low
        assert ours == pytest.approx((theirs.low, theirs.high), abs=0.06 * width)
    # Its point is the skew: percentiles of the same draws lie lower.
    assert skew(rows) > 1
    plain = bootstrap((rows,), np.var, n_resamples=6_000, method="percentile", rng=2).confidence_interval
    assert ours.low > plain.low
    assert ours.high > plain.high


def test_bca_names_why_it_fails():
    random = np.random.default_rng(2)
    assert bca(random.normal(size=9), np.mean, seed=1) == NoInterval("too few rows")
    assert bca(np.full(30, 0.1), np.mean, seed=1, draws=50) == NoInterval("no spread")
    distinct = lambda rows: float(len(np.unique(rows)))  # noqa: E731
    assert bca(random.normal(size=30), distinct, seed=1, draws=99) == NoInterval("bias undefined")
    assert bca(random.normal(size=30), lambda _rows: math.nan, seed=1, draws=50) == NoInterval("too few defined draws")
    # A median whose neighbours are equal: leaving one row out changes nothing, though draws differ.
    heap = np.array([0.0] * 14 + [1.0] * 9 + [2.0] * 14)
    assert bca(heap, np.median, seed=1, draws=400) == NoInterval("acceleration undefined")
    with pytest.raises(FieldError, match="at most"):
        bca(np.zeros(50_001), np.mean, seed=1)
    with pytest.raises(FieldError, match="draws"):
        bca(random.normal(size=30), np.mean, seed=1, draws=0)


def test_studentised_covers_a_skewed_mean_better_than_percentiles():
    random = np.random.default_rng(3)
    held = {"student": 0, "percentile": 0}
    for run in range(60):
        rows = random.exponential(size=15)
        ours = studentised(rows, mean_and_error, seed=run, draws=150)
        means = rows[random.integers(15, size=(150, 15))].mean(1)
        held["student"] += ours.low <= 1 <= ours.high
        held["percentile"] += np.quantile(means, 0.025) <= 1 <= np.quantile(means, 0.975)
    assert held["student"] > held["percentile"]
    assert held["student"] > 52


def test_studentised_names_why_it_fails():
    assert studentised(np.arange(4.0), mean_and_error, seed=1) == NoInterval("too few rows")
    assert studentised(np.full(20, 0.1), mean_and_error, seed=1) == NoInterval("no spread")
    # One row in two hundred differs: a third of the draws hold it not; one in forty of ten values: two thirds do not.
    rare = np.array([0.0] * 5 + [1.0])
    zero_error = lambda rows: Estimate(float(rows.mean()), float(rows.sum() >= 3))  # noqa: E731
    assert studentised(rare, mean_and_error, seed=1, draws=200) != NoInterval("no spread")
    assert studentised(rare, zero_error, seed=1, draws=200) == NoInterval("no spread")
    flip = lambda rows: Estimate(float(rows.mean()), 1.0 if (rows == rare).all() else 0.0)  # noqa: E731
    assert studentised(rare, flip, seed=1, draws=200) == NoInterval("too few defined draws")


def share_difference(tables):
    tables = tables.astype(float)
    rows = tables.sum(-1)
    rates = np.divide(tables[..., 1], rows, out=np.full(rows.shape, np.nan), where=rows > 0)
    return rates[:, 0] - rates[:, 1]


def test_multinomial_draws_are_a_bootstrap_of_the_rows():
    counts = np.array([[30, 20], [40, 10]])
    ours = multinomial_bootstrap(counts, share_difference, seed=1, draws=4_000)
    group, outcome = np.repeat([0, 0, 1, 1], counts.ravel()), np.repeat([0, 1, 0, 1], counts.ravel())
    picks = np.random.default_rng(5).integers(100, size=(4_000, 100))
    first = group[picks] == 0
    slow = (outcome[picks] * first).sum(1) / first.sum(1) - (outcome[picks] * ~first).sum(1) / (~first).sum(1)
    assert ours == pytest.approx(tuple(np.quantile(slow, [0.025, 0.975])), abs=0.015)


def test_multinomial_names_why_it_fails():
    run = lambda counts: multinomial_bootstrap(np.array(counts), share_difference, seed=1, draws=100)  # noqa: E731
    assert run([[0, 0], [0, 0]]) == NoInterval("no rows")
    assert run([[5, 0], [5, 0]]) == NoInterval("no spread")
    assert run([[0, 0], [5, 3]]) == NoInterval("too few defined draws")
    with pytest.raises(FieldError):
        run([[-1, 3], [5, 3]])


def test_clusters_agree_between_bootstrap_and_student():
    random = np.random.default_rng(6)
    sizes = random.integers(1, 9, size=120).astype(float)
    sums = sizes * random.normal(1.0, 0.7, size=120)
    student = cluster_t(sizes, sums)
    drawn = cluster_bootstrap(np.column_stack([sizes, sums]), lambda t: t[:, 1] / t[:, 0], seed=1, draws=3_000)
    assert drawn == pytest.approx(student, abs=0.04)
    few = slice(0, 19)
    assert cluster_bootstrap(sizes[few, None], lambda t: t[:, 0], seed=1) == NoInterval("too few clusters")
    assert cluster_t(sizes[:1], sums[:1]) == NoInterval("too few clusters")
    assert cluster_t(sizes, 0.1 * sizes) == NoInterval("no spread")
    with pytest.raises(FieldError):
        cluster_t(np.zeros(3), np.zeros(3))


def test_cluster_student_covers_with_few_clusters():
    random = np.random.default_rng(7)
    held = 0
    for _ in range(250):
        sizes = random.integers(1, 6, size=12).astype(float)
        limits = cluster_t(sizes, sizes * random.normal(size=12) + random.normal(size=12) * np.sqrt(sizes))
        held += limits.low <= 0 <= limits.high
    assert 0.87 <= held / 250 <= 0.98  # twelve clusters of unequal size: somewhat too narrow, as it says


def test_a_ratio_is_fiellers():
    # By hand: independent means 10 and 5, variances 1 and 0.25, z = 2: a = 24, b = 50, c = 96.
    limits = fieller(Pair(10.0, 5.0, 1.0, 0.25), 2.0)
    root = math.sqrt(2500 - 24 * 96)
    assert limits == pytest.approx(((50 - root) / 24, (50 + root) / 24))
    assert fieller(Pair(10.0, 0.9, 1.0, 0.25), 2.0) == NoInterval("denominator may be zero")
    assert fieller(Pair(10.0, 5.0, 0.0, 0.0), 2.0) == NoInterval("no spread")
    random = np.random.default_rng(8)
    held = 0
    for _ in range(500):
        top, bottom = random.normal(3.0, 1.0, 40), random.normal(2.0, 1.0, 40)
        limits = fieller(Pair(top.mean(), bottom.mean(), top.var(ddof=1) / 40, bottom.var(ddof=1) / 40), 1.99)
        held += isinstance(limits, Interval) and limits.low <= 1.5 <= limits.high
    assert 0.92 <= held / 500 <= 0.98


def looks(values, first):
    """Say which runs ever leave limits of width `first(rows, deviations, skewness)`, looking after every row."""
    rows = np.arange(1.0, values.shape[1] + 1)
    mean, square, cube = (np.cumsum(values**power, axis=1) / rows for power in (1, 2, 3))
    deviation = np.sqrt(np.maximum(0, square - mean**2))
    with np.errstate(divide="ignore", invalid="ignore"):
        skewness = (cube - 3 * mean * square + 2 * mean**3) / deviation**3
    out = np.zeros(len(values), dtype=bool)
    for at, n in enumerate(rows.astype(int).tolist()):
        half = first(n, deviation[:, at], np.where(deviation[:, at] > 1e-9, skewness[:, at], np.inf))
        out |= np.abs(mean[:, at]) > half
    return out


def sequence_width(n, deviation, skewness):
    unit = asymptotic(n, 0.0, Spread(1.0, 0.0), planned=800)
    if isinstance(unit, NoInterval):
        return np.full(len(deviation), np.inf)
    return np.where(n >= ROWS_PER_SKEW * skewness**2, unit.high * deviation, np.inf)


def one_look_width(n, deviation, skewness):
    return 1.96 * deviation / math.sqrt(n) if n >= ROWS_FIRST else np.full(len(deviation), np.inf)


@pytest.mark.parametrize(
    "values",
    [
        np.random.default_rng(9).normal(size=(500, 1_200)),
        np.random.default_rng(10).exponential(size=(500, 1_200)) - 1.0,
        (np.random.default_rng(11).random(size=(500, 1_200)) < 0.02) - 0.02,
    ],
    ids=["normal", "skewed", "rare"],
)
def test_looking_after_every_row_keeps_false_alarms_at_the_level(values):
    # Chance of more than 38 of 500 at a true 5 %: under one in a hundred. One look's limits, looked at often, lose it.
    assert looks(values, sequence_width).sum() <= 38
    assert looks(values, one_look_width).sum() > 75


def test_bounded_values_keep_the_level_from_the_first_row():
    signs = np.random.default_rng(12).choice([-1.0, 1.0], size=(500, 1_200))
    width = lambda n, _deviation, _skewness: bounded(n, 0.0, 1.0, planned=800).high  # noqa: E731
    assert looks(signs, width).sum() <= 38


def test_a_sequence_is_narrowest_near_its_plan_and_fails_early():
    width = {planned: asymptotic(1_000, 0.0, Spread(1.0, 0.0), planned=planned).high for planned in (50, 1_000, 50_000)}
    assert width[1_000] == min(width.values())
    assert 1.96 / math.sqrt(1_000) < width[1_000] < 1.7 * 1.96 / math.sqrt(1_000)
    assert asymptotic(ROWS_FIRST - 1, 0.0, Spread(1.0, 0.0), planned=10) == NoInterval("too few rows")
    assert asymptotic(ROWS_FIRST, 0.0, Spread(0.0, 0.0), planned=10) == NoInterval("no spread")
    assert asymptotic(449, 0.0, Spread(1.0, 3.0), planned=10) == NoInterval("too few rows")
    assert isinstance(asymptotic(450, 0.0, Spread(1.0, -3.0), planned=10), Interval)
    assert bounded(0, 0.0, 1.0, planned=10) == NoInterval("no rows")
    assert bounded(1, 0.5, 1.0, planned=10) == Interval(-1.0, 1.0)
    for call in (lambda: bounded(5, 0.0, 0.0, planned=10), lambda: asymptotic(500, 0.0, Spread(1.0, 0.0), planned=0)):
        with pytest.raises(FieldError):
            call()
