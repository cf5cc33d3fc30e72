"""The research desk of the demo: planned before it is measured, judged by what was measured, and asked."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from dualtrack.apps.research.evidence.reports import load_reports
from dualtrack.demo import research_use
from dualtrack.demo.firms import demo_firms, found_firm
from dualtrack.domain import canonical
from dualtrack.domain.entry import Entry
from dualtrack.domain.vocabulary import Mode, Verdict
from dualtrack.errors import MissingExtraError, NotFoundError
from dualtrack.keys import dsse
from dualtrack.permit.bundle import read_bundle
from dualtrack.store.store import Store
from dualtrack.store.workspace import Workspace
from dualtrack.supervisor.figures import recompute_figures

FIRM = "peak-securities-demo"


@pytest.fixture(autouse=True)
def measured(request):
    if "result" in request.fixturenames and (missing := request.getfixturevalue("result").research.missing):
        pytest.skip(missing)


def entries(result):
    with Store.open(Workspace.open(result.folder)) as store:
        found = store.repository(FIRM).entries(ids=(result.research.use,))
        return [entry for entry in found if isinstance(entry, Entry)]


def test_its_plan_stands_in_the_log_before_its_release_and_what_was_measured(result):
    kinds = [entry.kind for entry in entries(result)]
    order = ["declaration/1", "measurement-plan/1", "release/1", "measurement-result/1", "evidence/1", "permit/1"]
    assert [kinds.index(kind) for kind in order] == sorted(kinds.index(kind) for kind in order)
    assert kinds.count("measurement-result/1") == len(result.research.run.plan.items)
    assert kinds.count("research-document/1") == 2
    assert kinds.count("decision/1") == 2


def test_few_reports_give_a_trial_and_never_live_use_however_good_they_look(result):
    found = result.research.recorded.assessment
    assert (found.verdict, found.mode) == (Verdict.TRIAL, Mode.TRIAL)
    assert [(line.pack, line.rule) for line in found.refusals] == [("dualtrack-policy", "BEN-02")]
    standing = {each.item.id: each.standing for each in result.research.run.results}
    assert standing["benefit"] in {"underpowered", "missed"}
    assert standing["right"] != "met"


def test_on_trial_one_answer_was_read_and_let_go_and_the_other_waits(result):
    assert [answer.outcome for answer in result.research.answers] == ["approved", "held"]


def test_what_is_fictional_says_so_and_no_own_case_is_claimed(result):
    for entry in entries(result):
        if entry.kind == "evidence/1":
            predicate = canonical.decode(dsse.parse(entry.content).payload)["predicate"]
            assert predicate["demo"] is True
            assert predicate["fields"].get("own_cases", False) is False
            if predicate["kind"] != "measurement":
                assert "Nobody attested this" in predicate["note"]["en"]


def test_its_numbers_are_computed_again_from_its_bundle(result):
    name = result.research.use.replace("/", ".")
    figures = recompute_figures(read_bundle((result.folder / "bundles" / f"{name}.zip").read_bytes()))
    predicates = [
        canonical.decode(dsse.parse(entry.content).payload)["predicate"]
        for entry in entries(result)
        if entry.kind == "evidence/1"
    ]
    measured = {each["topic"] for each in predicates if each["kind"] == "measurement"}
    # A good benefit of so few rows is a piece of luck, and no evidence.
    assert {"factuality", "hallucination_test", "paraphrase_robustness"} <= measured
    assert {figure.topic for figure in figures} == measured
    assert [figure for figure in figures if figure.found.agreement != "equal"] == []


def test_where_reports_cannot_be_made_nothing_is_measured_and_that_is_said(tmp_path, monkeypatch):
    def unable(*_, **__):
        raise MissingExtraError("reports", "a made report as PDF")

    workspace = Workspace.create(tmp_path / "demo", demo=True)
    with Store.open(workspace) as store:
        found_firm(store, next(firm for firm in demo_firms() if firm.id == FIRM), lambda: datetime.now(UTC))
    monkeypatch.setattr(research_use, "load_reports", unable)
    found = research_use.run_research_use(workspace, lambda: datetime.now(UTC), lambda _: None)
    assert (found.run, found.answers) == (None, [])
    assert "made report" in found.missing
    assert found.recorded.assessment.verdict is Verdict.NOTHING_MEASURED


def test_the_carried_reports_are_those_that_the_generator_makes():
    pytest.importorskip("typst", reason="the reports extra (typst) is not installed")
    first = research_use._said().reports.first
    try:
        printed = list(load_reports(2, first=first))
    except NotFoundError as error:
        pytest.skip(str(error))
    carried = load_reports(2, first=first, carried=research_use._carried)
    for one, other in zip(printed, carried, strict=True):
        assert research_use._carried(one.truth.seed) == other.pdf
        assert [page.text for page in other.document.pages] == [page.text for page in one.document.pages]
        assert other.truth == one.truth
