"""Bad input and faults of customer service, as a customer meets them: odd writing, very long and very many messages, another language, a process that dies."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent.parent / "web"))  # the served firm is that of the tests of pages

import service_world
from server_world import ORIGIN, USE, ConsoleRole
from service_world import ServiceWorld, plain

from dualtrack.apps.service import queueing
from dualtrack.apps.service.conversations import MESSAGE_CHARACTERS_MAX, find, lines
from dualtrack.apps.service.language import detect
from dualtrack.apps.service.pages.chat import bubbles
from dualtrack.apps.service.queueing import AT_ONCE_MAX, in_turn
from dualtrack.domain import canonical
from dualtrack.errors import ConflictError, RateLimitError
from dualtrack.runtime.engine import Runtime
from dualtrack.store.workspace import Workspace

WORKER = Path(__file__).with_name("conversation_worker.py")
FEE = "What is the monthly account fee?"
FEE_ZH = "戶口月費係幾多錢？"


def passage(name, text, *, title, **more):
    return service_world.CORPUS["passages"][0] | {
        "id": name, "topic": "cards", "title": dict(zip(("en", "zh-Hant"), title, strict=True)),
        "text": dict(zip(("en", "zh-Hant"), text, strict=True)), "keys": {"en": "card", "zh-Hant": "卡"},
    } | more  # fmt: skip


AT_ODDS = (
    passage("courier", ("Sending a card by courier costs HK$180.", "以速遞寄送卡片收費港幣180元。"), title=("Courier fee", "速遞收費")),
    passage("post", ("Sending a card by courier costs HK$320.", "以速遞寄送卡片收費港幣320元。"), title=("Post and courier", "郵寄及速遞")),
)  # fmt: skip
ENDED = passage("paper", ("A paper statement costs HK$25.", "紙本結單收費港幣25元。"), title=("Paper statement", "紙本結單"), valid_to="2026-02-28")  # fmt: skip


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    passages = [*service_world.CORPUS["passages"], *AT_ODDS, ENDED]
    with pytest.MonkeyPatch.context() as changed:
        changed.setitem(service_world.CORPUS, "passages", passages)
        world = ServiceWorld(tmp_path_factory.mktemp("faults"))
    yield world
    world.close()


def said_in(world, address):
    return lines(find(world.runtime, address.rpartition("/")[2]))


def ask(world, text, *, lang="zh-Hant"):
    """Write as a customer; returns the page, and the answer as it is kept."""
    browser, address = world.start(lang=lang)
    page = world.write(browser, address, text)
    return plain(page), said_in(world, address)[-1]


# --- odd writing ---


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("户口月费是多少？", "戶口月費為港幣50元。"),
        ("💸💸 戶口月費💰係幾多錢呀 🙏🙏🙏", "戶口月費為港幣50元。"),
        ("monthly 🏦 account fee 💰💰 pls 🙏", "The monthly account fee is HK$50."),
        ("戶口月費 戶口月費 係 係 幾多錢", "戶口月費為港幣50元。"),
        ("what is the monthly account fee what is the monthly account fee", "The monthly account fee is HK$50."),
    ],
)
def test_simplified_emoji_and_repeated_words_are_answered_in_approved_wording(served, text, answer):
    page, said = ask(served, text)
    assert answer in page
    assert said.content["sources"] == [{"id": "fee-monthly", "en": "Monthly account fee", "zh-Hant": "戶口月費"}]


@pytest.mark.parametrize(
    "text",
    ["呃 即係 嗰個 嗰個 戶口 戶口 月費 即係 幾多錢呀", "呃即係我想問下呢個嗰個戶口月費嗰個月費係幾多錢呢唔該"],
)
def test_a_spoken_message_full_of_fillers_gets_the_question_it_is_near_to(served, text):
    page, said = ask(served, text)
    assert said.row["outcome"] in {"served", "fallback"}
    assert ("你是否想問" in page and "戶口月費" in page) or "港幣50元" in page


@pytest.mark.parametrize("text", ["👍🏽👍🏽", "123", "\u200b"])
def test_what_says_nothing_is_answered_honestly_and_nothing_is_invented(served, text):
    page, said = ask(served, text)
    assert said.row["outcome"] == "fallback"
    assert not said.content["sources"]
    assert "港幣" not in page
    assert "轉接職員" in page


# --- passages at odds, and ended ones ---


@pytest.mark.parametrize(
    ("asked", "costs", "words"),
    [
        ("What does courier of a card cost?", ("HK$180", "HK$320"), "Another approved text states other figures. Please have a person confirm"),
        ("卡片速遞收費係幾多？", ("港幣180元", "港幣320元"), "另有核准文本列出不同數字，請由職員確認"),
    ],
)  # fmt: skip
def test_a_passage_that_another_is_at_odds_with_is_quoted_with_a_word_that_they_differ(served, asked, costs, words):
    page, said = ask(served, asked, lang="en" if asked.isascii() else "zh-Hant")
    assert sum(each in page for each in costs) == 1  # one is quoted whole, and no sum or choice is made of the two
    assert words in page
    (source,), (other,) = said.content["sources"], said.content["differs"]
    assert {source["en"], other["en"]} == {"Courier fee", "Post and courier"}


def test_a_passage_that_has_ended_is_not_quoted(served):
    page, said = ask(served, "What does a paper statement cost?", lang="en")
    assert "HK$25" not in page
    assert said.row["outcome"] == "fallback"
    assert not said.content["sources"]
    assert "differs" not in said.content


def test_an_operator_sees_both_in_both_languages(served):
    operator = served.signed_in(ConsoleRole.COMPLIANCE)
    for lang, at_odds, ended in (
        ("zh-Hant", "就同一事項所述數字不同", "已過最後有效日"),
        ("en", "Two passages in force on one subject state different numbers", "Its last day has passed"),
    ):
        operator.get(f"/apps/service/passages?lang={lang}")
        page = plain(operator.get(f"/apps/service/passages/{USE}"))
        assert at_odds in page
        assert ended in page
        assert "HK$180" in page
        assert "HK$320" in page


# --- very long, very many ---


@pytest.mark.parametrize("letter", ["😀", "a\r\n"])
def test_the_longest_message_is_taken_in_whatever_it_is_written_in(served, letter):
    text = letter * (MESSAGE_CHARACTERS_MAX // len(letter.replace("\r\n", "\n")) - 1) + "b"
    browser, address = served.start(lang="zh-Hant")
    assert served.write(browser, address, text).status_code == 200
    asked, answer = said_in(served, address)
    assert asked.text == text.replace("\r\n", "\n")
    assert (answer.row["outcome"], answer.row["code"]) == ("refused", "input.field")
    assert find(served.runtime, address.rpartition("/")[2]).status == "waiting"


@pytest.mark.parametrize(("lang", "words"), [("zh-Hant", "最多20,000個字元"), ("en", "up to 20,000 characters")])
def test_one_character_more_is_refused_in_the_language_of_the_page(served, lang, words):
    browser, address = served.start(lang=lang)
    page = served.write(browser, address, "月" * (MESSAGE_CHARACTERS_MAX + 1))
    assert page.status_code == 400
    assert words in page.text
    assert not said_in(served, address)


def test_what_came_at_the_same_moment_is_not_called_a_full_conversation(served, monkeypatch):
    async def busy(*_given, **_more):
        raise ConflictError("many messages came at the same moment")

    browser, address = served.start(lang="zh-Hant")
    monkeypatch.setattr("dualtrack.apps.service.pages.chat.take_turn", busy)
    page = served.write(browser, address, FEE_ZH)
    assert page.status_code == 409
    assert "請查看以上對話，如有遺漏請重新傳送" in page.text
    assert FEE_ZH in page.text  # what was typed is still there


@pytest.mark.parametrize("sent", [10, AT_ONCE_MAX + 3])
def test_turns_of_a_conversation_follow_one_another_and_too_many_are_refused(sent):
    order, refused = [], []

    async def turn(number):
        try:
            async with in_turn("c") as waited:
                order.append((number, "asked", waited))
                await asyncio.sleep(0)
                order.append((number, "answered", waited))
        except RateLimitError as error:
            refused.append((number, error.retry_after_s))

    async def everybody():
        async with in_turn("another"):  # other conversations do not wait for this one
            await asyncio.gather(*map(turn, range(sent)))

    asyncio.run(everybody())
    taken = min(sent, AT_ONCE_MAX)
    assert [each[:2] for each in order] == [(n, what) for n in range(taken) for what in ("asked", "answered")]
    assert [waited for _, what, waited in order if what == "asked"] == [False] + [True] * (taken - 1)
    assert len(refused) == sent - taken
    assert not queueing._queues


def test_a_turn_that_fails_lets_the_next_one_in():
    async def two():
        with pytest.raises(ValueError, match="broken"):
            async with in_turn("c"):
                raise ValueError("broken")
        async with in_turn("c") as waited:
            assert not waited

    asyncio.run(two())


def test_ten_messages_in_a_second_are_each_answered_or_refused_and_numbered_in_order(served):
    browser, address = served.start(lang="zh-Hant")

    async def at_once():
        return await asyncio.gather(
            *(
                browser.http.request("POST", address, data={"message": f"{FEE_ZH} {n}"}, headers={"origin": ORIGIN})
                for n in range(10)
            )
        )

    sent = Counter(each.status_code for each in served.runner.run(at_once()))
    assert set(sent) <= {303, 409, 429}
    said = said_in(served, address)
    assert [line.number for line in said] == list(range(1, len(said) + 1))
    assert len({line.text for line in said if line.who == "customer"}) >= sent[303]
    assert sum(line.who == "assistant" for line in said) >= sent[303]


# --- another language ---


@pytest.mark.parametrize(
    ("text", "language"),
    [
        (f"{FEE_ZH} {FEE}", "en"),
        (f"{FEE} {FEE_ZH}", "zh-Hant"),
        (f"{FEE} 唔該", "en"),
        (f"多謝。{FEE}", "en"),
        ("戶口 monthly fee 幾多錢", "zh-Hant"),
        ("👍🏽", "zh-Hant"),
    ],
)
def test_who_changes_language_is_answered_in_that_of_the_last_part_that_says_something(text, language):
    assert detect(text, otherwise="zh-Hant").language == language


@pytest.mark.parametrize(
    ("text", "answer"), [(f"{FEE_ZH} {FEE}", "The monthly account fee is HK$50."), (f"{FEE} {FEE_ZH}", "戶口月費為港幣50元。")]
)  # fmt: skip
def test_the_whole_turn_answers_in_that_language(served, text, answer):
    page, said = ask(served, text)
    assert answer in page
    assert said.row["language"] == ("en" if answer.isascii() else "zh-Hant")


# --- a process that dies ---


def worker(world, address, how, message=FEE):
    command = [
        sys.executable, str(WORKER), str(world.world.workspace.root), address.rpartition("/")[2], how, message,
    ]  # fmt: skip
    return subprocess.run(command, check=False, capture_output=True, text=True)


@pytest.mark.parametrize("dies", ["asked", "answered"])
def test_a_conversation_whose_process_was_killed_says_so_and_goes_on(served, dies):
    browser, address = served.start()
    assert worker(served, address, dies).returncode < 0
    (asked,) = said_in(served, address)
    assert (asked.number, asked.who, asked.text) == (1, "customer", FEE)  # nothing of it is lost
    offset = served.world.offset
    try:
        served.world.offset = offset + timedelta(minutes=2)
        page = plain(browser.get(address))
        assert "got no answer" in page
        assert "HK$50" not in page
        assert "HK$50" in plain(served.write(browser, address, FEE))
        assert [line.number for line in said_in(served, address)] == [1, 2, 3]
        assert "got no answer" not in plain(browser.get(address))
    finally:
        served.world.offset = offset


def shown_after_a_restart(world, address):
    with Runtime.open(Workspace.open(world.world.workspace.root), world.world.clock) as runtime:
        return bubbles(runtime, find(runtime, address.rpartition("/")[2]))


def test_a_held_answer_is_seen_alike_after_a_restart(tmp_path):
    world = ServiceWorld(tmp_path, policy={"review": {"mode": "hold", "due_minutes": 30}})
    try:
        browser, address = world.start()
        world.write(browser, address, FEE)
        asked, held = shown_after_a_restart(world, address)
        assert (asked.text, held.held) == (FEE, True)
        assert "HK$50" not in held.text
        review = canonical.decode(world.register.repository.newest("review/1", USE).content)["id"]
        reviewer = world.signed_in(ConsoleRole.REVIEWER)
        for step in ("claim", "approve"):
            reviewer.post(f"/reviews/{review}", {"do": step, "reason": "checked against the passage"})
        _, released = shown_after_a_restart(world, address)
        assert "HK$50" in released.text
        assert not released.held
    finally:
        world.close()
