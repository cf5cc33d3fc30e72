"""Shadow, trial and observe mode; opting out; signals that narrow or lapse; quotas."""

from __future__ import annotations

import pytest

from dualtrack.domain import canonical
from dualtrack.domain.decision import Decision
from dualtrack.domain.oversight import Hold, Observe, OptOut, Signal
from dualtrack.domain.records import encode, read_record
from dualtrack.domain.time import format_instant
from dualtrack.errors import RefusedError
from dualtrack.runtime.compiling import compile_drill, compile_use
from dualtrack.runtime.decide import Scoring, decide
from dualtrack.runtime.ids import new_id
from dualtrack.runtime.live import Closed
from dualtrack.runtime.oversight import read_oversight
from dualtrack.runtime.standing import SignalCount, judge_signals
from permit.firm import PASSES, compiled, known_key, rule
from runtime.runtime_world import FIRM, USE, timedelta

PLAN = {"output_reaches_nobody": True, "decisions_max": 5, "days": 30}
AT = "2026-11-01T00:00:00Z"


def score(_row):
    return Scoring(0.5, ("late",))


def recorded(world) -> list[Decision]:
    entries = world.register.repository.every(kinds=("decision/1",))
    return [read_record(canonical.decode(entry.content), Decision, where="test") for entry in entries]


def observed(world, days: int = 30):
    now = world.clock()
    record = Observe(
        use=USE, release=world.release, reason="live before", by="executive", at=format_instant(now),
        until=format_instant(now + timedelta(days=days)),
    )  # fmt: skip
    world.register.append_record("observe/1", USE, record, [known_key("executive")])


def refuse(world, **changes):
    """A use whose permit is refused by a rule that nothing meets."""
    packs = [compiled([rule("r", PASSES), rule("never", "ev.monitor.n > 0 && ev.check.n < 0")])]
    return world.permit(packs=packs, **changes)


def test_observe_mode_lets_calls_pass_and_says_what_would_have_been(world):
    refuse(world)
    observed(world)
    with world.open() as runtime:
        answer = decide(runtime, USE, {"late": 1}, score)
        assert (answer.outcome, answer.mode) == ("served", "observe")
    found = recorded(world)[0]
    assert (found.mode, found.permit) == ("observe", None)
    assert found.code == "permit.none"


def test_observe_mode_ends_by_itself(world):
    refuse(world)
    observed(world, days=1)
    world.offset = timedelta(days=2)
    with world.open() as runtime, pytest.raises(RefusedError) as caught:
        decide(runtime, USE, {"late": 1}, score)
    assert caught.value.code == "permit.none"


def test_a_person_who_opted_out_is_sent_to_a_person(world):
    world.permit(opt_out=True)
    with world.open() as runtime:
        assert decide(runtime, USE, {"late": 1}, score, person="seven").outcome == "served"
        subject = runtime.subjects.pseudonym(FIRM, "seven")
        record = OptOut(use=USE, subject=subject, active=True, at=world.register.now(), by="customer")
        world.register.append_plain([("opt-out/1", USE, encode(record))])
        world.settle()
        called = []
        answer = decide(runtime, USE, {"late": 1}, lambda row: called.append(row) or score(row), person="seven")
        assert (answer.outcome, answer.code, answer.output) == ("routed", "opted-out", None)
        assert not called
        assert decide(runtime, USE, {"late": 1}, score, person="eight").outcome == "served"


def test_overrides_narrow_a_use_to_review_before_release(world):
    world.permit()
    with world.open() as runtime:
        assert decide(runtime, USE, {"late": 1}, score).outcome == "served"
        at = world.register.now()
        for number in range(40):
            signal = Signal(use=USE, kind="override", at=at, value=number % 2, of=1)
            world.register.append_plain([("signal/1", USE, encode(signal))])
        world.settle()
        answer = decide(runtime, USE, {"late": 1}, score)
        assert answer.outcome == "routed"
        assert "reviewers" in runtime.gate.enter(USE).review_why


@pytest.mark.parametrize(
    ("overrides", "of", "narrowed"),
    [(0, 100, False), (20, 29, False), (20, 100, False), (40, 100, True), (30, 40, True)],
)
def test_a_rate_counts_only_when_its_interval_does(overrides, of, narrowed):
    signals = [SignalCount("override", AT, int(number < overrides)) for number in range(of)]
    effects = judge_signals(signals, AT)
    assert bool(effects) is narrowed
    assert all(effect.n == of for effect in effects)


def test_signals_outside_their_window_do_nothing():
    assert judge_signals([SignalCount("fingerprint_changed", "2020-01-01T00:00:00Z", 1)], AT) == []
    assert judge_signals([SignalCount("fingerprint_changed", "2026-12-01T00:00:00Z", 1)], AT) == []
    assert judge_signals([SignalCount("incident", AT, 1, "minor")], AT) == []
    assert judge_signals([SignalCount("incident", AT, 1, "major")], AT)[0].rule.effect == "lapse"


RULED = {
    "fallback": "rules",
    "rules": {
        "rows": [],
        "phrases": [{"id": "fee", "phrases": ["fee"], "answer": {"en": "HK$1.", "zh-Hant": "一元。"}}],
    },
}


def test_no_fixed_rule_answers_in_observe_mode_for_nothing_of_it_was_assessed(world):
    refuse(world, **RULED)
    observed(world)
    found = compile_use(world.register, USE, read_oversight(world.register))
    assert (found.mode, found.rules) == ("observe", None)
    assert compile_drill(world.register, USE).rules is not None, "a drill is how they are assessed"


@pytest.mark.parametrize(
    ("scope", "target"), [("component", "model"), ("provider", "in-house"), ("use", USE), ("institution", FIRM)]
)
def test_what_is_on_hold_is_not_called_for_a_drill_either(world, scope, target):
    refuse(world)
    hold = Hold(id=new_id(), scope=scope, target=target, reason="r", by="executive", at=world.register.now())
    assert not isinstance(compile_drill(world.register, USE), Closed)
    world.register.append_record("hold/1", USE, hold, [known_key("executive")])
    found = compile_drill(world.register, USE)
    assert isinstance(found, Closed)
    assert found.code == "permit.held"


def test_a_use_that_is_on_hold_and_lapsed_by_signal_is_on_hold(world):
    world.permit()
    at = world.register.now()
    items = [("signal/1", USE, encode(Signal(use=USE, kind="fingerprint_changed", at=at, value=1, of=1)))]
    world.register.append_plain(items)
    assert compile_use(world.register, USE, read_oversight(world.register)).code == "permit.signal"
    hold = Hold(id=new_id(), scope="use", target=USE, reason="r", by="executive", at=at)
    world.register.append_record("hold/1", USE, hold, [known_key("executive")])
    found = compile_use(world.register, USE, read_oversight(world.register))
    assert (found.code, found.standby) == ("permit.held", None)
