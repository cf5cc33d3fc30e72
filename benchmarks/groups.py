"""Group metrics: ours with 1,000 bootstrap draws on a million rows, beside fairlearn's point metrics where it is importable.

    python benchmarks/groups.py [--rows 1000000] [--fairlearn-rows 20000]

fairlearn runs on fewer rows, because its point metrics alone take about a minute of processor time on a million; its time is
also shown scaled to the same rows (it grows in proportion), marked as scaled. Limits: 1 cpu-s and 400 MiB for ours.
Each runs in a process of its own, so that peak memory is its own. Ends with 1 if a limit is exceeded.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from importlib.util import find_spec

CPU_S_MAX = 1.0
RSS_MIB_MAX = 400.0
DRAWS = 1_000
BY = (("sex",), ("age",), ("sex", "age"))


def rows(n: int):
    """Return labels, decisions and two attributes (2 and 5 levels) with a real gap between the sexes."""
    import numpy as np

    random = np.random.Generator(np.random.PCG64(1))
    sex, age = random.integers(0, 2, n, dtype=np.int8), random.integers(0, 5, n, dtype=np.int8)
    label = random.random(n, dtype=np.float32) < 0.22
    selected = random.random(n, dtype=np.float32) < 0.1 + 0.4 * label + 0.05 * sex
    return label.astype(np.int8), selected.astype(np.int8), sex, age


def run_ours(n: int) -> dict[str, float]:
    from dualtrack.evidence.cells import count_cells
    from dualtrack.evidence.fairness.groups import measure_groups

    label, selected, sex, age = rows(n)
    start = time.process_time()
    cells = count_cells(label, selected, {"sex": sex, "age": age})
    measured = measure_groups(cells, BY, cell_size_min=30, seed=1, draws=DRAWS)
    cpu_s = time.process_time() - start
    return {"cpu_s": cpu_s, "gap_tpr_sex": measured[1].estimate, "low": measured[1].low, "high": measured[1].high}


def run_fairlearn(n: int) -> dict[str, float]:
    import numpy as np
    from fairlearn.metrics import MetricFrame, false_positive_rate, selection_rate, true_positive_rate
    from sklearn.metrics import accuracy_score, precision_score

    label, selected, sex, age = rows(n)
    metrics = {
        "sel": selection_rate,
        "tpr": true_positive_rate,
        "fpr": false_positive_rate,
        "pre": precision_score,
        "acc": accuracy_score,
    }
    columns = {"sex": sex, "age": age}
    start = time.process_time()
    frames = {
        by: MetricFrame(
            metrics=metrics,
            y_true=label,
            y_pred=selected,
            sensitive_features=np.column_stack([columns[name] for name in by]),
        )
        for by in BY
    }
    gaps = {by: frame.difference() for by, frame in frames.items()}
    return {"cpu_s": time.process_time() - start, "gap_tpr_sex": float(gaps["sex",]["tpr"])}


def measured_apart(name: str, n: int) -> dict[str, float]:
    output = subprocess.run(
        [sys.executable, __file__, "--only", name, "--rows", str(n)], check=True, capture_output=True, text=True
    )
    return json.loads(output.stdout)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--fairlearn-rows", type=int, default=20_000)
    parser.add_argument("--only", choices=["ours", "fairlearn"])
    options = parser.parse_args()
    if options.only:
        result = {"ours": run_ours, "fairlearn": run_fairlearn}[options.only](options.rows)
        result["rss_mib"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(json.dumps(result))
        return 0
    ours = measured_apart("ours", options.rows)
    print(
        f"ours: {options.rows} rows x 2 attributes, 5 rates, 3 views, {DRAWS} draws: "
        f"{ours['cpu_s']:.3f} cpu-s, peak {ours['rss_mib']:.0f} MiB (limits {CPU_S_MAX:g} and {RSS_MIB_MAX:g})"
    )
    print(f"      true positive rate gap by sex {ours['gap_tpr_sex']:.6f} [{ours['low']:.6f}, {ours['high']:.6f}]")
    if find_spec("fairlearn") is None:
        print("fairlearn: not importable here, no comparison made")
    else:
        theirs = measured_apart("fairlearn", options.fairlearn_rows)
        scaled = theirs["cpu_s"] * options.rows / options.fairlearn_rows
        same = measured_apart("ours", options.fairlearn_rows)["gap_tpr_sex"]
        print(
            f"fairlearn: {options.fairlearn_rows} rows (not {options.rows}), points only, no draws: {theirs['cpu_s']:.2f} cpu-s, peak {theirs['rss_mib']:.0f} MiB"
        )
        print(f"      same gap on the same rows: {theirs['gap_tpr_sex']:.6f}, ours {same:.6f}")
        print(
            f"      scaled to {options.rows} rows: {scaled:.1f} cpu-s; ratio {scaled / ours['cpu_s']:.0f} (points there, points and draws here)"
        )
    return int(ours["cpu_s"] > CPU_S_MAX or ours["rss_mib"] > RSS_MIB_MAX)


if __name__ == "__main__":
    sys.exit(main())
