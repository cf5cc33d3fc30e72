"""Drift of columns: counted alike everywhere, equal to what is published, quiet when nothing moved, and never green when it cannot tell."""

from __future__ import annotations

import math

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy import stats

from dualtrack.domain.records import to_plain
from dualtrack.errors import FieldError
from dualtrack.evidence.counting import count
from dualtrack.evidence.drift.columns import DriftColumns, DriftScore
from dualtrack.evidence.drift.comparing import ks_detectable, rows_for_ks
from dualtrack.evidence.drift.distances import chi_square, grouped, psi
from dualtrack.evidence.drift.exact import DriftKsExact, KsSettings, ks_steps
from dualtrack.evidence.drift.histograms import DriftStatistics, as_reference, histograms_of
from dualtrack.evidence.drift.measures import MEASURES
from dualtrack.evidence.drift.settings import DriftSettings, NumericColumn, reference_edges
from dualtrack.evidence.measure import Estimating
from dualtrack.evidence.multiplicity import benjamini_hochberg, holm
from dualtrack.evidence.sample import Roles, Sample

DIGEST = "0" * 64
HOW = Estimating(data_digest=DIGEST, draws=200)
COLUMNS = DriftColumns()


def sample(columns, reference=None, **roles) -> Sample:
    filled = Roles(**({"features": tuple(columns)} | roles))
    other = None if reference is None else Sample(reference, filled, DIGEST)
    return Sample(columns, filled, DIGEST, other)


def frame(seed, n=400, shift=0.0, levels=("a", "b", "c")):
    random = np.random.default_rng(seed)
    return {
        "amount": random.normal(shift, 1, n),
        "kind": np.array(levels, dtype=object)[random.integers(0, len(levels), n)],
    }


def measured(reference, current, how=HOW, **more):
    fixed = reference_edges(reference, **more)
    return COLUMNS.estimate(COLUMNS.gather(sample(current, reference), fixed), fixed, how)


# --- counting ---

NUMBERS = arrays.arrays(
    np.float64, st.integers(1, 60), elements=st.one_of(st.sampled_from([0.0, 1.0, 2.5, math.nan]), st.floats(-5, 5))
)


@given(NUMBERS, NUMBERS)
def test_sorting_once_counts_as_any_engine_does(reference, current):
    if np.isnan(reference).all():
        with pytest.raises(FieldError, match="no value"):
            reference_edges({"x": reference})
        return
    texts = {
        "x": current,
        "k": np.array([f"v{int(abs(x)) % 4}" if not math.isnan(x) else None for x in current], dtype=object),
    }
    fixed = reference_edges(
        {"x": reference, "k": np.array(["v0", "v1"] * len(reference))[: len(reference)]}, bins=7, groups=3
    )
    masked = {
        "x": texts["x"],
        "k": np.ma.array([each or "" for each in texts["k"]], mask=[each is None for each in texts["k"]]),
    }
    engine = COLUMNS.from_counted([count(masked, each) for each in COLUMNS.tallies(Roles(), fixed)], fixed)
    assert DriftStatistics(current=histograms_of(texts, fixed)) == engine
    assert all(each.n + each.missing == len(current) for each in engine.current)


@given(st.integers(1, 59), st.integers(0, 5))
def test_parts_add_up_to_the_whole_whatever_the_engine(cut, seed):
    old, new = frame(seed, 60), frame(seed + 1, 60, 0.3)
    fixed = reference_edges(old, bins=8, groups=4)
    whole = COLUMNS.gather(sample(new, old), fixed)
    pieces = [{name: column[part] for name, column in new.items()} for part in (slice(cut), slice(cut, None))]
    parts = [DriftStatistics(current=histograms_of(piece, fixed)) for piece in pieces]
    reference = as_reference(DriftStatistics(current=histograms_of(old, fixed)))
    assert COLUMNS.merge([*parts, reference]) == whole
    assert COLUMNS.merge([reference, *reversed(parts)]) == whole
    again = msgspec.convert(to_plain(whole), DriftStatistics)
    assert COLUMNS.estimate(again, fixed, HOW) == COLUMNS.estimate(whole, fixed, HOW)


def test_parts_of_other_settings_do_not_add_up():
    old = frame(1)
    few, many = reference_edges(old, bins=8), reference_edges(old, bins=9)
    with pytest.raises(FieldError, match="different shape"):
        COLUMNS.merge([COLUMNS.gather(sample(old, old), each) for each in (few, many)])
    with pytest.raises(FieldError, match="do not fit"):
        COLUMNS.estimate(COLUMNS.gather(sample(old, frame(2)), few), many, HOW)
    with pytest.raises(FieldError, match="nothing to merge"):
        COLUMNS.merge([])


def test_a_sample_is_not_compared_with_itself():
    old = frame(1)
    fixed = reference_edges(old, bins=8)
    with pytest.raises(FieldError, match="same in every column"):
        COLUMNS.estimate(COLUMNS.gather(sample(old, old), fixed), fixed, HOW)


# --- against what is published ---


@given(st.lists(st.integers(0, 9), min_size=2, max_size=30), st.lists(st.integers(0, 9), min_size=2, max_size=30))
def test_the_exact_distance_is_that_of_scipy(old, new):
    a, b = (np.sort(np.array(each, dtype=float)) for each in (old, new))
    assert ks_steps(a, b) / (len(a) * len(b)) == pytest.approx(
        stats.ks_2samp(a, b, method="asymp").statistic, abs=1e-12
    )


def test_chi_square_and_wasserstein_are_those_of_scipy():
    old, new = np.array([40, 30, 30, 0]), np.array([20, 35, 40, 5])
    reference = stats.chi2_contingency(np.stack([old[:3], new[:3]]), correction=False)
    found = chi_square(old[:3], new[:3])
    assert found[0] == pytest.approx(reference.statistic)
    assert found[2] == pytest.approx(reference.pvalue)
    assert chi_square(np.array([100, 0]), np.array([100, 0])) == (0.0, 0, 1.0)
    a, b = frame(1, 5_000)["amount"], frame(2, 5_000, 0.4)["amount"]
    (_, _, distance, *_) = measured({"x": a}, {"x": b})
    assert distance.measure == "drift.columns.wasserstein-binned"
    assert distance.estimate == pytest.approx(stats.wasserstein_distance(a, b) / a.std(), rel=0.03)


def test_the_stability_index_of_a_textbook_table():
    old, new = np.array([200_000, 300_000, 500_000]), np.array([250_000, 250_000, 500_000])
    by_hand = 0.05 * math.log(0.25 / 0.2) - 0.05 * math.log(0.25 / 0.3)
    assert psi(old, new) == pytest.approx(by_hand, rel=1e-4)
    assert psi(old, old) == 0
    setting = NumericColumn(column="x", edges=(0.0, 1.0, 2.0, 3.0), groups=(1, 2))
    assert grouped([1, 2, 3, 4, 5], setting).tolist() == [3, 3, 9]


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_adjusted_p_values(p_values):
    assert benjamini_hochberg(p_values) == pytest.approx(stats.false_discovery_control(p_values))
    first, second = holm(p_values), benjamini_hochberg(p_values)
    assert all(p <= b + 1e-12 and b <= h + 1e-12 for p, b, h in zip(p_values, second, first, strict=True))


def test_holm_by_hand():
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])


# --- what it says ---


def test_a_shift_is_found_in_its_column_and_nowhere_else():
    old = {**frame(1, 3_000), "still": frame(9, 3_000)["amount"]}
    new = {**frame(2, 3_000, 0.3), "still": frame(8, 3_000)["amount"]}
    first, ks, *_ = measured(old, new)
    assert first.outcome == "measured"
    assert first.facts["moved_holm"] == first.facts["moved_benjamini_hochberg"] == 1
    assert first.facts["p_holm: amount"] < 0.001 < first.facts["p_holm: still"]
    assert first.facts["p_holm_least"] == first.facts["p_holm: amount"]
    assert first.low > first.facts["psi_expected_of_chance"]
    assert ks.facts["column"] == "amount"
    assert [part.label for part in first.parts] == ["amount", "still", "kind"]
    assert all(part.low <= part.estimate <= part.high for part in first.parts)


def test_false_alarms_over_all_columns_stay_at_the_level():
    alarms, runs = 0, 120
    fixed_how = Estimating(data_digest=DIGEST, draws=2)
    for seed in range(runs):
        old, new = (
            {f"x{i}": each for i, each in enumerate(np.random.default_rng(2 * seed + side).normal(size=(6, 300)))}
            for side in (0, 1)
        )
        alarms += measured(old, new, fixed_how, bins=20)[0].facts["p_holm_least"] <= 0.05
    assert alarms / runs <= 0.05 + 2 * math.sqrt(0.05 * 0.95 / runs)


def test_the_interval_of_the_index_covers_its_value_when_something_moved():
    truth = float(psi(np.array([2.5e8, 2.5e8, 2.5e8, 2.5e8]), np.array([4e8, 3e8, 2e8, 1e8])))
    held, runs = 0, 60
    for seed in range(runs):
        random = np.random.default_rng(seed)
        old, new = (np.array(list("abcd"))[random.choice(4, 600, p=p)] for p in ([0.25] * 4, [0.4, 0.3, 0.2, 0.1]))
        (part,) = measured({"k": old}, {"k": new})[0].parts
        held += part.low <= truth <= part.high
    assert held / runs >= 0.88


def test_new_and_vanished_levels_and_missing_rates_are_told():
    old = frame(1, 500)
    new = {
        "amount": np.ma.array(frame(2, 500)["amount"], mask=np.arange(500) < 100),
        "kind": np.array(["a", "b", "new"] * 167)[:500],
    }
    first, *_, missing = measured(old, new)
    assert first.facts["rows_outside_reference: kind"] == 166
    assert first.facts["levels_vanished: kind"] == 1
    assert first.facts["p_holm: amount"] < 0.001  # the values did not move, the missing rate did
    assert missing.measure == "drift.columns.missing"
    assert (missing.facts["column"], missing.estimate) == ("amount", 0.2)
    assert "new" not in str(first.statistics)  # a level that nobody registered may be a customer's words


def test_constant_columns_can_move_and_can_stay():
    still = measured({"x": np.ones(200)}, {"x": np.ones(200)})
    assert (still[0].estimate, still[0].facts["moved_holm"], still[0].facts["p_holm: x"]) == (0.0, 0, 1.0)
    moved = measured({"x": np.ones(200)}, {"x": np.full(200, 1.5)})
    assert moved[0].facts["moved_holm"] == 1
    assert moved[0].facts["rows_outside_reference"] == 200
    assert not any(each.measure.endswith("wasserstein-binned") for each in moved)


def test_too_few_rows_are_underpowered_with_the_n_that_would_do():
    first, *rest = measured(frame(1, 10), frame(2, 10))
    assert (first.outcome, first.estimate, first.facts["n_needed"]) == ("underpowered", None, 30)
    assert rest == []
    wanted = measured(frame(1, 200), frame(2, 200), effect=0.05)[0]
    need = wanted.facts["n_needed"]
    assert wanted.outcome == "underpowered"
    assert ks_detectable(need, need, 1 - 0.05 / 2) <= 0.05 < ks_detectable(need - 20, need - 20, 1 - 0.05 / 2)
    assert need == rows_for_ks(0.05, 1 - 0.05 / 2)
    assert measured(frame(1, need), frame(2, need), effect=0.05)[0].outcome == "measured"


def test_a_column_that_is_all_missing_leaves_the_whole_underpowered_but_its_missing_rate_counts():
    new = frame(2)
    gone = {"amount": np.full(400, math.nan), "kind": new["kind"]}
    first, *_ = measured(frame(1), gone)
    assert first.outcome == "underpowered"
    assert next(part for part in first.parts if part.label == "amount").estimate is None
    assert first.facts["p_holm: amount"] < 0.001
    assert first.facts["columns_underpowered"] == 1


@pytest.mark.parametrize(
    ("reference", "current", "match"),
    [
        ({"x": np.array([1.0, math.inf])}, {"x": np.ones(2)}, "infinite"),
        ({"x": np.ones(2)}, {"x": np.array([1.0, -math.inf])}, "infinite"),
        ({"x": np.ones(2)}, {"y": np.ones(2)}, "no column"),
        ({"x": np.ones(2)}, {"x": np.array(["a", "b"])}, "not numbers"),
        ({"x": np.array([f"customer {i}" for i in range(2_000)])}, {}, "levels"),
    ],
)
def test_what_cannot_be_compared_is_refused_by_name(reference, current, match):
    with pytest.raises(FieldError, match=match):
        measured(reference, current)


def test_without_a_reference_or_a_column_there_is_no_number():
    fixed = reference_edges(frame(1))
    with pytest.raises(FieldError, match="one sample only"):
        COLUMNS.estimate(COLUMNS.gather(sample(frame(2)), fixed), fixed, HOW)
    with pytest.raises(FieldError, match="no column to compare"):
        COLUMNS.gather(sample(frame(1), frame(2)), DriftSettings())
    with pytest.raises(FieldError, match="each once"):
        DriftSettings(numbers=fixed.numbers * 2)


def test_the_score_is_compared_by_its_role():
    old, new = ({"p": frame(seed, 500, shift)["amount"]} for seed, shift in ((1, 0.0), (2, 0.5)))
    fixed = reference_edges({"score": old["p"]})
    score = DriftScore()
    found = score.estimate(score.gather(sample(new, old, score="p"), fixed), fixed, HOW)
    assert found[0].measure == "drift.score"
    assert found[0].facts["moved_holm"] == 1
    with pytest.raises(FieldError, match="no column plays"):
        score.gather(sample(new, old), fixed)
    with pytest.raises(FieldError, match="not one column"):
        score.gather(sample(new, old, score="p"), DriftSettings())


def test_the_exact_distance_has_its_interval_and_does_not_merge():
    old, new = frame(1, 2_000), frame(2, 2_000, 0.5)
    exact, fixed = DriftKsExact(), KsSettings(columns=("amount",))
    gathered = exact.gather(sample(new, old), fixed)
    (found,) = exact.estimate(gathered, fixed, HOW)
    truth = 2 * stats.norm.cdf(0.25) - 1
    assert found.low <= truth <= found.high
    assert found.facts["p_holm_least"] < 1e-10
    grid = measured(old, new)[1]
    assert 0 <= found.estimate - grid.parts[0].estimate <= 1 / 100
    with pytest.raises(FieldError, match="do not add up"):
        exact.merge([gathered, gathered])
    (few,) = exact.estimate(exact.gather(sample(frame(1, 9), frame(2, 9)), fixed), fixed, HOW)
    assert (few.outcome, few.facts["n_needed"]) == ("underpowered", 30)
    (none,) = exact.estimate(exact.gather(sample({"amount": np.full(9, math.nan)}, frame(2, 9)), fixed), fixed, HOW)
    assert (none.outcome, none.estimate) == ("underpowered", None)


@settings(max_examples=25)
@given(NUMBERS, NUMBERS)
def test_nothing_finite_gives_a_nan_or_a_warning(reference, current):
    alike = np.array_equal(np.sort(reference), np.sort(current), equal_nan=True)  # one table twice is refused
    if not np.isnan(reference).all() and not alike:
        measured({"x": reference}, {"x": current}, Estimating(data_digest=DIGEST, draws=3, cell_size_min=1))


def test_measures_say_what_they_are():
    assert [each.name for each in MEASURES] == sorted(each.name for each in MEASURES)
    for each in MEASURES:
        assert each.name.startswith("drift.")
        assert each.misleads.en
        assert each.misleads.zh
        assert each.method.source
