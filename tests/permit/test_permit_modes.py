"""Shadow and trial plans, and the benefit gate: what gives a mode, and what a trial is for."""

from __future__ import annotations

import pytest
from firm import AT, BENEFIT, CHECK, PASSES, declaration, ready, rule

from dualtrack.permit.assess import issue, verdict_digest

WORSE = {"estimate": 0.3, "low": 0.2, "high": 0.4, "n": 100}
S3 = {"severity": "S3", "clock_days": 30}
FEBRUARY = "2026-02-01T00:00:00Z"


def of(severity: str, **changes: object) -> dict[str, object]:
    return rule("r", PASSES, severity=severity, **({"clock_days": 30} if severity == "S3" else {}), **changes)


def test_a_plan_gives_its_mode_cap_and_end():
    firm = ready(of("S2"))
    entry = firm.plan("2026-06-01", mode="shadow", decisions=250)
    found = firm.assess()
    assert (found.verdict, found.mode, found.expires) == ("shadow", "shadow", "2026-06-01T00:00:00Z")
    assert (found.plan.index, found.plan.decisions_max, found.plan.until) == (entry.index, 250, "2026-06-01T00:00:00Z")
    permit = issue(found, "buffered")
    assert (permit.mode, permit.decisions_max, permit.durability) == ("shadow", 250, "buffered")
    assert (permit.valid_from, permit.assessment) == (AT, verdict_digest(found))


@pytest.mark.parametrize(
    ("plan", "mode"),
    [
        ({"until": "2026-03-01"}, None),
        ({"until": "2026-03-02"}, "trial"),
        ({"until": "2026-07-12"}, "trial"),
        ({"until": "2026-07-13"}, None),
        ({"until": "next month"}, None),
        ({"until": "2026-06-01", "mode": "live"}, None),
        ({"until": "2026-06-01", "mode": "Trial"}, None),
        ({"until": "2026-06-01", "decisions": 0}, None),
        ({"until": "2026-06-01", "decisions": 1}, "trial"),
    ],
)
def test_a_plan_is_in_date_capped_and_at_most_183_days_long(plan, mode):
    firm = ready(of("S2"))
    firm.plan(**plan)
    assert firm.assess().mode == mode


def test_a_live_permit_needs_no_plan_and_shows_none():
    firm = ready(of("S2"))
    firm.plan("2026-06-01")
    firm.evidence("check", CHECK)
    found = firm.assess()
    assert (found.mode, found.plan) == ("live", None)


def test_the_newest_plan_counts_also_when_it_gives_nothing():
    firm = ready(of("S2"))
    firm.plan("2026-06-01")
    firm.plan("2026-06-01", decisions=0)
    assert firm.assess().mode is None


def test_a_trial_is_not_renewed_without_new_evidence():
    firm = ready(of("S2"))
    firm.plan("2026-06-01")
    assert firm.record_permit(FEBRUARY).mode == "trial"
    assert firm.assess().mode is None
    firm.plan("2026-07-01")
    firm.waive("test-pack/other", "2026-06-01")
    assert firm.assess().mode is None  # decisions are no evidence
    firm.evidence("check", WORSE, "owner", claim="found-earlier")
    assert firm.assess().mode is None  # nor is what is not admitted
    firm.evidence("check", WORSE)
    assert firm.assess().mode is None  # nor what is not of the claim that the plan was to measure
    firm.evidence("check", WORSE, claim="found-earlier")
    assert firm.assess().mode == "trial"
    firm.record_permit("2026-02-20T00:00:00Z")
    assert firm.assess().mode is None


def test_another_release_may_be_tried_with_a_plan_of_its_own():
    firm = ready(of("S2"))
    firm.plan("2026-06-01")
    firm.record_permit(FEBRUARY)
    firm.freeze(note="second")
    assert firm.assess().mode is None
    firm.plan("2026-06-01")
    assert firm.assess().mode == "trial"


def test_want_of_benefit_refuses_live_and_not_the_trial_that_would_measure_it():
    firm = ready(rule("r", "ev.benefit.low > claim.minimum", track="benefit"), rule("s", PASSES, severity="S1"))
    firm.evidence("check", CHECK)
    firm.plan("2026-06-01")
    found = firm.assess()
    assert (found.mode, [item.rule for item in found.refusals]) == ("trial", ["r"])


# the benefit gate


SUPERIORITY = (
    'claim.design != "superiority" || ev.benefit.claim == claim.id && ev.benefit.low > 0.0 '
    "&& ev.benefit.estimate >= claim.minimum"
)
NON_INFERIORITY = (
    'claim.design != "non_inferiority" || ev.benefit.claim == claim.id && ev.benefit.low > 0.0 - claim.margin '
    "&& ev.monitor.low > 0.0"
)


def gated(**claim: object):
    firm = ready(
        rule("superior", SUPERIORITY, track="benefit"),
        rule("not-inferior", NON_INFERIORITY, track="benefit"),
    )
    firm.declare(claims=[declaration()["claims"][0] | claim])
    return firm


@pytest.mark.parametrize(
    ("interval", "verdict"),
    [
        (None, "nothing_measured"),
        ((0.02, 0.05, 0.08), "permitted"),
        ((0.0, 0.05, 0.08), "refused"),
        ((-0.01, 0.05, 0.08), "refused"),
        ((0.001, 0.01, 0.08), "permitted"),
        ((0.001, 0.009, 0.08), "refused"),
    ],
)
def test_superiority_excludes_zero_and_reaches_the_declared_minimum(interval, verdict):
    firm = gated()
    if interval:
        low, estimate, high = interval
        firm.benefit(low=low, estimate=estimate, high=high)
    assert firm.assess().verdict == verdict


def test_a_claim_that_was_not_declared_beforehand_opens_nothing():
    firm = gated()
    second = declaration()["claims"][0] | {"id": "something-else", "primary": False}
    firm.declare(claims=[declaration()["claims"][0], second])
    firm.evidence("benefit", BENEFIT | {"claim": "something-else"}, claim="something-else")
    assert firm.line("superior").outcome == "not_met"
    assert firm.assess().verdict == "refused"
    firm.benefit()
    assert firm.assess().verdict == "permitted"
    firm.declare(claims=[])
    assert firm.line("superior").outcome == "no_evidence"
    assert firm.line("superior").missing == ["claim.design", "claim.id", "claim.minimum", "ev.benefit"]


@pytest.mark.parametrize(
    ("low", "monitor", "verdict"),
    [(-0.04, 0.1, "permitted"), (-0.05, 0.1, "refused"), (-0.04, 0.0, "refused"), (-0.04, None, "refused")],
)
def test_non_inferiority_keeps_its_margin_and_is_better_on_something_else(low, monitor, verdict):
    firm = gated(design="non_inferiority", margin=0.05)
    firm.benefit(low=low)
    if monitor is not None:
        firm.evidence("monitor", CHECK | {"low": monitor}, about="use")
    assert firm.assess().verdict == verdict


# expiry
