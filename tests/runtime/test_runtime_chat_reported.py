"""What an upstream says beside its answer, or in place of one: in closed sets, or it goes neither to a client nor into the ledger."""

from __future__ import annotations

import asyncio
import json
import re
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dualtrack.domain.policy import Upstream
from dualtrack.errors import UpstreamError
from dualtrack.runtime.faces.chat_deltas import Deltas
from dualtrack.runtime.faces.chat_upstream import finish_reason, note_call, read_completion, whole_numbers
from dualtrack.runtime.faces.openai_face import HotPath
from dualtrack.runtime.upstream.client import UpstreamClient
from runtime.fake_model import FakeModel, ask
from runtime.runtime_world import USE
from runtime.saying_model import RawModel, SayingModel, chunk
from runtime.test_runtime_chat import CHAT, QUESTION, caller, chat_policy, recorded, run
from runtime.test_runtime_chat_tools import call, chunks_of

HKID = "A123456(3)"
DECIDE = f"/v1/decide/{USE}"
EMBED, VECTORS = "/v1/embeddings", {"model": USE, "input": ["a"]}
MODEL = Upstream(id="model", kind="openai", provider="lab", fingerprint="card 3")
NAME = re.compile(r"[A-Za-z0-9._:/@+-]{1,100}|sha256:[0-9a-f]{64}|card 3")
JSON = st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda part: st.lists(part, max_size=3))


def completion(message, reason=None, **more):
    return {"choices": [{"message": message, "finish_reason": reason}]} | more


def streamed(delta):
    deltas = Deltas(MODEL)
    deltas.text({"choices": [{"index": 0, "delta": delta}]})
    return deltas.end()


@pytest.mark.parametrize(
    "said",
    [
        {"content": None, "function_call": {"name": "wire_money", "arguments": "{}"}},
        {"content": None, "refusal": "I cannot."},
        {"content": ""},
        {"content": " \n"},
        {"content": 7},
        {},
    ],
)
def test_an_answer_with_neither_text_nor_calls_is_garbage(said):
    with pytest.raises(UpstreamError) as caught:
        read_completion(completion(said), MODEL)
    assert caught.value.code == "upstream.garbage"
    with pytest.raises(UpstreamError) as caught:
        streamed(said)
    assert caught.value.code == "upstream.garbage"


def test_several_answers_are_garbage():
    two = completion({"content": "Yes."})["choices"] * 2
    with pytest.raises(UpstreamError):
        read_completion({"choices": two}, MODEL)


@pytest.mark.parametrize(
    "chunks",
    [
        [chunk("Yes, it is free. "), chunk("No, it costs HK$9. ", index=1)],
        [chunk("Yes.") | {"choices": [*chunk("Yes.")["choices"], *chunk("No.")["choices"]]}],
        [{"choices": "yes"}],
        [{"error": {"message": "busy"}}],
    ],
)
def test_a_stream_of_another_choice_is_garbage(chunks):
    deltas = Deltas(MODEL)
    *first, last = chunks
    assert [deltas.text(item) for item in first] == ["Yes, it is free. "] * len(first)
    with pytest.raises(UpstreamError) as caught:
        deltas.text(last)
    assert caught.value.code == "upstream.garbage"


@pytest.mark.parametrize(
    ("reason", "calls", "known"),
    [
        ("stop", [], "stop"),
        ("length", [], "length"),
        ("content_filter", [], "content_filter"),
        ("tool_calls", [call()], "tool_calls"),
        ("tool_calls", [], "stop"),
        ("stop", [call()], "tool_calls"),
        (f"HKID {HKID}", [], "stop"),
    ],
)
def test_a_reason_is_one_of_the_known(reason, calls, known):
    assert read_completion(completion({"content": "Fine.", "tool_calls": calls}, reason), MODEL).finish == known
    deltas = Deltas(MODEL)
    deltas.text(chunk("Fine.", reason=reason))
    if calls:
        deltas.text({"choices": [{"index": 0, "delta": {"tool_calls": [{"index": 0, **calls[0]}]}}]})
    assert deltas.end() == (calls, known)


@given(JSON)
def test_whatever_stands_for_a_reason_or_a_usage_no_text_of_it_is_passed_on(said):
    assert finish_reason(said) in {"stop", "length", "content_filter"}
    assert whole_numbers(said) == {}
    assert whole_numbers({"total_tokens": said, f"customer {said}": 1}) in ({}, {"total_tokens": said})


@given(st.text() | st.from_regex(r"[a-z0-9./-]{1,120}", fullmatch=True), st.text(max_size=20))
def test_what_is_recorded_of_a_model_has_the_form_of_a_name(model, version):
    noted = SimpleNamespace(upstream=[])
    note_call(noted, MODEL, 0, 200, None, {"model": model, "system_fingerprint": version})
    kept = noted.upstream[0].fingerprint
    assert kept is None or NAME.fullmatch(kept)


def test_a_model_that_echoes_a_customer_leaves_nothing_of_it_in_the_ledger(world):
    async def inside():
        async with FakeModel() as fake:
            fake.scored |= {"version": f"echo: Chan Tai Man {HKID}"}
            model = {"id": "model", "kind": "http", "provider": "lab", "url": fake.url, "fingerprint": "card/3"}
            world.permit(upstreams=[model], output={})
            with world.open() as runtime:
                async with UpstreamClient() as client:
                    return await ask(HotPath(runtime, client, caller), DECIDE, {"input": {"late": 1}})

    asyncio.run(inside())
    found = recorded(world)[0].upstream[0]
    assert found.fault == "upstream.fingerprint"
    assert found.fingerprint.startswith("sha256:")
    contents = b"".join(entry.content for entry in world.register.repository.entries())
    assert b"Tai Man" not in contents


def test_what_is_said_beside_an_answer_stays_behind_and_an_empty_one_is_not_served(world):
    fake = SayingModel(
        body=completion({"content": "Fine."}, f"HKID {HKID}", usage={f"of {HKID}": 1, "total_tokens": 3}),
        says=[
            chunk("The first words. And then", reason="length"),
            {"choices": [], "usage": {"total_tokens": 3, HKID: 1}},
        ],
    )

    async def scenario(app, model, _runtime):
        whole = json.loads((await ask(app, CHAT, QUESTION))[2])
        stream = chunks_of((await ask(app, CHAT, QUESTION | {"stream": True}))[2])
        model.body = completion({"content": None, "refusal": "I cannot."})
        model.says = [chunk("", reason="stop")]
        empty = json.loads((await ask(app, CHAT, QUESTION))[2])
        silent = chunks_of((await ask(app, CHAT, QUESTION | {"stream": True}))[2])
        return whole, stream[-1], empty["dualtrack"], silent[-1]["dualtrack"]

    whole, last, empty, silent = run(world, scenario, model=fake)
    assert HKID not in json.dumps(whole)
    assert (whole["choices"][0]["finish_reason"], whole["usage"]) == ("stop", {"total_tokens": 3})
    assert (last["choices"][0]["finish_reason"], last["usage"]) == ("length", {"total_tokens": 3})
    assert [(item["outcome"], item["code"]) for item in (empty, silent)] == [("fallback", "upstream.garbage")] * 2


@pytest.mark.parametrize("way", ["whole", "stream", "row"])
def test_an_error_of_a_gateway_is_garbage_and_no_other_model(world, way):
    error = {"error": {"message": "no backend"}}
    fake = SayingModel(body=error, says=[{"model": "", "choices": []}, error])
    fake.scored = error

    async def inside():
        async with fake:
            if way == "row":
                model = {"id": "model", "kind": "http", "provider": "lab", "url": fake.url, "fingerprint": "fake-1"}
                world.permit(upstreams=[model], output={})
            else:
                policy = chat_policy(fake.url)
                policy["upstreams"][0]["fingerprint"] = "fake-1"
                world.permit(**policy)
            with world.open() as runtime:
                async with UpstreamClient() as client:
                    app = HotPath(runtime, client, caller)
                    if way == "row":
                        await ask(app, DECIDE, {"input": {"late": 1}})
                    else:
                        await ask(app, CHAT, QUESTION | {"stream": way == "stream"})

    asyncio.run(inside())
    assert [item.fault for item in recorded(world)[0].upstream] == ["upstream.garbage"]
    assert not list(world.register.repository.every(kinds=("signal/1",))), "the permit stands"


DEEP = b'{"output":' * 5_000
"""JSON of more levels than any reader of it has."""

HUGE = b'{"model":"fake-1","data":[{"embedding":[1%s]}]}' % (b"0" * 400)
"""A vector with a number that no float holds."""


@pytest.mark.parametrize(
    ("path", "body", "raw"),
    [(CHAT, QUESTION, DEEP), (EMBED, VECTORS, DEEP), (EMBED, VECTORS, HUGE), (DECIDE, {"input": {"late": 1}}, DEEP)],
    ids=["chat", "vectors", "number", "row"],
)
def test_json_that_nobody_can_take_in_is_garbage_at_every_face(world, path, body, raw):
    async def inside():
        async with RawModel(raw) as fake:
            if path == DECIDE:
                model = {"id": "model", "kind": "http", "provider": "lab", "url": fake.url, "fingerprint": "fake-1"}
                world.permit(upstreams=[model], output={})
            else:
                world.permit(**chat_policy(fake.url))
            with world.open() as runtime:
                async with UpstreamClient() as client:
                    return await ask(HotPath(runtime, client, caller), path, body)

    assert asyncio.run(inside())[0] != 500
    assert [item.fault for item in recorded(world)[0].upstream] == ["upstream.garbage"]
