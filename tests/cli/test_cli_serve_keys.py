"""Keys of a served workspace: made by `init` for every machine, and log keys with a passphrase."""

from __future__ import annotations

import stat

import httpx
import pytest
from cli_world import good, run
from test_cli_serve import serving

from dualtrack.runtime.subjects import Subjects
from dualtrack.store.workspace import Workspace

PASSPHRASE = "correct horse battery"
SHARED = ("subjects.key", "web.secret")


def bank(folder):
    good("init", "my-bank", "--type", "bank", "--name", "My Bank", "--folder", folder)
    return folder


def test_init_makes_the_keys_that_every_machine_shares(tmp_path):
    keys = bank(tmp_path / "ws") / "keys"
    before = {name: (keys / name).read_bytes() for name in SHARED}
    assert all(stat.S_IMODE((keys / name).stat().st_mode) == 0o600 for name in SHARED)
    good("init", "second-bank", "--type", "bank", "--name", "Second", "--folder", tmp_path / "ws")
    assert {name: (keys / name).read_bytes() for name in SHARED} == before


def test_a_workspace_of_before_gets_them(tmp_path):
    folder = bank(tmp_path / "ws")
    for name in SHARED:
        (folder / "keys" / name).unlink()
    good("init", "second-bank", "--type", "bank", "--name", "Second", "--folder", folder)
    assert all((folder / "keys" / name).is_file() for name in SHARED)
    (folder / "keys" / "subjects.key").unlink()
    made = Subjects(Workspace.open(folder)).pseudonym("my-bank", "ann")
    assert Subjects(Workspace.open(folder)).pseudonym("my-bank", "ann") == made


@pytest.mark.slow
@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_log_key_with_a_passphrase_serves(tmp_path, monkeypatch, workers):
    monkeypatch.setenv("DUALTRACK_PASSPHRASE", PASSPHRASE)
    folder = bank(tmp_path / "ws")
    with serving(folder, "--workers", workers) as (opening, _process):
        assert httpx.get(f"{opening['address']}/readyz").json()["status"] == "ready"
    assert PASSPHRASE not in (tmp_path / "serve.log").read_text()


@pytest.mark.parametrize("given", [None, "another passphrase"])
def test_one_that_does_not_open_is_said_before_serving(tmp_path, monkeypatch, given):
    monkeypatch.setenv("DUALTRACK_PASSPHRASE", PASSPHRASE)
    folder = bank(tmp_path / "ws")
    if given is None:
        monkeypatch.delenv("DUALTRACK_PASSPHRASE")
    else:
        monkeypatch.setenv("DUALTRACK_PASSPHRASE", given)
    done = run("serve", "--workspace", folder, "--port", "0", "--json")
    assert done.code == 2
    assert done.json["type"].startswith("urn:dualtrack:error:key.")
    assert "DUALTRACK_PASSPHRASE" in done.json["fix"]
    assert "log.pem" in done.json["where"]
    assert "another passphrase" not in done.out + done.err


@pytest.mark.slow
def test_a_passphrase_that_is_not_needed_is_no_fault(tmp_path, monkeypatch):
    folder = bank(tmp_path / "ws")
    monkeypatch.setenv("DUALTRACK_PASSPHRASE", PASSPHRASE)
    with serving(folder) as (opening, _process):
        assert httpx.get(f"{opening['address']}/healthz").json() == {"status": "up"}
