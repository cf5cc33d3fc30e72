"""Percentile bootstrap over whole clusters (customers, analysts, branches), for any function of totals over clusters.

Drawing clusters again is drawing how often each is taken, so one product with the clusters' totals makes all draws. It fails with
fewer than CLUSTERS_LEAST clusters, where the function does not exist in half of the draws or more, and where all draws agree.
One cluster that outweighs the rest is not told by it: look at the largest share.
Sources: Davison and Hinkley (1997), section 3.8; Cameron, Gelbach and Miller (2008), Review of Economics and Statistics 90, 414-427.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dualtrack.evidence.intervals.answer import Answer, NoInterval
from dualtrack.evidence.intervals.multinomial import percentile_answer
from dualtrack.evidence.measurement import LEVEL
from dualtrack.evidence.numeric import np
from dualtrack.evidence.resampling import DRAWS, generator, record_draws

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

__all__ = ["CLUSTERS_LEAST", "cluster_bootstrap"]

CLUSTERS_LEAST = 20
"""Fewest clusters: with fewer, resampling them is known to give intervals that are too narrow (Cameron et al. 2008)."""

_HELD_MAX = 5_000_000


def cluster_bootstrap(
    totals: NDArray[np.float64],
    statistic: Callable[[NDArray[np.float64]], NDArray[np.float64]],
    *,
    seed: int,
    draws: int = DRAWS,
    level: float = LEVEL,
) -> Answer:
    """Return the percentile limits of `statistic`, which maps sums (draws, columns) to (draws,), from totals (clusters, columns).

    Fails with `too few clusters`, `too few defined draws` or `no spread`.
    """
    record_draws(seed, draws)
    clusters = len(totals)
    if clusters < CLUSTERS_LEAST:
        return NoInterval("too few clusters")
    random, even = generator(seed), np.full(clusters, 1 / clusters)
    step = max(1, _HELD_MAX // clusters)
    parts = [
        random.multinomial(clusters, even, size=min(step, draws - start)) @ totals for start in range(0, draws, step)
    ]
    return percentile_answer(statistic(np.concatenate(parts)), level)
