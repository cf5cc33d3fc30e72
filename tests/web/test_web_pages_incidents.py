"""Pages of incidents: opened, followed, closed; duties with clocks only where a text was read; the SFC's question."""

from __future__ import annotations

import pytest
from acting_world import HOSTILE, ActingWorld, words

from dualtrack.runtime.changes import change_answers
from dualtrack.runtime.incidents import incident_updates, list_incidents, open_incident
from dualtrack.web.pages import incidents
from dualtrack.web.pages.base import Redirect
from permit.firm import USE

ONE, CLOSE = "/incidents/{id}", "/incidents/{id}/close"


def made(tmp_path, **changes):
    return ActingWorld(tmp_path, incidents.PAGES, **changes)


@pytest.fixture
def world(tmp_path):
    found = made(tmp_path)
    yield found
    found.close()


@pytest.fixture
def broker(tmp_path):
    found = made(tmp_path, type="licensed_corporation", facts={"language_model": True, "gives_advice": True})
    yield found
    found.close()


def start(world, **form):
    given = {"use": USE, "kind": "wrong-output", "severity": "material", "note": "two wrong letters"} | form
    return world.answer("POST", "/incidents/new", by="owner", form=given)


def started(world, **form) -> str:
    assert isinstance(start(world, **form), Redirect)
    return list_incidents(world.desk.register)[0]["id"]


def update(world, name, pattern=ONE, *, by="compliance", **form):
    return world.answer("POST", pattern, by=by, path={"id": name}, form=form)


def show(world, name, *, by="compliance", language="en"):
    return world.show("GET", ONE, by=by, path={"id": name}, language=language)


def test_the_list_is_empty_then_full(world):
    english, chinese = world.both("GET", "/incidents", by="owner")
    assert "No incidents here" in english
    assert "這裡沒有事故" in chinese
    name = started(world, people_affected="1,200", reference=HOSTILE[:150])
    english, chinese = world.both("GET", "/incidents", by="owner")
    assert f"/incidents/{name}" in english
    assert "錯誤輸出已送達他人" in chinese
    page = show(world, name)
    assert "1,200" in page
    assert "&lt;script&gt;" in page


@pytest.mark.parametrize(
    ("form", "says"),
    [
        ({"note": ""}, "Say what happened"),
        ({"severity": "huge"}, "Choose one"),
        ({"kind": "x"}, "Choose one"),
        ({"people_affected": "many"}, "whole number"),
        ({"people_affected": "9" * 40}, "whole number"),
        ({"use": "test-bank/none"}, "not here"),
        ({"reference": "x" * 201}, "missing or wrong"),
    ],
)
def test_what_is_wrong_is_named_by_field(world, form, says):
    view = start(world, **form)
    assert view.status in {400, 404}
    page = world.html(view)
    assert says in page
    assert not list_incidents(world.desk.register)
    if "note" not in form:
        assert "two wrong letters" in page


def test_it_is_followed_to_its_end(world):
    name = started(world, note=HOSTILE)
    assert update(world, name, state="contained", do="update", note="").status == 400
    assert isinstance(update(world, name, state="contained", do="update", note="switched off"), Redirect)
    assert update(world, name, state="closed", do="update", note="over").status == 400  # by the other door only
    assert update(world, name, CLOSE, note="").status == 400
    assert isinstance(update(world, name, CLOSE, note="letters sent again"), Redirect)
    page = show(world, name)
    assert "letters sent again" in page
    assert "<textarea" not in page
    assert update(world, name, do="update", state="open", note="again").status == 400
    assert [item.state for item in incident_updates(world.desk.register, name)] == ["contained", "closed"]
    assert world.answer("GET", CLOSE, by="compliance", path={"id": name}).to == f"/incidents/{name}"


def test_a_bank_is_told_what_is_not_verified(world):
    page = words(show(world, started(world)))
    assert "period not verified" in page
    assert "source not seen" in page
    assert "voluntary" in page
    assert "at once" not in page
    assert "A significant change?" not in page
    assert "期限未經核實" in words(show(world, list_incidents(world.desk.register)[0]["id"], language="zh-Hant"))


def test_a_licensed_corporation_has_a_clock_where_the_text_was_read(broker):
    page = words(show(broker, started(broker)))
    assert "at once, from 23 November 2026 10:00 HKT" in page
    assert "Code of Conduct 12.5" in page


def test_the_question_of_a_significant_change_is_answered_on_the_page_of_the_change_alone(broker):
    name = started(broker)
    page = show(broker, name)
    assert "Information Rules section 4 and Schedule 3" in page
    assert "Draft, if no" in page
    assert f'href="/uses/{USE}/change#question"' in page
    assert 'name="answer"' not in page
    assert update(broker, name, by="developer", do="answer", answer="no", note="as before").status == 400
    typed = "Significant change: no. typed by a developer"
    assert isinstance(update(broker, name, by="developer", do="update", state="open", note=typed), Redirect)
    page = words(show(broker, name))
    assert page.count(typed) == 1
    assert typed not in page.partition("A significant change?")[2], "an update says what was done, and answers nothing"
    assert change_answers(broker.desk.register, USE) == []


def test_facts_of_the_runtime_are_said_in_the_readers_language(world):
    facts = {"decision": "0" * 26, "index": 3, "complaints": 10, "days": 30, "my_count": 4}
    record = open_incident(
        world.desk.register, kind="complaints-unnamed", severity="minor", use=USE, note="x", by="runtime", facts=facts
    )
    chinese = show(world, record.id, language="zh-Hant")
    for wanted in ("決定", "日誌條目", "投訴數目", "日數", '<span lang="en">my count</span>'):
        assert wanted in chinese, wanted
    assert "complaints" not in words(chinese)
    assert "Complaints 10 Days 30 Decision 00000000000000000000000000 Entry 3" in words(show(world, record.id))


def test_who_only_reads_sees_no_form(world):
    page = show(world, started(world), by="auditor")
    assert "<textarea" not in page
    assert 'href="/incidents/new"' not in world.show("GET", "/incidents", by="auditor")
