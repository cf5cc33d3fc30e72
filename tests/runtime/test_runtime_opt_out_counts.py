"""Many people who opt out: somebody must look, nothing is narrowed, and neither drills nor planted items count."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from dualtrack.domain.records import Text
from dualtrack.runtime.compiling import compile_drill, compile_use
from dualtrack.runtime.incidents import get_incident, update_incident
from dualtrack.runtime.live import LiveUse
from dualtrack.runtime.opt_out_counts import OPT_OUTS_KIND, look_at_opt_outs, people_opted_out
from dualtrack.runtime.opting import opt_out
from dualtrack.runtime.oversight import read_oversight
from dualtrack.runtime.planting import plant
from dualtrack.runtime.standing import standing_settings
from dualtrack.runtime.timer import ReviewTimer
from dualtrack.web.views.rendering import Language
from dualtrack.web.views.runtime_words import runtime_words
from dualtrack.web.views.use_facts import signal_rows
from dualtrack.web.views.wording import Say
from runtime.planting_world import HELD, ask, laid
from runtime.runtime_world import FIRM, USE

RULE = next(rule for rule in standing_settings().signals if rule.kind == "opt_out")
CHOICE = {"opt_out": True, "audience": "customers"}


def leave(desk, count, first=0):
    for number in range(first, first + count):
        assert opt_out(desk.register, desk.subjects, USE, person=f"person {number}")


def row(desk, language=Language.EN):
    said = Say(language).capital(Text(en="person opted out", zh="選擇退出"))
    return next(found for found in signal_rows(desk.register, USE, Say(language)) if found.kind == said)


def test_enough_people_ask_for_one_look_and_the_page_counts_them(desk):
    leave(desk, RULE.count_min - 1)
    assert look_at_opt_outs(desk.register, USE) is None
    leave(desk, 1, RULE.count_min)
    incident = get_incident(desk.register, look_at_opt_outs(desk.register, USE))
    assert (incident.kind, incident.severity, incident.by) == (OPT_OUTS_KIND, "minor", "runtime")
    assert incident.facts == {"people": RULE.count_min, "days": RULE.window_days}
    assert look_at_opt_outs(desk.register, USE) is None, "one is open"
    assert (row(desk).n, row(desk).says) == (RULE.count_min, "Twenty people opted out within thirty days")
    assert row(desk, Language.ZH).says == "三十日內有二十人選擇退出"
    assert "三十日內有二十人選擇退出" in runtime_words(incident.note, Say(Language.ZH))
    assert "<" not in runtime_words(incident.note, Say(Language.ZH)), "no part of it stays English"


def test_after_a_look_only_new_people_ask_for_another(desk):
    leave(desk, RULE.count_min)
    update_incident(desk.register, look_at_opt_outs(desk.register, USE), state="closed", note="a leaflet", by="owner")
    desk.time += timedelta(minutes=1)
    leave(desk, RULE.count_min - 1, 100)
    assert look_at_opt_outs(desk.register, USE) is None
    leave(desk, 1, 200)
    assert look_at_opt_outs(desk.register, USE) is not None


def test_a_person_counts_once_while_out_and_lately(desk):
    for _ in range(3):
        leave(desk, 1)
        assert opt_out(desk.register, desk.subjects, USE, person="person 0", active=False)
    assert people_opted_out(desk.register, USE) == []
    leave(desk, 2)
    assert len(people_opted_out(desk.register, USE)) == 2
    desk.time += timedelta(days=RULE.window_days + 1)
    assert people_opted_out(desk.register, USE) == []
    assert row(desk).n == 0


def test_the_timer_looks_and_nothing_is_narrowed(world):
    world.permit(**CHOICE)
    with world.open() as runtime:
        for number in range(RULE.count_min):
            opt_out(world.register, runtime.subjects, USE, person=f"person {number}")
        runtime.snapshots.refresh()
        timer = ReviewTimer(runtime, every_s=3600)
        try:
            timer.look()
            timer.look()
        finally:
            timer.close()
    found = compile_use(world.register, USE, read_oversight(world.register))
    assert isinstance(found, LiveUse)
    assert found.narrowed == ()
    assert len(list(world.register.repository.every(kinds=("incident/1",)))) == 1


@pytest.mark.parametrize("mode", ["live", "drill"])
def test_a_drill_honours_the_wish_and_counts_nobody(world, mode):
    world.permit(**CHOICE)
    with world.open() as runtime:
        live = runtime.gate.enter(USE) if mode == "live" else compile_drill(world.register, USE)
        call = runtime.call(live, b"{}", person="ann")
        runtime.remember_opt_out(call)
        assert runtime.opted_out(call)
        done, _, _ = call.end("routed", code="opted-out", output=None)
        asyncio.run(call.recorder.record(done, durable=True))
    assert len(people_opted_out(world.register, USE)) == (1 if mode == "live" else 0)


def test_whom_a_planted_item_is_about_is_nobody(world):
    world.permit(review=HELD, **CHOICE)
    with world.open() as runtime:
        ask(runtime)
        laid(world, runtime)
        planted = plant(runtime, USE)
        subject = world.register.repository.tables.decision.c.subject
        with world.register.repository.backend.read() as connection:
            people = set(connection.execute(subject.table.select().with_only_columns(subject)).scalars())
        mine = runtime.subjects.pseudonym(FIRM, "ann")
        assert planted
        assert len(people - {mine}) == 1
        for person in people:
            opt_out(world.register, runtime.subjects, USE, subject=person)
    assert len(people_opted_out(world.register, USE)) == 1
