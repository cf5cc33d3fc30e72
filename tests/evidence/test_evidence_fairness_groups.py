"""Cell counts and group gaps: against brute force over rows, and with groups too small to say."""

from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dualtrack.errors import FieldError
from dualtrack.evidence.cells import Cells, collapse, count_cells, merge_cells
from dualtrack.evidence.fairness.groups import RATES, measure_groups


def brute(label, selected, group):
    """Rates of each group, from the rows."""
    result = {}
    for value in sorted(set(group)):
        y, d = label[group == value], selected[group == value]
        everybody = np.ones_like(d, bool)
        fractions = [(d, everybody), (d, y == 1), (d, y == 0), (y, d == 1), (y == d, everybody), (1 - d, y == 1)]
        result[value] = {
            rate: float(top[mask].mean()) if mask.any() else None
            for rate, (top, mask) in zip(RATES, fractions, strict=True)
        }
    return result


def sample(n, seed=1, lift=0.0):
    random = np.random.default_rng(seed)
    sex, age = random.integers(1, 3, n), random.integers(0, 5, n)
    label = (random.random(n) < 0.3).astype(int)
    selected = (random.random(n) < 0.2 + 0.4 * label + lift * (sex == 1)).astype(int)
    return label, selected, {"sex": sex, "age": age}


def rates_of(cells, by):
    """Rates of each group that has people, as the parts of the measurements say them."""
    with mock.patch(
        "dualtrack.evidence.fairness.groups.DEFINED_LEAST", 0.01
    ):  # so that a rate of one row is said as well
        measured = measure_groups(cells, [tuple(by)], cell_size_min=1, seed=1, draws=100)
    names = [part.label for part in measured[0].parts]
    return {
        name: {found.facts["rate"]: found.parts[place].estimate for found in measured}
        for place, name in enumerate(names)
    }


rows = st.lists(
    st.tuples(st.integers(0, 1), st.integers(0, 1), st.sampled_from("ab"), st.integers(8, 11)), min_size=1, max_size=40
)


def columns(drawn):
    label, selected, first, second = (np.array(column) for column in zip(*drawn, strict=True))
    return label, selected, {"kind": first, "code": second}


@settings(max_examples=60, deadline=None)
@given(rows)
def test_rates_equal_brute_force(drawn):
    label, selected, groups = columns(drawn)
    cells = count_cells(label, selected, groups)
    for name, column in groups.items():
        expected = brute(label, selected, column.astype(str))
        assert rates_of(cells, [name]) == {f"{name}={value}": rates for value, rates in expected.items()}
    both = np.array([f"kind={a} & code={b}" for a, b in zip(*groups.values(), strict=True)])
    assert rates_of(cells, ["kind", "code"]) == brute(label, selected, both)


@settings(max_examples=40, deadline=None)
@given(rows, rows)
def test_merged_counts_equal_counts_of_all_rows(first, second):
    whole = count_cells(*columns(first + second))
    assert merge_cells([count_cells(*columns(first)), count_cells(*columns(second))]) == whole
    assert merge_cells([whole]) == whole
    assert whole.n == len(first + second)


@settings(max_examples=25, deadline=None)
@given(rows, st.integers(1, 30))
def test_no_table_of_counts_crashes_it(drawn, smallest):
    cells = count_cells(*columns(drawn))
    for measured in measure_groups(cells, [("kind",), ("kind", "code")], cell_size_min=smallest, seed=1, draws=20):
        held = [part for part in measured.parts if part.n < smallest]
        assert (measured.outcome == "underpowered") >= bool(held)
        assert all(part.outcome == "underpowered" for part in held)


def test_levels_sort_by_value_whatever_the_type():
    cells = count_cells([1, 1, 0], [0, 1, 1], {"age": np.array([10, 9, 100])})
    assert cells.levels == (("9", "10", "100"),)
    assert cells == count_cells([1, 1, 0], [0, 1, 1], {"age": np.array(["10", "9", "100"])})


def test_gap_and_facts_by_hand():
    cells = Cells(attributes=("sex",), levels=(("m", "f"),), counts=(50, 10, 10, 30, 60, 5, 20, 15))
    by_rate = {
        measured.facts["rate"]: measured for measured in measure_groups(cells, [("sex",)], cell_size_min=30, seed=1)
    }
    tpr = by_rate["true_positive_rate"]
    assert tpr.estimate == pytest.approx(30 / 40 - 15 / 35)
    assert tpr.facts["ratio"] == pytest.approx((15 / 35) / (30 / 40))
    assert (tpr.outcome, tpr.n, tpr.facts["smallest_cell"]) == ("measured", 200, 35)
    assert tpr.facts["difference_low"] <= tpr.low <= tpr.estimate <= tpr.high
    precision = by_rate["precision"]
    assert (precision.outcome, precision.facts["smallest_cell"], precision.facts["groups_underpowered"]) == (
        "underpowered",
        20,
        1,
    )
    assert precision.estimate == pytest.approx(0.0)


def test_points_recompute_from_the_statistics():
    cells = count_cells(*sample(5_000, lift=0.1))
    measured = measure_groups(cells, [("sex", "age")], cell_size_min=10, seed=1, draws=50)[1]
    stored = measured.statistics["cells"]
    again = Cells(
        attributes=tuple(stored["attributes"]),
        levels=tuple(map(tuple, stored["levels"])),
        counts=tuple(stored["counts"]),
    )
    _, counts = collapse(again, again.array, ["sex", "age"])
    rates = counts[:, 1, 1] / counts[:, 1].sum(-1)
    assert max(rates) - min(rates) == measured.estimate
    assert again == cells


def test_interval_matches_a_bootstrap_of_the_rows():
    label, selected, groups = sample(1_500, lift=0.1)
    measured = measure_groups(
        count_cells(label, selected, groups),
        [("sex",)],
        cell_size_min=30,
        seed=1,
        draws=4_000,
        rates=["selection_rate"],
    )[0]
    random, male = np.random.default_rng(2), groups["sex"] == 1
    gaps = []
    for _ in range(1_500):
        rows = random.integers(1_500, size=1_500)
        gaps.append(abs(selected[rows][male[rows]].mean() - selected[rows][~male[rows]].mean()))
    assert (measured.low, measured.high) == pytest.approx(tuple(np.quantile(gaps, [0.025, 0.975])), abs=0.006)


def test_signed_difference_covers_about_as_often_as_it_says():
    hits = 0
    for seed in range(200):
        cells = count_cells(*sample(600, seed=seed, lift=0.15))
        measured = measure_groups(cells, [("sex",)], cell_size_min=1, seed=seed, draws=300, rates=["selection_rate"])[0]
        hits += measured.facts["difference_low"] <= 0.15 <= measured.facts["difference_high"]
    assert 0.9 <= hits / 200 <= 0.99


def test_a_group_of_thirty_is_underpowered_not_equal():
    label, selected, groups = sample(3_000)
    groups = {"race": np.where(np.arange(3_000) < 30, "small", "large")}
    for measured in measure_groups(
        count_cells(label, selected, groups), [("race",)], cell_size_min=100, seed=1, draws=100
    ):
        assert measured.outcome == "underpowered"
        assert measured.facts["groups_underpowered"] == 1


def test_a_declared_gap_that_the_data_can_neither_show_nor_exclude_is_underpowered():
    small = count_cells(*sample(300, lift=0.05))
    asked = {"cell_size_min": 30, "seed": 1, "draws": 200, "rates": ["selection_rate"]}
    silent, told = (measure_groups(small, [("sex",)], gap=gap, **asked)[0] for gap in (None, 0.1))
    assert (silent.outcome, told.outcome) == ("measured", "underpowered")
    assert "n_needed" not in silent.facts
    assert told.facts["n_needed"] > told.facts["smallest_cell"]
    enough = count_cells(*sample(4 * told.facts["n_needed"], lift=0.0))
    assert measure_groups(enough, [("sex",)], gap=0.1, **asked)[0].outcome == "measured"
    with pytest.raises(FieldError, match="gap"):
        measure_groups(small, [("sex",)], gap=1.5, **asked)


def test_one_group_alone_has_no_gap():
    measured = measure_groups(
        count_cells([0, 1], [1, 1], {"sex": np.array([1, 1])}), [("sex",)], cell_size_min=1, seed=1
    )[0]
    assert (measured.outcome, measured.estimate) == ("underpowered", None)


def test_collapse_sums_over_what_is_left_out():
    cells = count_cells(*sample(500))
    names, counts = collapse(cells, cells.array, ["age"])
    assert (names[0], counts.shape, int(counts.sum())) == ("age=0", (5, 2, 2), 500)


@pytest.mark.parametrize(
    "call",
    [
        lambda: count_cells([0, 1], [0, 1], {"a": np.ma.array([1, 2], mask=[0, 1])}),
        lambda: count_cells(np.zeros(6_000), np.zeros(6_000), {"id": np.arange(6_000)}),
        lambda: count_cells([0], [0], {}),
        lambda: Cells(attributes=("a",), levels=(("x", "x"),), counts=(0,) * 8),
        lambda: Cells(attributes=("a",), levels=(("x",),), counts=(1, 2, 3)),
        lambda: Cells(attributes=("a",), levels=(("x",),), counts=(1, 2, 3, -4)),
        lambda: merge_cells([]),
        lambda: merge_cells([count_cells([0], [0], {"a": np.array([1])}), count_cells([0], [0], {"b": np.array([1])})]),
        lambda: measure_groups(count_cells(*sample(10)), [("race",)], cell_size_min=1, seed=1),
        lambda: measure_groups(count_cells(*sample(10)), [()], cell_size_min=1, seed=1),
        lambda: measure_groups(count_cells(*sample(10)), [("sex",)], cell_size_min=0, seed=1),
        lambda: measure_groups(count_cells(*sample(10)), [("sex",)], cell_size_min=1, seed=1, rates=["luck"]),
        lambda: measure_groups(count_cells(*sample(10)), [("sex",)], cell_size_min=1, seed=1, draws=0),
        lambda: measure_groups(
            count_cells(np.zeros(999), np.zeros(999), {"a": np.arange(999)}),
            [("a",)],
            cell_size_min=1,
            seed=1,
            draws=9_000,
        ),
    ],
)
def test_what_cannot_be_counted_is_refused(call):
    with pytest.raises(FieldError):
        call()
