"""A served workspace of real processes for fault tests: `dualtrack serve`, a model that misbehaves, a client that counts.

Nothing here is in the server's process: what is known of it is what it answers and what its ledger holds afterwards.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
from identity_world import HASHER, PASSWORD
from server_world import holder_of

from dualtrack.client import Client
from dualtrack.web.identity.accounts import NewAccount
from dualtrack.web.identity.api_keys import ApiKeys, NewApiKey
from dualtrack.web.identity.login import Login
from dualtrack.web.identity.rate_limits import Attempts
from dualtrack.web.identity.roles import ConsoleRole
from dualtrack.web.identity.sealed_key import read_private_key
from dualtrack.web.identity.secret import ServerSecret
from permit.firm import FIRM, USE, known_key
from runtime.runtime_world import World

START_S = 60
"""Longest wait for a process on a busy machine."""

MODEL = Path(__file__).with_name("fault_model.py")
_SERVE = "from dualtrack.cli import main; main()"


def fault_policy(address: str, *, fingerprint: str | None = None, **changes: Any) -> dict[str, Any]:
    """Return a policy for customers with a chat model and a scorecard, durable, a third of its answers sampled for review."""
    guards = [
        {"guard": "personal_data", "stage": "output", "action": "redact"},
        {"guard": "input_schema", "stage": "input", "action": "block"},
    ]
    chat = {"id": "chat", "kind": "openai", "provider": "lab", "url": f"{address}/v1", "model": "m"}
    chat |= {"fingerprint": fingerprint} if fingerprint else {}
    waits = {"connect_ms": 2000, "first_byte_ms": 1500, "gap_ms": 1000}
    base = {
        "audience": "customers",
        "guards": guards,
        "upstreams": [chat | waits, {"id": "model", "kind": "python", "provider": "in-house"}],
        "review": {"mode": "sample", "sample_percent": 33},
    }
    return base | changes


class FaultWorld:
    """A workspace, a model's process and servers. `serve` starts one; all of them are gone when it is closed."""

    def __init__(self, folder: Path, *, database: str = "sqlite:///main.db", **changes: Any) -> None:
        self.folder = folder
        self._stack = ExitStack()
        self.model = self._stack.enter_context(_model())
        self.world = World(folder, database=database)
        self.workspace = self.world.workspace
        self.world.permit(flags={"durability": "durable"}, **fault_policy(self.model, **changes))
        with self.world.open():
            pass  # makes the keys that every machine must share
        self.key = self._people()

    def _people(self) -> str:
        """Make an account for each who acts here, and a caller's key; return the key."""
        backend, clock = self.world.store.backend, self.world.clock
        secret = ServerSecret.load_or_make(self.workspace.key_folder / "web.secret")
        login = Login(backend, HASHER, Attempts(backend, secret.key("rate"), clock), clock)
        for role in (ConsoleRole.COMPLIANCE, ConsoleRole.APPROVER, ConsoleRole.ADMINISTRATOR):
            holder = holder_of(role)
            key = None
            if holder is not None:
                path = self.folder / f"{holder}.pem"
                known_key(holder).save(path)
                key = read_private_key(path.read_bytes())
                path.unlink()
            new = NewAccount(role.value, FIRM, holder or role.value, role.value.title(), "en", frozenset({role}))
            login.add(new, PASSWORD, key=key)
        new = NewApiKey(FIRM, "load", frozenset({ConsoleRole.CALLER}), None, "test", 5)
        return ApiKeys(backend, clock).make(new)[1]

    def serve(self, *more: str, root: Path | None = None) -> Server:
        """Start `dualtrack serve` and wait until it is ready."""
        server = Server(root or self.workspace.root, self.folder, *more)
        self._stack.callback(server.stop)
        server.wait_ready()
        return server

    def copy(self, name: str) -> Path:
        """Copy the workspace's folder as for a second machine: everything but `run/`."""
        target = self.folder / name
        shutil.copytree(
            self.workspace.root, target, ignore=shutil.ignore_patterns("run", "*.db*"), copy_function=shutil.copy2
        )
        shutil.copystat(self.workspace.root, target)
        return target

    def signed_in(self, server: Server, role: ConsoleRole) -> Client:
        """Return a client of the API as a person."""
        client = Client(server.address, timeout_s=30.0)
        client.sign_in(role.value, PASSWORD)
        self._stack.callback(client.close)
        return client

    def counts(self) -> dict[str, int]:
        """Return what the model has counted."""
        found: dict[str, int] = httpx.get(f"{self.model}/counts").json()
        return found

    def close(self) -> None:
        """Stop every process."""
        self._stack.close()
        self.world.close()


class Server:
    """A serving process and its workers."""

    def __init__(self, root: Path, folder: Path, *more: str) -> None:
        self.root = root
        self.log = folder / f"serve-{time.monotonic_ns()}.log"
        words = [sys.executable, "-c", _SERVE, "serve", "--workspace", str(root), "--json"]
        words += [*(() if "--port" in more else ("--port", "0")), *more]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=log, text=True)
        said = ""
        while not said.endswith("}\n"):
            line = self.process.stdout.readline()
            assert line, self.log.read_text()
            said += line
        self.address: str = json.loads(said)["address"]
        self.port = int(self.address.rpartition(":")[2])

    def wait_ready(self, count: int = 3) -> None:
        """Wait until the server says `count` times in a row that it is ready."""
        until_s, ready = time.monotonic() + START_S, 0
        while ready < count:
            assert time.monotonic() < until_s, self.log.read_text()[-3000:]
            assert self.process.poll() is None, self.log.read_text()[-3000:]
            try:
                good = httpx.get(f"{self.address}/readyz", timeout=5).status_code == 200
            except httpx.TransportError:
                good = False
            ready = ready + 1 if good else 0
            if not good:
                time.sleep(0.1)

    def workers(self) -> list[int]:
        """Return the process numbers of the workers; of a server without, its own."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        found = [int(child) for child in children if b"spawn_main" in _command(int(child))]
        return found or [self.process.pid]

    def wait_workers(self, count: int, *, without: int) -> None:
        """Wait until `count` workers are there and one that was killed is not among them."""
        until_s = time.monotonic() + START_S
        while len(found := self.workers()) != count or without in found or self.process.pid in found:
            assert time.monotonic() < until_s, self.log.read_text()[-3000:]
            time.sleep(0.05)

    def stop(self) -> None:
        """End it as a process manager does."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(START_S)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.process.stdout.close()

    def faults(self) -> list[dict[str, Any]]:
        """Return the log's lines at level error, and any line that is none of ours."""
        found = []
        for line in self.log.read_text().splitlines():
            try:
                said = json.loads(line)
            except ValueError:
                said = {"level": "error", "event": line}
            if said.get("level") == "error":
                found.append(said)
        return found


def _command(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return b""


@contextmanager
def _model():
    process = subprocess.Popen([sys.executable, str(MODEL)], stdout=subprocess.PIPE, text=True)
    try:
        yield process.stdout.readline().strip()
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def number_from(name: str, default: int) -> int:
    """Return a length of a test from the environment."""
    return int(os.environ.get(name, str(default)))


__all__ = [
    "FIRM",
    "PASSWORD",
    "START_S",
    "USE",
    "ConsoleRole",
    "FaultWorld",
    "Server",
    "fault_policy",
    "number_from",
]
