"""`ledger` and `witness` by commands: proofs that hold by RFC 6962, requests and lines that go round, and their refusals."""

from __future__ import annotations

import shlex
import sqlite3

import pytest
from cli_world import BANK, USE, good, run

from dualtrack.ledger.checkpoint import Checkpoint
from dualtrack.ledger.merkle import leaf_hash, verify_consistency, verify_inclusion
from dualtrack.ledger.note import parse_note

pytestmark = pytest.mark.usefixtures("offline")

HUGE = 99_999_999_999_999_999_999_999


@pytest.fixture
def witness(tmp_path):
    return tmp_path / "witness", good(
        "witness", "init", "example.org/w", "--folder", tmp_path / "witness", "--json"
    ).json


def log_key(bank) -> str:
    return good("ledger", "witness", "--workspace", bank, "--json").json["log"]


def request(bank, path, old=0):
    good("ledger", "request", "--old", old, "-o", path, "--force", "--workspace", bank)
    return path


def test_an_inclusion_proof_holds_under_the_signed_head(bank):
    found = good("ledger", "proof", 3, "--workspace", bank, "--json").json
    head = Checkpoint.parse(parse_note(found["checkpoint"].encode()).text)
    assert head.root.hex() == found["root"]
    leaf = found["leaf"].encode()
    assert leaf_hash(leaf).hex() == found["leaf_hash"]
    proof = [bytes.fromhex(item) for item in found["proof"]]
    verify_inclusion(3, head.size, leaf_hash(leaf), proof, head.root)


def test_a_consistency_proof_holds(bank):
    found = good("ledger", "proof", "--consistency", 5, "--workspace", bank, "--json").json
    proof = [bytes.fromhex(item) for item in found["proof"]]
    verify_consistency(5, found["size"], bytes.fromhex(found["old_root"]), bytes.fromhex(found["root"]), proof)
    shown = good("ledger", "proof", "--consistency", 5, "--workspace", bank).out
    assert f"proof: {len(proof)} hashes" in shown


@pytest.mark.parametrize(
    "arguments", [(), (3, "--consistency", 2), (99_999,), ("--consistency", 99_999), (HUGE,), ("--consistency", HUGE)]
)
def test_proofs_that_cannot_be_are_refused(bank, arguments):
    assert run("ledger", "proof", *arguments, "--workspace", bank).code == 2


@pytest.mark.parametrize("index", [HUGE, 2**63, 2**53])
@pytest.mark.parametrize("command", [("show", "--from"), ("proof",), ("proof", "--consistency"), ("request", "--old")])
def test_an_index_beyond_any_ledger_is_refused_by_name(bank, command, index):
    done = run("ledger", *command, index, "--workspace", bank)
    assert done.code == 2
    assert f"{index} is not in the range" in done.err


def test_the_largest_index_is_only_not_there(bank):
    assert good("ledger", "show", "--from", 2**53 - 1, "--workspace", bank, "--json").json["entries"] == []
    assert "not in a tree" in run("ledger", "proof", 2**53 - 1, "--workspace", bank).err


def test_entries_are_listed_by_kind_and_from_an_index(bank):
    everything = good("ledger", "show", "--limit", 500, "--workspace", bank, "--json").json
    assert [row["index"] for row in everything["entries"]] == list(range(everything["size"]))
    [declared] = good("ledger", "show", "--kind", "declaration/1", "--workspace", bank, "--json").json["entries"]
    assert declared["id"] == USE
    some = good("ledger", "show", "--from", 4, "--limit", 2, "--workspace", bank)
    assert "more: dualtrack ledger show --from 6" in some.out


def test_the_next_page_is_asked_for_as_the_first_was(bank):
    """The command printed is run as printed, until nothing more is said."""
    asked = ("ledger", "show", "--kind", "pack-adoption/1", "--kind", "key-grant/1", "--limit", 4)
    everything = good(*asked[:-2], "--workspace", bank, "--json").json["entries"]
    command, seen, pages = [*asked, "--institution", BANK, "--workspace", bank], [], 0
    while command:
        seen += good(*command, "--json").json["entries"]
        said = [line for line in good(*command).out.splitlines() if line.startswith("more: dualtrack ")]
        command, pages = [word for line in said for word in shlex.split(line)[2:]], pages + 1
    assert seen == everything
    assert pages == -(-len(everything) // 4) > 2
    assert "more:" not in good("ledger", "show", "--limit", pages, "--workspace", bank, "--kind", "no/1").out


def test_a_last_page_that_is_full_says_no_more(bank):
    size = good("ledger", "show", "--workspace", bank, "--json").json["size"]
    assert "more:" not in good("ledger", "show", "--limit", size, "--workspace", bank).out
    assert (
        f"--from {size - 1} --limit {size - 1}" in good("ledger", "show", "--limit", size - 1, "--workspace", bank).out
    )


def test_a_changed_byte_is_found_and_ends_with_one(bank):
    assert good("ledger", "verify", "--workspace", bank).out.count(": sound:") == 1
    with sqlite3.connect(bank / "main.db") as database:
        database.execute("UPDATE main_entry SET recorded_at = '2020-01-01T00:00:00Z' WHERE idx = 2")
    database.close()
    done = run("ledger", "verify", "--workspace", bank)
    assert done.code == 1
    assert "NOT SOUND" in done.out
    found = run("ledger", "verify", "--workspace", bank, "--json").json
    assert found["ok"] is False
    assert "2" in {finding["row"] for finding in found["ledgers"][0]["findings"]}


def test_a_head_is_cosigned_extended_and_taken_in(bank, witness, tmp_path):
    folder, made = witness
    first = request(bank, tmp_path / "first.txt")
    stranger = run("witness", "add", first, "--folder", folder)
    assert stranger.code == 2
    good("witness", "trust", log_key(bank), "--folder", folder)
    line = tmp_path / "line.txt"
    nowhere = run("witness", "add", first, "--folder", folder, "-o", tmp_path / "absent" / "line.txt")
    assert nowhere.code == 2
    assert good("witness", "show", "--folder", folder, "--json").json["logs"][0]["size"] is None
    good("witness", "add", first, "--folder", folder, "-o", line)
    size = good("witness", "show", "--folder", folder, "--json").json["logs"][0]["size"]
    good("ledger", "witness", "--add", made["key"], "--workspace", bank)
    assert good("ledger", "cosign", line, "--workspace", bank, "--json").json[0]["new"] is True
    good("assess", USE, "--workspace", bank)
    good("witness", "add", request(bank, tmp_path / "second.txt", size), "--folder", folder)
    forgot = run("witness", "add", first, "--folder", folder)
    assert forgot.code == 2  # the witness does not go back


def test_a_request_beyond_the_log_is_refused(bank):
    assert run("ledger", "request", "--old", 99_999, "--workspace", bank).code == 2


def test_the_list_of_witnesses_is_kept_straight(bank, witness):
    _, made = witness
    own = run("ledger", "witness", "--add", log_key(bank), "--workspace", bank)
    assert own.code == 2
    assert "no witness's key" in own.err
    listed = good("ledger", "witness", "--add", made["key"], "--quorum", 1, "--workspace", bank, "--json").json
    assert (listed["witnesses"], listed["quorum"]) == ([made["key"]], 1)
    assert run("ledger", "witness", "--quorum", 2, "--workspace", bank).code == 2
    assert run("ledger", "witness", "--remove", "nobody", "--workspace", bank).code == 2
    gone = good("ledger", "witness", "--remove", "example.org/w", "--workspace", bank, "--json").json
    assert (gone["witnesses"], gone["quorum"]) == ([], 0)


def test_what_is_no_line_is_refused(bank, tmp_path):
    (tmp_path / "noise.txt").write_bytes(b"\x00\xff not a line")
    done = run("ledger", "cosign", tmp_path / "noise.txt", "--workspace", bank)
    assert done.code == 2
    assert "Traceback" not in done.err
