"""Reasons for many rows: LightGBM's own `pred_contrib`, our path over the same booster, and an additive model's tables.

CPU seconds on one thread, the least of the repeats, all in this process and run. Ours is timed with the booster's dump and its
compilation (once a release), and without them (each further call). What both give is compared first. The limit: no slower than `pred_contrib`.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import sys
import tempfile
import time
from pathlib import Path

import lightgbm
import numpy as np

from dualtrack.evidence.adapters.boosters import BoosterScorer
from dualtrack.evidence.adapters.opening import open_model

RELEASE = "0" * 64
FEATURES = 30
LIMIT = 1.0


def table(rows: int, seed: int = 1):
    draws = np.random.default_rng(seed)
    values = draws.normal(size=(rows, FEATURES))
    values[draws.random(values.shape) < 0.02] = np.nan
    known = np.nan_to_num(values)
    return values, known[:, 0] + known[:, 1] * known[:, 2] + draws.normal(size=rows) > 0


def train(rows: int, trees: int, leaves: int):
    values, label = table(rows)
    parameters = {"objective": "binary", "num_leaves": leaves, "verbosity": -1, "num_threads": 1, "seed": 1}
    return lightgbm.train(parameters, lightgbm.Dataset(values, label=label), trees)


def timed(work, repeats: int):
    """Return the least CPU seconds and the last result."""
    least, result = float("inf"), None
    for _ in range(repeats):
        started = time.process_time()
        result = work()
        least = min(least, time.process_time() - started)
    return least, result


def additive(bins: int):
    """Return an additive artifact of as many features, each with that many bins."""
    draws = np.random.default_rng(3)
    says = {"en": "a field", "zh-Hant": "欄位"}
    features = [
        {"name": f"f{place}", "cuts": np.linspace(-2, 2, bins - 1).tolist(), "points": draws.normal(size=bins).tolist(),
         "missing": 0.0, "says": says}
        for place in range(FEATURES)
    ]  # fmt: skip
    card = {"format": "dualtrack.additive/1", "intercept": 0.0, "link": "logit", "features": features, "reasons": 3}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.json"
        path.write_text(json.dumps(card))
        return open_model(str(path), digest=hashlib.sha256(path.read_bytes()).hexdigest())


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--trees", type=int, default=200)
    parser.add_argument("--leaves", type=int, default=31)
    parser.add_argument("--repeats", type=int, default=3)
    asked = parser.parse_args()
    booster = train(20_000 if asked.rows >= 10_000 else 2_000, asked.trees, asked.leaves)
    rows, _ = table(asked.rows, seed=2)

    theirs, expected = timed(lambda: booster.predict(rows, pred_contrib=True, num_threads=1), 1)
    first, _ = timed(lambda: BoosterScorer(booster, release_digest=RELEASE).contributions(rows), asked.repeats)
    scorer = BoosterScorer(booster, release_digest=RELEASE)
    scorer.contributions(rows[:1])
    later, found = timed(lambda: scorer.contributions(rows), asked.repeats)
    difference = float(np.abs(found.values - expected[:, :-1]).max())
    tables = additive(64)
    points, _ = timed(lambda: tables.contributions(rows), asked.repeats)

    print(
        f"{asked.rows} rows x {FEATURES} features, {asked.trees} trees of {asked.leaves} leaves; load {os.getloadavg()[0]:.2f}"
    )
    print(f"pred_contrib                         {theirs:9.3f} cpu-s")
    print(f"ours, compiling included             {first:9.3f} cpu-s   ratio {first / theirs:.3f}")
    print(f"ours, compiled                       {later:9.3f} cpu-s   ratio {later / theirs:.3f}")
    print(f"largest difference of a contribution {difference:9.1e}")
    print(f"additive tables of 64 bins           {points:9.3f} cpu-s")
    assert difference < 1e-9, "the two ways differ"
    return 0 if first / theirs <= LIMIT else 1


if __name__ == "__main__":
    sys.exit(main())
