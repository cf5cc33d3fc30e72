"""The measures of the family benefit: statistics that merge, estimates from them alone, and what they refuse to say."""

import math

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dualtrack.domain import canonical
from dualtrack.errors import EvidenceError, FieldError
from dualtrack.evidence.benefit.capture import measure_capture
from dualtrack.evidence.benefit.capture_measure import Capture, CaptureSettings
from dualtrack.evidence.benefit.cost_and_minutes import CostAndMinutes, CostSettings
from dualtrack.evidence.benefit.energy import Assumed, Energy, EnergySettings
from dualtrack.evidence.benefit.measures import MEASURES
from dualtrack.evidence.benefit.moments import add_moments, moments_of_rows
from dualtrack.evidence.benefit.paired import Plan, brier_losses, measure_benefit
from dualtrack.evidence.benefit.paired_measure import Paired, PairedSettings
from dualtrack.evidence.benefit.two_arm import TwoArm, TwoArmSettings
from dualtrack.evidence.fields import benefit_fields
from dualtrack.evidence.intervals.newcombe import newcombe
from dualtrack.evidence.measure import Estimating
from dualtrack.evidence.sample import Roles, make_sample

HOW = Estimating(data_digest="0" * 64, draws=200)
HIGHER = Plan(unit="points", direction="higher is better", effect=0.5)
LOWER = Plan(unit="points", direction="lower is better", effect=0.5)
VALUES = st.lists(st.floats(-50, 50), min_size=2, max_size=20)
SMALL = settings(max_examples=25, deadline=None)


def sample(roles, **columns):
    return make_sample({name: np.asarray(column) for name, column in columns.items()}, roles)


def run(measure, data, chosen, how=HOW):
    """Measure through a canonical round trip of the statistics, as an outsider would."""
    statistics = measure.gather(data, chosen)
    sent = canonical.encode(msgspec.to_builtins(statistics))
    assert len(sent) < 200_000
    again = msgspec.convert(canonical.decode(sent), measure.statistics)
    assert again == statistics
    found = measure.estimate(again, chosen, how)
    assert all(each.statistics == msgspec.to_builtins(statistics) for each in found)
    return found


PAIRED = Roles(score="ai", baseline="old")
CLUSTERED = Roles(score="ai", baseline="old", cluster="who")
VALUE = PairedSettings(plan=HIGHER, compare="value")


def test_the_family_says_what_it_is():
    for kind in MEASURES:
        assert kind.name.startswith("benefit.")
        for text in (kind.title, kind.misleads):
            assert text.en
            assert text.zh
        assert kind.method.source
        assert issubclass(kind.statistics, msgspec.Struct)
    assert len({kind.name for kind in MEASURES}) == 8


@SMALL
@given(VALUES, st.integers(1, 19), st.booleans())
def test_moments_of_parts_add_up_to_the_whole(values, cut, clustered):
    first, other = np.array(values), np.array(values[::-1]) * 0.3
    who = np.arange(len(values)) // 3 * 3
    cut = min(len(values) - 1, cut) // 3 * 3  # parts share no cluster
    where = [slice(0, cut), slice(cut, None)] if cut else [slice(0, None)]
    whole = moments_of_rows({"a": first, "b": other}, cluster=who if clustered else None, bits=40)
    parts = [
        moments_of_rows({"a": first[at], "b": other[at]}, cluster=who[at] if clustered else None, bits=40)
        for at in where
    ]
    assert add_moments(parts) == add_moments(parts[::-1]) == whole
    assert whole.mean("a") == pytest.approx(first.mean(), abs=1e-9)
    if not clustered:
        spread = np.cov(first, other) / len(first)
        assert whole.covariance("a", "b") == pytest.approx(spread[0, 1], abs=1e-9)
        assert whole.difference_variance("a", "b") == pytest.approx((first - other).var(ddof=1) / len(first), abs=1e-9)


@SMALL
@given(VALUES, st.booleans(), st.sampled_from([HIGHER, LOWER]))
def test_paired_is_the_old_estimate_from_sums_alone(values, clustered, plan):
    ai, old = np.array(values), np.array(values[::-1]) / 3
    who = np.arange(len(values)) // 2
    (found,) = run(
        Paired(),
        sample(CLUSTERED if clustered else PAIRED, ai=ai, old=old, who=who),
        PairedSettings(plan=plan, compare="value"),
    )
    expected = measure_benefit(ai, old, plan, cluster=who if clustered else None)
    if found.estimate is None or expected.estimate is None:
        assert np.ptp(ai - old) < 1e-5 or clustered
        return
    assert (found.estimate, found.low, found.high) == pytest.approx(
        (expected.estimate, expected.low, expected.high), abs=1e-6
    )
    assert found.facts["power_at_declared_effect"] == pytest.approx(
        expected.facts["power_at_declared_effect"], abs=1e-6
    )
    assert found.outcome == expected.outcome
    assert ("n_needed" in found.facts) == (found.outcome == "underpowered")


def test_paired_brier_is_of_two_probabilities():
    random = np.random.default_rng(1)
    label, ai, old = random.integers(0, 2, 300), random.random(300), random.random(300)
    data = sample(Roles(label="y", score="ai", baseline="old"), y=label, ai=ai, old=old)
    (found,) = run(Paired(), data, PairedSettings(plan=LOWER, compare="brier"))
    expected = measure_benefit(brier_losses(label, ai), brier_losses(label, old), LOWER)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=1e-9)
    fields = benefit_fields(found, claim="c", baseline="b")
    assert (fields["design"], fields["power"]) == ("superiority", found.facts["power_at_declared_effect"])
    with pytest.raises(FieldError, match="brier"):
        PairedSettings(plan=HIGHER, compare="brier")
    with pytest.raises(FieldError):
        Paired().gather(
            sample(Roles(label="y", score="ai", baseline="old"), y=label, ai=ai * 9, old=old),
            PairedSettings(plan=LOWER, compare="brier"),
        )


@pytest.mark.parametrize("ai", [[0.3, 0.5, 0.8], [5.1, 5.1, 5.1], [1.0]])
def test_no_spread_is_no_certainty(ai):
    old = np.array(ai) - 0.2
    (found,) = run(Paired(), sample(PAIRED, ai=ai, old=old), VALUE)
    assert (found.outcome, found.estimate) == ("underpowered", None)
    assert found.facts["why"] in {"no spread", "too few units"}
    with pytest.raises(EvidenceError, match="no estimate"):
        benefit_fields(found, claim="c", baseline="b")


def test_rows_that_would_do_do():
    random = np.random.default_rng(2)
    ai = random.normal(0.05, 1.0, 100)
    plan = Plan(unit="points", direction="higher is better", effect=0.2)
    (found,) = run(Paired(), sample(PAIRED, ai=ai, old=np.zeros(100)), PairedSettings(plan=plan, compare="value"))
    assert found.outcome == "underpowered"
    assert found.facts["n_needed"] == pytest.approx((2.8016 * ai.std(ddof=1) / 0.2) ** 2, rel=0.01)


def test_capture_is_the_old_one_from_eight_counts():
    random = np.random.default_rng(3)
    label = (random.random(800) < 0.3).astype(int)
    ai, old = random.random(800) + label, random.random(800) + label * 0.5
    chosen = CaptureSettings(plan=HIGHER, capacity=0.2, lot_seed=HOW.seed)
    data = sample(Roles(label="y", score="ai", baseline="old"), y=label, ai=ai, old=old)
    (found,) = run(Capture(), data, chosen)
    expected = measure_capture(label, ai, old, HIGHER, capacity=0.2, seed=HOW.seed, draws=HOW.draws)
    assert (found.estimate, found.low, found.high) == (expected.estimate, expected.low, expected.high)
    one = Capture().gather(data, chosen)
    with pytest.raises(FieldError, match="2 parts"):
        Capture().merge([one, one])
    none = sample(Roles(label="y", score="ai", baseline="old"), y=label * 0, ai=ai, old=old)
    assert run(Capture(), none, chosen)[0].estimate is None


ARMS = Roles(label="y", arm="arm")


def two_arm(**changes):
    given_ = {"plan": HIGHER, "outcome": "mean", "share_expected": 0.5, "mismatch_level": 0.001}
    return TwoArmSettings(**(given_ | changes))


def test_a_share_has_newcombes_interval():
    y = np.repeat([1, 0, 1, 0], [56, 14, 48, 32])
    arm = np.repeat([1, 1, 0, 0], [56, 14, 48, 32])
    (found,) = run(TwoArm(), sample(ARMS, y=y, arm=arm), two_arm(outcome="share"))
    assert (found.low, found.high) == pytest.approx(newcombe(56, 70, 48, 80))
    assert found.estimate == pytest.approx(0.2)
    assert found.facts["design"] == "two-arm experiment"
    none = sample(ARMS, y=np.zeros(40), arm=np.arange(40) % 2)
    (nothing,) = run(TwoArm(), none, two_arm(outcome="share"))
    assert nothing.low == pytest.approx(newcombe(0, 20, 0, 20).low)  # no events at all still have limits


def test_a_mean_has_welchs_interval():
    random = np.random.default_rng(4)
    arm = random.integers(0, 2, 90)
    y = random.normal(arm * 0.6, 1 + arm)
    (found,) = run(TwoArm(), sample(ARMS, y=y, arm=arm), two_arm())
    from scipy.stats import ttest_ind

    theirs = ttest_ind(y[arm == 1], y[arm == 0], equal_var=False).confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx((theirs.low, theirs.high), abs=1e-6)
    (turned,) = run(TwoArm(), sample(ARMS, y=y, arm=arm), two_arm(plan=LOWER))
    assert (turned.low, turned.high) == (-found.high, -found.low)
    halves = [TwoArm().gather(sample(ARMS, y=y[at], arm=arm[at]), two_arm()) for at in (slice(0, 40), slice(40, None))]
    assert TwoArm().merge(halves) == TwoArm().gather(sample(ARMS, y=y, arm=arm), two_arm())


def test_a_broken_split_is_not_counted():
    arm = np.repeat([1, 0], [700, 500])
    y = np.random.default_rng(5).normal(size=1_200)
    (found,) = run(TwoArm(), sample(ARMS, y=y, arm=arm), two_arm())
    assert (found.outcome, found.estimate, found.facts["sample_ratio_mismatch"]) == ("underpowered", None, True)
    (fine,) = run(TwoArm(), sample(ARMS, y=y, arm=arm), two_arm(share_expected=7 / 12))
    assert (fine.facts["sample_ratio_mismatch"], fine.facts["sample_ratio_p"]) == (False, pytest.approx(1.0))


def test_adjusting_by_what_was_known_narrows_and_stays_right():
    random = np.random.default_rng(6)
    held, narrower = 0, 0
    for _ in range(60):
        arm, before = random.integers(0, 2, 120), random.normal(size=120)
        y = before + 0.3 * arm + random.normal(scale=0.5, size=120)
        roles = Roles(label="y", arm="arm", baseline="x")
        data = sample(roles, y=y, arm=arm, x=before)
        statistics = TwoArm().gather(data, two_arm(adjust=True))
        (found,) = TwoArm().estimate(statistics, two_arm(adjust=True), HOW)
        (plain,) = TwoArm().estimate(statistics, two_arm(), HOW)
        held += found.low <= 0.3 <= found.high
        narrower += found.high - found.low < 0.7 * (plain.high - plain.low)
    assert held >= 52
    assert narrower == 60


def test_clusters_of_copies_count_once_in_each_arm():
    random = np.random.default_rng(7)
    y, arm = random.normal(size=60), np.arange(60) % 2
    (alone,) = run(TwoArm(), sample(ARMS, y=y, arm=arm), two_arm())
    roles = Roles(label="y", arm="arm", cluster="who")
    copies = {name: np.repeat(each, 3) for name, each in {"y": y, "arm": arm, "who": np.arange(60)}.items()}
    (found,) = run(TwoArm(), sample(roles, **copies), two_arm())
    assert (found.low, found.high) == pytest.approx((alone.low, alone.high), abs=1e-6)
    assert (found.n, found.facts["independent_units"]) == (180, 60)
    binary = copies | {"y": (copies["y"] > 0).astype(int)}
    (share,) = run(TwoArm(), sample(roles, **binary), two_arm(outcome="share"))
    assert share.facts["independent_units"] == 60
    with pytest.raises(FieldError, match="both arms"):
        TwoArm().gather(sample(roles, **(copies | {"who": np.zeros(180)})), two_arm())


@pytest.mark.parametrize(
    ("columns", "match"),
    [
        ({"y": [1.0, 2.0], "arm": [1, 1]}, "arms"),
        ({"y": [1.0, 2.0], "arm": [0, 2]}, "arms"),
        ({"y": [1.0, math.nan], "arm": [0, 1]}, "missing"),
        ({"y": [1.0, math.inf], "arm": [0, 1]}, "not finite"),
        ({"y": [1.0, 1e9], "arm": [0, 1]}, "too large"),
        ({"y": ["a", "b"], "arm": [0, 1]}, "numbers"),
    ],
)
def test_two_arms_refuse_what_they_cannot_read(columns, match):
    with pytest.raises(FieldError, match=match):
        TwoArm().gather(sample(ARMS, **columns), two_arm())


def test_two_arms_refuse_shares_of_other_values_and_missing_roles():
    with pytest.raises(FieldError, match="value 2"):
        TwoArm().gather(sample(ARMS, y=[1, 2], arm=[0, 1]), two_arm(outcome="share"))
    with pytest.raises(FieldError, match="'arm'"):
        TwoArm().gather(sample(Roles(label="y"), y=[1, 2]), two_arm())
    with pytest.raises(FieldError, match="mismatch_level"):
        two_arm(mismatch_level=0.0)


MINUTES = CostSettings(plan=Plan(unit="minutes", direction="lower is better", effect=1.0), design="paired")


def test_minutes_saved_paired_and_their_ratio():
    random = np.random.default_rng(8)
    old = random.gamma(4, 3, 400)
    ai = old * 0.8 + random.normal(scale=1, size=400)
    saved, ratio = run(CostAndMinutes(), sample(PAIRED, ai=ai, old=old), MINUTES)
    expected = measure_benefit(ai, old, MINUTES.plan)
    assert (saved.low, saved.high) == pytest.approx((expected.low, expected.high), abs=1e-6)
    assert ratio.low < ai.mean() / old.mean() < ratio.high
    picks = random.integers(400, size=(3_000, 400))
    drawn = ai[picks].mean(1) / old[picks].mean(1)
    assert (ratio.low, ratio.high) == pytest.approx(tuple(np.quantile(drawn, [0.025, 0.975])), abs=0.004)
    clustered = run(CostAndMinutes(), sample(CLUSTERED, ai=ai, old=old, who=np.arange(400)), MINUTES)[0]
    assert (clustered.low, clustered.high) == pytest.approx((saved.low, saved.high), abs=1e-6)
    fields = benefit_fields(saved, claim="c", baseline="b")
    assert fields["unit"] == "minutes"


def test_cost_in_two_arms_and_a_ratio_that_has_no_limits():
    random = np.random.default_rng(15)
    arm = np.arange(200) % 2
    y = random.normal(10 - 2 * arm, 3)
    chosen = msgspec.structs.replace(MINUTES, design="two-arm")
    saved, ratio = run(CostAndMinutes(), sample(ARMS, y=y, arm=arm), chosen)
    assert saved.low < 2 < saved.high
    assert ratio.low < 0.8 < ratio.high
    around_zero = run(CostAndMinutes(), sample(ARMS, y=y - 10, arm=arm), chosen)[1]
    assert (around_zero.estimate, around_zero.facts["why"]) == (None, "denominator may be zero")
    one = CostAndMinutes().gather(sample(ARMS, y=y[:80], arm=arm[:80]), chosen)
    two = CostAndMinutes().gather(sample(ARMS, y=y[80:], arm=arm[80:]), chosen)
    assert CostAndMinutes().merge([one, two]) == CostAndMinutes().gather(sample(ARMS, y=y, arm=arm), chosen)
    with pytest.raises(FieldError, match="different designs"):
        CostAndMinutes().merge([one, CostAndMinutes().gather(sample(PAIRED, ai=y, old=y), MINUTES)])
    with pytest.raises(FieldError):
        CostSettings(plan=HIGHER, design="paired")


def test_costs_that_differ_by_the_same_are_no_certainty():
    old = np.random.default_rng(10).gamma(4, 3, 50)
    saved, _ = run(CostAndMinutes(), sample(PAIRED, ai=old - 0.1, old=old), MINUTES)
    assert (saved.estimate, saved.facts["why"]) == (None, "no spread")


WATTS = Assumed(low=20.0, likely=35.0, high=65.0, source="data sheet")
GRID = Assumed(low=0.37, likely=0.38, high=0.68, source="the two power companies, last year")


def test_energy_has_its_assumptions_with_it():
    seconds = np.random.default_rng(11).gamma(2, 0.05, 500)
    chosen = EnergySettings(watts=WATTS, grid_kg_per_kwh=GRID)
    energy, carbon = run(Energy(), sample(Roles(label="s"), s=seconds), chosen)
    assert energy.estimate == pytest.approx(seconds.mean() * 35 * 1_000 / 3.6e6)
    assert carbon.estimate == pytest.approx(energy.estimate * 0.38)
    # Wider than the assumption alone, and than the sampling alone.
    assert energy.low < energy.estimate * 20 / 35
    assert energy.high > energy.estimate * 65 / 35
    assert (carbon.facts["assumed_watts_low"], carbon.facts["assumed_grid_kg_per_kwh_source"]) == (20.0, GRID.source)
    assert run(Energy(), sample(Roles(label="s"), s=[0.1, 0.1]), chosen)[0].facts["why"] == "no spread"
    with pytest.raises(FieldError, match="below zero"):
        Energy().gather(sample(Roles(label="s"), s=[0.1, -0.1]), chosen)
    with pytest.raises(FieldError, match="assumption"):
        Assumed(low=1.0, likely=2.0, high=3.0, source=" ")
    with pytest.raises(TypeError):
        EnergySettings(watts=WATTS)


@pytest.mark.parametrize("measure", [kind() for kind in MEASURES], ids=lambda each: each.name)
def test_weights_are_refused_and_not_ignored(measure):
    half = {"low": 1.0, "likely": 1.0, "high": 1.0, "source": "s"}
    cases = {"plan": LOWER, "compare": "value", "capacity": 0.5, "outcome": "mean", "design": "paired"}
    cases |= {"share_expected": 0.5, "mismatch_level": 0.01, "kind": "asymptotic", "rows_planned": 9}
    cases |= {"changed_at": "2026-01-01", "starts_at": "2026-01-01", "period_hours": 1.0, "carry_over_periods": 0}
    cases |= {"watts": Assumed(**half), "grid_kg_per_kwh": Assumed(**half)}
    kept = {name: value for name, value in cases.items() if name in measure.settings.__struct_fields__}
    columns = {name: [0.0, 1.0, 0.0, 1.0] for name in ("y", "ai", "old", "arm", "at")}
    roles = Roles(label="y", score="ai", baseline="old", arm="arm", time="at", weight="w")
    with pytest.raises(FieldError, match="weights"):
        measure.gather(sample(roles, **columns, w=[1.0, 2.0, 1.0, 1.0]), measure.settings(**kept))


def test_capture_refuses_clusters():
    data = sample(
        Roles(label="y", score="ai", baseline="ai", cluster="who"), y=[0, 1, 1], ai=[0.1, 0.2, 0.3], who=[1, 1, 2]
    )
    with pytest.raises(FieldError, match="clusters"):
        Capture().gather(data, CaptureSettings(plan=HIGHER, capacity=0.4))
