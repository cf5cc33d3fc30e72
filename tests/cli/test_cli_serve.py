"""`dualtrack serve` as a process: it says where it is, answers, ends cleanly; and refuses what it must."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from cli_world import run

from dualtrack.cli import serve
from dualtrack.client import Client
from dualtrack.demo.firms import demo_firms, found_firm
from dualtrack.errors import MissingExtraError
from dualtrack.store.store import Store
from dualtrack.store.workspace import Workspace

START_S = 60
FIRM = demo_firms()[0].id


@pytest.fixture
def demo(tmp_path):
    workspace = Workspace.create(tmp_path / "demo", demo=True)
    with Store.open(workspace) as store:
        found_firm(store, demo_firms()[0], lambda: datetime.now(UTC))
    return workspace.root


@contextmanager
def serving(folder, *more):
    """Run the command on a free port; give what it printed and its process."""
    words = [
        sys.executable,
        "-c",
        "from dualtrack.cli import main; main()",
        "serve",
        "--workspace",
        str(folder),
        "--port",
        "0",
        "--json",
        *more,
    ]
    log = (folder.parent / "serve.log").open("wb")
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=log, text=True)
    try:
        said = ""
        while not said.endswith("}\n"):
            line = process.stdout.readline()
            assert line, (folder.parent / "serve.log").read_text()
            said += line
        opening = json.loads(said)
        wait_for(opening["address"])
        yield opening, process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        process.wait(START_S)
        process.stdout.close()
        log.close()


def wait_for(address):
    until_s = time.monotonic() + START_S
    while time.monotonic() < until_s:
        try:
            if httpx.get(f"{address}/readyz").status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise AssertionError("the server did not become ready")


def password_of(opening, role):
    text = Path(opening["accounts"]).read_text()
    return re.search(rf"^  {role} +({FIRM}-{role}) +(\S+)$", text, re.MULTILINE).groups()


@pytest.mark.slow
def test_a_demo_is_served_and_ends_cleanly(demo):
    with serving(demo) as (opening, process):
        assert opening["demo"] is True
        address = opening["address"]
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+", address)
        assert httpx.get(f"{address}/healthz").json() == {"status": "up"}
        assert "Sign in" in httpx.get(f"{address}/sign-in", headers={"accept": "text/html"}).text
        with Client(address) as client:
            client.sign_in(*password_of(opening, "auditor"))
            head = client.head()
            assert client.prove(0).size == head.size > 5
        busy = run("serve", "--workspace", demo, "--port", address.rpartition(":")[2], "--json")
        assert busy.code == 2
        assert busy.json["type"] == "urn:dualtrack:error:input.field.port"
        process.send_signal(signal.SIGTERM)
        assert process.wait(START_S) in {0, -signal.SIGTERM}
    lines = (demo.parent / "serve.log").read_text().splitlines()
    assert len(lines) >= 4
    for line in lines:
        assert json.loads(line)["event"] in {"request", "server"}, line
    assert not list((demo / "run").glob("*.journal"))  # what was to be written was written


@pytest.mark.slow
def test_a_demo_says_three_accounts_that_sign_in_and_land_on_the_portfolio(demo):
    for _ in range(2):  # the second start makes no accounts and says the same
        with serving(demo) as (opening, _):
            said = opening["sign_in"]
            assert said == dict(password_of(opening, role) for role in ("approver", "reviewer", "auditor"))
            for name, password in said.items():
                assert landed(opening["address"], {"name": name, "password": password, "next": ""}) == "/"


def landed(address, fields):
    """Sign in as a person does at the page, and return where the console then leads."""
    with httpx.Client(base_url=address, headers={"accept": "text/html"}) as browser:
        page = browser.get("/sign-in").text
        hidden = dict(re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', page))
        done = browser.post("/sign-in", data={**hidden, **fields}, headers={"origin": address})
        assert done.status_code == 303, done.text
        return done.headers["location"]


@pytest.mark.slow
def test_a_real_workspace_says_no_account_and_makes_no_file(bank):
    with serving(bank) as (opening, _):
        assert opening["demo"] is False
        assert (opening["accounts"], opening["sign_in"], opening["receipts"]) == (None, {}, None)
    assert not list(bank.glob("demo-*"))


def test_the_terminal_names_them_in_three_lines(demo, capsys, monkeypatch):
    monkeypatch.setattr(serve, "_run", lambda *_: None)
    (demo / "demo-receipts.txt").write_text("/r/AAAA-BBBB-CCCC\n")
    done = run("serve", "--workspace", demo, "--port", "0")
    lines = [line for line in done.out.splitlines() if line.startswith("  ") and FIRM in line]
    assert [line.split()[0] for line in lines] == [f"{FIRM}-{role}" for role in ("approver", "reviewer", "auditor")]
    assert [line.split()[1] for line in lines] == [
        password_of({"accounts": demo / "demo-accounts.txt"}, role)[1] for role in ("approver", "reviewer", "auditor")
    ]
    assert "demo-accounts.txt" in done.out
    assert "demo-receipts.txt" in done.out


@pytest.mark.slow
def test_several_processes_share_a_port(demo):
    with serving(demo, "--workers", "2") as (opening, process):
        with Client(opening["address"]) as client:
            client.sign_in(*password_of(opening, "owner"))
            assert [client.head().size for _ in range(8)] == [client.head().size] * 8
        process.send_signal(signal.SIGTERM)
        assert process.wait(START_S) in {0, -signal.SIGTERM}


def test_what_is_no_workspace_is_refused(tmp_path):
    done = run("serve", "--workspace", tmp_path, "--json")
    assert (done.code, done.json["type"]) == (2, "urn:dualtrack:error:not-found.workspace")


def test_passwords_do_not_go_over_a_network_in_the_clear(demo):
    done = run("serve", "--workspace", demo, "--host", "0.0.0.0", "--json")
    assert (done.code, done.json["type"]) == (2, "urn:dualtrack:error:input.field.https")


def test_a_busy_port_is_said_before_anything_is_written(demo):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        done = run("serve", "--workspace", demo, "--port", str(taken.getsockname()[1]), "--json")
    assert (done.code, done.json["type"]) == (2, "urn:dualtrack:error:input.field.port")
    assert not (demo / "demo-accounts.txt").exists()


def test_a_missing_part_is_named(demo, monkeypatch):
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    done = run("serve", "--workspace", demo, "--json")
    assert done.code == 2
    assert done.json["fix"] == "pip install 'dualtrack[web]'"
    assert done.json["type"] == f"urn:dualtrack:error:{MissingExtraError.code}"


def test_wrong_settings_are_named(demo):
    path = demo / "web.toml"
    path.write_text("htps = true\n")
    path.chmod(0o600)
    done = run("serve", "--workspace", demo, "--json")
    assert done.code == 2
    assert "web.toml" in done.json["where"]
