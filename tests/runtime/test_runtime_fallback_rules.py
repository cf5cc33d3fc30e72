"""The table of fixed rules by itself: what it gives, what is refused where, and the bytes of policies without one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dualtrack.domain import canonical
from dualtrack.domain.fallback import RULES_COMPONENT
from dualtrack.domain.policy import RuntimePolicy
from dualtrack.domain.records import encode, read_record
from dualtrack.errors import ExpressionError, FieldError
from dualtrack.runtime.fallback import OTHERWISE, read_rules
from dualtrack.runtime.policy_check import examine_policy
from runtime.runtime_world import policy
from runtime.test_runtime_fallback import PHRASES, ROWS, RULED, RULES, says


def table(**changes):
    found = read_record(policy(**(RULED | changes)), RuntimePolicy, where="test")
    rules = read_rules(found, where="policy.yaml")
    assert rules is not None
    return rules


@pytest.mark.parametrize(
    ("row", "rule", "output"),
    [
        ({"late": 3, "used": 0.1}, "late", "refer"),
        ({"late": 3.5}, "late", "refer"),
        ({"late": 1, "used": 0.9}, "used", "watch"),
        ({"late": 2}, "unclear", None),
        ({"late": 1, "used": 0.1}, OTHERWISE, "leave"),
        ({"used": 0.9}, OTHERWISE, "leave"),  # unknown: neither true nor false, so the next rule
        ({"late": "3"}, OTHERWISE, "leave"),
        ({"late": True}, OTHERWISE, "leave"),
        ({"late": float("nan")}, OTHERWISE, "leave"),
        ({}, OTHERWISE, "leave"),
    ],
)
def test_the_first_true_rule_gives_and_what_is_unknown_goes_on(row, rule, output):
    found = table().decide(row)
    assert (found.rule, found.fixed.output) == (rule, output)


def test_without_otherwise_a_person_decides():
    assert table(rules={"rows": ROWS}).decide({}).fixed.person


@given(st.dictionaries(st.sampled_from(["late", "used", "other"]), st.from_type(object) | st.floats() | st.integers()))
def test_no_row_makes_the_rules_fail_or_answer_twice_otherwise(row):
    rules = table()
    assert rules.decide(row) == rules.decide(dict(row))


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("I LOST   CARD yesterday, is there a fee?", "card"),
        ("What is the fee?", "fee"),
        ("Ｗｈａｔ ｆｅｅ？", "fee"),
        ("my coffee is cold", None),
        ("fees", None),
        ("請問收費幾多", "fee"),
        ("我的信用卡不見了", "card"),
        ("", None),
        ("x" * 4_000 + " fee", None),  # beyond what is looked at
    ],
)
def test_phrases_are_found_as_words_whatever_their_case_and_width(text, rule):
    found = table(rules={"phrases": PHRASES}).answer(text)
    assert (found.id if found else None) == rule


@pytest.mark.parametrize(
    ("rules", "where", "found"),
    [
        ({}, "field rules", "no rule"),
        ({"rows": [{**ROWS[0], "says": []}]}, "rule late", "no reason"),
        ({"rows": [{**ROWS[0], "person": True}]}, "rule late", "an output and person"),
        ({"rows": [{"id": "late", "when": "true"}]}, "rule late", "neither"),
        ({"rows": [ROWS[0], ROWS[0]]}, "field rules", "twice"),
        ({"rows": [ROWS[0]] * 201}, "field rules", "201 rules"),
        ({"rows": [{**ROWS[0], "says": [{"en": "a", "zh-Hant": " "}]}]}, "rule late", "zh-Hant"),
        ({"rows": [{**ROWS[0], "output": ""}]}, "rule late", "0 characters"),
        ({"rows": [{**ROWS[0], "says": says("a") * 11}]}, "rule late", "11 reasons"),
        ({"phrases": [{**PHRASES[0], "phrases": []}]}, "rule card", "0 phrases"),
        ({"phrases": [{**PHRASES[0], "phrases": ["?!"]}]}, "rule card", "no letter"),
        ({"phrases": [{**PHRASES[0], "answer": {"en": "", "zh-Hant": "二"}}]}, "rule card", "en of 0"),
        ({"phrases": PHRASES, "otherwise": {"person": True}}, "otherwise", "without rows"),
        ({"rows": [{**ROWS[0], "output": None}]}, "rule late", "neither"),
    ],
)
def test_a_wrong_table_is_refused_where_it_is_wrong(rules, where, found):
    with pytest.raises(FieldError) as caught:
        examine_policy(read_record(policy(fallback="rules", rules=rules), RuntimePolicy, where="p"), where="p.yaml")
    assert caught.value.where.startswith("p.yaml, field rules")
    assert where in caught.value.where
    assert found in caught.value.found


@pytest.mark.parametrize(
    ("when", "found"),
    [
        ("row.later >= 3.0", "row.later"),
        ("row.late >= 3", "does not take"),
        ("row.late +", "not readable"),
        ("row.late", "not true or false"),
        ("row.flagged", "row.flagged"),  # no rule reads a suspicion: its answer would tell
    ],
)
def test_an_expression_is_refused_with_its_rule_and_place(when, found):
    fields = [*policy()["fields"], {"name": "flagged", "type": "boolean", "suspicion": True}]
    rules = {"rows": [{**ROWS[0], "when": when}]}
    with pytest.raises(ExpressionError) as caught:
        examine_policy(
            read_record(policy(fallback="rules", rules=rules, fields=fields), RuntimePolicy, where="p"), where="p"
        )
    assert "rule late" in caught.value.where
    assert found in caught.value.found


@pytest.mark.parametrize(
    "changes",
    [
        {"fallback": "rules"},
        {"rules": RULES},
        RULED | {"upstreams": [{"id": RULES_COMPONENT, "kind": "python", "provider": "in-house"}]},
    ],
)
def test_fallback_and_rules_belong_together(changes):
    with pytest.raises(FieldError):
        examine_policy(read_record(policy(**changes), RuntimePolicy, where="p"), where="p")


def test_a_policy_without_rules_keeps_the_bytes_that_it_had_before_there_were_rules():
    """The digest is that of the last release before rules were run: releases and ledgers pin it."""
    found = read_record(policy(), RuntimePolicy, where="p")
    assert b'"rules"' not in encode(found)
    assert canonical.digest(encode(found)) == BEFORE


BEFORE = "4e863d5bde01681d999e4de3491108698ff4aa56bcfca3f185f33dcb432dcec8"
