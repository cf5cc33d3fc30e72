"""Training again, controls that must lose, the same question in other words."""

import numpy as np
import pytest
from scipy.stats import spearmanr
from sklearn.linear_model import LogisticRegression

from dualtrack.domain.records import read_record, to_plain
from dualtrack.errors import EvidenceError, FieldError
from dualtrack.evidence.measure import Estimating
from dualtrack.evidence.registry import measures
from dualtrack.evidence.robustness.controls import (
    DID_NOT_LOSE,
    LOST,
    UNDECIDED,
    Control,
    ControlSettings,
    RandomModel,
    ShuffledLabels,
)
from dualtrack.evidence.robustness.measures import MEASURES
from dualtrack.evidence.robustness.paraphrase import Paraphrase, ParaphraseSettings, same_form
from dualtrack.evidence.robustness.repeats import RepeatSettings, RetrainStability, SeedStability, rank_correlation
from dualtrack.evidence.sample import Roles, make_sample

HOW = Estimating(data_digest="0" * 64)
RNG = np.random.default_rng(11)
N = 400
ROWS = RNG.normal(size=(2 * N, 3))
LABEL = (ROWS[:, 0] + RNG.normal(size=2 * N) > 0).astype(int)
ROLES = Roles(features=("a", "b", "c"), label="label", score="score", baseline="baseline")


def train(features, label, seed):
    return LogisticRegression().fit(features, label)


def jittered(features, label, seed):
    """Stand for training whose result depends on its seed."""
    offset = np.random.default_rng(seed).normal(0, 0.3)
    model = train(features, label, seed)
    return lambda rows: model.predict_proba(rows)[:, 1] + offset


def sample_of(score, part=slice(N, None), reference=None, **more):
    columns = {name: ROWS[part, place] for place, name in enumerate("abc")}
    columns |= {"label": LABEL[part], "score": score, "baseline": np.full(N, LABEL.mean())} | more
    return make_sample(columns, ROLES, reference=reference)


TRAINING = sample_of(np.zeros(N), part=slice(N))
SCORE = train(ROWS[:N], LABEL[:N], 1).predict_proba(ROWS[N:])[:, 1]
SAMPLE = sample_of(SCORE, reference=TRAINING)


def run(measure, sample, chosen, how=HOW):
    gathered = measure.gather(sample, chosen)
    again = read_record(to_plain(gathered), type(gathered), where="test")
    assert again == gathered
    with pytest.raises(FieldError):
        measure.merge([gathered])
    return measure.estimate(again, chosen, how)


# --- training again ---


def test_a_training_without_chance_changes_nothing_by_its_seed():
    share, churn = run(SeedStability(train), SAMPLE, RepeatSettings(threshold=0.5, trainings=3))
    assert (share.estimate, share.facts["rank_correlation_least"]) == (0, pytest.approx(1))
    assert share.high > 0  # no change seen is no proof that there is none
    assert churn.outcome == "underpowered"


def test_a_training_that_depends_on_its_seed_is_seen():
    share, churn = run(SeedStability(jittered), SAMPLE, RepeatSettings(threshold=0.5, trainings=4))
    assert share.estimate > churn.estimate > 0.05
    assert len(share.parts) == 3


def test_other_training_rows_change_some_decisions():
    share, churn = run(RetrainStability(train), SAMPLE, RepeatSettings(threshold=0.5, trainings=4))
    assert 0 < churn.estimate <= share.estimate < 0.3
    assert share.facts["trainings"] == 4


def test_scores_may_be_columns():
    third = sample_of(SCORE[::-1])
    second = sample_of(SCORE, reference=third)
    share, _ = run(SeedStability(), sample_of(SCORE, reference=second), RepeatSettings(threshold=0.5))
    changed = ((SCORE >= 0.5) != (SCORE[::-1] >= 0.5)).mean()
    assert share.estimate == pytest.approx(changed)
    assert [part.estimate for part in share.parts] == [0, pytest.approx(changed)]
    with pytest.raises(FieldError, match="only one training"):
        SeedStability().gather(sample_of(SCORE), RepeatSettings(threshold=0.5))
    shorter = make_sample({"score": SCORE[:5]}, Roles(score="score"))
    with pytest.raises(FieldError, match="rows"):
        SeedStability().gather(sample_of(SCORE, reference=shorter), RepeatSettings(threshold=0.5))


def test_rank_correlation_is_that_of_scipy():
    a, b = RNG.integers(0, 9, 50), RNG.integers(0, 9, 50)
    assert rank_correlation(a, b) == pytest.approx(spearmanr(a, b).statistic)
    assert rank_correlation(a, np.ones(50)) is None


def test_constant_scores_have_no_rank_correlation():
    share, _ = run(SeedStability(lambda *_: lambda rows: np.zeros(len(rows))), SAMPLE, RepeatSettings(threshold=0.5))
    assert "rank_correlation_least" not in share.facts


def test_a_trainer_that_fails_is_named():
    def breaks(features, label, seed):
        raise MemoryError("too large")

    with pytest.raises(EvidenceError, match="the trainer raised MemoryError"):
        SeedStability(breaks).gather(SAMPLE, RepeatSettings(threshold=0.5))
    with pytest.raises(EvidenceError, match="returned a int"):
        SeedStability(lambda *_: 3).gather(SAMPLE, RepeatSettings(threshold=0.5))
    with pytest.raises(FieldError, match="no rows to train on"):
        SeedStability(train).gather(sample_of(SCORE), RepeatSettings(threshold=0.5))
    with pytest.raises(FieldError, match="cannot be found"):
        SeedStability().gather(SAMPLE, RepeatSettings(threshold=0.5, trainer="no_such_module:train"))
    with pytest.raises(FieldError, match="trainings"):
        RepeatSettings(threshold=0.5, trainings=1)


# --- controls ---


def test_a_control_trained_on_shuffled_labels_loses():
    (found,) = run(ShuffledLabels(train), SAMPLE, ControlSettings(repeats=10))
    assert (found.outcome, found.facts["verdict"], found.facts["control_lost"]) == ("measured", LOST, True)
    assert found.low <= 0.5 <= found.high
    assert found.facts["p_value"] == pytest.approx(1 / 11)


def test_a_control_that_has_seen_the_answers_does_not_lose():
    def cheats(features, label, seed):
        return lambda rows: rows[:, 0] + np.random.default_rng(seed).normal(0, 0.1, len(rows))

    (found,) = run(ShuffledLabels(cheats), SAMPLE, ControlSettings(repeats=10))
    assert (found.facts["verdict"], found.facts["control_lost"]) == (DID_NOT_LOSE, False)


def test_a_real_model_no_better_than_chance_decides_nothing():
    held = Control(rows=N, positives=200, kind="scores by chance", real=0.502, controls=(0.48, 0.49, 0.5, 0.51, 0.52))
    (found,) = RandomModel().estimate(held, ControlSettings(), HOW)
    assert (found.outcome, found.facts["verdict"], found.facts["control_lost"]) == ("underpowered", UNDECIDED, False)
    constant = run(ShuffledLabels(), sample_of(np.zeros(N)), ControlSettings())[0]
    assert (constant.outcome, constant.facts["control_lost"], constant.estimate) == ("underpowered", False, None)


def test_labels_shuffled_after_training_and_random_scores_lose():
    for measure in (ShuffledLabels(), RandomModel()):
        (found,) = run(measure, SAMPLE, ControlSettings())
        assert found.facts["control_lost"]
        assert found.facts["kind"] == (
            "scores by chance" if measure.name.endswith("model") else "measured against shuffled labels"
        )


def test_a_benefit_of_a_random_model_is_below_zero():
    (found,) = run(RandomModel(), SAMPLE, ControlSettings(metric="brier-benefit"))
    assert found.facts["control_lost"]
    assert found.high < 0 < found.facts["real"]


def test_controls_want_both_classes_and_enough_of_them():
    with pytest.raises(FieldError, match="one class"):
        RandomModel().gather(sample_of(SCORE, label=np.ones(N)), ControlSettings())
    label = np.zeros(N, dtype=int)
    label[:8] = 1
    (found,) = run(RandomModel(), sample_of(label + 0.0, label=label), ControlSettings())
    assert (found.outcome, found.facts["control_lost"], found.facts["n_needed_in_smaller_class"]) == (
        "underpowered",
        False,
        30,
    )
    with pytest.raises(FieldError, match="repeats"):
        ControlSettings(repeats=2)


@pytest.mark.parametrize("controls", [(0.4,) * 9 + (0.41,), (0.6,) * 9 + (0.61,)])
def test_a_control_on_either_side_of_chance_has_not_lost(controls):
    held = Control(rows=N, positives=200, kind="scores by chance", real=0.9, controls=controls)
    (found,) = RandomModel().estimate(held, ControlSettings(), HOW)
    assert found.facts["verdict"] == DID_NOT_LOSE


def test_a_verdict_may_have_to_be_surer_than_the_interval():
    held = Control(
        rows=N, positives=200, kind="scores by chance", real=0.9, controls=(0.51, 0.50, 0.51, 0.50, 0.51, 0.52)
    )
    (found,) = RandomModel().estimate(held, ControlSettings(), HOW)
    (surer,) = RandomModel().estimate(held, ControlSettings(verdict_level=0.999), HOW)
    assert (found.facts["verdict"], surer.facts["verdict"]) == (DID_NOT_LOSE, LOST)
    assert (found.low, found.high) == (surer.low, surer.high)
    with pytest.raises(FieldError, match="verdict_level"):
        ControlSettings(verdict_level=1.0)


def test_honest_controls_hold_chance_as_often_as_stated():
    lost = 0
    for seed in range(100):
        statistics = RandomModel().gather(SAMPLE, ControlSettings(seed=1000 * seed))
        lost += RandomModel().estimate(statistics, ControlSettings(), HOW)[0].facts["control_lost"]
    assert 88 <= lost <= 100


# --- other words ---


def words(answers, groups):
    columns = {
        "answer": np.ma.array(answers, dtype=object, mask=[each is None for each in answers]),
        "group": np.array(groups),
    }
    return make_sample(columns, Roles(answer="answer", cluster="group"), digest="0" * 64)


def test_groups_agree_when_all_answers_do():
    answers = ["HK$1,000.", "hk$1,000", "no", "yes", "alone", None, None, "", ""]
    share, pairs = run(Paraphrase(), words(answers, [1, 1, 2, 2, 3, 4, 4, 5, 5]), ParaphraseSettings())
    assert (share.n, share.estimate, share.facts["groups_of_one"]) == (4, 0.25, 1)
    assert (share.outcome, pairs.estimate) == ("underpowered", 0.25)
    third = run(Paraphrase(), words(["a", "a", "b"] * 40, np.repeat(np.arange(40), 3)), ParaphraseSettings())[1]
    assert third.outcome == "underpowered"  # every group is the same: no spread
    assert third.estimate is None


def test_what_does_not_matter_is_taken_away():
    assert same_form(" ＨＫ  Dollar。", "plain") == "hk dollar"
    assert same_form("It is 1,234.5, or -3", "numbers") == "1234.5 -3"
    assert same_form(" A", "exact") == " A"
    with pytest.raises(FieldError, match="type float"):
        same_form(1.0, "plain")
    columns = {"answer": np.array(["a"], dtype=object), "group": np.ma.array([1], mask=[True])}
    groupless = make_sample(columns, Roles(answer="answer", cluster="group"), digest="0" * 64)
    with pytest.raises(FieldError, match="without a group"):
        Paraphrase().gather(groupless, ParaphraseSettings())


def test_no_group_of_two_is_no_number():
    share, pairs = run(Paraphrase(), words(["a", "b"], [1, 2]), ParaphraseSettings())
    assert (share.outcome, share.estimate, pairs.outcome, pairs.estimate) == (
        "underpowered",
        None,
        "underpowered",
        None,
    )


def test_the_family_is_registered():
    registered = measures()
    for kind in MEASURES:
        assert registered[kind.name].family == "robustness"
        assert all(text and not text.isascii() for text in (kind.title.zh, kind.misleads.zh))
