"""The measures of the family as a whole: parts add up, statistics alone repeat the estimates, and bad input is no number."""

import json

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dualtrack.domain import canonical
from dualtrack.domain.records import to_plain
from dualtrack.errors import EvidenceError, FieldError
from dualtrack.evidence.fairness.attributes import AttributeSettings, AttributesMeasured, protected_on
from dualtrack.evidence.fairness.calibration_within import CalibrationWithin
from dualtrack.evidence.fairness.consistency import ConsistencySettings
from dualtrack.evidence.fairness.flips import CounterfactualFlips, FlipSettings
from dualtrack.evidence.fairness.frontier import Frontier, FrontierSettings
from dualtrack.evidence.fairness.group_rates import GroupRates, GroupSettings
from dualtrack.evidence.fairness.groups import RATES
from dualtrack.evidence.fairness.measures import MEASURES
from dualtrack.evidence.fairness.mitigation import Mitigation, MitigationSettings
from dualtrack.evidence.fairness.proxies import Proxies, ProxySettings
from dualtrack.evidence.measure import CountingMeasure, Estimating
from dualtrack.evidence.models import CallableScorer
from dualtrack.evidence.sample import Roles, make_sample

DIGEST = "0" * 64
HOW = Estimating(data_digest=DIGEST, draws=60)
FLIPS = FlipSettings(attribute="sex", levels=(1, 2), sets={"sex": (1, 2)}, threshold=0.5)
SETTINGS = {
    "fairness.attributes": AttributeSettings(on="2026-11-27"),
    "fairness.counterfactual-flips": FLIPS,
    "fairness.frontier": FrontierSettings(bins=20, points=4, bound=0.05),
    "fairness.mitigation": MitigationSettings(threshold=0.5, bound=0.05, bins=20),
    "fairness.proxies": ProxySettings(edges={"x": (-1.0, 0.0, 1.0), "sex": (2.0,)}),
}
UNTRAINED = [kind() for kind in MEASURES if kind.cost != "training"]
ROLES = Roles(label="y", score="score", decision="d", attributes=("sex", "race"), features=("x", "sex"))


def logistic(rows):
    return 1 / (1 + np.exp(-rows[:, 0] - (rows[:, 1] == 1)))


def columns(n, seed=1):
    random = np.random.default_rng(seed)
    sex, race, x = random.integers(1, 3, n), random.integers(0, 3, n), random.normal(size=n)
    score = logistic(np.column_stack([x, sex]))
    return {
        "sex": sex,
        "race": np.array(["north", "south", "west"])[race],
        "x": x,
        "score": score,
        "y": (random.random(n) < score).astype(np.int64),
        "d": (score > 0.5).astype(np.int64),
    }


def sample_of(columns_, **changed):
    return make_sample(
        {**columns_, **changed}, ROLES, model=CallableScorer(logistic, release_digest=DIGEST), digest=DIGEST
    )


def set_for(measure):
    return SETTINGS.get(measure.name) or measure.settings()


@pytest.mark.parametrize("measure", UNTRAINED, ids=lambda measure: measure.name)
def test_statistics_from_a_bundle_repeat_the_estimates(measure):
    asked = set_for(measure)
    gathered = measure.gather(sample_of(columns(600)), asked)
    stored = canonical.encode(to_plain(gathered))
    assert len(stored) < 200_000
    found = measure.estimate(gathered, asked, HOW)
    again = measure.estimate(msgspec.json.decode(stored, type=measure.statistics), asked, HOW)
    assert [each.plain() for each in again] == [each.plain() for each in found]
    for each in found:  # what one measurement carries is enough for it
        carried = msgspec.convert(json.loads(canonical.encode(each.statistics)), measure.statistics)
        assert each.plain() in [other.plain() for other in measure.estimate(carried, asked, HOW)]


@settings(max_examples=6, deadline=None)
@given(st.integers(40, 300), st.integers(0, 10**6))
def test_parts_add_up_to_all_rows_at_once(cut, seed):
    whole = columns(400, seed)
    parts = [{name: column[rows] for name, column in whole.items()} for rows in (slice(0, cut), slice(cut, None))]
    for measure in UNTRAINED:
        asked = set_for(measure)
        gathered = [measure.gather(sample_of(part), asked) for part in parts]
        if measure.mergeable:
            assert measure.merge(gathered) == measure.gather(sample_of(whole), asked), measure.name
            assert measure.merge(gathered) == measure.merge(gathered[::-1])
        else:
            with pytest.raises(FieldError):
                measure.merge(gathered)


@pytest.mark.parametrize("measure", UNTRAINED, ids=lambda measure: measure.name)
def test_too_few_people_are_underpowered_and_say_how_many_would_do(measure):
    asked = set_for(measure)
    how = msgspec.structs.replace(HOW, cell_size_min=10_000)
    found = measure.estimate(measure.gather(sample_of(columns(300)), asked), asked, how)
    if measure.name == "fairness.attributes":
        assert found[0].facts["measured"] == ""
        assert found[0].facts["too_small"] == "sex,race"
        assert found[0].estimate == 0
        return
    assert all(each.outcome == "underpowered" and each.facts["n_needed"] >= 10_000 for each in found)


@pytest.mark.parametrize("measure", UNTRAINED, ids=lambda measure: measure.name)
def test_all_of_one_level_is_no_equality(measure):
    asked = set_for(measure)
    one = {"sex": np.ones(300, dtype=np.int64), "race": np.full(300, "north")}
    found = measure.estimate(measure.gather(sample_of(columns(300), **one), asked), asked, HOW)
    if measure.name == "fairness.attributes":
        assert found[0].facts["measured"] == ""
    elif measure.name != "fairness.consistency":  # which asks about people, not groups
        assert all(each.outcome == "underpowered" for each in found)


@pytest.mark.parametrize("measure", UNTRAINED, ids=lambda measure: measure.name)
def test_a_group_of_one_is_underpowered_not_equal(measure):
    asked = set_for(measure)
    race = np.array(["north"] * 299 + ["alone"])
    found = measure.estimate(measure.gather(sample_of(columns(300), race=race), asked), asked, HOW)
    for each in found:
        if "race" in str(each.facts.get("attributes", each.facts.get("attribute"))).split(","):
            assert each.outcome == "underpowered"


@pytest.mark.parametrize("measure", UNTRAINED, ids=lambda measure: measure.name)
def test_weights_and_missing_values_are_refused(measure):
    asked, base = set_for(measure), columns(60)
    weighted = make_sample(
        {**base, "w": np.zeros(60)}, msgspec.structs.replace(ROLES, weight="w"), model=sample_of(base).model
    )
    with pytest.raises(FieldError, match="weights"):
        measure.gather(weighted, asked)
    if measure.name == "fairness.consistency":  # attributes are left out there
        return
    masked = np.ma.array(base["sex"], mask=[1] + [0] * 59)
    with pytest.raises(FieldError, match="missing"):
        measure.gather(sample_of(base, sex=masked), asked)


COUNTING = [measure for measure in UNTRAINED if isinstance(measure, CountingMeasure)]


@pytest.mark.parametrize(
    ("measure", "roles"),
    [(measure, Roles(label="y")) for measure in COUNTING]
    + [(measure, Roles(attributes=("sex",))) for measure in COUNTING if measure.name != "fairness.attributes"],
    ids=lambda value: getattr(value, "name", ""),
)
def test_a_role_that_is_not_filled_is_named(measure, roles):
    with pytest.raises(FieldError, match=r"attribute|plays"):
        measure.tallies(roles, set_for(measure))


@pytest.mark.parametrize(
    ("changed", "measure"),
    [
        ({"y": np.zeros(60, dtype=np.int64)}, Frontier()),
        ({"y": np.ones(60, dtype=np.int64)}, Mitigation()),
        ({"y": np.full(60, 2)}, GroupRates()),
        ({"y": np.full(60, 2)}, CalibrationWithin()),
        ({"score": np.full(60, 1.5)}, CalibrationWithin()),
        ({"score": np.full(60, -0.1)}, Frontier()),
        ({"score": np.ma.array(np.full(60, 0.5), mask=[1] + [0] * 59)}, Frontier()),
        ({"d": np.ma.array(np.ones(60, dtype=np.int64), mask=[1] + [0] * 59)}, GroupRates()),
        ({"sex": np.full(60, 3)}, CounterfactualFlips()),
    ],
)
def test_what_cannot_be_measured_is_refused(changed, measure):
    asked = set_for(measure)
    with pytest.raises(FieldError):
        measure.estimate(measure.gather(sample_of(columns(60), **changed), asked), asked, HOW)


def test_one_class_of_labels_leaves_rates_of_it_open_and_others_measured():
    found = GroupRates().estimate(
        GroupRates().gather(sample_of(columns(600), y=np.zeros(600, dtype=np.int64)), GroupSettings()),
        GroupSettings(by=(("sex",),)),
        HOW,
    )
    outcomes = {each.facts["rate"]: each.outcome for each in found}
    assert outcomes["selection_rate"] == outcomes["false_positive_rate"] == "measured"
    assert outcomes["true_positive_rate"] == outcomes["false_negative_rate"] == "underpowered"


def test_levels_of_the_plan():
    measure, sample = GroupRates(), sample_of(columns(300))
    with pytest.raises(FieldError, match="new level"):
        measure.gather(sample, GroupSettings(levels={"sex": ("1",)}))
    asked = GroupSettings(levels={"sex": ("1", "2", "3")}, depth=1)
    by = {
        (each.facts["attributes"], each.facts["rate"]): each
        for each in measure.estimate(measure.gather(sample, asked), asked, HOW)
    }
    assert by["sex", "selection_rate"].outcome == "underpowered"
    assert by["sex", "selection_rate"].facts["levels_absent"] == "sex=3"
    assert by["race", "selection_rate"].outcome == "measured"


def test_groups_and_intersections_at_a_threshold():
    measure, sample = GroupRates(), sample_of(columns(800))
    asked = GroupSettings(threshold=0.5)
    found = measure.estimate(measure.gather(sample, asked), asked, HOW)
    assert [each.facts["attributes"] for each in found[:: len(RATES)]] == ["sex", "race", "sex,race"]
    by_decision = measure.estimate(measure.gather(sample, GroupSettings()), GroupSettings(), HOW)
    assert [each.estimate for each in found] == [each.estimate for each in by_decision]  # no score is exactly one half
    assert measure.tallies(ROLES, asked)[0].keys[-1].edges == (0.5,)
    with pytest.raises(FieldError, match="depth"):
        measure.estimate(measure.gather(sample, asked), GroupSettings(depth=0), HOW)


def test_the_list_is_that_of_the_ordinances_on_its_day():
    assert {each.cites for each in protected_on("2026-11-27")[1]} == {"Cap. 480", "Cap. 487", "Cap. 527", "Cap. 602"}
    names = [each.name for each in protected_on("2000-01-01")[1]]
    assert "sex" in names
    assert "race" not in names  # Cap. 602 came later
    for day in ("1990-01-01", "yesterday"):
        with pytest.raises(FieldError):
            protected_on(day)


def test_attributes_measured_and_not():
    measure, sample = AttributesMeasured(), sample_of(columns(300))
    asked = AttributeSettings(on="2026-11-27", columns={"race": "family_status"})
    (found,) = measure.estimate(measure.gather(sample, asked), asked, HOW)
    assert (found.facts["measured"], found.estimate) == ("sex,family_status", pytest.approx(2 / 6))
    assert found.facts["not_held"] == "marital_status,pregnancy,disability,race"
    for wrong in ({"age": "sex"}, {"race": "sex"}, {"race": "height"}):
        with pytest.raises(FieldError):
            measure.gather(sample, AttributeSettings(on="2026-11-27", columns=wrong))
    with pytest.raises(FieldError):
        measure.merge([measure.gather(sample, asked), measure.gather(sample, AttributeSettings(on="2026-11-27"))])


def test_calibration_gap_by_hand():
    score = np.array([0.25] * 200 + [0.75] * 200)
    sex = np.array([1, 2] * 200)
    label = np.zeros(400, dtype=np.int64)
    label[(sex == 1) & (score < 0.5)] = np.arange(100) < 25  # as stated
    label[(sex == 1) & (score > 0.5)] = np.arange(100) < 75
    label[(sex == 2) & (score < 0.5)] = np.arange(100) < 45  # 20 points above and 10 below
    label[(sex == 2) & (score > 0.5)] = np.arange(100) < 65
    measure = CalibrationWithin()
    gathered = measure.gather(sample_of(columns(400), score=score, sex=sex, y=label), measure.settings())
    gap, worst = measure.estimate(gathered, measure.settings(), HOW)[:2]
    assert (gap.facts["attribute"], gap.estimate) == ("sex", pytest.approx(0.05))
    assert worst.estimate == pytest.approx(0.15)
    assert [part.estimate for part in gap.parts] == pytest.approx([0.0, 0.05])
    assert gap.low <= gap.estimate <= gap.high


def test_calibration_gap_interval_covers_about_as_often_as_it_says():
    hits = 0
    for seed in range(120):
        random = np.random.default_rng(seed)
        sex, score = random.integers(1, 3, 500), random.uniform(0.2, 0.7, 500)
        label = (random.random(500) < score + 0.2 * (sex == 1)).astype(np.int64)
        measure = CalibrationWithin()
        roles = Roles(label="y", score="s", attributes=("sex",))
        gathered = measure.gather(make_sample({"y": label, "s": score, "sex": sex}, roles), measure.settings())
        gap = measure.estimate(gathered, measure.settings(), msgspec.structs.replace(HOW, draws=200))[0]
        hits += gap.low <= 0.2 <= gap.high
    assert 0.88 <= hits / 120 <= 0.99


def test_flips_are_counted_as_asked():
    base = columns(500)
    rows = np.column_stack([base["x"], base["sex"]])
    other = rows.copy()
    other[:, 1] = 3 - other[:, 1]
    flipped = (logistic(rows) >= 0.5) != (logistic(other) >= 0.5)
    measure = CounterfactualFlips()
    (found,) = measure.estimate(measure.gather(sample_of(base), FLIPS), FLIPS, HOW)
    assert (found.n, found.estimate) == (500, flipped.mean())
    assert found.facts["flipped_to_one"] == (flipped & (logistic(other) >= 0.5)).sum()
    undecided = msgspec.structs.replace(FLIPS, share_max=float(found.high))
    (told,) = measure.estimate(measure.gather(sample_of(base), undecided), undecided, HOW)
    assert (told.outcome, told.facts["n_needed"] > 500) == ("underpowered", True)


@pytest.mark.parametrize(
    "function",
    [
        lambda rows: np.random.default_rng().random(len(rows)),
        lambda rows: np.ones(len(rows) + 1),
        lambda rows: np.full(len(rows), np.nan),
        lambda _: [1 / 0],
    ],
    ids=["not the same twice", "wrong shape", "no number", "raises"],
)
def test_a_model_that_misbehaves_is_not_measurable(function):
    sample = make_sample(columns(50), ROLES, model=CallableScorer(function, release_digest=DIGEST))
    with pytest.raises(EvidenceError):
        CounterfactualFlips().gather(sample, FLIPS)


def test_flips_that_cannot_be_asked():
    with pytest.raises(FieldError, match="no model"):
        CounterfactualFlips().gather(make_sample(columns(50), ROLES), FLIPS)
    with pytest.raises(FieldError, match="no feature"):
        CounterfactualFlips().gather(sample_of(columns(50)), msgspec.structs.replace(FLIPS, sets={"race": (1, 2)}))
    with pytest.raises(FieldError, match="level"):
        FlipSettings(attribute="sex", levels=(1,), sets={"sex": (1,)}, threshold=0.5)


def test_proxies_find_the_feature_that_stands_in_and_no_other():
    random = np.random.default_rng(3)
    sex = random.integers(1, 3, 2_000)
    noise = {f"noise{at}": random.normal(size=2_000) for at in range(8)}
    data = {"sex": sex, "near": random.normal(size=2_000) + 0.6 * (sex == 1), **noise}
    roles = Roles(attributes=("sex",), features=("near", *noise))
    asked = ProxySettings(together=True)
    strongest, together = Proxies().estimate(Proxies().gather(make_sample(data, roles), asked), asked, HOW)
    assert strongest.facts["strongest"] == "near"
    assert strongest.facts["p_holm"] < 1e-6
    assert together.low > 0.5
    shuffled = make_sample({**data, "sex": random.permutation(sex)}, roles)
    strongest, together = Proxies().estimate(Proxies().gather(shuffled, asked), asked, HOW)
    assert strongest.facts["features_shown"] == 0
    assert together.low <= 0.5 <= together.high


def test_proxies_of_nothing_are_shown_no_more_often_than_the_level_says():
    shown = 0
    for seed in range(150):
        random = np.random.default_rng(seed)
        data = {"sex": random.integers(1, 3, 400), **{f"x{at}": random.normal(size=400) for at in range(6)}}
        sample = make_sample(data, Roles(attributes=("sex",), features=tuple(data)[1:]), digest=DIGEST)
        gathered = Proxies().gather(sample, ProxySettings(bins=5))
        (found,) = Proxies().estimate(gathered, ProxySettings(), msgspec.structs.replace(HOW, draws=2))
        shown += found.facts["features_shown"] > 0
    assert shown / 150 <= 0.1


def test_proxies_of_missing_values_and_of_shards_with_other_bins():
    data = columns(200)
    told = np.ma.array(np.zeros(200), mask=data["sex"] == 1)  # that it is missing tells the sex
    roles = Roles(attributes=("sex",), features=("told",))
    sample = make_sample({"sex": data["sex"], "told": told}, roles)
    (found,) = Proxies().estimate(Proxies().gather(sample, ProxySettings()), ProxySettings(), HOW)
    assert found.estimate == pytest.approx(1.0)
    with pytest.raises(FieldError, match="bins"):
        Proxies().merge([Proxies().gather(sample_of(columns(90, seed)), ProxySettings()) for seed in (1, 2)])


def test_consistency_by_brute_force():
    from dualtrack.evidence.fairness.consistency import Consistency

    data, k = columns(120), 4
    points = data["x"] / data["x"].std()
    total = 0.0
    for at in range(120):
        near = [other for other in np.argsort(abs(points - points[at]), kind="stable") if other != at][:k]
        total += abs(data["d"][at] - data["d"][near].mean())
    asked = ConsistencySettings(neighbours=k)
    (found,) = Consistency().estimate(Consistency().gather(sample_of(data), asked), asked, HOW)
    assert found.estimate == pytest.approx(1 - total / 120)
    assert found.facts["consistency_at_random"] == pytest.approx(1 - 2 * data["d"].mean() * (1 - data["d"].mean()))
    with pytest.raises(FieldError, match="neighbours"):
        Consistency().gather(sample_of(columns(4)), asked)
    with pytest.raises(FieldError, match="varies"):
        Consistency().gather(sample_of(columns(20), x=np.ones(20)), asked)
