"""The list of tools: what a request may offer or choose, and what an answer may ask for, whatever guards a policy has."""

from __future__ import annotations

import json

import pytest

from dualtrack.domain.policy import RuntimePolicy
from dualtrack.domain.records import read_record
from dualtrack.errors import FieldError, ForbiddenError
from dualtrack.runtime.faces.chat_request import check_tools, read_chat
from runtime.fake_model import FakeModel, ask
from runtime.runtime_world import policy
from runtime.test_runtime_chat import CHAT, QUESTION, recorded, run
from runtime.test_runtime_chat_tools import LISTED, call, chunks_of, fragments, tool

SMUGGLED = {
    "type": "web_search_preview",
    "function": {"name": "look_up"},
    "custom": {"name": "wire_money"},
    "server_url": "https://evil.example",
}


@pytest.mark.parametrize(
    "changes",
    [
        {"tools": [SMUGGLED]},
        {"tools": [tool() | {"type": "web_search_preview"}]},
        {"tools": [tool() | {"server_url": "https://evil.example"}]},
        {"tools": [{"function": {"name": "look_up"}}]},
        {"tools": [{"type": "function", "function": {"name": "look_up", "run": "rm"}}]},
        {"tools": [{"type": "function", "function": {"name": 7}}]},
        {"tools": [{"type": "function", "function": {"name": "look_up", "parameters": "any"}}]},
        {"tool_choice": "any"},
        {"tool_choice": ["auto"]},
        {"tool_choice": {"type": "web_search_preview"}},
        {"tool_choice": {"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": [tool()]}}},
        {"tool_choice": {"type": "function", "function": {"name": "look_up", "run": "rm"}}},
        {"functions": [{"name": "look_up"}]},
        {"function_call": {"name": "look_up"}},
    ],
)
def test_tools_of_another_form_are_refused(changes):
    with pytest.raises(FieldError):
        read_chat(QUESTION | changes)


def test_the_older_form_is_refused_with_what_stands_for_it():
    with pytest.raises(FieldError, match="functions") as caught:
        read_chat(QUESTION | {"functions": []})
    assert caught.value.expected == "tools and tool_choice"


@pytest.mark.parametrize(
    "changes",
    [
        {"tools": [tool(), tool("wire_money")]},
        {"tools": [tool()], "tool_choice": {"type": "function", "function": {"name": "wire_money"}}},
    ],
)
def test_a_tool_off_the_list_is_neither_offered_nor_chosen(changes):
    listed = read_record(policy(tools=LISTED), RuntimePolicy, where="test")
    with pytest.raises(ForbiddenError, match="wire_money"):
        check_tools(read_chat(QUESTION | changes), listed)
    for chosen in ("auto", {"type": "function", "function": {"name": "look_up"}}):
        check_tools(read_chat(QUESTION | {"tools": [tool()], "tool_choice": chosen}), listed)


@pytest.mark.parametrize("guards", [[], None])
def test_an_answer_that_asks_for_a_tool_off_the_list_is_blocked(world, guards):
    async def scenario(app, fake, _runtime):
        fake.tools = [call("wire_money")]
        whole = json.loads((await ask(app, CHAT, QUESTION))[2])
        fake.deltas = fragments("wire_money")
        return whole, chunks_of((await ask(app, CHAT, QUESTION | {"stream": True}))[2])

    changes = {} if guards is None else {"guards": guards}
    whole, chunks = run(world, scenario, model=FakeModel("One. Two. Three. "), tools=LISTED, **changes)
    assert "wire_money" not in json.dumps([whole, chunks])
    assert whole["dualtrack"]["code"] == chunks[-1]["dualtrack"]["code"] == "guard.tool_use"
    for found in recorded(world):
        assert found.outcome == "blocked"
        (verdict,) = [item for item in found.guards if item.guard == "tool_use"]
        assert (verdict.score, verdict.fired, verdict.action) == (1000, True, "block")
        assert len({(item.guard, item.stage) for item in found.guards}) == len(found.guards), "each guard once"
