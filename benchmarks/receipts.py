"""Receipts looked up among many decisions: what a customer waits for who types a code.

    python benchmarks/receipts.py [--rows 200000] [--lookups 300] [--smoke]

Decisions are written in bulk, with their index rows, by the ledger's own writer and not through the gate; some at both ends
are made through the gate and have sealed reasons. A lookup finds the code, reads the entry, compares it with its row, reads
declaration, policy and release, opens the reasons and proves the entry against the newest head. The target is 10 million
decisions; what is shown was measured at --rows, which is said, and the time to fill so many is some minutes a million.
Limit: 50 milliseconds, at the 99th percentile. Ends with 1 if it is missed or a receipt is not the one asked for.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from pathlib import Path

from runtime_parts import FIRM, USE, World, at, known_key, said_load, settle

from dualtrack.domain.decision import DECISION_FORMAT, Decision, Timing, encode_decision
from dualtrack.runtime.decide import Scoring, decide
from dualtrack.runtime.ids import new_id, receipt_code, receipt_digest
from dualtrack.runtime.receipts import find_receipt
from dualtrack.store.entries import NewEntry
from dualtrack.store.writer import BATCH_MAX

TARGET_ROWS = 10_000_000
P99_MS_MAX = 50.0
THROUGH_GATE = 50


def gated(world: World) -> list[tuple[str, str]]:
    """Make some decisions through the gate; returns their codes and ids."""
    found = []
    with world.open() as runtime:
        for number in range(THROUGH_GATE):
            scoring = Scoring(0.5, ("payments were late",))
            answer = decide(runtime, USE, {"late": 3}, lambda _row, given=scoring: given, person=f"customer {number}")
            found.append((answer.receipt, answer.decision))
    return found


def filled(world: World, like: Decision, rows: int) -> list[tuple[str, str]]:
    """Write so many decisions like one, in batches; returns codes and ids of a few."""
    store, run = world.store, new_id()
    writer = store.writer(FIRM, known_key("log"), world.clock)
    chance, kept = random.Random(1), []
    for start in range(0, rows, BATCH_MAX):
        entries, lines = [], []
        for seq in range(start, min(start + BATCH_MAX, rows)):
            code, ident = receipt_code(), new_id()
            digest = receipt_digest(code)
            record = _like(like, ident, digest, run, seq + 1)
            entries.append(NewEntry("decision/1", FIRM, USE, encode_decision(record)))
            lines.append((record, digest))
            if chance.random() < 300 / rows:
                kept.append((code, ident))

        def beside(connection, receipts, lines=lines):
            table = store.tables.decision
            values = [
                _row(writer.ledger, record, digest, receipt.index)
                for (record, digest), receipt in zip(lines, receipts, strict=True)
            ]
            store.backend.insert(connection, table, values)

        writer.append(entries, beside)
    return kept


def _like(like: Decision, ident: str, digest: str, run: str, seq: int) -> Decision:
    return Decision(
        format=DECISION_FORMAT, id=ident, use=like.use, release=like.release, permit=like.permit, policy=like.policy,
        mode="live", durability="buffered", at=like.at, outcome="served", code=None, input=like.input, output=like.output,
        reasons=None, guards=like.guards, disclosure=None, language="en", receipt=digest, review=None, reviewer=None,
        subject=None, upstream=[], timing=Timing(total_us=50, input_us=10, upstream_us=10, output_us=10), run=run, seq=seq,
        shadow=None, recovered=False,
    )  # fmt: skip


def _row(ledger: str, record: Decision, digest: str, index: int) -> tuple[object, ...]:
    return (
        ledger, record.id, index, record.use, record.release, record.permit, record.mode, record.outcome, record.at,
        time.time_ns() // 1000, digest, None, None, record.input, record.output, record.run, record.seq,
    )  # fmt: skip


def looked_up(world: World, codes: list[tuple[str, str]], lookups: int) -> list[float]:
    """Return milliseconds of each lookup, in order of size."""
    chance, times = random.Random(2), []
    for number in range(lookups + 5):
        code, ident = codes[chance.randrange(len(codes))]
        begun = time.perf_counter()
        view = find_receipt([world.register], code)
        if number >= 5:
            times.append((time.perf_counter() - begun) * 1e3)
        if view.decision != ident or not view.proof:
            raise SystemExit(f"WRONG: the receipt of {ident} shows {view.decision}")
    return sorted(times)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--lookups", type=int, default=300)
    parser.add_argument("--smoke", action="store_true", help="2,000 rows, no limits")
    options = parser.parse_args()
    settle()
    rows, lookups = (2_000, 30) if options.smoke else (options.rows, options.lookups)
    with tempfile.TemporaryDirectory(prefix="dualtrack-bench-") as name:
        world = World(Path(name))
        try:
            world.permit()
            first = gated(world)
            found = find_receipt([world.register], first[0][0])
            from dualtrack.runtime.decisions import get_decision

            begun = time.perf_counter()
            bulk = filled(world, get_decision(world.register, found.decision).record, rows)
            seconds = time.perf_counter() - begun
            last = gated(world)
            print(f"{rows:,} decisions written in {seconds:.0f} s; the target is {TARGET_ROWS:,}; {said_load()}")
            late = 0.0
            for said, codes in (("in bulk", bulk), ("through the gate, with reasons", first + last)):
                times = looked_up(world, codes, lookups)
                late = max(late, at(times, 0.99))
                print(
                    f"  receipts of decisions {said}: p50 {at(times, 0.5):.2f} ms, p99 {at(times, 0.99):.2f} "
                    f"(limit {P99_MS_MAX:g}; {lookups} lookups)"
                )
        finally:
            world.close()
    missed = late > P99_MS_MAX and not options.smoke
    if missed:
        print(f"limit missed: {late:.2f} ms")
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
