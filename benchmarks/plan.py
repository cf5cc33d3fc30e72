"""The whole standard plan of a 30,000-row credit use, item by item: training, measuring, judging, as the demo's bank registers it.

    python benchmarks/plan.py [--smoke]

Nothing is kept in a ledger. The part of training and the part of measuring are printed apart; the controls train again and are the
largest part of the latter. Baseline beside it: the points alone (AUC, Brier, group rates), by scikit-learn and plain numpy on
the same scores, with no interval, no statistics kept and no control.
"""

import argparse
import os
import time

import numpy as np

from dualtrack.evidence.demo.measuring import prepare_use, use_plan
from dualtrack.evidence.demo.portfolio import load_portfolio
from dualtrack.evidence.demo.uses import EARLY_CONTACT, PROVISIONING
from dualtrack.evidence.plans.running import Asked, run_plan


def points(given):
    """Return AUC, Brier score and selection rates by sex, as a notebook would compute them."""
    from sklearn.metrics import brier_score_loss, roc_auc_score

    features = np.column_stack(
        [given.table[name] for name in given.reference if name in given.table and name not in SKIPPED]
    )
    score = given.model.score(features)
    label = np.asarray(given.table["defaulted"])
    chosen = score >= np.quantile(score, 0.8)
    sex = np.asarray(given.table["sex"])
    rates = [chosen[sex == level].mean() for level in np.unique(sex)]
    return roc_auc_score(label, score), brier_score_loss(label, score), rates


SKIPPED = {"defaulted", "sex", "marital_status", "education", "marriage", "age", "pay_0", "limit_bal"}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--smoke", action="store_true", help="only the items that train nothing again")
    options = parser.parse_args()
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    book = load_portfolio()
    for use in (PROVISIONING, EARLY_CONTACT):
        plan = use_plan(use, f"benchmark/{use.slug}")
        trains = {item.id for item in plan.items if "trainer" in item.settings}
        only = frozenset(item.id for item in plan.items if item.id not in trains) if options.smoke else None
        wall, cpu = time.perf_counter(), time.process_time()
        prepared = prepare_use(use, book, seed=1)
        trained = time.process_time() - cpu
        begun, spent = time.process_time(), {}

        def tell(item, *_, spent=spent):
            spent[item.id] = time.process_time()

        run = run_plan(plan, prepared.given, Asked("0" * 64, None, 1, "2026-01-01T00:00:00Z"), only=only, progress=tell)
        ended = time.process_time()
        stops = [*list(spent.values())[1:], ended]
        cost = {name: stop - start for (name, start), stop in zip(spent.items(), stops, strict=True)}
        print(f"\n{use.slug}: {prepared.n_train} rows trained on, {prepared.n_test} measured, {len(run.results)} items")
        print(
            f"  training {trained:.2f} cpu-s; plan {ended - begun:.2f} cpu-s; together {time.perf_counter() - wall:.2f} s wall"
        )
        for name, seconds in sorted(cost.items(), key=lambda each: -each[1])[:6]:
            print(f"    {name:20s} {seconds:6.2f} cpu-s")
        begun = time.process_time()
        points(prepared.given)
        alone = time.process_time() - begun
        print(f"  points alone {alone:.2f} cpu-s; the plan takes {sum(cost.values()) / alone:.0f} times as long")


if __name__ == "__main__":
    main()
