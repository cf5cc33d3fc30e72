"""The governed runtime over HTTP, measured from outside: what it adds to a call of a model, how many calls a worker takes.

    python benchmarks/runtime_http.py [--rounds 3] [--scale 1] [--litellm DIR] [--portkey DIR] [--smoke]

A fixed model, the server (`dualtrack serve`, one worker, every guard configured, a fresh workspace) and the client run in
processes of their own, on this machine. What is added is the latency through the runtime less that of the model asked
directly, in the same round, with the same client. Buffered answers are those of a use for staff; answers to customers are
always durable: an intent before the model is asked, and the decision before the answer leaves, two commits. A wrong
answer, or another number of decisions in the ledger than of answers, ends it with 1, as does a missed limit.
--litellm is an environment made by litellm_env.sh; --portkey a folder with `npm install --prefix DIR @portkey-ai/gateway`.
They have no guards, no ledger and no database here. Medians of the rounds are shown.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from runtime_load import TEXT_END
from runtime_parts import (
    NOTICE,
    Bed,
    chat_plan,
    chat_settings,
    cpu_s,
    flush_ms,
    free_port,
    load,
    make_bed,
    median,
    model_running,
    recorded,
    rss_mib,
    running,
    said_load,
    serving,
    settle,
    wait_for,
)

ADDED_P50_MS, ADDED_P99_MS = 0.6, 2.0
PER_S_MIN = 3_000.0
FIRST_MS = 1.0
RATIO_AIM = 25.0
RATE = 1_000
COMMITS = 2


class Sizes(NamedTuple):
    """Calls of each run, and rounds."""

    one: int
    open: int
    sixteen: int
    streams: int
    rounds: int


FULL, PEERS, SMOKE = Sizes(1_500, 3_000, 6_000, 300, 3), Sizes(300, 0, 1_000, 100, 1), Sizes(50, 100, 200, 10, 1)
"""Calls for ours, for others (which are slower, so that fewer say as much), and of a smoke run."""


def scaled(sizes: Sizes, share: float) -> Sizes:
    return Sizes(*(max(10, int(calls * share)) for calls in sizes[:4]), sizes.rounds)


class Failures(list):
    """What went wrong or missed a limit, in words; `wrong` are those that no limit excuses."""

    def __init__(self) -> None:
        super().__init__()
        self.wrong: list[str] = []

    def limit(self, what: str, found: float, most: float) -> None:
        if found > most:
            self.append(f"{what}: {found:.2f} > {most:.2f}")

    def answers(self, what: str, result: dict) -> dict:
        if result["wrong"]:
            self.wrong.append(f"{what}: {result['wrong']} wrong answers, as {result['example']}")
        return result


def plans(base: str, model: str, key: str, wanted: list[str], sizes: Sizes, **more) -> dict[str, dict]:
    """Return the four plans that every server is put under."""
    streamed = [] if not wanted else ["data: [DONE]"]
    return {
        "one": chat_plan(base, model, key, wanted, calls=sizes.one, connections=1, **more),
        "open": chat_plan(base, model, key, wanted, calls=sizes.open, rate=RATE, **more),
        "sixteen": chat_plan(base, model, key, wanted, calls=sizes.sixteen, connections=16, **more),
        "stream": chat_plan(base, model, key, streamed, calls=sizes.streams, connections=1, stream=True, **more),
    }


def measured(plan: dict, pid: int | None, failures: Failures, what: str) -> dict:
    before = cpu_s(pid) if pid else 0.0
    found = failures.answers(what, load(plan))
    found["cpu_us"] = (cpu_s(pid) - before) / found["sent"] * 1e6 if pid else 0.0
    return found


def ours(folder: Path, url: str, sizes: Sizes, failures: Failures, *, durable: bool) -> float:
    """Measure one mode and return its calls a second at 16 connections."""
    name = "durable" if durable else "buffered"
    bed = make_bed(folder / name, chat_settings(url, durable=durable), durable=durable)
    direct = plans(url, "fixed", "none", [TEXT_END], sizes)
    wanted = [TEXT_END, '"outcome":"served"', f'"durability":"{name}"', NOTICE["en"]]
    rounds: list[dict[str, dict]] = []
    flushes, sent = [], 0
    with serving(bed) as (address, process):
        through = plans(f"{address}/v1", bed.use, bed.key, wanted, sizes)
        through["stream"]["wanted"] = ["data: [DONE]", '"outcome":"served"']
        for _ in range(sizes.rounds):
            flushes.append(flush_ms(bed.folder, 200))
            rows = {}
            for kind, plan in through.items():
                rows[f"direct {kind}"] = measured(direct[kind], None, failures, f"the model, {kind}")
                rows[kind] = measured(plan, process.pid, failures, f"{name}, {kind}")
                sent += rows[kind]["sent"]
            rounds.append(rows)
        memory = rss_mib(process.pid)
    commit = [sorted(values)[len(values) // 2] for values in zip(*flushes, strict=True)]
    print(
        f"{name}: fdatasync of 4 KiB p50 {commit[0]:.2f} ms, p99 {commit[1]:.2f} ms in the same rounds; {said_load()}"
    )
    allowed = [COMMITS * value if durable else 0.0 for value in commit]
    per_s = shown(name, rounds, allowed, failures)
    print(f"  memory {memory:.0f} MiB after {sent} calls")
    checked(bed, sent, failures)
    return per_s


def shown(name: str, rounds: list[dict[str, dict]], allowed: list[float], failures: Failures) -> float:
    """Print the medians of all rounds and hold them to the limits."""
    for kind, said in (("one", "1 connection"), ("open", f"open loop, {RATE:,}/s")):
        both = [[row[key] for row in rounds] for key in (kind, f"direct {kind}")]
        p50, p99, base50, base99 = (median(rows, key) for rows in both for key in ("p50_ms", "p99_ms"))
        limits = (ADDED_P50_MS + allowed[0], ADDED_P99_MS + allowed[1])
        print(
            f"  {said}: p50 {p50:.2f} ms, p99 {p99:.2f}; the model alone {base50:.2f} and {base99:.2f}; "
            f"added {p50 - base50:.2f} and {p99 - base99:.2f} (limits {limits[0]:.2f} and {limits[1]:.2f})"
        )
        failures.limit(f"{name}, {said}, added p50 in ms", p50 - base50, limits[0])
        failures.limit(f"{name}, {said}, added p99 in ms", p99 - base99, limits[1])
    busy = [row["sixteen"] for row in rounds]
    per_s = median(busy, "per_s")
    print(
        f"  16 connections: {per_s:,.0f} calls/s a worker (limit {PER_S_MIN:,.0f}), p50 {median(busy, 'p50_ms'):.2f} ms, "
        f"p99 {median(busy, 'p99_ms'):.2f}, {median(busy, 'cpu_us'):.0f} cpu-us a call: at most "
        f"{1e6 / median(busy, 'cpu_us'):,.0f} calls a cpu-s; the model alone {median([r['direct sixteen'] for r in rounds], 'per_s'):,.0f}/s"
    )
    failures.limit(f"{name}, calls/s below the limit by", PER_S_MIN - per_s, 0.0)
    first, alone = [row["stream"] for row in rounds], [row["direct stream"] for row in rounds]
    later = median(first, "first_p50_ms") - median(alone, "first_p50_ms")
    later99 = median(first, "first_p99_ms") - median(alone, "first_p99_ms")
    limit = FIRST_MS + (allowed[0] / COMMITS)  # the intent is durable before the first part; the decision after it
    print(
        f"  streams: first part p50 {median(first, 'first_p50_ms'):.2f} ms, later by {later:.2f} (limit {limit:.2f}), "
        f"p99 by {later99:.2f}; whole p50 {median(first, 'p50_ms'):.2f} (the model alone {median(alone, 'p50_ms'):.2f}), "
        f"{median(first, 'cpu_us'):.0f} cpu-us a stream"
    )
    failures.limit(f"{name}, first streamed part later by, in ms", later, limit)
    return per_s


def checked(bed: Bed, sent: int, failures: Failures) -> None:
    written, served = recorded(bed.folder)
    print(f"  {sent} answers, {written} decisions in the ledger, {served} of them served")
    if (written, served) != (sent, sent):
        failures.wrong.append(f"{sent} answers, {written} decisions in the ledger, {served} served")


def peer(
    name: str, command: list[str], port: int, folder: Path, plan: dict, environment: dict[str, str]
) -> dict | None:
    """Measure another gateway under the same load and print it; None, with the reason, where it does not run."""
    failures = Failures()
    begun = time.perf_counter()
    log = folder / f"{name.lower()}.log"
    try:
        with running(command, log, environment=environment) as process:
            wait_for(port, process, log)
            start_s = time.perf_counter() - begun
            rows = {kind: measured(one, process.pid, failures, kind) for kind, one in plan.items() if kind != "open"}
            memory = rss_mib(process.pid)
    except (OSError, SystemExit) as error:
        print(f"{name}: did not run: {error}")
        return None
    if failures.wrong:
        print(f"{name}: gave wrong answers, no figures: {failures.wrong[0][:700]}")
        return None
    one, busy, stream = rows["one"], rows["sixteen"], rows["stream"]
    print(
        f"{name}: 1 connection p50 {one['p50_ms']:.2f} ms, p99 {one['p99_ms']:.2f}; 16 connections {busy['per_s']:,.0f} calls/s, "
        f"p99 {busy['p99_ms']:.1f} ms, {busy['cpu_us']:.0f} cpu-us a call; first part p50 {stream['first_p50_ms']:.2f} ms; "
        f"{memory:.0f} MiB, up in {start_s:.0f} s; {said_load()}"
    )
    return busy


def litellm(environment: Path, folder: Path, url: str, sizes: Sizes) -> dict | None:
    port = free_port()
    settings = folder / "litellm.yaml"
    settings.write_text(
        "model_list:\n  - model_name: fixed\n"
        f'    litellm_params: {{model: openai/fixed, api_base: "{url}", api_key: none}}\n'
        "general_settings: {master_key: sk-bench}\n"
        "litellm_settings: {num_retries: 0, callbacks: [], request_timeout: 30}\n",
        encoding="utf-8",
    )
    command = [
        str(environment / "bin" / "litellm"), "--config", str(settings), "--host", "127.0.0.1", "--port", str(port),
        "--num_workers", "1", "--telemetry", "False",
    ]  # fmt: skip
    plan = plans(f"http://127.0.0.1:{port}/v1", "fixed", "sk-bench", [TEXT_END], sizes)
    quiet = {"LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_LOG": "ERROR", "NO_PROXY": "127.0.0.1"}
    return peer("LiteLLM", command, port, folder, plan, quiet)


def portkey(place: Path, folder: Path, url: str, sizes: Sizes) -> dict | None:
    port = free_port()
    program = place / "node_modules" / "@portkey-ai" / "gateway" / "build" / "start-server.js"
    headers = {"x-portkey-provider": "openai", "x-portkey-custom-host": url}
    plan = plans(f"http://127.0.0.1:{port}/v1", "fixed", "none", [TEXT_END], sizes, headers=headers)
    trusted = {"NODE_ENV": "production", "TRUSTED_CUSTOM_HOSTS": "127.0.0.1,localhost"}
    return peer("Portkey", ["node", str(program), f"--port={port}", "--headless"], port, folder, plan, trusted)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--scale", type=float, default=1.0, help="share of the calls that are made")
    parser.add_argument("--litellm", type=Path, metavar="DIR")
    parser.add_argument("--portkey", type=Path, metavar="DIR")
    parser.add_argument("--smoke", action="store_true", help="small sizes, no limits")
    options = parser.parse_args()
    settle()
    sizes = SMOKE if options.smoke else scaled(FULL, options.scale)._replace(rounds=options.rounds)
    small = SMOKE if options.smoke else scaled(PEERS, options.scale)
    failures = Failures()
    with tempfile.TemporaryDirectory(prefix="dualtrack-bench-") as name:
        folder = Path(name)
        with model_running(folder) as url:
            rates = {
                mode: ours(folder, url, sizes, failures, durable=mode == "durable") for mode in ("buffered", "durable")
            }
            peers = (("LiteLLM", litellm, options.litellm), ("Portkey", portkey, options.portkey))
            for peer_name, run, place in peers:
                found = run(place.absolute(), folder, url, small) if place else None
                for mode, rate in rates.items() if found else ():
                    print(f"  ours, {mode}, with every guard : {peer_name}, calls/s: {rate / found['per_s']:.0f}")
                if found and peer_name == "LiteLLM" and rates["buffered"] < RATIO_AIM * found["per_s"]:
                    failures.append(f"ratio to LiteLLM below {RATIO_AIM:.0f}")
    for said in failures.wrong:
        print(f"WRONG: {said}")
    for said in [] if options.smoke else failures:
        print(f"limit missed: {said}")
    return int(bool(failures.wrong) or (bool(failures) and not options.smoke))


if __name__ == "__main__":
    sys.exit(main())
