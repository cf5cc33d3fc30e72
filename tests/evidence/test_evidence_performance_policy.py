"""Lift, cost, confusion, segments and errors of numbers: against brute force, scikit-learn, and what cannot be answered."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dualtrack.errors import FieldError
from dualtrack.evidence.measure import Estimating
from dualtrack.evidence.performance.confusion import Confusion, ConfusionSettings, Outcomes
from dualtrack.evidence.performance.cost_curve import CostCurve, CostSettings
from dualtrack.evidence.performance.error import Error, ErrorSettings
from dualtrack.evidence.performance.exact_sums import UNIT_BITS, exact_total, from_total
from dualtrack.evidence.performance.lift import Lift, LiftSettings, captured
from dualtrack.evidence.performance.segments import Segments, SegmentSettings
from dualtrack.evidence.sample import Roles, make_sample

HOW = Estimating(data_digest="0" * 64, draws=200)
ROLES = Roles(label="y", score="s", features=("branch",))
SCORED = Roles(label="y", score="s")


def columns(n=3_000, seed=1):
    random = np.random.default_rng(seed)
    score = 1 / (1 + np.exp(-random.normal(-1, 1.3, n)))
    return {
        "y": (random.random(n) < score).astype(np.int64),
        "s": score,
        "branch": random.choice(np.array(["north", "south", "west"]), n),
    }


def run(measure, setting, data, roles=ROLES, how=HOW):
    return measure.estimate(measure.gather(make_sample(data, roles), setting), setting, how)


# --- lift ---


def test_capture_equals_sorting():
    data = columns()
    capture, lift = run(Lift(), LiftSettings(shares=(0.1, 0.3)), data)
    order = np.argsort(-data["s"], kind="stable")
    brute = data["y"][order[:300]].sum() / data["y"].sum()
    assert capture.estimate == pytest.approx(brute, abs=1e-3)
    assert lift.estimate == pytest.approx(capture.estimate / 0.1)
    parts = {part.label: part for part in capture.parts}
    assert parts["share 0.1"].estimate == capture.estimate
    gains = [parts[f"gains {at / 10:g}"].estimate for at in range(1, 10)]
    assert gains == sorted(gains)
    assert parts["gains 0.3"].estimate == parts["share 0.3"].estimate
    assert len(lift.parts) == 2


def test_ties_at_the_cut_are_taken_in_proportion():
    counts = np.array([[2.0, 2.0], [3.0, 3.0]])  # ten rows; the upper bin holds six, three of them outcomes
    assert float(captured(counts, 0.3)) == pytest.approx(1.5 / 5)
    assert float(captured(counts, 0.8)) == pytest.approx(4 / 5)
    assert math.isnan(captured(np.array([[2.0, 0.0]]), 0.5))


@pytest.mark.parametrize(
    "bad", [{"shares": ()}, {"shares": (0.0,)}, {"shares": (1.0,)}, {"shares": (0.1,), "table": 1}]
)
def test_shares_must_make_a_list(bad):
    with pytest.raises(FieldError):
        LiftSettings(**bad)


# --- confusion ---


def test_confusion_equals_scikit_learn():
    metrics = pytest.importorskip("sklearn.metrics")
    data = columns()
    said = data["s"] >= 0.35
    found = {
        each.measure.removeprefix("confusion."): each
        for each in run(Confusion(), ConfusionSettings(threshold=0.35), data)
    }
    y = data["y"]
    expected = {
        "sensitivity": metrics.recall_score(y, said),
        "specificity": metrics.recall_score(1 - y, ~said),
        "precision": metrics.precision_score(y, said),
        "negative-predictive-value": metrics.precision_score(1 - y, ~said),
        "accuracy": metrics.accuracy_score(y, said),
        "balanced-accuracy": metrics.balanced_accuracy_score(y, said),
        "f1": metrics.f1_score(y, said),
        "matthews": metrics.matthews_corrcoef(y, said),
    }
    assert {name: each.estimate for name, each in found.items()} == pytest.approx(expected)


def test_a_score_at_the_threshold_says_yes():
    counts = Confusion().gather(
        make_sample({"y": np.array([0, 1]), "s": np.array([0.5, 0.4])}, SCORED), ConfusionSettings(threshold=0.5)
    )
    assert counts == Outcomes(false_positives=1, false_negatives=1)


def test_a_policy_is_needed():
    with pytest.raises(FieldError, match="no policy"):
        run(Confusion(), ConfusionSettings(), columns(50))
    with pytest.raises(FieldError, match="missing"):
        run(Confusion(), ConfusionSettings(threshold=0.5), columns(50) | {"s": np.full(50, np.nan)})
    with pytest.raises(FieldError):
        ConfusionSettings(threshold=math.nan)


def test_a_policy_that_never_says_yes_has_no_precision():
    found = {each.measure: each for each in run(Confusion(), ConfusionSettings(threshold=5.0), columns(500))}
    assert found["confusion.precision"].estimate is None
    assert found["confusion.matthews"].estimate is None
    assert found["confusion.sensitivity"].estimate == 0


# --- cost ---


def costs(data, threshold, false_positive=1.0, false_negative=7.0):
    said = data["s"] >= threshold
    return float(np.mean(false_positive * (said & (data["y"] == 0)) + false_negative * (~said & (data["y"] == 1))))


def test_costs_equal_counting_rows():
    data = columns()
    setting = CostSettings(cost_false_positive=1.0, cost_false_negative=7.0, unit="HKD", threshold=0.4123)
    policy, best, above = run(CostCurve(), setting, data)
    assert policy.estimate == pytest.approx(costs(data, 0.4123))
    assert best.estimate == pytest.approx(costs(data, best.facts["best_threshold"]))
    assert best.estimate <= min(costs(data, at) for at in np.linspace(0, 1, 101)) + 1e-12
    assert above.estimate == pytest.approx(policy.estimate - best.estimate)
    assert above.low >= 0
    assert best.facts["best_threshold"] == pytest.approx(1 / 8, abs=0.06)  # Elkan: cost of false yes over both
    assert (best.facts["flags_everybody"], best.facts["flags_nobody"]) == pytest.approx(
        (costs(data, 0), costs(data, 2))
    )
    assert policy.unit == "HKD per row"


def test_cost_at_the_policy_agrees_with_the_normal_interval():
    data = columns()
    how = Estimating(data_digest="0" * 64, draws=2_000)
    policy = run(
        CostCurve(),
        CostSettings(cost_false_positive=1.0, cost_false_negative=7.0, unit="x", threshold=0.2),
        data,
        how=how,
    )[0]
    said = data["s"] >= 0.2
    each = 1.0 * (said & (data["y"] == 0)) + 7.0 * (~said & (data["y"] == 1))
    half = 1.96 * each.std() / math.sqrt(len(each))
    assert (policy.high - policy.low) / 2 == pytest.approx(half, rel=0.1)


def test_costs_come_from_the_plan_and_are_above_zero():
    with pytest.raises(TypeError):
        CostSettings()
    for bad in (0.0, -1.0, math.inf, math.nan):
        with pytest.raises(FieldError):
            CostSettings(cost_false_positive=bad, cost_false_negative=1.0, unit="HKD")


def test_parts_with_and_without_decisions_do_not_add_up():
    setting = CostSettings(cost_false_positive=1.0, cost_false_negative=2.0, unit="HKD")
    data = columns(100)
    without = CostCurve().gather(make_sample(data, SCORED), setting)
    data["d"] = data["y"]
    with_decision = CostCurve().gather(make_sample(data, Roles(label="y", score="s", decision="d")), setting)
    with pytest.raises(FieldError, match="some parts"):
        CostCurve().merge([without, with_decision])


# --- segments ---


def segmented(data, metric, **more):
    return run(Segments(), SegmentSettings(by=("branch",), metrics=(metric,), **more), data)[0]


def test_segments_equal_scikit_learn():
    metrics = pytest.importorskip("sklearn.metrics")
    data = columns()
    auc, brier = (segmented(data, metric, bins=100) for metric in ("auc", "brier"))
    for branch in ("north", "south", "west"):
        inside = data["branch"] == branch
        y, s = data["y"][inside], data["s"][inside]
        part = next(part for part in auc.parts if part.label == f"branch={branch}")
        assert part.estimate == pytest.approx(metrics.roc_auc_score(y, s), abs=2e-3)
        part = next(part for part in brier.parts if part.label == f"branch={branch}")
        assert part.estimate == pytest.approx(metrics.brier_score_loss(y, s), abs=1e-11)
        half = 1.96 * ((s - y) ** 2).std() / math.sqrt(len(y))
        assert (part.high - part.low) / 2 == pytest.approx(half, rel=0.02)
    assert auc.estimate == min(part.estimate for part in auc.parts)
    assert brier.estimate == max(part.estimate for part in brier.parts)
    assert auc.facts["worst_level"] == pytest.approx(1 - 0.05 / 3)


def test_a_broken_segment_is_found_and_an_even_world_raises_few_alarms():
    data = columns()
    west = data["branch"] == "west"
    broken = data | {"s": np.where(west, np.random.default_rng(2).random(3_000), data["s"])}
    found = segmented(broken, "auc")
    assert (found.facts["worst"], found.facts["worst_differs"]) == ("west", True)
    alarms = sum(segmented(columns(900, seed), "selection", threshold=0.4).facts["worst_differs"] for seed in range(60))
    assert alarms <= 8


def test_small_segments_are_named_and_make_it_underpowered():
    data = columns()
    data["branch"] = np.where(np.arange(3_000) < 12, "tiny", data["branch"].astype("U8"))
    found = segmented(data, "sensitivity", threshold=0.4)
    assert (found.outcome, found.facts["underpowered"]) == ("underpowered", "tiny")
    assert found.facts["worst"] != "tiny"
    alone = segmented(columns() | {"branch": np.full(3_000, "one")}, "auc")
    assert alone.outcome == "underpowered"


def test_missing_values_are_a_segment_and_too_many_are_refused():
    data = columns()
    data["branch"] = np.ma.masked_array(data["branch"], mask=np.arange(3_000) % 3 == 0)
    assert "branch=(missing)" in {part.label for part in segmented(data, "auc").parts}
    with pytest.raises(FieldError, match="at most"):
        segmented(columns() | {"branch": np.arange(3_000) % 500}, "auc")
    with pytest.raises(FieldError, match="no column 'shop'"):
        run(Segments(), SegmentSettings(by=("shop",), metrics=("auc",)), columns())
    for bad in (
        {"by": (), "metrics": ("auc",)},
        {"by": ("a",), "metrics": ("auc", "auc")},
        {"by": ("a",), "metrics": ("brier",), "high": 9.0},
    ):
        with pytest.raises(FieldError):
            SegmentSettings(**bad)


# --- errors of numbers ---


def test_errors_equal_scikit_learn():
    metrics = pytest.importorskip("sklearn.metrics")
    random = np.random.default_rng(1)
    y = random.lognormal(10, 2, 2_000)
    s = y * random.normal(1.1, 0.3, 2_000)
    size, root, bias, pinball = run(Error(), ErrorSettings(unit="HKD", quantile=0.9), {"y": y, "s": s}, SCORED)
    assert size.estimate == pytest.approx(metrics.mean_absolute_error(y, s))
    assert root.estimate == pytest.approx(math.sqrt(metrics.mean_squared_error(y, s)))
    assert bias.estimate == pytest.approx(np.mean(s - y))
    assert pinball.estimate == pytest.approx(metrics.mean_pinball_loss(y, s, alpha=0.9))
    assert (bias.high - bias.low) / 2 == pytest.approx(1.959964 * (s - y).std(ddof=1) / math.sqrt(2_000))
    assert root.facts["standard_error"] == pytest.approx(
        ((s - y) ** 2).std(ddof=1) / math.sqrt(2_000) / 2 / root.estimate
    )


numbers = st.floats(-1e30, 1e30, allow_nan=False).filter(lambda x: x == 0 or abs(x) > 1e-20)


@settings(max_examples=40, deadline=None)
@given(st.lists(numbers, max_size=40), st.integers(0, 40))
def test_totals_are_exact_and_parts_add_up(values, cut):
    array = np.array(values, dtype=np.float64)
    total = exact_total(array, "x")
    assert Fraction(total, 1 << UNIT_BITS) == sum((Fraction(value) for value in values), Fraction(0))
    assert exact_total(array[:cut], "x") + exact_total(array[cut:], "x") == total
    assert from_total(total) == math.fsum(values)


amounts = st.floats(-1e13, 1e13)


@settings(max_examples=15, deadline=None)
@given(st.lists(st.tuples(amounts, amounts), min_size=2, max_size=30), st.integers(1, 29))
def test_parts_of_errors_add_up(drawn, cut):
    y, s = (np.array(column) for column in zip(*drawn, strict=True))
    setting, cut = ErrorSettings(unit="x", quantile=0.3), min(cut, len(y) - 1)
    whole = Error().gather(make_sample({"y": y, "s": s}, SCORED), setting)
    parts = [
        Error().gather(make_sample({"y": y[at], "s": s[at]}, SCORED), setting) for at in (slice(cut, None), slice(cut))
    ]
    assert Error().merge(parts) == whole
    for each in Error().estimate(whole, setting, HOW):
        assert each.outcome == "underpowered"


def test_errors_refuse_what_is_no_number():
    good = np.arange(50.0)
    for bad in (np.nan, np.inf):
        with pytest.raises(FieldError, match="not finite"):
            run(Error(), ErrorSettings(unit="x"), {"y": good, "s": np.where(good == 3, bad, good)}, SCORED)
    with pytest.raises(FieldError, match="weights"):
        run(
            Error(), ErrorSettings(unit="x"), {"y": good, "s": good, "w": good}, Roles(label="y", score="s", weight="w")
        )
    with pytest.raises(FieldError, match="large"):
        run(Error(), ErrorSettings(unit="x"), {"y": good, "s": good + 1e308}, SCORED)
    with pytest.raises(FieldError):
        ErrorSettings(unit="x", quantile=1.0)
    for each in run(Error(), ErrorSettings(unit="x"), {"y": good, "s": good + 1}, SCORED):
        assert each.estimate is None  # all off by the same: nothing says how the next will vary
    with pytest.raises(FieldError, match="different settings"):
        Error().merge([])
