"""Show the demo's three uses over many seeds: whether each benefit holds, or fails, whatever the split.

    python scripts/demo_seeds.py [--seeds 10]

A seed sets the parts, the model and the draws. The last lines deal the outcomes out at random: no benefit may remain.
"""

from __future__ import annotations

import argparse
import time
from typing import TYPE_CHECKING

from dualtrack.evidence.demo.measuring import measure_use
from dualtrack.evidence.demo.portfolio import load_portfolio
from dualtrack.evidence.demo.uses import USES, Use
from dualtrack.evidence.plans.running import gated_measurement

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dualtrack.evidence.measurement import Measurement
    from dualtrack.evidence.plans.records import MeasurementResult

ITEMS = frozenset({"benefit", "order"})


def principal(results: dict[str, MeasurementResult], item: str) -> Measurement:
    """Return the measurement that an item's threshold is about."""
    measured = gated_measurement(results[item])
    assert measured is not None, results[item].reason
    return measured


def show(use: Use, runs: Iterable[tuple[int, dict[str, MeasurementResult]]]) -> None:
    """Print one line a seed and a summary of the interval's limits."""
    kept = [(seed, principal(results, "benefit"), principal(results, "order")) for seed, results in runs]
    for seed, benefit, order in kept:
        print(
            f"  seed {seed:3d}: benefit {benefit.estimate:+.4f} [{benefit.low:+.4f}, {benefit.high:+.4f}] {benefit.outcome}, "
            f"power {benefit.facts['power_at_declared_effect']:.2f}, detectable {benefit.facts['detectable_effect']:.4f}; "
            f"AUC {order.estimate:.3f}"
        )
    lows, highs = [benefit.low or 0.0 for _, benefit, _ in kept], [benefit.high or 0.0 for _, benefit, _ in kept]
    above, reached = sum(low > 0 for low in lows), sum(low >= use.plan.effect for low in lows)
    print(
        f"  low {min(lows):+.4f} to {max(lows):+.4f}, high {min(highs):+.4f} to {max(highs):+.4f}; above zero in {above} of {len(kept)}, "
        f"low limit reaches the declared {use.plan.effect:g} in {reached}"
    )


def main() -> None:
    """Measure every use over the seeds."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=10)
    options = parser.parse_args()
    book = load_portfolio()
    for use in USES:
        start = time.process_time()
        print(f"{use.slug}: {use.claim.en}")
        show(use, ((seed, measure_use(use, book, seed=seed, only=ITEMS)) for seed in range(options.seeds)))
        print(f"  {(time.process_time() - start) / options.seeds:.2f} cpu-s a seed; outcomes dealt out at random:")
        show(use, ((seed, measure_use(use, book, seed=seed, shuffled=True, only=ITEMS)) for seed in range(3)))


if __name__ == "__main__":
    main()
