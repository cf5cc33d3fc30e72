"""Price of five controls over a million logged decisions as columns, beside a loop over rows that prices the same way.

    python benchmarks/price.py [--rows 1000000] [--loop-rows 5000]

Ours: counts, prices alone and with the others on, 1,000 draws each, the frontiers of four guards, all thresholds; once with rows
taken as independent and once in clusters of a person. The loop is what a notebook does: for each of 1,000 draws it walks over
resampled rows, for one control and without a frontier; it runs on fewer rows and fewer draws, its time is scaled to ours by both
(it grows in proportion) and marked as scaled. Limit: 10 cpu-s for ours. Ends with 1 if it is exceeded or if the point of the
two differs.
"""

from __future__ import annotations

import argparse
import os
import resource
import sys
import time

CPU_S_MAX = 10.0
DRAWS = 1_000
LOOP_DRAWS = 20
GUARDS = (("block", 20), ("route", 40), ("redact", 60), ("watch", 80))


def columns(n: int):
    """Return decisions with four guard scores that know something of harm, reviews, subjects, and a tenth of truth unknown."""
    import numpy as np

    random = np.random.Generator(np.random.PCG64(1))
    harmful = random.random(n) < 0.02
    table = {"harmful": np.where(random.random(n) < 0.1, -1, harmful).astype(np.int8)}
    for kind, noise in GUARDS:
        score = 100.0 + 300.0 * harmful + random.standard_normal(n) * (100 + noise)
        table[f"score {kind}"] = np.clip(score, 0, 1000).astype(np.int16)
    table["reviewed"] = random.random(n) < 0.05
    table["changed"] = table["reviewed"] & (random.random(n) < 0.05 + 0.6 * harmful)
    table["subject"] = random.integers(0, max(n // 2, 1), n)
    return table


def controls():
    from dualtrack.evidence.pricing.states import Control

    guards = [Control(name=kind, kind=kind, score=f"score {kind}", at=500) for kind, _ in GUARDS]
    return [*guards, Control(name="human_review", kind="review", fires="reviewed", changed="changed")]


def run_ours(table, *, cluster: str | None):
    from dualtrack.evidence.pricing.frontier import frontier_of
    from dualtrack.evidence.pricing.prices import Pricing, price_controls

    start = time.process_time()
    prices = price_controls(table, controls(), cluster=cluster, draws=DRAWS)
    how = Pricing(data_digest="0" * 64, draws=DRAWS)
    frontiers = [frontier_of(item.counts, None, how) for item in prices if item.counts.control.score]
    return time.process_time() - start, prices, frontiers


def run_loop(table, rows: int, draws: int):
    """Price the blocking guard with the others on, row by row; return cpu-s, and the point of what it averts."""
    import random

    names = ["harmful", *(f"score {kind}" for kind, _ in GUARDS), "reviewed", "changed"]
    listed = list(zip(*(table[name][:rows].tolist() for name in names), strict=True))
    chance, start, points = random.Random(1), time.process_time(), []
    for draw in range(draws + 1):
        low = withheld = 0
        for harmful, block, route, _redact, _watch, _reviewed, changed in (
            listed if draw == 0 else chance.choices(listed, k=rows)
        ):
            if block >= 500 and route < 500 and not changed:
                low += harmful == 1
                withheld += harmful != 1
        points.append((1000 * low / rows, 1000 * withheld / rows))
    limits = sorted(point[0] for point in points[1:])
    return time.process_time() - start, points[0][0], (limits[0], limits[-1])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--loop-rows", type=int, default=5_000)
    options = parser.parse_args()
    table = columns(options.rows)
    slowest = 0.0
    for cluster in (None, "subject"):
        cpu_s, prices, frontiers = run_ours(table, cluster=cluster)
        slowest = max(slowest, cpu_s)
        said = "rows independent" if cluster is None else "clusters of a person"
        print(
            f"ours: 5 controls over {options.rows} decisions, {said}, {DRAWS} draws, {len(frontiers)} frontiers of "
            f"{len(frontiers[0].thresholds)} thresholds: {cpu_s:.3f} cpu-s (limit {CPU_S_MAX:g})"
        )
    view = prices[0].marginal.averted
    print(
        f"      the blocking guard averts {view.bound_low:.3f} to {view.bound_high:.3f} [{view.low:.3f}, {view.high:.3f}]"
    )
    rows = min(options.loop_rows, options.rows)
    loop_s, point, _ = run_loop(table, rows, LOOP_DRAWS)
    same = run_ours({name: column[:rows] for name, column in table.items()}, cluster=None)[1][0].marginal.averted
    scaled = loop_s / (LOOP_DRAWS + 1) * (DRAWS + 1) * options.rows / rows
    print(f"loop over rows: 1 control, {rows} decisions, {LOOP_DRAWS} draws, no frontier: {loop_s:.2f} cpu-s")
    print(f"      the same guard on the same rows: {point:.3f}, ours {same.bound_low:.3f}")
    print(
        f"      scaled to {options.rows} decisions, {DRAWS} draws and 5 controls: {5 * scaled:,.0f} cpu-s; "
        f"ratio {5 * scaled / slowest:,.0f}"
    )
    print(f"peak {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB; load {os.getloadavg()[0]:.1f}")
    return int(slowest > CPU_S_MAX or abs(point - same.bound_low) > 1e-9)


if __name__ == "__main__":
    sys.exit(main())
