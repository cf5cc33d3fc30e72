"""Inclusion proofs at a million leaves: time to make one from SQLite tiles and to verify one, and appends in memory.

    python benchmarks/ledger_proofs.py [LEAVES]

The tree's leaves are made up; the tiles are kept as a store keeps them. Each figure is the best of three rounds.
"""

import random
import sqlite3
import sys
import time

from dualtrack.ledger.merkle import leaf_hash, verify_inclusion
from dualtrack.ledger.tiles import Frontier, TileTree

PROOFS = 2_000
BATCH = 256


def build(leaves, database):
    """Append the leaves in batches, as group commit does, and return the frontier with the seconds it took."""
    frontier, spent = Frontier(), 0.0
    for start in range(0, leaves, BATCH):
        hashes = [leaf_hash(b"%d" % number) for number in range(start, min(start + BATCH, leaves))]
        begun = time.perf_counter()
        tiles = frontier.extend(hashes)
        frontier.root()
        spent += time.perf_counter() - begun
        database.executemany("insert into tile values (?, ?, ?)", [(t.level, t.index, t.data) for t in tiles])
    database.executemany("insert into tile values (?, ?, ?)", [(t.level, t.index, t.data) for t in frontier.edge()])
    database.commit()
    return frontier, spent


def best_of_three(work):
    """Return the least seconds of three runs."""
    times = []
    for _ in range(3):
        begun = time.perf_counter()
        work()
        times.append(time.perf_counter() - begun)
    return min(times)


def main():
    leaves = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    database = sqlite3.connect(":memory:")
    database.execute("create table tile (level int, number int, data blob, primary key (level, number)) without rowid")
    frontier, spent = build(leaves, database)
    root = frontier.root()
    query = "select data from tile where level = ? and number = ?"

    def read(level, index):
        return database.execute(query, (level, index)).fetchone()[0]

    picks = random.Random(1).choices(range(leaves), k=PROOFS)
    cold = best_of_three(lambda: [TileTree(read).inclusion_proof(index, leaves) for index in picks[:200]]) / 200
    tree = TileTree(read)
    warm = best_of_three(lambda: [tree.inclusion_proof(index, leaves) for index in picks]) / PROOFS
    cases = [(index, leaves, leaf_hash(b"%d" % index), tree.inclusion_proof(index, leaves), root) for index in picks]
    check = best_of_three(lambda: [verify_inclusion(*case) for case in cases]) / PROOFS
    consistency = best_of_three(lambda: [TileTree(read).consistency_proof(index + 1, leaves) for index in picks[:200]])
    print(f"leaves {leaves}")
    print(f"append (extend and root per batch of {BATCH}, in memory): {leaves / spent:,.0f}/s")
    print(f"inclusion proof, nothing remembered: {cold * 1e3:.3f} ms; in one TileTree: {warm * 1e3:.3f} ms")
    print(f"consistency proof, nothing remembered: {consistency / 200 * 1e3:.3f} ms")
    print(f"inclusion verified: {1 / check:,.0f}/s ({check * 1e6:.1f} us each)")
    copies = best_of_three(lambda: [frontier.copy() for _ in range(1000)]) / 1000
    resume = best_of_three(lambda: Frontier.resume(leaves, read, root))
    print(f"frontier copied: {copies * 1e6:.1f} us; resumed from tiles: {resume * 1e3:.2f} ms")


if __name__ == "__main__":
    main()
