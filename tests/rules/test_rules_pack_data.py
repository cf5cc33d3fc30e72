"""The policy, anti-discrimination, privacy and virtual-asset packs: what they may say, and that each rule does what it says."""

import re
from datetime import date
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import dualtrack.rules
from dualtrack.domain.time import parse_date
from dualtrack.rules.catalogue import shipped_topics
from dualtrack.rules.facts import firm_facts
from dualtrack.rules.pack import load_pack
from dualtrack.rules.source import compile_pack

PACKS = Path(dualtrack.rules.__file__).parent / "packs"
REGIMES = ["va-otc-customs-2024", "amlo-mso-part5", "amlo-vatp-part5b", "va-dealing-2025"]
SECONDARY = ["anti-discrimination", "pcpd-framework-2024", *REGIMES]
NAMES = ["dualtrack-policy", *SECONDARY]
TODAY = date(2026, 11, 22)
SIMPLIFIED = set("这们为发对说时会国来过还进动关实务产业应开样种两点问题报账户资险风银证监规则条订错误单")
"""Common characters that Traditional Chinese never uses."""


@cache
def pack(name):
    return load_pack(compile_pack((PACKS / f"{name}.yaml").read_bytes(), shipped_topics()))


def day_of(found):
    """Return a date on which the pack's parameters are in force."""
    return TODAY if found.data.effective_to is None else parse_date(found.data.effective_from)


def outcome(found, rule, facts):
    full = found.with_own_facts(facts, day_of(found))
    applies = rule.applies(full)
    if applies is False:
        return "not_applicable"
    requires = rule.requires(full) if applies is True else None
    return {True: "met", False: "not_met", None: "no_evidence"}[requires]


def rules_of(names):
    return [pytest.param(name, rule.id, id=f"{name}/{rule.id}") for name in names for rule in pack(name).rules]


@pytest.mark.parametrize(("name", "rule_id"), rules_of(NAMES))
def test_each_rule_says_what_its_tests_expect(name, rule_id):
    rule = pack(name).rule(rule_id)
    found = {test.name: outcome(pack(name), rule, test.facts) for test in rule.data.tests}
    assert found == {test.name: test.expect for test in rule.data.tests}
    if rule.applies.text != "true":
        assert "not_applicable" in found.values()


@pytest.mark.parametrize(("name", "rule_id"), rules_of(NAMES))
def test_without_evidence_a_rule_that_reads_it_is_never_met(name, rule_id):
    rule = pack(name).rule(rule_id)
    for test in rule.data.tests if rule.topics else []:
        bare = {fact: value for fact, value in test.facts.items() if not fact.startswith(("ev.", "sod."))}
        assert outcome(pack(name), rule, bare) != "met"


@pytest.mark.parametrize("name", SECONDARY)
def test_a_secondary_pack_asks_or_sets_conditions_and_never_refuses(name):
    data = pack(name).data
    assert (data.grade, data.coverage, data.tiers) == ("secondary", [], [])
    assert data.source.checked == "secondary source"
    assert {rule.severity for rule in data.rules} <= {"S3", "S4"}
    assert {rule.source_grade for rule in data.rules} == {"secondary"}


@pytest.mark.parametrize("name", NAMES)
def test_texts_are_in_both_languages_and_the_chinese_is_traditional(name):
    data = pack(name).data
    texts = [data.title, *(text for rule in data.rules for text in (rule.title, rule.says, rule.todo))]
    texts += [line.reason for line in data.tiers]
    for text in texts:
        assert re.search("[\u4e00-\u9fff]", text.zh), text.en
        assert not SIMPLIFIED & set(text.zh), text.zh
        assert not re.search("[\u4e00-\u9fff]", text.en), text.en
    assert len({rule.title.en for rule in data.rules}) == len(data.rules)


def test_only_rules_that_cite_the_guideline_that_was_read_claim_a_primary_text():
    for name in NAMES:
        for rule in pack(name).data.rules:
            read = any(cite.startswith("SFC AML guideline (June 2023)") for cite in rule.cites)
            assert (rule.checked_source == "primary text") is read, f"{name} {rule.id}"


def test_the_regimes_have_their_status_authority_and_subject():
    found = {name: (pack(name).data.status, pack(name).data.subject) for name in REGIMES}
    assert [status for status, _ in found.values()] == ["superseded", "in_force", "in_force", "proposed"]
    assert {subject for _, subject in found.values()} == {"institution"}
    authority = {name: pack(name).parameters_on(day_of(pack(name)))["param.authority"] for name in REGIMES}
    assert [name for name, who in authority.items() if "Customs" in who] == ["va-otc-customs-2024", "amlo-mso-part5"]
    assert pack("va-otc-customs-2024").parameters_on(TODAY).get("param.authority") is None
    assert {rule.weight for rule in pack("va-dealing-2025").data.rules} == {"proposal"}


def test_what_changed_from_the_customs_plan_to_the_dealing_proposal_can_be_read_from_the_rule_ids():
    old, new = ({rule.id for rule in pack(name).rules} for name in ("va-otc-customs-2024", "va-dealing-2025"))
    assert {"PRE-01", "SCO-01", "TOK-01", "WAL-01", "RMT-01"} == old - new
    assert {"CAP-01", "CAP-02", "CUS-01", "CUS-02", "TRV-01", "SCR-01", "STR-01", "UPL-01"} == new - old
    assert {"LIC-01", "FIT-01", "OFF-01", "AML-01", "REC-01"} == old & new


def test_no_rule_judges_fitness_and_propriety():
    for name in REGIMES:
        for rule in pack(name).rules:
            read = {fact for fact in rule.names if fact.startswith("ev.fit_and_proper_statement.")}
            assert not read or read == {
                f"ev.fit_and_proper_statement.{field}" for field in ("persons", "signed", "officer")
            }


def test_the_protected_attributes_are_those_of_the_four_ordinances_and_no_others():
    held = pack("anti-discrimination").parameters_on(TODAY)
    named = {attribute for values in held.values() for attribute in values}
    assert named == {"sex", "marital_status", "pregnancy", "disability", "family_status", "race"}
    assert pack("anti-discrimination").parameters_on(date(2009, 7, 9)).get("param.protected_rdo") is None
    assert all(
        not {"age", "nationality"} & set(re.findall(r'"(\w+)"', rule.requires.text))
        for rule in pack("anti-discrimination").rules
    )


UNREAD = {
    "amlo-mso-part5 param.authority",
    "amlo-mso-part5 param.licence_months",
    "amlo-mso-part5 param.penalty_unlicensed_hkd",
    "amlo-mso-part5 param.penalty_unlicensed_years",
    "amlo-mso-part5 param.renew_from_days",
    "amlo-mso-part5 param.return_licence_days",
    "amlo-mso-part5 param.tell_particulars_months",
    "amlo-vatp-part5b param.authority",
    "amlo-vatp-part5b param.travel_rule_full_hkd",
    "va-dealing-2025 param.authority",
    "va-dealing-2025 param.penalty_unlicensed_hkd",
    "va-dealing-2025 param.penalty_unlicensed_years",
    "va-otc-customs-2024 param.authority",
    "va-otc-customs-2024 param.licence_months",
    "va-otc-customs-2024 param.penalty_unlicensed_hkd",
    "va-otc-customs-2024 param.penalty_unlicensed_years",
}
"""What the catalogues and packs carry and no rule reads: FACT, ev.TOPIC or PACK param.NAME."""


def test_firm_facts_topics_and_parameters_are_read_by_some_rule_or_listed():
    packs = [pack(path.stem) for path in PACKS.glob("*.yaml")]
    read = {name for found in packs for name in found.names}
    unread = {f"firm.{name}" for name in firm_facts()} - read
    unread |= {f"ev.{topic}" for topic in shipped_topics()} - {name.rpartition(".")[0] for name in read}
    for found in packs:
        own = {f"param.{item.name}" for item in found.data.parameters} - found.names
        unread |= {f"{found.id} {name}" for name in own}
    assert unread == UNREAD


CLAIM = {"claim.id": "c", "claim.baseline": "b", "claim.design": "superiority", "claim.minimum": 0.01}
EFFECT = {f"ev.benefit.{name}": value for name, value in {
    "claim": "c", "baseline": "b", "baseline_measured": True, "design": "superiority", "high": 1.0, "n": 100, "power": 0.9, "unit": "share",
}.items()}  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(low=st.floats(-1, 1), estimate=st.floats(-1, 1), minimum=st.floats(0.001, 1))
def test_superiority_is_met_exactly_when_the_interval_excludes_zero_and_reaches_the_minimum(low, estimate, minimum):
    found = pack("dualtrack-policy")
    facts = {**CLAIM, "claim.minimum": minimum, **EFFECT, "ev.benefit.low": low, "ev.benefit.estimate": estimate}
    shown = low > 0 and estimate >= minimum
    assert outcome(found, found.rule("BEN-02"), facts) == ("met" if shown else "not_met")


@settings(max_examples=60, deadline=None)
@given(low=st.floats(-1, 1), margin=st.floats(0.001, 1), saved=st.one_of(st.none(), st.floats(-1, 1)))
def test_non_inferiority_needs_the_margin_kept_and_time_or_cost_saved(low, margin, saved):
    found = pack("dualtrack-policy")
    facts = {**CLAIM, **EFFECT, "claim.design": "non_inferiority", "claim.margin": margin, "ev.benefit.low": low,
             "ev.benefit.design": "non_inferiority", "ev.benefit.estimate": low}  # fmt: skip
    if saved is not None:
        facts["ev.benefit.cost_low"] = saved
    kept = low + margin > 0
    expected = (
        "not_met" if not kept or (saved is not None and saved <= 0) else "no_evidence" if saved is None else "met"
    )
    assert outcome(found, found.rule("BEN-02"), facts) == expected


def test_the_benefit_gate_is_ours_refuses_live_and_says_so():
    data = pack("dualtrack-policy").data
    gate = [rule for rule in data.rules if rule.track == "benefit" and rule.severity == "S2"]
    assert [rule.id for rule in gate] == ["BEN-01", "BEN-02"]
    assert {rule.weight for rule in data.rules} == {"policy"}
    assert {rule.basis for rule in data.rules} == {"ours"}
    assert "no legal duty" in data.title.en
    assert "並非法律責任" in data.title.zh


LOW = dict.fromkeys(
    ("use.gives_advice", "use.after_sales_only", "use.individual_effect", "use.agent_tools", "use.customer_facing", "use.client_interface",
     "use.mpf_choice", "use.learns_in_production", "use.screening_duty", "use.critical_operation", "use.language_model", "use.personal_data"), False,
) | {"use.decision_effect": "informs"}  # fmt: skip


@pytest.mark.parametrize(
    ("change", "tier"),
    [
        ({}, "low"),
        ({"use.gives_advice": True}, "high"),
        ({"use.gives_advice": True, "use.after_sales_only": True}, "low"),
        ({"use.individual_effect": True}, "medium"),
        ({"use.individual_effect": True, "use.decision_effect": "recommends"}, "high"),
        ({"use.individual_effect": True, "use.decision_effect": "decides"}, "high"),
        ({"use.decision_effect": "decides"}, "low"),
        ({"use.agent_tools": True}, "medium"),
        ({"use.agent_tools": True, "use.client_interface": True}, "high"),
        ({"use.mpf_choice": True, "use.customer_facing": True}, "high"),
        ({"use.customer_facing": True}, "medium"),
        ({"use.screening_duty": True}, "medium"),
        ({"use.language_model": True}, "low"),
        ({"use.language_model": True, "use.personal_data": True}, "medium"),
    ],
)
def test_the_first_tier_line_that_is_not_false_decides(change, tier):
    facts = {**LOW, **change}
    assert next(line.data.tier for line in pack("dualtrack-policy").tiers if line.when(facts) is not False) == tier


def test_an_unanswered_question_never_lowers_the_tier():
    order = ["low", "medium", "high"]
    lines = pack("dualtrack-policy").tiers
    for name in LOW:
        facts = {fact: value for fact, value in LOW.items() if fact != name}
        found = next(line.data.tier for line in lines if line.when(facts) is not False)
        answers = (
            next(line.data.tier for line in lines if line.when({**facts, name: value}) is not False)
            for value in ((True, False) if name != "use.decision_effect" else ("informs", "decides"))
        )
        assert order.index(found) >= max(order.index(answer) for answer in answers)
