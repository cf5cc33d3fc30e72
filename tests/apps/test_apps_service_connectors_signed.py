"""The plain signed webhook: a message in, its answer in the response, and signed events about what people do."""

from __future__ import annotations

import json

import pytest

from apps.connectors_world import QUESTION, SECRETS, ConnectorWorld
from dualtrack.apps.service.connectors.marks import do_once, mark_key
from dualtrack.apps.service.connectors.signatures import check_signed
from dualtrack.apps.service.conversations import say, step


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    patch = pytest.MonkeyPatch()
    patch.setattr("dualtrack.apps.service.connectors.delivering.WAITS_S", (0.01, 0.02))
    made = ConnectorWorld(tmp_path_factory.mktemp("signed"))
    yield made
    made.close()
    patch.undo()


@pytest.fixture
def message(world):
    number = world.fresh()
    return {"id": f"m-{number}", "conversation": f"case-{number}", "person": f"customer {number}", "message": QUESTION}


def told(world, conversation):
    """Return the events that the desk got about a conversation, after their signatures."""
    found = [call for call in world.desk.heard if call.path == "/events" and call.body["conversation"] == conversation]
    for call in found:
        sent, signature = call.headers["dualtrack-timestamp"], call.headers["dualtrack-signature"]
        check_signed(SECRETS["own-secret"], sent, signature, call.raw, int(sent))
        assert call.headers["dualtrack-delivery"] == call.body["id"]
    return [call.body for call in found]


def test_a_message_is_answered_in_the_response(world, message):
    status, body = world.send(message, "own")
    assert (status, body["conversation"], body["status"]) == (200, message["conversation"], "assistant")
    asked, answer = body["messages"]
    assert (asked["who"], asked["text"], answer["who"], answer["outcome"]) == (
        "customer",
        QUESTION,
        "assistant",
        "served",
    )
    assert "HK$50" in answer["text"]
    assert answer["sources"] == [{"id": "fee-monthly", "en": "Monthly account fee", "zh-Hant": "戶口月費"}]
    assert answer["receipt"]
    assert told(world, message["conversation"]) == []


def test_a_conversation_goes_on_and_another_connectors_is_another_one(world, message):
    world.send(message, "own")
    _, body = world.send(message | {"id": f"{message['id']}-2", "message": "戶口月費？"}, "own")
    assert [item["number"] for item in body["messages"]] == [3, 4]
    assert body["messages"][1]["language"] == "zh-Hant"
    _, body = world.send(message, "silent")
    assert [item["number"] for item in body["messages"]] == [1, 2]


def test_the_same_message_again_gets_the_same_answer_and_nothing_is_recorded(world, message):
    first = world.send(message, "own")
    before = world.entries()
    assert world.send(message, "own", at=7) == first
    assert world.entries() == before


def test_an_answer_that_is_asked_for_again_has_nothing_that_came_later(world, message):
    first = world.send(message, "own")
    world.send(message | {"id": f"{message['id']}-2"}, "own")
    assert world.send(message, "own") == first


def test_another_message_under_the_same_id_is_refused(world, message):
    world.send(message, "own")
    status, error = world.send(message | {"message": "Something else"}, "own")
    assert (status, error.where) == (422, "Idempotency-Key")


def test_who_asks_for_a_person_is_told_until_when_and_so_is_the_desk(world, message):
    _, body = world.send(message | {"message": "I want a human"}, "own")
    assert (body["status"], body["urgent"]) == ("waiting", False)
    (event,) = told(world, message["conversation"])
    assert (event["event"], event["due_at"], event["why"]) == ("waiting", body["due_at"], ["person"])


def test_what_our_people_write_and_do_is_told_once_and_in_order(world, message):
    world.send(message | {"message": "I want a human"}, "own")
    found = step(world.one(message["conversation"], "own"), "taken", by="amy")
    say(world.runtime, found, "agent", {"text": "Amy here. 你好"}, by="amy")
    world.settle(found)
    step(found, "closed", by="amy")
    world.desk.answers += [500]
    world.settle(found)
    world.settle(found)
    events = told(world, message["conversation"])
    assert [item["event"] for item in events] == ["waiting", "message", "taken", "closed", "closed"]
    assert (events[1]["who"], events[1]["text"], events[3]["id"]) == ("agent", "Amy here. 你好", events[4]["id"])


def test_a_connector_without_a_url_tells_nobody(world, message):
    before = len(world.desk.heard)
    world.send(message | {"message": "I want a human"}, "silent")
    step(world.one(message["conversation"], "silent"), "closed", by="amy")
    world.settle(world.one(message["conversation"], "silent"))
    assert len(world.desk.heard) == before


def test_after_it_was_closed_a_new_conversation_begins(world, message):
    world.send(message, "own")
    step(world.one(message["conversation"], "own"), "closed", by="amy")
    _, body = world.send(message | {"id": f"{message['id']}-2"}, "own")
    assert (body["messages"][0]["number"], len(world.of(message["conversation"], "own"))) == (1, 2)


@pytest.mark.parametrize(
    ("changes", "status", "where"),
    [
        ({"message": ""}, 400, "message"),
        ({"message": "x" * 20_001}, 400, "message"),
        ({"message": 7}, 400, "request body, field message"),
        ({"id": ""}, 400, "request body, field id"),
        ({"person": "x" * 201}, 400, "request body, field person"),
        ({"language": "zh"}, 400, "request body, field language"),
        ({"colour": "red"}, 400, "request body"),
        ({"conversation": "Chan Tai Man"}, 400, "request body, field conversation"),
        ({"conversation": "61234567"}, 400, "request body, field conversation"),
        ({"conversation": "A123456-3"}, 400, "request body, field conversation"),
    ],
)
def test_what_is_wrong_with_a_message_is_said(world, message, changes, status, where):
    found, error = world.send(message | changes, "own")
    assert (found, error.where) == (status, where)


def test_another_person_in_a_conversation_is_refused_and_nothing_is_kept(world, message):
    world.send(message, "own")
    before = world.entries()
    status, error = world.send(message | {"id": f"{message['id']}-2", "person": "another"}, "own")
    assert (status, error.where, world.entries()) == (400, "field person", before)


@pytest.mark.parametrize("hook", ["desk", "own"])
def test_nothing_is_read_or_recorded_under_a_signature_that_does_not_hold(world, message, hook):
    before, heard = world.entries(), len(world.desk.heard)
    for more in ({"secret": "guess"}, {"at": -301}, {"at": 301}):
        assert world.send(message, hook, **more)[0] == 401
        assert world.send(b"no json", hook, **more)[0] == 401
    other = {"desk": "x-chatwoot-signature", "own": "dualtrack-signature"}[hook]
    assert world.send(message, hook, headers={other: "sha256=" + "0" * 64})[0] == 401
    assert (world.entries(), len(world.desk.heard)) == (before, heard)


@pytest.mark.parametrize("hook", ["desk", "own"])
def test_a_signed_body_that_is_no_object_is_refused(world, hook):
    for body in (b"", b"no json", b"[]", b'"x"', b"\xff", b"{" * 2000):
        assert world.send(body, hook)[0] == 400


@pytest.mark.parametrize("name", ["nobody", "", "desk ", "../desk", "DESK"])
def test_an_unknown_connector_is_not_found_and_not_repeated(world, message, name):
    status, error = world.send(message, name)
    assert status == 404
    assert not name or f"{name}'" not in repr(str(error))


def test_without_the_file_of_its_secret_a_connector_refuses_and_names_no_file(world, message):
    status, error = world.send(message, "bare")
    assert status == 503
    assert "no-such-file" not in json.dumps(error.problem())


def test_a_message_whose_conversation_is_gone_is_not_found(world, message):
    async def gone():
        return b'{"conversation": "none", "first": 1, "last": 2}'

    body = json.dumps(message, ensure_ascii=False).encode()
    world.runner.run(do_once(world.runtime, mark_key("message/own", message["id"], body), gone))
    status, error = world.send(message, "own")
    assert (status, error.where) == (404, "conversation")
