"""What the runtime's benchmarks share: a workspace with a permitted use, processes apart, and the machine's own figures."""

from __future__ import annotations

import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import time
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

import msgspec
from runtime_load import TEXT_END, at
from sqlalchemy import func, select

from dualtrack.domain.records import read_record
from dualtrack.domain.usecase import UseCase
from dualtrack.runtime.models import keep_artifact
from dualtrack.store.store import Store
from dualtrack.store.workspace import Workspace
from dualtrack.web.identity.api_keys import ApiKeys, NewApiKey
from dualtrack.web.identity.roles import ConsoleRole
from permit.firm import PASSES, compiled, declaration, known_key, rule
from runtime.runtime_world import FIRM, USE, World, component

NOTICE = {"en": "You are talking to an AI assistant. It may be wrong.", "zh-Hant": "你正與人工智能對話，內容可能有誤。"}
GUARDS = (
    ("input_schema", "input", "block"),
    ("personal_data", "input", "redact"),
    ("injection", "input", "block"),
    ("investment_advice", "input", "route"),
    ("mpf_choice", "input", "route"),
    ("opt_out", "input", "route"),
    ("tipping_off", "input", "block"),
    ("tipping_off", "output", "block"),
    ("personal_data", "output", "redact"),
    ("investment_advice", "output", "block"),
    ("mpf_choice", "output", "block"),
    ("tool_use", "output", "route"),
    ("output_checks", "output", "block"),
    ("disclosure", "output", "block"),
)
"""Every guard there is, on every side it is made for that a chat needs."""

QUESTION = "Good day from LETTERS. My HKID is A123456(3) and my phone is 9123 4567. " + (
    "How do I change the address on my statements, and which papers do I have to bring to the branch? " * 4
)
START_S_MAX = 120


class Bed(NamedTuple):
    """A workspace ready to be served: its folder, the use, and a key that may call it."""

    folder: Path
    use: str
    key: str


def chat_settings(url: str, *, durable: bool) -> dict:
    """Return a policy with all guards. Answers to customers are always durable, so the buffered one is for staff."""
    return {
        "audience": "customers" if durable else "staff",
        "guards": [{"guard": guard, "stage": stage, "action": action} for guard, stage, action in GUARDS],
        "upstreams": [{"id": "model", "kind": "openai", "provider": "lab", "url": url, "model": "fixed"}],
        "output": {},
        "fields": [],
        "opt_out": True,
        "disclosure": {"text": NOTICE, "every": False},
    }


def make_bed(folder: Path, settings: dict, *, durable: bool, card: dict | None = None) -> Bed:
    """Found a firm, permit its use with this policy (and this model), make a key; nothing of it stays open."""
    folder.mkdir(parents=True)
    world = World(folder)
    try:
        flags = {"durability": "durable" if durable else "buffered"}
        if card is None:
            world.permit(flags=flags, **settings)
        else:
            _permit_card(world, card, flags, settings)
        new = NewApiKey(FIRM, "bench", frozenset({ConsoleRole.CALLER}), None, "bench", 30)
        _, key = ApiKeys(world.store.backend, lambda: datetime.now(UTC)).make(new)
    finally:
        world.close()
    return Bed(world.workspace.root, USE, key)


def _permit_card(world: World, card: dict, flags: dict, settings: dict) -> None:
    world.register.adopt(compiled([rule("r", PASSES)]), known_key("compliance"))
    model = keep_artifact(world.workspace.path("models"), msgspec.json.encode(card))
    part = {"id": "model", "type": "model", "name": "card", "version": "1", "digest": model, "licence": "own"}
    plain = declaration(components=[{**component(), **part}])
    world.register.declare(read_record(plain, UseCase, where="benchmark"), known_key("owner"))
    world.again(flags=flags, model=model, **settings)


def recorded(folder: Path) -> tuple[int, int]:
    """Return how many decisions the ledger holds, and how many the index of them says were served."""
    with Store.open(Workspace.open(folder)) as store, store.backend.read() as connection:
        entry, decision = store.tables.entry, store.tables.decision
        written = connection.execute(select(func.count()).select_from(entry).where(entry.c.kind == "decision/1"))
        served = connection.execute(
            select(func.count()).select_from(decision).where(decision.c.outcome == "served")
        ).scalar_one()
        return int(written.scalar_one()), int(served)


def flush_ms(folder: Path, times: int) -> tuple[float, float]:
    """Return median and 99th percentile of writing 4 KiB in place and flushing them, in milliseconds."""
    path = folder / "flush"
    found = []
    block = os.urandom(4096)
    fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        os.write(fd, bytes(256 * 4096))
        os.fsync(fd)
        for number in range(times):
            begun = time.perf_counter()
            os.pwrite(fd, block, number % 256 * 4096)
            os.fdatasync(fd)
            found.append((time.perf_counter() - begun) * 1e3)
    finally:
        os.close(fd)
        path.unlink()
    found.sort()
    return at(found, 0.5), at(found, 0.99)


def settle() -> None:
    """Show each line as it comes, and end what was started when this process is told to end."""
    sys.stdout.reconfigure(line_buffering=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))


def said_load() -> str:
    return f"load average {os.getloadavg()[0]:.1f}, {os.cpu_count()} cores"


def median(rows: list[dict], name: str) -> float:
    return statistics.median(row[name] for row in rows)


@contextmanager
def running(command: list[str], log: Path, *, environment: dict[str, str] | None = None):
    """Run a command in a group of its own; ended with SIGTERM, and killed if that does not help."""
    with log.open("ab") as stream:
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=stream, stdin=subprocess.DEVNULL, start_new_session=True,
            env=os.environ | (environment or {}),
        )  # fmt: skip
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        process.stdout.close()


@contextmanager
def model_running(folder: Path):
    """Serve the fixed model in a process of its own; yields its address."""
    command = apart("model")
    with running(command, folder / "model.log") as process:
        yield f"http://127.0.0.1:{int(process.stdout.readline())}/v1"


@contextmanager
def serving(bed: Bed, *, workers: int = 1):
    """Serve a bed as `dualtrack serve` does; yields its address and process."""
    program = str(Path(sys.executable).parent / "dualtrack")
    command = [program, "serve", "--workspace", str(bed.folder), "--port", "0", "--workers", str(workers), "--json"]
    log = bed.folder.parent / "serve.log"
    with running(command, log) as process:
        lines = ""
        while not lines.endswith("\n}\n"):
            line = process.stdout.readline().decode()
            if not line:
                raise SystemExit(f"the server did not start:\n{log.read_text('utf-8')[-2000:]}")
            lines += line
        address = json.loads(lines)["address"]
        wait_for(int(address.rpartition(":")[2]), process, log)
        yield address, process


def wait_for(port: int, process: subprocess.Popen, log: Path) -> None:
    """Wait until something answers HTTP on a port, or give up with the end of its log."""
    until = time.monotonic() + START_S_MAX
    while time.monotonic() < until:
        if process.poll() is not None:
            break
        try:
            with socket.create_connection(("127.0.0.1", port), 1) as found:
                found.settimeout(5)
                found.sendall(b"GET /healthz HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n")
                if found.recv(1):
                    return
        except OSError:
            pass
        time.sleep(0.2)
    raise SystemExit(f"nothing answers on port {port}:\n{log.read_text('utf-8', 'replace')[-2000:]}")


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def apart(role: str) -> list[str]:
    """Return the command of a process that is the model or the client: it loads nothing of ours and starts at once."""
    program = "import sys; sys.path.insert(0, sys.argv[1]); from runtime_load import only; only(sys.argv[2])"
    return [sys.executable, "-c", program, str(Path(__file__).parent), role]


def load(plan: dict) -> dict:
    """Run a plan of load in a process of its own and return what it measured."""
    command = apart("load")
    done = subprocess.run(command, input=json.dumps(plan), capture_output=True, text=True, check=False, timeout=300)
    if done.returncode:
        raise SystemExit(f"the load client failed:\n{done.stderr[-2000:]}")
    return json.loads(done.stdout)


def tree(pid: int) -> list[int]:
    """Return a process and those that it started."""
    found = [pid]
    try:
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                found += tree(int(child))
    except OSError:
        pass
    return found


def cpu_s(pid: int) -> float:
    """Return processor seconds of a process tree so far."""
    ticks = 0
    for one in tree(pid):
        try:
            fields = Path(f"/proc/{one}/stat").read_text().rpartition(") ")[2].split()
        except OSError:
            continue
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def rss_mib(pid: int) -> float:
    """Return resident memory of a process tree, shared pages counted once a process."""
    pages = 0
    for one in tree(pid):
        try:
            pages += int(Path(f"/proc/{one}/statm").read_text().split()[1])
        except OSError:
            continue
    return pages * os.sysconf("SC_PAGE_SIZE") / (1 << 20)


def chat_plan(base: str, model: str, key: str, wanted: list[str], **more) -> dict:
    """Return a plan of chat calls. Each names another customer, of 17,576, and says other letters.

    `stream` asks for a stream, in a second turn: the disclosure was in the first.
    """
    streamed = more.pop("stream", False)
    messages = [{"role": "user", "content": QUESTION}]
    body = {"model": model, "user": "USER", "messages": messages}
    if streamed:
        body["stream"] = True
        messages[:0] = [{"role": "user", "content": "Good day."}, {"role": "assistant", "content": "How can I help?"}]
    return {
        "url": f"{base}/chat/completions",
        "bodies": [json.dumps(body)],
        "headers": {"authorization": f"Bearer {key}"} | more.pop("headers", {}),
        "wanted": wanted or ([] if streamed else [TEXT_END]),
        **more,
    }
