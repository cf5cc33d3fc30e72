"""Calibration: known answers, brute force and what cannot be answered."""

import numpy as np
import pytest

from dualtrack.errors import FieldError
from dualtrack.evidence.performance.calibration import expected_error, measure_calibration


def sample(n=4_000, seed=1, distort=1.0):
    random = np.random.default_rng(seed)
    odds = random.normal(-1, 1, n)
    label = random.random(n) < 1 / (1 + np.exp(-odds))
    return label, 1 / (1 + np.exp(-odds * distort))


def test_true_probabilities_are_calibrated():
    label, stated = sample()
    brier, large, slope, error = measure_calibration(label, stated, seed=1, draws=300)
    assert brier.estimate == pytest.approx(np.mean((stated - label) ** 2))
    assert brier.low < brier.estimate < brier.high
    assert large.low <= 0 <= large.high
    assert slope.low <= 1 <= slope.high
    assert error.estimate < 0.03
    assert (sum(part.n for part in error.parts), len(error.parts)) == (4_000, 10)


def test_every_part_keeps_the_level_that_was_asked():
    label, stated = sample(n=500)
    usual, narrow = (measure_calibration(label, stated, seed=1, draws=20, level=level)[3] for level in (0.95, 0.5))
    assert (usual.level, narrow.level) == (0.95, 0.5)
    for wide, part in zip(usual.parts, narrow.parts, strict=True):
        assert part.estimate == wide.estimate
        # z is 1.95996 for nineteen of twenty and 0.67449 for one of two
        assert (wide.high - wide.low) / (part.high - part.low) == pytest.approx(1.959964 / 0.674490, rel=1e-5)


def test_over_confidence_shows_in_the_slope():
    label, stated = sample(distort=2.0)
    slope = measure_calibration(label, stated, seed=1, draws=10)[2]
    assert slope.high < 0.6
    assert slope.estimate == pytest.approx(0.5, abs=0.06)


def test_slope_equals_scikit_learn():
    linear = pytest.importorskip("sklearn.linear_model")
    label, stated = sample(n=800)
    model = linear.LogisticRegression(C=np.inf, tol=1e-10, max_iter=1000).fit(
        np.log(stated / (1 - stated))[:, None], label
    )
    slope = measure_calibration(label, stated, seed=1, draws=10)[2]
    assert slope.estimate == pytest.approx(float(model.coef_[0, 0]), rel=1e-4)
    assert slope.facts["intercept"] == pytest.approx(float(model.intercept_[0]), rel=1e-4)


def test_expected_error_equals_brute_force_and_its_statistics():
    label, stated = sample(n=500)
    error = measure_calibration(label, stated, seed=1, draws=50, bins=5)[3]
    order = np.argsort(stated)
    groups = np.array_split(order, 5)
    brute = sum(abs(label[group].sum() - stated[group].sum()) for group in groups) / 500
    assert error.estimate == pytest.approx(brute, abs=0.004)
    count, total = np.array(error.statistics["count"], float), np.array(error.statistics["score_sum"])
    assert float(expected_error(count, total / np.maximum(count, 1))) == error.estimate


def test_interval_covers_about_as_often_as_it_says():
    large = [measure_calibration(*sample(n=300, seed=seed), seed=seed, draws=2)[1:3] for seed in range(250)]
    assert 0.9 <= np.mean([m[0].low <= 0 <= m[0].high for m in large]) <= 0.99
    assert 0.9 <= np.mean([m[1].low <= 1 <= m[1].high for m in large]) <= 0.99


@pytest.mark.parametrize(
    ("label", "stated"),
    [
        ([0, 1] * 20, [0.4] * 40),
        ([0] * 20 + [1] * 20, [0.1] * 20 + [0.9] * 20),
        ([0] * 40, list(np.linspace(0.1, 0.9, 40))),
    ],
)
def test_no_slope_where_there_is_none(label, stated):
    brier, _, slope, error = measure_calibration(label, stated, seed=1, draws=20)
    assert (slope.outcome, slope.estimate) == ("underpowered", None)
    assert (brier.outcome, error.outcome) == ("measured", "measured")


def test_extremes_and_ties_do_not_break_it():
    measured = measure_calibration([0, 1, 0, 1, 1], [0, 1, 0, 0.5, 0.5], seed=1, draws=20)
    assert measured[3].outcome == "underpowered"
    assert measure_calibration([1], [0.5], seed=1, draws=5)[0].outcome == "underpowered"


def test_scores_outside_zero_and_one_are_refused():
    with pytest.raises(FieldError, match=r"probability\[1\]"):
        measure_calibration([0, 1], [0.2, 1.2], seed=1)
