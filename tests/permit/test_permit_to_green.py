"""The way to green is a promise: done for real, with real signatures, it gives a live permit, and no step of it is idle."""

from __future__ import annotations

import random
from typing import get_args, get_type_hints

import pytest
from firm import AT, CHECK, FIRM, PASSES, USE, Firm, compiled, declaration, known_key, ready, release, rule, text
from random_packs import demanding_pack

from dualtrack.domain import canonical
from dualtrack.keys import dsse
from dualtrack.permit.assess import conclude, conclude_whole
from dualtrack.permit.evidence_check import BUILT_IN_TOPICS
from dualtrack.permit.explain import explain
from dualtrack.permit.facts import DUTY_FACTS
from dualtrack.permit.to_green import Step, to_green
from dualtrack.rules.catalogue import BUILT_IN_NAMES, shipped_hours
from dualtrack.rules.facts import BASE_FACTS
from dualtrack.rules.records import Topic

TASK = {"name": text("calls"), "hours_per_month": 1e6, "destination": "redeploy"}
INDEPENDENT = "somebody-independent"


def carry_out(firm: Firm, steps: list[Step]):
    """Return the verdict of a copy of the firm that has really done the steps, at the instant they were asked for."""
    copy = Firm.__new__(Firm)
    copy.__dict__ |= firm.__dict__ | {"entries": [*firm.entries], "packs": dict(firm.packs)}
    copy.append("notice/1", USE, b"", AT)
    copy.keys = {**firm.keys, INDEPENDENT: known_key(INDEPENDENT)}
    copy.grant(INDEPENDENT, ["validator", "approver", "collector", "compliance", "owner", "developer", "auditor"])
    answers = {step.name: step.fields[step.name] for step in steps if step.kind == "answer"}
    if answers:
        declare_answers(copy, answers)
    policy = {step.name.removeprefix("policy."): step.fields[step.name] for step in steps if step.kind == "policy"}
    if policy or not any(entry.kind == "release/1" for entry in copy.entries):
        present = newest(copy, "release/1")
        before = present["policy"] if present else release()["policy"]
        copy.freeze(note="changed", **(before | policy))
    for step in steps:
        if step.kind == "evidence":
            give(copy, step)
    return copy.assess()


def newest(firm: Firm, kind: str):
    found = [entry for entry in firm.entries if entry.kind == kind]
    return canonical.decode(dsse.parse(found[-1].content).payload) if found else None


def declare_answers(firm: Firm, answers: dict[str, object]) -> None:
    """Say in a declaration what makes these facts, and leave the rest as it was."""
    record = newest(firm, "declaration/1")
    claims = {name.removeprefix("claim."): value for name, value in answers.items() if name.startswith("claim.")}
    if claims:
        base = next((claim for claim in record["claims"] if claim["primary"]), declaration()["claims"][0])
        record["claims"] = [base | claims]
    for name, value in answers.items():
        key = name.removeprefix("use.")
        if key in {"hours_released", "undecided_hours"}:
            undecided = answers.get("use.undecided_hours", 0.0)
            released = answers.get("use.hours_released", undecided)
            record["tasks"] = [
                TASK | {"hours_released": undecided, "destination": "undecided"},
                TASK | {"hours_released": released - undecided},
            ]
        elif key == "components_without_licence":
            part = {"type": "model", "name": "m", "version": "1"} | dict.fromkeys(
                ["digest", "provider", "source", "reservation", "indemnity"]
            )
            parts = [part | {"id": f"open-{number}", "licence": None} for number in range(value)]
            record["components"] = [*parts, part | {"id": "closed", "licence": "MIT"}]
        elif name.startswith("use."):
            record["facts"][key] = value
    firm.declare(**record)


def give(firm: Firm, step: Step) -> None:
    topic = TOPIC[step.name]
    fields = step.fields
    measured = topic["kind"] == "measurement"
    planned = {"plan": firm.measurement_plan(limit=fields["limit"])} if step.name == "gauge" else {}
    firm.evidence(
        step.name,
        fields,
        INDEPENDENT,
        statistics=planned,
        kind=topic["kind"],
        about=topic["about"],
        claim=fields.get("claim"),
        taken_at=AT,
        n=fields.get("n", 1) if measured else None,
    )


TOPIC = {
    "check": {"kind": "measurement", "about": "release"},
    "approval": {"kind": "approval", "about": "release"},
    "benefit": {"kind": "measurement", "about": "release"},
    "gauge": {"kind": "measurement", "about": "release"},
    "monitor": {"kind": "measurement", "about": "use"},
    "strategy": {"kind": "document", "about": "firm"},
}


def check_promise(firm: Firm) -> list[Step] | None:
    """Hold the way to its word; return its steps, or None where it did not reach a live permit."""
    green = to_green(firm.case())
    if not green.reached:
        assert green.assessment.mode != "live"
        return None
    found = carry_out(firm, green.steps)
    assert found.mode == "live", [(line.rule, line.outcome) for line in found.rules if line.effect != "none"]
    for dropped in {said_with(step) for step in green.steps}:
        fewer = [step for step in green.steps if said_with(step) != dropped]
        assert carry_out(firm, fewer).mode != "live", dropped
    return green.steps


def said_with(step: Step) -> tuple[str, str]:
    """Return what the step is one with: a claim is declared whole, and all hours come from one list of tasks."""
    if step.name.startswith("claim."):
        return step.kind, "claim"
    return step.kind, "tasks" if step.name in {"use.hours_released", "use.undecided_hours"} else step.name


def names(steps) -> list[tuple[str, str]]:
    return [(step.kind, step.name) for step in steps]


def test_a_live_permit_needs_no_steps():
    firm = ready()
    firm.evidence("check", CHECK)
    assert check_promise(firm) == []


def test_missing_failed_and_expired_evidence_is_asked_for():
    firm = ready(
        rule("r", PASSES), rule("short", "ev.monitor.low > 0.1", valid_days=10), rule("none", "ev.approval.fit")
    )
    firm.evidence("check", CHECK | {"estimate": 0.1, "low": 0.0})
    old = firm.evidence("monitor", CHECK, about="use")
    steps = check_promise(firm)
    assert names(steps) == [("evidence", "monitor"), ("evidence", "check"), ("evidence", "approval")]
    assert [step.replaces for step in steps] == [old.index, old.index - 1, None]
    assert all(step.rules and step.roles and step.hours > 0 for step in steps)


def test_nothing_more_is_asked_than_what_refuses():
    firm = ready(
        rule("r", PASSES),
        rule("condition", "ev.approval.fit", severity="S3", clock_days=9),
        rule("advice", "ev.monitor.n > 5", severity="S4"),
        rule("elsewhere", "ev.strategy.adopted", binds=["insurer"]),
    )
    assert names(check_promise(firm)) == [("evidence", "check")]


def test_one_observation_serves_all_rules_that_read_it():
    firm = ready(
        rule("a", "ev.check.low >= 0.4"),
        rule("b", "ev.check.high - ev.check.low < 0.3"),
        rule("c", "ev.check.n >= 500"),
        rule("d", "ev.check.estimate != 0.5"),
    )
    (step,) = check_promise(firm)
    assert (step.name, [name for _, name in step.rules]) == ("check", ["a", "b", "c", "d"])


def test_unanswered_questions_are_asked_and_what_they_bring_into_play():
    firm = ready(
        rule("r", PASSES, applies="use.generative"),
        rule("s", 'use.decision_effect != "decides"', applies="!use.generative || use.language_model"),
        facts={"language_model": False},
    )
    steps = check_promise(firm)
    assert steps is not None
    assert {kind for kind, _ in names(steps)} <= {"answer", "evidence"}
    effect = [step.fields["use.decision_effect"] for step in steps if step.name == "use.decision_effect"]
    assert all(value in {"informs", "recommends"} for value in effect)


def test_another_policy_is_another_release_and_is_measured_anew():
    firm = ready(rule("p", "policy.disclosure"), rule("r", PASSES), rule("m", "ev.monitor.n > 5"))
    firm.evidence("check", CHECK)
    firm.evidence("monitor", CHECK, about="use")
    steps = check_promise(firm)
    assert names(steps) == [("policy", "policy.disclosure"), ("evidence", "check")]


def test_another_declaration_is_approved_anew():
    firm = ready(rule("a", "has(use.generative)"), rule("r", "ev.approval.fit"), rule("s", PASSES))
    firm.evidence("check", CHECK)
    firm.approve()
    assert names(check_promise(firm)) == [("answer", "use.generative"), ("evidence", "approval")]


def test_separation_of_duties_is_asked_of_somebody_else():
    firm = ready(rule("r", PASSES + " && sod.validator_independent"))
    firm.evidence("check", CHECK, "validator developer")
    assert names(check_promise(firm)) == [("evidence", "check")]


def test_a_claim_is_declared_and_then_measured():
    firm = ready(rule("b", "ev.benefit.claim == claim.id && ev.benefit.low > claim.minimum", track="benefit"))
    steps = check_promise(firm)
    assert names(steps) == [("evidence", "benefit")]
    assert steps[0].fields["claim"] == "found-earlier"


def test_terms_that_a_claim_lacks_are_asked_for_and_its_old_measurements_with_them():
    firm = ready(rule("b", "ev.benefit.low > claim.margin", track="benefit"))
    firm.benefit()
    assert names(check_promise(firm)) == [("answer", "claim.margin"), ("evidence", "benefit")]


def test_where_no_evidence_helps_the_way_says_so():
    firm = ready(rule("never", "use.individual_effect && !use.individual_effect"))
    green = to_green(firm.case())
    assert (green.reached, [item.rule for item in green.assessment.refusals]) == (False, ["never"])


def test_an_undeclared_use_has_no_way():
    firm = Firm()
    firm.adopt(compiled([rule("r", PASSES)]))
    firm.release_digest = "0" * 64
    assert to_green(firm.case()).reached is False


def test_a_use_without_a_release_is_told_what_its_release_will_need():
    firm = Firm()
    firm.adopt(compiled([rule("r", PASSES), rule("p", "policy.disclosure")]))
    firm.declare()
    firm.release_digest = "0" * 64
    assert names(check_promise(firm)) == [("policy", "policy.disclosure"), ("evidence", "check")]


def random_firm(seed: int) -> Firm:
    """Return a firm with one or two random packs, and some evidence of any quality."""
    pick = random.Random(f"green {seed}")
    firm = Firm(profile={"has_shop": pick.random() < 0.5} if pick.random() < 0.7 else {})
    for number in pick.sample(range(90), pick.choice([1, 1, 2])):
        firm.adopt(demanding_pack(number))
    answers = {name: pick.random() < 0.5 for name in ("individual_effect", "language_model") if pick.random() < 0.7}
    firm.declare(facts=answers, builders=["developer"])
    firm.freeze(disclosure=pick.random() < 0.5)
    for name in pick.sample(sorted(TOPIC), pick.randint(0, 3)):
        low = round(pick.uniform(0, 0.7), 2)
        interval = {"low": low, "estimate": low + 0.1, "high": low + 0.2, "n": 100}
        fields = {"approval": {"fit": pick.random() < 0.5}, "strategy": {"adopted": pick.random() < 0.5}}.get(
            name, interval
        )
        if name == "benefit":
            fields = fields | {"claim": "found-earlier"}
        by = {"approval": "executive", "strategy": "compliance"}.get(name, "validator")
        topic = TOPIC[name]
        firm.evidence(name, fields, by, kind=topic["kind"], about=topic["about"], claim=fields.get("claim"))
    return firm


@pytest.mark.parametrize("block", range(4))
def test_the_promise_holds_for_random_firms(block):
    reached = steps = 0
    for seed in range(block * 50, block * 50 + 50):
        firm = random_firm(seed)
        found = check_promise(firm)
        reached += found is not None
        steps += len(found or ())
        everything = explain(firm.case())
        applicable = [
            (line.pack, line.rule) for line in everything.assessment.rules if line.outcome != "not_applicable"
        ]
        assert sorted((item.pack.id, item.rule.id) for item in everything.rules) == sorted(applicable)
    assert reached >= 15
    assert steps >= 30


# explanations


def test_an_explanation_goes_from_the_verdict_to_the_words_values_and_signers():
    firm = ready(
        rule("b", "ev.check.low > 0.5 && ev.check.high < 0.7 && ev.approval.fit"),
        rule("waived", "ev.monitor.n > 5"),
        rule("gone", "ev.check.n > 0", applies="use.language_model"),
        rule("met", "ev.check.n > 0"),
    )
    firm.evidence("check", CHECK, "validator collector")
    waiver = firm.waive("test-pack/waived", "2026-06-01")
    found = explain(firm.case())
    assert [item.rule.id for item in found.rules] == ["b", "waived", "met"]
    blocked, waived, met = found.rules
    assert [(test.text, test.holds) for test in blocked.tests] == [
        ("ev.check.low > 0.5", True),
        ("ev.check.high < 0.7", False),
        ("ev.approval.fit", None),
    ]
    assert [test.missing for test in blocked.tests] == [[], [], ["ev.approval.fit"]]
    assert blocked.tests[1].values == {"ev.check.high": 0.8}
    assert (blocked.missing_topics, blocked.expired_topics) == (["approval"], [])
    assert [item.holders for item in blocked.evidence] == [["collector", "validator"]]
    assert (waived.waiver.index, waived.until) == (waiver.index, "2026-06-01T00:00:00Z")
    assert (met.outcome, met.evidence[0].predicate.data_digest) == ("met", "a" * 64)


def test_an_institution_has_no_tier_on_its_way_either():
    firm = Firm()
    firm.adopt(compiled([rule("r", 'tier == "high" || ev.strategy.adopted')], subject="institution"))
    case = firm.case(use=None)
    found, facts, judged = conclude_whole(case)
    assert (found, dict(found.facts)) == (conclude(case), facts)
    assert [(item.rule.id, item.result.outcome) for item in judged] == [("r", "no_evidence")]
    assert "tier" not in facts
    assert names(to_green(case).steps) == [("evidence", "strategy")]


@pytest.mark.parametrize("duty", sorted(DUTY_FACTS))
def test_each_duty_has_its_fact_and_is_asked_of_somebody_else(duty):
    topic = {"validate": "check", "approve": "approval", "monitor": "monitor"}[duty]
    field, fields = ("fit", {"fit": True}) if topic == "approval" else ("n > 5", CHECK)
    firm = ready(rule("r", DUTY_FACTS[duty]), rule("reads-it", f"ev.{topic}.{field}"))
    role = "executive" if topic == "approval" else "validator"
    firm.evidence(topic, fields, f"{role} developer", kind=TOPIC[topic]["kind"], about=TOPIC[topic]["about"])
    assert [item.rule for item in firm.assess().refusals] == ["r"]
    assert names(check_promise(firm)) == [("evidence", topic)]


def test_the_duties_are_those_of_topics_and_of_the_facts_of_rules():
    assert set(DUTY_FACTS.values()) == {name for name in BASE_FACTS if name.startswith("sod.")}
    duties, _ = get_args(get_type_hints(Topic)["duty"])
    assert set(DUTY_FACTS) == set(get_args(duties))


def test_the_hours_of_steps_are_read_from_our_estimates():
    firm = ready(rule("p", "policy.disclosure && has(use.generative)"), rule("r", PASSES))
    hours = {step.kind: step.hours for step in to_green(firm.case()).steps}
    assert hours == {"policy": shipped_hours()["policy"], "answer": shipped_hours()["answer"], "evidence": 3}
    assert dict(shipped_hours()) == {"waiver": 2.0, "trial_plan": 4.0, "answer": 0.5, "policy": 0.5}
    assert {name: topic.hours for name, topic in BUILT_IN_TOPICS.items()} == {
        name: shipped_hours()[name] for name in BUILT_IN_NAMES
    }


def test_an_institution_is_explained_too():
    firm = Firm(profile={"has_shop": True})
    firm.adopt(compiled([rule("r", "firm.has_shop"), rule("s", "firm.remits_money")], subject="institution"))
    found = explain(firm.case(use=None))
    assert [(item.rule.id, item.outcome) for item in found.rules] == [("s", "no_evidence"), ("r", "met")]
    assert found.assessment.institution == FIRM
