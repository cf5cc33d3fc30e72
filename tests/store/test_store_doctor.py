import shutil
from datetime import timedelta
from types import SimpleNamespace

from sqlalchemy import text
from store_world import START, plain

from dualtrack.store import doctor
from dualtrack.store.doctor import examine


def found(world, now=START + timedelta(hours=1)):
    return {check.name: check for check in examine(world.workspace, now)}


def test_a_healthy_workspace_has_no_fault(world):
    assert all(check.status != "fault" for check in examine(world.workspace, START))
    with world.open() as store:
        world.writer(store).append(plain(3))
    checks = found(world)
    assert {name for name, check in checks.items() if check.status != "ok"} <= {"sqlite", "restricted schema"}
    assert checks["main schema"].status == "ok"
    assert all(check.fix for check in checks.values() if check.status != "ok")


def test_an_sqlite_with_the_reset_fault_is_warned_of(sqlite_world, monkeypatch):
    for version, status in (((3, 40, 1), "warning"), ((3, 51, 2), "warning"), ((3, 51, 3), "ok"), ((3, 54, 0), "ok")):
        monkeypatch.setattr(doctor.sqlite3, "sqlite_version_info", version)
        assert found(sqlite_world)["sqlite"].status == status


def test_modes_and_links(sqlite_world):
    root = sqlite_world.workspace.root
    (root / "keys" / "vault-main.key").chmod(0o644)
    (root / "away").symlink_to("/")
    checks = found(sqlite_world)
    assert checks["modes"].status == checks["links"].status == checks["main vault key"].status == "fault"
    assert "vault-main.key" in checks["modes"].found
    assert checks["modes"].fix.startswith("chmod")


def test_the_stores_own_paths_are_looked_at_before_all_others_and_what_was_not_is_said(sqlite_world, monkeypatch):
    root = sqlite_world.workspace.root
    monkeypatch.setattr(doctor, "_PATHS_MAX", 5)
    (root / "bundles").mkdir()
    for number in range(5):
        (root / "bundles" / f"{number}.zip").write_bytes(b"")
    (root / "run" / "main.lock").write_bytes(b"")
    (root / "run" / "main.lock").chmod(0o644)
    checks = found(sqlite_world)
    assert "main.lock" in checks["modes"].found
    assert checks["paths"].status == "warning"
    assert "5 paths" in checks["paths"].found
    (root / "bundles" / "4.zip").unlink()
    assert "paths" not in found(sqlite_world)
    (root / "bundles" / "0.zip").unlink()
    (root / "bundles" / "away").symlink_to("/")
    assert found(sqlite_world)["links"].status == "fault"


def test_a_full_disk_is_seen_coming(sqlite_world, monkeypatch):
    for free, status in ((10 << 30, "ok"), (500 << 20, "warning"), (1 << 20, "fault")):
        monkeypatch.setattr(shutil, "disk_usage", lambda _path, free=free: SimpleNamespace(free=free))
        assert found(sqlite_world)["room"].status == status


def test_a_clock_that_went_back_is_a_fault(world):
    with world.open() as store:
        world.writer(store).append(plain(1))
    assert found(world, START)["main clock, harbour"].status == "ok"
    late = found(world, START - timedelta(days=1))["main clock, harbour"]
    assert late.status == "fault"
    assert "2026-11-22T08:00:00Z" in late.found


def test_a_missing_key_and_a_newer_schema_are_faults(world):
    with world.open() as store, store.backend.write("x") as connection:
        connection.execute(text("UPDATE main_schema SET version_num = 'v9999'"))
    (world.workspace.key_folder / "vault-main.key").unlink()
    checks = found(world)
    assert checks["main vault key"].status == checks["main schema"].status == "fault"


def test_a_server_that_may_lose_commits_is_a_fault(world, database, monkeypatch):
    with world.open():
        pass
    if database.startswith("sqlite"):
        assert "main server" not in found(world)
        return
    assert found(world)["main server"].status == "ok"
    monkeypatch.setattr(doctor, "_SERVER_SETTINGS", {"fsync": "a value that no server has"})
    assert found(world)["main server"].status == "fault"
    assert found(world)["main server"].found == "fsync = on"


def test_a_database_that_cannot_be_opened_is_a_fault(sqlite_world):
    (sqlite_world.workspace.root / "main.db").write_bytes(b"not a database" * 100)
    assert found(sqlite_world)["main database"].status == "fault"


def test_a_long_write_ahead_log_is_warned_of(sqlite_world, monkeypatch):
    with sqlite_world.open() as store:
        sqlite_world.writer(store).append(plain(3))
        monkeypatch.setattr(doctor, "WAL_BYTES_MAX", 1)
        assert found(sqlite_world)["main write-ahead log"].status == "warning"
