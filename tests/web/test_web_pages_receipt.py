"""A customer's receipt: plain words in both languages, a person, opting out, the proof, and one page for every wrong code."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from acting_world import words
from page_world import FIRM, HOSTILE, ROW, USE, PageWorld

from dualtrack.domain import canonical
from dualtrack.domain.records import Text
from dualtrack.errors import RateLimitError
from dualtrack.ledger.merkle import leaf_hash
from dualtrack.runtime.complaints import COMPLAINT_CHARACTERS_MAX, COMPLAINTS_OF_ONE_MAX
from dualtrack.runtime.decide import Scoring, decide
from dualtrack.runtime.opting import has_opted_out
from dualtrack.store.projections import Projections
from dualtrack.web.identity.rate_limits import ATTEMPT_LIMITS, Attempts
from dualtrack.web.pages import receipt
from dualtrack.web.pages.base import Download, Redirect
from runtime.planting_world import act

COMPLAINT = "/r/{code}/complaint"
ONE, PERSON, OPT_OUT, PROOF = "/r/{code}", "/r/{code}/person", "/r/{code}/opt-out", "/r/{code}/proof"
WRONG = ("0000-0000-0000", "x" * 500, "<script>alert(1)</script>", "零", "' or 1=1")


@pytest.fixture
def world(tmp_path):
    made = PageWorld(tmp_path, receipt.PAGES)
    made.permit()
    yield made.start()
    made.close()


def reviews(world):
    return Projections(world.register.repository).rows("review")


def test_a_receipt_says_in_plain_words_what_decided_and_why(world):
    answer = world.decide(person="customer 7")
    english, chinese = world.both("GET", ONE, path={"code": answer.receipt})
    said = words(english)
    for wanted in (
        "The answer was given as computed.",
        "late",
        "A machine answers.",
        "Call 2000 0000 (fictional)",
        "In regular use under a permit",
        "card 1",
        "HKT",
        "Ask for a person",
        "Opt out",
    ):
        assert wanted in said, wanted
    assert "由機器回應。" in chinese
    assert "致電 2000 0000（虛構）" in chinese
    assert "customer 7" not in english
    assert "<nav" not in english


def test_reasons_are_said_in_the_readers_language(world):
    late = Text(en="payments were late", zh="曾逾期還款")
    world.runtime.snapshots.refresh()
    answer = decide(world.runtime, USE, ROW, lambda _: Scoring(0.5, (late, HOSTILE)))
    english, chinese = world.both("GET", ONE, path={"code": answer.receipt})
    assert late.en in words(english)
    assert late.zh not in english
    assert late.zh in chinese
    assert late.en not in chinese
    assert "A model computed this from the details given." in words(english)
    assert "此結果由模型根據所提供的資料計算。" in chinese
    assert "model: card 1" in words(english)
    assert "模型：card 1" in chinese
    assert "No reasons were recorded" not in english


def test_a_stopped_row_says_why_and_gives_no_code_of_ours(world):
    english, chinese = world.both("GET", ONE, path={"code": world.decide(row={"late": 99}).receipt})
    assert "The details sent were not in the form that is needed." in words(english)
    assert "所提交的資料不符合所需格式。" in chinese
    assert "input_schema" not in english


def test_every_wrong_code_gives_the_same_page(world):
    world.decide()
    pages = {
        world.show(method, pattern, path={"code": code})
        for code in WRONG
        for method, pattern in (("GET", ONE), ("POST", PERSON), ("POST", OPT_OUT), ("GET", PROOF))
    }
    assert len(pages) == 1
    assert "There is no receipt under this code." in pages.pop()
    assert world.answer("GET", ONE, path={"code": WRONG[0]}).status == 404
    assert "沒有此代碼的收據" in world.show("GET", ONE, path={"code": WRONG[0]}, language="zh-Hant")


def test_wrong_codes_are_counted_and_right_ones_are_not(world):
    answer = world.decide()
    world.services["attempts"] = Attempts(world.runtime.store.backend, b"k" * 32, world.runtime.clock)
    most = int(ATTEMPT_LIMITS["receipt_source"].burst)
    for _ in range(most + 5):
        assert world.answer("GET", ONE, path={"code": answer.receipt}).status == 200
    for _ in range(most):
        assert world.answer("GET", ONE, path={"code": WRONG[0]}).status == 404
    with pytest.raises(RateLimitError):
        world.answer("GET", ONE, path={"code": answer.receipt})


def test_the_code_is_typed_on_a_page_of_its_own(world):
    english, chinese = world.both("GET", "/r")
    assert 'action="/r"' in english
    assert "收據代碼" in chinese
    answer = world.decide()
    typed = f" {answer.receipt.lower()} "
    found = world.answer("POST", "/r", form={"code": typed})
    assert isinstance(found, Redirect)
    assert world.answer("GET", ONE, path={"code": found.to.removeprefix("/r/")}).status == 200
    assert world.answer("POST", "/r", form={"code": "<>"}).status == 404


def test_a_customer_asks_for_a_person_and_sees_the_clock(world):
    answer = world.decide()
    path = {"code": answer.receipt}
    found = world.answer("POST", PERSON, path=path)
    assert isinstance(found, Redirect)
    assert "A person will look at it by" in found.message
    assert [row["why"] for row in reviews(world)] == ["customer_asked"]
    again = world.answer("POST", PERSON, path=path)
    assert "asked already" in again.message
    assert len(reviews(world)) == 1
    english, chinese = world.both("GET", ONE, path=path)
    assert "A person has yet to look at it." in english
    assert "Due by" in english
    assert "仍待職員查看。" in chinese
    assert "Ask for a person" not in english


def test_opting_out_counts_from_now_on(world):
    answer = world.decide(person="customer 7")
    found = world.answer("POST", OPT_OUT, path={"code": answer.receipt})
    assert "From now on no AI is used" in found.message
    subject = world.runtime.subjects.pseudonym(FIRM, "customer 7")
    assert has_opted_out(world.register, USE, subject)
    assert "already" in world.answer("POST", OPT_OUT, path={"code": answer.receipt}).message


def test_who_opted_out_reads_that_and_may_take_it_back(world):
    path = {"code": world.decide(person="customer 7").receipt}
    subject = world.runtime.subjects.pseudonym(FIRM, "customer 7")
    world.answer("POST", OPT_OUT, path=path)
    english, chinese = world.both("GET", ONE, path=path)
    assert "You have opted out" in english
    assert "你已選擇退出" in chinese
    assert ">Opt out<" not in english
    back = world.answer("POST", OPT_OUT, path=path, form={"do": "back"})
    assert "again, from now on" in back.message
    assert not has_opted_out(world.register, USE, subject)
    assert "You had not opted out" in world.answer("POST", OPT_OUT, path=path, form={"do": "back"}).message
    assert ">Opt out<" in world.show("GET", ONE, path=path)


def test_opting_out_of_a_receipt_about_nobody_is_refused_with_the_way(world):
    answer = world.decide()
    found = world.answer("POST", OPT_OUT, path={"code": answer.receipt})
    assert found.status == 400
    assert "This receipt names nobody" in world.html(found)
    chinese = world.answer("POST", OPT_OUT, path={"code": answer.receipt}, language="zh-Hant")
    assert "此收據沒有指明任何人" in world.html(chinese, "zh-Hant")


def test_where_there_is_no_opting_out_it_is_not_offered(world):
    world.world.again(audience="customers")
    answer = world.decide(person="customer 7")
    assert "Opt out" not in world.show("GET", ONE, path={"code": answer.receipt})
    assert world.answer("POST", OPT_OUT, path={"code": answer.receipt}).status == 400


def test_what_a_customer_typed_stays_when_a_complaint_is_refused(world):
    path = {"code": world.decide(person="customer 7").receipt}
    typed = "<b>no</b>\r\nwhy?" + "x" * COMPLAINT_CHARACTERS_MAX
    page = world.html(world.answer("POST", COMPLAINT, path=path, form={"text": typed}))
    assert "&lt;b&gt;no&lt;/b&gt;\nwhy?xxx" in page
    for number in range(COMPLAINTS_OF_ONE_MAX):
        assert isinstance(world.answer("POST", COMPLAINT, path=path, form={"text": f"number {number}"}), Redirect)
    for language, says in (("en", "No more complaints of this decision"), ("zh-Hant", "不再接受投訴")):
        found = world.answer("POST", COMPLAINT, path=path, form={"text": "one too many"}, language=language)
        assert found.status == 403
        page = world.html(found, language)
        assert says in page
        assert ">one too many</textarea>" in page


def test_a_line_end_counts_once_against_the_limit(world):
    lines = COMPLAINT_CHARACTERS_MAX // 2
    found = world.answer("POST", COMPLAINT, path={"code": world.decide().receipt}, form={"text": "x\r\n" * lines})
    assert isinstance(found, Redirect)
    kept = next(iter(world.register.repository.every(kinds=("complaint/1",))))
    digest = canonical.decode(kept.content)["text"]
    assert world.runtime.recorder(FIRM).contents.open(digest) == b"x\n" * lines


def test_the_proof_is_of_this_decision(world):
    answer = world.decide()
    found = world.answer("GET", PROOF, path={"code": answer.receipt})
    assert isinstance(found, Download)
    proof = json.loads(found.data)
    assert proof["leaf_hash"] == leaf_hash(proof["leaf"].encode()).hex()
    assert answer.decision in proof["content"]


def test_a_late_answer_of_a_person_is_said(world):
    answer = world.decide()
    world.answer("POST", PERSON, path={"code": answer.receipt})
    world.world.offset += timedelta(days=30)
    assert "is late" in world.show("GET", ONE, path={"code": answer.receipt})


def test_an_answer_that_a_person_released_stands_on_the_receipt_and_a_draft_never(world):
    world.world.again(audience="customers", review={"mode": "hold"})
    waiting, approved, rejected = (world.decide(person="customer 7") for _ in range(3))
    act(world.runtime, approved.review, "modify", text="<b>0.25</b>")
    act(world.runtime, rejected.review, "reject")
    english, chinese = world.both("GET", ONE, path={"code": approved.receipt})
    assert "The answer that a person released" in english
    assert "&lt;b&gt;0.25" in english
    assert "經職員核准發出的答覆" in chinese
    assert "This answer was first fetched at" in words(english)
    assert "首次取得" in words(chinese)
    for found in (waiting, rejected):
        page = world.show("GET", ONE, path={"code": found.receipt})
        assert "0.88" not in page
        assert "<li>late" not in page
        assert "released" not in page
        assert ("first fetched" in page) is (found is rejected)
    assert "A colleague will look at this." in page
    assert "同事會跟進。" in world.show("GET", ONE, path={"code": rejected.receipt}, language="zh-Hant")
