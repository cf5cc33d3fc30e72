"""Pages of holds: stopping with a measured result, releasing by another person, and what each of them refuses."""

from __future__ import annotations

import pytest
from acting_world import HOSTILE, PASSWORD, ActingWorld, words

from dualtrack.runtime.holds import list_holds
from dualtrack.web.pages import holds
from dualtrack.web.pages.base import Redirect
from permit.firm import FIRM, USE

ONE = "/holds/{id}"


@pytest.fixture
def world(tmp_path):
    made = ActingWorld(tmp_path, holds.PAGES)
    yield made
    made.close()


def set_one(world, *, by="compliance", target=f"use:{USE}", reason="harm seen", password=PASSWORD, language="en"):
    form = {"target": target, "reason": reason, "password": password}
    return world.answer("POST", "/holds", by=by, form=form, language=language)


def release(world, hold, *, by="boss", roles=("officer",), **form):
    return world.answer("POST", ONE, by=by, roles=roles, path={"id": hold}, form={"password": PASSWORD} | form)


def test_an_empty_list_and_what_can_be_held(world):
    english, chinese = world.both("GET", "/holds", by="compliance")
    assert "Nothing is on hold" in english
    assert "沒有任何暫停" in chinese
    for wanted in (
        f"use:{USE}",
        "component:card",
        "provider:cloud",
        f"institution:{FIRM}",
        f"release:{world.desk.release_digest}",
    ):
        assert f'value="{wanted}"' in english
    chosen = world.show("GET", "/holds", by="compliance", query={"scope": "provider", "target": "cloud"})
    assert 'value="provider:cloud" selected' in chosen
    assert "<form" not in words(world.show("GET", "/holds", by="auditor"))


def test_who_may_not_stop_sees_no_form(world):
    assert 'action="/holds"' not in world.show("GET", "/holds", by="auditor")


@pytest.mark.parametrize("language", ["en", "zh-Hant"])
def test_a_hold_answers_when_nothing_can_be_served_any_more(world, language):
    served = world.desk.decide()[0].id
    view = set_one(world, reason=HOSTILE, language=language)
    page = words(world.html(view, language))
    waited_ms = int(next(item.value for item in view.context["stats"]).replace(",", "").split()[0])
    assert waited_ms >= 1000
    assert ("Served after the hold 0" in page) or ("暫停後提供的決定 0" in page)
    assert ("before it" in page) or ("暫停之前" in page)
    link = f'HKT, <a href="/decisions/{served}">{served}</a>'
    assert link in world.html(view, language)
    hold = list_holds(world.desk.register)[0]["id"]
    assert link in world.show("GET", ONE, by="compliance", path={"id": hold}, language=language)
    assert "/decisions/" not in world.show("GET", ONE, by="collector", path={"id": hold}, language=language)
    shown = world.show("GET", "/holds", by="compliance", language=language)
    assert ("In force now" in shown) or ("現正生效" in shown)


@pytest.mark.parametrize(
    ("changes", "status", "says"),
    [
        ({"password": "wrong"}, 401, "password is wrong"),
        ({"reason": " "}, 400, "Say why"),
        ({"target": ""}, 400, "Choose one"),
        ({"target": "use:test-bank/none"}, 400, "Choose one"),
        ({"by": "developer"}, 403, "does not have a role"),
    ],
)
def test_what_is_missing_is_named_and_nothing_is_held(world, changes, status, says):
    view = set_one(world, **changes)
    page = world.html(view)
    assert view.status == status
    assert says in page
    assert not list_holds(world.desk.register)
    if "reason" not in changes:
        assert "harm seen" in page
    assert PASSWORD not in page


def test_another_person_releases(world):
    set_one(world)
    hold = list_holds(world.desk.register)[0]["id"]
    own = world.show("GET", ONE, by="compliance", path={"id": hold})
    assert "You set this hold" in own
    assert "<textarea" not in own
    refused = release(world, hold, by="compliance", roles=["compliance"], reason="changed my mind")
    assert refused.status == 403
    assert "Whoever set a hold" in world.html(refused)
    assert release(world, hold).status == 400
    assert isinstance(release(world, hold, reason="fixed <b>it</b>"), Redirect)
    english, chinese = world.both("GET", ONE, by="boss", roles=["officer"], path={"id": hold})
    assert "fixed &lt;b&gt;it" in english
    assert "已解除" in chinese
    assert "Past holds" in world.show("GET", "/holds", by="compliance")
    assert release(world, hold, reason="again").status == 404


def test_who_may_not_release_is_told_who_may(world):
    set_one(world, target="provider:cloud")
    hold = list_holds(world.desk.register)[0]["id"]
    page = world.show("GET", ONE, by="developer", path={"id": hold})
    assert "may release it" in page
    assert "<textarea" not in page
