"""Show the demo's three uses over many seeds: whether each benefit holds, or fails, whatever the split.

    python scripts/demo_seeds.py [--seeds 10] [--cell-size-min 100]

A seed sets the parts, the model and the draws. The last lines deal the outcomes out at random: no benefit may remain.
"""

from __future__ import annotations

import argparse
import time
from typing import TYPE_CHECKING

from dualtrack.evidence.demo.measuring import UseResult, measure_use
from dualtrack.evidence.demo.portfolio import Portfolio, load_portfolio
from dualtrack.evidence.demo.uses import USES, Use

if TYPE_CHECKING:
    from collections.abc import Iterable


def show(use: Use, results: Iterable[UseResult]) -> None:
    """Print one line a seed and a summary of the interval's limits."""
    kept = list(results)
    for result in kept:
        benefit, auc = result.benefit, result.discrimination_difference
        print(
            f"  seed {result.seed:3d}{' shuffled' if result.shuffled else ''}: benefit {benefit.estimate:+.4f} "
            f"[{benefit.low:+.4f}, {benefit.high:+.4f}] {benefit.outcome}, power {benefit.facts['power_at_declared_effect']:.2f}, "
            f"detectable {benefit.facts['detectable_effect']:.4f}; AUC {auc.statistics['auc']:.3f} against {auc.statistics['auc_baseline']:.3f}"
        )
    lows, highs = [result.benefit.low or 0.0 for result in kept], [result.benefit.high or 0.0 for result in kept]
    above, reached = sum(low > 0 for low in lows), sum(low >= use.plan.effect for low in lows)
    print(
        f"  low {min(lows):+.4f} to {max(lows):+.4f}, high {min(highs):+.4f} to {max(highs):+.4f}; above zero in {above} of {len(kept)}, "
        f"low limit reaches the declared {use.plan.effect:g} in {reached}"
    )


def main() -> None:
    """Measure every use over the seeds."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--cell-size-min", type=int, default=100)
    options = parser.parse_args()
    book: Portfolio = load_portfolio()
    for use in USES:
        start = time.process_time()
        print(f"{use.slug}: {use.claim.en}")
        runs = (measure_use(use, book, seed=seed, cell_size_min=options.cell_size_min) for seed in range(options.seeds))
        show(use, runs)
        print(f"  {(time.process_time() - start) / options.seeds:.2f} cpu-s a seed")
        show(
            use,
            (
                measure_use(use, book, seed=seed, cell_size_min=options.cell_size_min, shuffled=True)
                for seed in range(3)
            ),
        )


if __name__ == "__main__":
    main()
