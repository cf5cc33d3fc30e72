"""Deliveries to a desk that fails: no answer is lost and none is given twice, and the tries come to an end that people see."""

from __future__ import annotations

from datetime import timedelta

import pytest
import structlog
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from apps.connectors_world import QUESTION, SECRETS, ConnectorWorld
from dualtrack.apps.service.answering import take_turn
from dualtrack.apps.service.connectors import chatwoot, taking
from dualtrack.apps.service.connectors.delivering import Deliveries
from dualtrack.apps.service.connectors.hooks import find_hook
from dualtrack.apps.service.connectors.outbox import outbox
from dualtrack.apps.service.connectors.taking import late_work
from dualtrack.apps.service.conversations import lines, say, step
from dualtrack.errors import RateLimitError

ASKED = "message_created_incoming"
WAITS_S = (0.01, 0.02)


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    patch = pytest.MonkeyPatch()
    patch.setattr("dualtrack.apps.service.connectors.delivering.WAITS_S", WAITS_S)
    made = ConnectorWorld(tmp_path_factory.mktemp("delivering"))
    yield made
    made.close()
    patch.undo()


@pytest.fixture
def theirs(world):
    world.desk.answers.clear()
    world.desk.cut.clear()
    return world.fresh()


def answered(world, theirs, *texts):
    """Return a conversation whose answers the desk has not been told of."""
    found = world.begun(theirs)
    for text in texts:
        say(world.runtime, found, "customer", {"text": QUESTION})
        say(world.runtime, found, "assistant", {"text": text}, outcome="served", language="en")
    return found


def contents(world, theirs):
    return [call.body["content"] for call in world.desk.of(theirs) if call.path.endswith("/messages")]


def deliver(world, found, *, waits_s=WAITS_S, at_once=1):
    """Have processes that know nothing of one another deliver at once."""

    async def scenario():
        made = [Deliveries(world.runtime, world.client, waits_s) for _ in range(at_once)]
        for each in made:
            each.soon(found)
        for each in made:
            await each.idle()

    world.runner.run(scenario())


def test_a_process_that_starts_delivers_what_another_left(world, theirs):
    answered(world, theirs, "one")

    async def started():
        deliveries = Deliveries(world.runtime, world.client, WAITS_S)
        assert await deliveries.resume() > 0
        await deliveries.idle()

    world.runner.run(started())
    world.runner.run(started())
    assert contents(world, theirs) == ["one"]


@pytest.mark.parametrize("fault", [503, 429, "cut"])
def test_what_passes_by_itself_is_tried_again(world, theirs, fault):
    world.desk.answers += [fault]
    deliver(world, answered(world, theirs, "one", "two"))
    assert contents(world, theirs) == ["one", "one", "two"]
    assert world.one(theirs).status == "assistant"


def test_a_call_that_was_cut_after_it_was_done_is_not_made_again_once_the_desk_told_of_it(world, theirs):
    found = answered(world, theirs, "one", "two")
    world.desk.answers += ["cut"]
    echo = world.event("message_created_bot", theirs, content_attributes={"dualtrack": f"{found.id}/message/2"})

    async def scenario():
        deliveries = Deliveries(world.runtime, world.client, (600.0,))
        deliveries.soon(found)
        await world.desk.cut.wait()
        assert await world.sent(echo) == (200, {"taken": False})
        deliveries.soon(found)
        await deliveries.idle()

    world.runner.run(scenario())
    assert contents(world, theirs) == ["one", "two"]


@pytest.mark.parametrize("named", ["", 7, None, "{}/message/99", "another/message/2"])
def test_an_echo_of_something_else_marks_nothing(world, theirs, named):
    found = answered(world, theirs, "one")
    attributes = {"dualtrack": named.format(found.id) if isinstance(named, str) else named}
    world.send(world.event("message_created_bot", theirs, content_attributes=attributes))
    deliver(world, found)
    assert contents(world, theirs) == ["one"]


@pytest.mark.parametrize(("answers", "calls"), [([404], 1), ([401], 1), ([500, "cut", 502], 3)])
def test_tries_end_and_a_person_is_called_who_finds_the_answer(world, theirs, answers, calls):
    found = answered(world, theirs, "one")
    world.desk.answers += answers
    deliver(world, found)
    assert len(world.desk.of(theirs)) == calls
    assert (world.one(theirs).status, world.one(theirs).row["why"]) == ("waiting", "no-answer")
    assert world.said(theirs)[-1] == ("assistant", "one")
    deliver(world, found)  # the desk is back: it gets all of it, in order
    assert [call.path.rpartition("/")[2] for call in world.desk.of(theirs)[calls:]] == [
        "messages",
        "toggle_status",
        "messages",
    ]


def test_a_hand_over_whose_note_failed_sends_the_note_again(world, theirs):
    found = step(answered(world, theirs), "waiting", by="rules", why=["person"], due="2026-11-27T10:00:00Z")
    world.desk.answers += [200, 500]
    deliver(world, found)
    assert [call.path.rpartition("/")[2] for call in world.desk.of(theirs)] == ["toggle_status", "messages"] * 2


def test_processes_that_deliver_at_once_send_each_answer_once(world, theirs):
    deliver(world, answered(world, theirs, "one", "two", "three"), at_once=3, waits_s=(0.05,) * 20)
    assert contents(world, theirs) == ["one", "two", "three"]


@settings(max_examples=5, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from([200, 500, 429]), max_size=6))
def test_whatever_a_desk_answers_it_takes_each_answer_once_and_in_order(world, answers):
    theirs = world.fresh()
    world.desk.answers[:] = answers
    sent = [*answers, *[200] * 10]
    deliver(world, answered(world, theirs, "one", "two"), waits_s=(0.0,) * 6)
    taken = [text for text, status in zip(contents(world, theirs), sent, strict=False) if status == 200]
    assert taken == ["one", "two"]


def test_an_answer_is_not_sent_when_it_is_an_hour_old(world, theirs):
    found, hook = answered(world, theirs, "one"), find_hook(world.runtime, "desk")
    now = world.runtime.clock()
    for later, names in ((0, ["message/2"]), (59, ["message/2"]), (61, [])):
        assert [item.name for item in outbox(hook, found, lines(found), now + timedelta(minutes=later))] == names


def test_a_turn_that_takes_long_is_acknowledged_and_its_answer_comes_later(world, theirs, monkeypatch):
    monkeypatch.setattr(chatwoot, "RECEIPT_WITHIN_S", 0)
    event = world.event(ASKED, theirs)

    async def scenario():
        first, again = await world.sent(event), await world.sent(event)
        await late_work()
        await world.deliveries().idle()
        return first, again

    assert world.runner.run(scenario()) == ((200, {"taken": True}),) * 2
    assert [who for who, _ in world.said(theirs)] == ["customer", "assistant"]
    assert len(contents(world, theirs)) == 1


@pytest.mark.parametrize("fault", [RuntimeError("anything"), RateLimitError("too many", retry_after_s=1)])
def test_a_turn_that_fails_after_the_words_were_kept_calls_a_person(world, theirs, monkeypatch, fault):
    async def fails(runtime, _client, _chat, found, text, **_more):
        say(runtime, found, "customer", {"text": text})
        raise fault

    monkeypatch.setattr(taking, "take_turn", fails)
    assert world.send(world.event(ASKED, theirs)) == (200, {"taken": True})
    assert (world.said(theirs), world.one(theirs).status) == ([("customer", QUESTION)], "waiting")


def test_a_turn_that_fails_before_is_taken_in_when_it_comes_again(world, theirs, monkeypatch):
    failed = []

    async def fails_once(*args, **more):
        if not failed:
            failed.append(1)
            raise RuntimeError("anything")
        return await take_turn(*args, **more)

    monkeypatch.setattr(taking, "take_turn", fails_once)
    event = world.event(ASKED, theirs)
    with pytest.raises(RuntimeError):
        world.send(event)
    assert world.send(event) == (200, {"taken": True})
    assert [who for who, _ in world.said(theirs)] == ["customer", "assistant"]


def test_too_many_messages_are_refused_for_the_desk_to_send_again(world, theirs):
    found = answered(world, theirs)
    for _ in range(11):
        say(world.runtime, found, "customer", {"text": QUESTION})
    sent = [world.send(world.event(ASKED, theirs))[0] for _ in range(2)]
    assert sent == [200, 429]


def test_no_log_has_a_secret_a_token_or_words(world, theirs):
    (world.world.workspace.path("secrets") / "desk-token").chmod(0o644)
    structlog.reset_defaults()  # another test of this process may have set up the logs of a server
    with capture_logs() as logs:
        deliver(world, answered(world, theirs, "Vermilion"))
        (world.world.workspace.path("secrets") / "desk-token").chmod(0o600)
        world.desk.answers += [500, 404]
        deliver(world, answered(world, world.fresh(), "Vermilion"))
        world.send(world.event(ASKED, other := world.fresh(), content="Sandcastle " * 3000))
    assert {item["event"] for item in logs} >= {"connector without its secret", "not delivered"}
    for hidden in (*SECRETS.values(), "Vermilion", "Sandcastle"):
        assert hidden not in repr(logs)
    assert [world.one(each).status for each in (theirs, other)] == ["waiting", "waiting"]
