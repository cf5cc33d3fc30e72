"""24EC55 paragraphs 13, 17 and 18 in the finished demo: each rule's outcome, on what the real path did in the run."""

from __future__ import annotations

import json

import msgspec

from dualtrack.demo.language.paragraphs import paragraph_lines
from dualtrack.domain import canonical
from dualtrack.domain.vocabulary import Outcome

BROKER, BANK = "peak-securities-demo/client-answers", "harbour-bank-demo/service-answers"
OUTCOMES = {
    ("13", "MRM-04c"): Outcome.MET,
    ("13(a)", "MRM-01a"): Outcome.NO_EVIDENCE,
    ("13(a), 13(d)", "MRM-01b"): Outcome.MET,
    ("13(b), 15", "MRM-02"): Outcome.NOT_MET,
    ("13(c)", "MRM-03"): Outcome.NOT_MET,
    ("13(d)", "MRM-04a"): Outcome.MET,
    ("13(d)", "MRM-04b"): Outcome.MET,
    ("17", "RUN-01"): Outcome.MET,
    ("18(a)", "MRM-06"): Outcome.MET,
    ("18(b)", "RUN-03"): Outcome.MET,
    ("18(c)", "MRM-07"): Outcome.NOT_MET,
    ("18(d)", "RUN-02"): Outcome.MET,
}
FICTIONAL = {"MRM-04c": False, "MRM-02": True, "MRM-04a": True, "RUN-01": True, "MRM-06": False, "MRM-07": False}


def run_of(result, use):
    return next(run for run in result.language if run.use == use)


def test_the_licensed_corporation_shows_an_outcome_for_each_paragraph(result):
    lines = paragraph_lines(run_of(result, BROKER))
    assert {(line.cites, line.rule): line.outcome for line in lines} == OUTCOMES
    assert not any(line.analogy for line in lines)
    marked = {line.rule: line.fictional for line in lines}
    assert {rule: marked[rule] for rule in FICTIONAL} == FICTIONAL


def test_what_has_no_evidence_says_what_is_missing(result):
    lines = {line.rule: line for line in paragraph_lines(run_of(result, BROKER))}
    assert lines["MRM-01a"].missing == ["sod.approver_independent"]


def test_the_bank_shows_its_measured_notice_under_paragraph_17_and_says_that_it_does_not_bind(result):
    run = run_of(result, BANK)
    (line,) = paragraph_lines(run)
    assert (line.cites, line.rule, line.outcome, line.analogy) == ("17", "RUN-01", Outcome.MET, True)
    assert not [one for one in run.recorded.assessment.rules if one.pack == "sfc-24ec55"]
    drill = next(item for item in run.recorded.case.admitted if item.predicate.topic == "disclosure_drill")
    assert drill.predicate.fields["shown"] == drill.predicate.fields["interactions"] > 20


def test_by_analogy_no_drill_is_no_evidence_and_a_missing_notice_is_not_met(result):
    run = run_of(result, BANK)
    case = run.recorded.case
    others = [item for item in case.admitted if item.predicate.topic != "disclosure_drill"]
    without = run._replace(recorded=run.recorded._replace(case=case._replace(admitted=others)))
    assert paragraph_lines(without)[0].outcome is Outcome.NO_EVIDENCE
    drill = next(item for item in case.admitted if item.predicate.topic == "disclosure_drill")
    silent = msgspec.structs.replace(drill, predicate=_with(drill.predicate, shown=0))
    mute = run._replace(recorded=run.recorded._replace(case=case._replace(admitted=[*others, silent])))
    assert paragraph_lines(mute)[0].outcome is Outcome.NOT_MET


def _with(predicate, **fields):
    return msgspec.structs.replace(predicate, fields={**predicate.fields, **fields})


def test_the_report_passes_no_release_whose_run_missed_a_limit(result):
    for run in result.language:
        fields = {item.topic: item.fields for item in run.evidence}
        report = next(item for item in run.evidence if item.topic == "validation_report")
        missed = report.statistics["open"]
        assert ("paraphrase_robustness" in missed) == (
            fields["paraphrase_robustness"]["high"] > fields["paraphrase_robustness"]["limit"]
        )
        assert ("factuality" in missed) == (fields["factuality"]["low"] < fields["factuality"]["target"])
        assert (report.fields["passed"], report.fields["open_critical"]) == (not missed, len(missed))


def test_the_model_file_is_there_under_its_digest_and_names_what_was_not_carried_out(result):
    for run in result.language:
        data = (result.folder / "model-files" / f"{run.use.replace('/', '.')}.json").read_bytes()
        paper = next(item for item in run.evidence if item.topic == "model_file")
        assert paper.document_digest == canonical.digest(data)
        filed = json.loads(data)
        factuality = next(item for item in run.evidence if item.topic == "factuality")
        assert filed["testing"]["factuality"]["fields"] == factuality.fields
        assert "not_carried_out" in filed["calibration"]
        assert filed["release"] == run.recorded.assessment.release


def test_the_papers_count_as_fictional_evidence_signed_by_their_own_people(result):
    admitted = {item.predicate.topic: item for item in run_of(result, BROKER).recorded.case.admitted}
    for topic, holder in (
        ("validation_report", "validator"),
        ("monitoring_plan", "first-line"),
        ("model_file", "developer"),
    ):
        assert admitted[topic].predicate.demo
        assert admitted[topic].holders == {holder}
