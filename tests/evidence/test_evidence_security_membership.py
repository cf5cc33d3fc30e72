"""Membership inference: against brute force over rows, with a model that remembers and one that does not, and bad input."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import convert
from sklearn.metrics import roc_auc_score

from dualtrack.domain import canonical
from dualtrack.errors import FieldError
from dualtrack.evidence.measure import Estimating
from dualtrack.evidence.sample import Roles, make_sample
from dualtrack.evidence.security.losses import BINS, Losses, bin_losses, edges
from dualtrack.evidence.security.membership import MembershipInference, MembershipSettings

KIND, PLAN = MembershipInference(), MembershipSettings()
HOW = Estimating(data_digest="a" * 64, cell_size_min=30, draws=400)
ROLES = Roles(label="label", score="score", split="split")


def rows(n=2_000, memory=0.0, seed=1):
    random = np.random.default_rng(seed)
    label = (random.random(n) < 0.4).astype(int)
    split = np.where(np.arange(n) < n // 2, "train", "test").astype(object)
    odds = random.normal(0, 1, n) + (2 * label - 1) * (1 + memory * (split == "train"))
    return {"label": label, "score": 1 / (1 + np.exp(-odds)), "split": split}


def measured(columns, plan=PLAN, how=HOW):
    return KIND.estimate(KIND.gather(make_sample(columns, ROLES), plan), plan, how)


def losses_of(columns):
    stated = np.where(columns["label"] == 1, columns["score"], 1 - columns["score"])
    return -np.log(stated), columns["split"] == "train"


def test_bins_stand_for_their_losses():
    assert len(edges()) == BINS + 3
    assert len(bin_losses()) == BINS + 2
    assert np.all(np.diff(bin_losses()) > 0)
    assert bin_losses()[0] < 2e-7


@pytest.mark.parametrize("memory", [0.0, 0.7, 2.0])
def test_advantage_and_auc_agree_with_the_rows(memory):
    columns = rows(memory=memory)
    loss, member = losses_of(columns)
    threshold = loss[member].mean()
    by_rows = (loss[member] <= threshold).mean() - (loss[~member] <= threshold).mean()
    advantage, area = measured(columns)
    assert advantage.estimate == pytest.approx(by_rows, abs=0.02)  # losses of one bin are not told apart
    assert area.estimate == pytest.approx(roc_auc_score(member, -loss), abs=1e-3)
    assert advantage.low <= advantage.estimate <= advantage.high
    assert advantage.facts["advantage_best_threshold"] >= advantage.estimate - 1e-12
    assert advantage.draws.draws == 400


def test_a_model_that_remembers_is_told_from_one_that_does_not():
    honest, memory = measured(rows())[0], measured(rows(memory=2.0))[0]
    assert honest.low <= 0 <= honest.high
    assert memory.low > 0.3
    assert measured(rows(memory=2.0))[1].low > 0.7


def test_the_interval_of_no_advantage_covers_nought():
    how = Estimating(data_digest="a" * 64, draws=200)
    areas = [measured(rows(n=400, seed=seed), how=how) for seed in range(40)]
    assert sum(auc.low <= 0.5 <= auc.high for _, auc in areas) >= 34
    assert sum(first.low <= 0 <= first.high for first, _ in areas) >= 34


@given(st.lists(st.booleans(), min_size=200, max_size=200))
@settings(max_examples=10, deadline=None)
def test_parts_add_up_to_all_at_once(keep):
    columns, first = rows(n=200), np.array(keep)
    if first.all() or not first.any():
        return
    parts = [make_sample({k: v[side] for k, v in columns.items()}, ROLES) for side in (first, ~first)]
    merged = KIND.merge([KIND.gather(part, PLAN) for part in parts])
    assert merged == KIND.gather(make_sample(columns, ROLES), PLAN)


def test_statistics_alone_give_the_same_and_are_small():
    found = measured(rows())
    again = convert(found[0].statistics, Losses)
    assert KIND.estimate(again, PLAN, HOW) == found
    assert len(canonical.encode(found[0].statistics)) < 10_000


def test_constant_scores_and_a_group_of_one_are_underpowered():
    columns = rows(n=200)
    same = columns | {"score": np.full(200, 0.4)}
    assert [(each.outcome, each.estimate) for each in measured(same)] == [("underpowered", None)] * 2
    one = columns | {"split": np.array(["train"] * 199 + ["test"], dtype=object)}
    for found in measured(one):
        assert (found.outcome, found.estimate, found.facts["n_needed"]) == ("underpowered", None, 30)


def test_one_class_and_the_same_rows_on_both_sides_say_nothing():
    columns = rows(n=200)
    with pytest.raises(FieldError, match="one class"):
        measured(columns | {"label": np.ones(200, dtype=int)})
    half = {name: values[:100] for name, values in columns.items()}
    twice = {name: np.concatenate([values, values]) for name, values in half.items()}
    twice["split"] = np.repeat(np.array(["train", "test"], dtype=object), 100)
    for found in measured(twice):
        assert (found.outcome, found.estimate) == ("underpowered", None)
        assert "same rows" in found.facts["why"]


def test_an_interval_wider_than_the_plan_is_underpowered_and_says_what_would_do():
    found = measured(rows(n=200), MembershipSettings(half_width=0.01))[0]
    assert found.outcome == "underpowered"
    assert found.facts["n_needed"] == 2 * math.ceil((1.959963984540054**2) * 0.5 / 0.01**2)


def test_certain_scores_fall_into_the_last_bins():
    columns = rows(n=200) | {"score": np.array([0.0, 1.0] * 100), "label": np.array([0, 1] * 100)}
    statistics = KIND.gather(make_sample(columns, ROLES), PLAN)
    assert statistics.train[0] == statistics.test[0] == 100
    wrong = KIND.gather(make_sample(columns | {"label": np.array([1, 0] * 100)}, ROLES), PLAN)
    assert wrong.train[-1] == wrong.test[-1] == 100


@pytest.mark.parametrize(
    "changed",
    [
        {"score": np.full(200, 1.5)},
        {"score": np.full(200, -0.1)},
        {"score": np.ma.array(np.full(200, 0.5), mask=np.arange(200) == 7)},
        {"label": np.full(200, 3)},
        {"split": np.array(["train", "valid"] * 100, dtype=object)},
        {"split": np.ma.array(["train", "test"] * 100, mask=np.arange(200) == 3, dtype=object)},
    ],
)
def test_what_is_no_probability_label_or_split_is_refused(changed):
    with pytest.raises(FieldError):
        measured(rows(n=200) | changed)


def test_a_role_that_is_not_filled_is_named():
    with pytest.raises(FieldError, match="split"):
        KIND.gather(make_sample({"a": np.ones(3), "b": np.ones(3)}, Roles(label="a", score="b")), PLAN)
    with pytest.raises(FieldError):
        KIND.merge([])
    with pytest.raises(FieldError):
        Losses(train=(1,), test=(1,))
