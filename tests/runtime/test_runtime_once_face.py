"""An Idempotency-Key on the hot path, over two runtimes of one workspace as two workers have them."""

from __future__ import annotations

import asyncio
import json
import threading
from contextlib import ExitStack

import pytest
from sqlalchemy import select

from dualtrack.domain import canonical
from dualtrack.domain.decision import Decision
from dualtrack.domain.oversight import Hold
from dualtrack.domain.records import read_record
from dualtrack.runtime.erasing import erase_person
from dualtrack.runtime.faces.callers import Caller
from dualtrack.runtime.faces.openai_face import HotPath
from dualtrack.runtime.holds import set_hold
from dualtrack.runtime.ids import new_id
from dualtrack.runtime.upstream.client import UpstreamClient
from dualtrack.store.shared_tables import SHARED
from permit.firm import known_key
from runtime.fake_model import FakeModel, ask
from runtime.runtime_world import FIRM, USE, World

DECIDE = f"/v1/decide/{USE}"
ROW = {"input": {"late": 3}, "person": "customer 7"}
KEY = ((b"idempotency-key", b"order-1"),)


@pytest.fixture
def world(tmp_path, database):
    found = World(tmp_path, database=database)
    yield found
    found.close()


def run(world, scenario, **permit):
    """Run a scenario with the faces of two runtimes of one workspace."""
    world.permit(**permit)

    async def inside():
        with ExitStack() as stack:
            runtimes = [stack.enter_context(world.open()) for _ in range(2)]
            async with UpstreamClient() as client:
                faces = [HotPath(runtime, client, lambda _header: Caller("key", FIRM, None)) for runtime in runtimes]
                return await scenario(faces, runtimes)

    return asyncio.run(inside())


def decisions(world):
    entries = world.register.repository.every(kinds=("decision/1",))
    return [read_record(canonical.decode(entry.content), Decision, where="test") for entry in entries]


def rows(world):
    with world.store.backend.read() as connection:
        return connection.execute(select(SHARED.once)).all()


def test_a_call_that_is_sent_again_is_decided_once_whichever_worker_it_meets(world):
    async def scenario(faces, _runtimes):
        first = await ask(faces[0], DECIDE, ROW, headers=KEY)
        return first, [await ask(face, DECIDE, ROW, headers=KEY) for face in faces]

    first, again = run(world, scenario)
    assert first[0] == 200
    assert "idempotency-replayed" not in first[1]
    for status, headers, body in again:
        assert (status, headers["idempotency-replayed"], body) == (200, "true", first[2])
    assert [item.id for item in decisions(world)] == [json.loads(first[2])["decision"]]


def test_at_once_in_two_workers_one_decides_and_the_other_is_told(world):
    async def scenario(faces, _runtimes):
        return await asyncio.gather(*(ask(faces[number % 2], DECIDE, ROW, headers=KEY) for number in range(6)))

    answers = run(world, scenario)
    assert {status for status, _, _ in answers} <= {200, 409}
    assert len(decisions(world)) == 1
    assert len({body for status, _, body in answers if status == 200}) == 1
    for status, headers, _ in answers:
        assert status == 200 or headers["retry-after"] == "1"


def test_another_row_under_the_same_key_is_refused_and_a_key_that_is_none_too(world):
    async def scenario(faces, _runtimes):
        await ask(faces[0], DECIDE, ROW, headers=KEY)
        other = await ask(faces[1], DECIDE, ROW | {"input": {"late": 4}}, headers=KEY)
        return other, await ask(faces[1], DECIDE, ROW, headers=((b"idempotency-key", b"a b"),))

    other, none = run(world, scenario)
    assert (other[0], json.loads(other[2])["error"]["code"]) == (
        422,
        "input.field.idempotency-key",
    )
    assert none[0] == 400
    assert len(decisions(world)) == 1


def test_what_was_refused_leaves_the_key_free(world):
    async def scenario(faces, _runtimes):
        wrong = await ask(faces[0], DECIDE, ROW | {"release": "0" * 64}, headers=KEY)
        right = await ask(faces[1], DECIDE, ROW, headers=KEY)
        return wrong[0], right[0], await ask(faces[1], DECIDE, {"input": 1}, headers=((b"idempotency-key", b"o-2"),))

    wrong, right, broken = run(world, scenario)
    assert (wrong, right, broken[0]) == (403, 200, 400)
    assert len(rows(world)) == 1


def test_on_hold_no_kept_answer_leaves(world):
    async def scenario(faces, runtimes):
        first = await ask(faces[0], DECIDE, ROW, headers=KEY)
        await asyncio.to_thread(
            set_hold, world.register, known_key("executive"), scope="use", target=USE, reason="wrong scores"
        )
        for runtime in runtimes:
            runtime.snapshots.refresh()
        return first[0], (await ask(faces[1], DECIDE, ROW, headers=KEY))[0]

    assert run(world, scenario) == (200, 423)


def test_without_a_key_nothing_is_claimed(world):
    async def scenario(faces, _runtimes):
        return [(await ask(face, DECIDE, ROW))[0] for face in faces]

    assert run(world, scenario) == [200, 200]
    assert rows(world) == []
    assert len(decisions(world)) == 2


def test_what_was_answered_about_a_person_goes_with_the_person(world):
    async def scenario(faces, runtimes):
        await ask(faces[0], DECIDE, ROW, headers=KEY)
        runtime = runtimes[0]
        person = runtime.subjects.pseudonym(FIRM, "customer 7")
        contents = runtime.recorder(FIRM).contents
        erase_person(runtime.registers[FIRM], contents, "compliance", person, "the person asked")
        return await ask(faces[1], DECIDE, ROW, headers=KEY)

    status, _, body = run(world, scenario)
    assert (status, json.loads(body)["error"]["code"]) == (410, "not-found.erased")


def test_a_hold_that_comes_while_the_key_is_claimed_keeps_the_answer_back(world, monkeypatch):
    async def scenario(faces, runtimes):
        assert (await ask(faces[0], DECIDE, ROW, headers=KEY))[0] == 200
        begin = runtimes[0].once.begin

        def slow(asked):
            found = begin(asked)
            hold = Hold(id=new_id(), scope="use", target=USE, reason="r", by="executive", at=world.register.now())
            world.register.append_record("hold/1", USE, hold, [known_key("executive")])
            runtimes[0].snapshots.refresh()
            return found

        monkeypatch.setattr(runtimes[0].once, "begin", slow)
        return await ask(faces[0], DECIDE, ROW, headers=KEY)

    status, headers, body = run(world, scenario)
    assert (status, json.loads(body)["type"]) == (423, "urn:dualtrack:error:permit.held")
    assert "idempotency-replayed" not in headers


def test_a_client_that_leaves_while_its_key_is_claimed_leaves_the_key_free(world, monkeypatch):
    async def scenario(faces, runtimes):
        begin, started, go = runtimes[0].once.begin, threading.Event(), threading.Event()

        def slow(asked):
            started.set()
            go.wait(10)
            return begin(asked)

        monkeypatch.setattr(runtimes[0].once, "begin", slow)
        asked = asyncio.create_task(ask(faces[0], DECIDE, ROW, headers=KEY))
        await asyncio.to_thread(started.wait, 10)
        asked.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asked
        go.set()
        for _ in range(200):
            await asyncio.sleep(0.02)
            status, _, _ = await ask(faces[1], DECIDE, ROW, headers=KEY)
            if status == 200:
                return status
        return status

    assert run(world, scenario) == 200
    assert len(decisions(world)) == 1


def test_what_a_model_answered_that_is_on_hold_now_is_not_given_again(world, monkeypatch):
    monkeypatch.setattr("dualtrack.runtime.holds.acknowledge_s", lambda: 0.0)  # the snapshot is read anew below

    async def inside():
        async with FakeModel() as fake:
            lab = {"kind": "http", "url": fake.url, "first_byte_ms": 500}
            upstreams = [{"id": "one", "provider": "lab", **lab}, {"id": "two", "provider": "lab2", **lab}]
            world.permit(audience="customers", upstreams=upstreams)
            with world.open() as runtime:
                async with UpstreamClient() as client:
                    face = HotPath(runtime, client, lambda _header: Caller("key", FIRM, None))
                    before = [await ask(face, DECIDE, ROW, headers=KEY) for _ in range(2)]
                    set_hold(world.register, known_key("executive"), scope="provider", target="lab", reason="odd")
                    runtime.snapshots.refresh()
                    return before, await ask(face, DECIDE, ROW, headers=KEY)

    (first, again), held = asyncio.run(inside())
    assert first[0] == held[0] == 200
    assert again[2] == first[2]
    assert again[1]["idempotency-replayed"] == "true"
    assert "idempotency-replayed" not in held[1]
    assert [call.component for item in decisions(world) for call in item.upstream] == ["one", "two"]
