"""Pages of human review, over a real workspace: queue and clocks, one item, every action, and why somebody may not act."""

from __future__ import annotations

import re
from html import unescape
from typing import NamedTuple

import pytest
from acting_world import HOSTILE, LANGUAGES, ActingWorld, words
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from dualtrack.domain.decision import GuardVerdict
from dualtrack.domain.records import encode, read_record
from dualtrack.domain.release import Release
from dualtrack.domain.usecase import UseCase
from dualtrack.runtime.answers import read_held
from dualtrack.runtime.faces.chat_tools import output_content
from dualtrack.runtime.models import keep_artifact
from dualtrack.runtime.passages.corpus import Corpus
from dualtrack.runtime.review_read import read_review
from dualtrack.web.pages import reviews
from dualtrack.web.pages.base import Redirect
from dualtrack.web.views.rendering import Language
from dualtrack.web.views.review_texts import cited, why_no_draft
from dualtrack.web.views.reviews import side_by_side
from permit.firm import USE, declaration, known_key, release
from runtime.service_desk import COMPONENTS

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
    refused = act(world, review, "modify", reason="no", text="I close it [p-1].", **{"call-0": "no JSON"})
    assert refused.status == 400
    assert ">no JSON</textarea>" in world.html(refused)
    edited = {"text": "I close it [p-1].", "call-0": '{"to": "<b>帳戶</b>"}'}
    assert isinstance(act(world, review, "modify", reason="no", **edited), Redirect)
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


NOTICE = "A machine answers"
ASKED = '[{"role":"system","text":"Be brief."},{"role":"user","text":"When is it open?"}]'
TEXTS = (
    'It said "9 to 5".\n\nThen "no"',
    '"all of it is quoted"',
    "星期一至五 「九時」 開放\n\\n and a tab\t",
    "\n\nblank lines first\n",
    "7 & <b> &amp; 'x'",
)


class Asker(NamedTuple):
    """What `read_held` asks of a use: who wants no AI in it."""

    opted_out: frozenset[str] = frozenset()


def typed_of(page: str) -> str:
    """Return what a browser puts into the field of the text: it drops a line end that stands first."""
    found = re.search(r'<textarea id="text"[^>]*>(.*?)</textarea>', page, flags=re.DOTALL)[1]
    return unescape(found.removeprefix("\n")).replace("\n", "\r\n")


@pytest.mark.parametrize("text", TEXTS)
def test_the_text_of_a_chat_is_edited_in_plain_words_and_comes_back_as_it_is(world, text):
    drafted = text if text.startswith("\n") else f"{NOTICE}\n\n{text}"
    record, _ = world.desk.decide(
        review="hold_before_release", outcome="routed", asked=ASKED, output=output_content(drafted).decode()
    )
    act(world, record.review, "claim")
    typed = typed_of(item(world, record.review))
    assert typed == drafted.replace("\n", "\r\n")
    unchanged = act(world, record.review, "modify", reason="x", text=typed)
    assert unchanged.status == 409  # exactly the text that stands: to be approved, not changed
    kept = act(world, record.review, "modify", reason="x", text=typed + '改 "x"')
    assert isinstance(kept, Redirect)
    given = read_held(world.desk.register, record, Asker())
    assert given.output.removeprefix(f"{NOTICE}\n\n") == text + '改 "x"'
    assert given.output.count(NOTICE) == 1


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_question_that_was_stopped_has_no_draft_to_approve(world, language):
    record, _ = world.desk.decide(review="guard_routed", outcome="routed", asked=ASKED, output=None, reasons=())
    act(world, record.review, "claim")
    page = item(world, record.review, language=language)
    said = words(page)
    for english, chinese in (
        ("Nothing was drafted", "因此沒有草稿"),
        ("Who asked", "提問者"),
        ("There is no draft to approve", "沒有草稿可供批准"),
        ("Give this answer", "發出此答覆"),
    ):
        assert (english if language == "en" else chinese) in said
    assert "When is it open?" in said
    assert 'value="approve"' not in page
    assert "role" not in said
    assert typed_of(page) == ""
    assert act(world, record.review, "approve", reason="x").status == 409
    assert act(world, record.review, "modify", reason="x", text=" \r\n").status == 400
    done = act(world, record.review, "modify", reason="x", text='At "nine".', language=language)
    assert {"en": "Your own text is recorded", "zh-Hant": "你所擬的文字已記錄"}[language] in done.message
    after = words(item(world, record.review, language=language))
    assert {"en": "A person wrote the answer", "zh-Hant": "由職員撰寫答覆"}[language] in after
    assert read_held(world.desk.register, record, Asker()).output == 'At "nine".'


def test_a_stopped_question_names_the_guards_that_stopped_it(world):
    record, _ = world.desk.decide(review="guard_routed", outcome="routed", asked=ASKED, output=None)

    def why(language, *guards):
        found = [GuardVerdict(name, stage, 900, fired, action, 1) for name, stage, fired, action in guards]
        return why_no_draft(replace(record, guards=found), "guard_routed", Language(language))

    fired = ("injection", "input", True, "block")
    quiet = [("mpf_choice", "input", False, "route"), ("personal_data", "input", True, "redact")]
    english, chinese = why("en", fired, *quiet), why("zh-Hant", fired, *quiet)
    assert english.startswith("A guard stopped the question before a model was asked: ")
    assert chinese.startswith("防護在詢問模型前已攔截問題：")
    assert why("en", *quiet).startswith("The question went to a person before a model was asked.")
    assert len(why("en", fired, ("mpf_choice", "input", True, "route"))) > len(english)


def test_a_row_keeps_its_json_in_a_fold_out(world):
    review = opened(world, output='{"score":0.123456789,"band":"B"}')
    act(world, review, "claim")
    page = item(world, review)
    assert page.count("As recorded, in JSON") == 2
    assert "0.123457" in page
    assert "0.123456789" in page
    assert typed_of(page) == '{"score":0.123456789,"band":"B"}'


def test_what_was_done_is_said_in_a_sentence(world):
    review = opened(world, four_eyes=True)
    assert act(world, review, "claim").message.startswith("You have claimed this review")
    done = act(world, review, "approve", reason="good", language="zh-Hant")
    assert done.message == "你已批准此文字，並為其負責。 尚須另一人批准。"


def passage(name: str, said: str, **more) -> dict[str, object]:
    both = {"en": said, "zh-Hant": f"（譯）{said}"}
    return {
        "id": name, "topic": "hours", "owner": "desk", "version": "1", "valid_from": "2026-01-01", "title": both,
        "text": both, "keys": both, "provenance": "test",
    } | more  # fmt: skip


def with_sources(world) -> None:
    """Release a corpus as what the use quotes."""
    passages = [
        passage("hours-1", "Open from nine to five"),
        passage("fees-1", "A transfer costs ten dollars"),
        passage("old-1", "Open from ten to four", valid_to="2026-02-01"),
    ]
    plain = {
        "format": "dualtrack.corpus/1",
        "use": USE,
        "firm": {"en": "Firm", "zh-Hant": "機構"},
        "passages": passages,
    }
    corpus = encode(read_record(plain, Corpus, where="test"))
    desk = world.desk
    digest = keep_artifact(desk.workspace.path("models"), corpus)
    declared = declaration(components=[COMPONENTS[0] | {"digest": digest}])
    desk.register.declare(read_record(declared, UseCase, where="test"), known_key("owner"))
    released = release(runtime=desk.policy_digest) | {"components": [{"id": "card", "digest": digest}]}
    desk.release_digest = desk.register.release(read_record(released, Release, where="test"), known_key("developer"))[0]


@pytest.fixture
def quoting(tmp_path):
    made = ActingWorld(tmp_path, reviews.PAGES, upstreams=[{"id": "card", "kind": "extractive", "provider": "us"}])
    yield made
    made.close()


def page_of(world, said: str, **given) -> str:
    review = opened(world, asked=ASKED, output=output_content(said).decode())
    act(world, review, "claim")
    return words(item(world, review, **given))


def test_the_cited_passage_stands_beside_the_draft(quoting):
    assert "Check it against the sources" not in page_of(
        quoting, "x [p-1]"
    )  # what was released is not in the workspace
    with_sources(quoting)
    page = page_of(quoting, "From nine [hours-1], and [old-1] and [none-9].")
    for said in (
        "Check it against the sources",
        "Open from nine to five",
        "Version 1, in force from 2026-01-01. test",
        "Not in force on the day of this answer.",
        "No released source has this name.",
    ):
        assert said in page
    assert "A transfer costs" not in page
    bare = page_of(quoting, "From nine.")
    assert "It names no source." in bare
    assert "Not cited; near to the question." in bare
    assert "Open from nine to five" in bare
    assert "未有引用；與問題相近。" in page_of(quoting, "From nine.", language="zh-Hant")


def test_sources_are_listed_once_in_order():
    assert cited("as [B 2] and [A] say, [B 2]") == ["B 2", "A"]
    assert cited(None) == []
