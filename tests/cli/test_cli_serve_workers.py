"""Several worker processes on one port and one database: what is sent at once with one key is decided once."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import httpx
import pytest
from test_cli_serve import serving

from dualtrack.domain import canonical
from dualtrack.domain.decision import Decision
from dualtrack.domain.records import read_record
from dualtrack.web.identity.api_keys import ApiKeys, NewApiKey
from dualtrack.web.identity.roles import ConsoleRole
from permit.firm import FIRM, USE
from postgres_cluster import fresh_schema
from runtime.runtime_world import World

AT_ONCE = 12


@pytest.fixture(params=["sqlite", "postgresql"])
def world(request, tmp_path):
    database = "sqlite:///main.db"
    if request.param == "postgresql":
        database = fresh_schema(request.getfixturevalue("postgres_url"))
    found = World(tmp_path, database=database)
    found.permit()
    yield found
    found.close()


def processes_of(address):
    """Return the workers that a few scrapes met."""
    met = set()
    for _ in range(40):
        text = httpx.get(f"{address}/metrics").text
        met |= {line.partition('process="')[2].partition('"')[0] for line in text.splitlines() if "_streams{" in line}
        if len(met) > 1:
            return met
    return met


@pytest.mark.slow
def test_one_key_in_two_workers_is_one_decision(world):
    new = NewApiKey(FIRM, "load", frozenset({ConsoleRole.CALLER}), None, "test", 5)
    _, key = ApiKeys(world.store.backend, lambda: datetime.now(UTC)).make(new)
    with serving(world.workspace.root, "--workers", "2") as (opening, _process):
        address, start = opening["address"], threading.Barrier(AT_ONCE)
        assert len(processes_of(address)) == 2

        def send(_number):
            headers = {"authorization": f"Bearer {key}", "idempotency-key": "order-1"}
            with httpx.Client(headers=headers) as client:
                start.wait()
                return client.post(f"{address}/v1/decide/{USE}", json={"input": {"late": 3}, "person": "c"})

        with ThreadPoolExecutor(AT_ONCE) as pool:
            answers = list(pool.map(send, range(AT_ONCE)))
            again = list(pool.map(send, range(AT_ONCE)))
    assert {answer.status_code for answer in answers} <= {200, 409}
    assert [answer.status_code for answer in again] == [200] * AT_ONCE
    bodies = {answer.content for answer in [*answers, *again] if answer.status_code == 200}
    assert len(bodies) == 1
    entries = world.register.repository.every(kinds=("decision/1",))
    (found,) = [read_record(canonical.decode(entry.content), Decision, where="test") for entry in entries]
    assert found.id.encode() in bodies.pop()
