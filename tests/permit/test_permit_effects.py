"""Step 6: what outcomes do to a permit. Modes, conditions with their clock, plans, the benefit gate, expiry."""

from __future__ import annotations

import pytest
from firm import CHECK, PASSES, T0, USE, compiled, ready, rule

from dualtrack.domain.records import encode
from dualtrack.domain.vocabulary import Severity
from dualtrack.errors import PackError
from dualtrack.permit.assess import issue

WORSE = {"estimate": 0.3, "low": 0.2, "high": 0.4, "n": 100}
S3 = {"severity": "S3", "clock_days": 30}
FEBRUARY = "2026-02-01T00:00:00Z"


def of(severity: str, **changes: object) -> dict[str, object]:
    return rule("r", PASSES, severity=severity, **({"clock_days": 30} if severity == "S3" else {}), **changes)


@pytest.mark.parametrize("fields", [None, WORSE])
@pytest.mark.parametrize(
    ("severity", "effect", "verdict", "with_plan"),
    [
        ("S1", "refuses", "refused", "refused"),
        ("S2", "refuses_live", "refused", "trial"),
        ("S3", "condition", "permitted_with_conditions", "permitted_with_conditions"),
        ("S4", "advice", "permitted", "permitted"),
    ],
)
def test_severity_decides_and_no_evidence_counts_as_failure(severity, effect, verdict, with_plan, fields):
    firm = ready(of(severity))
    if fields:
        firm.evidence("check", fields)
    firm.approve()  # unknown topic here: counts for nothing
    line = firm.line()
    assert line.effect == effect
    assert line.due == ("2026-03-31T09:00:00Z" if severity == "S3" else None)
    expected = "nothing_measured" if verdict == "refused" and not fields else verdict
    assert firm.assess().verdict == expected
    firm.plan("2026-06-01")
    assert firm.assess().verdict == with_plan


def test_what_refuses_is_listed_with_its_effect_and_what_conditions_with_its_due():
    firm = ready(
        rule("a", PASSES, severity="S1"), rule("b", PASSES), rule("c", PASSES, **S3), rule("d", PASSES, severity="S4")
    )
    found = firm.assess()
    assert [(item.rule, item.effect) for item in found.refusals] == [("a", "refuses"), ("b", "refuses_live")]
    assert [(item.rule, item.due) for item in found.conditions] == [("c", "2026-03-31T09:00:00Z")]
    assert (found.mode, found.expires, found.plan, issue(found, "durable")) == (None, None, None, None)


def test_no_permit_without_a_declaration_or_without_the_release():
    firm = ready()
    firm.evidence("check", CHECK)
    assert firm.assess().verdict == "permitted"
    undeclared = ready()
    undeclared.evidence("check", CHECK)
    undeclared.entries = [entry for entry in undeclared.entries if entry.kind != "declaration/1"]
    assert (undeclared.assess().mode, undeclared.assess().verdict) == (None, "refused")
    unreleased = ready()
    unreleased.evidence("check", CHECK)
    unreleased.entries = [entry for entry in unreleased.entries if entry.kind != "release/1"]
    assert (unreleased.assess().mode, unreleased.assess().refusals) == (None, [])


def test_nothing_measured_is_said_only_where_nothing_about_the_use_was_admitted():
    firm = ready(rule("r", PASSES), rule("s", "ev.strategy.adopted"))
    assert firm.assess().verdict == "nothing_measured"
    firm.evidence("strategy", {"adopted": True}, "compliance", kind="document", about="firm")
    assert firm.assess().verdict == "nothing_measured"
    firm.evidence("check", WORSE, "owner")
    assert firm.assess().verdict == "nothing_measured"
    firm.evidence("check", WORSE)
    assert firm.assess().verdict == "refused"


def test_counts_are_of_binding_packs_by_track():
    firm = ready(
        rule("a", PASSES), rule("b", "ev.benefit.low > 0.0", track="benefit"), rule("c", "true", applies="false")
    )
    firm.adopt(compiled([rule("x", PASSES)], id="pack-b", status="proposed"))
    firm.evidence("check", CHECK)
    found = firm.assess()
    safety, benefit = found.counts["safety"], found.counts["benefit"]
    assert (safety.applicable, safety.met, safety.no_evidence) == (1, 1, 0)
    assert (benefit.applicable, benefit.met, benefit.no_evidence) == (1, 0, 1)


# simulated packs and sources at second hand


@pytest.mark.parametrize(
    "pack",
    [
        {"status": "proposed"},
        {"status": "superseded"},
        {"effective_from": "2026-03-02"},
        {"effective_to": "2026-02-28"},
    ],
)
def test_a_pack_that_does_not_bind_is_shown_without_effect(pack):
    firm = ready(of("S1"), **pack)
    firm.adopt(compiled([rule("bound", "use.individual_effect")], id="pack-b"))
    line = firm.line()
    assert (line.outcome, line.effect, line.due) == ("no_evidence", "none", None)
    assert firm.assess().verdict == "permitted"
    assert [item.binding for item in firm.assess().packs] == [True, False]


@pytest.mark.parametrize("pack", [{"effective_from": "2026-03-01"}, {"effective_to": "2026-03-01"}])
def test_a_pack_binds_on_its_first_and_on_its_last_day(pack):
    firm = ready(of("S1"), **pack)
    firm.adopt(compiled([rule("bound", "use.individual_effect")], id="pack-b"))
    assert firm.line().effect == "refuses"


def test_evidence_of_a_simulated_pack_does_not_limit_a_permit():
    firm = ready(rule("r", PASSES, valid_days=60), status="proposed")
    firm.adopt(compiled([rule("bound", "use.individual_effect")], id="pack-b"))
    firm.evidence("check", CHECK)
    assert (firm.line().until, firm.assess().expires) == ("2026-03-11T09:00:00Z", "2027-03-02T09:00:00Z")


def test_a_secondary_source_never_refuses_not_even_when_its_condition_is_overdue():
    firm = ready(rule("r", PASSES, source_grade="secondary", **S3), grade="secondary")
    firm.evidence("check", WORSE)
    first = firm.record_permit(FEBRUARY)
    assert [item.due for item in first.conditions] == ["2026-03-03T00:00:00Z"]
    found = firm.assess("2026-04-01T00:00:00Z")
    assert (found.verdict, found.refusals) == ("permitted_with_conditions", [])
    assert [item.due for item in found.conditions] == ["2026-03-03T00:00:00Z"]
    assert found.expires == "2027-04-02T00:00:00Z"


# conditions bite


def test_a_condition_keeps_its_first_due_over_successive_permits_and_then_refuses_live():
    firm = ready(of("S3"))
    firm.evidence("check", WORSE)
    first = firm.record_permit(FEBRUARY)
    assert (first.mode, [item.due for item in first.conditions]) == ("live", ["2026-03-03T00:00:00Z"])
    assert first.expires == "2026-03-03T00:00:00Z"
    second = firm.record_permit("2026-02-20T00:00:00Z")
    assert [item.due for item in second.conditions] == ["2026-03-03T00:00:00Z"]
    assert firm.line(at="2026-03-02T23:59:59Z").effect == "condition"
    line = firm.line(at="2026-03-03T00:00:00Z")
    assert (line.effect, line.due) == ("refuses_live", "2026-03-03T00:00:00Z")
    assert firm.assess("2026-03-03T00:00:00Z").verdict == "refused"
    assert firm.record_permit("2026-03-03T00:00:00Z") is None
    # the clock does not start again, however long the refusal lasts within the year
    assert firm.line(at="2026-06-01T00:00:00Z").effect == "refuses_live"


def test_a_condition_that_was_met_in_between_keeps_its_clock_for_a_year():
    firm = ready(of("S3"))
    firm.evidence("check", WORSE)
    firm.record_permit(FEBRUARY)
    firm.evidence("check", CHECK)
    assert firm.record_permit("2026-02-10T00:00:00Z").conditions == []
    firm.evidence("check", WORSE)
    assert firm.line().due == "2026-03-03T00:00:00Z"
    line = firm.line(at="2027-02-01T23:59:59Z")
    assert (line.effect, line.due) == ("refuses_live", "2026-03-03T00:00:00Z")
    line = firm.line(at="2027-02-02T00:00:00Z")
    assert (line.effect, line.due) == ("condition", "2027-03-04T00:00:00Z")


def test_a_permit_that_says_another_time_than_the_ledger_counts_for_nothing():
    """Back-dating a permit would stop the clock of a condition, or start that of operation."""
    firm = ready(of("S3"), IN_OPERATION | {"id": "o"})
    firm.evidence("check", WORSE)
    content = encode(issue(firm.assess(FEBRUARY), "durable"))
    firm.append("permit/1", USE, content, "2026-02-01T00:05:01Z")
    assert (firm.line().due, firm.line("o").due) == ("2026-03-31T09:00:00Z", None)
    firm.entries.pop()
    firm.append("permit/1", USE, content, "2026-02-01T00:05:00Z")
    assert (firm.line().due, firm.line("o").due) == ("2026-03-03T00:00:00Z", "2026-03-03T00:00:00Z")


def test_a_condition_of_another_rule_does_not_lend_its_clock():
    firm = ready(rule("a", PASSES, **S3), rule("b", "ev.approval.fit", **S3))
    firm.approve()
    firm.record_permit(FEBRUARY)
    firm.approve(fit=False)
    dues = {line.rule: line.due for line in firm.assess().rules}
    assert dues == {"a": "2026-03-03T00:00:00Z", "b": "2026-03-31T09:00:00Z"}


def test_a_waived_condition_is_no_condition():
    firm = ready(of("S3"))
    firm.waive("test-pack/r", "2026-06-01")
    found = firm.assess()
    assert (found.verdict, found.conditions, found.expires) == ("permitted", [], "2027-03-02T09:00:00Z")


# rules that only running can meet


IN_OPERATION = rule("r", "ev.monitor.estimate <= 0.9", checked="operation", due_days=30)


def test_a_rule_of_operation_is_due_later_and_never_while_not_live():
    firm = ready(IN_OPERATION)
    line = firm.line()
    assert (line.outcome, line.effect, line.due) == ("no_evidence", "due_later", None)
    assert firm.assess().verdict == "permitted"


@pytest.mark.parametrize(
    ("at", "effect", "due"),
    [
        ("2026-03-02T23:59:59Z", "due_later", "2026-03-03T00:00:00Z"),
        ("2026-03-03T00:00:00Z", "refuses_live", None),
    ],
)
@pytest.mark.parametrize("by", ["permit", "declaration"])
def test_it_falls_due_days_after_going_live(at, effect, due, by):
    firm = ready(IN_OPERATION)
    if by == "permit":
        firm.record_permit(FEBRUARY)
        firm.declare(live_since="2026-02-01T00:05:00Z")  # whichever is earlier counts
    else:
        firm.append("notice/1", USE, b"", "2026-02-05T00:00:00Z")
        firm.declare(live_since=FEBRUARY)
        firm.record_permit("2026-02-10T00:00:00Z")
    line = firm.line(at=at)
    assert (line.effect, line.due) == (effect, due)


def test_a_due_rule_of_operation_acts_by_its_severity_and_the_first_live_permit_counts():
    firm = ready(rule("r", "ev.monitor.estimate <= 0.9", checked="operation", due_days=30, **S3))
    firm.record_permit(FEBRUARY)
    firm.record_permit("2026-02-20T00:00:00Z")
    line = firm.line(at="2026-03-03T00:00:00Z")
    assert (line.effect, line.due) == ("condition", "2026-04-02T00:00:00Z")
    firm.evidence("monitor", CHECK, about="use", at="2026-03-04T00:00:00Z", taken_at="2026-03-04T00:00:00Z")
    assert firm.line(at="2026-03-05T00:00:00Z").effect == "none"


def test_a_shadow_permit_is_not_live():
    firm = ready(of("S2"), rule("o", "ev.monitor.estimate <= 0.9", checked="operation", due_days=1))
    firm.plan("2026-06-01", mode="shadow")
    assert firm.record_permit(FEBRUARY).mode == "shadow"
    assert firm.line("o").due is None


# plans


def test_a_permit_ends_with_the_first_evidence_it_rests_on_and_within_366_days():
    firm = ready(
        rule("long", PASSES, valid_days=3000),
        rule("advice", "ev.approval.fit", severity="S4", valid_days=20),
        rule("none", "ev.monitor.n > 0", valid_days=None),
    )
    firm.evidence("check", CHECK)
    firm.evidence("monitor", CHECK, about="use")
    firm.approve()
    assert firm.assess().expires == "2027-03-02T09:00:00Z"
    firm.adopt(compiled([rule("short", PASSES, valid_days=60)], id="pack-b"))
    assert firm.assess().expires == "2026-03-11T09:00:00Z"


@pytest.mark.parametrize(("live", "expires"), [(None, "2026-03-31T09:00:00Z"), (FEBRUARY, "2026-03-03T00:00:00Z")])
@pytest.mark.parametrize("severity", ["S2", "S3"])
def test_a_live_permit_ends_when_a_grave_rule_of_operation_falls_due(live, expires, severity):
    changes = {"severity": severity} | ({"clock_days": 30} if severity == "S3" else {})
    firm = ready(IN_OPERATION | changes, rule("other", "use.individual_effect"))
    firm.append("notice/1", USE, b"", FEBRUARY)
    firm.declare(live_since=live)
    assert firm.assess().expires == (expires if severity == "S2" else "2027-03-02T09:00:00Z")


def test_a_permit_ends_when_its_condition_falls_due():
    firm = ready(of("S3"))
    assert firm.assess().expires == "2026-03-31T09:00:00Z"


@pytest.mark.parametrize("severity", list(Severity))
def test_a_permit_carries_its_conditions_and_says_what_it_is_not(severity):
    firm = ready(rule("r", PASSES, **S3), of(severity.value) | {"id": "met"})
    found = firm.assess(T0)
    permit = issue(found, "durable")
    if permit is None:
        assert severity in {Severity.S1, Severity.S2}
        return
    assert permit.use == USE
    assert permit.conditions == found.conditions
    assert "not a regulator's approval" in permit.statement


def test_a_benefit_rule_never_refuses_every_mode():
    with pytest.raises(PackError, match="severity S1 on the benefit track"):
        compiled([rule("r", PASSES, severity="S1", track="benefit")])
