"""What is redacted stays so where another guard sends the answer to a person: in the draft, the answer given, and the receipt."""

from __future__ import annotations

import asyncio
import json

from dualtrack.runtime.receipts import find_receipt
from dualtrack.runtime.upstream.client import UpstreamClient
from runtime.fake_model import FakeModel, ask
from runtime.test_runtime_answers import Held
from runtime.test_runtime_chat import CHAT, QUESTION, chat_policy, recorded
from runtime.test_runtime_chat_tools import HKID, LISTED, call, chunks_of, fragments, opened, tool
from runtime.test_runtime_modes import observed, refuse

ROUTED = [
    {"guard": "personal_data", "stage": "output", "action": "redact"},
    {"guard": "tool_use", "stage": "output", "action": "route"},
]


def routed(world, text, *, stream, **changes):
    """Let an answer with a tool call be routed and approved; return its draft, what was given, and what a receipt shows."""

    async def inside():
        async with FakeModel(text) as fake:
            fake.tools, fake.deltas = [call("close_account")], fragments("close_account")
            world.permit(**chat_policy(fake.url, guards=ROUTED, tools=LISTED, **changes))
            with world.open() as runtime:
                async with UpstreamClient() as client:
                    held = Held(runtime, client)
                    asked = QUESTION | {"tools": [tool("close_account")], "stream": stream}
                    data = (await ask(held.app, CHAT, asked))[2]
                    said = (chunks_of(data)[-1] if stream else json.loads(data))["dualtrack"]
                    await held.act(said["review"], "approve")
                    _, given = await held.fetch(said["decision"])
                    shown = await asyncio.to_thread(
                        find_receipt, runtime.registers.values(), said["receipt"], runtime.gate
                    )
                    return said, given["output"], str(shown.answer), data.decode()

    said, *seen = asyncio.run(inside())
    assert (said["outcome"], said["code"]) == ("routed", "guard.tool_use")
    return opened(world, recorded(world)[0].output).decode(), *seen


def test_a_routed_answer_is_redacted_wherever_it_is_read(world):
    draft, output, receipt, sent = routed(world, f"The HKID {HKID} is on file.", stream=False)
    assert "[HKID]" in draft
    assert HKID not in draft + json.dumps(output) + receipt + sent


def test_what_a_routed_stream_held_back_is_redacted(world):
    draft, output, receipt, sent = routed(world, f"It is on file. The HKID {HKID} is", stream=True)
    assert "It is on file." in sent
    assert "[HKID]" in draft
    assert HKID not in draft + json.dumps(output) + receipt + sent


def test_what_a_block_does_not_stop_in_observe_mode_is_redacted(world):
    always = {"guard": "injection", "stage": "output", "action": "block", "threshold": 0}

    async def inside():
        async with FakeModel(f"The HKID {HKID} is on file.") as fake:
            refuse(world, **chat_policy(fake.url, guards=[ROUTED[0], always]))
            observed(world)
            with world.open() as runtime:
                async with UpstreamClient() as client:
                    app = Held(runtime, client).app
                    whole = (await ask(app, CHAT, QUESTION))[2]
                    return json.loads(whole), (await ask(app, CHAT, QUESTION | {"stream": True}))[2].decode()

    whole, stream = asyncio.run(inside())
    assert whole["dualtrack"]["outcome"] == "served"
    assert "[HKID]" in whole["choices"][0]["message"]["content"]
    assert HKID not in json.dumps(whole) + stream
