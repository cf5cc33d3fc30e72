"""The comparison watched while it runs: when it may stop, why, and that looking often costs nothing."""

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dualtrack.domain import canonical
from dualtrack.errors import FieldError
from dualtrack.evidence.benefit.paired import Plan
from dualtrack.evidence.benefit.sequential import Sequential, SequentialSettings
from dualtrack.evidence.measure import Estimating
from dualtrack.evidence.sample import Roles, make_sample

HOW = Estimating(data_digest="0" * 64)
HIGHER = Plan(unit="points", direction="higher is better", effect=0.5)
PAIRED = Roles(score="ai", baseline="old")
CLUSTERED = Roles(score="ai", baseline="old", cluster="who")
SMALL = settings(max_examples=25, deadline=None)


def sample(roles, **columns):
    return make_sample({name: np.asarray(column) for name, column in columns.items()}, roles)


def run(measure, data, chosen):
    statistics = measure.gather(data, chosen)
    sent = canonical.encode(msgspec.to_builtins(statistics))
    return measure.estimate(msgspec.convert(canonical.decode(sent), measure.statistics), chosen, HOW)


def sequential(**changes):
    given_ = {"plan": HIGHER, "compare": "value", "kind": "asymptotic", "rows_planned": 400}
    return SequentialSettings(**(given_ | changes))


def look(values, chosen=None):
    return run(Sequential(), sample(PAIRED, ai=values, old=np.zeros(len(values))), chosen or sequential())[0]


def test_a_look_says_whether_to_stop_and_why():
    noise = np.random.default_rng(12).normal(size=900)
    early = look(noise[:99])
    assert (early.estimate, early.facts["may_stop"], early.facts["n_needed"]) == (None, False, 100)
    shown = look(noise[:120] + 2)
    assert (shown.facts["may_stop"], shown.facts["why"], shown.low > 0) == (True, "benefit shown", True)
    assert look(noise[:300] - 1).facts["why"] == "declared effect excluded"
    small = Plan(unit="points", direction="higher is better", effect=0.01)
    assert look(noise[:200], sequential(plan=small)).facts["why"] == "go on"
    ended = look(noise[:400] - noise[:400].mean(), sequential(plan=small))
    assert (ended.facts["may_stop"], ended.facts["why"], ended.outcome) == (True, "planned rows are in", "underpowered")
    margin = Plan(unit="points", direction="lower is better", effect=0.5, margin=0.3)
    assert look(noise - noise.mean(), sequential(plan=margin)).facts["why"] == "no worse than the margin"
    assert look(noise + 2, sequential(plan=margin)).facts["why"] == "worse than the margin"


def test_rare_differences_are_not_looked_at_too_early():
    values = np.zeros(400)
    values[::100] = 1.0  # four events: a mean far from normal
    found = look(values)
    assert (found.estimate, found.facts["why"]) == (None, "too few rows")
    assert found.facts["n_needed"] > 400
    assert look(values, sequential(kind="bounded", bound=1.0)).estimate == pytest.approx(0.01)
    with pytest.raises(FieldError, match="a difference of 1"):
        look(values, sequential(kind="bounded", bound=0.5))
    for wrong in ({"kind": "bounded"}, {"bound": 1.0}, {"rows_planned": 0}):
        with pytest.raises(FieldError):
            sequential(**wrong)


@SMALL
@given(st.lists(st.floats(-9, 9), min_size=4, max_size=30), st.integers(1, 3))
def test_looks_add_up(values, cut):
    values = np.array(values)
    parts = [
        Sequential().gather(sample(PAIRED, ai=each, old=np.zeros(len(each))), sequential())
        for each in (values[:cut], values[cut:])
    ]
    whole = Sequential().gather(sample(PAIRED, ai=values, old=np.zeros(len(values))), sequential())
    assert Sequential().merge(parts) == Sequential().merge(parts[::-1]) == whole


def test_looking_at_every_row_through_the_measure_keeps_the_level():
    random = np.random.default_rng(13)
    measure, chosen, alarms = Sequential(), sequential(rows_planned=250), 0
    for _ in range(40):
        values = random.exponential(size=260) - 1.0
        seen = measure.gather(sample(PAIRED, ai=values[:100], old=np.zeros(100)), chosen)
        for row in range(100, 260, 16):
            more = measure.gather(
                sample(PAIRED, ai=values[row : row + 16], old=np.zeros(len(values[row : row + 16]))), chosen
            )
            seen = measure.merge([seen, more])
            (found,) = measure.estimate(seen, chosen, HOW)
            if found.low is not None and (found.low > 0 or found.high < 0):
                alarms += 1
                break
    assert alarms <= 5


def test_a_cluster_is_one_unit_of_a_sequence():
    values = np.random.default_rng(14).normal(size=150)
    roles = sample(CLUSTERED, ai=np.repeat(values, 2), old=np.zeros(300), who=np.repeat(np.arange(150), 2))
    (found,) = run(Sequential(), roles, sequential())
    alone = look(values)
    assert (found.n, found.low) == (150, pytest.approx(alone.low, abs=1e-6))
