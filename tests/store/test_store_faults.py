import os
import resource
import sqlite3
import time
from contextlib import contextmanager

import pytest
from sqlalchemy import text
from store_world import FIRM, World, hold_the_lock, plain

from dualtrack.errors import KeyFileError, PathError, StoreBusyError, StoreCorruptError, StoreError, StoreFullError
from dualtrack.store.erasure import erase
from dualtrack.store.verify import verify_ledger
from postgres_cluster import fresh_schema


def big(count):
    return [item._replace(content=os.urandom(20_000)) for item in plain(count)]


def check_full(world, store, writer):
    """Fill up until refused: nothing of the refused batch is there, all before is, and it goes on once there is room."""
    size, refused = 0, None
    while refused is None and size < 4000:
        try:
            size = writer.append(big(20))[-1].size
        except StoreFullError as error:
            refused = error
    assert refused is not None
    assert refused.status == 507
    assert refused.fix
    repository = store.repository(FIRM)
    assert repository.size() == size > 0
    assert verify_ledger(repository, world.key).ok
    return size


def test_a_full_database_is_refused_and_readable(sqlite_world):
    with sqlite_world.open() as store:
        writer = sqlite_world.writer(store)
        writer.append(big(20))
        with store.backend.writer.connect() as connection:
            connection.exec_driver_sql("PRAGMA max_page_count=600")
        size = check_full(sqlite_world, store, writer)
        with store.backend.writer.connect() as connection:
            connection.exec_driver_sql("PRAGMA max_page_count=1000000")
        assert writer.append(plain(1))[0].index == size
        assert writer.recoveries[0].outcome == "rolled_back"


def test_a_full_disk_is_refused_and_readable(sqlite_world):
    """RLIMIT_FSIZE makes a write fail as a full disk does, in the write-ahead log this time."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    with sqlite_world.open() as store:
        writer = sqlite_world.writer(store)
        resource.setrlimit(resource.RLIMIT_FSIZE, (3 << 20, hard))
        try:
            size = check_full(sqlite_world, store, writer)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert writer.append(plain(1))[0].index == size
    with sqlite_world.open() as store:
        assert verify_ledger(store.repository(FIRM), sqlite_world.key).ok


@contextmanager
def files_no_longer_than(size):
    """Let no file grow beyond a size, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def busy_timeout_ms(store):
    with store.backend.writer.connect() as connection:
        return connection.connection.driver_connection.execute("PRAGMA busy_timeout").fetchone()[0]


def test_an_append_that_is_durable_does_not_fail_because_its_log_cannot_be_moved(sqlite_world):
    path = sqlite_world.workspace.root / "main.db"
    with sqlite_world.open() as store:
        sqlite_world.writer(store).append(big(100))
    with sqlite_world.open() as store:
        writer, repository = sqlite_world.writer(store), store.repository(FIRM)
        store.backend._wal_limit = 0  # a checkpoint after the next commit, with little in the log
        with files_no_longer_than(path.stat().st_size):
            (*_, receipt) = writer.append(big(20))
            assert (receipt.index, receipt.size, repository.size()) == (119, 120, 120)
            assert store.backend.wal_bytes() > 0
            assert busy_timeout_ms(store) == 5000
            assert writer.append(plain(1))[0].index == 120
        assert writer.recoveries == []
        store.backend._wal_limit = 0
        assert writer.append(plain(1))[0].index == 121
        assert store.backend.wal_bytes() == 0  # tried again, and moved
        assert verify_ledger(repository, sqlite_world.key).ok


def test_an_erasure_whose_bytes_could_not_be_overwritten_says_so(sqlite_world):
    path = sqlite_world.workspace.root / "main.db"
    with sqlite_world.open() as store:
        sqlite_world.writer(store).append(big(100))
    with sqlite_world.open() as store:
        repository, vault = store.repository(FIRM), store.tables.vault
        with store.backend.read() as connection:
            sealed = bytes(connection.execute(vault.select().where(vault.c.idx == 99)).one().sealed)
        with files_no_longer_than(path.stat().st_size // 2), pytest.raises(StoreError) as caught:
            erase(repository, 99, reason="asked", at=sqlite_world.clock())
        assert caught.value.code == "store.shred"
        assert caught.value.fix
        assert busy_timeout_ms(store) == 5000
        sqlite_world.writer(store).append(plain(1))
        files = [found.read_bytes() for found in path.parent.glob("main.db*")]
        assert all(sealed[:24] not in data for data in files)


def test_a_full_server_is_refused_and_readable(tmp_path, postgres_url):
    """The server says disk_full (53100), as PostgreSQL does for ENOSPC; here a trigger says it from some size on."""
    world = World(tmp_path, fresh_schema(postgres_url))
    with world.open() as store:
        writer = world.writer(store)
        writer.append(plain(3))
        trigger = """
            CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN RAISE EXCEPTION 'No space left on device' USING ERRCODE = '53100'; END $$;
            CREATE TRIGGER full_disk AFTER INSERT ON main_vault FOR EACH ROW WHEN (NEW.idx > 90) EXECUTE FUNCTION full_disk();
        """
        with store.backend.write("x") as connection:
            connection.execute(text(trigger))
        size = check_full(world, store, writer)
        with store.backend.write("x") as connection:
            connection.execute(text("DROP TRIGGER full_disk ON main_vault"))
        assert writer.append(plain(1))[0].index == size


def test_a_busy_store_names_its_holder(world, processes, tmp_path):
    with world.open():
        pass
    ready = tmp_path / "ready"
    holder = processes.Process(target=hold_the_lock, args=(world, str(ready)))
    holder.start()
    try:
        while not ready.exists() or not ready.read_text():
            time.sleep(0.02)
        with world.open(wait_s=0.3) as store:
            with pytest.raises(StoreBusyError) as caught:
                world.writer(store).append(plain(1))
            assert f"process {holder.pid}" in caught.value.found
            assert store.repository(FIRM).size() == 0  # readers do not wait
    finally:
        holder.kill()
        holder.join()
    with world.open() as store:
        assert world.writer(store).append(plain(1))[0].index == 0


def test_another_programs_transaction_is_told_from_our_own(sqlite_world, monkeypatch):
    monkeypatch.setattr("dualtrack.store.sqlite._BUSY_S", 0.1)
    with sqlite_world.open() as store:
        writer = sqlite_world.writer(store)
        writer.append(plain(1))
        foreign = sqlite3.connect(sqlite_world.workspace.root / "main.db", isolation_level=None)
        foreign.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreBusyError) as caught:
            writer.append(plain(1))
        assert "another program" in caught.value.found
        foreign.execute("ROLLBACK")
        foreign.close()
        assert writer.append(plain(1))[0].index == 1


def test_a_file_that_is_no_database_is_corrupt(sqlite_world):
    (sqlite_world.workspace.root / "main.db").write_bytes(b"x" * 5000)
    (sqlite_world.workspace.root / "main.db").chmod(0o600)
    with pytest.raises(StoreCorruptError):
        sqlite_world.open()


def test_a_database_open_to_others_is_refused(sqlite_world):
    with sqlite_world.open():
        pass
    (sqlite_world.workspace.root / "main.db").chmod(0o640)
    with pytest.raises(PathError):
        sqlite_world.open()


def test_a_lost_vault_key_is_a_clear_error(sqlite_world):
    (sqlite_world.workspace.key_folder / "vault-main.key").unlink()
    with pytest.raises(KeyFileError):
        sqlite_world.open()
