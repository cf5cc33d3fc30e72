"""What an export is made of, and what it never lets out, on a small firm with results of every sort."""

from __future__ import annotations

import json
import uuid

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dualtrack.domain.records import Text, read_record
from dualtrack.domain.usecase import Component
from dualtrack.errors import NotFoundError
from dualtrack.evidence.measurement import Measurement, Method, Part
from dualtrack.evidence.plans.records import Gate, MeasurementPlan, MeasurementResult, PlanItem, PlanReference
from dualtrack.evidence.sample import Roles
from dualtrack.supervisor.formats.case import Planned, Resulted, read_case
from dualtrack.supervisor.formats.common import lines_bytes, number, pretty_bytes, shown_parts, stable_uuid
from dualtrack.supervisor.formats.cyclonedx import cyclonedx_document
from dualtrack.supervisor.formats.openlineage import openlineage_events
from dualtrack.supervisor.formats.oscal import oscal_document

PLAN = PlanReference(index=7, digest="7" * 64, recorded_at="2026-11-22T08:00:00Z")
LEAST = 50
SECRET = "customer-4711"


def measurement(n=1_000, parts=(), **changes):
    figures = {"estimate": 0.7, "low": 0.6, "high": 0.8, "outcome": "measured"} | changes
    return Measurement(
        measure="discrimination.auc",
        unit="probability",
        n=n,
        method=Method(name="by hand", version="1", source="a notebook"),
        data_digest="d" * 64,
        statistics={"rows": [SECRET]},
        parts=tuple(parts),
        **figures,
    )


def result(item="order", *measured, plan=PLAN, standing="met", reason=None):
    return MeasurementResult(
        format="dualtrack.measurement-result/1",
        use="test-bank/early-warning",
        release="e" * 64,
        run="f" * 64,
        plan=plan,
        exploratory=plan is None,
        item=PlanItem(id=item, measure="performance.discrimination", gate=Gate(topic="check", target=0.5)),
        standing=standing,
        reason=reason,
        data_digest="d" * 64,
        given_digest="d" * 64,
        scores_from="column model of the table",
        rows=1_000,
        level=0.95,
        variants=1,
        n_needed=None,
        engine="memory",
        software="0.1.0",
        taken_at="2026-11-22T08:01:00Z",
        measurements=list(measured),
    )


def part(label, n, **changes):
    return Part(label=label, n=n, **{"outcome": "measured", "estimate": 0.5, "low": 0.4, "high": 0.6} | changes)


@pytest.fixture
def case(firm):
    """The export case of the firm's measured use."""
    return read_case(firm.register, firm.use)


def with_results(case, *results):
    kept = [Resulted(20 + at, f"{at:064d}", "2026-11-22T08:02:00Z", each) for at, each in enumerate(results)]
    plan = MeasurementPlan(
        format="dualtrack.measurement-plan/1",
        use=case.use,
        title=Text(en="Plan", zh="計劃"),
        data=Text(en="Data", zh="數據"),
        columns=Roles(label="y", score="s"),
        items=[results[0].item],
        cell_size_min=LEAST,
    )
    return case._replace(results=kept, plans=[Planned(7, "7" * 64, PLAN.recorded_at, plan)])


def card_of(case):
    document = cyclonedx_document(case)
    return next(part["modelCard"] for part in document["components"] if "modelCard" in part)


MODEL = Component(id="model", type="model", name="A model", version="1")


def declaring(case, *components):
    declared = read_record(msgspec.to_builtins(list(components)), list[Component], where="components")
    return case._replace(declaration=msgspec.structs.replace(case.declaration, components=declared))


# --- what is read ---


def test_the_case_is_that_of_the_newest_release_and_verdict(firm, case):
    assert case.digest == firm.register.latest_release(firm.use)
    assert case.verdict is not None
    assert case.verdict.assessment.release == case.digest
    assert {item.predicate.topic for item in case.observed} >= {"check", "benefit"}
    assert case.as_of >= max(item.recorded_at for item in case.observed)


def test_another_verdict_of_the_same_evidence_changes_only_what_is_of_the_verdict(firm, case):
    firm.assess()
    later = read_case(firm.register, firm.use)
    assert later.verdict.index > case.verdict.index
    assert oscal_document(later)["assessment-results"]["uuid"] != oscal_document(case)["assessment-results"]["uuid"]
    assert later.observed == case.observed


@pytest.mark.parametrize(("use", "release"), [("test-bank/nobody", None), (None, "ab" * 32)])
def test_what_is_not_there(firm, use, release):
    with pytest.raises(NotFoundError):
        read_case(firm.register, use or firm.use, release)


# --- what is never let out ---


def test_statistics_reasons_and_small_groups_stay_in_the_ledger(case):
    parts = [
        part("large", LEAST),
        part(SECRET, LEAST - 1),
        part("none", 0, outcome="underpowered", estimate=None, low=None, high=None),
    ]
    broken = result("broken", standing="not measurable", reason=f"KeyError: {SECRET}")
    full = declaring(with_results(case, result("order", measurement(parts=parts)), broken), MODEL)
    documents = [cyclonedx_document(full), openlineage_events(full), oscal_document(full)]
    assert SECRET not in json.dumps(documents)
    metrics = card_of(full)["quantitativeAnalysis"]["performanceMetrics"]
    assert [each.get("slice") for each in metrics] == [None, "large"]
    ends = [event["eventType"] for event in documents[1] if event["eventType"] != "START"]
    assert ends == ["COMPLETE", "FAIL"]


def test_a_figure_of_too_few_rows_is_not_shown(case):
    few = declaring(with_results(case, result("order", measurement(n=LEAST - 1))), MODEL)
    assert "quantitativeAnalysis" not in card_of(few)
    found = next(
        each
        for each in oscal_document(few)["assessment-results"]["results"][0]["observations"]
        if each["title"] == "Result: order"
    )
    assert "estimate" not in {prop["name"] for prop in found["props"]}
    enough = declaring(with_results(case, result("order", measurement(n=LEAST))), MODEL)
    assert len(card_of(enough)["quantitativeAnalysis"]["performanceMetrics"]) == 1


def test_exploratory_and_older_results_are_not_on_the_card(case):
    older, newer = measurement(estimate=0.61), measurement(estimate=0.62)
    loose = measurement(estimate=0.63)
    full = declaring(
        with_results(case, result("order", older), result("order", newer), result("order", loose, plan=None)), MODEL
    )
    card = card_of(full)
    assert [each["value"] for each in card["quantitativeAnalysis"]["performanceMetrics"]] == ["0.62"]
    assert {"name": "dualtrack:exploratory-results-left-out", "value": "1"} in card["properties"]
    said = [
        prop["value"]
        for each in oscal_document(full)["assessment-results"]["results"][0]["observations"]
        for prop in each["props"]
        if prop["name"] == "exploratory"
    ]
    assert said == ["false", "false", "true"]


def test_numbers_of_one_measure_by_other_groups_or_plans_keep_their_own_names(case):
    by_sex = measurement(n=900, facts={"attributes": "sex"})
    by_both = measurement(n=300, outcome="underpowered", facts={"attributes": "sex,race"})
    other = PlanReference(index=9, digest="9" * 64, recorded_at="2026-11-22T08:00:30Z")
    full = declaring(
        with_results(case, result("groups", by_sex, by_both), result("order", measurement()), result("order", measurement(estimate=0.62), plan=other)),
        MODEL,
    )  # fmt: skip
    card = card_of(full)
    facts = {each["name"].removeprefix("dualtrack:figure:"): each["value"] for each in card["properties"]}
    named = [each["type"] for each in card["quantitativeAnalysis"]["performanceMetrics"]]
    assert named == [
        "groups:discrimination.auc by sex",
        "groups:discrimination.auc by sex × race",
        "order of plan 7:discrimination.auc",
        "order of plan 9:discrimination.auc",
    ]
    assert [facts[name].partition("; unit")[0] for name in named[:2]] == ["measured; n 900", "underpowered; n 300"]
    assert set(named) <= set(facts)
    assert facts["dualtrack:result:order of plan 9"].startswith("met;")


def test_an_underpowered_result_says_so(case):
    weak = measurement(outcome="underpowered", estimate=None, low=None, high=None)
    full = declaring(with_results(case, result("order", weak, standing="underpowered")), MODEL)
    properties = {each["name"]: each["value"] for each in card_of(full)["properties"]}
    assert properties["dualtrack:no-figure:order:discrimination.auc"] == "underpowered"
    assert properties["dualtrack:result:order"].startswith("underpowered;")


@given(st.lists(st.tuples(st.integers(0, 200), st.booleans()), max_size=20), st.integers(1, 100))
def test_no_part_below_the_least_is_ever_shown(sizes, least):
    parts = [
        part(str(n), n) if known else part(str(n), n, outcome="underpowered", estimate=None, low=None, high=None)
        for n, known in sizes
    ]
    shown = shown_parts(measurement(parts=parts), least)
    assert all(each.n >= least for each in shown.parts)
    assert shown.withheld == sum(n < least for n, _ in sizes)


# --- parts ---


def test_what_is_undeclared_stays_unknown(case):
    document = cyclonedx_document(declaring(case, MODEL))
    (model,) = document["components"]
    assert not {"licenses", "supplier", "hashes", "pedigree"} & model.keys()
    properties = {each["name"]: each["value"] for each in model["properties"]}
    assert properties["dualtrack:undeclared"] == "provider, licence, source, reservation, indemnity"
    assert document["compositions"] == [{"aggregate": "unknown", "assemblies": ["release"]}]


@pytest.mark.parametrize(
    ("named", "written"),
    [
        ("MIT", {"license": {"id": "MIT"}}),
        ("MIT OR Apache-2.0", {"expression": "MIT OR Apache-2.0"}),
        ("MIT OR nobody-knows", {"license": {"name": "MIT OR nobody-knows"}}),
        ("own work", {"license": {"name": "own work"}}),
        ("(", {"license": {"name": "("}}),
    ],
)
def test_a_licence_is_an_identifier_only_where_it_is_known(case, named, written):
    (model,) = cyclonedx_document(declaring(case, msgspec.structs.replace(MODEL, licence=named)))["components"]
    assert model["licenses"] == [written]


def test_texts_of_people_become_one_line_where_oscal_wants_it(case):
    title = Text(en="  Two\nlines  ", zh="兩行")
    odd = case._replace(
        declaration=msgspec.structs.replace(case.declaration, title=title),
        institution=msgspec.structs.replace(case.institution, name=Text(en=" ", zh="名")),
    )
    found = oscal_document(odd)["assessment-results"]
    assert found["metadata"]["title"] == "Assessment of Two lines"
    assert found["metadata"]["parties"][0]["name"] == "none"


def test_several_models_share_one_card_for_they_were_measured_together(case):
    two = declaring(
        with_results(case, result("order", measurement())),
        MODEL,
        msgspec.structs.replace(MODEL, id="other"),
        Component(id="data", type="data_set", name="Data", version="1", licence="CC-BY-4.0"),
    )
    parts = cyclonedx_document(two)["components"]
    assert [part["bom-ref"] for part in parts] == ["models", "component-data"]
    assert [part["bom-ref"] for part in parts[0]["components"]] == ["component-model", "component-other"]
    assert not any("modelCard" in part for part in parts[0]["components"])
    assert parts[0]["modelCard"]["modelParameters"]["datasets"] == [{"ref": "component-data"}]


def test_without_a_model_there_is_no_card(case):
    assert not any("modelCard" in part for part in cyclonedx_document(declaring(case))["components"])


def test_findings_are_our_tests_and_follow_the_outcomes(case):
    (found,) = oscal_document(case)["assessment-results"]["results"]
    lines = [line for line in case.verdict.assessment.rules if line.outcome != "not_applicable"]
    assert [finding["target"]["target-id"] for finding in found["findings"]] == [
        f"{line.pack}.{line.rule}" for line in lines
    ]
    assert all(finding["title"].startswith("Our test for ") for finding in found["findings"])
    states = {finding["target"]["status"]["state"] for finding in found["findings"]}
    assert states <= {"satisfied", "not-satisfied"}


def test_without_a_verdict_nothing_is_found(case):
    with pytest.raises(NotFoundError, match="no verdict"):
        oscal_document(case._replace(verdict=None, packs={}))


def test_without_results_there_are_no_events(case):
    with pytest.raises(NotFoundError, match="no result"):
        openlineage_events(case)


# --- common ---


def test_names_that_differ_have_identifiers_that_differ():
    assert stable_uuid("a", "b") == stable_uuid("a", "b")
    assert len({stable_uuid("a", "b"), stable_uuid("ab"), stable_uuid("a,b"), stable_uuid('a", "b')}) == 4
    assert uuid.UUID(stable_uuid("a")).version == 5


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_read_back_as_the_same(value):
    assert float(number(value)) == value


def test_order_of_making_does_not_show():
    assert pretty_bytes({"b": 1, "a": "值"}) == pretty_bytes({"a": "值", "b": 1})
    assert lines_bytes([{"b": 1, "a": 2}]) == b'{"a":2,"b":1}\n'
    with pytest.raises(ValueError, match="JSON"):
        pretty_bytes({"a": float("nan")})
