"""No model is called after an acknowledged hold: not the next one, not the same one again, and nothing is given of either."""

from __future__ import annotations

import asyncio
import json

import pytest

from dualtrack.errors import UpstreamError
from dualtrack.runtime.faces.openai_face import HotPath
from dualtrack.runtime.upstream.client import UpstreamClient
from dualtrack.runtime.upstream.limits import Timeouts
from runtime.fake_model import FakeModel, ask
from runtime.runtime_world import USE
from runtime.saying_model import SlowModel, hold_now
from runtime.test_runtime_chat import CHAT, QUESTION, caller, chat_policy, recorded

DECIDE = f"/v1/decide/{USE}"
ROW = {"input": {"late": 1}}


def held_midway(world, path, body, status, policy):
    """Ask, put the use on hold while the first model is thinking, then let it answer with this status."""

    async def inside():
        async with SlowModel(status) as slow, FakeModel() as second:
            world.permit(**policy(slow.url, second.url))
            with world.open() as runtime:
                async with UpstreamClient() as client:
                    asking = asyncio.create_task(ask(HotPath(runtime, client, caller), path, body))
                    await slow.asked.wait()
                    await hold_now(world, runtime)
                    slow.go.set()
                    got, _, data = await asking
                    return got, json.loads(data), len(slow.calls), len(second.calls)

    return asyncio.run(inside())


def scorers(first, second):
    kept = {"kind": "http", "provider": "lab", "first_byte_ms": 5000}
    found = [kept | {"id": "model", "url": first}, kept | {"id": "second", "url": second}]
    return {"audience": "customers", "upstreams": found, "output": {}}


def thrice(first, _second):
    model = {"id": "model", "kind": "openai", "provider": "lab", "url": first, "model": "m", "first_byte_ms": 5000}
    return chat_policy(first, upstreams=[model | {"attempts": 3}])


def test_the_second_scorer_is_not_asked_on_hold(world):
    status, body, first, second = held_midway(world, DECIDE, ROW, 500, scorers)
    assert (first, second) == (1, 0)
    assert (status, body["outcome"], body["code"]) == (423, "stopped", "permit.held")
    assert [item.component for item in recorded(world)[0].upstream] == ["model"], (
        "what was not asked is not in the record"
    )


def test_a_model_is_not_asked_again_on_hold(world):
    _, body, first, _ = held_midway(world, CHAT, QUESTION, 503, thrice)
    assert first == 1
    assert body["dualtrack"]["code"] == "permit.held"
    assert body["choices"][0]["message"]["content"].endswith("Call 2000 0000 (fictional)")
    assert recorded(world)[0].output is None


def test_nothing_is_sent_over_a_connection_that_stood_too_late():
    tries = []

    def allowed():
        tries.append(1)
        raise UpstreamError("it is on hold", code="permit.held")

    async def inside():
        async with FakeModel() as fake, UpstreamClient() as client:
            with pytest.raises(UpstreamError, match="on hold"):
                await client.send("POST", fake.url, {}, b"{}", Timeouts(), allowed=allowed)
            assert (len(tries), fake.calls) == (1, [])
            assert (await client.send("POST", f"{fake.url}/score", {}, b"{}", Timeouts(), allowed=None)).status == 200

    asyncio.run(inside())


def test_embeddings_on_hold_are_refused_as_such(world):
    texts = {"model": USE, "user": "customer 7", "input": "a"}
    status, body, _, _ = held_midway(world, "/v1/embeddings", texts, 200, thrice)
    assert (status, body["type"]) == (423, "urn:dualtrack:error:permit.held")
    assert "data" not in body
    assert [(item.outcome, item.code) for item in recorded(world)] == [("stopped", "permit.held")]
