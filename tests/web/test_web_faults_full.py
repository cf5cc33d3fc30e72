"""The disk of the ledger is full while the server answers: nothing is served without a record, and it goes on by itself."""

from __future__ import annotations

import asyncio
import resource
import time

import pytest
from fault_checks import look, missing, partial, unpermitted
from fault_client import CALLS, Asked, Load, ask
from fault_world import ConsoleRole, FaultWorld

pytestmark = pytest.mark.slow


@pytest.fixture
def faults(tmp_path):
    made = FaultWorld(tmp_path)
    yield made
    made.close()


def each(faults: FaultWorld, port: int) -> list[Asked]:
    return [asyncio.run(ask(port, path, body, faults.key, kind=kind)) for kind, path, body in CALLS]


def wait_until(true, longest_s: float = 30.0) -> None:
    until_s = time.monotonic() + longest_s
    while not true():
        assert time.monotonic() < until_s
        time.sleep(0.05)


def room(pid: int, size: int) -> None:
    """Let no file of a process grow beyond a size: what it writes then fails as on a full disk."""
    _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, hard))


def test_a_full_disk_under_load(faults):
    server = faults.serve()
    pid = server.process.pid
    load = Load([server.port], faults.key, a_second=100.0)
    try:
        load.wait_served(60)
        biggest = max(path.stat().st_size for path in faults.workspace.root.rglob("*") if path.is_file())
        room(pid, biggest)
        wait_until(lambda: {507, 503} & set(load.statuses()))
        time.sleep(1.0)
        refused = each(faults, server.port)
        assert {call.status for call in refused} <= {503, 507}
        assert {call.headers["content-type"] for call in refused} == {"application/problem+json"}
        assert {call.json["error"]["code"] for call in refused} <= {"store.full", "store.recorder", "store.journal"}
        room(pid, resource.RLIM_INFINITY)
        load.wait_served(60)
    finally:
        load.stop()
    served = each(faults, server.port)
    assert {call.status for call in served} == {200}
    assert {asked.status for asked in load.asked} <= {200, 503, 507}
    server.stop()
    with faults.world.open():
        pass
    found = look(faults.workspace)
    calls = [*load.asked, *refused, *served]
    assert not found.findings
    assert not missing(found, calls)
    assert not unpermitted(found, calls, [])
    assert not partial(found)


def test_an_account_is_not_half_changed_when_the_disk_is_full(faults):
    server = faults.serve()
    person = faults.signed_in(server, ConsoleRole.ADMINISTRATOR)
    before = person._http.get("/api/v1/accounts/approver")
    wal = faults.workspace.root / "main.db-wal"
    room(server.process.pid, wal.stat().st_size if wal.exists() else 0)
    change = {"roles": ["auditor"], "disabled": True, "reason": "left"}
    tag = {"if-match": before.headers["etag"]}
    full = person._http.patch("/api/v1/accounts/approver", json=change, headers=tag)
    assert full.status_code in {503, 507}
    assert full.json()["type"].startswith("urn:dualtrack:error:store")
    room(server.process.pid, resource.RLIM_INFINITY)
    assert person._http.get("/api/v1/accounts/approver").json() == before.json()
    done = person._http.patch("/api/v1/accounts/approver", json=change, headers=tag)
    assert done.status_code == 200, done.text
    assert (done.json()["roles"], done.json()["disabled"]) == (["auditor"], True)
