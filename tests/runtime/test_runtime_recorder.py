"""The recorder: what waits, what is refused, what a full disk does."""

from __future__ import annotations

import threading

import pytest

from dualtrack.errors import OverloadError, StoreError
from dualtrack.runtime import recorder as module
from dualtrack.runtime.decide import Scoring, decide
from runtime.runtime_world import FIRM, USE


def score(_row):
    return Scoring(0.5)


def test_a_full_queue_refuses_and_loses_nothing(world, monkeypatch):
    world.permit(audience="system")
    with world.open() as runtime:
        recorder = runtime.recorder(FIRM)
        gate = threading.Event()
        append = recorder._writer.append
        monkeypatch.setattr(recorder._writer, "append", lambda *args: gate.wait(20) and append(*args))
        monkeypatch.setattr(module, "QUEUE_MAX", 5)
        monkeypatch.setattr(module, "AT_RISK_MS", 60_000)
        for _ in range(5):
            decide(runtime, USE, {"late": 1}, score)
        with pytest.raises(OverloadError) as caught:
            decide(runtime, USE, {"late": 1}, score)
        assert caught.value.code == "overload.audit-queue"
        assert recorder.waiting == 5
        gate.set()
    table = world.store.tables.decision
    with world.store.backend.read() as connection:
        assert len(connection.execute(table.select()).all()) == 5


def test_a_buffered_caller_waits_when_too_much_is_at_risk(world, monkeypatch):
    world.permit(audience="system")
    with world.open() as runtime:
        recorder = runtime.recorder(FIRM)
        gate = threading.Event()
        append = recorder._writer.append
        monkeypatch.setattr(recorder._writer, "append", lambda *args: gate.wait(20) and append(*args))
        decide(runtime, USE, {"late": 1}, score)  # answered at once: nothing was at risk
        threading.Event().wait(module.AT_RISK_MS / 1000)
        done = threading.Event()
        late = threading.Thread(target=lambda: (decide(runtime, USE, {"late": 1}, score), done.set()))
        late.start()
        assert not done.wait(0.3)
        gate.set()
        assert done.wait(5)
        late.join()


def test_when_the_database_refuses_nothing_is_answered_until_it_takes_entries_again(world, monkeypatch):
    world.permit(flags={"durability": "durable"}, audience="system")
    with world.open() as runtime:
        recorder = runtime.recorder(FIRM)
        append = recorder._writer.append
        broken = threading.Event()
        broken.set()

        def failing(*args):
            if broken.is_set():
                raise StoreError("no room", code="store.full")
            return append(*args)

        monkeypatch.setattr(recorder._writer, "append", failing)
        with pytest.raises(StoreError):
            decide(runtime, USE, {"late": 1}, score)
        with pytest.raises(StoreError) as caught:
            decide(runtime, USE, {"late": 1}, score)
        assert caught.value.code == "store.recorder"
        broken.clear()
        for _ in range(100):
            if not recorder.waiting:
                break
            threading.Event().wait(0.05)
        assert decide(runtime, USE, {"late": 1}, score).outcome == "served"
