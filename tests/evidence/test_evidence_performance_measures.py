"""The counting measures of performance: against scikit-learn, against rows, added up from parts, and on bad input."""

import json
import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dualtrack.domain.records import encode, read_record
from dualtrack.errors import FieldError
from dualtrack.evidence.engines.engine import open_engine
from dualtrack.evidence.engines.grids import find_grid
from dualtrack.evidence.intervals.wilson import wilson_limits
from dualtrack.evidence.measure import Estimating
from dualtrack.evidence.performance.binned_calibration import Calibration, CalibrationSettings
from dualtrack.evidence.performance.binned_discrimination import Discrimination, DiscriminationSettings
from dualtrack.evidence.performance.binned_line import fit_grouped_line
from dualtrack.evidence.performance.calibration import measure_calibration
from dualtrack.evidence.performance.confusion import Confusion, ConfusionSettings
from dualtrack.evidence.performance.cost_curve import CostCurve, CostSettings
from dualtrack.evidence.performance.discrimination import measure_auc, measure_auc_difference
from dualtrack.evidence.performance.discrimination_difference import DifferenceSettings, DiscriminationDifference
from dualtrack.evidence.performance.histogram import Scale, draw_tables, edges, grid_and_rest, pool
from dualtrack.evidence.performance.lift import Lift, LiftSettings
from dualtrack.evidence.performance.measures import MEASURES
from dualtrack.evidence.performance.ordering import largest_distance, order
from dualtrack.evidence.performance.segments import Segments, SegmentSettings
from dualtrack.evidence.sample import Roles, make_sample

HOW = Estimating(data_digest="0" * 64, draws=200)
ROLES = Roles(label="y", score="s", baseline="b", decision="d", features=("branch",))
CASES = [
    (Discrimination(), DiscriminationSettings()),
    (DiscriminationDifference(), DifferenceSettings()),
    (Calibration(), CalibrationSettings()),
    (Lift(), LiftSettings(shares=(0.1, 0.25))),
    (CostCurve(), CostSettings(cost_false_positive=1.0, cost_false_negative=7.0, unit="HKD", threshold=0.3)),
    (CostCurve(), CostSettings(cost_false_positive=1.0, cost_false_negative=7.0, unit="HKD")),
    (Confusion(), ConfusionSettings(threshold=0.3)),
    (Confusion(), ConfusionSettings()),
    (
        Segments(),
        SegmentSettings(by=("branch",), metrics=("auc", "brier", "selection", "sensitivity"), threshold=0.3),
    ),
]
IDS = [f"{measure.name}-{at}" for at, (measure, _) in enumerate(CASES)]


def columns(n=3_000, seed=1):
    random = np.random.default_rng(seed)
    odds = random.normal(-1, 1.3, n)
    score = 1 / (1 + np.exp(-odds))
    return {
        "y": (random.random(n) < score).astype(np.int64),
        "s": score,
        "b": 1 / (1 + np.exp(-odds - random.normal(0, 1.0, n))),
        "d": (score > 0.4).astype(np.int64),
        "branch": random.choice(np.array(["north", "south", "west"]), n),
    }


def sample(data=None, roles=ROLES):
    return make_sample(data or columns(), roles)


def rows(data, chosen):
    return {name: column[chosen] for name, column in data.items()}


def run(measure, setting, data=None, how=HOW, roles=ROLES):
    return measure.estimate(measure.gather(sample(data, roles), setting), setting, how)


def by_name(measured):
    return {each.measure: each for each in measured}


# --- laws of every measure ---


@pytest.mark.parametrize(("measure", "setting"), CASES, ids=IDS)
def test_parts_add_up_to_all_rows_at_once(measure, setting):
    data = columns(1_200)
    cut = np.random.default_rng(5).integers(0, 4, 1_200)
    whole = measure.gather(sample(data), setting)
    parts = [measure.gather(sample(rows(data, cut == at)), setting) for at in (2, 0, 3, 1)]
    assert measure.merge(parts) == whole
    assert measure.merge([measure.merge(parts[:2]), *parts[2:]]) == whole


@pytest.mark.parametrize(("measure", "setting"), CASES, ids=IDS)
def test_an_outsider_gets_the_same_from_the_bundle(measure, setting):
    statistics = measure.gather(sample(), setting)
    written = encode(statistics)
    assert len(written) < 200_000
    again = read_record(json.loads(written), measure.statistics, where="bundle")
    measured = measure.estimate(statistics, setting, HOW)
    assert measure.estimate(again, setting, HOW) == measured
    for each in measured:
        assert each.outcome == "measured"
        assert each.low <= each.estimate <= each.high
        assert read_record(json.loads(json.dumps(each.statistics)), measure.statistics, where="m") == statistics


@pytest.mark.parametrize(("measure", "setting"), CASES, ids=IDS)
def test_ten_rows_are_never_enough(measure, setting):
    data = columns(2_000)
    few = np.concatenate([np.flatnonzero(data["y"] == 0)[:6], np.flatnonzero(data["y"] == 1)[:4]])
    assert {each.outcome for each in run(measure, setting, rows(data, few))} == {"underpowered"}


@pytest.mark.parametrize("label", [0, 1])
@pytest.mark.parametrize(("measure", "setting"), CASES, ids=IDS)
def test_labels_of_one_class_measure_nothing(measure, setting, label):
    data = columns(400)
    data["y"][:] = label
    for each in run(measure, setting, data):
        assert each.outcome == "underpowered" or each.measure == "segments.selection", each.measure


@pytest.mark.parametrize(("measure", "setting"), CASES, ids=IDS)
def test_constant_scores_give_no_order(measure, setting):
    data = columns(400)
    data["s"][:] = 0.3
    data["b"][:] = 0.3
    for each in run(measure, setting, data):
        if each.measure.startswith(("discrimination", "lift", "calibration.slope", "segments.auc")):
            assert (each.outcome, each.estimate) == ("underpowered", None), each.measure


@pytest.mark.parametrize("bad", [np.nan, np.inf, -0.2, 1.5])
@pytest.mark.parametrize(
    ("measure", "setting"), [case for case in CASES if not isinstance(case[0], Confusion)], ids=[i for i in IDS if "confusion" not in i]
)  # fmt: skip
def test_scores_that_are_none_are_refused(measure, setting, bad):
    data = columns(100)
    data["s"][7] = bad
    with pytest.raises(FieldError, match="s"):
        run(measure, setting, data)


@pytest.mark.parametrize(("measure", "setting"), CASES, ids=IDS)
def test_labels_and_weights_are_refused_where_they_cannot_be_counted(measure, setting):
    data = columns(100)
    with pytest.raises(FieldError, match="0 or 1"):
        run(measure, setting, data | {"y": np.where(np.arange(100) == 3, 2, data["y"])})
    with pytest.raises(FieldError, match="missing"):
        run(measure, setting, data | {"y": np.where(np.arange(100) == 3, np.nan, data["y"])})
    weighted = Roles(label="y", score="s", baseline="b", decision="d", features=("branch",), weight="w")
    with pytest.raises(FieldError, match="weights"):
        run(measure, setting, data | {"w": np.zeros(100)}, roles=weighted)


def test_every_measure_documents_itself():
    assert len({kind.name for kind in MEASURES}) == len(MEASURES) == 8
    for kind in MEASURES:
        assert kind.name.startswith("performance.")
        assert kind.misleads.en
        assert kind.misleads.zh


# --- histogram ---


@pytest.mark.parametrize(
    "scale", [Scale(), Scale(bins=100), Scale(low=-8, high=8, bins=400), Scale(low=300.1, high=850.7, bins=5_000)]
)
def test_engines_find_the_long_list_of_edges_by_formula(scale):
    grid, rest = grid_and_rest(scale)
    assert find_grid(grid) is not None
    assert scale.bins / 2 - 2 <= len(grid) <= scale.bins
    assert len(rest) < 300
    assert not set(grid) & set(rest)


def test_every_engine_gathers_the_same(tmp_path):
    arrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    data = columns(500)
    data["s"][:5] = [0.0, 1.0, 0.3, 1e-12, 1 - 1e-13]
    parquet.write_table(arrow.table(data), tmp_path / "rows.parquet")
    with open_engine("duckdb") as engine:
        for measure, setting in (CASES[2], CASES[4]):
            counted = engine.count(tmp_path / "rows.parquet", measure.tallies(ROLES, setting))
            assert measure.from_counted(counted, setting) == measure.gather(sample(data), setting)


def test_edges_rise_and_hold_the_ends_apart():
    found = edges(Scale(bins=1_000, thresholds=(0.123456,)))
    assert all(a < b for a, b in pairwise(found))
    assert 0.123456 in found
    assert found[0] == 0
    assert (found[-2], found[-1]) == (1.0, math.nextafter(1.0, 2))
    assert len(edges(Scale(bins=10_000))) < 10_500


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=50), st.integers(1, 20))
def test_pooling_keeps_order_and_leaves_no_gap(drawn, groups):
    counts = np.array(drawn, dtype=np.int64) + np.array([1, 0])
    place = pool(counts, groups)
    assert place[0] == 0
    assert set(np.diff(place)) <= {0, 1}
    assert place[-1] < groups


def test_scales_and_draws_have_bounds():
    for bad in ({"low": 1.0, "high": 0.0}, {"bins": 1}, {"bins": 20_000}, {"thresholds": (2.0,)}):
        with pytest.raises(FieldError):
            Scale(**bad)
    with pytest.raises(FieldError, match="draws"):
        draw_tables(np.ones((400, 2), dtype=np.int64), Estimating(data_digest="0" * 64, draws=90_000))


# --- discrimination ---

pairs = st.lists(st.tuples(st.booleans(), st.integers(0, 6)), min_size=4, max_size=40).filter(
    lambda drawn: 2 <= sum(row[0] for row in drawn) <= len(drawn) - 2
)


@settings(max_examples=30, deadline=None)
@given(pairs)
def test_delong_from_counts_equals_delong_from_rows(drawn):
    label, score = (np.array(column, dtype=float) for column in zip(*drawn, strict=True))
    counts = np.array([[np.sum((score == at) & (label == y)) for y in (0, 1)] for at in range(7)])
    found, exact = order(counts), measure_auc(label, score)
    assert found.auc == pytest.approx(exact.estimate)
    assert found.variance == pytest.approx(exact.statistics["variance"], abs=1e-14)


def test_auc_of_binned_scores_is_within_the_stated_error():
    metrics = pytest.importorskip("sklearn.metrics")
    stats = pytest.importorskip("scipy.stats")
    data = columns()
    for bins in (20, 200, 5_000):
        auc, gini, ks = run(Discrimination(), DiscriminationSettings(bins=bins), data)
        exact = metrics.roc_auc_score(data["y"], data["s"])
        assert abs(auc.estimate - exact) <= auc.facts["binning_error_max"] + 1e-12
        assert gini.estimate == 2 * auc.estimate - 1
    assert auc.facts["binning_error_max"] < 1e-3
    whole = stats.ks_2samp(data["s"][data["y"] == 1], data["s"][data["y"] == 0]).statistic
    assert ks.estimate == pytest.approx(whole, abs=2e-3)
    rows_based = measure_auc(data["y"], data["s"])
    assert (auc.low, auc.high) == pytest.approx((rows_based.low, rows_based.high), abs=1e-4)


def test_the_ratings_published_by_hanley_and_mcneil():
    # Radiology 143 (1982), table I: 58 normal and 51 abnormal patients, rated 1 to 5. Area 0.893, standard error 0.032.
    found = order(np.array([[33, 3], [6, 2], [6, 2], [11, 11], [2, 33]]))
    assert found.auc == pytest.approx(0.893, abs=5e-4)
    assert math.sqrt(found.variance) == pytest.approx(0.032, abs=2e-3)


def test_placements_by_hand():
    # Positives 1 2 3 4 against negatives 1 2 3: each placement out of 3 is 1/6, 1/2, 5/6, 1.
    counts = np.array([[1, 1], [1, 1], [1, 1], [0, 1]])
    found = order(counts)
    assert found.auc == pytest.approx((1 / 6 + 1 / 2 + 5 / 6 + 1) / 4)
    assert found.placements[:, 1] == pytest.approx([1 / 6, 1 / 2, 5 / 6, 1])
    assert found.tied == pytest.approx(3 / 12)


def test_a_perfect_order_has_a_limit_below_one():
    data = {"y": np.repeat([0, 1], 50), "s": np.repeat([0.1, 0.9], 50)}
    auc = run(Discrimination(), DiscriminationSettings(), data, roles=Roles(label="y", score="s"))[0]
    assert (auc.outcome, auc.estimate, auc.high) == ("measured", 1.0, 1.0)
    assert 0.9 < auc.low < 0.95


def test_too_small_a_class_says_how_many_rows_would_do():
    data = columns(3_000)
    kept = np.concatenate([np.flatnonzero(data["y"] == 0)[:900], np.flatnonzero(data["y"] == 1)[:10]])
    auc = run(Discrimination(), DiscriminationSettings(), rows(data, kept))[0]
    assert (auc.outcome, auc.facts["n_needed"]) == ("underpowered", 910 * 3)
    assert auc.estimate is not None


def test_difference_agrees_with_rows_and_errs_on_the_wide_side():
    data = columns(4_000)
    found = run(DiscriminationDifference(), DifferenceSettings(), data)[0]
    exact = measure_auc_difference(data["y"], data["s"], data["b"])
    assert found.estimate == pytest.approx(exact.estimate, abs=3e-4)
    assert 1 <= found.facts["standard_error"] / math.sqrt(exact.statistics["variance"]) < 1.05
    same = run(DiscriminationDifference(), DifferenceSettings(), data | {"b": data["s"]})[0]
    assert same.outcome == "underpowered" or same.low <= 0 <= same.high


def test_delong_interval_covers_about_as_often_as_it_says():
    truth = 0.7602  # of a normal shift by one standard deviation: the normal distribution function at 1 / sqrt(2)
    hits = 0
    for seed in range(120):
        random = np.random.default_rng(seed)
        y = np.repeat([0, 1], 120)
        s = random.normal(0, 1, 240) + y
        data = {"y": y, "s": s}
        auc = run(Discrimination(), DiscriminationSettings(low=-8, high=8, bins=400), data, Estimating(data_digest="0" * 64, draws=2), Roles(label="y", score="s"))[0]  # fmt: skip
        hits += auc.low <= truth <= auc.high
    assert 0.9 <= hits / 120 <= 0.99


def test_distance_of_empty_classes_does_not_exist():
    assert math.isnan(largest_distance(np.array([[3.0, 0.0], [1.0, 0.0]])))


# --- calibration ---


def test_calibration_equals_scikit_learn():
    metrics = pytest.importorskip("sklearn.metrics")
    data = columns()
    found = by_name(run(Calibration(), CalibrationSettings(), data))
    brier = found["calibration.brier"]
    assert brier.estimate == pytest.approx(metrics.brier_score_loss(data["y"], data["s"]), abs=1e-11)
    assert found["calibration.log-loss"].estimate == pytest.approx(metrics.log_loss(data["y"], data["s"]), abs=1e-5)
    assert found["calibration.in-the-large"].estimate == pytest.approx(np.mean(data["y"] - data["s"]), abs=1e-11)
    facts = brier.facts
    parts = facts["reliability"] - facts["resolution"] + facts["uncertainty"] + facts["within_groups"]
    assert parts == pytest.approx(brier.estimate)


def test_calibration_agrees_with_the_functions_on_rows():
    data = columns()
    found = by_name(run(Calibration(), CalibrationSettings(), data))
    for exact in measure_calibration(data["y"], data["s"], seed=1, draws=200):
        mine = found[exact.measure]
        near = 2e-3 if exact.measure == "calibration.expected-error" else 2e-4
        assert mine.estimate == pytest.approx(exact.estimate, abs=near), exact.measure
        # The bootstrap has its own error; the others have none.
        near = 5e-3 if exact.measure == "calibration.expected-error" else 2e-4
        assert (mine.low, mine.high) == pytest.approx((exact.low, exact.high), abs=near), exact.measure
    assert found["calibration.slope"].facts["intercept"] == pytest.approx(
        measure_calibration(data["y"], data["s"], seed=1, draws=2)[2].facts["intercept"], abs=1e-4
    )


@pytest.mark.parametrize(("score", "wrong"), [(0.0, 1), (1.0, 0)])
def test_certainty_that_fails_has_no_log_loss(score, wrong):
    data = columns(500)
    data["s"][0], data["y"][0] = score, 1 - wrong
    fine = by_name(run(Calibration(), CalibrationSettings(), data))["calibration.log-loss"]
    assert fine.outcome == "measured"
    data["y"][0] = wrong
    found = by_name(run(Calibration(), CalibrationSettings(), data))
    assert found["calibration.log-loss"].outcome == "underpowered"
    assert found["calibration.log-loss"].facts["certain_and_wrong"] == 1
    assert found["calibration.brier"].outcome == "measured"


def test_rare_probabilities_keep_their_log_loss():
    metrics = pytest.importorskip("sklearn.metrics")
    random = np.random.default_rng(3)
    s = 10.0 ** random.uniform(-6, -1, 20_000)
    data = {"y": (random.random(20_000) < s).astype(int), "s": s}
    found = by_name(run(Calibration(), CalibrationSettings(), data, roles=Roles(label="y", score="s")))
    assert found["calibration.log-loss"].estimate == pytest.approx(metrics.log_loss(data["y"], s), rel=1e-3)


def test_no_line_where_there_is_none():
    assert fit_grouped_line(np.array([1.0, 1.0]), np.array([[1, 2], [3, 4]])) is None
    assert fit_grouped_line(np.array([0.0, 1.0]), np.array([[5, 0], [0, 5]])) is None
    assert fit_grouped_line(np.array([0.0, 1.0]), np.array([[5, 0], [5, 0]])) is None


# --- wilson ---


def test_wilson_has_its_published_value_and_solves_its_equation():
    found = wilson_limits(8, 10, 0.95)
    assert (found.low, found.high) == pytest.approx((0.4902, 0.9433), abs=1e-4)
    for limit in found:  # each limit is the share whose score test is just at the level
        assert abs(0.8 - limit) / math.sqrt(limit * (1 - limit) / 10) == pytest.approx(1.959964, rel=1e-6)
    assert wilson_limits(0, 10, 0.95).low == 0
    assert wilson_limits(10, 10, 0.95).high == 1
    for bad in ((3, 0), (-1, 5), (6, 5)):
        with pytest.raises(FieldError):
            wilson_limits(*bad, 0.95)
