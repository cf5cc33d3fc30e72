"""Processes killed, servers killed, two writers at once, two compartments side by side."""

import os
import random
import signal
import threading
import time

import pytest
from sqlalchemy import select
from store_world import FIRM, World, append_batches, append_for_ever, die_after_commit, die_before_commit, plain

from dualtrack.errors import StoreError
from dualtrack.ledger.merkle import leaf_hash, tree_head
from dualtrack.store.tables import tables
from dualtrack.store.verify import verify_ledger
from postgres_cluster import fresh_schema

KILLS = int(os.environ.get("DUALTRACK_KILLS", "10"))
SERVER_KILLS = int(os.environ.get("DUALTRACK_SERVER_KILLS", "2"))


def check_acknowledged(store, world, acknowledged):
    """Every receipt that was given names a leaf that is there; the whole ledger holds."""
    hashes = [leaf_hash(leaf).hex() for start in range(0, 10**6, 10_000) for leaf in leaves(store, start)]
    lines = acknowledged.read_text().splitlines() if acknowledged.exists() else []
    for line in lines:
        index, leaf = line.split()
        assert hashes[int(index)] == leaf
    assert verify_ledger(store.repository(FIRM), world.key).ok
    return len(lines)


def leaves(store, start):
    return store.repository(FIRM).leaves(start, start + 10_000) if start < store.repository(FIRM).size() else []


def test_no_acknowledged_entry_is_lost_when_writers_are_killed(world, processes, tmp_path):
    acknowledged, chance, rolled_back = tmp_path / "acknowledged", random.Random(1), 0
    for number in range(KILLS):
        before = acknowledged.stat().st_size if acknowledged.exists() else 0
        child = processes.Process(target=append_for_ever, args=(world, acknowledged, 1000 * number))
        child.start()
        while not acknowledged.exists() or acknowledged.stat().st_size == before:
            assert child.is_alive()
            time.sleep(0.005)
        time.sleep(chance.random() * 0.05)
        child.kill()
        child.join()
        with world.open() as store:
            assert len(store.recoveries) <= 1
            rolled_back += sum(recovery.outcome == "rolled_back" for recovery in store.recoveries)
            if number in {0, KILLS - 1} or number % 20 == 0:
                assert check_acknowledged(store, world, acknowledged) > 0
    if KILLS >= 100:
        assert rolled_back > 0


def test_what_was_not_committed_is_rolled_back_and_said(world, processes):
    child = processes.Process(target=die_before_commit, args=(world, 1000))
    child.start()
    child.join()
    assert child.exitcode == -signal.SIGKILL
    with world.open() as store:
        (recovery,) = store.recoveries
        assert (recovery.first, recovery.count, recovery.outcome) == (3, 1000, "rolled_back")
        assert recovery.by == f"process {child.pid}"
        assert "entries 3 to 1002" in str(recovery)
        assert "rolled back" in str(recovery)
        assert (store.discarded_pages > 0) == (store.backend.name == "sqlite")
        assert store.repository(FIRM).size() == 3
        assert world.writer(store).append(plain(1))[0].index == 3
    with world.open() as store:
        assert store.recoveries == []
        assert store.discarded_pages == 0
        assert verify_ledger(store.repository(FIRM), world.key).ok


def test_what_was_committed_and_not_acknowledged_is_kept_and_said(world, processes):
    child = processes.Process(target=die_after_commit, args=(world, 7))
    child.start()
    child.join()
    with world.open() as store:
        (recovery,) = store.recoveries
        assert (recovery.first, recovery.count, recovery.outcome) == (0, 7, "kept")
        assert store.repository(FIRM).size() == 7


def test_a_living_writers_intent_is_left_alone(world):
    with world.open() as store:
        writer = world.writer(store)
        writer._intent.declare(writer.ledger, 0, 5, b"note")
        with world.open() as second:
            assert second.recoveries == []
        writer._intent.clear()


def test_no_acknowledged_entry_is_lost_when_the_server_is_killed(tmp_path, postgres_cluster):
    world = World(tmp_path, fresh_schema(postgres_cluster.url()))
    acknowledged, refusals, stop = tmp_path / "acknowledged", [], threading.Event()
    with world.open() as store:
        writer = world.writer(store)

        def append():
            number = 0
            while not stop.is_set():
                number += 1
                try:
                    receipts = writer.append(plain(1 + number % 40, str(number)))
                except StoreError as error:
                    refusals.append(error.code)
                    time.sleep(0.02)
                    continue
                with acknowledged.open("a") as told:
                    told.writelines(f"{receipt.index} {receipt.leaf_hash.hex()}\n" for receipt in receipts)

        thread = threading.Thread(target=append)
        thread.start()
        try:
            for _ in range(SERVER_KILLS):
                size = acknowledged.stat().st_size if acknowledged.exists() else 0
                while not acknowledged.exists() or acknowledged.stat().st_size < size + 5000:
                    assert thread.is_alive()
                    time.sleep(0.01)
                postgres_cluster.kill()
        finally:
            stop.set()
            thread.join()
        writer.append(plain(1))
        assert check_acknowledged(store, world, acknowledged) > 0
        assert refusals
        assert set(refusals) <= {"store.lost"}
        assert all(recovery.count > 0 for recovery in writer.recoveries)
        assert len(writer.recoveries) <= len(refusals)


def test_two_writer_processes_make_one_log_without_a_gap(world, processes):
    with world.open():
        pass
    writers = [processes.Process(target=append_batches, args=(world, 40, tag)) for tag in "ab"]
    for process in writers:
        process.start()
    for process in writers:
        process.join()
        assert process.exitcode == 0
    with world.open() as store:
        repository = store.repository(FIRM)
        found = repository.leaves(0, 1000)
        contents = {entry.content.decode().split()[0] for entry in repository.entries()}
        assert len(found) == repository.size() == 2 * sum(1 + number % 7 for number in range(40))
        assert contents == {f"{tag}{number}" for tag in "ab" for number in range(40)}
        assert repository.root(len(found)) == tree_head(map(leaf_hash, found))
        assert verify_ledger(repository, world.key).ok


def snapshot(world):
    """Every row of `main`, and of its files everything but their times."""
    with world.open() as store, store.backend.read() as connection:
        rows = {table.name: connection.execute(select(table)).all() for table in tables("main").metadata.sorted_tables}
    return rows, {path.name: path.read_bytes() for path in world.workspace.root.glob("main.db*")}


def test_nothing_in_main_changes_by_what_is_written_in_restricted(world):
    with world.open() as store:
        world.writer(store).append(plain(5))
    before = snapshot(world)
    with world.open("restricted") as store:
        world.writer(store).append(plain(300))
        assert store.repository(FIRM).size() == 300
        assert store.repository(FIRM).ledger.endswith("/restricted")
    assert snapshot(world) == before


def test_a_held_lock_in_restricted_does_not_make_main_wait(world):
    with world.open("restricted") as closed, world.open(wait_s=0.5) as store:
        restricted = world.writer(closed)
        with closed.backend.write(restricted.ledger):
            assert world.writer(store).append(plain(1))[0].index == 0


def test_the_vault_keys_of_compartments_differ(world):
    with world.open() as main, world.open("restricted") as restricted:
        assert main.vault.key_id != restricted.vault.key_id


@pytest.mark.parametrize("compartment", ["main", "restricted"])
def test_ledgers_of_two_institutions_stay_apart(sqlite_world, compartment):
    with sqlite_world.open(compartment) as store:
        sqlite_world.writer(store).append(plain(3))
        assert store.repository("island").size() == 0
