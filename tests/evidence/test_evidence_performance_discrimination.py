"""AUC: against brute force, against scikit-learn, and the behaviour of its intervals."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dualtrack.errors import FieldError
from dualtrack.evidence.arrays import labels, reals
from dualtrack.evidence.performance.discrimination import measure_auc, measure_auc_difference, placements


def brute(label, score):
    pairs = [(a > b) + (a == b) / 2 for a in score[label == 1] for b in score[label == 0]]
    return float(np.mean(pairs))


rows = st.lists(st.tuples(st.booleans(), st.integers(0, 4), st.integers(0, 4)), min_size=4, max_size=30).filter(
    lambda drawn: 2 <= sum(row[0] for row in drawn) <= len(drawn) - 2
)


@settings(max_examples=60, deadline=None)
@given(rows)
def test_auc_and_variance_equal_the_definitions(drawn):
    label, first, second = (np.array(column, dtype=float) for column in zip(*drawn, strict=True))
    measured = measure_auc_difference(label, first, second)
    assert measured.statistics["auc"] == pytest.approx(brute(label, first))
    assert measured.statistics["auc_baseline"] == pytest.approx(brute(label, second))
    # DeLong's variance from the full matrix of comparisons.
    wins = [
        ((s[label == 1][:, None] > s[label == 0]) + (s[label == 1][:, None] == s[label == 0]) / 2)
        for s in (first, second)
    ]
    kernel = wins[0] - wins[1]
    variance = kernel.mean(1).var(ddof=1) / kernel.shape[0] + kernel.mean(0).var(ddof=1) / kernel.shape[1]
    assert measured.statistics["variance"] == pytest.approx(variance, abs=1e-12)
    if variance < 1e-12:
        assert (measured.outcome, measured.estimate, measured.low) == ("underpowered", None, None)
    else:
        assert measured.estimate == pytest.approx(brute(label, first) - brute(label, second))
        assert measured.low < measured.estimate < measured.high


@settings(max_examples=30, deadline=None)
@given(rows)
def test_auc_laws(drawn):
    label, score = (np.array(column, dtype=float) for column in list(zip(*drawn, strict=True))[:2])
    measured = measure_auc(label, score)
    assert measured.estimate == pytest.approx(1 - measure_auc(label, -score).estimate)
    assert measured.estimate == pytest.approx(measure_auc(label, score * 7 - 3).estimate)
    assert 0 <= measured.low <= measured.estimate <= measured.high <= 1


def test_auc_equals_scikit_learn():
    metrics = pytest.importorskip("sklearn.metrics")
    random = np.random.default_rng(1)
    label, score = random.random(3_000) < 0.2, random.integers(0, 200, 3_000)
    assert measure_auc(label, score).estimate == pytest.approx(metrics.roc_auc_score(label, score), abs=1e-12)


def test_intervals_of_delong_and_bootstrap_agree():
    random = np.random.default_rng(2)
    label = random.random(1_000) < 0.3
    score = random.normal(size=1_000) + label
    delong = measure_auc(label, score)
    # The bootstrap within each class, by the wins of every positive over every negative.
    wins = (score[label][:, None] > score[~label]).astype(float)
    areas = [
        wins[
            np.ix_(random.integers(len(wins), size=len(wins)), random.integers(wins.shape[1], size=wins.shape[1]))
        ].mean()
        for _ in range(800)
    ]
    assert wins.mean() == pytest.approx(delong.estimate)
    low, high = np.quantile(areas, [0.025, 0.975])
    assert (low, high) == (pytest.approx(delong.low, abs=0.006), pytest.approx(delong.high, abs=0.006))


def test_interval_covers_about_as_often_as_it_says():
    random = np.random.default_rng(5)
    truth = 0.7602499389  # P(N(1,1) > N(0,1)) = Phi(1 / sqrt 2)
    label = np.arange(240) < 80
    runs = [measure_auc(label, random.normal(size=240) + label) for _ in range(400)]
    covered = sum(run.low <= truth <= run.high for run in runs) / len(runs)
    assert 0.91 <= covered <= 0.985


def test_shuffled_labels_leave_no_lift():
    random = np.random.default_rng(6)
    label, good, poor = random.random(2_000) < 0.2, random.normal(size=2_000), random.normal(size=2_000)
    good = good + 2 * label
    assert measure_auc_difference(label, good, poor).low > 0
    shuffled = measure_auc_difference(random.permutation(label), good, poor)
    assert shuffled.low <= 0 <= shuffled.high


def test_perfect_order_is_not_certainty():
    measured = measure_auc([0] * 50 + [1] * 10, range(60))
    assert (measured.estimate, measured.high) == (1.0, 1.0)
    assert measured.low == pytest.approx(0.025 ** (1 / 10))
    assert measure_auc([1] * 10 + [0] * 50, range(60)).high == pytest.approx(1 - 0.025 ** (1 / 10))


def test_too_few_of_a_class_is_underpowered_not_an_error():
    for measured in (
        measure_auc([0, 0, 0, 1], [1, 2, 3, 4]),
        measure_auc([0] * 50 + [1] * 20, range(70), class_size_min=30),
        measure_auc_difference([1, 1], [1, 2], [2, 1]),
        measure_auc_difference([0], [1], [2]),
    ):
        assert (measured.outcome, measured.estimate) == ("underpowered", None)


@pytest.mark.parametrize("baseline", [[1, 2, 3, 4], [4, 3, 2, 1], [1, 1, 1, 1], [1, 2, 5, 9]])
def test_a_difference_without_spread_is_no_certainty(baseline):
    measured = measure_auc_difference([0, 0, 1, 1], [1, 2, 3, 4], baseline)
    assert (measured.outcome, measured.estimate, measured.low, measured.high) == ("underpowered", None, None, None)
    assert measured.statistics["variance"] == 0


@pytest.mark.parametrize(
    ("label", "score", "where"),
    [([0, 2], [1, 2], r"label\[1\]"), ([0, 1], [1, np.nan], r"score\[1\]"), ([0, 1], [1], "rows differ"), ([], [], "no rows"),
     ([0, 1], [[1], [2]], "dimensions"), ([0, 1], ["a", "b"], "not numbers"), (np.ma.array([0, 1], mask=[0, 1]), [1, 2], "missing")],
)  # fmt: skip
def test_bad_input_names_its_place(label, score, where):
    with pytest.raises(FieldError, match=where):
        measure_auc(label, score)


def test_random_scores_on_many_rows_are_worth_one_half():
    random = np.random.default_rng(7)
    label, score = random.random(200_000) < 0.2, random.random(200_000)
    placed = placements(labels(label, "l"), reals(score, "s"))
    assert placed.auc == pytest.approx(0.5, abs=0.01)
