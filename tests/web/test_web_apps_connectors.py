"""Help desks at the served address: `POST /v1/service/hooks/{id}`, checked by its signature and by nothing else."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from server_world import USE, ConsoleRole
from service_world import SETTINGS, ServiceWorld, chat_policy

from dualtrack.apps.registry import applications
from dualtrack.apps.service.connectors.delivering import deliveries_of
from dualtrack.apps.service.connectors.routes import ROUTES
from dualtrack.apps.service.connectors.signatures import sign
from dualtrack.apps.service.conversations import conversations
from dualtrack.domain import canonical
from dualtrack.runtime.faces.asgi import BODY_BYTES_MAX

DATA = Path(__file__).parents[1] / "apps" / "data" / "chatwoot"
SECRET = "hmac-0123456789"
HOOKS = """
        webhooks:
          - {id: desk, kind: chatwoot, secret: desk, token: desk, url: "http://127.0.0.1:9/api/v1/accounts/3"}
          - {id: own, kind: signed, secret: desk}
"""
MESSAGE = {"id": "m-1", "conversation": "case-1", "person": "customer 1", "message": "What is the monthly account fee?"}

pytestmark = pytest.mark.skipif(
    not set(ROUTES) <= {route for app in applications().values() for route in app.hot_routes},
    reason="the connectors' routes are not registered with the application",
)


class HookWorld(ServiceWorld):
    """A served firm with a connector of each kind."""

    def __init__(self, folder, **more) -> None:
        super().__init__(folder, settings=SETTINGS + HOOKS.lstrip("\n"), **more)
        secrets = self.world.workspace.path("secrets")
        secrets.mkdir(mode=0o700, exist_ok=True)
        (secrets / "desk").write_text(SECRET, encoding="ascii")
        (secrets / "desk").chmod(0o600)

    def deliver(self, plain, hook="own", *, method="POST", secret=SECRET):
        body = plain if isinstance(plain, bytes) else json.dumps(plain, ensure_ascii=False).encode()
        sent = int(self.runtime.clock().timestamp())
        prefix = "x-chatwoot" if hook == "desk" else "dualtrack"
        signed = {f"{prefix}-timestamp": str(sent), f"{prefix}-signature": sign(secret, sent, body)}
        headers = {"content-type": "application/json", "accept": "application/json", **signed}
        return self.browser().ask(method, f"/v1/service/hooks/{hook}", content=body, headers=headers)

    def settle(self, found=None) -> None:
        async def scenario():
            deliveries = deliveries_of(self.runtime, self.services.upstreams)
            if found is not None:
                deliveries.soon(found)
            await deliveries.idle()

        self.runner.run(scenario())


def incoming(message, conversation, **changes):
    """Return a recorded event with ids of its own, of a contact of its own."""
    event = json.loads((DATA / "message_created_incoming.json").read_text("utf-8"))
    event["conversation"]["id"], event["sender"]["id"] = conversation, conversation
    return event | {"id": message} | changes


def one(served, external):
    (found,) = (each for each in conversations(served.register, use=USE) if each.row["external"] == external)
    return found


def heard(monkeypatch):
    """Return the list of what a desk is told, instead of telling one."""
    told = []

    async def posted(_self, _hook, call):
        told.append(json.loads(call.body))

    monkeypatch.setattr("dualtrack.apps.service.connectors.delivering.Deliveries._post", posted)
    return told


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    patch = pytest.MonkeyPatch()
    patch.setattr("dualtrack.apps.service.connectors.delivering.WAITS_S", (0.01,))
    world = HookWorld(tmp_path_factory.mktemp("hooks"))
    yield world
    world.close()
    patch.undo()


def test_a_signed_message_is_answered_without_an_api_key(served):
    found = served.deliver(MESSAGE)
    assert found.status_code == 200, found.text
    assert "HK$50" in found.json()["messages"][1]["text"]
    assert served.deliver(MESSAGE).json() == found.json()


def test_an_event_of_chatwoot_is_taken_in_and_a_desk_that_is_away_is_seen(served):
    event = (DATA / "message_created_incoming.json").read_bytes()
    assert served.deliver(event, "desk").json() == {"taken": True}
    served.settle()
    found = one(served, "desk:412")
    assert (found.status, found.row["why"]) == ("waiting", "no-answer")  # the answer lies at our desk


@pytest.mark.parametrize(
    ("plain", "hook", "more", "status"),
    [
        (MESSAGE, "own", {"secret": "guess"}, 401),
        (MESSAGE, "desk", {"secret": "guess"}, 401),
        (MESSAGE, "nobody", {}, 404),
        (b"no json", "own", {}, 400),
        (b"x" * (BODY_BYTES_MAX + 1), "own", {}, 413),
        (MESSAGE, "own", {"method": "GET"}, 405),
    ],
)
def test_what_is_refused_is_a_problem_document_and_leaves_nothing(served, plain, hook, more, status):
    before = served.register.repository.size()
    found = served.deliver(plain, hook, **more)
    assert (found.status_code, found.headers["content-type"]) == (status, "application/problem+json")
    assert served.register.repository.size() == before


@pytest.mark.parametrize("path", ["", "/", "/own/", "/own/x", "/OWN", "/{id}", "/own%2f"])
def test_only_one_part_of_an_address_is_a_connector_that_takes_calls_without_a_key(served, path):
    headers = {"accept": "application/json"}
    assert served.browser().ask("POST", f"/v1/service/hooks{path}", json={}, headers=headers).status_code in {401, 404}


def test_what_an_agent_does_at_our_desk_is_told_at_theirs(served, monkeypatch):
    told = heard(monkeypatch)
    served.deliver(incoming(77, 900, content="I want a human"), "desk")
    served.settle()
    found, agent = one(served, "desk:900"), served.signed_in(ConsoleRole.REVIEWER)
    told.clear()
    for act, form in (("take", {}), ("reply", {"message": "Amy here."}), ("close", {})):
        assert agent.post(f"/apps/service/desk/{found.id}/{act}", form).status_code == 303
        served.settle()
    assert [item.get("content", item.get("status")) for item in told] == ["open", "Amy here.", "resolved"]


def test_a_held_answer_goes_to_the_desk_once_a_person_released_it(served, monkeypatch):
    served.world.again(**chat_policy(review={"mode": "hold", "due_minutes": 30}))
    served.runtime.snapshots.refresh()
    told = heard(monkeypatch)
    served.deliver(incoming(78, 901), "desk")
    served.settle()
    assert not any("HK$50" in str(item) for item in told)
    reviewer = served.signed_in(ConsoleRole.REVIEWER)
    review = canonical.decode(served.register.repository.newest("review/1", USE).content)["id"]
    for step in ("claim", "approve"):
        done = reviewer.post(f"/reviews/{review}", {"do": step, "reason": "checked against the passage"})
        assert done.status_code == 303, done.text
    told.clear()
    for _ in range(2):
        served.settle(one(served, "desk:901"))
    assert ["HK$50" in item["content"] for item in told] == [True]
