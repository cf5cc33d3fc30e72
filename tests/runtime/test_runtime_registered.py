"""A choice about MPF, asked or answered: no review releases a text, and the person is told whom to ask, to the receipt."""

from __future__ import annotations

import asyncio

import pytest

from dualtrack.domain import canonical
from dualtrack.domain.policy import RuntimePolicy
from dualtrack.domain.records import encode, read_record
from dualtrack.errors import FieldError, ReviewError
from dualtrack.runtime.policy_check import examine_policy
from dualtrack.runtime.receipts import BY_CODE, find_receipt
from dualtrack.runtime.review_read import read_review
from dualtrack.runtime.reviews import ReviewDesk
from runtime.runtime_world import FIRM, policy
from runtime.test_runtime_answers import SAID, chats
from runtime.test_runtime_chat import CHAT, QUESTION

ADVICE = "You should choose the growth fund for your MPF."
ASKED = QUESTION | {"messages": [{"role": "user", "content": "Which MPF fund should I choose?"}]}
CONTACT = {"en": "Ask the MPF desk, 2000 0001 (fictional)", "zh-Hant": "請致電強積金專線 2000 0001（虛構）"}


def guards(stage, action="route"):
    return [{"guard": "mpf_choice", "stage": stage, "action": action}]


def test_no_text_of_a_review_answers_it_and_the_receipt_names_who_may(world, monkeypatch):
    async def scenario(held):
        _, routed = await held.ask(CHAT, ASKED)
        about = routed["dualtrack"]
        desk = ReviewDesk(world.register, held.runtime.recorder(FIRM).contents)
        codes = []
        for action, text in (("modify", ADVICE), ("approve", None), ("modify", "Ask somebody else.")):
            with pytest.raises(ReviewError) as caught:
                await held.act(about["review"], action, text=text)
            codes.append(caught.value.code)
            await held.unclaim(about["review"])
        await held.act(about["review"], "reject")
        receipt = await asyncio.to_thread(
            find_receipt, [world.register], about["receipt"], held.runtime.gate, shown_to=BY_CODE
        )
        answer = await held.fetch(about["decision"])
        _, older = await held.ask(CHAT, ASKED)
        monkeypatch.setattr("dualtrack.runtime.reviews.check_may_answer", lambda *_given: None)  # as it was before
        await held.act(older["dualtrack"]["review"], "modify", text="Choose what you like.")
        state = read_review(world.register, older["dualtrack"]["review"]).state
        kept = await asyncio.to_thread(desk.released, state.opened.id)
        return routed, codes, receipt, answer, (await held.fetch(older["dualtrack"]["decision"])), kept

    routed, codes, receipt, (_, answer), (_, older), kept = chats(
        world, scenario, guards=guards("input"), registered_intermediary=CONTACT
    )
    told = routed["choices"][0]["message"]["content"]
    assert SAID in told
    assert CONTACT["en"] in told
    assert codes == ["review.registered-intermediary"] * 3
    assert (receipt.answer, receipt.message.en) == (None, SAID)
    assert receipt.human.en.endswith(CONTACT["en"])
    assert receipt.human.zh.endswith(CONTACT["zh-Hant"])
    assert (answer["state"], answer["message"]) == ("rejected", SAID)
    assert answer["human"].endswith(CONTACT["en"])
    assert ("output" in older, older["message"], kept.text) == (False, SAID, None)


def test_where_it_is_blocked_the_contact_is_told_too_and_another_question_names_nobody(world):
    async def scenario(held):
        _, blocked = await held.ask(CHAT, ASKED)
        _, plain = await held.ask(CHAT, QUESTION)
        return blocked, plain

    blocked, plain = chats(
        world, scenario, guards=guards("input", "block"), registered_intermediary=CONTACT, review={"mode": "none"}
    )
    assert blocked["dualtrack"]["outcome"] == "blocked"
    assert CONTACT["en"] in blocked["choices"][0]["message"]["content"]
    assert CONTACT["en"] not in plain["dualtrack"]["human"]


def record(**changes) -> RuntimePolicy:
    return read_record(policy(**changes), RuntimePolicy, where="test")


@pytest.mark.parametrize("contact", [None, {"en": "Ask", "zh-Hant": " "}])
@pytest.mark.parametrize("stage", ["input", "output"])
def test_a_policy_that_sends_such_a_choice_to_a_person_must_name_who_is_registered(stage, contact):
    named = {} if contact is None else {"registered_intermediary": contact}
    with pytest.raises(FieldError, match=r"registered intermediary|empty") as caught:
        examine_policy(record(guards=guards(stage), **named), where="test")
    assert "registered_intermediary" in caught.value.where
    assert examine_policy(record(guards=guards(stage), registered_intermediary=CONTACT), where="test").digest
    assert examine_policy(record(guards=guards(stage, "block")), where="test").digest


def test_a_policy_without_the_contact_has_the_bytes_that_it_had():
    assert b"registered" not in encode(record())
    assert canonical.digest(encode(record())) != canonical.digest(encode(record(registered_intermediary=CONTACT)))
