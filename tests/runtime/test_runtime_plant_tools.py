"""Known-wrong items where calls carry tools: the request, the draft's calls and their ids look as an ordinary one's."""

from __future__ import annotations

import json

import msgspec
import pytest

from dualtrack.domain.planting import DraftCall, KnownWrong, Said, check_item, draft_bytes, repaired
from dualtrack.errors import FieldError, ReviewError
from dualtrack.runtime.answers import read_held
from dualtrack.runtime.lookup import find_decision
from dualtrack.runtime.plant_shelf import lay_in
from dualtrack.runtime.planting import plant
from dualtrack.runtime.review_evidence import group_evidence
from dualtrack.runtime.review_read import read_review
from dualtrack.runtime.reviews import ReviewDesk
from dualtrack.store.projections import Projections
from permit.firm import known_key
from runtime.planting_world import act, stock
from runtime.runtime_world import FIRM, USE, timedelta
from runtime.test_runtime_plant_shelf import QUESTION, WRONG_FEE, chat

LISTED = [{"name": "look_up", "changes_state": False}, {"name": "close_account", "changes_state": True}]
OFFERED = {"type": "function", "function": {"name": "look_up", "parameters": {"type": "object"}}}
CALLED = {
    "id": "call_aB3dE6gH",
    "type": "function",
    "function": {"name": "look_up", "arguments": '{"page":3,"q":"fee"}'},
}
WRONG_PAGE = KnownWrong(
    asked=[Said(role="user", text="What does it cost?")],
    draft="I look it up.",
    calls=[DraftCall(tool="look_up", arguments='{"page": 9, "q": "fee"}')],
    wrong='"page": 9',
    why="fees are on page 3",
)
ASKED = QUESTION | {"tools": [OFFERED], "tool_choice": "auto", "temperature": 0}


def laid(world, runtime, *items):
    lay_in(world.register, runtime.recorder(FIRM).contents, stock(items=list(items)), known_key("validator"))


def held(world, scenario, question=ASKED, called=(CALLED,)):
    return chat(world, scenario, question, called=called, tools=LISTED)


def test_a_draft_that_asks_for_a_tool_leaves_the_marks_of_an_ordinary_one(world):
    def scenario(runtime, _calls, _body):
        ordinary = Projections(world.register.repository).rows("review")[0]["id"]
        laid(world, runtime, WRONG_PAGE)
        review = plant(runtime, USE)
        desk = ReviewDesk(world.register, runtime.recorder(FIRM).contents)
        return [desk.get(item, by="rita", reason="looks") for item in (ordinary, review)]

    one, other = held(world, scenario)
    assert other.input == one.input.replace("What is the fee?", "What does it cost?")
    mine, its = json.loads(other.draft), json.loads(one.draft)
    (call,), (real,) = mine["tool_calls"], its["tool_calls"]
    assert call["function"] == {"name": "look_up", "arguments": '{"page":9,"q":"fee"}'}, "spaced as the model does"
    assert (len(call["id"]), call["id"][:5]) == (len(real["id"]), "call_")
    assert [sign.isdigit() for sign in call["id"]] == [sign.isdigit() for sign in real["id"]]
    assert call["id"] != real["id"]
    assert set(mine) == set(its)
    for name in ("outcome", "code", "mode", "disclosure", "language", "durability", "permit", "release"):
        assert getattr(one.decision, name) == getattr(other.decision, name), name
    assert [item.guard for item in one.decision.guards] == [item.guard for item in other.decision.guards]


def test_nobody_is_given_the_call_and_who_puts_it_right_has_caught_it(world):
    def scenario(runtime, _calls, _body):
        laid(world, runtime, WRONG_PAGE)
        review = plant(runtime, USE)
        opened = read_review(world.register, review).state.opened
        fixed = {"text": "I look it up.", "tool_calls": [CALLED]}
        desk = act(runtime, review, "modify", text=json.dumps(fixed))
        assert desk.released(review).text is None
        record = find_decision(world.register, opened.decision)
        with pytest.raises(Exception, match="no answer of this key's uses"):
            read_held(world.register, record, runtime.gate.enter(USE))
        world.offset = timedelta(days=1)
        return group_evidence(world.register, limit=10).reviews

    caught = [item.caught for item in held(world, scenario)]
    assert caught == [True]


@pytest.mark.parametrize(
    ("changes", "called"),
    [
        ({"calls": []}, [CALLED]),
        ({"calls": [*WRONG_PAGE.calls, *WRONG_PAGE.calls]}, [CALLED]),
        ({"calls": [DraftCall(tool="close_account", arguments='{"page": 9}')]}, [CALLED]),
        ({}, []),
    ],
)
def test_an_item_is_planted_only_where_ordinary_drafts_ask_for_as_many_of_the_tools_offered(world, changes, called):
    def scenario(runtime, _calls, _body):
        draft = {"draft": 'I say "page": 9'} if changes.get("calls") == [] else {}
        laid(world, runtime, msgspec.structs.replace(WRONG_PAGE, **(changes | draft)))
        with pytest.raises(ReviewError, match="looks like"):
            plant(runtime, USE)

    held(world, scenario, called=called)


def test_where_tools_are_offered_and_none_is_called_a_plain_draft_is_planted(world):
    def scenario(runtime, _calls, _body):
        laid(world, runtime, WRONG_FEE)
        opened = read_review(world.register, plant(runtime, USE)).state.opened
        desk = ReviewDesk(world.register, runtime.recorder(FIRM).contents)
        return desk.get(opened.id, by="rita", reason="looks").input

    parts = [item.get("part") for item in json.loads(held(world, scenario, called=()))]
    assert parts == [None, "tools[0]", "parameters"]


def test_a_conversation_that_goes_on_from_a_tool_s_answer_lends_nothing(world):
    turns = [
        *QUESTION["messages"],
        {"role": "assistant", "content": None, "tool_calls": [CALLED]},
        {"role": "tool", "tool_call_id": CALLED["id"], "content": "balance HK$4,711"},
        {"role": "user", "content": "And now?"},
    ]

    def scenario(runtime, _calls, _body):
        laid(world, runtime, WRONG_FEE, WRONG_PAGE)
        with pytest.raises(ReviewError, match="from a tool's answer"):
            plant(runtime, USE)

    held(world, scenario, ASKED | {"messages": turns}, called=())


def test_the_wrong_passage_of_a_call_is_looked_for_as_a_reviewer_reads_it():
    check_item(WRONG_PAGE, "item")
    shown = json.loads(draft_bytes(WRONG_PAGE))
    assert not repaired(WRONG_PAGE, json.dumps(shown))
    shown["tool_calls"][0]["function"]["arguments"] = '{"page": 3, "q": "fee"}'
    assert repaired(WRONG_PAGE, json.dumps(shown))


@pytest.mark.parametrize(
    "changes",
    [
        {"calls": [DraftCall(tool="look_up", arguments="[9]")], "wrong": "[9]"},
        {"calls": [DraftCall(tool="look_up", arguments="page 9")], "wrong": "page 9"},
        {"asked": {"late": 1}},
    ],
)
def test_a_call_that_no_model_could_make_is_refused_when_it_is_laid_in(changes):
    with pytest.raises(FieldError):
        check_item(msgspec.structs.replace(WRONG_PAGE, **changes), "item")
