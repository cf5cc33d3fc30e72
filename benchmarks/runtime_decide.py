"""`/v1/decide` with a compiled additive model of 23 features and exact reasons, on two workers, every decision durable.

    python benchmarks/runtime_decide.py [--rounds 3] [--smoke]

The model is made of random cuts and points; every answer is compared with its score computed here. Server and client run in
processes of their own on this machine. Decisions a second come from 64 connections in a closed loop; the 99th percentile from
an open loop at 500 a second, held to three flushes of 4 KiB (their 99th percentile in the same rounds). Limit: 3,000
decisions a second. LightGBM with 200 trees and exact contributions is shown where it is importable, alone in a process:
that is what the compiled model stands for. Ends with 1 for a wrong answer, a missing decision or a missed limit.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import subprocess
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path

import msgspec
from runtime_parts import (
    at,
    cpu_s,
    flush_ms,
    load,
    make_bed,
    median,
    recorded,
    rss_mib,
    said_load,
    serving,
    settle,
)

from dualtrack.runtime.additive import load_additive
from dualtrack.runtime.reasons import directed

FEATURES, CUTS, ROWS = 23, 24, 256
WORKERS, CONNECTIONS, RATE = 2, 64, 500
PER_S_MIN = 3_000.0
FLUSHES = 3
TREES = 200


def card() -> dict:
    """Return an additive model of random cuts and points."""
    chance = random.Random(1)
    features = []
    for number in range(FEATURES):
        cuts = sorted({round(chance.uniform(0, 100), 2) for _ in range(CUTS)})
        features.append(
            {
                "name": f"f{number:02d}",
                "cuts": cuts,
                "points": [round(chance.gauss(0, 0.3), 4) for _ in range(len(cuts) + 1)],
                "missing": 0.1,
                "says": {"en": f"value {number} is high", "zh-Hant": f"數值{number}偏高"},
            }
        )
    return {
        "format": "dualtrack.additive/1",
        "intercept": -1.0,
        "link": "logit",
        "reasons": 4,
        "features": features,
    }


def settings() -> dict:
    return {
        "audience": "customers",
        "guards": [
            {"guard": "input_schema", "stage": "input", "action": "block"},
            {"guard": "output_checks", "stage": "output", "action": "block"},
            {"guard": "tipping_off", "stage": "output", "action": "block"},
        ],
        "fields": [
            {"name": f"f{number:02d}", "type": "number", "low": 0, "high": 100, "required": False}
            for number in range(FEATURES)
        ],
    }


def plan(address: str, use: str, key: str, model, **more) -> dict:
    """Return a plan of decisions over 256 rows, some with missing values, each with the output that it must have."""
    chance = random.Random(2)
    bodies, each = [], []
    for _ in range(ROWS):
        row = {f"f{n:02d}": round(chance.uniform(0, 100), 3) for n in range(FEATURES) if chance.random() > 0.05}
        scored = model.score(row)
        said = [directed(model.says[name], raised=moved > 0).en for name, moved in scored.reasons]
        bodies.append(json.dumps({"input": row, "person": "USER"}))
        each.append(msgspec.json.encode({"output": scored.output, "reasons": said}).decode()[1:-1])
    return {
        "url": f"{address}/v1/decide/{use}",
        "bodies": bodies,
        "each": each,
        "headers": {"authorization": f"Bearer {key}"},
        "wanted": ['"outcome":"served"', '"durability":"durable"'],
        **more,
    }


def booster(rows: int) -> dict[str, float]:
    """Train a booster on random rows and explain single rows; returns rows per processor second, one by one and at once."""
    import lightgbm
    import numpy as np

    chance = np.random.Generator(np.random.PCG64(1))
    table = chance.random((5_000, FEATURES))
    label = (table[:, 0] + table[:, 1] * table[:, 2] + chance.normal(0, 0.3, 5_000) > 1).astype(int)
    data = lightgbm.Dataset(table, label)
    model = lightgbm.train(
        {"objective": "binary", "num_leaves": 31, "verbosity": -1, "num_threads": 1, "seed": 1}, data, TREES
    )
    found = {}
    for name, step in (("one by one", 1), ("at once", rows)):
        begun = time.process_time()
        for start in range(0, rows, step):
            model.predict(table[start : start + step], pred_contrib=True, num_threads=1)
        found[name] = rows / (time.process_time() - begun)
    return found


def decided(folder: Path, calls: int, rounds: int) -> list[str]:
    """Measure and return what was wrong or missed a limit; what was wrong begins with WRONG."""
    made = card()
    model = load_additive(msgspec.json.encode(made), where="benchmark")
    bed = make_bed(folder / "decide", settings(), durable=True, card=made)
    busy, calm, flushes, sent = [], [], [], 0
    with serving(bed, workers=WORKERS) as (address, process):
        for _ in range(rounds):
            flushes.append(flush_ms(bed.folder, 200))
            for rows, how in (
                (busy, {"calls": calls, "connections": CONNECTIONS}),
                (calm, {"calls": calls // 2, "rate": RATE}),
            ):
                before = cpu_s(process.pid)
                found = load(plan(address, bed.use, bed.key, model, **how))
                found["cpu_us"] = (cpu_s(process.pid) - before) / found["sent"] * 1e6
                sent += found["sent"]
                rows.append(found)
        memory = rss_mib(process.pid)
    wrong = [f"WRONG: {row['wrong']} answers, as {row['example']}" for row in (*busy, *calm) if row["wrong"]]
    written, served = recorded(bed.folder)
    if (written, served) != (sent, sent):
        wrong.append(f"WRONG: {sent} answers, {written} decisions in the ledger, {served} served")
    p50, p99 = (statistics.median(values) for values in zip(*flushes, strict=True))
    per_s, late = median(busy, "per_s"), median(calm, "p99_ms")
    print(
        f"{WORKERS} workers, {CONNECTIONS} connections: {per_s:,.0f} decisions/s (limit {PER_S_MIN:,.0f}), "
        f"p50 {median(busy, 'p50_ms'):.1f} ms, p99 {median(busy, 'p99_ms'):.1f}, {median(busy, 'cpu_us'):.0f} cpu-us a decision"
    )
    print(
        f"open loop, {RATE}/s: p50 {median(calm, 'p50_ms'):.2f} ms, p99 {late:.2f} (limit {FLUSHES} flushes of p99 {p99:.2f} ms: "
        f"{FLUSHES * p99:.2f}; flush p50 {p50:.2f} ms), {median(calm, 'cpu_us'):.0f} cpu-us a decision"
    )
    print(
        f"{sent} answers, {written} decisions in the ledger; {memory:.0f} MiB for {WORKERS} workers and their parent; {said_load()}"
    )
    if per_s < PER_S_MIN:
        wrong.append(f"limit missed: {per_s:,.0f} decisions/s < {PER_S_MIN:,.0f}")
    if late > FLUSHES * p99:
        wrong.append(f"limit missed: p99 {late:.2f} ms > {FLUSHES * p99:.2f}")
    return wrong


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--smoke", action="store_true", help="small sizes, no limits")
    parser.add_argument("--booster", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.booster:
        print(json.dumps(booster(options.booster)))
        return 0
    settle()
    calls, rounds = (200, 1) if options.smoke else (6_000, options.rounds)
    model = load_additive(msgspec.json.encode(card()), where="benchmark")
    row = {f"f{number:02d}": float(number * 4) for number in range(FEATURES)}
    times = []
    for _ in range(2_000):
        begun = time.thread_time_ns()
        model.score(row)
        times.append((time.thread_time_ns() - begun) / 1e3)
    print(f"the additive model alone: {at(sorted(times), 0.5):.1f} us a row with its reasons")
    with tempfile.TemporaryDirectory(prefix="dualtrack-bench-") as name:
        said = decided(Path(name), calls, rounds)
    if find_spec("lightgbm") is None:
        print("LightGBM: not importable here, no comparison made")
    else:
        command = [sys.executable, __file__, "--booster", "100" if options.smoke else "1000"]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        rates = json.loads(done.stdout)
        print(
            f"LightGBM, {TREES} trees, contributions: {rates['one by one']:,.0f} rows/cpu-s one by one, {rates['at once']:,.0f} at once"
        )
    kept = [line for line in said if line.startswith("WRONG") or not options.smoke]
    for line in kept:
        print(line)
    return int(bool(kept))


if __name__ == "__main__":
    sys.exit(main())
