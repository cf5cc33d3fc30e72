"""What becomes of records when the database breaks off: written once, and what began ends, whoever was told what."""

from __future__ import annotations

import os
import threading
from contextlib import contextmanager

import pytest

from dualtrack.errors import StoreError
from dualtrack.runtime.decide import Scoring, decide
from dualtrack.store.faults import STORE_LOST
from dualtrack.store.verify import verify_store
from runtime.runtime_world import FIRM, USE


class Breaking:
    """A backend whose next write breaks off: before it is committed, or after it, when only the answer is lost."""

    def __init__(self, backend) -> None:
        self._backend = backend
        self.before = self.after = 0

    def __getattr__(self, name: str):
        return getattr(self._backend, name)

    @contextmanager
    def write(self, key, **more):
        with self._backend.write(key, **more) as connection:
            yield connection
            if self.before:
                self.before -= 1
                raise lost()
        if self.after:
            self.after -= 1
            raise lost()


def lost() -> StoreError:
    return StoreError("the database server went away", code=STORE_LOST)


@pytest.fixture
def broken(world):
    """The runtime with a durable use, its recorder and the backend that breaks."""
    world.permit(flags={"durability": "durable"}, audience="system")
    with world.open() as runtime:
        recorder = runtime.recorder(FIRM)
        breaking = recorder._writer._backend = Breaking(recorder._writer._backend)
        yield runtime, recorder, breaking


def settled(world, recorder) -> dict[str, str]:
    """Wait until nothing waits; return the outcomes that are recorded, each once, after the ledger was verified."""
    for _ in range(200):
        if not recorder.waiting:
            break
        threading.Event().wait(0.02)
    assert not recorder.waiting
    assert not [finding for report in verify_store(world.store) for finding in report.findings]
    kinds = ("decision/1",)
    table = world.store.tables.decision
    with world.store.backend.read() as connection:
        rows = {row.id: row.outcome for row in connection.execute(table.select())}
    ended = [outcome for outcome in rows.values() if outcome != "begun"]
    assert len(list(world.register.repository.every(kinds=kinds))) == len(ended)
    return rows


def test_a_batch_that_was_committed_is_not_written_twice(world, broken):
    runtime, recorder, breaking = broken
    breaking.after = 1
    with pytest.raises(StoreError) as caught:
        decide(runtime, USE, {"late": 1}, lambda _row: Scoring(0.5))
    assert caught.value.code == STORE_LOST
    assert list(settled(world, recorder).values()) == ["served"]
    assert [item.outcome for item in recorder._writer.recoveries] == ["kept"]
    assert decide(runtime, USE, {"late": 1}, lambda _row: Scoring(0.5)).outcome == "served"


def test_a_batch_that_was_rolled_back_is_written_again(world, broken):
    runtime, recorder, breaking = broken
    breaking.before = 2
    with pytest.raises(StoreError):
        decide(runtime, USE, {"late": 1}, lambda _row: Scoring(0.5))
    assert list(settled(world, recorder).values()) == ["served"]
    assert [item.outcome for item in recorder._writer.recoveries] == ["rolled_back", "rolled_back"]


def test_a_call_whose_intent_was_refused_ends(world, broken):
    runtime, recorder, breaking = broken
    breaking.before = 1
    call = runtime.call(runtime.gate.enter(USE), b"{}")
    with pytest.raises(StoreError), call:
        recorder.put(call.intent(), durable=True).result()
    assert settled(world, recorder) == {call.id: "failed"}


def test_a_call_that_began_ends_though_the_database_refuses_meanwhile(world, broken):
    runtime, recorder, breaking = broken
    call = runtime.call(runtime.gate.enter(USE), b"{}")
    recorder.put(call.intent(), durable=True).result()
    breaking.before = 40
    with pytest.raises(StoreError):
        decide(runtime, USE, {"late": 1}, lambda _row: Scoring(0.5))
    fresh = runtime.call(runtime.gate.enter(USE), b"{}")
    with pytest.raises(StoreError), fresh:
        recorder.put(fresh.intent(), durable=True)  # nothing begins now
    with pytest.raises(StoreError) as caught:
        recorder.put(call.end("served", code=None, output=b"1")[0], durable=True)
    assert caught.value.code == "store.recorder"
    breaking.before = 0
    found = settled(world, recorder)
    assert found[call.id] == "served"
    assert fresh.id not in found


def test_what_never_ended_is_ended_by_the_next_start(world, broken):
    runtime, recorder, _ = broken
    call = runtime.call(runtime.gate.enter(USE), b"{}")
    recorder.put(call.intent(), durable=True).result()
    recorder.close()
    assert recorder._journal.paths[0].exists()
    for descriptor in recorder._journal._fds:  # as at the end of the process
        os.close(descriptor)
    with world.open() as again:
        assert [(item.interrupted, item.missing) for item in again.recovered[FIRM]] == [(1, 0)]
    assert settled(world, recorder) == {call.id: "failed"}
