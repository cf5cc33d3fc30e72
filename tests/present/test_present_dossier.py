"""Dossiers of real packs and templates: verdict to data digest on one page, in both languages, nothing claimed too much."""

import functools

import present_cases as cases
import pytest
from page_scan import sound

from dualtrack.permit.assess import verdict_digest
from dualtrack.present.dossier import dossier_page
from dualtrack.present.phrases import metric_text


@functools.cache
def made(name):
    use = None if name == "dealer" else cases.USE
    explanation, way = cases.explained(getattr(cases, name)(), use)
    text = dossier_page(explanation, way)
    return explanation, way, text, sound(text)


ALL = ["refused", "permitted", "nothing_measured", "dealer"]


@pytest.mark.parametrize("name", ALL)
def test_a_dossier_is_sound_self_contained_and_says_its_verdict(name):
    explanation, way, text, page = made(name)
    assert page.outside() == []
    assert verdict_digest(explanation.assessment) in text
    assert explanation.assessment.at in text
    assert "complies with" not in page.words.lower()
    assert "What this page does not establish" in page.words
    assert dossier_page(explanation, way) == text  # the same input gives the same page


@pytest.mark.parametrize("name", ALL)
def test_every_applicable_rule_has_its_card_with_paraphrases_in_both_languages(name):
    explanation, _, _, page = made(name)
    assert explanation.rules
    for item in explanation.rules:
        assert f"{item.pack.id}--{item.rule.id}" in page.ids
        for text in (item.rule.data.title, item.rule.data.says):
            assert " ".join(text.en.split()) in page.words
            assert " ".join(text.zh.split()) in page.words
    open_rules = [item for item in explanation.rules if item.outcome.value not in {"met", "waived"}]
    assert all(" ".join(item.rule.data.todo.zh.split()) in page.words for item in open_rules)


def test_a_refusal_for_want_of_benefit_shows_the_interval_against_zero():
    explanation, way, text, page = made("refused")
    assert [item.rule for item in explanation.assessment.refusals] == ["BEN-02"]
    assert "The interval holds zero: no benefit is shown." in page.words
    assert "區間包含零：未能證明有效益。" in page.words
    assert "0.0120" in text
    assert "n = 10,714" in text
    assert 'id="effect-title"' in text
    assert way.reached
    assert "says otherwise. Only a real change, or a better measurement" in page.words
    assert "Live use is refused by 1 rule, and no shadow or trial plan stands." in page.words


def test_underpowered_groups_and_rejected_evidence_are_said_plainly():
    _, _, _, page = made("refused")
    assert "underpowered: too few cases to say" in page.words
    assert "male, others" in page.words
    assert "wrong-role" in page.words
    assert "簽署人的角色不獲接納" in page.words


def test_simulated_packs_stand_apart_and_are_not_counted():
    explanation, _, _, page = made("refused")
    section = page.words.index("Rules not in force, shown as if they were")
    assert page.words.index("NEW-01", section) > section
    assert "simulated, no effect" in page.words
    assert all(item.rule != "NEW-01" for item in explanation.assessment.refusals)


def test_evidence_is_shown_down_to_its_data_digest_and_signers():
    explanation, _, _, page = made("permitted")
    used = [used for item in explanation.rules for used in item.evidence]
    assert used
    for item in used:
        assert all(holder in page.words for holder in item.holders)
        if item.predicate.data_digest:
            assert item.predicate.data_digest in page.words
    assert "Permitted for live use until" in page.words
    assert "The way to green" not in page.words


def test_nothing_measured_lists_the_steps_with_hours_and_undeclared_rights():
    _, way, _, page = made("nothing_measured")
    assert f"{len(way.steps)} steps" in page.words
    assert "Verified by assessing again" in page.words
    assert "undeclared 未申報" in page.words
    assert "our test for paragraph 18(d)" in page.words
    assert "secondary source: text not seen" in page.words
    assert "undecided 未決定" in page.words
    assert "It gives investment recommendations, advice or research to investors or clients." in page.words


def test_a_dealer_is_never_licensed_and_demo_is_the_first_thing_said():
    explanation, _, _, page = made("dealer")
    counts = explanation.assessment.counts["safety"]
    assert f"Requirements evidenced: {counts.met} of {counts.applicable} that bind. Never a licence" in page.words
    assert page.words.index("Demonstration. The institution") < page.words.index("Dualtrack dossier")
    assert "Demonstration" not in made("permitted")[3].words


def test_words_of_the_declaration_cannot_become_markup():
    hostile = {"en": '<script>alert(1)</script> "x"', "zh-Hant": "</style><img src=x>"}
    firm = cases.declared("risk-bank", title=hostile, purpose=hostile)
    explanation, way = cases.explained(firm)
    page = sound(dossier_page(explanation, way))
    assert "<script>alert(1)</script>" in page.words


def test_a_waiver_is_shown_with_its_reason_and_end():
    firm = cases.refused()
    fields = {"rule": "hkma-principles-2019/GOV-09", "reason": "two people, both known", "until": "2027-03-01"}
    cases.give(firm, "waiver", fields | {"proportionality": False}, "approver")
    explanation, way = cases.explained(firm)
    page = sound(dossier_page(explanation, way))
    assert "two people, both known" in page.words
    assert "until 1 March 2027" in page.words


def test_nothing_is_missing_of_a_rule_that_is_met():
    explanation, _, _, page = made("permitted")
    assert any(line.missing for line in explanation.assessment.rules if line.outcome.value == "met")
    start = page.words.index("Met or waived 符合或已豁免")
    benefit = page.words.index("The declared benefit is shown against the measured baseline", start)
    assert "the claim's non-inferiority margin" not in page.words[benefit:]


def test_a_measurement_says_its_metric_the_level_of_its_interval_and_the_baseline():
    firm = cases.permitted()
    fields = {"metric": "discrimination.auc", "estimate": 0.78, "low": 0.77, "high": 0.79, "n": 10714, "target": 0.7}
    fields["baseline_estimate"] = 0.71
    cases.give(firm, "predictive_performance", fields, "validator", n=10714, statistics={"level": 0.95})
    said = sound(dossier_page(cases.explained(firm)[0])).words
    start = said.index("AUC")
    assert "95% interval 區間" in said[start : start + 200]
    assert "Baseline 基準 0.71" in said[start : start + 200]


def test_a_dossier_of_an_insurer_says_that_no_text_of_its_authority_was_verified():
    line = "No AI instrument of the Insurance Authority or the MPFA was verified"
    insurer = cases.declared("risk-insurer", "insurer", ("dualtrack-policy",))
    assert line in sound(dossier_page(cases.explained(insurer, cases.USE)[0])).words.partition("The two tracks")[0]
    assert line not in made("refused")[3].words


def test_an_outcome_by_group_is_named_in_words():
    assert metric_text("selection_rate") == "selection rate 選取率"
    assert metric_text("their.own-metric") == "their.own-metric"
    assert metric_text(None) == ""
