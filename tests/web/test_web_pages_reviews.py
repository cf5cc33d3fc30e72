"""Pages of human review, over a real workspace: queue and clocks, one item, every action, and why somebody may not act."""

from __future__ import annotations

import re

import pytest
from acting_world import HOSTILE, LANGUAGES, ActingWorld, words
from hypothesis import given
from hypothesis import strategies as st

from dualtrack.runtime.faces.chat_tools import output_content
from dualtrack.runtime.review_read import read_review
from dualtrack.web.pages import reviews
from dualtrack.web.pages.base import Redirect
from dualtrack.web.views.reviews import cited, side_by_side

ITEM = "/reviews/{id}"


@pytest.fixture
def world(tmp_path):
    made = ActingWorld(tmp_path, reviews.PAGES)
    yield made
    made.close()


def opened(world, **changes) -> str:
    record, _ = world.desk.decide(review="hold_before_release", outcome="routed", **changes)
    return record.review


def act(world, review, do, *, by="reviewer", roles=None, language="en", **form):
    return world.answer(
        "POST", ITEM, by=by, roles=roles, language=language, path={"id": review}, form={"do": do, **form}
    )


def item(world, review, **given):
    return world.show("GET", ITEM, path={"id": review}, **given)


def test_an_empty_queue_says_when_reviews_open(world):
    english, chinese = world.both("GET", "/reviews")
    assert "Nothing waits here" in english
    assert "這裡沒有等候項目" in chinese


def test_the_queue_shows_clocks_and_filters(world):
    review = opened(world)
    english, chinese = world.both("GET", "/reviews")
    assert "4 h 0 min left" in english
    assert "尚餘4小時0分" in chinese
    assert f"/reviews/{review}" in english
    world.desk.forward(hours=5)
    assert "1 h 0 min over" in world.show("GET", "/reviews", query={"show": "late"})
    assert "Nothing waits here" in world.show("GET", "/reviews", query={"show": "mine"})
    act(world, review, "claim")
    assert "claimed by you" in world.show("GET", "/reviews", query={"show": "mine"})
    act(world, review, "escalate", reason="unsure")
    assert "Escalated" in world.show("GET", "/reviews", query={"show": "escalated"})


@pytest.mark.parametrize("language", LANGUAGES)
def test_texts_open_for_the_claimant_only_and_are_escaped(world, language):
    review = opened(world, output=HOSTILE, asked=HOSTILE, reasons=(HOSTILE,))
    before = item(world, review, language=language)
    assert "alert(1)" not in before
    act(world, review, "claim")
    page = item(world, review, language=language)
    assert page.count("&lt;script&gt;") >= 3
    assert "alert(1)" not in item(world, review, by="val", roles=["reviewer"], language=language)


def test_a_look_needs_a_reason_and_is_logged_first(world):
    review = opened(world, output="draft words")
    size = world.desk.register.repository.size()
    refused = act(world, review, "look", by="auditor")
    assert refused.status == 400
    assert world.desk.register.repository.size() == size
    shown = world.html(act(world, review, "look", by="auditor", reason="complaint 7"))
    assert "draft words" in shown
    assert "access/1" in world.desk.kinds(size)


@pytest.mark.parametrize(
    ("do", "status"),
    [("approve", "approved"), ("reject", "rejected"), ("terminate", "terminated"), ("escalate", "escalated")],
)
def test_every_action_is_recorded_with_its_reason(world, do, status):
    review = opened(world)
    act(world, review, "claim")
    assert act(world, review, do).status == 400  # a reason is asked for
    assert isinstance(act(world, review, do, reason="because it fits"), Redirect)
    state = read_review(world.desk.register, review)
    assert state.state.status == status
    assert state.actions[-1].reason == "because it fits"
    assert "because it fits" in item(world, review)


def test_a_changed_text_stands_side_by_side(world):
    review = opened(world, output="one\ntwo", four_eyes=True)
    act(world, review, "claim")
    assert isinstance(act(world, review, "modify", reason="wrong", text="one\r\nthree"), Redirect)
    act(world, review, "claim", by="val", roles=["reviewer"])
    page = item(world, review, by="val", roles=["reviewer"])
    assert re.search(r'class="removed".*?two', page, flags=re.DOTALL)
    assert re.search(r'class="added".*?three', page, flags=re.DOTALL)
    assert isinstance(act(world, review, "approve", by="val", roles=["reviewer"], reason="yes"), Redirect)
    assert read_review(world.desk.register, review).state.status == "modified"


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_tool_call_is_shown_with_its_arguments(world, language):
    call = {"id": "c1", "type": "function", "function": {"name": "close_account", "arguments": '{"to": "<b>戶口</b>"}'}}
    content = output_content("I close it [p-1].", [call]).decode()
    review = opened(world, output=content, four_eyes=True)
    act(world, review, "claim")
    page = item(world, review, language=language)
    assert {"en": "Tools it asks for", "zh-Hant": "所要求使用的工具"}[language] in page
    assert "close_account" in page
    assert "&lt;b&gt;戶口&lt;/b&gt;" in page
    assert "<b>戶口" not in page
    assert isinstance(act(world, review, "modify", reason="no", text=content.replace("戶口", "帳戶")), Redirect)
    act(world, review, "claim", by="val", roles=["reviewer"])
    page = item(world, review, by="val", roles=["reviewer"], language=language)
    assert re.search(r'class="added".*?帳戶', page, flags=re.DOTALL)


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_says_why_a_person_may_not_act(world, language):
    review = opened(world, four_eyes=True)
    maker = item(world, review, by="developer", roles=["reviewer"], language=language)
    assert ("maker is never the checker" in maker) or ("製作人" in maker)
    act(world, review, "claim")
    other = words(item(world, review, by="val", roles=["reviewer"], language=language))
    assert ("Somebody else has claimed" in other) or ("已由他人認領" in other)
    act(world, review, "approve", reason="good")
    act(world, review, "claim")
    again = words(item(world, review, language=language))
    assert ("needs two people" in again) or ("須由兩人批准" in again)


def test_a_refused_action_keeps_what_was_typed(world):
    review = opened(world, output="same")
    act(world, review, "claim")
    view = act(world, review, "modify", reason=HOSTILE[:200], text="same")
    assert view.status == 409
    assert "&lt;script&gt;" in world.html(view)
    chinese = world.html(act(world, review, "modify", reason="x", text="same", language="zh-Hant"), "zh-Hant")
    assert "文字與之前相同" in chinese


def test_an_approver_decides_what_was_escalated(world):
    review = opened(world)
    act(world, review, "claim")
    act(world, review, "escalate", reason="unsure")
    assert "Your roles do not decide" in item(world, review, by="val", roles=["reviewer"])
    assert isinstance(act(world, review, "claim", by="executive", roles=["approver"]), Redirect)
    page = item(world, review, by="executive", roles=["approver"])
    assert "0.25" in page
    assert isinstance(act(world, review, "approve", by="executive", roles=["approver"], reason="fine"), Redirect)


def test_who_only_reads_is_refused_an_action(world):
    review = opened(world)
    view = act(world, review, "claim", by="auditor")
    assert view.status == 403
    assert "None of your roles" in world.html(view)
    assert act(world, review, "dance").status == 400


def test_no_figure_of_fewer_than_ten(world):
    review = opened(world)
    act(world, review, "claim")
    act(world, review, "approve", reason="good")
    english, chinese = world.both("GET", "/reviews/group")
    assert english.count("Fewer than ten: not shown") == 4
    assert chinese.count("少於十人：不予顯示") == 4


@given(st.lists(st.text(alphabet="ab\n", max_size=20), min_size=2, max_size=2))
def test_side_by_side_loses_no_line(pair):
    found = side_by_side(*pair)
    assert [line for _, line in found.left] == pair[0].splitlines()
    assert [line for _, line in found.right] == pair[1].splitlines()
    assert [line for sign, line in found.left if sign == " "] == [line for sign, line in found.right if sign == " "]


def test_sources_are_listed_once_in_order():
    assert cited("as [B 2] and [A] say, [B 2]") == ["B 2", "A"]
    assert cited(None) == []
