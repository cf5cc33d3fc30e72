"""Reasons: held to models whose reasons are known, right and wrong."""

import numpy as np
import pytest

from dualtrack.domain.records import read_record, to_plain
from dualtrack.errors import EvidenceError, FieldError
from dualtrack.evidence.explanation.agreement import Agreement, AgreementSettings
from dualtrack.evidence.explanation.fidelity import Fidelity, FidelitySettings
from dualtrack.evidence.explanation.measures import MEASURES
from dualtrack.evidence.explanation.monotonicity import Monotonicity, MonotonicitySettings
from dualtrack.evidence.explanation.reasons import occlusion, strongest
from dualtrack.evidence.explanation.sparsity import Sparsity, SparsitySettings
from dualtrack.evidence.explanation.stability import Stability, StabilitySettings
from dualtrack.evidence.measure import Estimating
from dualtrack.evidence.models import CallableScorer, Contributions
from dualtrack.evidence.registry import measures
from dualtrack.evidence.sample import Roles, make_sample

RELEASE = "ab" * 32
HOW = Estimating(data_digest="0" * 64)
RNG = np.random.default_rng(2)
NAMES = ("a", "b", "c", "d")
COLUMNS = {name: RNG.normal(size=300) for name in NAMES}
COLUMNS["flat"] = np.ones(300)
WEIGHTS = np.array([3.0, -1.0, 0.3, 0.0])


class Linear:
    """A linear model; `shift` and `order` make its reasons wrong."""

    release_digest = RELEASE

    def __init__(self, shift=0.0, order=(0, 1, 2, 3), link="logit"):
        self.shift, self.order, self.link = shift, list(order), link

    def score(self, rows):
        total = rows[:, :4] @ WEIGHTS
        return 1 / (1 + np.exp(-total)) if self.link == "logit" else total

    def contributions(self, rows):
        values = np.zeros(rows.shape)
        values[:, :4] = (rows[:, :4] * WEIGHTS)[:, self.order]
        return Contributions(values, self.shift, self.link)


def sample_of(model, part=slice(None), names=NAMES, reference_model=None):
    columns = {name: column[part] for name, column in COLUMNS.items()}
    reference = make_sample(COLUMNS, Roles(features=names), model=reference_model)
    return make_sample(columns, Roles(features=names), model=model, reference=reference)


def run(measure, sample, chosen, how=HOW):
    gathered = measure.gather(sample, chosen)
    again = read_record(to_plain(gathered), type(gathered), where="test")
    assert again == gathered
    return measure.estimate(again, chosen, how)


@pytest.mark.parametrize("link", ["logit", "identity"])
def test_true_reasons_add_up_and_move_the_score(link):
    adding, deletion = run(Fidelity(), sample_of(Linear(link=link)), FidelitySettings(top=1))
    assert (adding.estimate, adding.facts["r2"]) == (1, pytest.approx(1))
    assert adding.low < 1
    assert deletion.low > 0.7


def test_reasons_of_another_model_do_not():
    adding, _ = run(Fidelity(), sample_of(Linear(shift=1.0)), FidelitySettings(top=1))
    assert adding.estimate < 0.05
    _, deletion = run(Fidelity(), sample_of(Linear(order=(3, 2, 1, 0))), FidelitySettings(top=1))
    assert deletion.high < 0.3  # the reasons add up and credit the wrong features


def test_reasons_are_asked_of_models_that_have_them():
    with pytest.raises(EvidenceError, match="gives no reasons"):
        Fidelity().gather(
            sample_of(CallableScorer(lambda rows: rows[:, 0], release_digest=RELEASE)), FidelitySettings(top=1)
        )
    wrong = Linear()
    wrong.contributions = lambda _: Contributions(np.zeros((2, 2)), 0.0, "logit")
    with pytest.raises(EvidenceError, match="contributions of shape"):
        Fidelity().gather(sample_of(wrong), FidelitySettings(top=1))
    wrong.contributions = lambda _: 1 / 0
    with pytest.raises(EvidenceError, match="ZeroDivisionError"):
        Fidelity().gather(sample_of(wrong), FidelitySettings(top=1))
    with pytest.raises(FieldError, match="the 4 strongest of 4"):
        Fidelity().gather(sample_of(Linear()), FidelitySettings(top=4))
    with pytest.raises(FieldError):
        FidelitySettings(top=1, tolerance=0)


def test_reasons_stay_under_little_noise_and_change_under_much():
    little = run(Stability(), sample_of(Linear()), StabilitySettings(noise=0.01, top=1))
    much = run(Stability(), sample_of(Linear()), StabilitySettings(noise=2.0, top=1))
    assert little[0].low > 0.8
    assert much[0].high < 0.5
    assert much[1].estimate > much[0].estimate


def test_occlusion_of_a_linear_model_is_its_reasons():
    rows = np.column_stack([COLUMNS[name] for name in NAMES])
    found = occlusion(Linear(), rows, rows, "logit")
    assert found == pytest.approx((rows - np.median(rows, axis=0)) * WEIGHTS, abs=1e-6)


def test_two_ways_agree_where_they_should():
    common, first = run(Agreement(), sample_of(Linear()), AgreementSettings(top=2))
    assert common.estimate > 0.9
    assert first.estimate > 0.9
    assert common.facts["rank_correlation_mean"] > 0.9
    assert common.facts["overlap_by_chance"] == 0.5
    other = sample_of(Linear(), reference_model=Linear(order=(3, 2, 1, 0)))
    assert run(Agreement(), other, AgreementSettings(top=1, other="reference"))[1].high < 0.3
    with pytest.raises(EvidenceError, match="no second model"):
        Agreement().gather(sample_of(Linear()), AgreementSettings(top=1, other="reference"))


def test_ways_that_always_agree_have_no_spread():
    same = sample_of(Linear(), reference_model=Linear())
    common, first = run(Agreement(), same, AgreementSettings(top=2, other="reference"))
    assert (common.outcome, first.estimate) == ("underpowered", 1)


def test_features_needed_are_counted():
    (found,) = run(Sparsity(), sample_of(Linear()), SparsitySettings(share=0.8))
    sizes = np.abs(np.column_stack([COLUMNS[name] for name in NAMES]) * WEIGHTS)
    ordered = np.cumsum(-np.sort(-sizes, axis=1), axis=1)
    expected = (ordered < 0.8 * sizes.sum(axis=1, keepdims=True)).sum(axis=1) + 1
    assert found.estimate == pytest.approx(expected.mean())
    assert found.low < found.estimate < found.high
    assert found.facts["nine_of_ten"] == np.quantile(expected, 0.9, method="inverted_cdf")
    for wrong in (0.0, 1.5):
        with pytest.raises(FieldError):
            SparsitySettings(share=wrong)


def test_declared_directions_hold_or_not():
    held = MonotonicitySettings(directions={"a": "up", "b": "down", "d": "up"})
    (found,) = run(Monotonicity(), sample_of(Linear()), held)
    assert (found.estimate, found.facts["directions_violated"]) == (0, 0)
    assert found.high > 0
    (broken,) = run(Monotonicity(), sample_of(Linear()), MonotonicitySettings(directions={"a": "up", "b": "up"}))
    assert broken.estimate == 1
    assert [part.estimate for part in broken.parts] == [0, 1]


def test_a_slow_fall_is_a_violation_too():
    falling = CallableScorer(lambda rows: -1e-3 * rows[:, 0], release_digest=RELEASE)
    chosen = MonotonicitySettings(directions={"a": "up"}, tolerance=1e-3, steps=50)
    (found,) = run(Monotonicity(), sample_of(falling), chosen)
    assert found.estimate == 1  # no step falls by more than the tolerance; the whole way does


def test_directions_must_say_something():
    with pytest.raises(FieldError):
        MonotonicitySettings(directions={})
    with pytest.raises(FieldError, match="no feature 'z'"):
        Monotonicity().gather(sample_of(Linear()), MonotonicitySettings(directions={"z": "up"}))
    with pytest.raises(FieldError, match="constant column"):
        Monotonicity().gather(
            sample_of(Linear(), names=(*NAMES, "flat")), MonotonicitySettings(directions={"flat": "up"})
        )


@pytest.mark.parametrize(
    ("measure", "chosen"),
    [
        (Agreement(), AgreementSettings(top=2)),
        (Sparsity(), SparsitySettings(share=0.8)),
        (Monotonicity(), MonotonicitySettings(directions={"a": "down"})),
    ],
)
def test_shards_add_up_to_all_rows(measure, chosen):
    parts = [measure.gather(sample_of(Linear(), part), chosen) for part in (slice(100), slice(100, None))]
    assert measure.merge(parts) == measure.gather(sample_of(Linear()), chosen)
    with pytest.raises(FieldError):
        measure.merge([])


@pytest.mark.parametrize("measure", [Fidelity(), Stability()])
def test_what_rests_on_chance_is_not_added_up(measure):
    with pytest.raises(FieldError, match="do not add up"):
        measure.merge([])


def test_ties_go_to_the_first_feature():
    assert strongest(np.array([[1.0, -1.0, 1.0]]), 2).tolist() == [[True, True, False]]


def test_the_family_is_registered():
    registered = measures()
    for kind in MEASURES:
        assert registered[kind.name].family == "explanation"
        assert all(text and not text.isascii() for text in (kind.title.zh, kind.misleads.zh))
