"""Plans: how a number is held against its threshold, what becomes evidence of it, and what no plan may say."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from dualtrack.domain.records import read_record
from dualtrack.domain.usecase import UseCase
from dualtrack.errors import FieldError
from dualtrack.evidence.measurement import Measurement, Method
from dualtrack.evidence.plans.evidence_of import evidence_of
from dualtrack.evidence.plans.judging import corrected_level, judge, picked
from dualtrack.evidence.plans.reading import check_gates, read_plan
from dualtrack.evidence.plans.records import Gate, MeasurementResult, PlanItem, PlanReference
from dualtrack.rules.catalogue import shipped_topics
from permit.firm import declaration

METHOD = Method(name="a share", version="1", source="Wilson 1927")
REFERENCE = PlanReference(index=7, digest="b" * 64, recorded_at="2026-01-01T00:00:00Z")
TOPICS = shipped_topics()


def measured(estimate, half=0.01, n=1_000, **changes):
    return Measurement(
        measure="a.share",
        unit="share of rows",
        n=n,
        outcome="measured",
        method=METHOD,
        data_digest="a" * 64,
        statistics={"rows": n},
        estimate=estimate,
        low=estimate - half,
        high=estimate + half,
    ) if not changes else replace(measured(estimate, half, n), **changes)  # fmt: skip


def result(name, gate, found, standing="met"):
    return MeasurementResult(
        format="dualtrack.measurement-result/1",
        use="test-bank/early-warning",
        release="c" * 64,
        run="d" * 64,
        plan=REFERENCE,
        exploratory=False,
        item=PlanItem(id=name, measure="performance.lift", gate=gate),
        standing=standing,
        reason=None,
        data_digest="a" * 64,
        given_digest="a" * 64,
        scores_from="column score of the table",
        rows=found.n,
        level=0.95,
        variants=1,
        n_needed=None,
        engine="memory",
        software="0",
        taken_at="2026-01-02T00:00:00Z",
        measurements=[found],
    )


# --- thresholds ---

NUMBERS = st.floats(-1, 1)


@given(estimate=NUMBERS, half=st.floats(1e-6, 0.5), threshold=NUMBERS)
def test_only_a_whole_interval_on_the_right_side_meets_a_threshold(estimate, half, threshold):
    found = measured(estimate, half)
    for gate, inside, outside in (
        (Gate(topic="t", target=threshold), found.low >= threshold, found.high < threshold),
        (Gate(topic="t", limit=threshold), found.high <= threshold, found.low > threshold),
    ):
        standing = judge(found, gate, rows_min=0).standing
        assert standing == ("met" if inside else "missed" if outside else "underpowered")


@given(estimate=NUMBERS, half=st.floats(1e-3, 0.5), threshold=NUMBERS)
def test_the_sample_that_would_settle_it_is_more_than_there_was(estimate, half, threshold):
    judged = judge(measured(estimate, half), Gate(topic="t", target=threshold), rows_min=0)
    if judged.n_needed is not None:
        assert judged.standing == "underpowered"
        assert judged.n_needed > 1_000


def test_the_sample_said_has_eighty_per_cent_power_and_not_half():
    judged = judge(
        measured(0.7, 0.098), Gate(topic="t", target=0.65), rows_min=0
    )  # a standard error of 0.05 at n 1,000
    needed = (1.959964 + 0.841621) ** 2 * 0.05**2 / 0.05**2 * 1_000
    assert judged.n_needed == pytest.approx(needed, rel=1e-3)


def test_few_rows_or_data_that_cannot_answer_meet_nothing():
    good = measured(0.9)
    gate = Gate(topic="t", target=0.1)
    assert judge(good, gate, rows_min=1_001).standing == "underpowered"
    assert judge(replace(good, outcome="underpowered"), gate, rows_min=0).standing == "underpowered"
    bare = replace(good, outcome="underpowered", estimate=None, low=None, high=None)
    assert judge(bare, gate, rows_min=0).standing == "underpowered"


@given(level=st.floats(0.5, 0.999), variants=st.integers(1, 50))
def test_more_versions_never_ask_for_less_certainty(level, variants):
    assert level <= corrected_level(level, variants) + 1e-12 < corrected_level(level, variants + 1) + 1e-9 < 1 + 1e-9


def test_of_several_numbers_the_worst_counts():
    band = Gate(topic="t", limit_low=-0.1, limit_high=0.1)
    far, near = measured(-0.9, 0.1), measured(0.0, 0.05)
    assert picked([near, far], band) is far
    assert picked([far, near], band) is far
    assert picked([measured(0.6), measured(0.7)], Gate(topic="t", target=0.5)).estimate == 0.6
    assert picked([measured(0.6), measured(0.7)], Gate(topic="t", limit=0.9)).estimate == 0.7
    with pytest.raises(FieldError, match="leaves no result"):
        picked([near], Gate(topic="t", target=0.5, pick={"measure": "another"}))


# --- evidence ---

PARTS = ("accuracy", "completeness", "timeliness", "consistency")


def quality(part, estimate=0.99, standing="met"):
    states = {"relevant": True, "defects_overdue": 0} if part == "accuracy" else {}
    gate = Gate(topic="data_quality", part=part, target=0.95, states=states)
    return result(part, gate, measured(estimate, 0.001, n=900 if part == "timeliness" else 1_000), standing)


def evidence(results, items=None):
    use_case = read_record(declaration(), UseCase, where="test")
    return evidence_of(results, [each.item for each in items or results], TOPICS, use_case)


def test_parts_of_a_topic_become_one_observation():
    (found,) = evidence([quality(part) for part in PARTS])
    assert set(found.fields) == set(TOPICS["data_quality"].fields)
    assert found.fields["n"] == found.n == 900
    assert found.fields["timeliness_target"] == 0.95
    assert set(found.statistics["parts"]) == set(PARTS)
    assert found.statistics["parts"]["accuracy"]["plan"]["scores_from"] == "column score of the table"


@pytest.mark.parametrize("left_out", PARTS)
def test_a_planned_part_without_a_number_leaves_the_topic_unanswered(left_out):
    whole = [quality(part) for part in PARTS]
    unmeasured = [quality(part, standing="not measurable" if part == left_out else "met") for part in PARTS]
    assert evidence(unmeasured) == []
    assert evidence([each for each in whole if each.item.id != left_out], items=whole) == []  # a session that ran some


def challenge(name, estimate, standing):
    gate = Gate(topic="adversarial_test", part=name, limit=0.05, states={"training_data_covered": True})
    return result(name, gate, measured(estimate), standing)


def test_families_of_a_challenge_add_up_and_a_missed_one_stays_open():
    (found,) = evidence([challenge("noise", 0.01, "met"), challenge("poison", 0.2, "missed")])
    assert found.fields["families"] == ["noise", "poison"]
    assert (found.fields["attempts"], found.fields["successes"], found.fields["open_critical"]) == (2_000, 210, 1)


def test_a_missed_number_is_evidence_and_a_good_one_on_data_that_cannot_answer_is_none():
    gate = Gate(topic="predictive_performance", target=0.6)
    (found,) = evidence([result("order", gate, measured(0.5), "missed")])
    assert found.fields["estimate"] == 0.5
    small = replace(measured(0.9), outcome="underpowered")
    assert evidence([result("order", gate, small, "underpowered")]) == []
    assert evidence([replace(result("order", gate, measured(0.9)), plan=None, exploratory=True)]) == []


# --- what no plan may say ---


def plan(*gates, **changes):
    return {
        "format": "dualtrack.measurement-plan/1",
        "use": "test-bank/early-warning",
        "title": {"en": "plan", "zh-Hant": "計劃"},
        "data": {"en": "table", "zh-Hant": "數據表"},
        "columns": {"label": "y", "score": "s"},
        "items": [{"id": f"item-{place}", "measure": "performance.discrimination", "gate": gate} for place, gate in enumerate(gates)],
    } | changes  # fmt: skip


ORDER = {"topic": "predictive_performance", "target": 0.6}


@pytest.mark.parametrize(
    "stated",
    [
        {"estimate": 1.0}, {"low": 1.0}, {"power": 1.0}, {"target": 0.0}, {"attempts": 100_000}, {"successes": 0},
        {"open_critical": 0}, {"accuracy": 1.0}, {"accuracy_target": 0.1}, {"gap": 0.0}, {"underpowered": False}, {"n": 5},
    ],
    ids=str,
)  # fmt: skip
def test_what_a_measure_computes_is_never_stated(stated):
    with pytest.raises(FieldError, match="under states"):
        read_plan(plan(ORDER | {"states": stated}), where="plan.yaml")


def test_a_gate_is_never_held_at_less_than_the_convention():
    low = read_plan(plan(ORDER, level=0.5), where="plan.yaml")
    with pytest.raises(FieldError, match=r"level 0\.5"):
        check_gates(low, TOPICS, where="plan.yaml")
    check_gates(read_plan(plan(ORDER, level=0.99), where="plan.yaml"), TOPICS, where="plan.yaml")


def test_two_items_do_not_answer_one_topic_so_that_the_later_hides_the_earlier():
    with pytest.raises(FieldError, match="two items answer"):
        check_gates(read_plan(plan(ORDER, ORDER), where="plan.yaml"), TOPICS, where="plan.yaml")


@pytest.mark.parametrize("threshold", [math.nan, math.inf])
def test_a_threshold_is_a_number(threshold):
    with pytest.raises(FieldError):
        read_plan(plan(ORDER | {"target": threshold}), where="plan.yaml")
