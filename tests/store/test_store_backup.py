import sqlite3
import stat
from contextlib import closing

import pytest
from sqlalchemy import select, update
from store_world import FIRM, World, plain, story

from dualtrack.errors import PathError, StoreCorruptError, StoreError
from dualtrack.store.backup import backup, read_backup_note, restore
from dualtrack.store.packs import PackShelf
from dualtrack.store.projections import PROJECTIONS, Projections
from dualtrack.store.vault import VaultKey

AT = "2026-11-22T09:00:00Z"


def fill(world, store):
    writer = world.writer(store)
    writer.append(story(world.log))
    writer.append(plain(700))
    return store.repository(FIRM)


def heir(world, folder, url="sqlite:///main.db") -> World:
    """Another workspace with the same keys, as after a fire: the keys were kept apart from the backup."""
    other = World(folder, url, name="heir")
    other.log = world.log
    other.workspace.save(other.workspace.config.with_institution(world.workspace.config.institutions[0]))
    for name in ("vault-main.key",):
        (other.workspace.key_folder / name).write_bytes((world.workspace.key_folder / name).read_bytes())
    return other


def test_a_backup_restores_to_the_same_log(world, tmp_path, database):
    target = tmp_path / "backup.db"
    with world.open() as store:
        repository = fill(world, store)
        reports = backup(store, target, made_at=AT)
        assert [report.size for report in reports] == [709]
        world.writer(store).append(plain(5))  # later entries are not in it
        root, entries = repository.root(709), repository.entries(end=709)
        state = {name: Projections(repository).rows(name) for name in PROJECTIONS}
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert read_backup_note(target).made_at == AT
    other = heir(world, tmp_path)
    with other.open() as store:
        assert [report.ok for report in restore(store, target)] == [True]
        again = store.repository(FIRM)
        assert (again.size(), again.root(709)) == (709, root)
        assert again.entries() == entries
        assert {name: Projections(again).rows(name) for name in PROJECTIONS} == state
        assert other.writer(store).append(plain(1))[0].index == 709
    assert sorted(path.name for path in tmp_path.iterdir()) == ["backup.db", "heir", "work"]


def test_a_backup_of_sqlite_restores_to_postgresql_too(sqlite_world, tmp_path, postgres_url):
    from postgres_cluster import fresh_schema

    with sqlite_world.open() as store:
        root = fill(sqlite_world, store).root(709)
        backup(store, tmp_path / "backup.db", made_at=AT)
    with heir(sqlite_world, tmp_path, fresh_schema(postgres_url)).open() as store:
        restore(store, tmp_path / "backup.db")
        assert store.repository(FIRM).root(709) == root


def test_nothing_is_overwritten(world, tmp_path):
    target = tmp_path / "backup.db"
    with world.open() as store:
        fill(world, store)
        backup(store, target, made_at=AT)
        before = target.read_bytes()
        with pytest.raises(PathError):
            backup(store, target, made_at=AT)
        assert target.read_bytes() == before
        with pytest.raises(StoreError) as caught:
            restore(store, target)
        assert caught.value.code == "store.not-empty"
        assert store.repository(FIRM).size() == 709


def test_a_store_that_holds_rows_is_given_no_rule_pack(sqlite_world, tmp_path):
    target = tmp_path / "backup.db"
    with sqlite_world.open() as store:
        fill(sqlite_world, store)
        shelf = PackShelf(sqlite_world.workspace)
        digest = shelf.keep(b"a pack")
        backup(store, target, made_at=AT)
        shelf.drop(digest)
        with pytest.raises(StoreError) as caught:
            restore(store, target)
        assert caught.value.code == "store.not-empty"
        assert not shelf.holds(digest)


def test_a_backup_that_does_not_say_of_what_is_refused(sqlite_world, tmp_path):
    target = tmp_path / "backup.db"
    with sqlite_world.open() as store:
        backup(store, target, made_at=AT)
        with closing(sqlite3.connect(target)) as connection, connection:
            connection.execute("DELETE FROM dualtrack_backup")
        with pytest.raises(StoreError) as caught:
            restore(store, target)
    assert caught.value.code == "store.backup"


def test_a_store_that_does_not_hold_gives_no_backup(world, tmp_path):
    with world.open() as store:
        fill(world, store)
        entry = store.tables.entry
        with store.backend.write("x") as connection:
            connection.execute(update(entry).where(entry.c.idx == 300).values(kind="other/1"))
        with pytest.raises(StoreCorruptError) as caught:
            backup(store, tmp_path / "backup.db", made_at=AT)
        assert "entry 300, kind" in caught.value.found
    assert sorted(path.name for path in tmp_path.iterdir()) == ["work"]


def test_a_damaged_backup_is_refused_and_nothing_is_written(sqlite_world, tmp_path):
    target = tmp_path / "backup.db"
    with sqlite_world.open() as store:
        fill(sqlite_world, store)
        with store.backend.read() as connection:
            sealed = bytes(connection.execute(select(store.tables.vault.c.sealed).limit(1)).scalar())
        backup(store, target, made_at=AT)
    data = target.read_bytes()
    at = data.index(sealed) + 20
    target.write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
    with heir(sqlite_world, tmp_path).open() as store:
        with pytest.raises(StoreCorruptError) as caught:
            restore(store, target)
        assert "vault 0, sealed" in caught.value.found
        assert store.repository(FIRM).size() == 0


def test_a_backup_under_another_vault_key_is_refused(sqlite_world, tmp_path):
    target = tmp_path / "backup.db"
    with sqlite_world.open() as store:
        fill(sqlite_world, store)
        backup(store, target, made_at=AT)
    other = heir(sqlite_world, tmp_path)
    path = other.workspace.key_folder / "vault-main.key"
    path.unlink()
    VaultKey.generate().save(path)
    with other.open() as store:
        with pytest.raises(StoreCorruptError) as caught:
            restore(store, target)
        assert "vault key" in str(caught.value)


def test_a_file_that_is_no_backup_is_refused(sqlite_world, tmp_path):
    path = tmp_path / "x"
    path.write_bytes(b"nothing of the kind")
    path.chmod(0o600)
    with sqlite_world.open() as store:
        with pytest.raises(StoreError) as caught:
            restore(store, path)
        assert caught.value.code == "store.backup"
        path.chmod(0o644)
        with pytest.raises(PathError):
            restore(store, path)
        backup(store, tmp_path / "main.db", made_at=AT)
    with sqlite_world.open("restricted") as store, pytest.raises(StoreError) as caught:
        restore(store, tmp_path / "main.db")
    assert "restricted" in caught.value.expected
