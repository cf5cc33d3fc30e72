"""Full fairness assessment of a million rows from counts, beside the point metrics of fairlearn and AIF360 where they are importable.

    python benchmarks/fairness.py [--rows 1000000] [--fairlearn-rows 20000] [--smoke]

Ours: the measures `fairness.groups` (2 attributes and their intersection, 6 rates, 1,000 draws) and `fairness.frontier` (thresholds
at 1,000 edges by each attribute, 20 bounds, 1,000 draws), from columns to measurements. fairlearn: the same 6 rates and their gaps,
points only, no draws, no frontier, on fewer rows because a million take it about a minute; its time is also shown scaled to the same
rows, marked as scaled. AIF360: 6 point metrics of each attribute alone, on all rows, data set building included. Limits: 1 cpu-s and
400 MiB for ours. Each runs in a process of its own, so that peak memory is its own. Ends with 1 if a limit is exceeded.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
import warnings
from importlib.util import find_spec

CPU_S_MAX = 1.0
RSS_MIB_MAX = 400.0
DRAWS = 1_000
BY = (("sex",), ("age",), ("sex", "age"))
SMOKE_ROWS = 20_000
SMOKE_PEER_ROWS = 1_000


def columns(n: int):
    """Return label, decision, score and two attributes (2 and 5 levels) with a real gap between the sexes."""
    import numpy as np

    random = np.random.Generator(np.random.PCG64(1))
    sex, age = random.integers(0, 2, n, dtype=np.int8), random.integers(0, 5, n, dtype=np.int8)
    label = random.random(n, dtype=np.float32) < 0.22
    score = 0.55 * random.random(n, dtype=np.float32) + 0.3 * label + 0.1 * sex
    return {
        "label": label.astype(np.int8),
        "decision": (score >= 0.5).astype(np.int8),
        "score": score.astype(np.float64),
        "sex": sex,
        "age": age,
    }


def run_ours(n: int) -> dict[str, float]:
    from dualtrack.evidence.fairness.frontier import Frontier, FrontierSettings
    from dualtrack.evidence.fairness.group_rates import GroupRates, GroupSettings
    from dualtrack.evidence.measure import Estimating
    from dualtrack.evidence.sample import Roles, make_sample

    data = columns(n)
    roles = Roles(label="label", decision="decision", score="score", attributes=("sex", "age"))
    start = time.process_time()
    sample = make_sample(data, roles)
    digested = time.process_time()
    how = Estimating(data_digest=sample.digest, draws=DRAWS)
    groups, frontier = GroupRates(), Frontier()
    asked, traded = GroupSettings(), FrontierSettings(bound=0.02)
    counted = groups.gather(sample, asked), frontier.gather(sample, traded)
    gathered = time.process_time()
    measured = groups.estimate(counted[0], asked, how), frontier.estimate(counted[1], traded, how)
    end = time.process_time()
    gap = next(each for each in measured[0] if each.facts["rate"] == "true_positive_rate")
    return {
        "cpu_s": end - digested,
        "digest_cpu_s": digested - start,
        "gather_cpu_s": gathered - digested,
        "estimate_cpu_s": end - gathered,
        "gap_tpr_sex": gap.estimate,
        "low": gap.low,
        "high": gap.high,
        "measurements": len(measured[0]) + len(measured[1]),
    }


def run_fairlearn(n: int) -> dict[str, float]:
    import numpy as np
    from fairlearn.metrics import (
        MetricFrame,
        false_negative_rate,
        false_positive_rate,
        selection_rate,
        true_positive_rate,
    )
    from sklearn.metrics import accuracy_score, precision_score

    data = columns(n)
    metrics = {
        "sel": selection_rate,
        "tpr": true_positive_rate,
        "fpr": false_positive_rate,
        "fnr": false_negative_rate,
        "pre": precision_score,
        "acc": accuracy_score,
    }
    start = time.process_time()
    frames = {
        by: MetricFrame(
            metrics=metrics,
            y_true=data["label"],
            y_pred=data["decision"],
            sensitive_features=np.column_stack([data[name] for name in by]),
        )
        for by in BY
    }
    gaps = {by: frame.difference() for by, frame in frames.items()}
    return {"cpu_s": time.process_time() - start, "gap_tpr_sex": float(gaps["sex",]["tpr"])}


def run_aif360(n: int) -> dict[str, float]:
    import pandas as pd

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from aif360.datasets import BinaryLabelDataset
        from aif360.metrics import ClassificationMetric

        data = columns(n)
        start = time.process_time()
        frame = pd.DataFrame({name: data[name].astype(float) for name in ("sex", "age", "label")})
        truth = BinaryLabelDataset(df=frame, label_names=["label"], protected_attribute_names=["sex", "age"])
        predicted = truth.copy()
        predicted.labels = data["decision"].astype(float).reshape(-1, 1)
        found = {}
        for name in ("sex", "age"):
            metric = ClassificationMetric(
                truth, predicted, unprivileged_groups=[{name: 0.0}], privileged_groups=[{name: 1.0}]
            )
            found[name] = (
                metric.statistical_parity_difference(),
                metric.equal_opportunity_difference(),
                metric.false_positive_rate_difference(),
                metric.false_negative_rate_difference(),
                metric.accuracy(),
                metric.precision(),
            )
        return {"cpu_s": time.process_time() - start, "gap_tpr_sex": abs(float(found["sex"][1]))}


RUNS = {"ours": run_ours, "fairlearn": run_fairlearn, "aif360": run_aif360}


def measured_apart(name: str, n: int) -> dict[str, float]:
    output = subprocess.run(
        [sys.executable, __file__, "--only", name, "--rows", str(n)], check=True, capture_output=True, text=True
    )
    return json.loads(output.stdout.splitlines()[-1])


def beside(name: str, rows: int, wanted: int, ours: dict[str, float]) -> None:
    if find_spec(name) is None:
        print(f"{name}: not importable here, no comparison made")
        return
    theirs = measured_apart(name, rows)
    same = ours if rows == wanted else measured_apart("ours", rows)
    print(f"{name}: {rows} rows, points only: {theirs['cpu_s']:.2f} cpu-s, peak {theirs['rss_mib']:.0f} MiB")
    print(
        f"      true positive rate gap by sex on the same rows: {theirs['gap_tpr_sex']:.9f}, ours {same['gap_tpr_sex']:.9f}"
    )
    scaled = theirs["cpu_s"] * wanted / rows
    how = "" if rows == wanted else f" (scaled from {rows} rows)"
    print(
        f"      {wanted} rows{how}: {scaled:.2f} cpu-s for points there, {ours['cpu_s']:.3f} for points, draws and frontier here; "
        f"ratio {scaled / ours['cpu_s']:.1f}"
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--fairlearn-rows", type=int, default=20_000)
    parser.add_argument("--smoke", action="store_true", help="few rows, to see that it runs")
    parser.add_argument("--only", choices=list(RUNS))
    options = parser.parse_args()
    if options.only:
        result = RUNS[options.only](options.rows)
        result["rss_mib"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(json.dumps(result))
        return 0
    rows, peer_rows = (SMOKE_ROWS, SMOKE_PEER_ROWS) if options.smoke else (options.rows, options.fairlearn_rows)
    ours = measured_apart("ours", rows)
    print(
        f"ours: {rows} rows x 2 attributes and their intersection, 6 rates, {DRAWS} draws, frontier of all thresholds: "
        f"{ours['cpu_s']:.3f} cpu-s, peak {ours['rss_mib']:.0f} MiB (limits {CPU_S_MAX:g} and {RSS_MIB_MAX:g})"
    )
    print(
        f"      counting {ours['gather_cpu_s']:.3f}, {ours['measurements']:.0f} measurements {ours['estimate_cpu_s']:.3f}; "
        f"digest of the data, once a run for all measures, {ours['digest_cpu_s']:.3f} more"
    )
    print(f"      true positive rate gap by sex {ours['gap_tpr_sex']:.6f} [{ours['low']:.6f}, {ours['high']:.6f}]")
    beside("fairlearn", peer_rows, rows, ours)
    beside("aif360", rows, rows, ours)
    return int(ours["cpu_s"] > CPU_S_MAX or ours["rss_mib"] > RSS_MIB_MAX)


if __name__ == "__main__":
    sys.exit(main())
