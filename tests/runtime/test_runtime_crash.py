"""A process is killed while it decides: nothing answered is missing, in either durability mode."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from dualtrack.store.verify import verify_store
from runtime.runtime_world import FIRM, USE

WORKER = Path(__file__).with_name("crash_worker.py")
KILLS = int(os.environ.get("DUALTRACK_RUNTIME_KILLS", "3"))


class Worker:
    """A deciding process whose output goes to a file, so that a kill loses none of it."""

    def __init__(self, world, folder: Path) -> None:
        self.output = folder / f"worker-{time.monotonic_ns()}.txt"
        with self.output.open("wb") as stream:
            self.process = subprocess.Popen(
                [sys.executable, str(WORKER), str(world.workspace.root), USE], stdout=stream
            )
        for _ in range(400):
            if self.lines():
                return
            time.sleep(0.05)
        raise AssertionError("the worker did not start")

    def lines(self) -> list[str]:
        return self.output.read_text().splitlines(keepends=True)

    def kill(self) -> list[str]:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        return self.lines()


def answered(lines: list[str]) -> set[str]:
    return {line.split()[1] for line in lines if line.startswith("served ") and line.endswith("\n")}


@pytest.mark.parametrize("durability", ["durable", "buffered"])
def test_no_answered_decision_is_missing_after_a_kill(world, tmp_path, durability):
    world.permit(flags={"durability": durability}, audience="system")
    seen: set[str] = set()
    for round_number in range(KILLS):
        worker = Worker(world, tmp_path)
        time.sleep(0.3 + 0.1 * round_number)
        seen |= answered(worker.kill())
    assert len(seen) > 10 * KILLS
    with world.open() as runtime:
        recovered = [item for items in runtime.recovered.values() for item in items]
    table = world.store.tables.decision
    with world.store.backend.read() as connection:
        rows = {row.id: row for row in connection.execute(table.select())}
    assert seen <= {name for name, row in rows.items() if row.outcome == "served"}
    assert all(item.missing == 0 for item in recovered)
    assert len(recovered) == 1  # the earlier ones were settled by the next start
    incidents = list(world.register.repository.every(kinds=("incident/1",)))
    assert len(incidents) == KILLS
    assert not [finding for report in verify_store(world.store) for finding in report.findings]


def test_a_hold_is_kept_over_a_kill_and_a_restart(world, tmp_path):
    from dualtrack.domain.oversight import Hold
    from dualtrack.runtime.clock import steady_s
    from dualtrack.runtime.ids import new_id
    from dualtrack.runtime.snapshots import LEASE_S
    from permit.firm import known_key

    world.permit(audience="system")
    worker = Worker(world, tmp_path)
    time.sleep(0.3)
    hold = Hold(id=new_id(), scope="institution", target=FIRM, reason="test", by="executive", at=world.register.now())
    world.register.append_record("hold/1", FIRM, hold, [known_key("executive")])
    begun_s = steady_s()
    time.sleep(LEASE_S)
    assert "refused permit.held\n" in worker.kill()
    again = Worker(world, tmp_path)
    again.process.wait(timeout=20)
    assert again.lines() == ["ready\n", "refused permit.held\n"]
    assert steady_s() - begun_s >= LEASE_S
