"""The plan of answers stands before a language use is asked, its results are entries, and the verdict rests on what they say."""

from __future__ import annotations

from datetime import date

import pytest
from language_fake import Path

from dualtrack.demo.language.asking import ask_all
from dualtrack.demo.language.corpus import USES, load_corpus
from dualtrack.demo.language.questions import asked, load_questions
from dualtrack.demo.language.uses import load_declaration
from dualtrack.demo.service_use import reply_rows
from dualtrack.domain.entry import Entry
from dualtrack.domain.records import encode
from dualtrack.domain.usecase import primary_claim
from dualtrack.domain.vocabulary import Outcome
from dualtrack.evidence.plans.running import gated_measurement
from dualtrack.permit.bundle import read_bundle
from dualtrack.store.store import Store
from dualtrack.store.workspace import Workspace
from dualtrack.supervisor.figures import recompute_figures
from house_tree import ROOT

ON = date(2026, 11, 26)
PAGE = (ROOT / "docs" / "demo.md").read_text("utf-8")


def declared(run):
    """Return the declaration of a run's use."""
    return next(found for found in map(load_declaration, USES) if found.use == run.use)


def results(run):
    """Return the results of a run's plan by item, each with the measurement that it is about."""
    return {result.item.id: (result, gated_measurement(result)) for result in run.planned.results}


def test_the_plan_stands_before_the_release_and_its_results_are_entries(result):
    with Store.open(Workspace.open(result.folder)) as store:
        for run in result.language:
            entries = store.repository(run.use.partition("/")[0]).entries(ids=(run.use,))
            kinds = [entry.kind for entry in entries if isinstance(entry, Entry)]
            order = ["declaration/1", "measurement-plan/1", "release/1", "measurement-result/1"]
            assert [kinds.index(kind) for kind in order] == sorted(kinds.index(kind) for kind in order)
            assert kinds.count("measurement-result/1") == len(run.planned.results) == 5


def test_the_verdict_says_of_the_benefit_what_was_measured(result):
    for run in result.language:
        found, measured = results(run)["benefit"]
        evidence = next(one.predicate for one in run.recorded.case.admitted if one.predicate.topic == "benefit")
        assert evidence.fields["estimate"] == measured.estimate
        assert (evidence.n, evidence.claim) == (120, primary_claim(declared(run)).id)
        assert evidence.demo
        outcomes = {line.rule: line.outcome for line in run.recorded.assessment.rules}
        shown = measured.low > 0 and measured.estimate >= 0.05
        assert (outcomes["BEN-02"] is Outcome.MET) == shown == (found.standing == "met")
        assert (outcomes["BEN-03"] is Outcome.MET) == (measured.facts["power_at_declared_effect"] >= 0.8)


def test_an_outsider_computes_every_planned_number_again(result):
    for run in result.language:
        bundle = read_bundle((result.folder / "bundles" / f"{run.use.replace('/', '.')}.zip").read_bytes())
        figures = [figure for figure in recompute_figures(bundle) if figure.topic in {"benefit", "group_outcomes"}]
        assert {figure.topic for figure in figures} == {"benefit", "group_outcomes"}
        assert [figure for figure in figures if figure.found.agreement != "equal"] == []


def test_no_question_stands_in_a_result(result):
    for use, run in zip(USES, result.language, strict=True):
        kept = encode([each for each, _ in results(run).values()]).decode()
        assert [each.text for each in asked(load_questions(use)) if each.text in kept] == []


@pytest.mark.parametrize("place", range(len(USES)))
def test_the_page_says_what_the_run_found(result, place):
    run = result.language[place]
    for name in ("benefit", "gap"):
        _, measured = results(run)[name]
        said = f"{measured.estimate:.3f} ({measured.low:.3f} to {measured.high:.3f})".replace("-", "−")
        assert said in PAGE, f"{run.use}, {name}: {said}"


def test_what_another_path_answers_is_what_is_counted():
    corpus, questions = load_corpus("bank"), asked(load_questions("bank"))
    right = [
        sum(int(row["right"]) for row in reply_rows(corpus, ask_all(path, questions, prefix="rows"), on=ON))
        for path in (Path("bank", knows=True), Path("bank"))
    ]
    assert right[0] == 119, "one fair question is taken for another by a guard"
    assert right[1] < 120, "one that only matches words misses some"
