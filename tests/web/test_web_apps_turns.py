"""`POST /v1/service/turns`: a program of the firm's shows the chat in a page of its own."""

from __future__ import annotations

import pytest
from server_world import USE, ConsoleRole
from service_world import ServiceWorld

QUESTION = {"use": USE, "message": "What is the monthly account fee?", "person": "customer 7"}


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    world = ServiceWorld(tmp_path_factory.mktemp("turns"))
    world.program = world.key(ConsoleRole.CALLER)
    yield world
    world.close()


def send(served, body, *, key=None):
    headers = {"authorization": f"Bearer {key or served.program}", "accept": "application/json"}
    return served.browser().ask("POST", "/v1/service/turns", json=body, headers=headers)


def test_a_turn_begins_a_conversation_and_the_next_one_goes_on(served):
    first = send(served, QUESTION)
    assert first.status_code == 200
    body = first.json()
    assert [item["who"] for item in body["messages"]] == ["customer", "assistant"]
    answer = body["messages"][1]
    assert "HK$50" in answer["text"]
    assert answer["sources"] == [{"id": "fee-monthly", "en": "Monthly account fee", "zh-Hant": "戶口月費"}]
    assert answer["receipt"]
    again = send(served, {"conversation": body["conversation"], "message": "戶口月費？", "person": "customer 7"}).json()
    assert [item["number"] for item in again["messages"]] == [3, 4]
    assert again["messages"][1]["language"] == "zh-Hant"
    behind = send(served, {"conversation": body["conversation"], "after": 3}).json()
    assert [item["number"] for item in behind["messages"]] == [4]


def test_who_opted_out_gets_a_person_in_every_later_conversation(served):
    asked = {"use": USE, "person": "customer 8", "message": "I do not want AI, give me a human"}
    assert send(served, asked).json()["status"] == "waiting"
    served.runtime.snapshots.refresh()
    later = send(served, QUESTION | {"person": "customer 8"}).json()
    assert later["messages"][1]["code"] == "opted-out"
    assert later["status"] == "waiting"


@pytest.mark.parametrize(
    ("body", "status", "where"),
    [
        ({"use": USE, "message": ""}, 400, "message"),
        ({"use": USE, "message": 7}, 400, "message"),
        ({"use": USE, "colour": "red"}, 400, "request body"),
        ({"use": "another-bank/use", "message": "x"}, 403, "authorization"),
        ({"conversation": "A" * 43, "message": "x"}, 404, "conversation"),
        ([], 400, "request body"),
    ],
)
def test_what_is_wrong_with_a_turn_is_said(served, body, status, where):
    found = send(served, body)
    assert (found.status_code, found.headers["content-type"]) == (status, "application/problem+json")
    assert where in found.json()["where"]


def test_a_turn_of_another_person_in_a_conversation_is_refused(served):
    token = send(served, QUESTION).json()["conversation"]
    found = send(served, {"conversation": token, "message": "x", "person": "customer 9"})
    assert (found.status_code, found.json()["where"]) == (400, "field person")


def test_without_a_key_nothing_is_answered_and_only_post_is_taken(served):
    assert send(served, QUESTION, key="dt_wrong").status_code == 401
    asked = served.browser().ask("GET", "/v1/service/turns", headers={"accept": "application/json"})
    assert (asked.status_code, asked.headers["allow"]) == (405, "POST")


def test_a_person_may_be_asked_for_before_anything_is_said(served):
    body = send(served, {"use": USE, "wants": "person", "person": "customer 10"}).json()
    assert (body["status"], body["messages"], body["urgent"]) == ("waiting", [], False)
    assert body["due_at"]
