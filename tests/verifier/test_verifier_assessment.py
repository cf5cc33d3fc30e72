"""Steps 2 to 6 on variants of the standard case, each with an outcome worked out by hand."""

from __future__ import annotations

import bundle_builder as made
import pytest
from bundle_assess import (
    FORM,
    KEYS,
    VALIDATION,
    WAIVER,
    approval,
    assess,
    evidence,
    permit,
    row,
    without,
)

# --- steps 2 to 4 ---


def test_the_newest_counts_also_when_it_is_worse():
    result = assess(evidence("discrimination", made.INTERVAL | {"low": 0.4}, "collector"))
    assert row(result, "discriminates") == made.line(
        "discriminates", "S1", "not_met", until=made.YEAR_END, evidence=[13], effect="refuses"
    )
    assert [line["counts"] for line in result["evidence"]] == [False, True, True, True]
    assert (result["verdict"], result["mode"], result["expires"]) == ("refused", None, None)


def test_whoever_built_does_not_validate():
    drafts = without(12)
    grant = made.grant("validator", "validator", "au")  # a declared builder
    drafts[3].content = made.envelope(grant, "key-grant", KEYS["root"])
    result = assess(evidence("validation", VALIDATION, "validator"), drafts=drafts)
    assert result["facts"]["sod.validator_independent"] is False
    assert row(result, "validated")["outcome"] == "not_met"


def test_evidence_expires_at_the_very_second():
    before = assess(at="2027-01-03T23:59:59Z")
    after = assess(at="2027-01-04T00:00:00Z")
    assert row(before, "helps")["outcome"] == "met"
    expected = made.line("helps", "S2", "no_evidence", track="benefit", missing=["ev.benefit"], expired=["benefit"])
    assert row(after, "helps") == expected | {"effect": "refuses_live"}


def test_unknown_applicability_is_no_evidence():
    drafts = without()
    record = made.DECLARATION | {"facts": {"customer_facing": False}}
    drafts[8].content = made.envelope(record, "declaration", KEYS["owner"])
    expected = made.line(
        "generative", "S2", "no_evidence", applies=None, missing=["use.generative"], effect="refuses_live"
    )
    assert row(assess(drafts=drafts), "generative") == expected


def test_a_rule_for_other_firms_does_not_apply():
    result = assess(pack=lambda pack: pack["rules"][0].update(binds=["insurer"]))
    assert row(result, "discriminates") == made.line("discriminates", "S1", "not_applicable", applies=False)


def test_a_parameter_out_of_force_is_unknown():
    result = assess(pack=lambda pack: pack["parameters"][0].update({"to": "2026-01-06"}))
    assert row(result, "discriminates")["missing"] == ["param.auc_min"]
    assert row(assess(at="2026-01-05T15:59:59Z"), "discriminates")["outcome"] == "met"


def test_the_day_is_the_one_in_hong_kong():
    edit = {"pack": lambda pack: pack["parameters"][0].update({"to": "2026-01-07"})}
    assert row(assess(**edit, at="2026-01-06T15:59:59Z"), "discriminates")["outcome"] == "met"
    assert row(assess(**edit, at="2026-01-06T16:00:00Z"), "discriminates")["outcome"] == "no_evidence"


@pytest.mark.parametrize(
    ("facts", "tier"),
    [
        ({"customer_facing": True}, ("high", 0, False)),
        ({}, ("high", 0, True)),
        ({"customer_facing": False, "individual_effect": True}, ("medium", 1, False)),
        ({"customer_facing": False, "individual_effect": False}, ("low", None, False)),
    ],
)
def test_tiers(facts, tier):
    drafts = without()
    drafts[8].content = made.envelope(made.DECLARATION | {"facts": facts}, "declaration", KEYS["owner"])
    found = assess(drafts=drafts)["tier"]
    assert (found["value"], found["line"], found["unknown"]) == tier


# --- step 5 ---


def test_a_waiver_in_date_waives():
    result = assess(approval("waiver", WAIVER), drafts=without(12))
    expected = made.line("validated", "S2", "waived", until="2026-06-01T00:00:00Z", waiver=12)
    missing = ["ev.validation", "sod.validator_independent"]
    assert row(result, "validated") == expected | {"missing": missing}
    assert result["mode"] == "live"


@pytest.mark.parametrize(
    "changes",
    [
        {"until": "2026-01-06"}, {"until": "2027-01-06"}, {"until": "soon"}, {"rule": "mini/discriminates"},
        {"proportionality": True},
    ],
)  # fmt: skip
def test_other_waivers_do_not(changes):
    result = assess(approval("waiver", WAIVER | changes), drafts=without(10, 12))
    assert {row(result, name)["outcome"] for name in ("validated", "discriminates")} == {"no_evidence"}


def test_only_the_newest_waiver_of_a_rule_is_read():
    """A later one that does not hold does not leave an earlier one standing; one for another rule does."""
    granted, ended = approval("waiver", WAIVER), approval("waiver", WAIVER | {"until": "2026-01-06"})
    other = approval("waiver", WAIVER | {"rule": "mini/trained"})
    assert row(assess(granted, other, drafts=without(12)), "validated")["waiver"] == 12
    assert row(assess(granted, ended, drafts=without(12)), "validated")["outcome"] == "no_evidence"
    assert row(assess(ended, granted, drafts=without(12)), "validated")["waiver"] == 13


def test_benefit_is_not_waived():
    waiver = approval("waiver", WAIVER | {"rule": "mini/helps"})
    assert row(assess(waiver, drafts=without(11)), "helps")["outcome"] == "no_evidence"


def test_whoever_was_ever_declared_a_builder_stays_one():
    drafts = without(12)
    again = made.envelope(made.DECLARATION | {"builders": ["bo"]}, "declaration", KEYS["owner"])
    drafts[8].content = again
    third = made.Draft(
        "declaration/1", made.USE, made.envelope(made.DECLARATION, "declaration", KEYS["owner"]), "2026-01-05T09:12:00Z"
    )
    result = assess(third, evidence("validation", VALIDATION, "validator"), drafts=drafts)
    assert (result["facts"]["use.builders"], result["facts"]["sod.validator_independent"]) == (1, False)


def test_a_use_without_components_has_no_count_of_them():
    drafts = without()
    drafts[8].content = made.envelope(made.DECLARATION | {"components": []}, "declaration", KEYS["owner"])
    assert "use.components_without_licence" not in assess(drafts=drafts)["facts"]


def test_a_waiver_by_a_builder_does_not():
    drafts = without(12)
    drafts[4].content = made.envelope(made.grant("approver", "approver", "lee"), "key-grant", KEYS["root"])
    assert row(assess(approval("waiver", WAIVER), drafts=drafts), "validated")["outcome"] == "no_evidence"


@pytest.mark.parametrize(
    ("change", "outcome"),
    [({"weight": "statute"}, "no_evidence"), ({"proportionality": "where practicable"}, "waived")],
)
def test_statute_is_not_waived_and_a_qualifier_admits_proportionality(change, outcome):
    waiver = approval("waiver", WAIVER | {"proportionality": True})
    result = assess(waiver, drafts=without(12), pack=lambda pack: pack["rules"][2].update(change))
    assert row(result, "validated")["outcome"] == outcome


# --- step 6 ---


@pytest.mark.parametrize(
    "change", [{"status": "proposed"}, {"effective_from": "2026-01-07"}, {"effective_to": "2026-01-05"}]
)
def test_packs_not_in_force_have_no_effect(change):
    result = assess(drafts=without(10, 11, 12), pack=lambda pack: pack.update(change))
    assert {line["effect"] for line in result["rules"]} == {"none"}
    assert result["counts"]["safety"]["applicable"] == 0


def test_a_secondary_source_makes_at_most_a_condition_and_never_refuses_when_overdue():
    def secondary(pack):
        pack["rules"][3]["source_grade"] = "secondary"

    earlier = permit(conditions=[{"pack": "mini", "rule": "trained", "due": "2026-01-05T00:00:00Z"}])
    result = assess(earlier, pack=secondary)
    assert row(result, "trained")["effect"] == "condition"
    assert row(result, "trained")["due"] == "2026-01-05T00:00:00Z"
    assert result["expires"] == "2026-02-04T09:31:00Z", (
        "30 days after it went live; the overdue condition does not end it"
    )


def test_a_condition_keeps_its_first_due_and_bites():
    run = [
        permit(conditions=[{"pack": "mini", "rule": "trained", "due": due}])
        for due in ("2026-01-05T00:00:00Z", "2026-02-01T00:00:00Z")
    ]
    assert row(assess(run[1]), "trained")["due"] == "2026-02-01T00:00:00Z"
    overdue = assess(*run)
    assert row(overdue, "trained")["effect"] == "refuses_live"
    assert row(overdue, "trained")["due"] == "2026-01-05T00:00:00Z"
    assert (overdue["verdict"], overdue["refusals"]) == (
        "refused",
        [{"pack": "mini", "rule": "trained", "effect": "refuses_live"}],
    )
    interrupted = assess(run[0], permit(conditions=[]), run[1])
    assert row(interrupted, "trained")["due"] == "2026-01-05T00:00:00Z", "a permit without it does not wipe it out"


@pytest.mark.parametrize(
    ("began", "due"),
    [("2025-01-05T00:00:00Z", made.DUE), ("2025-01-05T00:00:01Z", "2026-02-01T00:00:00Z")],
)
def test_a_condition_is_forgotten_after_a_year(began, due):
    earlier = permit(conditions=[{"pack": "mini", "rule": "trained", "due": "2026-02-01T00:00:00Z"}], **{"from": began})
    assert row(assess(earlier), "trained")["due"] == due


@pytest.mark.parametrize(("recorded_at", "due"), [("09:36:00", "2026-02-01T00:00:00Z"), ("09:36:01", made.DUE)])
def test_an_earlier_permit_counts_only_if_it_began_when_it_was_recorded(recorded_at, due):
    earlier = permit(conditions=[{"pack": "mini", "rule": "trained", "due": "2026-02-01T00:00:00Z"}])
    earlier.recorded_at = f"2026-01-05T{recorded_at}Z"
    assert row(assess(earlier), "trained")["due"] == due


def test_operation_is_due_after_going_live():
    early = assess(permit(mode="live", **{"from": "2025-12-20T00:00:00Z"}))
    assert (row(early, "monitored")["effect"], row(early, "monitored")["due"]) == ("due_later", "2026-01-19T00:00:00Z")
    due = assess(permit(mode="live", **{"from": "2025-12-07T00:00:00Z"}))
    assert (row(due, "monitored")["effect"], row(due, "monitored")["due"]) == ("refuses_live", None)


def test_the_earliest_start_counts_and_what_is_still_to_come_limits_a_live_permit():
    later, earlier = (permit(mode="live", **{"from": f"2025-12-{day}T00:00:00Z"}) for day in (25, 20))
    result = assess(later, earlier)
    assert (row(result, "monitored")["due"], result["expires"]) == ("2026-01-19T00:00:00Z", "2026-01-19T00:00:00Z")
    minor = assess(pack=lambda pack: pack["rules"][4].update(severity="S4"))
    assert (row(minor, "monitored")["effect"], minor["expires"]) == ("due_later", made.DUE)


def test_operation_is_due_after_a_declared_start():
    drafts = without()
    record = made.DECLARATION | {"live_since": "2025-06-01T00:00:00Z"}
    drafts[8].content = made.envelope(record, "declaration", KEYS["owner"])
    result = assess(drafts=drafts)
    assert row(result, "monitored")["effect"] == "refuses_live"
    assert result["facts"]["use.live"] is True


def test_a_plan_gives_a_trial_where_only_live_is_refused():
    result = assess(approval("trial_plan", FORM), drafts=without(11))
    plan = {"index": 12, "decisions_max": 50, "until": "2026-03-01T00:00:00Z"}
    assert (result["verdict"], result["mode"], result["plan"]) == ("trial", "trial", plan)
    assert result["expires"] == "2026-03-01T00:00:00Z"


@pytest.mark.parametrize(
    "changes",
    [
        {"measures": "cheaper"},
        {"decisions_max": 1_000_001},
        {"mode": "live"},
        {"decisions_max": 0},
        {"until": "2026-01-06"},
        {"until": "2026-07-07"},
        {"until": "x"},
    ],
)
def test_other_plans_give_nothing(changes):
    assert assess(approval("trial_plan", FORM | changes), drafts=without(11))["mode"] is None


def test_no_plan_helps_against_a_rule_that_refuses_every_mode():
    assert assess(approval("trial_plan", FORM), drafts=without(10))["mode"] is None


def test_a_used_plan_needs_new_evidence():
    used = permit(mode="trial")
    again = approval("trial_plan", FORM)
    assert assess(used, again, drafts=without(11))["mode"] is None
    other = permit(mode="trial", release="0" * 64)
    assert assess(other, again, drafts=without(11))["mode"] == "trial"
    learnt = evidence("validation", VALIDATION, "validator")
    assert assess(used, learnt, again, drafts=without(11))["mode"] is None, "nothing on the claim it is to measure"
    measured = evidence("benefit", made.INTERVAL | {"low": -0.1}, "collector", claim="faster")
    assert assess(used, measured, again, drafts=without(11))["mode"] == "trial"
    assert assess(measured, used, again, drafts=without(11))["mode"] is None, "that was known when the plan was used"
    assert assess(used, approval("trial_plan", FORM, claim="faster"), drafts=without(11))["mode"] is None


def test_a_plan_by_a_builder_gives_nothing():
    drafts = without(11)
    drafts[4].content = made.envelope(made.grant("approver", "approver", "lee"), "key-grant", KEYS["root"])
    assert assess(approval("trial_plan", FORM), drafts=drafts)["mode"] is None


def advice_only(pack):
    for item in pack["rules"]:
        item.update(severity="S4", clock_days=None)


@pytest.mark.parametrize("missing", [8, 9])
def test_without_declaration_or_release_there_is_no_mode(missing):
    assert assess(drafts=without(10, 11, 12), pack=advice_only)["mode"] == "live"
    assert assess(drafts=without(missing, 10, 11, 12), pack=advice_only)["mode"] is None


@pytest.mark.parametrize("change", [{"status": "proposed"}, {"effective_to": "2026-01-05"}])
def test_without_a_rule_that_binds_and_applies_there_is_no_mode(change):
    result = assess(pack=lambda pack: pack.update(change))
    assert (result["verdict"], result["mode"], result["refusals"]) == ("refused", None, [])

    def for_others(pack):
        for item in pack["rules"]:
            item.update(binds=["insurer"])

    assert assess(pack=for_others)["verdict"] == "refused"


def test_nothing_measured_is_said_as_such():
    training = evidence("training", {"done": True}, "compliance")
    assert assess(training, drafts=without(10, 11, 12))["verdict"] == "nothing_measured"


def test_an_institution_is_never_permitted():
    def about_firm(pack):
        pack.update(subject="institution", tiers=[], definitions=[])

    firm = evidence("training", {"done": True}, "compliance")
    result = assess(firm, drafts=without(8, 9, 10, 11, 12), pack=about_firm, use=None, release=None)
    assert (result["verdict"], result["mode"], result["expires"]) == ("requirements_evidenced", None, None)
    assert result["tier"] == {"value": "high", "pack": None, "line": None, "unknown": False}
    assert set(result["facts"]) == {"firm.type", "firm.staff", "firm.has_board"}
    assert row(result, "trained")["outcome"] == "met"
