"""The notice for customers: open to everybody, only for what answers customers, and it says when no AI answers."""

from __future__ import annotations

import pytest
from acting_world import words
from page_world import OF_USE, PageWorld

from dualtrack.errors import NotFoundError
from dualtrack.runtime.holds import set_hold
from dualtrack.runtime.live import Closed
from dualtrack.runtime.observing import begin_observe
from dualtrack.web.pages import notice
from dualtrack.web.views.notice import CLOSED_LATELY, customer_notice
from permit.firm import USE, compiled, known_key, rule

ONE = "/notice/{institution}/{use}"
HOLD = {"scope": "use", "target": USE, "reason": "two wrong letters went out"}


@pytest.fixture
def world(tmp_path):
    made = PageWorld(tmp_path, notice.PAGES)
    yield made
    made.close()


@pytest.fixture
def permitted(world):
    world.permit()
    return world.start()


def refused(world, path=OF_USE):
    with pytest.raises(NotFoundError) as caught:
        world.answer("GET", ONE, path=path)
    return str(caught.value)


def test_customers_read_what_answers_and_what_they_may_do(permitted):
    english, chinese = permitted.both("GET", ONE, path=OF_USE)
    said = words(english)
    for wanted in (
        "In use, within a permit of the firm.", "A machine answers.", "Call 2000 0000 (fictional)",
        "Each answer has a receipt code.", "You may ask that no AI is used for you",
    ):  # fmt: skip
        assert wanted in said, wanted
    for wanted in ("正在使用，並在機構的准許範圍之內。", "由機器回應。", "每項答覆均有收據代碼"):
        assert wanted in chinese, wanted
    assert 'href="/r"' in english


def test_a_hold_is_told_without_its_reason(permitted):
    set_hold(permitted.register, known_key("compliance"), **HOLD)
    permitted.runtime.snapshots.refresh()
    said = words(permitted.show("GET", ONE, path=OF_USE))
    assert "No AI answers now: it is stopped." in said
    assert "A machine answers." not in said
    assert "two wrong letters" not in said


def test_what_a_person_approves_says_so(world):
    world.permit(review={"mode": "hold", "due_minutes": 60})
    said = words(world.start().show("GET", ONE, path=OF_USE))
    assert "A person of the firm approves every answer before it reaches you." in said


@pytest.mark.parametrize("changes", [{"audience": "staff"}, {"audience": "system"}, {"plan": "shadow"}])
def test_what_answers_no_customer_has_no_notice_and_a_hold_changes_nothing_of_that(world, changes):
    world.permit(**changes)
    world.start()
    said = refused(world)
    set_hold(world.register, known_key("compliance"), **HOLD)
    world.runtime.snapshots.refresh()
    assert refused(world) == said
    for path in ({"institution": "elsewhere", "use": "x"}, {"institution": "?", "use": "/"}):
        assert refused(world, path) == said


def test_only_what_was_open_before_is_told_when_it_is_closed(permitted):
    live = permitted.runtime.snapshots.current.uses[USE]

    def told(code, standby=None):
        return customer_notice(
            permitted.register, USE, Closed(use=USE, code=code, reason="-", fix="-", standby=standby)
        )

    assert customer_notice(permitted.register, USE, None) is told("permit.none") is None
    assert [told(code).answers for code in CLOSED_LATELY] == [False] * len(CLOSED_LATELY)
    assert "Fixed rules answer" in told("permit.held", live).now.en


def test_a_use_that_was_only_observed_is_told_and_says_that_it_is_not_permitted(world):
    world.world.permit(packs=[compiled([rule("r", "ev.check.estimate >= 0.9")])], audience="customers")
    world.declare(live_since="2025-01-01T00:00:00Z")
    world.start()
    refused(world)
    begin_observe(world.register, known_key("executive"), USE, "it was live", 10)
    world.runtime.snapshots.refresh()
    assert "not yet permitted by it" in words(world.show("GET", ONE, path=OF_USE))
    set_hold(world.register, known_key("compliance"), **HOLD)
    world.runtime.snapshots.refresh()
    assert "No AI answers now" in words(world.show("GET", ONE, path=OF_USE))
