"""Tree reasons: equal to the library's own, and to Shapley's definition on a small tree."""

from itertools import combinations
from math import factorial

import lightgbm
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dualtrack.errors import EvidenceError
from dualtrack.evidence.adapters import tree_reasons
from dualtrack.evidence.adapters.boosters import BoosterScorer
from dualtrack.evidence.adapters.tree_reasons import compile_trees
from dualtrack.evidence.models import ask_reasons

RELEASE = "ab" * 32


def trained(seed, **more):
    draws = np.random.default_rng(seed)
    rows = draws.normal(size=(400, 5))
    rows[draws.random(rows.shape) < 0.1] = np.nan
    rows[:, 4] = draws.integers(0, 3, size=400)
    label = np.nan_to_num(rows[:, 0] * rows[:, 1]) + draws.normal(size=400) > 0
    base = {"objective": "binary", "num_leaves": 12, "min_data_in_leaf": 5, "verbosity": -1, "num_threads": 1}
    names = more.pop("categorical", "auto")
    data = lightgbm.Dataset(rows, label=label, categorical_feature=names)
    return lightgbm.train(base | more, data, 10), rows


@pytest.mark.parametrize(
    "more", [{}, {"use_missing": False}, {"zero_as_missing": True}, {"objective": "l2"}, {"num_leaves": 2}, {"boost_from_average": False}]
)  # fmt: skip
def test_equal_to_the_library(more):
    booster, rows = trained(3, **more)
    trees = compile_trees(booster.dump_model())
    rows[:20] = 0.0
    expected = booster.predict(rows, pred_contrib=True, num_threads=1)
    assert trees.contributions(rows) == pytest.approx(expected[:, :-1], abs=1e-12)
    assert trees.base == pytest.approx(expected[0, -1], abs=1e-12)


def test_long_paths_are_worked_out_without_tables(monkeypatch):
    booster, rows = trained(4)
    whole = compile_trees(booster.dump_model()).contributions(rows)
    monkeypatch.setattr(tree_reasons, "TABLE_FEATURES_MAX", 1)
    monkeypatch.setattr(tree_reasons, "BLOCK_ROWS", 64)
    assert compile_trees(booster.dump_model()).contributions(rows) == pytest.approx(whole, abs=1e-14)


def test_categories_are_left_to_the_library():
    booster, rows = trained(5, categorical=[4], min_data_per_group=5, cat_smooth=1.0)
    assert compile_trees(booster.dump_model()) is None
    expected = booster.predict(rows, pred_contrib=True, num_threads=1)
    assert np.array_equal(ask_reasons(BoosterScorer(booster, release_digest=RELEASE), rows).values, expected[:, :-1])


@pytest.mark.parametrize(
    "more",
    [{"sigmoid": 2.0}, {"objective": "cross_entropy"}, {"boosting": "rf", "bagging_freq": 1, "bagging_fraction": 0.5}],
)
def test_base_and_reasons_add_up_to_the_prediction(more):
    booster, rows = trained(7, **more)
    scorer = BoosterScorer(booster, release_digest=RELEASE)
    reasons = ask_reasons(scorer, rows)
    assert reasons.link == "logit"
    assert scorer.score(rows) == pytest.approx(1 / (1 + np.exp(-reasons.base - reasons.values.sum(axis=1))), abs=1e-12)


def test_a_link_that_is_neither_is_refused():
    booster, rows = trained(8, objective="poisson")
    with pytest.raises(EvidenceError, match="objective 'poisson'"):
        ask_reasons(BoosterScorer(booster, release_digest=RELEASE), rows)


def test_linear_leaves_have_no_reasons():
    booster, rows = trained(5, linear_tree=True)
    assert compile_trees(booster.dump_model()) is None
    with pytest.raises(EvidenceError, match="linear trees"):
        ask_reasons(BoosterScorer(booster, release_digest=RELEASE), rows)


def test_a_booster_of_several_outputs_is_refused():
    booster, _ = trained(6)
    booster.num_model_per_iteration = lambda: 3
    with pytest.raises(EvidenceError, match="3 outputs"):
        BoosterScorer(booster, release_digest=RELEASE)


def node(feature, threshold, left, right):
    count = sum(each.get("internal_count", each.get("leaf_count")) for each in (left, right))
    return {
        "split_feature": feature, "threshold": threshold, "decision_type": "<=", "missing_type": "None", "default_left": True,
        "left_child": left, "right_child": right, "internal_count": count,
    }  # fmt: skip


leaves = st.builds(
    lambda value, count: {"leaf_value": value, "leaf_count": count}, st.floats(-3, 3), st.integers(1, 50)
)
trees_of = st.recursive(
    leaves,
    lambda below: st.builds(node, st.integers(0, 3), st.sampled_from([-1.0, 0.0, 1.0]), below, below),
    max_leaves=6,
)


def value_of(tree, row, known):
    """Return the tree's expectation with only the features in `known`, by the training rows below each node."""
    if "split_feature" not in tree:
        return tree["leaf_value"]
    sides = tree["left_child"], tree["right_child"]
    if tree["split_feature"] in known:
        return value_of(sides[0 if row[tree["split_feature"]] <= tree["threshold"] else 1], row, known)
    counts = [each.get("internal_count", each.get("leaf_count")) for each in sides]
    return sum(n * value_of(each, row, known) for n, each in zip(counts, sides, strict=True)) / sum(counts)


@settings(max_examples=40, deadline=None)
@given(trees_of, st.lists(st.sampled_from([-2.0, -0.5, 0.5, 2.0]), min_size=4, max_size=4))
def test_equal_to_shapleys_definition(tree, row):
    found = compile_trees({"tree_info": [{"tree_structure": tree}], "max_feature_idx": 3})
    values = found.contributions(np.array([row]))[0]
    for feature in range(4):
        others = [each for each in range(4) if each != feature]
        expected = sum(
            factorial(size) * factorial(3 - size) / factorial(4)
            * (value_of(tree, row, {*some, feature}) - value_of(tree, row, set(some)))
            for size in range(4) for some in combinations(others, size)
        )  # fmt: skip
        assert values[feature] == pytest.approx(expected, abs=1e-12)
    assert found.base + values.sum() == pytest.approx(value_of(tree, row, {0, 1, 2, 3}), abs=1e-12)
