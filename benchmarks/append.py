"""Durable appends, group commit and inclusion proofs of the store, beside pymerkle's SqliteTree where it is importable.

    python benchmarks/append.py [--leaves 1000000] [--seconds 5] [--postgres URL] [--smoke]

Every append is durable when it returns (fsync on). Without --postgres, a throw-away server is started from the operating
system's binaries where there are any, else that part is left out, and said so. pymerkle stores and hashes entries only:
no sealed contents, no signed heads; it is measured one by one and through its own bulk call.
Limits: 20,000 appends/s in batches of 256 on SQLite, 10,000/s on PostgreSQL; a proof in 1 ms, 50,000 verifications/s.
Ends with 1 if a limit is missed; --smoke takes small sizes and no limit.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
import threading
import time
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from dualtrack.keys.signer import FileSigner
from dualtrack.ledger.merkle import verify_inclusion
from dualtrack.store.entries import NewEntry
from dualtrack.store.group import GroupWriter
from dualtrack.store.store import Store
from dualtrack.store.workspace import Workspace
from postgres_cluster import Cluster, find_binaries, why_not

if TYPE_CHECKING:
    from collections.abc import Callable

FIRM, BATCH, THREADS, PROOFS = "bench", 256, 64, 2000
CONTENT = os.urandom(200).hex().encode()
ITEM = NewEntry("decision/1", FIRM, f"{FIRM}/use", CONTENT)
LIMITS = {"sqlite 256": 20_000, "postgresql 256": 10_000, "proof": 1_000, "verify": 50_000}


class Table:
    """Prints rates as they come and remembers which limits were missed."""

    def __init__(self) -> None:
        self.rates: dict[str, float] = {}

    def add(self, name: str, text: str, rate: float, per_cpu: float | None = None, note: str = "") -> None:
        self.rates[name] = rate
        cpu = f"{per_cpu:>11,.0f}/cpu-s" if per_cpu else " " * 17
        print(f"{text:<58}{rate:>11,.0f}/s {cpu}  {note}", flush=True)

    def ratio(self, ours: str, theirs: str) -> None:
        if ours in self.rates and theirs in self.rates:
            print(f"    {ours} : {theirs} = {self.rates[ours] / self.rates[theirs]:,.1f}")

    def missed(self) -> list[str]:
        return [
            f"{name}: {self.rates[name]:,.0f} < {limit:,}"
            for name, limit in LIMITS.items()
            if self.rates.get(name, limit) < limit
        ]


def steady(work: Callable[[], int], seconds: float) -> tuple[float, float]:
    """Return how many per wall second and per cpu second, after one unmeasured call."""
    work()
    done, wall, cpu = 0, time.perf_counter(), time.process_time()
    while time.perf_counter() - wall < seconds:
        done += work()
    return done / (time.perf_counter() - wall), done / (time.process_time() - cpu)


def appends(table: Table, folder: Path, kind: str, url: str, seconds: float) -> None:
    workspace = Workspace.create(folder / f"{kind}-append", database=url)
    with Store.open(workspace) as store:
        writer = store.writer(FIRM, FileSigner.generate("log"), lambda: datetime.now(UTC))
        for count in (1, 16, BATCH, 1024):
            items = [ITEM] * count
            wall, cpu = steady(lambda items=items: len(writer.append(items)), seconds)
            table.add(f"{kind} {count}", f"{kind}: durable appends, batches of {count}", wall, cpu)
        grouped(table, kind, writer, seconds)


def grouped(table: Table, kind: str, writer, seconds: float) -> None:
    """THREADS callers, each waiting for its own entry to be durable."""
    waits: list[float] = []
    stop = time.perf_counter() + seconds

    def call() -> None:
        while time.perf_counter() < stop:
            start = time.perf_counter()
            group.append([ITEM])
            waits.append(time.perf_counter() - start)

    with GroupWriter(writer) as group:
        threads = [threading.Thread(target=call) for _ in range(THREADS)]
        start = time.perf_counter()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        wall = time.perf_counter() - start
    waits.sort()
    middle, late = waits[len(waits) // 2] * 1e3, waits[int(len(waits) * 0.99)] * 1e3
    note = f"p50 {middle:.1f} ms, p99 {late:.1f} ms"
    table.add(f"{kind} group", f"{kind}: group commit, {THREADS} waiting threads", len(waits) / wall, note=note)


def proofs(table: Table, folder: Path, leaves: int) -> None:
    """Proofs of random entries from the stored tiles, and their verification."""
    workspace = Workspace.create(folder / "proofs")
    with Store.open(workspace) as store:
        writer = store.writer(FIRM, FileSigner.generate("log"), lambda: datetime.now(UTC))
        start = time.perf_counter()
        hashes: list[bytes] = []
        while len(hashes) < leaves:
            hashes += [receipt.leaf_hash for receipt in writer.append([ITEM] * min(1024, leaves - len(hashes)))]
        print(f"built a log of {leaves:,} entries in {time.perf_counter() - start:.0f} s")
        repository, chance = store.repository(FIRM), random.Random(1)
        root = repository.root(leaves)
        chosen = [chance.randrange(leaves) for _ in range(min(PROOFS, leaves))]
        times, made = [], []
        for index in chosen:
            start = time.perf_counter()
            made.append(repository.inclusion_proof(index, leaves))
            times.append(time.perf_counter() - start)
        times.sort()
        note = f"p50 {times[len(times) // 2] * 1e3:.3f} ms, p99 {times[int(len(times) * 0.99)] * 1e3:.3f} ms"
        table.add("proof", f"inclusion proofs at {leaves:,}, random entries", len(times) / sum(times), note=note)
        start = time.perf_counter()
        for index, proof in zip(chosen, made, strict=True):
            verify_inclusion(index, leaves, hashes[index], proof, root)
        table.add("verify", f"verifications at {leaves:,}", len(chosen) / (time.perf_counter() - start))


def peer(table: Table, folder: Path, leaves: int, seconds: float) -> None:
    if find_spec("pymerkle") is None:
        print("pymerkle is not importable: no ratios")
        return
    import pymerkle

    print(f"pymerkle {pymerkle.__version__}")
    with pymerkle.SqliteTree(str(folder / "one.db")) as tree:
        wall, cpu = steady(lambda: bool(tree.append_entry(CONTENT)), seconds)
        table.add("pymerkle 1", "pymerkle: append_entry", wall, cpu)
    with pymerkle.SqliteTree(str(folder / "bulk.db")) as tree:
        wall, cpu = steady(lambda: len([tree.append_entries([CONTENT] * BATCH)]) * BATCH, seconds)
        table.add("pymerkle 256", f"pymerkle: append_entries, batches of {BATCH}", wall, cpu)
        while tree.get_size() < leaves:
            tree.append_entries([CONTENT] * min(100_000, leaves - tree.get_size()))
        size, chance = tree.get_size(), random.Random(1)
        chosen = [1 + chance.randrange(size) for _ in range(200)]
        start = time.perf_counter()
        made = [tree.prove_inclusion(index, size) for index in chosen]
        table.add(
            "pymerkle proof", f"pymerkle: inclusion proofs at {size:,}", len(made) / (time.perf_counter() - start)
        )
        bases, root = [tree.get_leaf(index) for index in chosen], tree.get_root(size)
        start = time.perf_counter()
        for base, proof in zip(bases, made, strict=True):
            pymerkle.verify_inclusion(base, root, proof)
        table.add("pymerkle verify", f"pymerkle: verifications at {size:,}", len(made) / (time.perf_counter() - start))
    for ours, theirs in (
        ("sqlite 1", "pymerkle 1"),
        ("sqlite 256", "pymerkle 256"),
        ("proof", "pymerkle proof"),
        ("verify", "pymerkle verify"),
    ):
        table.ratio(ours, theirs)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--leaves", type=int, default=1_000_000)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--postgres", help="address of an empty database")
    parser.add_argument("--smoke", action="store_true", help="small sizes, no limits")
    given = parser.parse_args()
    leaves, seconds = (3000, 0.2) if given.smoke else (given.leaves, given.seconds)
    table = Table()
    print(f"content {len(CONTENT)} bytes, load {os.getloadavg()[0]:.1f}, {os.cpu_count()} cores")
    with tempfile.TemporaryDirectory(prefix="dualtrack-bench-") as name:
        folder = Path(name)
        appends(table, folder, "sqlite", "sqlite:///main.db", seconds)
        reason, binaries = why_not(), find_binaries()
        if given.postgres:
            appends(table, folder, "postgresql", given.postgres, seconds)
        elif reason or binaries is None:
            print(f"PostgreSQL left out: {reason}")
        else:
            cluster = Cluster(binaries)
            try:
                appends(table, folder, "postgresql", cluster.url(), seconds)
            finally:
                cluster.stop()
        proofs(table, folder, leaves)
        peer(table, folder, leaves, seconds)
    missed = [] if given.smoke else table.missed()
    for line in missed:
        print(f"limit missed: {line}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
