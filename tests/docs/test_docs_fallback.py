"""The page on what stands in for a model: its table of signals has a row for each rule of the settings, with its figures."""

from __future__ import annotations

import pytest

from dualtrack.runtime.standing import standing_settings
from house_tree import ROOT

TEXT = (ROOT / "docs" / "fallback.md").read_text(encoding="utf-8")
SETTINGS = standing_settings()
SAID = {
    (
        "override",
        "narrow",
    ): "| overrides | reviewers change or reject; {count} reviews, lower limit of the interval {rate}% | narrowed",
    ("complaint", "narrow"): "| complaints | {count} in {days} days | narrowed |",
    ("complaint", "lapse"): "| complaints | {count} in {days} days | lapsed",
    (
        "complaint_unnamed",
        "look",
    ): "| complaints that a program records of nobody | {count} in {days} days | an incident of severity minor",
    (
        "opt_out",
        "look",
    ): "| opt-outs | {count} different people who are still out, in {days} days | an incident of severity minor",
    (
        "guard_fired",
        "narrow",
    ): "| a guard stops too much | lower limit of the share over its own limit ({others}%, some guards others), "
    "among the newest {newest} decisions of {guard_days} days under the permit, at least {least} | narrowed |",
    ("fingerprint_changed", "lapse"): "| another model answers | one report | lapsed |",
    ("incident", "lapse"): "| a major incident | while it is open | lapsed |",
}
"""The row of each rule, by kind and effect."""


def test_each_rule_has_its_row():
    assert {(rule.kind, rule.effect) for rule in SETTINGS.signals} == set(SAID)
    assert len(SETTINGS.signals) == len(SAID)


@pytest.mark.parametrize("rule", SETTINGS.signals, ids=lambda rule: f"{rule.kind}-{rule.effect}")
def test_its_figures_are_those_of_the_settings(rule):
    rates = SETTINGS.guard_rates
    assert SAID[rule.kind, rule.effect].format(
        count=rule.count_min, days=rule.window_days, rate=(rule.rate_low_permille or 0) // 10,
        others=rates.others // 10, newest=rates.window_decisions, guard_days=rates.window_days, least=rates.count_min,
    ) in TEXT  # fmt: skip


def test_the_limit_of_the_guard_that_hears_wishes_is_that_of_the_settings():
    assert f"the rate of the guard `opt_out` ({SETTINGS.guard_rates.guards['opt_out'] // 10}%) narrows" in TEXT
