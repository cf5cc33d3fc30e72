"""A held answer from routed to released, over HTTP: approved, changed, rejected, expired; and whoever may not have it."""

from __future__ import annotations

import asyncio
import json

import pytest

from dualtrack.errors import NotFoundError, RefusedError, ReviewError
from dualtrack.runtime.answers import enter_for_answer, find_held, read_held
from dualtrack.runtime.compiling import compile_drill
from dualtrack.runtime.faces.callers import Caller
from dualtrack.runtime.faces.openai_face import HotPath
from dualtrack.runtime.holds import release_hold, set_hold
from dualtrack.runtime.lookup import decision_row, record_at
from dualtrack.runtime.planting import plant
from dualtrack.runtime.receipts import find_receipt
from dualtrack.runtime.reviews import ReviewDesk
from dualtrack.runtime.upstream.client import UpstreamClient
from permit.firm import known_key
from runtime.fake_model import FakeModel, ask
from runtime.planting_world import HELD, act, laid, opened
from runtime.runtime_world import FIRM, USE, timedelta
from runtime.test_runtime_chat import CHAT, NOTICE, QUESTION, chat_policy

DECIDE = f"/v1/decide/{USE}"
ROW = {"input": {"late": 3, "used": 0.9}, "person": "customer 7"}
SAID = "A colleague will look at this."


class Held:
    """The hot path of a runtime; `uses` are those of the key that asks."""

    def __init__(self, runtime, client) -> None:
        self.runtime, self.uses, self.firm = runtime, None, FIRM
        self.app = HotPath(runtime, client, lambda _header: Caller("key", self.firm, self.uses))

    async def ask(self, path, body):
        status, _, data = await ask(self.app, path, body)
        return status, json.loads(data)

    async def fetch(self, decision):
        status, _, data = await ask(self.app, f"/v1/decisions/{decision}/answer", b"", method="GET")
        return status, json.loads(data)

    async def act(self, review, action, by="rita", **given):
        await asyncio.to_thread(act, self.runtime, review, action, by, **given)

    async def unclaim(self, review, by="rita"):
        desk = ReviewDesk(self.runtime.registers[FIRM], self.runtime.recorder(FIRM).contents)
        await asyncio.to_thread(desk.act, review, "unclaim", by, ["reviewer"])


def rows(world, scenario, **changes):
    """Permit a use whose answers about rows are held, and run a scenario with its hot path."""

    async def inside():
        world.permit(**{"review": HELD, "audience": "customers"} | changes)
        with world.open() as runtime:
            async with UpstreamClient() as client:
                return await scenario(Held(runtime, client))

    return asyncio.run(inside())


def chats(world, scenario, *, tools=(), policy_tools=(), **changes):
    async def inside():
        async with FakeModel() as fake:
            fake.tools = [dict(tool) for tool in tools]
            world.permit(**chat_policy(fake.url, **{"review": HELD, "tools": list(policy_tools)} | changes))
            with world.open() as runtime:
                async with UpstreamClient() as client:
                    return await scenario(Held(runtime, client))

    return asyncio.run(inside())


def test_a_routed_row_is_fetched_once_a_person_approved_it(world):
    async def scenario(held):
        status, routed = await held.ask(DECIDE, ROW)
        assert (status, routed["outcome"], routed["output"]) == (202, "routed", None)
        assert routed["answer_path"] == f"/v1/decisions/{routed['decision']}/answer"
        status, waiting = await held.fetch(routed["decision"])
        assert (status, waiting["state"], waiting["outcome"]) == (202, "waiting", "routed")
        assert waiting["due_at"].endswith("Z")
        assert not {"output", "reasons", "message", "receipt"} & set(waiting)
        await held.act(routed["review"], "approve")
        return await held.fetch(routed["decision"]), routed

    (status, found), routed = rows(world, scenario)
    assert (status, found["state"]) == (200, "approved")
    assert 0.8 < found["output"] < 1
    assert found["reasons"] == ["raised by: payments were late", "raised by: most of the limit is used"]
    assert found["human"] == "Call 2000 0000 (fictional)"
    assert "message" not in found
    assert "receipt" not in found
    assert routed["receipt"]


def test_a_changed_output_is_given_as_changed_and_without_the_reasons_of_the_draft(world):
    async def scenario(held):
        _, routed = await held.ask(DECIDE, ROW)
        await held.act(routed["review"], "modify", text="0.5")
        return await held.fetch(routed["decision"])

    status, found = rows(world, scenario)
    assert (status, found["state"], found["output"]) == (200, "modified", 0.5)
    assert "reasons" not in found


def test_a_row_has_its_disclosure_beside_the_released_output(world):
    async def scenario(held):
        _, routed = await held.ask(DECIDE, ROW | {"language": "zh-Hant"})
        await held.act(routed["review"], "approve")
        return await held.fetch(routed["decision"])

    _, found = rows(world, scenario, disclosure={"text": NOTICE, "every": False})
    assert found["disclosure"] == NOTICE["zh-Hant"]
    assert found["reasons"][0] == "令結果上升：曾逾期還款"


@pytest.mark.parametrize(("action", "state"), [("reject", "rejected"), ("terminate", "terminated")])
def test_what_a_person_refused_leaves_the_fixed_message_and_never_the_draft(world, action, state):
    async def scenario(held):
        _, routed = await held.ask(DECIDE, ROW)
        await held.act(routed["review"], action)
        return await held.fetch(routed["decision"])

    status, found = rows(world, scenario)
    assert (status, found["state"], found["message"]) == (200, state, SAID)
    assert found["human"]
    assert not {"output", "reasons"} & set(found)


def test_what_nobody_looked_at_in_time_leaves_the_fixed_message(world):
    async def scenario(held):
        _, routed = await held.ask(DECIDE, ROW)
        register = held.runtime.registers[FIRM]
        state = opened(held.runtime, routed["review"])
        desk = ReviewDesk(register, held.runtime.recorder(FIRM).contents)
        world.offset += timedelta(days=7)
        held.runtime.snapshots.refresh()
        assert await asyncio.to_thread(desk.expire, state.id, world.clock())
        return await asyncio.to_thread(read_held, register, find_held(register, routed["decision"], None), None)

    found = rows(world, scenario)
    assert (found.state, found.given, found.output, found.message.en) == ("expired", False, None, SAID)


def test_four_eyes_wait_for_the_second_person(world):
    async def scenario(held):
        _, routed = await held.ask(DECIDE, ROW)
        await held.act(routed["review"], "approve")
        first = await held.fetch(routed["decision"])
        await held.act(routed["review"], "approve", "boris")
        return first, await held.fetch(routed["decision"])

    first, second = rows(world, scenario, review=HELD | {"four_eyes": True})
    assert (first[0], first[1]["state"], "output" in first[1]) == (202, "waiting", False)
    assert (second[0], second[1]["state"]) == (200, "approved")


def test_a_chat_is_fetched_with_its_disclosure_in_the_text(world):
    async def scenario(held):
        _, routed = await held.ask(CHAT, QUESTION)
        about = routed["dualtrack"]
        assert about["answer_path"] == f"/v1/decisions/{about['decision']}/answer"
        await held.act(about["review"], "approve")
        return await held.fetch(about["decision"])

    status, found = chats(world, scenario)
    assert (status, found["output"]) == (200, f"{NOTICE['en']}\n\nThe fee is HK$100.")
    assert "disclosure" not in found


@pytest.mark.parametrize(
    ("typed", "text"),
    [
        ("The fee is HK$120.", "The fee is HK$120."),
        ('"The fee is HK$120."', "The fee is HK$120."),
        ('"He said "no".\nThe fee is HK$120."', 'He said "no".\nThe fee is HK$120.'),
        ('"An odd \\q sign"', '"An odd \\q sign"'),
        ("120", "120"),
    ],
)
def test_a_changed_chat_is_the_words_that_were_typed_and_the_notice_stands_before_them(world, typed, text):
    async def scenario(held):
        _, routed = await held.ask(CHAT, QUESTION)
        await held.act(routed["dualtrack"]["review"], "modify", text=typed)
        return await held.fetch(routed["dualtrack"]["decision"])

    _, found = chats(world, scenario)
    assert found["output"] == f"{NOTICE['en']}\n\n{text}"


def tool(name):
    return {"id": "c0", "type": "function", "function": {"name": name, "arguments": '{"account": "012"}'}}


@pytest.mark.parametrize(("changed", "given"), [("close_account", True), ("send_money", False), ("", False)])
def test_a_changed_tool_call_is_given_only_for_a_listed_tool_and_with_the_notice(world, monkeypatch, changed, given):
    """As records have it that were written before a reviewer was told at once."""
    monkeypatch.setattr("dualtrack.runtime.reviews.check_changed_calls", lambda *_given: None)

    async def scenario(held):
        offered = {"type": "function", "function": {"name": "close_account", "parameters": {"type": "object"}}}
        _, routed = await held.ask(CHAT, QUESTION | {"tools": [offered]})
        text = json.dumps({"text": "As you wish.", "tool_calls": [tool(changed)] if changed else [{"odd": 1}]})
        await held.act(routed["dualtrack"]["review"], "modify", text=text)
        return await held.fetch(routed["dualtrack"]["decision"])

    listed = [{"name": "close_account", "changes_state": True}]
    status, found = chats(world, scenario, tools=[tool("close_account")], policy_tools=listed)
    assert status == 200
    if given:
        assert found["output"] == {"text": f"{NOTICE['en']}\n\nAs you wish.", "tool_calls": [tool(changed)]}
    else:
        assert "output" not in found
        assert found["message"] == SAID


def test_what_went_to_a_person_without_a_draft_is_never_answered_with_the_question_nor_approved(world, monkeypatch):
    async def scenario(held):
        _, routed = await held.ask(CHAT, QUESTION)
        with pytest.raises(ReviewError) as caught:
            await held.act(routed["dualtrack"]["review"], "approve")
        assert caught.value.code == "review.no-draft"
        monkeypatch.setattr("dualtrack.runtime.reviews.check_may_answer", lambda *_given: None)  # as it was before
        await held.unclaim(routed["dualtrack"]["review"])
        await held.act(routed["dualtrack"]["review"], "approve")
        _, other = await held.ask(CHAT, QUESTION)
        await held.act(other["dualtrack"]["review"], "modify", text="I will call you at ten.")
        receipt = await asyncio.to_thread(
            find_receipt, [world.register], routed["dualtrack"]["receipt"], held.runtime.gate
        )
        assert (receipt.reviews[0].state, receipt.reviews[0].says.en) == (
            "taken_up",
            "A person took up what was asked.",
        )
        return await held.fetch(routed["dualtrack"]["decision"]), await held.fetch(other["dualtrack"]["decision"])

    stop = [{"guard": "injection", "stage": "input", "action": "route", "threshold": 0}]
    (_, taken), (_, written) = chats(world, scenario, guards=stop)
    assert (taken["state"], taken["message"], "output" in taken) == ("taken_up", SAID, False)
    assert (written["state"], written["output"]) == ("modified", "I will call you at ten.")


def test_all_that_is_not_this_keys_is_one_and_the_same_refusal(world):
    async def scenario(held):
        _, routed = await held.ask(DECIDE, ROW)
        await held.act(routed["review"], "approve")
        answers = [await held.fetch("0" * 26), await held.fetch("x")]
        held.uses = frozenset({f"{FIRM}/another"})
        answers.append(await held.fetch(routed["decision"]))
        held.uses, held.firm = None, "another-bank"
        answers.append(await held.fetch(routed["decision"]))
        held.firm = FIRM
        return answers, await held.fetch(routed["decision"])

    answers, own = rows(world, scenario)
    assert {status for status, _ in answers} == {404}
    assert len({json.dumps(body, sort_keys=True) for _, body in answers}) == 1
    assert own[0] == 200


def test_a_planted_item_looks_as_any_other_while_it_waits_and_its_text_never_leaves(world):
    async def scenario(held):
        _, routed = await held.ask(DECIDE, ROW)
        await asyncio.to_thread(laid, world, held.runtime)
        review = await asyncio.to_thread(plant, held.runtime, USE)
        decision = opened(held.runtime, review).decision
        (_, real), (status, body) = await held.fetch(routed["decision"]), await held.fetch(decision)
        assert (status, set(body), body["state"]) == (202, set(real), "waiting")
        await held.act(review, "modify", text="pays 2 in 10")
        return await held.fetch(decision), await held.fetch("0" * 26), decision

    got, unknown, decision = rows(world, scenario)
    assert got == unknown
    assert got[0] == 404
    record = record_at(world.register, int(decision_row(world.register, decision)["idx"]))[1]
    with pytest.raises(NotFoundError):
        read_held(world.register, record, None)


def test_a_drill_has_no_answer_for_anybody(world):
    world.permit(review=HELD)
    with world.open() as runtime:
        live = compile_drill(world.register, USE)
        call = runtime.call(live, b"{}")
        record, _, _ = call.end("routed", code=None, output=b"1", review=runtime.review("hold_before_release", live))
        call.recorder.put(record, durable=True).result()
        with pytest.raises(NotFoundError):
            find_held(world.register, call.id, None)


def test_a_buffered_decision_is_found_though_it_is_still_being_written(world):
    async def scenario(held):
        _, routed = await held.ask(DECIDE, ROW)
        return routed["durability"], await held.fetch(routed["decision"])

    durability, (status, body) = rows(world, scenario, audience="staff")
    assert (durability, status, body["state"]) == ("buffered", 202, "waiting")


def test_what_was_answered_at_once_is_not_given_again(world):
    async def scenario(held):
        _, served = await held.ask(DECIDE, ROW)
        return await held.fetch(served["decision"])

    status, body = rows(world, scenario, review={"mode": "none"})
    assert (status, body["error"]["code"]) == (409, "answer.not-held")


def test_nothing_leaves_under_a_hold_or_without_a_permit(world):
    async def scenario(held):
        _, routed = await held.ask(DECIDE, ROW)
        await held.act(routed["review"], "approve")
        stopped = await asyncio.to_thread(
            set_hold, world.register, known_key("executive"), scope="use", target=USE, reason="odd"
        )
        on_hold = await held.fetch(routed["decision"])
        registers, gate = held.runtime.registers.values(), held.runtime.gate
        receipt = await asyncio.to_thread(find_receipt, registers, routed["receipt"], gate)
        await asyncio.to_thread(release_hold, world.register, known_key("compliance"), stopped.hold.id, reason="fine")
        held.runtime.snapshots.refresh()
        after = await held.fetch(routed["decision"])
        world.offset += timedelta(days=4000)
        held.runtime.snapshots.refresh()
        return on_hold, receipt, after, await held.fetch(routed["decision"])

    on_hold, receipt, after, lapsed = rows(world, scenario)
    assert on_hold[0] == 423
    assert on_hold[1]["message"]["en"] == SAID
    assert "output" not in on_hold[1]
    assert (receipt.answer, receipt.message.en, receipt.reasons) == (None, SAID, [])
    assert (after[0], after[1]["state"]) == (200, "approved")
    assert lapsed[0] == 403


def test_a_shadow_permit_lets_nothing_out_that_was_held_before(world):
    async def scenario(held):
        _, routed = await held.ask(DECIDE, ROW)
        await held.act(routed["review"], "approve")
        return routed

    routed = rows(world, scenario)
    world.again(plan="shadow", review=HELD, audience="customers")
    with world.open() as runtime, pytest.raises(RefusedError) as caught:
        enter_for_answer(runtime.gate, world.register, find_held(world.register, routed["decision"], None))
    assert caught.value.code == "permit.shadow"


def test_a_receipt_shows_the_text_that_a_person_released_and_before_that_no_word_of_the_draft(world):
    async def scenario(held):
        def receipt(code):
            return find_receipt(held.runtime.registers.values(), code, held.runtime.gate)

        _, routed = await held.ask(CHAT, QUESTION)
        about = routed["dualtrack"]
        before = receipt(about["receipt"])
        await held.act(about["review"], "modify", text="The fee is HK$120.")
        _, refused = await held.ask(CHAT, QUESTION)
        await held.act(refused["dualtrack"]["review"], "reject")
        return before, receipt(about["receipt"]), receipt(refused["dualtrack"]["receipt"])

    before, after, refused = chats(world, scenario)
    assert (before.answer, before.message) == (None, None)
    assert after.answer == f"{NOTICE['en']}\n\nThe fee is HK$120."
    assert (refused.answer, refused.message.en) == (None, SAID)


def test_reasons_of_a_draft_wait_with_it(world):
    async def scenario(held):
        def receipt(code):
            return find_receipt(held.runtime.registers.values(), code, held.runtime.gate)

        _, routed = await held.ask(DECIDE, ROW)
        before = receipt(routed["receipt"])
        await held.act(routed["review"], "approve")
        return before, receipt(routed["receipt"])

    before, after = rows(world, scenario)
    assert before.reasons == []
    assert len(after.reasons) == 2
    assert float(after.answer) > 0.8


def test_an_erased_answer_leaves_the_fixed_message(world):
    async def scenario(held):
        _, routed = await held.ask(DECIDE, ROW)
        await held.act(routed["review"], "approve")
        record = find_held(world.register, routed["decision"], None)
        contents = held.runtime.recorder(FIRM).contents
        await asyncio.to_thread(contents.erase_subject, record.subject, at=world.register.now())
        return await held.fetch(routed["decision"])

    status, found = rows(world, scenario)
    assert (status, found["state"], found["message"]) == (200, "approved", SAID)
    assert "output" not in found
