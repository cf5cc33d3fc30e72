"""A held answer through the real server: a program asks, a reviewer signs in, reads and decides, the program fetches."""

from __future__ import annotations

import pytest
from server_world import ORIGIN, PASSWORD, USE, ServerWorld
from test_client_api import Bridge

from dualtrack.client import ApiError, Client
from dualtrack.web.identity.roles import ConsoleRole


@pytest.fixture
def held(tmp_path):
    found = ServerWorld(tmp_path)
    found.world.again(review={"mode": "hold"}, audience="customers")
    found.runtime.snapshots.refresh()
    yield found
    found.close()


def connect(held, **more):
    return Client(ORIGIN, transport=Bridge(held), **more)


def test_a_program_fetches_what_a_reviewer_released_over_the_api(held):
    key, other = held.key(ConsoleRole.CALLER, uses=frozenset({USE})), held.key(ConsoleRole.AUDITOR)
    with connect(held, key=key) as caller, connect(held) as rita, connect(held, key=other) as auditor:
        asked = caller.decide(USE, {"late": 3, "used": 0.9}, person="C-1024")
        assert (asked.outcome, asked.output, asked.state) == ("routed", None, None)
        waiting = caller.answer(asked.decision)
        assert (waiting.state, waiting.output) == ("waiting", None)
        assert waiting.due_at
        rita.sign_in("reviewer", PASSWORD)
        rita.act_on_review(asked.review, "claim")
        texts = rita.open_review(asked.review, reason="decides on it")
        assert float(texts["draft"]) > 0.8
        rita.act_on_review(asked.review, "approve", reason="it is right")
        found = caller.answer(asked.decision)
        assert (found.state, found.outcome, found.output) == ("approved", "routed", float(texts["draft"]))
        assert found.reasons == texts["reasons"]
        assert found.receipt is None
        assert caller.receipt(asked.receipt).answer == texts["draft"]
        with pytest.raises(ApiError) as caught:
            auditor.answer(asked.decision)
        assert caught.value.status in {401, 403}
        with pytest.raises(ApiError) as caught:
            rita.answer(asked.decision)
        assert caught.value.status in {401, 403}


def test_a_person_without_the_content_may_not_open_a_review(held):
    key = held.key(ConsoleRole.CALLER)
    with connect(held, key=key) as caller:
        asked = caller.decide(USE, {"late": 3})
        with pytest.raises(ApiError) as caught:
            caller.open_review(asked.review, reason="curious")
    assert caught.value.status == 403
