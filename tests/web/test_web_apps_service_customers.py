"""What customers of a chat can't make up, lose or be shown: answers never given, complaints that close a use, words about its set-up."""

from __future__ import annotations

import re
from datetime import date, timedelta

import pytest
from page_language import english_in
from server_world import ORIGIN, USE, ConsoleRole
from service_world import CHAT_PATH, CORPUS, ServiceWorld, plain

from dualtrack.apps.service.complaints import complaints, file_complaint, month_report, take_step
from dualtrack.apps.service.conversations import begin, find, lines, say, step
from dualtrack.apps.service.evidence import conversation_table
from dualtrack.apps.service.pages.chat import bubbles
from dualtrack.apps.service.settings import read_settings
from dualtrack.apps.service.turn import Assistant
from dualtrack.domain import canonical
from dualtrack.domain.records import read_record
from dualtrack.domain.time import hong_kong_date
from dualtrack.runtime.complaints import find_complaint
from dualtrack.runtime.passages.corpus import Corpus

ASKED = "What is the monthly account fee?"


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    world = ServiceWorld(tmp_path_factory.mktemp("customers"))
    yield world
    world.close()


def post(browser, address, **form):
    return browser.ask("POST", address, data=form, headers={"origin": ORIGIN})


def opened(served, address):
    return find(served.runtime, address.rpartition("/")[2])


def row_of(served, address):
    """Return the row of the newest conversation in the table of evidence."""
    return conversation_table(served.register, USE)[-1]


def signals(served):
    entries = served.register.repository.every(kinds=("signal/1",), ids=(USE,))
    return [canonical.decode(entry.content)["kind"] for entry in entries]


def test_complaints_where_nothing_was_answered_call_for_a_look_and_close_nothing(served):
    before = len(signals(served))
    browser, address = served.start()
    assert post(browser, f"{address}/complaint", complaint="bad").status_code == 303
    for _ in range(10):
        _, found = begin(served.runtime, USE, channel="page", language="en")
        file_complaint(served.runtime, found, "bad", [], by="customer")
    assert signals(served)[before:] == ["complaint_unnamed"] * 11
    for text in ("I want to talk to a person please", "I want to complain"):  # answered by nobody either
        browser, address = served.start()
        served.write(browser, address, text)
        assert post(browser, f"{address}/complaint", complaint="bad").status_code == 303
    assert "complaint" not in signals(served)[before:]
    served.runtime.snapshots.refresh()
    assert served.runtime.gate.closed(USE) is None
    assert "HK$50" in plain(served.write(*served.start(), ASKED))


def test_a_complaint_of_an_answer_is_linked_to_it_and_counts_once(served):
    browser, address = served.start()
    served.write(browser, address, ASKED)
    for _ in range(7):  # of one answer five are taken; what comes more is kept all the same
        assert post(browser, f"{address}/complaint", complaint="It is wrong.").status_code == 303
    found = opened(served, address)
    answer = lines(found)[1]
    made = [row.entry for row in complaints(served.register, on=date(2026, 12, 1), use=USE)][:7]
    kept = [find_complaint(served.register, entry) for entry in reversed(made)]
    assert [each.decision for each in kept] == [answer.row["decision"]] * 5 + [None] * 2
    assert [each.counted for each in kept] == [True] + [False] * 6
    assert {each.subject for each in kept} == {found.row["subject"]}  # erased with everything else about them


@pytest.mark.parametrize("number", ["99", "1", "", "²", "-1", "9" * 5000])
def test_only_an_answer_of_this_conversation_can_be_confirmed(served, number):
    browser, address = served.start()
    assert post(browser, f"{address}/solved", solved="yes", number=number).status_code == 400
    served.write(browser, address, ASKED)
    refused = post(browser, f"{address}/solved", solved="yes", number=number)
    assert refused.status_code == 400
    assert "no answer of this conversation" in plain(refused)
    assert opened(served, address).row["solved"] is None
    assert (row_of(served, address)["confirmed"], row_of(served, address)["solved"]) == (0, "")
    assert post(browser, f"{address}/solved", solved="yes", number="2").status_code == 303
    assert row_of(served, address)["confirmed"] == 1


def test_a_conversation_without_an_answer_confirms_nothing_in_evidence(served):
    _, address = served.start()
    step(opened(served, address), "solved", by="customer", number=99)
    row = row_of(served, address)
    assert (row["answers"], row["solved"], row["confirmed"]) == (0, "", 0)


def test_a_complaint_on_the_receipt_has_its_clocks_and_is_counted(served):
    on = hong_kong_date(served.world.clock())
    before = month_report(served.register, f"{on:%Y-%m}", on=on).received
    browser, address = served.start()
    served.write(browser, address, ASKED)
    code = lines(opened(served, address))[1].content["receipt"]
    page = browser.get(f"/r/{code}").text
    action = next(name for name in re.findall(r'<form[^>]+action="([^"]+)"', page) if "complain" in name)
    token = re.search(r'name="token" value="([^"]+)"', page[page.index(action) :])[1]
    sent = post(browser, action, token=token, complaint="The fee is another", text="The fee is another")
    assert sent.status_code < 400
    row = complaints(served.register, on=on)[0]
    assert (row.conversation, row.received, row.late) == (opened(served, address).id, on, ())
    assert month_report(served.register, f"{on:%Y-%m}", on=on).received == before + 1
    assert row_of(served, address)["complained"] == 1
    take_step(served.register, row.entry, "acknowledged", by="x")
    assert complaints(served.register, on=on)[0].acknowledged == on
    agent = served.signed_in(ConsoleRole.COMPLIANCE)
    assert f"/apps/service/desk/{row.conversation}" in agent.get(f"/apps/service/complaints/of/{row.entry}").text


@pytest.mark.parametrize(
    "path", [f"/apps/service/c/{'x' * 43}", "/apps/service/chat/nofirm/nouse", "/apps/service/frame/a/b"]
)
@pytest.mark.parametrize(("lang", "said"), [("en", "There is no such conversation"), ("zh-Hant", "沒有這個對話")])
def test_an_address_without_a_chat_says_so_in_the_customers_language_and_nothing_of_the_set_up(
    served, path, lang, said
):
    page = served.browser().get(f"{path}?lang={lang}")
    assert page.status_code == 404
    assert said in page.text
    assert "service.yaml" not in page.text
    assert lang == "en" or english_in(page.text) == []


def test_who_chooses_neither_is_asked_again_and_told_how_long_a_choice_holds(served):
    for lang, ask, holds in (
        ("en", "Please choose one of the two.", "does not know you again"),
        ("zh-Hant", "請選擇其中一項。", "開始新對話時須重新選擇"),
    ):
        browser = served.browser()
        assert holds in plain(browser.get(f"{CHAT_PATH}?lang={lang}"))
        page = post(browser, CHAT_PATH, wants="zzz")
        assert page.status_code == 400
        assert ask in plain(page)
    browser, address = served.start()
    assert "choose a person again" in plain(served.write(browser, address, "I do not want AI, opt me out of AI"))


def test_a_program_is_told_of_the_offer_and_it_is_not_kept(served):
    headers = {"authorization": f"Bearer {served.key(ConsoleRole.CALLER)}", "accept": "application/json"}
    asked = {"use": USE, "message": f"I am blind. {ASKED}"}
    told = served.browser().ask("POST", "/v1/service/turns", json=asked, headers=headers).json()
    assert told["messages"][1]["offers"] is True
    assert "offers" not in lines(find(served.runtime, told["conversation"]))[1].content


def test_help_is_offered_by_the_customers_own_words_and_no_mark_of_it_is_needed(served):
    _, found = begin(served.runtime, USE, channel="page", language="en")
    say(served.runtime, found, "customer", {"text": f"I am blind. {ASKED}"})
    say(served.runtime, found, "assistant", {"text": "HK$50"}, outcome="served")
    say(served.runtime, found, "customer", {"text": ASKED})
    say(served.runtime, found, "assistant", {"text": "HK$50"}, outcome="served")
    assert [item.offers for item in bubbles(served.runtime, found)] == [False, True, False, False]


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("How much is the 戶口月費?", "en"),
        ("個 account 嘅 monthly fee 幾多", "zh-Hant"),
        ("戶口月費。How much is it?", "en"),
    ],
)
def test_what_is_measured_speaks_the_language_that_the_chat_does(served, text, language):
    browser, address = served.start()
    served.write(browser, address, text)
    corpus = read_record(CORPUS, Corpus, where="test")
    assert lines(opened(served, address))[1].row["language"] == language
    assert Assistant(corpus, on=hong_kong_date(served.world.clock())).turn(text).language == language


def test_what_is_said_in_place_of_a_held_answer_is_in_one_language(tmp_path):
    world = ServiceWorld(tmp_path, policy={"review": {"mode": "hold", "due_minutes": 30}})
    try:
        browser, address = world.start(lang="zh-Hant")
        world.write(browser, address, "戶口月費係幾多錢？")
        reviewer = world.signed_in(ConsoleRole.REVIEWER)
        name = canonical.decode(world.register.repository.newest("review/1", USE).content)["id"]
        for do in ("claim", "reject"):
            reviewer.post(f"/reviews/{name}", {"do": do, "reason": "not to be said like this"})
        shown = bubbles(world.runtime, opened(world, address))[1]
        assert not shown.held
        assert re.search("[一-鿿]{4}", shown.text)
        assert not re.search("[A-Za-z]{4,} [A-Za-z]{3,} ", shown.text)
    finally:
        world.close()


def test_a_firm_sets_its_own_days_with_their_source(served):
    file = served.world.workspace.path("service.yaml")
    shipped, on = file.read_bytes(), hong_kong_date(served.world.clock())
    own = "    complaints: {acknowledge: 2, reply: 14, source: {en: House rule 7, zh-Hant: 內部守則第7條}}\n"
    try:
        file.write_bytes(shipped.rstrip() + b"\n" + own.encode())
        settings = read_settings(served.world.workspace)
        _, found = begin(served.runtime, USE, channel="page", language="en")
        entry = file_complaint(served.runtime, found, "bad", [], by="customer")
        row = complaints(served.register, on=on + timedelta(days=3), settings=settings)[0]
        assert (row.entry, row.conversation, row.late) == (entry, found.id, ("acknowledge",))
        assert (row.acknowledge_by - row.received, row.reply_by - row.received) == (timedelta(2), timedelta(14))
        for lang, said in (("en", "2 / 14 (House rule 7)"), ("zh-Hant", "2 / 14 (內部守則第7條)")):
            page = served.signed_in(ConsoleRole.COMPLIANCE).get(f"/apps/service/complaints?lang={lang}")
            assert said in plain(page)
        assert english_in(page.text) == []
    finally:
        file.write_bytes(shipped)
    assert complaints(served.register, on=on, settings=read_settings(served.world.workspace))[
        0
    ].reply_by == on + timedelta(30)
