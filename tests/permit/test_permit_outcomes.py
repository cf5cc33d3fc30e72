"""Steps 3 to 5: applicability, requirement, age of evidence, waivers and proportionality."""

from __future__ import annotations

import pytest
from firm import AT, CHECK, FIRM, PASSES, T0, Firm, compiled, known_key, ready, rule

WORSE = {"estimate": 0.3, "low": 0.2, "high": 0.4, "n": 100}


def test_met_not_met_and_no_evidence():
    firm = ready()
    line = firm.line()
    assert (line.outcome, line.missing, line.evidence) == ("no_evidence", ["ev.check"], [])
    entry = firm.evidence("check", CHECK)
    line = firm.line()
    assert (line.outcome, line.missing, line.evidence) == ("met", [], [entry.index])
    entry = firm.evidence("check", WORSE)
    line = firm.line()
    assert (line.outcome, line.evidence) == ("not_met", [entry.index])


def test_the_newest_counts_also_when_it_is_worse():
    firm = ready()
    first, second = firm.evidence("check", CHECK), firm.evidence("check", WORSE)
    lines = {line.index: line.counts for line in firm.assess().evidence}
    assert lines == {first.index: False, second.index: True}
    assert firm.assess().verdict == "refused"


def test_refused_evidence_does_not_displace_what_counts():
    firm = ready()
    firm.evidence("check", CHECK)
    firm.evidence("check", WORSE, "owner")
    assert firm.assess().verdict == "permitted"


@pytest.mark.parametrize(
    ("applies", "outcome", "value"),
    [
        ("use.individual_effect", "met", True),
        ("use.language_model", "not_applicable", False),
        ("use.generative", "no_evidence", None),
        ("use.generative && use.language_model", "not_applicable", False),
    ],
)
def test_unknown_applicability_counts_as_applicable_without_evidence(applies, outcome, value):
    firm = ready(rule("r", PASSES, applies=applies))
    entry = firm.evidence("check", CHECK)
    line = firm.line()
    assert (line.outcome, line.applies) == (outcome, value)
    if outcome == "no_evidence":
        assert line.missing == ["use.generative"]
        assert line.evidence == [entry.index]
    if outcome == "not_applicable":
        assert (line.missing, line.evidence, line.until) == ([], [], None)


def test_a_rule_that_does_not_bind_this_kind_of_firm_is_not_applicable():
    firm = ready(rule("r", PASSES, binds=["insurer"]), rule("other", "use.individual_effect"))
    line = firm.line()
    assert (line.outcome, line.applies) == ("not_applicable", False)
    assert firm.assess().verdict == "permitted"


@pytest.mark.parametrize("change", [{"binds": ["insurer"]}, {"applies": "use.language_model"}])
def test_where_no_rule_applies_nothing_is_permitted(change):
    firm = ready(rule("r", PASSES, **change))
    firm.plan("2026-06-01")
    found = firm.assess()
    assert (found.mode, found.verdict, found.refusals) == (None, "refused", [])


def test_a_firm_without_packs_is_permitted_nothing():
    firm = ready()
    firm.adopt(next(iter(firm.packs.values())), action="retire")
    assert (firm.assess().mode, firm.assess().verdict) == (None, "nothing_measured")


def test_what_is_missing_is_named_once_as_a_topic_or_as_a_fact():
    requires = "ev.check.low > 0.0 && ev.check.high < 1.0 && use.generative && claim.margin > 0.0 && firm.has_shop"
    firm = ready(rule("r", requires))
    assert firm.line().missing == ["claim.margin", "ev.check", "firm.has_shop", "use.generative"]


# evidence grows old, by each rule's own measure


@pytest.mark.parametrize(("at", "outcome"), [("2026-02-09T08:59:59Z", "met"), ("2026-02-09T09:00:00Z", "no_evidence")])
def test_evidence_expires_to_the_second(at, outcome):
    firm = ready(rule("r", PASSES, valid_days=30))
    firm.evidence("check", CHECK)
    line = firm.line(at=at)
    assert line.outcome == outcome
    assert line.expired == (["check"] if outcome == "no_evidence" else [])
    assert line.until == ("2026-02-09T09:00:00Z" if outcome == "met" else None)


def test_each_rule_has_its_own_measure_of_age():
    firm = ready(rule("short", PASSES, valid_days=10), rule("long", PASSES), rule("never", PASSES, valid_days=None))
    firm.evidence("check", CHECK)
    outcomes = {line.rule: (line.outcome, line.until) for line in firm.assess().rules}
    assert outcomes == {
        "short": ("no_evidence", None),
        "long": ("met", "2026-07-09T09:00:00Z"),
        "never": ("met", None),
    }


def test_until_is_the_earliest_end_of_the_topics():
    firm = ready(rule("r", PASSES + " && ev.approval.fit", valid_days=60))
    firm.evidence("check", CHECK)
    firm.approve(taken_at="2026-01-05T09:00:00Z")
    assert firm.line().until == "2026-03-06T09:00:00Z"
    assert firm.assess().expires == "2026-03-06T09:00:00Z"


def test_late_news_of_an_old_observation_takes_nothing_away():
    firm = ready(rule("r", PASSES, valid_days=30))
    good = firm.evidence("check", CHECK, taken_at=T0)
    firm.evidence("check", WORSE, taken_at="2025-12-01T00:00:00Z")
    line = firm.line(at="2026-01-20T00:00:00Z")
    assert (line.outcome, line.evidence) == ("met", [good.index])


# waivers


WAIVABLE = rule("r", PASSES)
QUALIFIED = rule("r", PASSES, proportionality="where practicable")


def waived(firm: Firm, at: str = AT) -> tuple[str, object, str | None]:
    line = firm.line(at=at)
    return line.outcome, line.waiver, line.until


def test_a_waiver_turns_want_of_evidence_and_failure_into_waived():
    firm = ready(WAIVABLE)
    entry = firm.waive("test-pack/r", "2026-04-01")
    assert waived(firm) == ("waived", entry.index, "2026-04-01T00:00:00Z")
    firm.evidence("check", WORSE)
    assert waived(firm) == ("waived", entry.index, "2026-04-01T00:00:00Z")
    found = firm.assess()
    assert (found.verdict, found.expires) == ("permitted", "2026-04-01T00:00:00Z")
    assert found.counts["safety"].waived == 1


def test_a_waiver_leaves_a_met_rule_met():
    firm = ready(WAIVABLE)
    firm.waive("test-pack/r", "2026-04-01")
    firm.evidence("check", CHECK)
    assert waived(firm) == ("met", None, "2026-07-09T09:00:00Z")


@pytest.mark.parametrize("change", [{"severity": "S1"}, {"weight": "statute"}, {"severity": "S1", "weight": "statute"}])
def test_what_refuses_everything_and_statute_is_never_waived(change):
    firm = ready(rule("r", PASSES, **change))
    for proportionality in (True, False):
        firm.waive("test-pack/r", "2026-04-01", proportionality=proportionality)
    assert waived(firm) == ("no_evidence", None, None)


def test_a_builder_waives_nothing_for_himself():
    firm = ready(WAIVABLE)
    firm.keys["builder"] = known_key("builder")
    firm.grant("developer", ["approver"], key="builder")
    firm.waive("test-pack/r", "2026-04-01", "builder")
    assert waived(firm)[0] == "no_evidence"
    firm.waive("test-pack/r", "2026-04-01", "executive builder")
    assert waived(firm)[0] == "no_evidence"
    firm.waive("test-pack/r", "2026-04-01")
    assert waived(firm)[0] == "waived"


def test_builders_of_the_declaration_count_also_without_a_release():
    firm = Firm()
    firm.adopt(compiled([WAIVABLE]))
    firm.declare(builders=["executive"])
    firm.waive("test-pack/r", "2026-04-01")
    assert firm.line().outcome == "no_evidence"


@pytest.mark.parametrize(
    ("at", "outcome"), [("2026-03-31T23:59:59Z", "waived"), ("2026-04-01T00:00:00Z", "no_evidence")]
)
def test_a_waiver_ends_at_midnight_utc_of_its_date(at, outcome):
    firm = ready(WAIVABLE)
    firm.waive("test-pack/r", "2026-04-01")
    assert waived(firm, at)[0] == outcome


@pytest.mark.parametrize(("until", "outcome"), [("2027-01-11", "waived"), ("2027-01-12", "no_evidence")])
def test_a_waiver_lasts_at_most_366_days_from_when_it_was_taken(until, outcome):
    firm = ready(WAIVABLE)
    firm.waive("test-pack/r", until)  # taken on 2026-01-10 at 09:00: 366 days end on 2027-01-11 at 09:00
    assert waived(firm)[0] == outcome


@pytest.mark.parametrize("until", ["soon", "2026-04-31", "2026-4-1", "", "2026-04-01T00:00:00Z", "２０２６-04-01"])
def test_a_waiver_without_a_date_waives_nothing(until):
    firm = ready(WAIVABLE)
    firm.waive("test-pack/r", until)
    assert waived(firm)[0] == "no_evidence"


@pytest.mark.parametrize("name", ["r", "test-pack/R", "pack-b/r", "test-pack/r2", "test-pack/"])
def test_a_waiver_is_of_one_named_rule(name):
    firm = ready(WAIVABLE)
    firm.waive(name, "2026-04-01")
    assert waived(firm)[0] == "no_evidence"


def test_proportionality_needs_a_qualifier_in_the_source():
    firm = ready(WAIVABLE)
    firm.waive("test-pack/r", "2026-04-01", proportionality=True)
    assert waived(firm)[0] == "no_evidence"
    firm = ready(QUALIFIED)
    firm.waive("test-pack/r", "2026-04-01", proportionality=True)
    assert waived(firm)[0] == "waived"


def test_of_each_rule_the_newest_waiver_is_read_and_an_earlier_one_never_revives():
    firm = ready(WAIVABLE, rule("other", "ev.approval.fit"))
    firm.waive("test-pack/r", "2026-05-01")
    second = firm.waive("test-pack/r", "2026-04-01")
    other = firm.waive("test-pack/other", "2026-05-01")
    assert waived(firm) == ("waived", second.index, "2026-04-01T00:00:00Z")
    assert firm.line("other").waiver == other.index
    assert waived(firm, "2026-04-15T00:00:00Z")[0] == "no_evidence"
    firm.waive("test-pack/r", "2026-02-01")
    assert waived(firm)[0] == "no_evidence"  # withdrawn


def test_a_waiver_by_a_builder_withdraws_too():
    firm = ready(WAIVABLE)
    firm.keys["builder"] = known_key("builder")
    firm.grant("developer", ["approver"], key="builder")
    firm.waive("test-pack/r", "2026-05-01")
    firm.waive("test-pack/r", "2026-05-01", "builder")
    assert waived(firm)[0] == "no_evidence"


def test_want_of_benefit_is_never_waived():
    firm = ready(rule("r", PASSES, track="benefit"))
    firm.waive("test-pack/r", "2026-04-01")
    assert waived(firm)[0] == "no_evidence"


def test_only_an_approver_signs_a_waiver():
    firm = ready(WAIVABLE)
    firm.waive("test-pack/r", "2026-04-01", "validator")
    assert waived(firm)[0] == "no_evidence"
    assert [line.reason for line in firm.assess().evidence] == ["wrong-role"]


def test_evidence_about_the_firm_serves_a_use():
    firm = ready(rule("r", "ev.strategy.adopted"))
    entry = firm.evidence("strategy", {"adopted": True}, "compliance", kind="document", about="firm")
    assert entry.parsed.id == FIRM
    assert firm.line().outcome == "met"
