"""Cluster-robust Student interval of a mean over rows: clusters' residuals, and as many degrees as clusters less one.

It fails with fewer than CLUSTERS_LEAST clusters and where clusters do not differ. With few clusters of unequal size it is still
somewhat too narrow. Sources: Cochran (1977), Sampling Techniques, section 9A; Cameron and Miller (2015), Journal of Human
Resources 50, 317-372, section VI.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from dualtrack.errors import FieldError
from dualtrack.evidence.intervals.answer import Answer, NoInterval
from dualtrack.evidence.intervals.student import student_limits
from dualtrack.evidence.measurement import LEVEL
from dualtrack.evidence.numeric import np
from dualtrack.evidence.power import no_spread

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["CLUSTERS_LEAST", "cluster_t"]

CLUSTERS_LEAST = 2
"""Fewest clusters that have a variance."""


def cluster_t(sizes: NDArray[np.float64], sums: NDArray[np.float64], *, level: float = LEVEL) -> Answer:
    """Return the limits of sum(sums) / sum(sizes), one size and sum a cluster; fails with `too few clusters` or `no spread`."""
    if len(sizes) != len(sums) or (len(sizes) and sizes.min() <= 0):
        raise FieldError("sizes and sums do not fit", where="cluster_t", expected="one size above 0 and one sum each")
    clusters = len(sizes)
    if clusters < CLUSTERS_LEAST:
        return NoInterval("too few clusters")
    rows = float(sizes.sum())
    mean = float(sums.sum()) / rows
    residual = sums - mean * sizes
    error = math.sqrt(clusters / (clusters - 1) * float((residual**2).sum())) / rows
    if no_spread(error, scale=float(np.abs(sums / sizes).max()) or 1.0):
        return NoInterval("no spread")
    return student_limits(mean, error, clusters - 1, level)
