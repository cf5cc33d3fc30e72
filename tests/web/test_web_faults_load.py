"""A load that does not wait, and meanwhile holds, killed workers, a killed database: nothing unpermitted, nothing lost.

DUALTRACK_RUNTIME_KILLS sets how often; the figures of a run are printed (`pytest -s`).
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections import Counter

import pytest
from fault_checks import Window, look, missing, partial, unpermitted
from fault_client import Load, ask
from fault_world import PASSWORD, USE, ConsoleRole, FaultWorld, number_from

from postgres_cluster import fresh_schema

ROUNDS = number_from("DUALTRACK_RUNTIME_KILLS", 2)
A_SECOND = 200.0

pytestmark = pytest.mark.slow


class Switch:
    """Two people: one sets holds through the API, another releases them; `windows` are the times in between."""

    def __init__(self, faults: FaultWorld, server) -> None:
        self._sets = faults.signed_in(server, ConsoleRole.COMPLIANCE)
        self._releases = faults.signed_in(server, ConsoleRole.APPROVER)
        self.windows: list[Window] = []

    def hold(self) -> str:
        made = self._sets.set_hold("use", USE, reason="looks odd", password=PASSWORD)
        self._from = time.monotonic(), time.time_ns() // 1000
        return made["hold"]["id"]

    def release(self, hold: str) -> None:
        (from_s, from_us), until_s, until_us = self._from, time.monotonic(), time.time_ns() // 1000
        self._releases.release_hold(hold, reason="looked into", password=PASSWORD)
        self.windows.append(Window(from_s, until_s, from_us, until_us))


def check(faults: FaultWorld, load: Load, windows: list[Window]):
    """Check all that must hold, once every process has ended and the workspace was opened again."""
    with faults.world.open():
        pass  # settles what the last process left
    found = look(faults.workspace)
    assert not found.findings
    assert not missing(found, load.asked)
    assert not unpermitted(found, load.asked, windows)
    assert not partial(found)
    assert found.reviews
    kinds = Counter((asked.kind, asked.status) for asked in load.asked)
    ended = Counter(record.outcome for record in found.decisions.values())
    said = f"{len(load.asked)} calls, {load.left_out} left out: {dict(kinds)}; recorded {dict(ended)}"
    sys.stdout.write(f"\n{said}\n")
    return found


def refusals(load: Load) -> set[str]:
    """Return the codes of all refusals; each is a document that OpenAI's clients read, or a decision that a hold stopped."""
    codes = set()
    for asked in load.asked:
        if asked.whole and asked.status >= 400:
            problem = asked.json
            if problem.get("outcome") == "stopped":
                assert asked.status == 423
                codes.add(problem["code"])
                continue
            assert asked.headers["content-type"] == "application/problem+json"
            assert problem["error"]["message"]
            codes.add(problem["error"]["code"])
    return codes


@pytest.fixture
def faults(tmp_path):
    made = FaultWorld(tmp_path)
    yield made
    made.close()


def test_holds_and_killed_workers_under_load(faults):
    server = faults.serve("--workers", "2")
    switch = Switch(faults, server)
    load = Load([server.port], faults.key, a_second=A_SECOND)
    try:
        for round_number in range(ROUNDS):
            load.wait_served(100)
            hold = switch.hold()
            victim = server.workers()[round_number % 2]
            if round_number % 2:
                os.kill(victim, signal.SIGKILL)  # a hold must outlive the death of a process, too
            time.sleep(0.5)
            switch.release(hold)
            if not round_number % 2:
                load.wait_served(50)
                os.kill(victim, signal.SIGKILL)
            server.wait_workers(2, without=victim)
        load.wait_served(100)
    finally:
        load.stop()
    server.stop()
    assert server.process.returncode in {0, -signal.SIGTERM}
    assert server.faults() == []
    assert refusals(load) <= {"permit.held", "permit.stale-snapshot", "overload.in-flight"}
    check(faults, load, switch.windows)
    assert len(switch.windows) == ROUNDS
    assert any(asked.status == 423 for asked in load.asked)


def test_a_database_that_dies_under_load(tmp_path, postgres_cluster):
    faults = FaultWorld(tmp_path, database=fresh_schema(postgres_cluster.url()))
    try:
        servers = [faults.serve(), faults.serve(root=faults.copy("second"))]
        switch = Switch(faults, servers[0])
        load = Load([server.port for server in servers], faults.key, a_second=A_SECOND)
        try:
            for _ in range(ROUNDS):
                load.wait_served(100)
                hold = switch.hold()
                time.sleep(0.3)
                switch.release(hold)
                load.wait_served(100)
                postgres_cluster.restart()
            load.wait_served(200)  # both come back by themselves
            for server in servers:
                server.wait_ready()
        finally:
            load.stop()
        for server in servers:
            server.stop()
            assert server.process.returncode in {0, -signal.SIGTERM}
            assert {said["event"] for said in server.faults()} <= {"answer cut"}  # a stream whose end was not recorded
        codes = refusals(load)
        assert codes <= {
            "permit.held",
            "permit.stale-snapshot",
            "store.lost",
            "store.recorder",
            "overload.in-flight",
            "store.keys",
        }
        assert codes & {"permit.stale-snapshot", "store.lost", "store.recorder"}
        assert {asked.status for asked in load.asked} <= {200, 423, 503}
        check(faults, load, switch.windows)
    finally:
        faults.close()


def test_a_worker_that_dies_while_the_database_is_away_comes_back(tmp_path, postgres_cluster):
    """Neither its start fails for good nor does the server end with it, however often it has to be tried."""
    faults = FaultWorld(tmp_path, database=fresh_schema(postgres_cluster.url()))
    try:
        server = faults.serve("--workers", "2")
        postgres_cluster.go_down()
        victim = server.workers()[0]
        os.kill(victim, signal.SIGKILL)
        time.sleep(3.0)  # the supervisor tries more than once
        assert server.process.poll() is None
        call = asyncio.run(ask(server.port, f"/v1/decide/{USE}", {"input": {"late": 1}}, faults.key))
        assert (call.status, call.json["error"]["code"]) == (503, "permit.stale-snapshot")
        postgres_cluster.start()
        server.wait_ready(count=10)
        server.wait_workers(2, without=victim)
        for _ in range(10):
            call = asyncio.run(ask(server.port, f"/v1/decide/{USE}", {"input": {"late": 1}}, faults.key))
            assert call.status == 200
        assert {said["event"] for said in server.faults()} <= {"cannot start"}
    finally:
        faults.close()
