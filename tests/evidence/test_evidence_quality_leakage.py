"""Duplicates and leaks between training and test: against brute force, with planted leaks, and refused where nothing can be said."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dualtrack.domain import canonical
from dualtrack.errors import FieldError
from dualtrack.evidence.measure import Estimating
from dualtrack.evidence.performance.discrimination import measure_auc
from dualtrack.evidence.quality.duplicates import Duplicates, DuplicateSettings
from dualtrack.evidence.quality.leakage import Leakage, LeakageSettings
from dualtrack.evidence.quality.leaks import Known, count_alone
from dualtrack.evidence.quality.rows import group_rows, normal_text, normalised
from dualtrack.evidence.sample import Roles, make_sample
from dualtrack.evidence.tables import load_taiwan

HOW = Estimating(data_digest="a" * 64, cell_size_min=20)


def data(n=400, seed=2):
    random = np.random.default_rng(seed)
    label = (random.random(n) < 0.3).astype(int)
    return {
        "age": random.normal(40, 10, n),
        "income": np.ma.array(random.normal(9, 1, n), mask=random.random(n) < 0.05),
        "job": random.choice(np.array(["clerk", "driver", "nurse"], dtype=object), n),
        "label": label,
        "split": np.array(["train"] * (n // 2) + ["test"] * (n // 2), dtype=object),
        "time": np.arange(n, dtype=np.float64),
    }


def sample(features=("age", "income"), **changed):
    columns = data() | changed
    extra = tuple(name for name in changed if name not in data())
    return make_sample(columns, Roles(features=features, attributes=extra, label="label", split="split", time="time"))


def measured(whole, **plan):
    kind, settings_ = Leakage(), LeakageSettings(**plan)
    return {each.measure: each for each in kind.estimate(kind.gather(whole, settings_), settings_, HOW)}


rows = st.lists(st.tuples(st.sampled_from([1.0, 2.0, None]), st.sampled_from(["a", "b", ""])), min_size=1, max_size=30)


@given(rows)
@settings(max_examples=60, deadline=None)
def test_groups_of_rows_are_those_of_the_rows_themselves(drawn):
    first = np.ma.array([value or 0.0 for value, _ in drawn], mask=[value is None for value, _ in drawn])
    second = np.array([value for _, value in drawn], dtype=object)
    groups = group_rows([first, second])
    for place, row in enumerate(drawn):
        assert [other == row for other in drawn] == (groups == groups[place]).tolist()


def test_near_means_digits_for_numbers_and_letters_for_text():
    near = normalised(np.array([1234.0, 1233.0, -0.001234, 0.0]), 3)
    assert near[0] == near[1]
    assert near.tolist() == pytest.approx([1230.0, 1230.0, -0.00123, 0.0])
    assert normal_text("Ｃhan Tai-Man， 陳 大文") == normal_text("chan tai man 陳大文")


def test_duplicates_by_hand():
    kind, plan = Duplicates(), DuplicateSettings()
    columns = {
        "a": np.array([1.0, 1, 1, 2, 2.0001, *range(10, 45)]),
        "b": np.array(["x", "x", "x", "y", "Y.", *"zzzzz" * 7], dtype=object),
    }
    whole = make_sample(columns, Roles(features=("a", "b")))
    exact, near = kind.estimate(kind.gather(whole, plan), plan, HOW)
    assert (exact.estimate, exact.facts["rows_to_drop"], exact.facts["largest_group"]) == (3 / 40, 2, 3)
    assert (near.measure, near.estimate) == ("quality.duplicates-near", 5 / 40)
    assert exact.low < 3 / 40 < exact.high
    with pytest.raises(FieldError):
        kind.merge([kind.gather(whole, plan)] * 2)


def test_rows_that_are_all_alike_are_one_unit_and_say_nothing():
    kind, plan = Duplicates(), DuplicateSettings()
    whole = make_sample({"a": np.ones(50)}, Roles(features=("a",)))
    for found in kind.estimate(kind.gather(whole, plan), plan, HOW):
        assert (found.outcome, found.estimate) == ("underpowered", None)


def test_clean_data_have_no_leak():
    found = measured(sample(), alone_auc_max=0.8)
    assert found["quality.leakage"].estimate == 0
    assert found["quality.leakage"].high < 0.03
    assert found["quality.leakage-time"].estimate == 0
    assert found["quality.leakage-alone"].facts["features_above"] == 0
    assert found["quality.leakage"].facts["future_looked_at"] is False
    assert all(len(canonical.encode(each.statistics)) < 20_000 for each in found.values())


def test_rows_of_training_in_the_test_set_are_seen_exactly_and_nearly():
    columns = data()
    for name in ("age", "income"):
        columns[name][200:240] = columns[name][:40]
    columns["age"][240:260] = columns["age"][40:60] * (1 + 1e-6)
    columns["income"][240:260] = columns["income"][40:60]
    found = measured(sample(age=columns["age"], income=columns["income"]), digits=4)
    assert found["quality.leakage"].estimate == 0.2
    assert found["quality.leakage-near"].estimate >= 0.29  # a value on the edge of rounding may fall on the other side


def test_twins_against_brute_force_and_the_reference_as_training():
    random = np.random.default_rng(5)
    columns = {"a": random.integers(0, 6, 300), "b": random.integers(0, 6, 300), "label": random.integers(0, 2, 300)}
    side = random.random(300) < 0.1
    split = np.where(side, "train", "test").astype(object)
    roles = Roles(features=("a", "b"), label="label")
    known = set(zip(columns["a"][side], columns["b"][side], strict=True))
    expected = np.mean([pair in known for pair in zip(columns["a"][~side], columns["b"][~side], strict=True)])
    by_split = make_sample(columns | {"split": split}, Roles(features=("a", "b"), label="label", split="split"))
    train, test = ({name: column[keep] for name, column in columns.items()} for keep in (side, ~side))
    by_reference = make_sample(test, roles, reference=make_sample(train, roles))
    for whole in (by_split, by_reference):
        assert measured(whole)["quality.leakage"].estimate == pytest.approx(expected)
    assert measured(by_reference)["quality.leakage"].facts["time_looked_at"] is False


def test_training_rows_later_than_the_test_are_time_travel():
    found = measured(sample(time=np.arange(400)[::-1].astype(float)))["quality.leakage-time"]
    assert (found.estimate, found.facts["test_earlier"]) == (1.0, 200)
    dated = np.array([f"2026-{1 + at // 200:02}-01" for at in range(400)], dtype=object)
    assert measured(sample(time=dated))["quality.leakage-time"].estimate == 0
    assert measured(sample(time=np.ones(400)))["quality.leakage-time"].estimate == 0  # the same instant is not later
    dated[7] = "?"
    assert measured(sample(time=dated))["quality.leakage-time"].outcome == "underpowered"


def test_a_feature_known_after_the_decision_is_seen():
    known = np.arange(400) + np.where(np.arange(400) % 4 == 0, 5.0, -5.0)
    plan = {"known": (Known(feature="income", column="income_at"),), "known_after": ("age", "unused")}
    found = measured(sample(income_at=known), **plan)["quality.leakage-future"]
    shares = {part.label: part.estimate for part in found.parts}
    assert shares == {"age": 0.0, "income": 0.75}
    gone = np.ma.array(known, mask=np.arange(400) == 3)
    assert measured(sample(income_at=gone), **plan)["quality.leakage-future"].outcome == "underpowered"


def test_a_feature_that_is_the_label_and_one_whose_absence_is():
    truth = data()["label"]
    leak = np.where(truth == 1, 1.0, 0.0) + np.random.default_rng(1).normal(0, 0.1, 400)
    filled = np.ma.array(np.random.default_rng(4).normal(0, 1, 400), mask=truth == 0)  # filled in only after a default
    whole = sample(features=("age", "leak", "filled"), leak=leak, filled=filled)
    found = measured(whole, alone_auc_max=0.9)["quality.leakage-alone"]
    areas = {part.label: part.estimate for part in found.parts}
    assert areas["leak"] > 0.99
    assert areas["filled is missing"] == 1.0
    assert areas["filled"] is None  # where it is filled there is one class only
    assert found.facts["features_above"] == 2


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 5)), min_size=8, max_size=60))
@settings(max_examples=50, deadline=None)
def test_whole_sums_give_the_auc_and_interval_of_delong(drawn):
    truth, score = (np.array(column) for column in zip(*drawn, strict=True))
    if min(truth.sum(), (~truth).sum()) < 2:
        return
    reference = measure_auc(truth, score.astype(float))
    whole = make_sample(
        {
            "x": score,
            "y": truth.astype(int),
            "s": np.array(["train", "test"] * len(truth))[: len(truth)].astype(object),
        },
        Roles(features=("x",), label="y", split="s"),
    )
    found = measured(whole)["quality.leakage-alone"]
    if found.estimate is None or reference.estimate is None:
        assert len(set(drawn)) < len(drawn)  # rows alike: no spread, for one of the two at least
        return
    assert found.estimate == pytest.approx(max(reference.estimate, 1 - reference.estimate))
    side = reference.high if reference.estimate >= 0.5 else 1 - reference.low
    assert found.high == pytest.approx(side)


def test_features_of_text_are_not_passed_over_in_silence():
    found = measured(sample(features=("age", "job")))["quality.leakage-alone"]
    assert (found.outcome, found.facts["features_of_text"]) == ("underpowered", 1)
    assert count_alone(np.array([True, False]), np.array(["a", "b"], dtype=object), "job")[0].judged is False


def test_one_class_or_constant_features_give_no_number():
    found = measured(sample(label=np.ones(400, dtype=int)))["quality.leakage-alone"]
    assert (found.outcome, found.estimate) == ("underpowered", None)
    constant = measured(sample(features=("c",), c=np.ones(400)))["quality.leakage-alone"]
    assert (constant.outcome, constant.estimate) == ("underpowered", None)


def test_a_group_of_one_on_the_test_side_is_underpowered():
    split = np.array(["train"] * 399 + ["test"], dtype=object)
    found = measured(sample(split=split))
    assert (found["quality.leakage"].outcome, found["quality.leakage"].facts["n_needed"]) == ("underpowered", 20)
    assert found["quality.leakage-time"].outcome == "underpowered"


@pytest.mark.parametrize(
    "whole",
    [
        lambda: sample(split=np.array(["train"] * 400, dtype=object)),
        lambda: sample(split=np.array(["train", "valid"] * 200, dtype=object)),
        lambda: sample(split=np.array(["train", ""] * 200, dtype=object)),
        lambda: sample(label=np.full(400, 2)),
        lambda: make_sample({"a": np.ones(4)}, Roles(features=("a",))),
        lambda: make_sample({"a": np.ones(4)}, Roles(label="a")),
        lambda: make_sample(
            {"a": np.ones(4)},
            Roles(features=("a",)),
            reference=make_sample({"a": np.array(["x"] * 4, dtype=object)}, Roles(features=("a",))),
        ),
    ],
)
def test_what_cannot_be_compared_is_an_error(whole):
    with pytest.raises(FieldError):
        measured(whole())


def test_settings_that_mean_nothing_are_refused():
    for plan in ({"alone_auc_max": 0.3}, {"alone_auc_max": float("nan")}, {"digits": 0}, {"train": "test"}):
        with pytest.raises(FieldError):
            LeakageSettings(**plan)


def test_the_carried_accounts_have_the_twins_that_their_card_names():
    columns = load_taiwan()
    names = tuple(name for name in columns if name != "id")
    kind, plan = Duplicates(), DuplicateSettings(columns=names)
    exact = kind.estimate(kind.gather(make_sample(columns, Roles(features=names)), plan), plan, HOW)[0]
    assert (exact.facts["rows_with_twin"], exact.facts["rows_to_drop"]) == (70, 35)
