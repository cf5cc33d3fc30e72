"""Runs of monitors: each decision counts once whatever dies when, a shift raises one alarm with its signal, a new release learns anew."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from itertools import pairwise

import pytest
from msgspec.structs import replace

from dualtrack.domain import canonical
from dualtrack.domain.decision import DECISION_FORMAT, Decision, GuardVerdict, Shadow, Timing, encode_decision
from dualtrack.domain.oversight import Signal
from dualtrack.domain.records import encode, read_record
from dualtrack.domain.review import ACTION_FORMAT, ReviewAction
from dualtrack.errors import FieldError
from dualtrack.runtime.decide import Scoring, decide
from dualtrack.runtime.ids import new_id
from dualtrack.runtime.incidents import list_incidents, update_incident
from dualtrack.runtime.monitors import running
from dualtrack.runtime.monitors.reading import watching_of
from dualtrack.runtime.monitors.records import MONITOR_KIND, MonitorRun
from dualtrack.runtime.monitors.running import ALARM_KIND, run_due, run_window
from dualtrack.runtime.monitors.settings import Schedule, monitor_settings
from dualtrack.runtime.monitors.watch import WINDOWS_AT_ONCE_MAX, MonitorWatch
from dualtrack.runtime.monitors.windows import window_of
from dualtrack.runtime.timer import ReviewTimer
from runtime.runtime_world import FIRM, USE, timedelta

ALL = ("failed", "fallback", "slow", "blocked", "routed", "guard_fired", "guard_score", "disagreement", "overridden")
HOURLY = Schedule(name="hourly", hours=1, reference_windows=2, watches=ALL)
SMALL = replace(monitor_settings(), reference_min=40, schedules=(HOURLY,))
DIGEST = "a" * 64


def record(*, outcome="served", score=0, fired=False, us=900, release=DIGEST, mode="live", same=None) -> Decision:
    verdict = GuardVerdict(guard="injection", stage="input", score=score, fired=fired, action="block", cost_us=1)
    return Decision(
        format=DECISION_FORMAT, id=new_id(), use=USE, release=release, permit=None, policy=DIGEST, mode=mode,
        durability="durable", at="2026-11-27T00:00:00Z", outcome=outcome, code=None, input=DIGEST, output=None,
        reasons=None, guards=[verdict], disclosure=None, language=None, receipt=None, review=None, reviewer=None,
        subject=None, upstream=[], timing=Timing(total_us=us, input_us=1, upstream_us=1, output_us=1), run=new_id(),
        seq=1, shadow=None if same is None else Shadow(baseline=DIGEST, same=same), recovered=False,
    )  # fmt: skip


@pytest.fixture
def watched(world):
    """A declared use at the beginning of an hour."""
    world.permit()
    _, until = window_of(datetime.now(UTC), 1)
    world.offset = until - datetime.now(UTC) + timedelta(seconds=5)
    return world


def hour(world, records) -> None:
    """Record decisions in this hour, and go on to the next."""
    world.register.append_plain([("decision/1", USE, encode_decision(each)) for each in records])
    world.offset += timedelta(hours=1)


def usual(n=40, *, failed=2, **changes):
    return [record(outcome="failed" if place < failed else "served", **changes) for place in range(n)]


def due(world, settings=SMALL, **more):
    world.offset += timedelta(seconds=60)
    found = run_due(world.register, USE, settings=settings, **more)
    world.offset -= timedelta(seconds=60)
    return found


def signals(world) -> list[Signal]:
    entries = world.register.repository.every(kinds=("signal/1",))
    return [read_record(canonical.decode(entry.content), Signal, where="test") for entry in entries]


def runs(world) -> list[MonitorRun]:
    entries = world.register.repository.every(kinds=(MONITOR_KIND,))
    return [read_record(canonical.decode(entry.content), MonitorRun, where="test") for entry in entries]


def named(run, name):
    return next(each for each in run.series if each.name == name)


def test_a_window_that_goes_on_is_not_read(watched):
    watched.register.append_plain([("decision/1", USE, encode_decision(record()))])
    assert due(watched) == []
    assert watching_of(watched.register, USE, settings=SMALL).series == ()


def test_a_shift_raises_an_alarm_with_its_signal_and_one_look(watched):
    for _ in range(3):
        hour(watched, usual())
    assert [named(run, "failed").watching for run in due(watched)] == [False, True, True]
    assert signals(watched) == []
    for _ in range(2):
        hour(watched, usual(failed=36))
    found = due(watched)
    alarmed = [each.name for run in found for each in run.series if each.alarm]
    assert "failed" in alarmed
    assert [(item.kind, item.about) for item in signals(watched)] == [("drift", name) for name in alarmed]
    assert [item.value for item in signals(watched)][:1] == [36]
    looks = [row for row in list_incidents(watched.register) if row["kind"] == ALARM_KIND]
    assert [row["severity"] for row in looks] == ["minor"]
    view = next(each for each in watching_of(watched.register, USE, settings=SMALL).series if each.series == "failed")
    assert view.last_alarm is not None
    update_incident(watched.register, looks[0]["id"], state="closed", note="looked at", by="ann")
    hour(watched, usual())
    due(watched)
    assert sum(row["state"] == "open" for row in list_incidents(watched.register)) == 0


def test_without_a_change_nothing_is_raised_and_evidence_stays_low(watched):
    for _ in range(10):
        hour(watched, usual())
    found = due(watched)
    assert len(found) == 10
    assert not any(each.alarm for run in found for each in run.series)
    for view in watching_of(watched.register, USE, settings=SMALL).series:
        assert view.evidence is None or view.evidence < view.threshold
        assert view.low is None or view.low <= view.estimate <= view.high


def test_every_decision_counts_once_when_a_run_dies_at_any_point(watched, monkeypatch):
    for n in (5, 7, 9):
        hour(watched, usual(n, failed=0))
    append = type(watched.register).append_with

    def dies(self, items, beside):
        raise KeyboardInterrupt

    def dies_after(self, items, beside):
        append(self, items, beside)
        raise KeyboardInterrupt

    for death in (dies, dies_after, dies, dies_after):
        monkeypatch.setattr(type(watched.register), "append_with", death)
        with pytest.raises(KeyboardInterrupt):
            due(watched)
        monkeypatch.undo()
    due(watched)
    found = runs(watched)
    assert [run.decisions for run in found] == [5, 7, 9]
    assert all(first.end <= second.start for first, second in pairwise(found))
    assert due(watched) == []


def test_of_two_processes_one_records_a_window(watched, monkeypatch):
    hour(watched, usual(5))
    watched.offset += timedelta(seconds=60)
    made, raced = running._made, []

    def slower(*args):
        run = made(*args)
        if not raced:
            raced.append(True)
            assert run_window(watched.register, USE, HOURLY, SMALL) is not None
        return run

    monkeypatch.setattr(running, "_made", slower)
    assert run_window(watched.register, USE, HOURLY, SMALL) is None
    assert [run.decisions for run in runs(watched)] == [5]


def test_an_entry_that_arrives_late_belongs_to_the_next_run(watched):
    hour(watched, usual(5))
    due(watched)
    watched.offset -= timedelta(hours=1)  # another process's clock is behind: the ledger's is not
    hour(watched, usual(3))
    watched.offset += timedelta(hours=1)
    assert [run.decisions for run in due(watched)] == [3]


def test_another_release_learns_anew_and_drills_and_others_stand_aside(watched):
    for _ in range(2):
        hour(watched, usual())
    hour(watched, [*usual(10), *usual(4, release="b" * 64), *usual(3, mode="drill")])
    last = due(watched)[-1]
    assert (last.release, last.decisions, last.others, named(last, "failed").n) == ("b" * 64, 17, 13, 4)
    assert not named(last, "failed").watching


def test_a_window_of_nothing_but_drills_leaves_what_was_known(watched):
    for _ in range(2):
        hour(watched, usual())
    hour(watched, usual(9, failed=9, mode="drill"))
    hour(watched, usual())
    found = due(watched)
    assert [(run.mode, run.others, named(run, "failed").n) for run in found[2:]] == [("live", 9, 0), ("live", 0, 40)]
    assert [named(run, "failed").watching for run in found] == [False, True, True, True]
    assert [named(run, "failed").reference_n for run in found] == [40, 80, 80, 80]
    assert [named(run, "slow").slow_above is not None for run in found] == [False, True, True, True]


def test_what_ran_under_other_figures_can_still_be_shown(watched):
    for _ in range(3):
        hour(watched, usual())
    due(watched)
    stricter = replace(SMALL, false_alarms_per_year=SMALL.false_alarms_per_year / 100)
    views = watching_of(watched.register, USE, settings=stricter).series
    assert {view.series for view in views} >= {"failed", "slow"}
    assert all(0 <= view.reference_low <= view.reference_high <= 1 for view in views if view.phase == "watching")


def test_busy_windows_are_sampled_and_say_so(watched):
    hour(watched, usual(25))
    (run,) = due(watched, replace(SMALL, decisions_read_max=10))
    assert (run.decisions, run.step, named(run, "failed").n) == (25, 3, 9)
    assert {
        (view.step, view.n)
        for view in watching_of(watched.register, USE, settings=SMALL).series
        if view.series == "failed"
    } == {(3, 9)}


def test_scores_latency_and_shadow_are_watched(watched):
    for _ in range(2):
        hour(watched, [*usual(38, score=100, same=True), *usual(2, us=9_000, same=True)])
    for _ in range(3):
        hour(watched, usual(40, score=600, us=50_000, same=False))
    found = due(watched)
    assert named(found[-1], "slow").slow_above is not None
    alarmed = {each.name for run in found for each in run.series if each.alarm}
    assert {"slow", "guard_score: injection/input", "disagreement"} <= alarmed


def reviewed(watched, changed, n, people):
    at = watched.register.now()
    actions = [
        ReviewAction(
            format=ACTION_FORMAT, review="0" * 26, action="reject", by=f"reviewer-{place % people}", role="reviewer", at=at,
            reason="wrong", seconds=30,
        )
        for place in range(n)
    ]  # fmt: skip
    signals = [Signal(use=USE, kind="override", at=at, value=int(place < changed), of=1) for place in range(n)]
    watched.register.append_plain([("review-action/1", USE, encode(item)) for item in actions])
    watched.register.append_plain([("signal/1", USE, encode(item)) for item in signals])
    hour(watched, usual(5))


def test_overrides_are_counted_from_reviews(watched):
    for _ in range(3):
        reviewed(watched, 2, 20, people=10)
    for _ in range(3):
        reviewed(watched, 18, 20, people=10)
    found = due(watched)
    assert named(found[0], "overridden").n == 20
    assert any(named(run, "overridden").alarm for run in found)


def test_no_figure_tells_of_fewer_than_ten_reviewers(watched):
    for _ in range(3):
        reviewed(watched, 18, 20, people=9)
    assert {named(run, "overridden").n for run in due(watched)} == {0}


def test_what_a_runtime_records_can_be_counted_and_the_timer_runs_it(world):
    world.permit()
    with world.open() as runtime:
        for late in (1, 1, 99):
            decide(runtime, USE, {"late": late}, lambda _row: Scoring(0.5, ("late",)))
        while runtime.recorder(FIRM).waiting:
            time.sleep(0.005)
        world.offset = timedelta(hours=25)
        timer = ReviewTimer(runtime, every_s=60)
        timer.look()
        timer.close()
    found = {run.schedule: run for run in runs(world)}
    assert {name: run.decisions for name, run in found.items()} == {"hourly": 3, "daily": 3}
    assert named(found["daily"], "blocked").hits == (1,)
    assert named(found["daily"], "guard_fired: input_schema/input").hits == (1,)
    assert named(found["hourly"], "slow").n == 3


def test_a_look_runs_few_windows_and_goes_on(watched):
    for _ in range(WINDOWS_AT_ONCE_MAX + 1):
        hour(watched, [record()])
    watched.offset += timedelta(days=1, seconds=60)
    watch = MonitorWatch()
    looks = [watch.look(watched.register, [USE]) for _ in range(4)]
    assert looks[0] == WINDOWS_AT_ONCE_MAX
    assert sum(run.schedule == "hourly" for run in runs(watched)) == WINDOWS_AT_ONCE_MAX + 1
    assert looks[-1] == 0


def test_the_error_is_shared_and_the_figures_are_dated():
    settings = monitor_settings()
    assert settings.basis == "ours"
    yearly = sum(9 * schedule.windows_per_year / settings.threshold(schedule, 9) for schedule in settings.schedules)
    assert yearly == pytest.approx(settings.false_alarms_per_year)
    assert set(ALL) == {each for schedule in settings.schedules for each in schedule.watches}


@pytest.mark.parametrize(
    "wrong", [{"false_alarms_per_year": 0}, {"reference_risk": 1.0}, {"ratios": (1.0,)}, {"score_edges": (5, 5)}, {"schedules": ()}]
)  # fmt: skip
def test_figures_that_cannot_be_are_refused(wrong):
    with pytest.raises(FieldError, match="cannot be"):
        replace(monitor_settings(), **wrong)


@pytest.mark.parametrize("hours", [1, 6, 24])
def test_windows_tile_the_time_from_midnight_in_hong_kong(hours):
    moment = datetime(2026, 11, 27, 15, 59, 59, tzinfo=UTC)
    since, until = window_of(moment, hours)
    assert since <= moment < until
    assert until - since == timedelta(hours=hours)
    assert window_of(until, hours)[0] == until
    assert window_of(until, 24)[0].isoformat().startswith("2026-11-28T00:00")
