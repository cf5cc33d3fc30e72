"""Attacks run past the gate: behind the locks of the database, and of the kernel, none reaches a file or the network."""

import json
import socket
import subprocess
import sys
from hashlib import sha256

import duckdb
import pytest
from test_apps_research_tables_hostile import FORMS, MADE, READS, filled

from dualtrack.apps.research.tables import query_child

SECRET = "canary-7f3a"
WORKER = """
import importlib.util, json, sys, threading
import duckdb
spec = importlib.util.spec_from_file_location("query_child", sys.argv[1])
child = importlib.util.module_from_spec(spec)
spec.loader.exec_module(child)
attacks = json.load(sys.stdin)
locked = {**child.SETTINGS, "memory_limit": "64MB"} if sys.argv[3] != "none" else {}
connection = duckdb.connect(sys.argv[2], read_only=True, config=locked)
if sys.argv[3] == "kernel":
    child._shut_in()
said = []
for attack in attacks:
    timer = threading.Timer(0.04, connection.interrupt)
    timer.start()
    try:
        said.append(["ran", repr(connection.execute(attack).fetchmany(5))])
    except BaseException as error:
        said.append(["refused", f"{type(error).__name__}: {error}"])
    timer.cancel()
    timer.join()
sys.stdout.write(json.dumps(said))
sys.stdout.flush()
import os
os._exit(0)
"""


def attacked(tmp_path, locks, forms):
    """Run attacks one after another with the gate left out; return each with what came of it."""
    secret, place = tmp_path / "canaries" / "secret.csv", tmp_path / "private"
    secret.parent.mkdir()
    place.mkdir()
    secret.write_text(f"a,b\n{SECRET},2\n")
    database = place / "desk.duckdb"
    with duckdb.connect(str(database)) as connection:
        connection.execute("CREATE TABLE sales AS SELECT 'K' AS region, CAST(1 AS DECIMAL(10, 2)) AS rev")
        connection.execute("CREATE TABLE people AS SELECT 'K' AS region, 30 AS age")
    before = sha256(database.read_bytes()).hexdigest()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.05)
        attacks = [filled(form, secret, secret.parent, listener.getsockname()[1]) for form in forms]
        done = subprocess.run(
            [sys.executable, "-P", "-c", WORKER, query_child.__file__, str(database), locks],
            input=json.dumps(attacks).encode(), capture_output=True, check=False, timeout=120, cwd=place,
            env={"SECRET": SECRET, "HOME": str(place)},
        )  # fmt: skip
        assert done.returncode == 0, done.stderr.decode()[-500:]
        with pytest.raises(TimeoutError):
            listener.accept()
    assert sha256(database.read_bytes()).hexdigest() == before
    assert [each.name for each in secret.parent.iterdir()] == ["secret.csv"]
    assert {each.name for each in place.iterdir()} <= {"desk.duckdb", ".duckdb"}
    assert not [each for each in (place / ".duckdb").rglob("*") if each.is_file()]
    return [(attack, *each) for attack, each in zip(attacks, json.loads(done.stdout), strict=True)]


@pytest.mark.parametrize("locks", ["duckdb", "kernel"])
def test_past_the_gate_no_file_and_no_network_is_reached(tmp_path, locks):
    """DuckDB's locks alone, and then with the kernel's as the process of a query has them."""
    said = attacked(tmp_path, locks, [*FORMS, *(MADE if locks == "duckdb" else ())])
    assert [(attack, words) for attack, _, words in said if SECRET in words] == []
    ran = {attack for attack, how, _ in said if how == "ran"}
    assert (
        "SELECT * FROM duckdb_settings()" in ran
    )  # locks alone show the settings: that is what the gate is for besides


def test_without_the_locks_the_same_attacks_do_reach_the_file(tmp_path):
    """So that the test above can fail: the forms are good ones."""
    said = attacked(tmp_path, "none", READS.strip().splitlines())
    assert sum(SECRET in words for _, _, words in said) >= 20
