"""Chatwoot's agent bot, with events of its recorded form: who is answered, who is not, and what the desk is told."""

from __future__ import annotations

import asyncio
import json

import pytest

from apps.connectors_world import DATA, QUESTION, SECRETS, ConnectorWorld
from dualtrack.apps.service.conversations import lines, say, step
from dualtrack.apps.service.records import BEGAN_KIND, MESSAGE_KIND, STEP_KIND
from permit.firm import USE

ASKED, AGENT = "message_created_incoming", "message_created_agent"


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    patch = pytest.MonkeyPatch()
    patch.setattr("dualtrack.apps.service.connectors.delivering.WAITS_S", (0.01, 0.02))
    made = ConnectorWorld(tmp_path_factory.mktemp("connectors"))
    yield made
    made.close()
    patch.undo()


@pytest.fixture
def theirs(world):
    """The number of a conversation that no other test has."""
    return world.fresh()


def paths(world, theirs):
    return [call.path.rpartition("/")[2] for call in world.desk.of(theirs)]


def test_a_question_is_answered_at_the_desk_with_its_source(world, theirs):
    assert world.send(world.event(ASKED, theirs)) == (200, {"taken": True})
    (call,) = world.desk.of(theirs)
    assert call.path == f"/api/v1/accounts/3/conversations/{theirs}/messages"
    assert call.headers["api_access_token"] == SECRETS["desk-token"]
    found = world.one(theirs)
    attributes = {"dualtrack": f"{found.id}/message/2"}
    text = world.said(theirs)[1][1]
    assert "HK$50" in text
    assert "AI" in text
    assert call.body == {
        "content": f"{text}\n\nSource: Monthly account fee", "message_type": "outgoing", "private": False,
        "content_attributes": attributes,
    }  # fmt: skip
    assert (found.row["channel"], found.row["language"], found.status) == ("help-desk", "en", "assistant")


def test_a_chinese_question_gets_a_chinese_answer_in_the_same_conversation(world, theirs):
    world.send(world.event(ASKED, theirs))
    world.send(world.event(ASKED, theirs, content="戶口月費幾多？"))
    assert "資料來源：戶口月費" in world.desk.of(theirs)[1].body["content"]
    assert [who for who, _ in world.said(theirs)] == ["customer", "assistant"] * 2


def test_the_same_message_is_answered_once_whatever_its_delivery_says(world, theirs):
    event = world.event(ASKED, theirs)
    for delivery in ("a", "a", "b"):
        status, _ = world.send(event, at=len(delivery), headers={"x-chatwoot-delivery": delivery})
        assert status == 200
    assert len(world.desk.of(theirs)) == 1
    assert len(world.said(theirs)) == 2


def test_two_deliveries_of_one_message_at_a_time_are_answered_once(world, theirs):
    event = world.event(ASKED, theirs)

    async def both():
        async with asyncio.TaskGroup() as group:
            found = [group.create_task(world.sent(event)) for _ in range(2)]
        await world.deliveries().idle()
        return [task.result()[0] for task in found]

    assert world.runner.run(both()) == [200, 200]
    assert (len(world.said(theirs)), len(world.desk.of(theirs))) == (2, 1)


@pytest.mark.parametrize(
    "name",
    [
        "message_created_agent_private",
        "message_created_bot",
        "message_created_template",
        "message_updated",
        "webwidget_triggered",
    ],
)
def test_other_events_are_acknowledged_and_nothing_is_recorded(world, theirs, name):
    before = world.entries()
    event = json.loads((DATA / f"{name}.json").read_text("utf-8"))
    assert world.send(event) == (200, {"taken": False})
    assert (world.entries(), world.of(412)) == (before, [])


def test_who_asks_for_a_person_is_handed_over_with_a_private_note_that_quotes(world, theirs):
    world.send(world.event(ASKED, theirs))
    world.send(world.event(ASKED, theirs, content="My email is wong@example.com. Let me talk to a human"))
    assert paths(world, theirs) == ["messages", "messages", "toggle_status", "messages"]
    status, note = world.desk.of(theirs)[2:]
    assert status.body == {"status": "open"}
    assert note.body["private"] is True
    for words in (
        f"> {QUESTION}",
        "> My email is wong@example.com.",
        "asked for a person / 要求職員",
        "email",
        "fee-monthly",
    ):
        assert words in note.body["content"]
    assert world.one(theirs).status == "waiting"


def test_a_quotation_cannot_pass_for_a_line_of_the_note(world, theirs):
    world.send(world.event(ASKED, theirs, content="I want a human\nGiven already, do not ask again / x: identity card"))
    lines_of_note = world.desk.of(theirs)[-1].body["content"].splitlines()
    assert [line for line in lines_of_note if "identity card" in line] == [
        "> Given already, do not ask again / x: identity card"
    ] * 2


def test_while_a_person_is_awaited_messages_are_kept_and_the_bot_is_silent(world, theirs):
    world.send(world.event(ASKED, theirs, content="I want a human"))
    told = len(world.desk.of(theirs))
    world.send(world.event(ASKED, theirs, status="open"))
    assert len(world.desk.of(theirs)) == told
    assert world.said(theirs)[-1] == ("customer", QUESTION)


def test_a_conversation_that_is_open_at_the_desk_is_a_persons_from_the_first_message(world, theirs):
    world.send(world.event(ASKED, theirs, status="open"))
    assert world.said(theirs) == [("customer", QUESTION)]
    assert world.one(theirs).status == "waiting"
    assert paths(world, theirs) == ["toggle_status", "messages"]


def test_a_picture_alone_is_a_persons_to_look_at(world, theirs):
    world.send(world.event("message_created_attachment", theirs))
    assert (world.one(theirs).status, world.one(theirs).row["why"]) == ("waiting", "no-answer")
    assert paths(world, theirs) == ["toggle_status", "messages"]


def test_when_one_of_the_desks_people_writes_the_conversation_is_theirs(world, theirs):
    world.begun(theirs)
    assert world.send(world.event(AGENT, theirs)) == (200, {"taken": True})
    found = world.one(theirs)
    assert (found.status, found.row["agent"]) == ("agent", "desk:21")
    assert world.said(theirs)[-1] == ("agent", "Good morning, I am looking into it.")
    world.send(world.event(ASKED, theirs))
    assert paths(world, theirs) == []  # neither their own words nor an answer goes back


def test_an_agent_who_writes_first_has_no_conversation_of_ours(world, theirs):
    assert world.send(world.event(AGENT, theirs)) == (200, {"taken": False})
    assert world.of(theirs) == []


def test_what_the_desk_resolves_is_closed_and_its_next_message_begins_anew(world, theirs):
    for name in ("conversation_resolved", "conversation_status_changed"):
        world.begun(theirs)
        before = len(world.desk.of(theirs))
        assert world.send(world.event(name, theirs)) == (200, {"taken": True})
        assert world.send(world.event(name, theirs)) == (200, {"taken": False})
        world.settle(world.of(theirs)[-1])
        assert len(world.desk.of(theirs)) == before  # it need not be told
    assert [each.status for each in world.of(theirs)] == ["closed", "closed"]


def test_what_the_desk_opens_waits_for_a_person(world, theirs):
    world.begun(theirs)
    assert world.send(world.event("conversation_opened", theirs)) == (200, {"taken": True})
    assert world.one(theirs).status == "waiting"
    assert world.send(world.event("conversation_opened", theirs)) == (200, {"taken": False})


def test_an_opt_out_holds_for_the_contact_in_every_later_conversation(world, theirs):
    other = world.fresh()
    sender = {"id": 9000 + theirs}
    world.send(world.event(ASKED, theirs, sender=sender, content="I do not want AI, give me a human"))
    world.settle()
    world.runtime.snapshots.refresh()
    world.send(world.event(ASKED, other, sender=sender))
    assert [line.row["code"] for line in lines(world.one(other))][1] == "opted-out"


def test_contacts_that_the_desk_merges_get_a_conversation_of_their_own(world, theirs):
    world.send(world.event(ASKED, theirs, content="I want a human"))
    world.send(world.event(ASKED, theirs, sender={"id": 9000 + theirs}))
    first, second = world.of(theirs)
    assert (first.status, second.status) == ("closed", "waiting")
    assert first.row["subject"] != second.row["subject"]
    assert [line.who for line in lines(second)] == ["customer"]


def test_our_own_desk_speaks_through_theirs_and_gives_back(world, theirs):
    found = step(world.begun(theirs), "taken", by="amy")
    say(world.runtime, found, "agent", {"text": "Amy here."}, by="amy")
    world.settle(found)
    step(found, "sent_back", by="amy")
    world.settle(found)
    step(found, "closed", by="amy")
    world.settle(found)
    sent = [call.body for call in world.desk.of(theirs)]
    assert sent[0]["content"] == "Amy here."
    assert sent[1:] == [{"status": "open"}, {"status": "pending"}, {"status": "resolved"}]


def test_a_message_longer_than_any_is_a_persons_to_read(world, theirs):
    world.send(world.event(ASKED, theirs, content="fee " * 6000))
    assert world.one(theirs).status == "waiting"
    assert paths(world, theirs) == ["toggle_status", "messages"]


@pytest.mark.parametrize(
    ("changes", "status", "where"),
    [
        ({"account": {"id": 4, "name": "Other"}}, 403, "event, field account"),
        ({"id": "9001"}, 400, "event, field id"),
        ({"conversation": None}, 400, "event, field conversation"),
        ({"account": None}, 400, "event, field account"),
        ({"event": None}, 400, "event, field event"),
        ({"content": ["x"]}, 400, "event, field content"),
    ],
)
def test_events_of_another_form_or_account_are_refused_and_nothing_is_recorded(world, theirs, changes, status, where):
    before = world.entries()
    found, error = world.send(world.event(ASKED, theirs) | changes)
    assert (found, error.where) == (status, where)
    assert world.entries() == before


def test_a_change_that_another_account_made_is_refused(world, theirs):
    world.begun(theirs)
    for changes in ({"account": {"id": 4}}, {"account_id": 4}, {"messages": [{"account_id": 4}]}):
        assert world.send(world.event("conversation_resolved", theirs) | changes)[0] == 403
    assert world.one(theirs).status == "assistant"


def test_the_ledger_has_no_name_of_the_customer_and_no_words(world, theirs):
    world.send(world.event(ASKED, theirs, content="My name is Vermilion Sandcastle, what is the fee?"))
    kinds = (BEGAN_KIND, MESSAGE_KIND, STEP_KIND)
    kept = b"".join(entry.content for entry in world.register.repository.every(kinds=kinds, ids=(USE,)))
    assert str(theirs).encode() in kept
    for words in (b"Vermilion", b"quiet-harbour", str(4071 + theirs).encode()):
        assert words not in kept
