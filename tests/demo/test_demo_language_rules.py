"""From drill to verdict: the computed evidence meets the packs' rules on an honest path and fails the right one on another."""

from __future__ import annotations

from datetime import date
from functools import cache

import pytest
from language_fake import Path, Reviewer

from dualtrack.demo.language.measuring import measure_language_use
from dualtrack.demo.language.uses import load_declaration, load_policy, promised
from dualtrack.domain.vocabulary import Outcome
from dualtrack.rules.selftest import judge
from dualtrack.rules.shipped import shipped

AT = "2026-11-26T04:00:00Z"
PARTS = ["rag", "content_filter", "prompt_management", "interface"]
BROKER = ("RUN-01", "RUN-02", "RUN-03", "MRM-03", "MRM-04b", "MRM-05", "MRM-06", "MRM-07", "MRM-08")
BANK = ("RUN-04b", "RUN-05", "RUN-06a", "MRM-05", "MRM-07")


def verdicts(use, path, reviewer=None):
    """Return the outcome of each rule of the use's pack on its declaration, its policy and what was just measured."""
    found = measure_language_use(
        use, path, reviewer or Reviewer(use), prominent=True, covers=PARTS, taken_at=AT
    ).evidence
    said = promised(load_policy(use), "0" * 64)
    facts = {f"use.{name}": value for name, value in load_declaration(use).facts.items()}
    facts |= {f"policy.{name}": getattr(said, name) for name in ("disclosure", "review_before_release", "opt_out")}
    facts |= {f"ev.{item.topic}.{name}": value for item in found for name, value in item.fields.items()}
    pack = shipped("sfc-24ec55" if use == "broker" else "hkma-genai-2024")
    facts = pack.with_own_facts(facts, date(2026, 11, 26)) | facts
    return {rule.id: judge(rule, facts) for rule in pack.rules}


@cache
def honest(use):
    return verdicts(use, Path(use, knows=True))


@pytest.mark.parametrize("rule", BROKER)
def test_the_licensed_corporations_rules_are_met_by_a_path_that_understands(rule):
    assert honest("broker")[rule] is Outcome.MET


@pytest.mark.parametrize("rule", BANK)
def test_the_banks_rules_are_met_by_a_path_that_understands(rule):
    assert honest("bank")[rule] is Outcome.MET


@pytest.mark.parametrize(("use", "rules"), [("broker", BROKER), ("bank", BANK)])
def test_matching_words_alone_does_not_hold_when_they_are_changed(use, rules):
    found = verdicts(use, Path(use))
    assert {rule for rule in rules if found[rule] is Outcome.NOT_MET} == {"MRM-07"}


def test_what_no_program_can_show_is_no_evidence():
    assert honest("broker")["MRM-02"] is Outcome.NO_EVIDENCE
    assert honest("bank")["GOV-08b"] is Outcome.NOT_MET  # no person has looked at the escapes


@pytest.mark.parametrize(("path", "reviewer", "failing"), [
    ({"notice": ""}, {}, {"RUN-01", "RUN-02"}),
    ({"notice_every": False}, {}, {"RUN-01", "RUN-02"}),
    ({"first": "text"}, {}, {"RUN-01", "RUN-02"}),
    ({"hold": False}, {}, {"RUN-03"}),
    ({}, {"misses": 2}, {"RUN-03"}),
    ({}, {"seconds": 3.0}, {"RUN-03"}),
    ({}, {"qualified": False}, {"RUN-03"}),
    ({"invents": True}, {}, {"MRM-05"}),
    ({"advises": True}, {}, {"MRM-03"}),
])  # fmt: skip
def test_one_misbehaviour_fails_the_rules_about_it_and_no_other(path, reviewer, failing):
    found = verdicts("broker", Path("broker", knows=True, **path), Reviewer("broker", **reviewer))
    missed = {rule for rule in BROKER if found[rule] is Outcome.NOT_MET}
    assert missed == failing


def test_shuffled_answers_fail_accuracy_before_and_after_launch():
    found = verdicts("broker", Path("broker", swap=True))
    assert {found[rule] for rule in ("MRM-03", "MRM-04b", "MRM-06", "MRM-08")} == {Outcome.NOT_MET}


def test_a_path_that_ignores_opting_out_fails_the_banks_rule():
    assert verdicts("bank", Path("bank", honours=False))["RUN-06a"] is Outcome.NOT_MET
