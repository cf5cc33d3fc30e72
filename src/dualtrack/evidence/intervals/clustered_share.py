"""A proportion whose trials come in clusters: exact limits at the effective number of trials.

Trials that come together (an attack in three languages, a duplicate with its twins) say less than their number. The variance is
that of a ratio over clusters. It fails with fewer than CLUSTERS_LEAST clusters. Source: Korn and Graubard (1998), Survey
Methodology 24, 193-201.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from dualtrack.evidence.intervals.clopper_pearson import exact_limits
from dualtrack.evidence.intervals.cluster_t import CLUSTERS_LEAST
from dualtrack.evidence.special import stdtrit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dualtrack.evidence.interval import Interval

__all__ = ["Clusters", "clustered_share"]


class Clusters(NamedTuple):
    """`times` clusters of `size` trials each, with `hits` hits in each of them."""

    hits: int
    size: int
    times: int = 1


def clustered_share(lines: Sequence[Clusters], level: float) -> Interval | None:
    """Return the limits; None for fewer than CLUSTERS_LEAST clusters.

    Where every trial went the same way there is no variance, and each cluster counts as one trial: the cautious end.
    """
    clusters = sum(line.times for line in lines)
    n, hits = (sum(line.times * value for line, value in zip(lines, values, strict=True)) for values in _columns(lines))
    if clusters < CLUSTERS_LEAST:
        return None
    share = hits / n
    effective = float(clusters)
    if 0 < hits < n:
        squares = sum(line.times * (line.hits - share * line.size) ** 2 for line in lines)
        variance = clusters / (clusters - 1) * squares / n**2
        alone = share * (1 - share) / variance if variance > 0 else float(n)
        tail = 0.5 + level / 2
        wider = float(stdtrit(n - 1, tail) / stdtrit(clusters - 1, tail)) ** 2
        effective = max(1.0, min(float(n), alone * wider))
    return exact_limits(share * effective, effective, level)


def _columns(lines: Sequence[Clusters]) -> tuple[list[int], list[int]]:
    return [line.size for line in lines], [line.hits for line in lines]
