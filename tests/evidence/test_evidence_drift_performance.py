"""Performance without labels: what calibrated scores promise comes true; where the assumption fails, labels show it."""

from __future__ import annotations

import math

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dualtrack.domain.records import to_plain
from dualtrack.errors import FieldError
from dualtrack.evidence.drift.performance import DriftPerformance, PerformanceSettings, PerformanceStatistics
from dualtrack.evidence.measure import Estimating
from dualtrack.evidence.sample import Roles, Sample

DIGEST = "0" * 64
HOW = Estimating(data_digest=DIGEST, draws=200)
PERFORMANCE = DriftPerformance()
AT = PerformanceSettings(threshold=0.3)


def cases(seed, n=2_000, distort=0.0, labelled=True):
    random = np.random.default_rng(seed)
    score = random.beta(2, 5, n)
    truth = random.random(n) < np.clip(score + distort, 0, 1)
    return {"p": score, "y": truth.astype(np.int64)} if labelled else {"p": score}


def sample(columns, reference=None) -> Sample:
    def made(each, other=None):
        return Sample(each, Roles(score="p", label="y" if "y" in each else None), DIGEST, other)

    return made(columns, None if reference is None else made(reference))


def measured(current, reference=None, settings=AT, how=HOW):
    return PERFORMANCE.estimate(PERFORMANCE.gather(sample(current, reference), settings), settings, how)


def test_by_hand():
    score = np.array([0.1, 0.2, 0.7, 0.9] * 10)
    first, order = measured({"p": score})
    assert first.estimate == pytest.approx((0.9 + 0.8 + 0.7 + 0.9) / 4)
    assert first.n == 40
    positives, negatives = [0.1, 0.2, 0.7, 0.9], [0.9, 0.8, 0.3, 0.1]
    pairs = sum(p * (sum(negatives[:i]) + negatives[i] / 2) for i, p in enumerate(positives))
    assert order.measure == "drift.performance.auc"
    assert order.estimate == pytest.approx(pairs / (sum(positives) * sum(negatives)))


def test_calibrated_scores_keep_their_promise_as_often_as_the_interval_says():
    held = 0
    for seed in range(150):
        found = measured(cases(seed, 300))[0]
        held += found.facts["current_assumption_held"]
    assert 0.89 <= held / 150 <= 0.995


def test_where_customers_of_one_score_behave_otherwise_labels_show_it_and_nothing_else_does():
    unlabelled = measured(cases(1, labelled=False), cases(2))[0]
    assert unlabelled.facts["reference_assumption_held"] is True
    assert "current_labelled" not in unlabelled.facts or unlabelled.facts["current_labelled"] == 0
    drifted = measured(cases(1, distort=0.25), cases(2))[0]
    assert drifted.estimate == unlabelled.estimate  # it sees nothing
    assert drifted.facts["current_assumption_held"] is False
    gap = next(part for part in drifted.parts if part.label == "realised minus expected, current")
    assert gap.high < 0 or gap.low > 0


@given(st.integers(1, 199), st.integers(0, 3))
def test_parts_add_up_and_statistics_alone_give_the_same(cut, seed):
    whole_rows = cases(seed, 200)
    whole = PERFORMANCE.gather(sample(whole_rows), AT)
    parts = [
        PERFORMANCE.gather(sample({name: column[part] for name, column in whole_rows.items()}), AT)
        for part in (slice(cut), slice(cut, None))
    ]
    assert PERFORMANCE.merge(parts) == PERFORMANCE.merge(parts[::-1]) == whole
    again = msgspec.convert(to_plain(whole), PerformanceStatistics)
    assert PERFORMANCE.estimate(again, AT, HOW) == PERFORMANCE.estimate(whole, AT, HOW)


def test_the_reference_merges_apart_from_the_current_sample():
    both = PERFORMANCE.gather(sample(cases(1, 100), cases(2, 100)), AT)
    alone = PERFORMANCE.gather(sample(cases(3, 100)), AT)
    merged = PERFORMANCE.merge([both, alone])
    assert sum(cell.n for cell in merged.current.cells) == 200
    assert merged.reference == both.reference
    with pytest.raises(FieldError, match="nothing to merge"):
        PERFORMANCE.merge([])


def test_few_alike_or_imprecise_rows_are_underpowered():
    (few,) = measured(cases(1, 12))
    assert (few.outcome, few.estimate, few.facts["n_needed"]) == ("underpowered", None, 30)
    (alike,) = measured({"p": np.full(500, 0.4)})
    assert (alike.outcome, alike.estimate) == ("underpowered", None)
    narrow = PerformanceSettings(threshold=0.3, half_width=0.001)
    wide = measured(cases(1, 200), settings=narrow)[0]
    assert wide.outcome == "underpowered"
    enough = measured(cases(1, int(wide.facts["n_needed"] * 1.1)), settings=narrow)[0]
    assert enough.outcome == "measured"


def test_labels_of_one_class_and_labels_that_come_late_are_no_fault():
    one = measured({"p": cases(1)["p"], "y": np.zeros(2_000, dtype=np.int64)})[0]
    assert one.facts["current_assumption_held"] is False
    late = {"p": cases(1)["p"], "y": np.ma.array(cases(1)["y"], mask=np.arange(2_000) >= 500)}
    assert measured(late)[0].facts["current_labelled"] == 500


@pytest.mark.parametrize(
    ("columns", "match"),
    [
        ({"p": np.array([0.2, 1.2])}, "outside 0 to 1"),
        ({"p": np.array([-0.1, 0.2])}, "outside 0 to 1"),
        ({"p": np.array([0.1, math.nan])}, "without a score"),
        ({"p": np.array([0.1, math.inf])}, "infinite"),
        ({"p": np.array([0.1, 0.2]), "y": np.array([0, 2])}, "outcome"),
    ],
)
def test_what_is_no_probability_or_outcome_is_refused(columns, match):
    with pytest.raises(FieldError, match=match):
        measured(columns)


@pytest.mark.parametrize(
    "wrong", [{"threshold": 0.0}, {"threshold": 0.5, "bins": 1}, {"threshold": 0.5, "half_width": 2.0}]
)
def test_settings_that_cannot_be(wrong):
    with pytest.raises(FieldError):
        PerformanceSettings(**wrong)


def test_scores_of_exactly_zero_and_one_are_probabilities():
    first, order = measured({"p": np.array([0.0, 1.0, 0.5, 0.3] * 20)})
    assert first.estimate == pytest.approx((1 + 1 + 0.5 + 0.3) / 4)
    assert 0.5 < order.estimate < 1
    (constant_class,) = measured({"p": np.array([0.0, 0.0] * 40)})
    assert constant_class.outcome == "underpowered"
