"""Registry and chain: which guards there are, that all run, that failure closes, and that suspicion changes nothing."""

from __future__ import annotations

from importlib.metadata import EntryPoint

import msgspec
import pytest
from guard_case import POLICY, answer, policy, question
from hypothesis import given
from hypothesis import strategies as st

from dualtrack.domain.policy import FieldSetting, GuardSetting, ToolSetting
from dualtrack.errors import FieldError
from dualtrack.runtime.guards.base import CLEAR, Checked, GuardResult, Piece
from dualtrack.runtime.guards.chain import run_guards
from dualtrack.runtime.guards.registry import BUILT_IN, CompiledGuard, build_guards, guard_classes
from dualtrack.runtime.guards.tipping_off import NEUTRAL, TippingOff, without_suspicion
from dualtrack.runtime.guards.tool_use import ToolUse


class Fixed:
    """A guard that gives what it was made with."""

    name, stages, source = "fixed", frozenset({"input", "output"}), "a test"

    def __init__(self, result):
        self.result, self.seen = result, []

    def check(self, checked, /):
        self.seen.append(checked)
        if isinstance(self.result, Exception):
            raise self.result
        return self.result


def compiled(result, action="block", guard="fixed", threshold=500):
    return CompiledGuard(GuardSetting(guard=guard, stage="input", action=action, threshold=threshold), Fixed(result))


def test_every_guard_of_ours_is_found_under_its_name():
    classes = guard_classes([])
    for name in set(BUILT_IN) - {"personal_data"}:
        kind = classes[name]
        assert kind.name == name
        assert kind.stages <= {"input", "output"}
        assert kind.source
    assert "nothing" not in classes


@pytest.mark.parametrize(
    "point",
    [
        EntryPoint("injection", "guard_case:POLICY", "dualtrack.guards"),
        EntryPoint("mine", "no_such_module:Guard", "dualtrack.guards"),
        EntryPoint("mine", "guard_case:POLICY", "dualtrack.guards"),
        EntryPoint("mine", "dualtrack.runtime.guards.opt_out:OptOut", "dualtrack.guards"),
    ],
)
def test_a_plug_in_that_clashes_or_is_broken_is_named(point):
    with pytest.raises(FieldError, match=point.name):
        guard_classes([point])


def test_a_plug_in_is_found():
    point = EntryPoint("fixed", f"{__name__}:Fixed", "dualtrack.guards")
    assert guard_classes([point])["fixed"] is Fixed


@pytest.mark.parametrize(
    "setting",
    [
        {"guard": "no_such", "stage": "input", "action": "block"},
        {"guard": "opt_out", "stage": "output", "action": "block"},
        {"guard": "mpf_choice", "stage": "input", "action": "allow"},
        {"guard": "mpf_choice", "stage": "output", "action": "redact"},
        {"guard": "mpf_choice", "stage": "input", "action": "block", "threshold": 601},
        {"guard": "tool_use", "stage": "output", "action": "allow"},
        {"guard": "tool_use", "stage": "output", "action": "route", "threshold": 801},
        {"guard": "tipping_off", "stage": "output", "action": "allow"},
        {"guard": "mpf_choice", "stage": "input", "action": "block", "settings": {"review": True}},
    ],
)
def test_a_policy_that_cannot_protect_is_refused(setting):
    with pytest.raises(FieldError):
        build_guards(policy(guards=[GuardSetting(**setting)]), guard_classes([]))


def test_fields_of_suspicion_need_their_wall():
    fields = [FieldSetting(name="str_filed", type="boolean", suspicion=True)]
    with pytest.raises(FieldError, match="wall"):
        build_guards(policy(fields=fields), guard_classes([]))


def test_every_guard_runs_also_after_one_has_fired():
    chain = [compiled(GuardResult(900)), compiled(GuardResult(499)), compiled(GuardResult(500), "route")]
    result = run_guards(chain, "input", question("?"))
    assert [(item.score, item.fired, item.action) for item in result.verdicts] == [
        (900, True, "block"),
        (499, False, "allow"),
        (500, True, "route"),
    ]
    assert result.action == "block"
    assert result.fired == ("fixed", "fixed")
    assert all(item.cost_us >= 0 for item in result.verdicts)


@given(st.lists(st.tuples(st.integers(0, 1000), st.sampled_from(["allow", "redact", "route", "block"])), max_size=6))
def test_the_strictest_action_of_those_that_fired_counts(items):
    chain = [compiled(GuardResult(score, pieces=(Piece("user", "x"),)), action) for score, action in items]
    order = ["allow", "redact", "route", "block"]
    expected = max((action for score, action in items if score >= 500), key=order.index, default="allow")
    assert run_guards(chain, "input", question("?")).action == expected


@pytest.mark.parametrize(
    "bad",
    [
        RuntimeError("secret text"),
        None,
        GuardResult(1001),
        GuardResult(True),
        GuardResult(-1),
        GuardResult(0, pieces=()),
    ],
)
def test_a_guard_that_fails_counts_as_fired_and_blocks(bad):
    for action in ("block", "redact"):
        result = run_guards([compiled(bad, action)], "input", question("?"))
        assert (result.action, result.verdicts[0].score, result.fired) == ("block", 1000, ("fixed",))
        assert "secret" not in repr(result)


def test_redactions_add_up_and_one_that_takes_nothing_out_blocks():
    first = compiled(GuardResult(500, pieces=(Piece("user", "a [x]"),)), "redact")
    second = compiled(CLEAR)
    result = run_guards([first, second], "input", question("a secret"))
    assert result.pieces == second.guard.seen[0].pieces == (Piece("user", "a [x]"),)
    assert result.action == "redact"
    assert run_guards([compiled(GuardResult(500), "redact")], "input", question("?")).action == "block"


def test_a_redaction_below_the_threshold_is_not_applied():
    quiet = compiled(GuardResult(499, pieces=(Piece("user", "gone"),)), "redact")
    assert run_guards([quiet], "input", question("kept")).pieces == (Piece("user", "kept"),)


WALLED = policy(
    fields=[
        FieldSetting(name="income", type="number", low=0),
        FieldSetting(name="str_filed", type="boolean", suspicion=True),
        FieldSetting(name="aml_score", type="number", suspicion=True, low=0, high=1),
    ],
    guards=[
        GuardSetting(guard="input_schema", stage="input", action="block"),
        GuardSetting(guard="injection", stage="input", action="block"),
        GuardSetting(guard="tipping_off", stage="input", action="redact"),
        GuardSetting(guard="tipping_off", stage="output", action="block"),
        GuardSetting(guard="output_checks", stage="output", action="block"),
    ],
)
GUARDS = build_guards(WALLED, guard_classes([]))
ANYTHING = st.none() | st.booleans() | st.floats() | st.integers() | st.text() | st.lists(st.text())


def untimed(result):
    verdicts = [msgspec.structs.replace(item, cost_us=0) for item in result.verdicts]
    return result._replace(verdicts=verdicts)


@given(
    st.dictionaries(st.sampled_from(["str_filed", "aml_score"]), ANYTHING),
    st.dictionaries(st.sampled_from(["income", "other"]), ANYTHING),
    st.sampled_from(["ok", "You are under investigation.", "str_filed", "Declined: income too low."]),
)
def test_nothing_depends_on_a_field_of_suspicion(suspicion, open_fields, text):
    for stage in ("input", "output"):
        base = Checked(stage, "u", WALLED, "en", (), open_fields, text, reasons=(text,))
        flagged = base._replace(row={**open_fields, **suspicion})
        one, other = run_guards(GUARDS, stage, base), run_guards(GUARDS, stage, flagged)
        assert repr(untimed(one)) == repr(untimed(other))
        assert not {"str_filed", "aml_score"} & set(other.row)


def test_the_wall_comes_first_and_plug_ins_see_the_row_behind_it():
    assert GUARDS[0].setting.guard == "tipping_off"
    spy = compiled(GuardResult(500, row={"income": 1, "str_filed": True}), "redact")
    checked = Checked("input", "u", WALLED, "en", (), {"income": 1, "str_filed": True})
    result = run_guards([spy], "input", checked)
    assert spy.guard.seen[0].row == {"income": 1}
    assert result.row == {"income": 1}
    assert without_suspicion(WALLED, {"aml_score": 1}) == {}


def test_language_of_reports_is_kept_from_answers_and_reasons():
    guard = TippingOff({})
    for text in ("We filed an STR about this account.", "我們已向聯合財富情報組提交可疑交易報告。"):
        result = guard.check(answer(text))
        assert result.score == 1000
        assert result.pieces[-1].text == NEUTRAL
        assert guard.check(answer("ok", reasons=(text,))).score == 1000
        assert guard.check(answer("ok", reasons=(text,))).pieces is None
    assert guard.check(answer("Your transfer is on its way.")).score == 0
    assert guard.check(answer("reason: STR_FILED is true", given=WALLED)).score == 1000


def test_a_question_about_it_is_treated_alike_for_everybody():
    guard = TippingOff({})
    asked = guard.check(question("Did you report me to the JFIU?"))
    assert asked.score == 1000
    assert asked.pieces == (Piece("user", NEUTRAL),)


@pytest.mark.parametrize(
    ("tools", "score"),
    [((), 0), (("look_up",), 0), (("look_up", "pay"), 800), (("delete",), 1000), (("look_up",) * 101, 1000)],
)
def test_tools_score_by_the_policy(tools, score):
    listed = [ToolSetting(name="look_up", changes_state=False), ToolSetting(name="pay", changes_state=True)]
    checked = answer("ok", given=policy(tools=listed), tools=tools)
    assert ToolUse({}).check(checked).score == score
    assert POLICY.tools == []
