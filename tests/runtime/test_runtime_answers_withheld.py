"""What was held and approved is not given: on hold by any scope, under observe mode, to who opted out; and who asks too often."""

from __future__ import annotations

import asyncio
import json
import time

import pytest
from sqlalchemy import update

from dualtrack.errors import LedgerError
from dualtrack.runtime.answer_fetches import first_fetch
from dualtrack.runtime.holds import release_hold, set_hold
from dualtrack.runtime.lookup import decision_row
from dualtrack.runtime.observing import begin_observe
from dualtrack.runtime.opting import opt_out, opt_out_by_receipt
from dualtrack.runtime.receipts import BY_CODE, find_receipt
from dualtrack.runtime.replaying import replay
from dualtrack.runtime.upstream.client import UpstreamClient
from permit.firm import known_key
from runtime import runtime_world
from runtime.fake_model import FakeModel
from runtime.planting_world import HELD
from runtime.runtime_world import FIRM, USE, timedelta
from runtime.test_runtime_answers import DECIDE, ROW, Held, rows
from runtime.test_runtime_chat import CHAT, QUESTION, chat_policy


def test_no_draft_leaves_of_what_is_on_hold_since_though_its_use_goes_on(world, monkeypatch):
    monkeypatch.setattr("dualtrack.runtime.holds.acknowledge_s", lambda: 0.0)  # the snapshot is read anew below

    async def held_by(held, scope, target, decision):
        stop = set_hold(world.register, known_key("executive"), scope=scope, target=target, reason="odd")
        held.runtime.snapshots.refresh()
        found = await held.fetch(decision)
        release_hold(world.register, known_key("compliance"), stop.hold.id, reason="fine")
        held.runtime.snapshots.refresh()
        return found[0], found[1].get("code") or found[1].get("error", {}).get("code"), found[1].get("output")

    async def inside():
        async with FakeModel() as fake:
            model = {"kind": "openai", "url": fake.url, "model": "m", "first_byte_ms": 500}
            upstreams = [{"id": "one", "provider": "lab", **model}, {"id": "two", "provider": "lab2", **model}]
            world.permit(**chat_policy(fake.url, review=HELD, upstreams=upstreams))
            old = world.release
            with world.open() as runtime:
                async with UpstreamClient() as client:
                    held = Held(runtime, client)
                    _, asked = await held.ask(CHAT, QUESTION)
                    decision = asked["dualtrack"]["decision"]
                    await held.act(asked["dualtrack"]["review"], "approve")
                    found = {
                        target: await held_by(held, scope, target, decision)
                        for scope, target in (("provider", "lab"), ("component", "one"), ("provider", "lab2"))
                    }
                    await asyncio.to_thread(
                        lambda: world.again(**chat_policy(fake.url, review=HELD, upstreams=upstreams))
                    )
                    runtime.snapshots.refresh()
                    found["release"] = await held_by(held, "release", old, decision)
                    found["free"] = (await held.fetch(decision))[0]
                    return found

    found = asyncio.run(inside())
    for stopped in ("lab", "one", "release"):
        assert found[stopped][0] >= 400
        assert found[stopped][1:] == ("permit.held", None)
    assert found["lab2"][0] == 200, "the model on hold had not been asked"
    assert found["free"] == 200


def test_what_a_permit_held_is_not_given_while_its_use_is_only_observed(world, monkeypatch):
    plain = runtime_world.declaration
    monkeypatch.setattr(runtime_world, "declaration", lambda **k: plain(live_since="2025-01-01T00:00:00Z", **k))

    async def scenario(held):
        _, routed = await held.ask(DECIDE, ROW)
        await held.act(routed["review"], "approve")
        until_s = held.runtime.gate.enter(USE).until_s
        world.offset += timedelta(days=100)
        begin_observe(world.register, known_key("executive"), USE, "ran before", 85)
        world.offset = timedelta(seconds=until_s - time.time() + 5)
        held.runtime.snapshots.refresh()
        assert held.runtime.gate.enter(USE).mode == "observe"
        return await held.fetch(routed["decision"])

    status, found = rows(world, scenario)
    assert status >= 400
    assert "permit.observe" in json.dumps(found)
    assert "output" not in found


def test_who_opted_out_since_gets_the_way_to_a_person_and_not_the_draft(world):
    async def scenario(held):
        _, routed = await held.ask(DECIDE, ROW)
        await held.act(routed["review"], "approve")
        subject = held.runtime.subjects.pseudonym(FIRM, ROW["person"])
        opt_out(world.register, held.runtime.subjects, USE, subject=subject, by="staff")
        held.runtime.snapshots.refresh()
        return await held.fetch(routed["decision"])

    status, found = rows(world, scenario, opt_out=True)
    assert status == 200
    assert not {"output", "reasons"} & set(found)
    assert found["message"]
    assert found["human"] == "Call 2000 0000 (fictional)"


def test_what_was_read_before_its_person_opted_out_stays_and_what_is_withheld_is_not_fetched(world):
    async def scenario(held):
        def receipt(code):
            return find_receipt([world.register], code, held.runtime.gate, shown_to=BY_CODE)

        def out(*, active=True):
            opt_out_by_receipt([world.register], read["receipt"], active=active)
            held.runtime.snapshots.refresh()

        _, read = await held.ask(DECIDE, ROW)
        _, unread = await held.ask(DECIDE, ROW)
        for routed in (read, unread):
            await held.act(routed["review"], "approve")
        before = await asyncio.to_thread(receipt, read["receipt"])
        await asyncio.to_thread(out)
        after = await asyncio.to_thread(receipt, read["receipt"])
        withheld = [await asyncio.to_thread(receipt, unread["receipt"]) for _ in range(2)]
        await held.fetch(unread["decision"])
        assert first_fetch(world.register, unread["decision"]) is None
        await asyncio.to_thread(lambda: out(active=False))
        return before, after, withheld, await asyncio.to_thread(receipt, unread["receipt"])

    before, after, withheld, back = rows(world, scenario, opt_out=True)
    assert before.answer is not None
    assert (after.answer, after.message, after.fetched_at) == (before.answer, None, before.fetched_at)
    for found in withheld:
        assert (found.answer, found.fetched_at) == (None, None)
        assert found.message is not None
    assert back.answer == before.answer


def test_asking_after_an_answer_takes_no_call_of_the_use_and_is_bounded_all_the_same(world):
    async def scenario(held):
        _, routed = await held.ask(DECIDE, ROW)
        polls = [(await held.fetch(routed["decision"]))[0] for _ in range(5)]
        return polls, (await held.fetch(routed["decision"]))[0], (await held.ask(DECIDE, ROW))[0]

    polls, beyond, decided = rows(world, scenario, bounds={"per_minute": 5})
    assert polls == [202] * 5
    assert beyond == 429
    assert decided == 202


@pytest.mark.parametrize("typed", [r"\ud83d", "NaN", "1e999", r'["\udc00"]'])
def test_a_changed_answer_that_no_json_can_carry_is_given_as_it_was_typed(world, typed):
    async def scenario(held):
        _, routed = await held.ask(DECIDE, ROW)
        await held.act(routed["review"], "modify", text=typed)
        return await held.fetch(routed["decision"])

    status, found = rows(world, scenario)
    assert (status, found["output"]) == (200, typed)


def test_a_row_that_points_at_another_decision_gives_nobody_s_answer(world):
    async def scenario(held):
        _, mine = await held.ask(DECIDE, ROW | {"person": "ann"})
        _, other = await held.ask(DECIDE, ROW | {"person": "bob", "input": {"late": 0, "used": 0.1}})
        await held.act(other["review"], "approve")
        repository = world.register.repository
        there = decision_row(world.register, other["decision"])["idx"]
        table = repository.tables.decision
        with repository.backend.write("test") as connection:
            connection.execute(update(table).where(table.c.id == mine["decision"]).values(idx=there))
        with pytest.raises(LedgerError, match="does not match"):
            replay(held.runtime, FIRM, mine["decision"], by="auditor", reason="asked")
        return await held.fetch(mine["decision"])

    status, found = rows(world, scenario)
    assert status == 409
    assert "output" not in found
