"""The page on the OpenAI client: the unchanged package against a served workspace in a process of its own."""

from __future__ import annotations

import asyncio
import re
import threading

import pytest
from page_once import go_on, people_once
from page_shell import Command, free_port, new_shell, steps

from house_tree import ROOT
from runtime.fake_model import FakeModel
from runtime.runtime_world import USE, World
from runtime.test_runtime_chat import chat_policy

OPENAI = ROOT / "docs" / "govern-openai.md"
LIVE = "<!-- live from here -->"
PAGE_USE = "my-bank/annual-report-reading"

pytestmark = pytest.mark.slow
pytest.importorskip("openai")


class Model(FakeModel):
    """Asks for a tool where it was offered one."""

    async def _chat(self, writer):
        call = {"id": "1", "type": "function", "function": {"name": "look_up", "arguments": "{}"}}
        self.tools = [call] if self.calls[-1].get("tools") else []
        await super()._chat(writer)


@pytest.fixture
def model():
    """Return a model that serves from a thread of its own."""
    found, loop = Model(), asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    asyncio.run_coroutine_threadsafe(found.__aenter__(), loop).result()
    yield found
    asyncio.run_coroutine_threadsafe(found.__aexit__(), loop).result()
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


def port_of(model):
    return re.search(r":(\d+)/", model.url)[1]


def test_a_newcomer_reaches_a_trial_and_the_client_is_told_so(tmp_path, tmp_path_factory, model):
    swaps = {"9000": port_of(model), "8181": str(free_port())}
    shell = go_on(people_once(tmp_path_factory), tmp_path, swaps)
    try:
        for step in steps(OPENAI, before=LIVE):
            shell.do(step)
    finally:
        shell.close()
    assert [call["messages"][-1]["content"] for call in model.calls] == ["What is the fee on page 3?"]


def test_the_unchanged_client_works_with_a_live_permit(tmp_path, model):
    world = World(tmp_path)
    tools = [{"name": "look_up", "changes_state": False}]
    world.permit(**chat_policy(model.url, audience="staff", disclosure=None, tools=tools))
    world.close()
    swaps = {"8181": str(free_port()), PAGE_USE: USE, "my-bank/": "test-bank/"}
    shell = new_shell(tmp_path, swaps, DUALTRACK_WORKSPACE=str(world.workspace.root))
    try:
        shell.do(Command('export DUALTRACK_KEY="$(dualtrack api-key new desk --role caller | tail -n 1)"', ()))
        shell.do(Command("dualtrack serve --port 8181 &", ()))
        program = next(step for step in steps(OPENAI, before=LIVE) if getattr(step, "name", "") == "chat.py")
        for step in [program, *steps(OPENAI, after=LIVE)]:
            shell.do(step)
    finally:
        shell.close()
