"""The page of observe mode: for uses that were live before, signed by the accountable executive, amber, with its last day."""

from __future__ import annotations

import pytest
from acting_world import PASSWORD, ActingWorld, words

from dualtrack.permit.assess import conclude
from dualtrack.web.pages import observe
from dualtrack.web.pages.base import Redirect
from permit.firm import FIRM, PASSES, compiled, known_key, rule

PATTERN = "/uses/{institution}/{use}/observe"
PATH = {"institution": FIRM, "use": "early-warning"}


def made(tmp_path, **changes):
    return ActingWorld(tmp_path, observe.PAGES, **changes)


@pytest.fixture
def world(tmp_path):
    found = made(tmp_path, live_since="2026-01-01T00:00:00Z")
    yield found
    found.close()


def act(world, *, by="executive", roles=("officer",), **form):
    given = {"password": PASSWORD, "reason": "it runs since January"} | form
    return world.answer("POST", PATTERN, by=by, roles=roles, path=PATH, form=given)


def show(world, *, language="en", roles=("officer",)):
    return world.show("GET", PATTERN, by="executive", roles=roles, path=PATH, language=language)


def test_a_new_use_is_told_that_it_needs_a_permit(tmp_path):
    world = made(tmp_path)
    english, chinese = show(world), show(world, language="zh-Hant")
    assert "A new use needs a permit" in english
    assert "新用途須有准許" in chinese
    assert "<textarea" not in english
    view = act(world, do="begin", days="10")
    assert view.status == 400
    world.close()


def test_begun_shown_in_amber_and_ended(world):
    assert "90" in show(world)
    assert isinstance(act(world, do="begin", days="30"), Redirect)
    english, chinese = show(world), show(world, language="zh-Hant")
    assert "30 days left" in words(english)
    assert "尚餘30日" in words(chinese)
    assert 'class="alert amber"' in english
    assert "Every call would be refused" in english
    assert "No permit was ever computed" in english
    assert "從未為此用途計算出准許" in chinese
    world.desk.forward(days=10, hours=1)
    assert "20 days left" in words(show(world))
    assert isinstance(act(world, do="end"), Redirect)
    assert "not observed now" in show(world)


@pytest.mark.parametrize(
    ("changes", "status", "says"),
    [
        ({"days": "91"}, 400, "whole number of days"),
        ({"days": "many"}, 400, "whole number of days"),
        ({"days": "10", "reason": ""}, 400, "Say why"),
        ({"days": "10", "password": "no"}, 401, "password is wrong"),
        ({"days": "10", "by": "compliance"}, 403, "does not have a role"),
    ],
)
def test_what_is_wrong_is_named(world, changes, status, says):
    view = act(world, do="begin", **changes)
    assert view.status == status
    assert says in world.html(view)


def test_calls_are_counted(world):
    act(world, do="begin", days="30")
    record, _ = world.desk.decide()
    assert "None yet" in show(world)  # that one was not made in observe mode
    assert record.mode == "live"


def test_who_may_not_sign_sees_no_form(world):
    page = show(world, roles=("auditor",))
    assert "<textarea" not in page
    assert "may begin it" in page


def test_the_rules_that_refuse_it_are_listed(world):
    world.desk.register.adopt(compiled([rule("r", PASSES), rule("open", "ev.approval.fit")]), known_key("compliance"))
    act(world, do="begin", days="30")
    english, chinese = show(world), show(world, language="zh-Hant")
    found = conclude(world.desk.register.case(f"{FIRM}/early-warning", world.desk.release_digest))
    assert [item.rule for item in found.refusals] == ["r", "open"]
    assert "Rules that refuse it as it stands (2)" in words(english)
    assert "以現況計不予准許的規則 (2)" in words(chinese)
