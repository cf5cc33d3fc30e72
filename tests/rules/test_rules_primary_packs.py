"""The three primary packs against their documents, and against what a firm can be asked to bring."""

import re
from datetime import date

import pytest

from dualtrack.domain.vocabulary import Check, Severity
from dualtrack.rules.coverage import coverage
from dualtrack.rules.selftest import judge, self_test
from dualtrack.rules.shipped import shipped

TODAY = date(2026, 11, 22)
PARAGRAPHS = {
    "sfc-24ec55": {str(number) for number in range(1, 33)}
    | {"4(a)", "4(b)", "4(c)", "9(a)", "9(b)", "13(a)", "13(b)", "13(c)", "13(d)", "18(a)", "18(b)", "18(c)", "18(d)"}
    | {"26(a)", "26(b)", "26(c)", "Appendix"},
    "hkma-principles-2019": {f"P{number}" for number in range(1, 13)} | {"Preamble", "Closing"},
    "hkma-genai-2024": {"Preamble", "1", "1(a)", "1(b)", "1(c)", "2", "2(a)", "2(b)", "3", "4", "Closing"}
    | {"Annex 1", "Annex 2"},
}
CROSSWALK = {
    "finos": re.compile(r"(ri|mi)-[0-9]{1,2}"),
    "nist": re.compile(r"Govern 1\.[0-9]"),
    "iso42001": re.compile(r"(B\.[0-9.]+|B\.4\.2-B\.4\.6|[0-9.]+)"),
    "mas": re.compile(r"[0-9]\.[0-9]+(\([a-z]\))?(-[0-9]\.[0-9]+)?"),
}

INTERNAL_BANK_MODEL = {
    "use.language_model": False, "use.generative": False, "use.regulated_activity": False, "use.customer_facing": False,
    "use.client_interface": False, "use.individual_effect": False, "use.provides_service": False, "use.third_party": False,
    "use.personal_data": True, "use.training_data_personal": True, "use.non_public_data": True, "use.model_origin": "own",
    "use.learns_in_production": False, "use.phase": "early", "use.affected": ["staff"], "use.has_fallback": True,
    "use.components_without_licence": 0, "firm.type": "bank", "policy.disclosure": False, "policy.opt_out": False,
    "policy.review_before_release": False, "sod.validator_independent": True, "sod.approver_independent": True,
}  # fmt: skip
CUSTOMER_BANK_MODEL = INTERNAL_BANK_MODEL | {
    "use.individual_effect": True, "use.provides_service": True, "use.affected": ["customers"],
}  # fmt: skip
INTERNAL_EVIDENCE = {
    "executive_approval", "explainability", "data_quality", "validation_report", "predictive_performance",
    "audit_log_design", "monitoring_plan", "privacy_assessment", "adversarial_test", "risk_controls", "kill_switch_drill",
    "fallback_drill", "ai_governance_framework", "staff_competence", "threat_watch",
}  # fmt: skip
CUSTOMER_EVIDENCE = INTERNAL_EVIDENCE | {"group_outcomes", "compliance_assessment", "customer_disclosure_text"}


@pytest.fixture(scope="module", params=sorted(PARAGRAPHS))
def pack(request):
    return shipped(request.param)


def good_facts(pack, topics):
    """Facts of the given topics, each from the first test of each rule that is met by them."""
    found = {}
    for rule in pack.rules:
        facts = next(test.facts for test in rule.data.tests if test.expect == "met")
        found |= {n: v for n, v in facts.items() if n.startswith("ev.") and n.split(".")[1] in topics}
    return found


def outcomes(pack, facts):
    return {rule.id: judge(rule, pack.with_own_facts(facts, TODAY) | facts) for rule in pack.rules}


def refusing(pack, facts):
    """Rules that neither hold nor wait for operation nor merely advise."""
    found = outcomes(pack, facts)
    return {
        rule.id
        for rule in pack.rules
        if found[rule.id] not in ("met", "not_applicable")
        and rule.data.checked is not Check.OPERATION
        and rule.data.severity is not Severity.S4
    }


def test_own_tests_hold_on_the_first_day_and_today(pack):
    assert self_test(pack) == self_test(pack, on=TODAY) == []


def test_every_paragraph_is_accounted_for(pack):
    assert {row.paragraph for row in pack.data.coverage} == PARAGRAPHS[pack.id]
    assert coverage(pack).total == len(PARAGRAPHS[pack.id])


def test_what_was_not_seen_is_said(pack):
    unseen = {row.paragraph for row in pack.data.coverage if row.as_ == "not_covered"}
    assert unseen == {
        "sfc-24ec55": {"5", "Appendix"}, "hkma-principles-2019": set(), "hkma-genai-2024": {"Annex 1"},
    }[pack.id]  # fmt: skip


def test_coverage_and_citations_agree(pack):
    covered = {(row.paragraph, rule) for row in pack.data.coverage for rule in row.rules}
    assert covered == {(cite, rule.id) for rule in pack.rules for cite in rule.data.cites}


def test_without_any_one_item_no_rule_is_met_by_its_evidence(pack):
    for rule in pack.rules:
        facts = next(test.facts for test in rule.data.tests if test.expect == "met")
        for topic in rule.data.evidence:
            left = {name: value for name, value in facts.items() if not name.startswith(f"ev.{topic}.")}
            assert judge(rule, pack.with_own_facts(left, TODAY) | left) != "met", (rule.id, topic)


def test_a_rule_that_may_not_apply_has_a_test_of_that(pack):
    for rule in pack.rules:
        expected = {test.expect for test in rule.data.tests}
        assert ("not_applicable" in expected) == (rule.data.applies.text != "true"), rule.id


def test_nothing_declared_is_never_better_than_no_evidence(pack):
    assert set(outcomes(pack, {}).values()) == {"no_evidence"}


def test_thresholds_in_parameters_are_ours_and_cited(pack):
    for parameter in pack.data.parameters:
        assert parameter.basis == "ours"
        assert parameter.cites in PARAGRAPHS[pack.id]
        users = [rule for rule in pack.rules if f"param.{parameter.name}" in rule.data.requires.text]
        assert users
        assert all(rule.data.basis == "ours" for rule in users)


def test_crosswalk_ids_have_the_form_of_their_framework(pack):
    for rule in pack.rules:
        for framework, form in CROSSWALK.items():
            assert all(form.fullmatch(name) for name in getattr(rule.data.crosswalk, framework)), rule.id


@pytest.mark.parametrize(
    ("facts", "topics"),
    [(INTERNAL_BANK_MODEL, INTERNAL_EVIDENCE), (CUSTOMER_BANK_MODEL, CUSTOMER_EVIDENCE)],
    ids=["internal", "customer"],
)
def test_a_bank_model_passes_with_a_humane_set_of_evidence_and_with_none_less(facts, topics):
    principles = shipped("hkma-principles-2019")
    assert refusing(principles, facts | good_facts(principles, topics)) == set()
    for topic in topics:
        assert refusing(principles, facts | good_facts(principles, topics - {topic})), topic
    for other in ("sfc-24ec55", "hkma-genai-2024"):
        assert set(outcomes(shipped(other), facts).values()) == {"not_applicable"}


def test_a_gap_too_large_or_groups_too_small_stop_a_model_that_touches_customers():
    principles = shipped("hkma-principles-2019")
    facts = CUSTOMER_BANK_MODEL | good_facts(principles, CUSTOMER_EVIDENCE)
    assert refusing(principles, facts | {"ev.group_outcomes.gap_high": 0.2}) == {"MRM-13a"}
    assert refusing(principles, facts | {"ev.group_outcomes.underpowered": True}) == {"MRM-13a"}


def test_the_circular_binds_high_risk_uses_harder_than_a_summary_tool():
    circular = shipped("sfc-24ec55")
    tool = {
        "firm.type": "licensed_corporation", "use.language_model": True, "use.regulated_activity": True,
        "use.gives_advice": False, "use.after_sales_only": False, "use.client_interface": False, "use.third_party": True,
        "use.model_origin": "vendor", "use.development": ["none"], "use.group_delegated": False, "use.personal_data": False,
        "use.training_data_personal": False, "use.non_public_data": False, "use.browser_extension": False,
        "use.critical_operation": False, "use.components_without_licence": 0,
    }  # fmt: skip
    bound = {rule for rule, found in outcomes(circular, tool).items() if found != "not_applicable"}
    high = outcomes(circular, tool | {"use.gives_advice": True, "use.client_interface": True})
    extra = {rule for rule, found in high.items() if found != "not_applicable"} - bound
    assert extra == {"MRM-06", "MRM-07", "MRM-08", "RUN-01", "RUN-02", "RUN-03", "NOT-01", "NOT-02"}
    assert {"MRM-01a", "MRM-15a", "MRM-15b"}.isdisjoint(bound)  # off the shelf: no development duties (paragraph 15)
    assert "MRM-02" in bound  # but validated all the same
