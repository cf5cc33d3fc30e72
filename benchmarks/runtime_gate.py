"""The runtime inside one process: microseconds of `decide` without the model, whole and stage by stage.

    python benchmarks/runtime_gate.py [--calls 3000] [--rounds 3] [--smoke]

A use with a scorecard of two fields is permitted in a fresh workspace. Processor time is that of the calling thread: the
recorder's thread works while the next call is made, and is in the figure of the whole process. Calls come in a row, and once
more with a pause before each, as in a service with little to do: then caches are cold and the processor has slept. Durable
calls also wait for the disk, so a flush of 4 KiB is shown beside them. Limit: 50 microseconds of processor time a buffered
call in a row, at the median. Ends with 1 if it is missed.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path

from runtime_parts import USE, World, at, flush_ms, recorded, said_load, settle

from dualtrack.runtime.decide import Scoring, check_row, conclude_row, decide
from dualtrack.runtime.guards.base import Checked
from dualtrack.runtime.guards.chain import run_guards

P50_US_MAX = 50.0
PAUSE_S = 0.0003
WAITING_MAX = 1_000
ROW = {"late": 3, "used": 0.9}
SCORING = Scoring(0.5, ("payments were late",))
GUARDS = [
    {"guard": "input_schema", "stage": "input", "action": "block"},
    {"guard": "tipping_off", "stage": "output", "action": "block"},
    {"guard": "output_checks", "stage": "output", "action": "block"},
]


def timed(work, calls: int, wait) -> tuple[list[float], list[float]]:
    """Return thread and wall microseconds of each call, in order of size."""
    cpu, wall = [], []
    for _ in range(calls):
        wait()
        begun_cpu, begun = time.thread_time_ns(), time.perf_counter_ns()
        work()
        wall.append((time.perf_counter_ns() - begun) / 1e3)
        cpu.append((time.thread_time_ns() - begun_cpu) / 1e3)
    return sorted(cpu), sorted(wall)


def stages(runtime, rounds: int) -> dict[str, float]:
    """Return thread microseconds of each stage, each called by itself in a row: caches are warmer than in a service."""
    live = runtime.gate.enter(USE)
    recorder = runtime.recorder(live.institution)
    before = Checked("input", live.use, live.policy, "en", row=ROW)
    after = Checked("output", live.use, live.policy, "en", row=ROW, answer=0.5, reasons=SCORING.reasons)

    def called():
        return runtime.call(live, b'{"late":3,"used":0.9}')

    def put(record):
        while recorder.waiting > WAITING_MAX:
            time.sleep(0.01)
        recorder.put(record, durable=False)

    makes = {
        "enter": (lambda: None, lambda _: runtime.gate.enter(USE)),
        "begin, with the input sealed": (lambda: None, lambda _: called()),
        "sealing of one content": (lambda: None, lambda _: recorder.contents.seal("use", b"0.5", "none")),
        "guards in": (lambda: None, lambda _: run_guards(live.guards, "input", before)),
        "guards out": (lambda: None, lambda _: run_guards(live.guards, "output", after)),
        "conclude: guards out, seal, record made": (called, lambda call: conclude_row(runtime, call, ROW, SCORING)),
        "record: journal and queue": (
            lambda: conclude_row(runtime, _checked(runtime, called()), ROW, SCORING).record,
            put,
        ),
    }
    return {name: _stage(make, work, rounds) for name, (make, work) in makes.items()}


def _checked(runtime, call):
    check_row(runtime, call, ROW)
    return call


def _stage(make, work, calls: int) -> float:
    found = []
    for _ in range(calls):
        given = make()
        begun = time.thread_time_ns()
        work(given)
        found.append((time.thread_time_ns() - begun) / 1e3)
    return statistics.median(found)


def mode(folder: Path, calls: int, rounds: int, *, durable: bool) -> float:
    """Measure one mode; returns the median of thread microseconds of a call."""
    name = "durable" if durable else "buffered"
    (folder / name).mkdir()
    world = World(folder / name)
    made = 0
    try:
        world.permit(guards=GUARDS, flags={"durability": name})
        flush = flush_ms(world.workspace.root, 100)
        with world.open() as runtime:
            recorder = runtime.recorder(runtime.gate.enter(USE).institution)

            def work():
                decide(runtime, USE, ROW, lambda _row: SCORING)

            def drained():
                while recorder.waiting > WAITING_MAX:
                    time.sleep(0.01)

            timed(work, 50, drained)
            medians = {}
            for said, wait in (("in a row", drained), ("with pauses", lambda: time.sleep(PAUSE_S))):
                begun_cpu = time.process_time()
                rows = [timed(work, calls, wait) for _ in range(rounds)]
                all_us = (time.process_time() - begun_cpu) / calls / rounds * 1e6
                made += calls * rounds
                medians[said] = show(f"{name}, {said}", rows, calls, all_us)
            parts = {} if durable else stages(runtime, min(calls, 1_000))
    finally:
        world.close()
    print(f"  a flush of 4 KiB here takes p50 {flush[0] * 1e3:.0f} us, p99 {flush[1] * 1e3:.0f}; {said_load()}")
    for said, us in parts.items():
        print(f"  {said:<42}{us:>8.1f} us")
    written, _ = recorded(world.workspace.root)
    if written < made:
        raise SystemExit(f"{made} calls, {written} decisions in the ledger")
    return medians["in a row"]


def show(said: str, rows: list[tuple[list[float], list[float]]], calls: int, all_us: float) -> float:
    cpu50, cpu99, wall50, wall99 = (
        statistics.median(at(row[side], share) for row in rows) for side in (0, 1) for share in (0.5, 0.99)
    )
    print(
        f"{said}: {len(rows)} rounds of {calls} calls: thread p50 {cpu50:.1f} us, p99 {cpu99:.1f}; wall p50 {wall50:.1f} us, "
        f"p99 {wall99:.1f}; whole process {all_us:.0f} cpu-us a call"
    )
    return cpu50


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--calls", type=int, default=3_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--smoke", action="store_true", help="small sizes, no limits")
    options = parser.parse_args()
    settle()
    calls, rounds = (100, 1) if options.smoke else (options.calls, options.rounds)
    with tempfile.TemporaryDirectory(prefix="dualtrack-bench-") as name:
        buffered = mode(Path(name), calls, rounds, durable=False)
        mode(Path(name), max(50, calls // 6), rounds, durable=True)
    missed = buffered > P50_US_MAX
    if missed and not options.smoke:
        print(f"limit missed: {buffered:.1f} us > {P50_US_MAX:g}")
    return int(missed and not options.smoke)


if __name__ == "__main__":
    sys.exit(main())
