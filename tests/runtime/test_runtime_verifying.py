"""Verifications beside the work: one at a time whatever the process, seen by all, ended cleanly."""

from __future__ import annotations

import threading
import time

import pytest
from sqlalchemy import select, update

from dualtrack.errors import ConflictError, FieldError
from dualtrack.keys.vkey import VerifierKey
from dualtrack.runtime import verifying
from dualtrack.runtime.verifying import ALIVE_S, Verifications
from dualtrack.store.config import InstitutionConfig, ledger_origin
from dualtrack.store.shared_tables import SHARED
from permit.firm import known_key
from runtime.runtime_world import FIRM, World, timedelta

OTHER = "other-firm"


@pytest.fixture
def world(tmp_path, database):
    found = World(tmp_path, database=database)
    yield found
    found.close()


@pytest.fixture
def held(monkeypatch):
    """Hold verifications after their first step until the event is set."""
    event = threading.Event()
    whole = verifying.verify_ledger

    def slow(*given, progress, **more):
        for _ in range(3_000):
            progress(1)
            if event.wait(0.02):
                break
        progress(2)
        return whole(*given, progress=progress, **more)

    monkeypatch.setattr(verifying, "verify_ledger", slow)
    yield event
    event.set()


def both(world):
    return [Verifications(world.store, world.clock, beat_s=0.02) for _ in range(2)]


def rows(world):
    with world.store.backend.read() as connection:
        return connection.execute(select(SHARED.verification)).all()


def test_any_process_sees_how_far_it_is_and_what_was_found(world, held):
    first, second = both(world)
    assert second.of(FIRM) is None
    first.begin(FIRM)
    for _ in range(500):
        if second.of(FIRM).read == 1:
            break
        time.sleep(0.02)
    seen = second.of(FIRM)
    assert (seen.running, seen.read, seen.report) == (True, 1, None)
    second.begin(FIRM)  # it is under way: nothing more is begun
    assert len(rows(world)) == 1
    held.set()
    first.wait()
    done = second.of(FIRM)
    assert (done.running, done.report.ok, done.report.size) == (False, True, done.size)


def test_another_ledger_waits_until_it_has_ended_or_its_process_died(world, held):
    log = VerifierKey.of(ledger_origin(OTHER), known_key("log").public_key).format()
    other = InstitutionConfig(id=OTHER, logs={"main": log})
    world.workspace.save(world.workspace.config.with_institution(other))
    first, second = both(world)
    first.begin(FIRM)
    with pytest.raises(ConflictError) as caught:
        second.begin(OTHER)
    assert caught.value.code == "conflict.verification"
    first.close()
    table = SHARED.verification
    with world.store.backend.write("x") as connection:  # as a killed process leaves it
        connection.execute(update(table).values(ended_s=None, alive_s=int(world.clock().timestamp()) + ALIVE_S))
    with pytest.raises(ConflictError):
        second.begin(OTHER)
    world.offset += timedelta(seconds=ALIVE_S + 1)
    second.begin(OTHER)
    held.set()
    second.wait()
    assert second.of(OTHER).report is not None


def test_a_process_that_ends_ends_it(world, held):
    first, second = both(world)
    first.begin(FIRM)
    held.set()
    first.close()
    found = second.of(FIRM)
    assert not found.running
    second.begin(FIRM)
    second.wait()
    assert second.of(FIRM).report.ok


@pytest.mark.parametrize("how", ["killed", "stopped", "failed"])
def test_a_finding_stands_until_a_newer_verification_has_a_report(world, monkeypatch, how):
    repository = world.store.repository(FIRM)
    entry, whole = repository.tables.entry, verifying.verify_ledger
    world.permit()
    (right,) = [item.recorded_at for item in repository.entries(start=2, end=3)]

    def say(when: str) -> None:
        with world.store.backend.write(repository.ledger) as connection:
            connection.execute(update(entry).where(entry.c.idx == 2).values(recorded_at=when))

    say("2020-01-01T00:00:00Z")
    first, second = both(world)
    first.begin(FIRM)
    first.wait()
    found = second.of(FIRM)
    assert (found.report.ok, found.interrupted, found.reported_s) == (False, False, found.begun_s)
    world.offset += timedelta(days=1)
    event = threading.Event()

    def breaks(*given, progress, **more):
        for _ in range(3_000):
            progress(1)
            if event.wait(0.02):
                break
        progress(2)
        raise OSError("the disk is gone")

    monkeypatch.setattr(verifying, "verify_ledger", breaks)
    second.begin(FIRM)
    running = first.of(FIRM)
    assert (running.running, running.interrupted, running.ended_s) == (True, False, None)
    assert (running.report, running.reported_s) == (found.report, found.begun_s)  # of the one before, meanwhile
    if how == "killed":  # as far as the database can tell: it says nothing more
        monkeypatch.setattr(second, "_note", lambda *_given, **_values: None)
        world.offset += timedelta(seconds=ALIVE_S + 1)
    elif how == "stopped":
        second._stop.set()
    event.set()
    second.wait()
    late = first.of(FIRM)
    assert (late.running, late.interrupted, late.begun_s > found.begun_s) == (False, True, True)
    assert (late.report, late.reported_s) == (found.report, found.begun_s)
    monkeypatch.setattr(verifying, "verify_ledger", whole)
    say(right)
    first.begin(FIRM)
    first.wait()
    done = first.of(FIRM)
    assert (done.report.ok, done.interrupted, done.reported_s) == (True, False, done.begun_s)


def test_without_a_log_key_nothing_is_authentic(world):
    with pytest.raises(FieldError):
        both(world)[0].begin("nobody-here")
