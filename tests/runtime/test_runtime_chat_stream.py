"""Streams: what is out is in the record, however they end; a hold counts to the last word; the firm's own texts stand."""

from __future__ import annotations

import asyncio
import json

import pytest

from dualtrack.domain.oversight import Hold
from dualtrack.runtime.ids import new_id
from permit.firm import known_key
from runtime.fake_model import FakeModel, ask
from runtime.runtime_world import FIRM, USE
from runtime.test_runtime_chat import CHAT, QUESTION, recorded, run

STREAM = QUESTION | {"stream": True}
NOTICE = {
    "en": "You are talking to AI. It may be wrong. A person answers under 2000 0000.",
    "zh-Hant": "你正與人工智能對話，內容可能有誤。致電2000 0000由真人回覆。",
}


def said(body):
    events = [line[6:] for line in body.decode().split("\n\n") if line.startswith("data: ")]
    chunks = [json.loads(event) for event in events if event != "[DONE]"]
    return "".join(chunk["choices"][0]["delta"].get("content", "") for chunk in chunks), chunks[-1]


def test_a_notice_with_a_telephone_number_is_sent_once_and_whole(world):
    async def scenario(app, _fake, _runtime):
        return await ask(app, CHAT, STREAM)

    text = "One sentence. Call Mr Chan Tai Man on 9123 4567. The end"
    _, _, body = run(world, scenario, model=FakeModel(text), disclosure={"text": NOTICE, "every": True})
    shown, _ = said(body)
    assert shown.count("2000 0000") == 1, "the firm's own number stands, once"
    assert "9123 4567" not in shown
    assert shown.endswith("The end")


def test_a_redaction_that_begins_in_what_is_out_repeats_nothing(world):
    async def scenario(app, _fake, _runtime):
        return await ask(app, CHAT, STREAM)

    text = "word " * 23 + "call 9123 4567 " + "word " * 30
    _, _, body = run(world, scenario, model=FakeModel(text))
    shown, _ = said(body)
    assert shown.count("word") == 53


@pytest.mark.parametrize("target", [("use", USE), ("institution", FIRM)])
def test_a_hold_between_the_last_part_and_the_end_stops_the_rest(world, target):
    class Late(FakeModel):
        async def _stream(self, writer):
            writer.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ncontent-type: text/event-stream\r\n\r\n")
            chunk = {"model": self.model, "choices": [{"index": 0, "delta": {"content": "First. The last words"}}]}
            self._event(writer, json.dumps(chunk).encode())
            await writer.drain()
            await self.held.wait()
            self._event(writer, b"[DONE]")
            writer.write(b"0\r\n\r\n")
            await writer.drain()

    async def scenario(app, fake, runtime):
        fake.held = asyncio.Event()
        streaming = asyncio.create_task(ask(app, CHAT, STREAM))
        await asyncio.sleep(0.3)
        hold = Hold(
            id=new_id(), scope=target[0], target=target[1], reason="test", by="executive", at=world.register.now()
        )
        await asyncio.to_thread(world.register.append_record, "hold/1", USE, hold, [known_key("executive")])
        await asyncio.to_thread(runtime.snapshots.refresh)
        fake.held.set()
        return await streaming

    shown, last = said(run(world, scenario, model=Late())[2])
    assert "The last words" not in shown
    assert last["dualtrack"]["outcome"] == "stopped"
    assert recorded(world)[0].code == "permit.held"


@pytest.mark.parametrize("durability", ["durable", "buffered"])
def test_a_stream_that_breaks_off_in_our_hands_leaves_what_was_read(world, durability, monkeypatch):
    audience = "customers" if durability == "durable" else "staff"

    async def scenario(app, _fake, runtime):
        sent = 0

        async def send(message):
            nonlocal sent
            sent += 1
            if sent > 3:
                raise RuntimeError("the server's own fault")

        body = json.dumps(STREAM).encode()
        inbox = [{"type": "http.request", "body": body, "more_body": False}]

        async def receive():
            if not inbox:
                await asyncio.Event().wait()
            return inbox.pop(0)

        scope = {
            "type": "http", "method": "POST", "path": CHAT, "query_string": b"",
            "headers": [(b"authorization", b"Bearer dt_test"), (b"content-length", b"%d" % len(body))],
        }  # fmt: skip
        with pytest.raises(RuntimeError):
            await app(scope, receive, send)
        await asyncio.to_thread(_settled, runtime)
        found = recorded(world)[0]
        return found, json.loads(runtime.recorder(FIRM).contents.open(found.output))

    found, output = run(
        world, scenario, model=FakeModel("First sentence. Second one. Third."), audience=audience,
        flags={"durability": durability},
    )  # fmt: skip
    assert (found.outcome, found.code, found.durability) == ("failed", "interrupted", durability)
    assert "First sentence." in output


def _settled(runtime):
    recorder = runtime.recorder(FIRM)
    while recorder.waiting:
        pass


def test_an_upstreams_usage_goes_on_as_whole_numbers_only(world):
    class Talking(FakeModel):
        def _event(self, writer, data):
            if data != b"[DONE]":
                plain = json.loads(data) | {"usage": {"total_tokens": 3, "said": "A123456(3)", "cost": 0.5}}
                data = json.dumps(plain).encode()
            super()._event(writer, data)

    async def scenario(app, _fake, _runtime):
        return await ask(app, CHAT, STREAM)

    _, last = said(run(world, scenario, model=Talking("A sentence."))[2])
    assert last["usage"] == {"total_tokens": 3}


@pytest.mark.parametrize(
    "text", ["The fee is HK$100. It is due in May.", "The fee is HK$100. It is due in May.\n\n \n"]
)
def test_the_last_words_of_a_durable_stream_wait_for_the_record_of_its_outcome(world, text):
    out = {"before": "", "after": ""}

    async def scenario(app, _fake, _runtime):
        async def send(message):
            if message.get("body", b"").startswith(b"data: {"):
                part = json.loads(message["body"][6:])["choices"][0]["delta"].get("content", "")
                out["after" if recorded(world) else "before"] += part

        await app(*_posted(STREAM), send)

    run(world, scenario, model=FakeModel(text))
    assert "The fee is HK$100." in out["before"]
    assert "May" not in out["before"]
    assert out["after"].rstrip().endswith("It is due in May.")
    assert text in out["before"] + out["after"]


def _posted(body):
    data = json.dumps(body).encode()
    inbox = [{"type": "http.request", "body": data, "more_body": False}]

    async def receive():
        if not inbox:
            await asyncio.Event().wait()
        return inbox.pop(0)

    headers = [(b"authorization", b"Bearer dt_test"), (b"content-length", b"%d" % len(data))]
    return {"type": "http", "method": "POST", "path": CHAT, "query_string": b"", "headers": headers}, receive
