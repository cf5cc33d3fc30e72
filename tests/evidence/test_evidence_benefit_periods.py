"""Before and after, and switching on and off: periods, autocorrelation, carry-over, and the design named for what it is."""

import math

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dualtrack.domain import canonical
from dualtrack.errors import FieldError
from dualtrack.evidence.benefit.before_after import BeforeAfter, BeforeAfterSettings
from dualtrack.evidence.benefit.newey_west import fit_newey_west, usual_lags
from dualtrack.evidence.benefit.paired import Plan
from dualtrack.evidence.benefit.periods import PERIODS_MAX, instant_seconds
from dualtrack.evidence.benefit.switchback import Switchback, SwitchbackSettings
from dualtrack.evidence.measure import Estimating
from dualtrack.evidence.sample import Roles, make_sample

HOW = Estimating(data_digest="0" * 64)
PLAN = Plan(unit="minutes", direction="higher is better", effect=0.5)
TIMED = Roles(label="y", time="at")
SWITCHED = Roles(label="y", time="at", arm="arm")
START = "2026-01-01T00:00:00+08:00"
DAY = 86_400
ZERO = instant_seconds(START)


def sample(roles, **columns):
    return make_sample({name: np.asarray(column) for name, column in columns.items()}, roles)


def run(measure, data, chosen):
    statistics = measure.gather(data, chosen)
    sent = canonical.encode(msgspec.to_builtins(statistics))
    (found,) = measure.estimate(msgspec.convert(canonical.decode(sent), measure.statistics), chosen, HOW)
    return found


def before_after(**changes):
    return BeforeAfterSettings(**({"plan": PLAN, "changed_at": START, "period_hours": 24.0} | changes))


def series(values):
    """One row a day, the change in the middle."""
    half = len(values) // 2
    return sample(TIMED, y=values, at=ZERO + DAY * (np.arange(len(values)) - half) + 3_600)


def test_times_of_every_kind_are_the_same_instant():
    assert instant_seconds("2026-01-01T00:00:00Z") == instant_seconds("2026-01-01 08:00:00") == 1_767_225_600
    assert instant_seconds("1767225600") == instant_seconds("1767225600.0")
    for wrong in ("", "yesterday", "nan", "inf"):
        with pytest.raises(FieldError, match="no time"):
            instant_seconds(wrong)


def test_a_step_is_found_and_the_design_is_named():
    random = np.random.default_rng(1)
    days = np.arange(60)
    found = run(
        BeforeAfter(), series(0.02 * days + 2.0 * (days >= 30) + random.normal(scale=0.3, size=60)), before_after()
    )
    assert found.low < 2.0 < found.high
    assert found.low > 1
    assert found.facts["design"] == "before-after"
    assert "season" in found.facts["cannot_exclude"]
    assert (found.facts["periods_before"], found.facts["periods_after"]) == (30, 30)
    lower = msgspec.structs.replace(PLAN, direction="lower is better")
    turned = run(
        BeforeAfter(),
        series(0.02 * days + 2.0 * (days >= 30) + random.normal(scale=0.3, size=60)),
        before_after(plan=lower),
    )
    assert turned.high < 0


def test_without_lags_and_trend_it_is_the_sandwich_by_hand():
    values = np.array([1.0, 3.0, 2.0, 4.0, 6.0, 5.0])
    design = np.column_stack([np.ones(6), np.repeat([0.0, 1.0], 3)])
    fit = fit_newey_west(design, values, lags=0)
    assert fit.coefficients == pytest.approx([2.0, 3.0])
    # Residual squares 1, 1, 0 on each side: 2 / 9 from each mean, times 6 / 4.
    assert fit.covariance[1, 1] == pytest.approx((2 / 9 + 2 / 9) * 6 / 4)
    assert fit.degrees == 4
    # One lag on each side: products -1 * 1, 1 * 0 within sides, 0 * -1 across; weight 1 / 2, both ways.
    lagged = fit_newey_west(np.ones((4, 1)), np.array([1.0, 3.0, 1.0, 3.0]), lags=1)
    assert lagged.covariance[0, 0] == pytest.approx((4 + 2 * 0.5 * -3) / 16 * 4 / 3)
    assert (usual_lags(100), usual_lags(16)) == (4, 2)
    for wrong in ({"lags": 4}, {"lags": -1}):
        with pytest.raises(FieldError):
            fit_newey_west(np.ones((4, 1)), np.arange(4.0), **wrong)
    with pytest.raises(FieldError):
        fit_newey_west(np.ones((4, 2)), np.arange(4.0), lags=0)


def test_lags_keep_what_neighbours_who_resemble_each_other_would_lose():
    random = np.random.default_rng(2)
    held = {0: 0, 6: 0}
    for _ in range(50):
        noise = random.normal(size=120)
        for day in range(1, 120):
            noise[day] += 0.6 * noise[day - 1]
        seen = BeforeAfter().gather(series(noise), before_after(trend=False))
        for lags in held:
            (found,) = BeforeAfter().estimate(seen, before_after(lags=lags, trend=False), HOW)
            held[lags] += found.low <= 0 <= found.high
    assert held[6] > held[0] + 4
    assert held[6] / 50 > 0.8


def test_too_few_or_constant_periods_answer_nothing():
    few = run(BeforeAfter(), series(np.random.default_rng(3).normal(size=15)), before_after())
    assert (few.estimate, few.facts["why"], few.facts["periods_needed"]) == (None, "too few periods on a side", 16)
    flat = run(BeforeAfter(), series(np.full(40, 0.3)), before_after())
    assert (flat.estimate, flat.facts["why"]) == (None, "no spread")
    step = run(BeforeAfter(), series(np.repeat([0.1, 0.7], 20)), before_after())
    assert step.estimate is None
    unclear = run(BeforeAfter(), series(3 * np.random.default_rng(8).normal(size=20)), before_after())
    assert (unclear.outcome, unclear.facts["periods_needed"] > 20) == ("underpowered", True)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.integers(-20, 20), st.floats(-9, 9)), min_size=2, max_size=40), st.integers(1, 39))
def test_periods_of_parts_add_up_to_the_whole(rows, cut):
    at, y = (np.array(each, dtype=float) for each in zip(*rows, strict=True))
    cut = min(cut, len(rows) - 1)
    chosen, measure = before_after(period_hours=72.0), BeforeAfter()
    parts = [
        measure.gather(sample(TIMED, y=y[part], at=ZERO + DAY * at[part]), chosen)
        for part in (slice(0, cut), slice(cut, None))
    ]
    whole = measure.gather(sample(TIMED, y=y, at=ZERO + DAY * at), chosen)
    assert measure.merge(parts) == measure.merge(parts[::-1]) == whole
    assert whole.rows == len(rows)


def test_periods_refuse_what_they_cannot_read():
    for columns, match in (
        ({"y": [1.0, math.nan], "at": [0, 1]}, "missing"),
        ({"y": [1.0, 2.0], "at": ["monday", "tuesday"]}, "no time"),
        ({"y": np.ones(PERIODS_MAX + 1), "at": DAY * np.arange(PERIODS_MAX + 1)}, "periods"),
    ):
        with pytest.raises(FieldError, match=match):
            BeforeAfter().gather(sample(TIMED, **columns), before_after())
    for wrong in ({"period_hours": 0.0}, {"changed_at": "then"}, {"lags": -1}):
        with pytest.raises(FieldError):
            before_after(**wrong)


def switchback(**changes):
    given_ = {"plan": PLAN, "starts_at": START, "period_hours": 24.0, "carry_over_periods": 0}
    return SwitchbackSettings(**(given_ | changes))


def switched(arms, effect, *, carried=0.0, seed=1, rows=20):
    """Rows of each day in its arm; `carried` of the arm before is still felt."""
    random = np.random.default_rng(seed)
    before = np.concatenate([[arms[0]], arms[:-1]])
    felt = effect * ((1 - carried) * arms + carried * before)
    day = np.repeat(np.arange(len(arms)), rows)
    y = felt[day] + random.normal(scale=0.3, size=len(arms))[day] + random.normal(size=len(day))
    return sample(SWITCHED, y=y, at=ZERO + DAY * day + 60, arm=arms[day])


def test_a_switchback_counts_periods_not_rows():
    arms = np.random.default_rng(5).integers(0, 2, 80)
    found = run(Switchback(), switched(arms, 1.0), switchback())
    assert found.low < 1.0 < found.high
    many = run(Switchback(), switched(arms, 1.0, rows=400), switchback())
    assert many.high - many.low > 0.45 * (found.high - found.low)  # twenty times the rows
    assert (found.facts["design"], found.facts["periods_ai"]) == ("switchback experiment", int(arms.sum()))
    held = [run(Switchback(), switched(arms, 1.0, seed=seed), switchback()) for seed in range(30)]
    assert sum(each.low <= 1 <= each.high for each in held) >= 25


def test_carry_over_is_dropped():
    arms = np.tile(np.repeat([0, 1], 4), 12)
    felt = run(Switchback(), switched(arms, 1.0, carried=0.8), switchback())
    dropped = run(Switchback(), switched(arms, 1.0, carried=0.8), switchback(carry_over_periods=1))
    assert felt.high < 1.0
    assert dropped.low < 1.0 < dropped.high
    assert dropped.facts["periods_dropped"] == 24
    gap = arms.copy()
    kept = np.delete(np.arange(96), 2)
    day = np.repeat(kept, 3)
    y = np.random.default_rng(6).normal(size=len(day))
    broken = sample(SWITCHED, y=y, at=ZERO + DAY * day, arm=gap[day])
    assert run(Switchback(), broken, switchback(carry_over_periods=1)).facts["periods_dropped"] == 25


def test_a_switchback_refuses_a_period_of_both_arms_and_few_periods():
    both = sample(SWITCHED, y=[1.0, 2.0], at=[ZERO, ZERO + 60], arm=[0, 1])
    with pytest.raises(FieldError, match="both arms"):
        Switchback().gather(both, switchback())
    with pytest.raises(FieldError, match="arm '2'"):
        Switchback().gather(sample(SWITCHED, y=[1.0], at=[ZERO], arm=[2]), switchback())
    few = run(Switchback(), switched(np.array([0, 1, 0, 1, 0, 1]), 1.0), switchback())
    assert (few.estimate, few.facts["why"]) == (None, "too few periods in an arm")
    day = np.repeat(np.arange(12), 2)
    flat = run(Switchback(), sample(SWITCHED, y=np.full(24, 0.3), at=ZERO + DAY * day, arm=day % 2), switchback())
    assert (flat.estimate, flat.facts["why"]) == (None, "no spread")
    one, other = (Switchback().gather(sample(SWITCHED, y=[1.0], at=[ZERO], arm=[arm]), switchback()) for arm in (0, 1))
    with pytest.raises(FieldError, match="both arms"):
        Switchback().merge([one, other])
    with pytest.raises(FieldError):
        switchback(carry_over_periods=-1)
