"""The machine's clock jumps while the server answers: back, nothing is decided; ahead, what has an end has ended."""

from __future__ import annotations

import pytest
from fault_checks import look, partial
from server_world import USE, ServerWorld

from dualtrack.web.identity.roles import ConsoleRole


@pytest.fixture
def served(tmp_path):
    made = ServerWorld(tmp_path, prepare=None)
    yield made
    made.close()


def decide(served, key):
    ask = {"json": {"input": {"late": 1}}, "headers": {"authorization": f"Bearer {key}"}}
    return served.browser().ask("POST", f"/v1/decide/{USE}", **ask)


def recorded_times(served):
    return [entry.recorded_at for entry in served.world.register.repository.entries()]


def test_a_clock_that_runs_back_stops_decisions_until_it_has_caught_up(served):
    key = served.key(ConsoleRole.CALLER)
    assert decide(served, key).status_code == 200
    served.later(minutes=-10)
    for _ in range(2):
        refused = decide(served, key)
        assert refused.status_code == 503
        assert refused.headers["content-type"] == "application/problem+json"
        assert refused.json()["error"]["code"] == "permit.clock"
    page = served.signed_in(ConsoleRole.AUDITOR).get("/account")
    assert page.status_code == 200  # people still see what there is
    served.later(minutes=10)
    assert decide(served, key).status_code == 200
    times = recorded_times(served)
    assert times == sorted(times)


def test_a_small_step_back_is_the_time_service_at_work(served):
    key = served.key(ConsoleRole.CALLER)
    assert decide(served, key).status_code == 200
    served.later(seconds=-0.5)
    assert decide(served, key).status_code == 200
    times = recorded_times(served)
    assert times == sorted(times)


def test_a_clock_that_jumps_ahead_ends_what_has_an_end_and_going_back_does_not_reopen_it(served):
    key = served.key(ConsoleRole.CALLER)
    auditor = served.signed_in(ConsoleRole.AUDITOR)
    assert auditor.get("/account").status_code == 200
    assert decide(served, key).status_code == 200
    served.later(days=400)
    assert decide(served, key).status_code == 401  # the key is of another year
    assert auditor.get("/account").status_code == 303
    young = served.key(ConsoleRole.CALLER)
    late = decide(served, young)
    assert (late.status_code, late.json()["error"]["code"]) == (403, "permit.expired")
    served.later(days=-400)
    back = decide(served, young)
    assert (back.status_code, back.json()["error"]["code"]) == (503, "permit.clock")
    served.runtime.recorder(USE.partition("/")[0]).close()
    found = look(served.world.workspace)
    assert not partial(found)
    assert not found.findings
    assert len(found.decisions) == 1
