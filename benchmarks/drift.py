"""Drift of 20 columns (14 numbers, 6 categories) between two samples of a million rows, beside Evidently where it is named.

    python benchmarks/drift.py [--rows 1000000] [--peer INTERPRETER [--peer-rows 20000]]

`--peer` is the path of a Python that has evidently (with pandas below 3) in an environment of its own. It runs its preset for data
drift on the same rows; at fewer rows ours is measured there too, so that the ratio is of equal work. Ours fixes the edges from the
reference, counts both samples, and estimates stability index, distances and tests with 1,000 draws for intervals, which the peer
does not have. Limit: 3 cpu-s. Each runs in a process of its own. Ends with 1 if the limit is exceeded.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import time

CPU_S_MAX = 3.0
NUMBERS, CATEGORIES, SHIFT = 14, 6, 0.15


def columns(n: int, shift: float, seed: int) -> dict[str, object]:
    """Return 20 columns; three numbers are shifted and one category re-weighted where `shift` is not 0."""
    import numpy as np

    random = np.random.default_rng(seed)
    found: dict[str, object] = {
        f"n{i:02d}": random.normal(loc=shift if i < 3 else 0.0, scale=1 + 0.05 * i, size=n) for i in range(NUMBERS)
    }
    for j in range(CATEGORIES):
        levels = 4 + j
        shares = np.full(levels, 1 / levels)
        if j == 0 and shift:
            shares *= 0.8
            shares[0] += 0.2
        names = np.array([f"v{each}" for each in range(levels)], dtype=object)
        found[f"c{j}"] = names[random.choice(levels, size=n, p=shares)]
    return found


def run_ours(n: int) -> dict[str, object]:
    from dualtrack.evidence.drift.columns import DriftColumns
    from dualtrack.evidence.drift.exact import DriftKsExact, KsSettings
    from dualtrack.evidence.drift.settings import reference_edges
    from dualtrack.evidence.measure import Estimating
    from dualtrack.evidence.sample import Roles, Sample

    old, new, digest = columns(n, 0.0, 3), columns(n, SHIFT, 4), "0" * 64
    roles, how = Roles(features=tuple(old)), Estimating(data_digest=digest)
    sample = Sample(new, roles, digest, Sample(old, roles, digest))
    measure, start = DriftColumns(), time.process_time()
    settings = reference_edges(old)
    found = measure.estimate(measure.gather(sample, settings), settings, how)
    cpu_s = time.process_time() - start
    exact, start = DriftKsExact(), time.process_time()
    numbers = KsSettings(columns=tuple(each.column for each in settings.numbers))
    exact.estimate(exact.gather(sample, numbers), numbers, how)
    moved = sorted(part.label for part in found[0].parts if found[0].facts[f"p_holm: {part.label}"] <= 0.05)
    return {"cpu_s": cpu_s, "exact_cpu_s": time.process_time() - start, "moved": moved}


def run_evidently(n: int) -> dict[str, object]:
    import warnings

    warnings.filterwarnings("ignore")
    import evidently
    import pandas as pd
    from evidently import DataDefinition, Dataset, Report
    from evidently.presets import DataDriftPreset

    old, new = pd.DataFrame(columns(n, 0.0, 3)), pd.DataFrame(columns(n, SHIFT, 4))
    roles = DataDefinition(
        numerical_columns=[name for name in old if name[0] == "n"],
        categorical_columns=[name for name in old if name[0] == "c"],
    )
    start = time.process_time()
    reference, current = (Dataset.from_pandas(each, data_definition=roles) for each in (old, new))
    Report([DataDriftPreset()]).run(current, reference).json()
    return {"cpu_s": time.process_time() - start, "version": evidently.__version__}


def measured_apart(interpreter: str, name: str, n: int) -> dict[str, object]:
    output = subprocess.run(
        [interpreter, __file__, "--only", name, "--rows", str(n)], check=True, capture_output=True, text=True
    )
    return json.loads(output.stdout.splitlines()[-1])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--peer", help="a Python that has evidently")
    parser.add_argument("--peer-rows", type=int, help="rows for the peer, if fewer")
    parser.add_argument("--only", choices=["ours", "evidently"])
    options = parser.parse_args()
    if options.only:
        result = {"ours": run_ours, "evidently": run_evidently}[options.only](options.rows)
        result["rss_mib"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(json.dumps(result))
        return 0
    ours = measured_apart(sys.executable, "ours", options.rows)
    print(
        f"ours: {options.rows} + {options.rows} rows x {NUMBERS + CATEGORIES} columns, intervals by 1,000 draws: "
        f"{ours['cpu_s']:.2f} cpu-s (limit {CPU_S_MAX:g}), peak {ours['rss_mib']:.0f} MiB with both samples, "
        f"load {os.getloadavg()[0]:.1f}"
    )
    print(f"      moved by Holm at 5 %: {', '.join(ours['moved'])}")
    print(f"      exact Kolmogorov-Smirnov from rows, beside it: {ours['exact_cpu_s']:.2f} cpu-s")
    if not options.peer:
        print("evidently: no --peer named, no comparison made")
    else:
        rows = options.peer_rows or options.rows
        theirs = measured_apart(options.peer, "evidently", rows)
        same = ours if rows == options.rows else measured_apart(sys.executable, "ours", rows)
        print(
            f"evidently {theirs['version']}: {rows} + {rows} rows, preset for data drift: {theirs['cpu_s']:.2f} cpu-s, "
            f"peak {theirs['rss_mib']:.0f} MiB; ours on the same rows {same['cpu_s']:.3f}, ratio {theirs['cpu_s'] / same['cpu_s']:.1f}"
        )
    return int(ours["cpu_s"] > CPU_S_MAX)


if __name__ == "__main__":
    sys.exit(main())
