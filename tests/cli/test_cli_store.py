"""What commands make of a store that broke off: nothing is undone that may stand, and what a crash left is said."""

import signal
import subprocess
import sys

import pytest
from cli_world import BANK, USE, entries, good, run, said

from dualtrack.cli.desk import sitting
from dualtrack.errors import StoreError
from dualtrack.store.faults import STORE_LOST
from dualtrack.store.repository import Repository
from dualtrack.store.writer import Writer

_LOST = StoreError("the database server went away", code=STORE_LOST)


@pytest.mark.parametrize("kept", [True, False])
@pytest.mark.parametrize("error", [_LOST, KeyboardInterrupt()], ids=["lost", "interrupted"])
def test_a_key_is_taken_away_only_if_its_grant_is_known_not_to_stand(bank, monkeypatch, error, kept):
    append, size = Writer.append, entries(bank)

    def broken(self, items):
        if kept:
            append(self, items)
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(Writer, "append", broken)
        assert run("key", "new", "late", "--role", "owner", "--workspace", bank).code in {2, 130}
    assert entries(bank) == size + kept
    assert (bank / "keys" / BANK / "late.pem").exists() is kept
    holders = [grant["holder"] for grant in good("key", "list", "--workspace", bank, "--json").json]
    assert ("late" in holders) is kept


_DIES = """
import os, signal
from dualtrack.store.writer import Writer
from dualtrack.cli import main
write = Writer._write
def write_and_die(self, connection, batch):
    connection.exec_driver_sql("PRAGMA cache_size=5")
    write(self, connection, batch)
    COMMIT
    os.kill(os.getpid(), signal.SIGKILL)
Writer._write = write_and_die
main()
"""


@pytest.mark.parametrize(
    ("commit", "words"), [("", "was rolled back"), ("connection.commit()", "is in the ledger, though nobody was told")]
)
def test_what_became_of_an_append_that_was_cut_off_is_said_once(bank, commit, words):
    size = entries(bank)
    command = [sys.executable, "-c", _DIES.replace("COMMIT", commit), "assess", USE, "--workspace", str(bank)]
    assert subprocess.run(command, check=False).returncode == -signal.SIGKILL
    done = good("key", "list", "--workspace", bank, "--json")
    said(done.err, f"note: dualtrack.local/{BANK}/main: the unfinished append of entries {size} to", words)
    assert done.json  # on standard error, so that what a program reads stays what it was
    assert ("without their commit" in done.err) is (not commit)
    assert "unfinished" not in good("assess", USE, "--workspace", bank).err
    assert good("key", "list", "--workspace", bank).err == ""


def test_what_became_of_an_append_of_the_same_sitting_is_said(bank, capsys):
    """An append without an answer, and after it another one, which settles what became of the first."""
    with sitting(bank, BANK) as desk:
        writer = desk.register._writer
        writer._intent.declare(writer.ledger, entries(bank), 1, b"a head that is not there")
        desk.register.append_plain([("decision/1", BANK, b"{}")])
    said(capsys.readouterr().err, "by this writer was rolled back")


def refusal(*arguments):
    """Run a command that must end in words; returns them."""
    done = run(*arguments)
    assert done.code == 2, done.out
    assert done.err.startswith("error: ")
    return done.err


def test_anchors_without_a_log_key_are_not_made(bank):
    config = bank / "dualtrack.toml"
    config.write_text(config.read_text().partition("[institutions.logs]")[0])
    said(refusal("key", "anchors", "--workspace", bank), BANK, "institutions.logs")


def test_a_database_address_with_a_port_that_is_none_shows_no_password(tmp_path):
    make = ["init", "b", "--type", "bank", "--name", "B", "--folder", tmp_path / "new"]
    words = refusal(*make, "--database", "postgresql://me:geheim@h:abc/x")
    said(words, "address cannot be read", "postgresql://USER@HOST/NAME")
    assert "geheim" not in words
    assert not (tmp_path / "new").exists()


def test_a_name_that_is_too_long_for_the_disk_is_said_to_be(ws, tmp_path):
    long = tmp_path / ("x" * 300)
    make = ["init", "b", "--type", "bank", "--name", "B", "--folder"]
    for arguments in (
        ["backup", long, "--workspace", ws],
        ["key", "list", "--workspace", long],
        [*make, long],
        [*make, long / "below"],
    ):
        said(refusal(*arguments), "File name too long")
    assert list(tmp_path.iterdir()) == []


def test_settings_that_are_nested_without_end_are_refused(bank):
    (bank / "dualtrack.toml").write_text("a = " + "[" * 5000)
    said(refusal("key", "list", "--workspace", bank), "nested too deeply", "dualtrack.toml")


@pytest.mark.parametrize("kept", [True, False])
def test_a_founding_that_was_interrupted_keeps_its_keys_only_if_it_stands(tmp_path, monkeypatch, kept):
    append, folder = Writer.append, tmp_path / "new"

    def broken(self, items):
        if kept:
            append(self, items)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Writer, "append", broken)
        assert run("init", "b", "--type", "bank", "--name", "B", "--folder", folder).code == 130
    assert folder.exists() is kept
    if kept:
        good("key", "new", "first-line", "--role", "owner", "--workspace", folder)


def test_all_is_every_use_in_the_order_of_names_and_asks_for_no_more(bank, monkeypatch, tmp_path):
    declaration = good("template", "show", "risk-bank", "--institution", BANK).out
    for name in ("zebra", "aardvark"):
        path = tmp_path / f"{name}.yaml"
        path.write_text(declaration.replace(USE, f"{BANK}/{name}"), encoding="utf-8")
        good("declare", path, "--workspace", bank)
    monkeypatch.setattr(Repository, "portfolio_entries", None)
    every = Repository.every

    def about_one(self, *, ids, **options):  # of the whole ledger nothing is opened
        return every(self, ids=ids, **options)

    monkeypatch.setattr(Repository, "every", about_one)
    verdicts = good("assess", "--all", "--workspace", bank, "--json").json
    uses = [f"{BANK}/aardvark", USE, f"{BANK}/zebra"]
    assert [item["assessment"]["use"] for item in verdicts] == uses
    bundles = good("prove", "--all", "-o", tmp_path / "all", "--workspace", bank, "--json").json["bundles"]
    assert [path.rpartition("/")[2] for path in bundles] == [f"{use.replace('/', '.')}.zip" for use in uses]
