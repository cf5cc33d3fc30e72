"""A model that changes behind its address is noticed by every face that calls one over HTTP; embeddings know opting out."""

from __future__ import annotations

import asyncio
import json
from contextlib import AsyncExitStack

import pytest

from dualtrack.runtime.faces.openai_face import HotPath
from dualtrack.runtime.opting import opt_out
from dualtrack.runtime.subjects import Subjects
from dualtrack.runtime.upstream.client import UpstreamClient
from runtime.fake_model import FakeModel, ask
from runtime.runtime_world import USE
from runtime.test_runtime_chat import caller, chat_policy, recorded

DECIDE = f"/v1/decide/{USE}"
EMBED = "/v1/embeddings"
TEXTS = {"model": USE, "user": "customer 7", "input": ["a", "b"]}


def signals(world):
    return [entry.kind for entry in world.register.repository.every(kinds=("signal/1",))]


async def asked_of(world, stack, path, body):
    """Ask the hot path once, in a runtime of the world."""
    with world.open() as runtime:
        client = await stack.enter_async_context(UpstreamClient())
        status, _, answer = await ask(HotPath(runtime, client, caller), path, body)
        return status, json.loads(answer)


def decided(world, fake, fingerprint):
    async def inside():
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(fake)
            upstream = {"id": "model", "kind": "http", "provider": "lab", "url": fake.url, "fingerprint": fingerprint}
            world.permit(upstreams=[upstream], output={})
            return await asked_of(world, stack, DECIDE, {"input": {"late": 1}})

    return asyncio.run(inside())


@pytest.mark.parametrize(
    ("said", "headers", "fingerprint"),
    [
        ({"model": "card", "version": "3"}, b"", "card/3"),
        ({"version": "3"}, b"", "3"),
        ({}, b"x-model-version: card-3\r\n", "card-3"),
        ({}, b"", None),
    ],
)
def test_a_scorer_that_is_the_one_released_serves_and_its_name_is_recorded(world, said, headers, fingerprint):
    fake = FakeModel()
    fake.scored |= said
    fake.headers = headers
    status, body = decided(world, fake, fingerprint)
    assert (status, body["outcome"]) == (200, "served")
    assert recorded(world)[0].upstream[0].fingerprint == fingerprint
    assert not signals(world)


@pytest.mark.parametrize("said", [{"model": "card", "version": "4"}, {}])
def test_a_scorer_that_changed_is_not_served_and_is_a_signal(world, said):
    fake = FakeModel()
    fake.scored |= said
    status, body = decided(world, fake, "card/3")
    assert (status, body["outcome"]) == (502, "failed")
    assert "output" not in body or body["output"] is None
    found = recorded(world)[0].upstream[0]
    assert (found.fault, found.fingerprint) == ("upstream.fingerprint", "/".join(said.values()) or None)
    assert signals(world) == ["signal/1"]


def embedded(world, fakes, *, fingerprint=None, opted_out=False, texts=TEXTS, **changes):
    async def inside():
        async with AsyncExitStack() as stack:
            for fake in fakes:
                await stack.enter_async_context(fake)
            policy = chat_policy(fakes[0].url, **changes)
            first = policy["upstreams"][0] | {"fingerprint": fingerprint}
            policy["upstreams"] = [
                first | {"url": fake.url, "id": f"model-{number}" if number else "model"}
                for number, fake in enumerate(fakes)
            ]
            world.permit(**policy)
            if opted_out:
                opt_out(world.register, Subjects(world.workspace), USE, person="customer 7")
            return await asked_of(world, stack, EMBED, texts)

    return asyncio.run(inside())


def test_embeddings_of_another_model_are_not_given_and_are_a_signal(world):
    fake = FakeModel(model="fake-2")
    status, _ = embedded(world, [fake], fingerprint="fake-1")
    assert status == 502
    found = recorded(world)[0]
    assert (found.outcome, found.upstream[0].fault) == ("failed", "upstream.fingerprint")
    assert found.upstream[0].fingerprint == "fake-2"
    assert signals(world) == ["signal/1"]


def test_a_second_model_gives_the_embeddings_when_the_first_fails(world):
    status, body = embedded(world, [FakeModel(fault="status"), FakeModel()])
    assert (status, len(body["data"])) == (200, 2)
    found = recorded(world)[0]
    assert [item.component for item in found.upstream] == ["model", "model-1"]
    assert [item.fault for item in found.upstream] == ["upstream.status", None]
    assert [item.operation for item in found.upstream] == ["embeddings", "embeddings"]
    assert found.timing.upstream_us >= sum(item.us for item in found.upstream)


def test_embeddings_honour_opting_out(world):
    fake = FakeModel()
    status, body = embedded(world, [fake], opted_out=True, opt_out=True)
    assert (status, body["type"]) == (403, "urn:dualtrack:error:outcome.opted-out")
    assert not fake.calls
    found = recorded(world)[0]
    assert (found.outcome, found.code) == ("blocked", "opted-out")


def test_embeddings_ask_for_a_person_where_opting_out_must_be_honoured(world):
    texts = {name: value for name, value in TEXTS.items() if name != "user"}
    status, body = embedded(world, [FakeModel()], texts=texts, opt_out=True)
    assert (status, body["error"]["param"]) == (400, "field user")


def test_embeddings_of_whoever_did_not_opt_out_go_on(world):
    assert embedded(world, [FakeModel()], opt_out=True)[0] == 200
