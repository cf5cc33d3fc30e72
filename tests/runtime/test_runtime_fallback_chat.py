"""Fixed answers in a conversation: when the models fail, on hold, whole and streamed, and again in a replay."""

from __future__ import annotations

import asyncio
import json

import msgspec
import pytest

from dualtrack.domain.records import read_record
from dualtrack.domain.usecase import UseCase
from dualtrack.runtime.faces.openai_face import HotPath
from dualtrack.runtime.models import keep_artifact
from dualtrack.runtime.replaying import replay
from dualtrack.runtime.upstream.client import UpstreamClient
from permit.firm import declaration, known_key
from runtime.fake_model import FakeModel, ask
from runtime.runtime_world import FIRM, USE, component
from runtime.test_runtime_chat import NOTICE, QUESTION, caller, chat_policy, recorded, run
from runtime.test_runtime_fallback import PHRASES, hold

CHAT = "/v1/chat/completions"
RULED = {"fallback": "rules", "rules": {"phrases": PHRASES}}


def asking(text: str, **more):
    return QUESTION | {"messages": [{"role": "user", "content": text}]} | more


def streamed(body: bytes) -> tuple[str, dict]:
    chunks = [json.loads(line[6:]) for line in body.decode().split("\n\n") if line.startswith("data: {")]
    return "".join(chunk["choices"][0]["delta"].get("content", "") for chunk in chunks), chunks[-1]


@pytest.mark.parametrize(
    ("fault", "stream"), [("status", False), ("garbage", False), ("stall", False), ("status", True)]
)
def test_a_model_that_fails_leaves_the_fixed_answer_after_the_notice(world, fault, stream):
    async def scenario(app, fake, runtime):
        fake.fault = fault
        _, _, body = await ask(app, CHAT, asking("What is the fee?", stream=stream))
        found = recorded(world)[0]
        return body, found, runtime.recorder(FIRM).contents.open(found.output)

    body, found, kept = run(world, scenario, model=Failing(fault=fault), **RULED)
    text, last = streamed(body) if stream else (json.loads(body)["choices"][0]["message"]["content"], json.loads(body))
    assert text == f"{NOTICE['en']}\n\nHK$100."
    assert json.loads(kept) == text
    assert (last["dualtrack"]["outcome"], len(last["dualtrack"]["receipt"])) == ("fallback", 12)
    assert last["choices"][0]["finish_reason"] == "stop"
    assert (found.outcome, found.upstream[-1].component, found.upstream[-1].model) == (
        "fallback",
        "fallback-rules",
        "fee",
    )
    assert found.disclosure is not None
    assert found.code.startswith("upstream.")


class Failing(FakeModel):
    """Fails streamed requests too, before the first part."""

    async def _stream(self, writer):
        if self.fault == "status":
            await self._whole(writer, b"{}", status=500)
        else:
            await super()._stream(writer)


def test_what_no_rule_knows_gets_the_message(world):
    async def scenario(app, fake, _runtime):
        fake.fault = "status"
        return json.loads((await ask(app, CHAT, asking("Where is the moon?")))[2])

    body = run(world, scenario, **RULED)
    assert body["dualtrack"]["outcome"] == "fallback"
    assert "A colleague" in body["choices"][0]["message"]["content"]
    assert recorded(world)[0].upstream[-1].fault == "no_rule"
    assert recorded(world)[0].output is None


def test_a_second_model_comes_before_the_rules(world):
    async def scenario(app, _fake, _runtime):
        return json.loads((await ask(app, CHAT, QUESTION))[2])

    body = run(world, scenario, **RULED)
    assert body["dualtrack"]["outcome"] == "served"


def test_guards_judge_a_fixed_answer_as_any_other(world):
    answer = {"en": "You should buy this fund now.", "zh-Hant": "建議你現在買入這隻基金。"}
    rules = {"phrases": [{"id": "fee", "phrases": ["fee"], "answer": answer}]}
    guards = [{"guard": "investment_advice", "stage": "output", "action": "block"}]

    async def scenario(app, fake, runtime):
        fake.fault = "status"
        body = json.loads((await ask(app, CHAT, QUESTION))[2])
        await asyncio.sleep(0.2)
        return body, replay(runtime, FIRM, recorded(world)[0].id, by="auditor", reason="audit").result

    body, again = run(world, scenario, fallback="rules", rules=rules, guards=guards)
    assert "fund" not in body["choices"][0]["message"]["content"]
    assert body["dualtrack"]["outcome"] == "blocked"
    assert again == "same"


def test_the_firms_own_telephone_number_stands_in_its_fixed_answer(world):
    answer = {"en": "Call 9123 4567 now.", "zh-Hant": "請即致電 9123 4567。"}
    rules = {"phrases": [{"id": "fee", "phrases": ["fee"], "answer": answer}]}

    async def scenario(app, fake, _runtime):
        fake.fault = "status"
        return json.loads((await ask(app, CHAT, QUESTION))[2])

    body = run(world, scenario, fallback="rules", rules=rules)
    assert "Call 9123 4567 now." in body["choices"][0]["message"]["content"]


def test_review_before_release_holds_a_fixed_answer_too(world):
    async def scenario(app, fake, _runtime):
        fake.fault = "status"
        return json.loads((await ask(app, CHAT, QUESTION))[2])

    body = run(world, scenario, **RULED, review={"mode": "hold"})
    assert (body["dualtrack"]["outcome"], body["dualtrack"]["code"]) == ("routed", "review.hold")
    assert "HK$100" not in body["choices"][0]["message"]["content"]


@pytest.mark.parametrize("stream", [False, True])
def test_on_hold_the_fixed_answer_is_given_and_no_model_is_asked(world, stream):
    async def scenario(app, fake, runtime):
        await asyncio.to_thread(hold, world)
        known = await ask(app, CHAT, asking("收費幾多？", stream=stream))
        other = await ask(app, CHAT, asking("Where is the moon?"))
        await asyncio.sleep(0.2)
        again = replay(runtime, FIRM, recorded(world)[0].id, by="auditor", reason="audit")
        return known, json.loads(other[2]), len(fake.calls), again

    (status, _, body), other, calls, again = run(world, scenario, **RULED)
    text, last = streamed(body) if stream else (json.loads(body)["choices"][0]["message"]["content"], json.loads(body))
    assert (status, calls) == (200, 0)
    assert text == f"{NOTICE['zh-Hant']}\n\n一百元。"
    assert (last["dualtrack"]["outcome"], last["dualtrack"]["code"]) == ("fallback", "permit.held")
    assert last["dualtrack"]["streaming"].startswith("off: on hold since")
    assert again.result == "same"
    assert (other["dualtrack"]["outcome"], other["dualtrack"]["code"]) == ("fallback", "permit.held")
    assert "A colleague" in other["choices"][0]["message"]["content"]
    assert [item.outcome for item in recorded(world)] == ["fallback", "fallback"]


def test_a_hold_that_comes_while_a_model_is_asked_leaves_the_message(world):
    async def scenario(app, fake, _runtime):
        fake.fault = "stall"
        asked = asyncio.create_task(ask(app, CHAT, QUESTION))
        await asyncio.sleep(0.1)
        await asyncio.to_thread(hold, world)
        return json.loads((await asked)[2])

    upstream = {"id": "model", "kind": "openai", "provider": "lab", "model": "m", "first_byte_ms": 3000}
    body = with_url(world, scenario, upstream)
    assert "A colleague" in body["choices"][0]["message"]["content"]


def with_url(world, scenario, upstream):
    async def inside():
        async with FakeModel() as fake:
            world.permit(**chat_policy(fake.url, **RULED, upstreams=[upstream | {"url": fake.url}]))
            with world.open() as runtime:
                async with UpstreamClient() as client:
                    return await scenario(HotPath(runtime, client, caller), fake, runtime)

    return asyncio.run(inside())


def test_vectors_have_no_fallback_on_hold(world):
    async def scenario(app, _fake, _runtime):
        await asyncio.to_thread(hold, world)
        return await ask(app, "/v1/embeddings", {"model": USE, "input": ["a"]})

    status, _, _ = run(world, scenario, **RULED)
    assert status == 423
    assert not recorded(world)


CORPUS = {
    "format": "dualtrack.corpus/1",
    "use": USE,
    "firm": {"en": "Test Bank", "zh-Hant": "測試銀行"},
    "passages": [
        {
            "id": "fees",
            "topic": "fees",
            "owner": "service",
            "version": "1",
            "valid_from": "2026-01-01",
            "title": {"en": "Monthly account fee", "zh-Hant": "戶口月費"},
            "text": {"en": "The monthly account fee is HK$50.", "zh-Hant": "戶口月費為五十元。"},
            "keys": {"en": "charge", "zh-Hant": "收費"},
            "provenance": "Written for this test.",
        }
    ],
}


@pytest.mark.parametrize(("fallback", "quotes"), [("extractive", True), ("message", False)])
def test_on_hold_passages_are_quoted_only_where_they_are_the_named_fallback(world, fallback, quotes):
    async def inside():
        async with FakeModel() as fake:
            world.permit()
            part = component() | {"id": "model", "type": "index", "name": "passages", "version": "1"}
            declared = declaration(components=[part])
            world.register.declare(read_record(declared, UseCase, where="test"), known_key("owner"))
            llm = {"id": "llm", "kind": "openai", "provider": "lab", "url": fake.url, "model": "m"}
            passages = {"id": "model", "kind": "extractive", "provider": "in-house"}
            corpus = keep_artifact(world.workspace.path("models"), msgspec.json.encode(CORPUS, order="sorted"))
            world.again(model=corpus, **chat_policy(fake.url, upstreams=[llm, passages], fallback=fallback))
            with world.open() as runtime:
                async with UpstreamClient() as client:
                    app = HotPath(runtime, client, caller)
                    await asyncio.to_thread(hold, world)
                    status, _, body = await ask(app, CHAT, asking("What is the monthly account fee?"))
                    return status, json.loads(body), len(fake.calls)

    status, body, calls = asyncio.run(inside())
    assert calls == 0
    if quotes:
        assert "HK$50" in body["choices"][0]["message"]["content"]
        assert (body["dualtrack"]["outcome"], body["dualtrack"]["code"]) == ("fallback", "permit.held")
    else:
        assert (status, body["message"]["en"]) == (423, "A colleague will look at this.")
