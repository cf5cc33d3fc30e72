"""All thresholds: against trying every pair of them on the rows; mitigation and reweighing; the search for alternatives."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from scipy.stats import chi2_contingency

from dualtrack.errors import FieldError, MissingExtraError
from dualtrack.evidence.fairness.alternatives import Alternatives, AlternativesSettings
from dualtrack.evidence.fairness.association import cramers_v, independence_p
from dualtrack.evidence.fairness.frontier import Frontier, FrontierSettings
from dualtrack.evidence.fairness.mitigation import Mitigation, MitigationSettings
from dualtrack.evidence.fairness.points import draw_points
from dualtrack.evidence.fairness.reweighing import Trial, measure_reweighing, reweighing
from dualtrack.evidence.fairness.thresholds import best_single, best_under, gap_of, gaps_single, make_tails
from dualtrack.evidence.measure import Estimating
from dualtrack.evidence.multiplicity import holm
from dualtrack.evidence.sample import Roles, make_sample

HOW = Estimating(data_digest="0" * 64, draws=100)
GAPS = ("selection_rate", "true_positive_rate", "equalised_odds")


def brute(counts, gap, costs, bound):
    """Return the best utility of any thresholds by group that keep the bound, from counts (groups, bins, 2)."""
    groups, bins, _ = counts.shape
    best = -np.inf
    for thresholds in product(range(bins + 1), repeat=groups):
        rates, wrong = [], 0.0
        for group, at in enumerate(thresholds):
            above, total = counts[group, at:].sum(0), counts[group].sum(0)
            wrong += costs[0] * above[0] + costs[1] * (total[1] - above[1])
            kinds = {
                "selection_rate": [above.sum() / total.sum()],
                "true_positive_rate": [above[1] / total[1]],
                "equalised_odds": [above[1] / total[1], above[0] / total[0]],
            }
            rates.append(kinds[gap])
        if np.ptp(np.array(rates), axis=0).max() <= bound + 1e-9:
            best = max(best, 1 - wrong / counts.sum())
    return best


@settings(max_examples=40, deadline=None)
@given(
    st.integers(2, 3),
    st.integers(2, 6),
    st.integers(0, 10**6),
    st.sampled_from(GAPS),
    st.sampled_from([0.0, 0.03, 0.1, 0.4, 1.0]),
    st.sampled_from([(1.0, 1.0), (1.0, 5.0), (3.0, 0.5)]),
)
def test_the_best_under_a_bound_is_that_of_trying_all(groups, bins, seed, gap, bound, costs):
    counts = np.random.default_rng(seed).integers(0, 9, (groups, bins, 2)) + np.eye(bins, dtype=np.int64)[0][:, None]
    tails = make_tails(counts, gap, costs)
    found = best_under(tails, bound)
    assert gap_of(tails, found) <= bound + 1e-9
    assert tails.gain[np.arange(groups), found].sum() == pytest.approx(brute(counts, gap, costs, bound))
    same = best_single(tails)
    assert tails.gain.sum(0)[same] == tails.gain.sum(0).max()
    assert gaps_single(tails)[best_single(tails, bound)] <= bound + 1e-9


def scored(n, seed=1):
    random = np.random.default_rng(seed)
    sex = random.integers(1, 3, n)
    score = np.clip(random.beta(2, 3, n) + 0.15 * (sex == 1), 0, 1)
    return {"sex": sex, "score": score, "y": (random.random(n) < score).astype(np.int64)}


ROLES = Roles(label="y", score="score", attributes=("sex",))


@pytest.mark.parametrize("gap", GAPS)
def test_the_frontier_rises_with_the_gap_allowed_and_its_points_are_those_of_the_rows(gap):
    data, asked = scored(3_000), FrontierSettings(gap=gap, bins=100, points=8, bound=0.02)
    measure = Frontier()
    utility, gaps = measure.estimate(measure.gather(make_sample(data, ROLES), asked), asked, HOW)
    by_name = {part.label.split(":")[0]: (part, gaps.parts[at]) for at, part in enumerate(utility.parts)}
    frontier = [part.estimate for name, (part, _) in by_name.items() if name.startswith("gap")]
    assert frontier == sorted(frontier)
    best, fair = by_name["single"][0], by_name["by group, bound"][0]
    threshold = float(best.label.split(": ")[1])
    assert best.estimate == pytest.approx(((data["score"] >= threshold) == data["y"]).mean())
    assert max(((data["score"] >= at / 100) == data["y"]).mean() for at in range(101)) == pytest.approx(best.estimate)
    assert utility.estimate == pytest.approx(fair.estimate - best.estimate)
    assert gaps.estimate == by_name["by group, bound"][1].estimate <= 0.02
    assert by_name["single, bound"][1].estimate <= 0.02
    assert by_name["by group"][0].estimate >= fair.estimate >= by_name["single, bound"][0].estimate
    assert utility.low <= utility.estimate <= utility.high


def test_points_chosen_on_few_rows_look_better_than_they_prove():
    asked, shown, proved = FrontierSettings(bins=100, points=0), [], []
    for seed in range(30):
        gathered = Frontier().gather(make_sample(scored(200, seed), ROLES, digest="0" * 64), asked)
        utility, _ = Frontier().estimate(gathered, asked, replace(HOW, draws=2))
        shown.append(utility.estimate)
        proved.append(utility.facts["held_out_utility_change"])
    assert min(shown) >= 0  # the best of all thresholds by group includes the best single one
    assert np.mean(proved) < np.mean(shown)


def test_draws_of_points_agree_with_a_bootstrap_of_the_rows():
    data = scored(1_500)
    counts = Frontier().gather(make_sample(data, ROLES), FrontierSettings(bins=50)).scores[0].array
    tails = make_tails(counts, "selection_rate", (1.0, 1.0))
    points = [np.array([20, 20]), np.array([30, 22])]
    drawn = draw_points(tails, points, "selection_rate", (1.0, 1.0), 1, 4_000)
    random, group = np.random.default_rng(2), (data["sex"] == 2).astype(int)
    again = []
    for _ in range(1_500):
        rows = random.integers(1_500, size=1_500)
        selected = data["score"][rows] >= np.array([0.6, 0.44])[group[rows]]
        first = group[rows] == 0
        again.append(((selected == data["y"][rows]).mean(), abs(selected[first].mean() - selected[~first].mean())))
    again = np.array(again)
    assert np.quantile(drawn.utility_drawn[:, 1], [0.025, 0.975]) == pytest.approx(
        np.quantile(again[:, 0], [0.025, 0.975]), abs=0.006
    )
    assert np.quantile(drawn.gap_drawn[:, 1], [0.025, 0.975]) == pytest.approx(
        np.quantile(again[:, 1], [0.025, 0.975]), abs=0.008
    )


def test_what_cannot_be_a_frontier():
    for wrong in ({"costs": (-1.0, 1.0)}, {"costs": (0.0, 0.0)}, {"bound": 2.0}, {"points": 900}):
        with pytest.raises(FieldError):
            FrontierSettings(**wrong)
    with pytest.raises(FieldError, match="multiple"):
        MitigationSettings(threshold=0.333, bound=0.1, bins=100)
    with pytest.raises(FieldError):
        MitigationSettings(threshold=0.5, bound=-0.1)
    with pytest.raises(FieldError, match="one label"):
        make_tails(np.array([[[1, 1]], [[1, 0]]]), "true_positive_rate", (1.0, 1.0))


def test_mitigation_closes_the_gap_and_says_what_it_costs():
    data, asked = scored(3_000), MitigationSettings(threshold=0.5, bound=0.01, bins=100)
    measure = Mitigation()
    gap, utility, weights = measure.estimate(measure.gather(make_sample(data, ROLES), asked), asked, HOW)
    selected = data["score"] >= 0.5
    before = abs(selected[data["sex"] == 1].mean() - selected[data["sex"] == 2].mean())
    assert gap.parts[0].estimate == pytest.approx(before)
    assert gap.parts[1].estimate <= 0.01
    assert gap.estimate == pytest.approx(gap.parts[1].estimate - before)
    assert gap.high < 0
    assert utility.parts[0].estimate == pytest.approx((selected == data["y"]).mean())
    group, label = data["sex"] == 1, data["y"] == 1
    assert weights.parts[1].estimate == pytest.approx(group.mean() * label.mean() / (group & label).mean())


def test_reweighing_makes_group_and_outcome_independent():
    counts = np.array([[40, 10], [20, 30]])
    weighted = counts * reweighing(counts)
    assert weighted[:, 1] / weighted.sum(1) == pytest.approx([0.4, 0.4])
    assert np.isnan(reweighing(np.array([[5, 0], [1, 1]]))[0, 1])


def trainer(features, truth, weights):
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression().fit(features, truth, sample_weight=weights)
    return lambda rows: model.predict_proba(rows)[:, 1]


def test_training_again_with_weights_narrows_the_gap():
    random = np.random.default_rng(5)
    sex = random.integers(1, 3, 4_000)
    x = np.column_stack([random.normal(size=4_000), (sex == 1) + random.normal(size=4_000) / 2])
    label = random.random(4_000) < 1 / (1 + np.exp(-x[:, 0] - x[:, 1] + 0.5))
    train = np.arange(4_000) < 2_000
    trial = Trial(threshold=0.5, gap="selection_rate")
    gap, utility = measure_reweighing(x, label, sex, train, trainer, trial, HOW)
    assert gap.high < 0
    assert (gap.outcome, gap.n) == ("measured", 2_000)
    assert utility.estimate == pytest.approx(utility.parts[1].estimate - utility.parts[0].estimate)
    empty = label & (sex == 1)
    for wrong in ((empty, sex, train), (label, np.ones(4_000), train), (label, sex, np.ones(4_000))):
        with pytest.raises(FieldError):
            measure_reweighing(x, *wrong, trainer, trial, HOW)


SEARCH = AlternativesSettings(
    attribute="sex", share=0.4, favourable="low", auc_loss_max=0.05, candidates=10, trees_max=40, drop_max=1
)


def credit(n, seed=1):
    random = np.random.default_rng(seed)
    sex = random.integers(1, 3, n)
    income, habit = random.normal(size=n), random.normal(size=n)
    title = (sex == 1) + 0.1 * random.normal(size=n)  # tells the sex and little of the outcome
    label = random.random(n) < 1 / (1 + np.exp(-1.5 * income - habit - 1.2 * title))
    columns = {"sex": sex, "income": income, "habit": habit, "title": title, "y": label.astype(np.int64)}
    return make_sample(columns, Roles(label="y", attributes=("sex",), features=("income", "habit", "title")))


def test_the_search_finds_an_alternative_and_keeps_the_refused():
    measure = Alternatives()
    tried = measure.gather(credit(6_000), SEARCH)
    (found,) = measure.estimate(tried, SEARCH, HOW)
    assert found.facts["left_out"] == "title"
    assert found.low > 0
    assert found.facts["ratio"] - found.facts["ratio_base"] == pytest.approx(found.estimate)
    assert found.facts["auc_change_low"] <= found.facts["auc_change"] <= found.facts["auc_change_high"]
    assert (len(found.parts), len(found.statistics["candidates"])) == (10, 10)
    assert found.n == 1_500
    wide = replace(HOW, level=1 - 0.05 * 10)
    (loose,) = measure.estimate(tried, SEARCH, wide)  # limits of parts are corrected for ten candidates
    assert loose.parts[0].high - loose.parts[0].low < found.parts[0].high - found.parts[0].low
    (strict,) = measure.estimate(tried, replace(SEARCH, auc_loss_max=0.0), HOW)
    assert tried.candidates[strict.facts["chosen"]].choose_auc >= tried.candidates[0].choose_auc
    (small,) = measure.estimate(tried, SEARCH, replace(HOW, cell_size_min=5_000))
    assert (small.outcome, small.facts["n_needed"]) == ("underpowered", 20_000)


def test_the_same_search_again_is_the_same_to_the_bit():
    assert Alternatives().gather(credit(400), SEARCH) == Alternatives().gather(credit(400), SEARCH)


def test_a_search_that_cannot_be_made(monkeypatch):
    sample = credit(200)
    one = make_sample({**sample.columns, "y": np.ones(200, dtype=np.int64)}, sample.roles)
    alone = make_sample({**sample.columns, "sex": np.ones(200, dtype=np.int64)}, sample.roles)
    for wrong, asked in ((one, SEARCH), (alone, SEARCH), (sample, replace(SEARCH, attribute="race"))):
        with pytest.raises(FieldError):
            Alternatives().gather(wrong, asked)
    for wrong in ({"share": 1.0}, {"auc_loss_max": -0.1}, {"candidates": 1}):
        with pytest.raises(FieldError):
            replace(SEARCH, **wrong)
    monkeypatch.setitem(__import__("sys").modules, "lightgbm", None)
    with pytest.raises(MissingExtraError):
        Alternatives().gather(sample, SEARCH)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.lists(st.integers(1, 30), min_size=3, max_size=3), min_size=2, max_size=4))
def test_association_agrees_with_scipy(rows):
    counts = np.array(rows)
    expected = chi2_contingency(counts, correction=False)
    assert independence_p(counts) == pytest.approx(expected.pvalue, rel=1e-9, abs=1e-300)
    v = np.sqrt(expected.statistic / counts.sum() / min(counts.shape[0] - 1, 2))
    assert float(cramers_v(counts)) == pytest.approx(v, abs=1e-9)


def test_holm_by_hand():
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert independence_p(np.array([[3, 4]])) == 1.0
    assert np.isnan(cramers_v(np.array([[3, 4]])))
