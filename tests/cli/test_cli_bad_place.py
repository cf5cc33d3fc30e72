"""Places, keys and workspaces that are wrong: nothing half-made, nothing open to others, nothing of a demo, no secret shown."""

import errno
import os
import shutil
import subprocess
import sys

import pytest
from cli_world import BANK, USE, found_bank, good, picture, refused, run, said

from dualtrack.cli import verdicts
from dualtrack.cli.desk import sitting
from dualtrack.domain.institution import KeyGrant
from dualtrack.domain.vocabulary import Role
from dualtrack.errors import SignatureError, StoreFullError
from dualtrack.keys.b64 import b64_encode
from dualtrack.keys.signer import FileSigner
from dualtrack.store.register import Register


def test_no_workspace_is_said_with_the_way_to_one(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DUALTRACK_WORKSPACE", raising=False)
    for arguments in (["doctor"], ["key", "list"], ["assess", USE]):
        done = run(*arguments)
        assert done.code == 2
        said(done.err, str(tmp_path), "dualtrack init", "--workspace")
    said(run("doctor", "--workspace", tmp_path).err, "no dualtrack.toml", "dualtrack init")
    assert list(tmp_path.iterdir()) == []


def test_a_link_out_of_the_workspace_is_refused(bank, tmp_path):
    outside = tmp_path / "outside.pem"
    (bank / "keys" / BANK / "developer.pem").rename(outside)
    (bank / "keys" / BANK / "developer.pem").symlink_to(outside)
    said(refused(bank, "release", USE, "--code", __file__, "--workspace", bank), "leads outside")


@pytest.mark.parametrize(
    "database",
    ["sqlite:////tmp/x.db", "sqlite:///../x.db", "sqlite://", "mysql://h/x", "nonsense", "sqlite:///:memory:"],
)
def test_a_database_elsewhere_is_refused_and_leaves_no_folder(tmp_path, database):
    done = run("init", "b", "--type", "bank", "--name", "B", "--folder", tmp_path / "ws", "--database", database)
    assert done.code == 2
    assert list(tmp_path.iterdir()) == []
    assert "to fix" in done.err or "expected" in done.err


def test_a_database_that_does_not_answer_leaves_no_folder_and_no_password(tmp_path):
    address = "postgresql://someone:hunter2@127.0.0.1:9/none"
    done = run("init", "b", "--type", "bank", "--name", "B", "--folder", tmp_path / "ws", "--database", address)
    assert done.code == 2
    assert "hunter2" not in done.out + done.err
    assert list(tmp_path.iterdir()) == []


def test_founding_is_all_or_nothing(bank, monkeypatch):
    """When the entry cannot be written, neither keys nor settings of the new institution stay."""

    def full(*_):
        raise StoreFullError("no room", fix="free some space")

    monkeypatch.setattr(Register, "_append", full)
    before = picture(bank)
    assert run("init", "second", "--type", "bank", "--name", "S", "--folder", bank).code == 2
    assert run("key", "new", "late", "--role", "owner", "--workspace", bank).code == 2
    assert picture(bank) == before
    assert not (bank / "keys" / "second").exists()
    monkeypatch.undo()
    good("init", "second", "--type", "bank", "--name", "S", "--folder", bank)
    good("key", "new", "late", "--role", "owner", "--workspace", bank, "--institution", BANK)


def test_an_institution_or_folder_that_exists_is_kept(bank, tmp_path):
    said(refused(bank, "init", BANK, "--type", "bank", "--name", "S", "--folder", bank), "exists already")
    said(
        refused(bank, "init", "x", "--type", "bank", "--name", "S", "--folder", bank, "--database", "sqlite:///x.db"),
        "--database",
    )
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "letter.txt").write_text("dear")
    said(refused(bank, "init", "x", "--type", "bank", "--name", "S", "--folder", mine), "exists")
    assert (mine / "letter.txt").read_text() == "dear"


def test_keys_under_a_passphrase(tmp_path, monkeypatch):
    monkeypatch.setenv("DUALTRACK_PASSPHRASE", "short")
    folder = tmp_path / "ws"
    make = ["init", "b", "--type", "bank", "--name", "B", "--folder", folder]
    done = run(*make)
    assert done.code == 2
    said(done.err, "passphrase is too short")
    assert not folder.exists()
    monkeypatch.setenv("DUALTRACK_PASSPHRASE", "correct horse battery")
    good(*make)
    good("key", "new", "first-line", "--role", "owner", "--workspace", folder)
    for wrong, words in (("wrong horse battery", "no private key could be read"), ("", "encrypted")):
        monkeypatch.setenv("DUALTRACK_PASSPHRASE", wrong)
        done = run("key", "new", "second-line", "--role", "owner", "--workspace", folder)
        assert done.code == 2
        said(done.err, words, "passphrase")
        assert "horse" not in done.err
    assert sorted(path.name for path in (folder / "keys" / "b").iterdir()) == ["first-line.pem", "log.pem", "root.pem"]


def test_a_missing_root_key_is_named(bank):
    (bank / "keys" / BANK / "root.pem").rename(bank.parent / "root.pem")
    said(refused(bank, "key", "new", "late", "--role", "owner", "--workspace", bank), "no key of 'root'")


def test_a_key_or_workspace_open_to_others_is_refused(bank):
    (bank / "keys" / BANK / "developer.pem").chmod(0o640)
    said(refused(bank, "release", USE, "--code", __file__, "--workspace", bank), "chmod 600")
    bank.chmod(0o755)
    done = run("doctor", "--workspace", bank)
    assert done.code == 2
    said(done.err, "chmod 700")


def test_demo_declarations_and_keys_do_not_enter_a_real_workspace(bank, tmp_path):
    """A key made in a demo is refused as a grant, whatever the grant says of itself; see also the permit's tests."""

    signer = FileSigner.generate("demo")
    grant = KeyGrant(
        keyid=signer.key_id,
        public_key=b64_encode(signer.public_key),
        holder="demo",
        name="demo",
        person=True,
        roles=[Role.OWNER],
        demo=True,
    )
    with sitting(bank, BANK) as desk, pytest.raises(SignatureError, match="made in a demo"):
        desk.register.grant(grant, desk.signer("root"))


def test_an_unreadable_log_of_another_firm_is_not_written_with_this_key(tmp_path):
    """The log key that the workspace lists is the only one that writes."""
    folder = found_bank(tmp_path / "ws", "one-bank")
    log = folder / "keys" / "one-bank" / "log.pem"
    log.unlink()
    shutil.copy2(folder / "keys" / "one-bank" / "developer.pem", log)
    done = run("key", "list", "--workspace", folder)
    assert done.code == 2
    said(done.err, "not this ledger's log key")


def test_a_workspace_that_cannot_be_written_says_so(bank, monkeypatch):
    """A file system mounted read-only, as every write to it sees it."""
    really = os.open

    def read_only(path, flags, *rest, **options):
        if flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT) and str(path).startswith(str(bank)):
            raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(path))
        return really(path, flags, *rest, **options)

    monkeypatch.setattr(os, "open", read_only)
    for arguments in (["key", "new", "x", "--role", "owner"], ["assess", USE], ["rules", "adopt", "sfc-24ec55"]):
        done = run(*arguments, "--workspace", bank)
        assert done.code == 2
        said(done.err, "Read-only file system", str(bank))


def test_two_workspaces_do_not_mix(bank, tmp_path):
    """A declaration of one firm does not enter another's workspace."""
    other = found_bank(tmp_path / "other", "other-bank")
    text = good("template", "show", "risk-bank", "--institution", BANK).out
    path = tmp_path / "use.yaml"
    path.write_text(text, encoding="utf-8")
    done = run("declare", path, "--workspace", other)
    assert done.code == 2
    said(done.err, BANK, "other-bank")


def test_an_unexpected_fault_shows_no_secret(bank, monkeypatch):
    """What is no error of ours passes through with its traceback; that must hold neither passphrase nor key."""
    monkeypatch.setenv("DUALTRACK_PASSPHRASE", "correct horse battery")
    secret = (bank / "keys" / BANK / "root.pem").read_text().splitlines()[1]
    code = (
        "import dualtrack.cli.desk as desk, sys\n"
        "def broken(*_, **options): raise RuntimeError('out of the blue')\n"
        "desk.load_key = broken\n"
        "from dualtrack.cli import main; main()"
    )
    command = [sys.executable, "-c", code, "key", "list", "--workspace", str(bank)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "out of the blue" in done.stderr
    assert secret not in done.stderr
    assert "correct horse" not in done.stderr


def test_ctrl_c_ends_in_words(ws, monkeypatch):
    def stopped(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(verdicts, "record_verdict", stopped)
    done = run("assess", USE, "--workspace", ws)
    assert done.code == 130
    assert "stopped" in done.err
    assert "Traceback" not in done.err
