"""Guard rates: counted with n and interval aside of the calls; over its limit a guard narrows the use by itself."""

from __future__ import annotations

import time

import msgspec
import pytest

from dualtrack.domain import canonical
from dualtrack.domain.oversight import Signal
from dualtrack.domain.records import read_record
from dualtrack.runtime.decide import Scoring, decide
from dualtrack.runtime.guard_rates import USES_AT_ONCE_MAX, GuardWatch, guard_rates, rates_of
from dualtrack.runtime.recent import Recent
from dualtrack.runtime.standing import standing_settings
from dualtrack.runtime.timer import ReviewTimer
from runtime.runtime_world import FIRM, USE, timedelta

RULE = standing_settings().guard_rates


def records(stopped: int, n: int, *, action="block", guard="injection") -> list[Recent]:
    def content(fired: bool) -> bytes:
        verdict = {"guard": guard, "stage": "input", "fired": fired, "action": action if fired else "allow", "score": 1}
        return msgspec.json.encode({"guards": [verdict], "outcome": "served"})

    return [Recent(f"{number:026}", "r", "live", content(number < stopped)) for number in range(n)]


@pytest.mark.parametrize(
    ("stopped", "n", "over"),
    [(0, 500, False), (50, 500, False), (66, 500, True), (20, 49, False), (20, 50, True), (60, 500, False)],
)
def test_a_rate_counts_only_when_its_interval_does(stopped, n, over):
    (rate,) = rates_of(records(stopped, n), RULE)
    assert (rate.fired, rate.n, rate.limit) == (stopped, n, 0.1)
    assert rate.low <= stopped / n <= rate.high
    assert rate.over is over


def test_what_only_measures_or_redacts_does_not_count_and_guards_have_limits_of_their_own():
    assert rates_of(records(500, 500, action="redact"), RULE)[0].fired == 0
    assert not rates_of(records(100, 500, guard="opt_out"), RULE)[0].over
    assert rates_of(records(40, 500, guard="input_schema"), RULE)[0].over


def flush(runtime):
    while runtime.recorder(FIRM).waiting:
        time.sleep(0.005)


def call(runtime, late: int, times: int) -> None:
    for _ in range(times):
        decide(runtime, USE, {"late": late}, lambda _row: Scoring(0.5, ("late",)))
    flush(runtime)


def signals(world) -> list[Signal]:
    entries = world.register.repository.every(kinds=("signal/1",))
    return [read_record(canonical.decode(entry.content), Signal, where="test") for entry in entries]


def test_many_blocked_rows_narrow_the_use_within_a_look_of_the_timer(world):
    world.permit()
    with world.open() as runtime:
        timer = ReviewTimer(runtime, every_s=0.1)
        call(runtime, 1, 40)
        time.sleep(0.5)
        assert not signals(world)
        call(runtime, 99, 20)  # outside the declared range
        deadline = time.monotonic() + 10
        while not signals(world) and time.monotonic() < deadline:
            time.sleep(0.05)
        world.settle()
        answer = decide(runtime, USE, {"late": 1}, lambda _row: Scoring(0.5, ("late",)))
        assert answer.outcome == "routed"
        assert "a guard stops more" in runtime.gate.enter(USE).review_why
        timer.close()
    found = signals(world)
    assert [(item.kind, item.about) for item in found] == [("guard_fired", "input_schema")]
    assert found[0].value <= 20
    assert found[0].value * 20 >= found[0].of


def test_one_signal_stands_for_its_days_and_a_look_without_news_reads_nothing(world):
    world.permit()
    with world.open() as runtime:
        call(runtime, 99, 60)
        live = runtime.gate.enter(USE)
        assert [rate.over for rate in guard_rates(world.register, live)] == [True]
        watch = GuardWatch()
        assert watch.look(world.register, [live]) == 1
        assert watch.look(world.register, [live]) == 0
        call(runtime, 99, 1)
        assert watch.look(world.register, [live]) == 0
        assert GuardWatch().look(world.register, [live]) == 0  # another process


def test_a_new_permit_begins_a_new_count(world):
    world.permit()
    with world.open() as runtime:
        call(runtime, 99, 60)
        assert GuardWatch().look(world.register, [runtime.gate.enter(USE)]) == 1
        world.offset = timedelta(seconds=2)
        world.again()
        world.settle()
        live = runtime.gate.enter(USE)
        assert live.narrowed == ()
        assert guard_rates(world.register, live) == []
        assert GuardWatch().look(world.register, [live]) == 0


def test_many_uses_take_turns(world):
    world.permit()
    with world.open() as runtime:
        live = runtime.gate.enter(USE)
        watch = GuardWatch()
        turns = [watch._turn([live] * 50) for _ in range(3)]
    assert {len(turn) for turn in turns} == {USES_AT_ONCE_MAX}
