"""Intervals of a proportion: Wilson's score, Clopper and Pearson's exact one, one for clusters, and the rule of three.

Wilson is the everyday one. Clopper-Pearson never covers less than it says, so it is used where the count may be nought and
what it stands for is harm. Rows that come in clusters (an attack in three languages, a duplicate with its twins) say less than
their number: their effective number is put into the exact limits. Sources: Wilson (1927), JASA 22, 209-212; Clopper and
Pearson (1934), Biometrika 26, 404-413; Korn and Graubard (1998), Survey Methodology 24, 193-201; Hanley and
Lippman-Hand (1983), JAMA 249, 1743-1745 (rule of three).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from scipy.special import betaincinv, stdtrit

from dualtrack.errors import FieldError
from dualtrack.evidence.interval import Interval
from dualtrack.evidence.quantiles import z_two_sided

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "CLUSTERS_LEAST",
    "RULE_OF_THREE",
    "Clusters",
    "clopper_pearson",
    "clustered",
    "trials_for_limit",
    "upper_limit",
    "wilson",
]

RULE_OF_THREE = 3
"""With nothing found in n independent trials, about 3 / n is the upper 95 % limit."""

CLUSTERS_LEAST = 2
"""Fewest clusters that give a variance."""


class Clusters(NamedTuple):
    """`times` clusters of `size` trials each, with `hits` hits in each of them."""

    hits: int
    size: int
    times: int = 1


def wilson(hits: int, n: int, level: float) -> Interval:
    """Return Wilson's score interval of `hits` among `n` independent trials."""
    _check(hits, n)
    z = z_two_sided(level)
    share, spread = hits / n, z * z / n
    middle = share + spread / 2
    half = z * math.sqrt(share * (1 - share) / n + spread / (4 * n))
    low, high = (middle - half) / (1 + spread), (middle + half) / (1 + spread)
    # At the ends the limit is the share itself; rounding must not move it past.
    return Interval(0.0 if hits == 0 else max(0.0, low), 1.0 if hits == n else min(1.0, high))


def clopper_pearson(hits: float, n: float, level: float) -> Interval:
    """Return the exact interval; `hits` and `n` need not be whole where they are effective numbers."""
    _check(hits, n)
    tail = (1 - level) / 2
    low = 0.0 if hits <= 0 else float(betaincinv(hits, n - hits + 1, tail))
    high = 1.0 if hits >= n else float(betaincinv(hits + 1, n - hits, 1 - tail))
    return Interval(low, high)


def upper_limit(hits: int, n: int, level: float) -> float:
    """Return the exact one-sided upper limit: with no hits, 1 - (1 - level)^(1/n)."""
    _check(hits, n)
    return 1.0 if hits == n else float(betaincinv(hits + 1, n - hits, level))


def trials_for_limit(limit: float, level: float) -> int:
    """Return the trials without a hit after which the two-sided exact interval ends at or below `limit`."""
    if not 0 < limit < 1:
        raise FieldError(f"limit {limit}", where="proportion", expected="between 0 and 1")
    return math.ceil(math.log((1 - level) / 2) / math.log1p(-limit))


def clustered(lines: Sequence[Clusters], level: float) -> Interval | None:
    """Return the exact interval at the effective number of trials; None for fewer than CLUSTERS_LEAST clusters.

    The variance is that of a ratio over clusters. Where every trial went the same way there is none, and each cluster counts
    as one trial: the cautious end.
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
    return clopper_pearson(share * effective, effective, level)


def _columns(lines: Sequence[Clusters]) -> tuple[list[int], list[int]]:
    return [line.size for line in lines], [line.hits for line in lines]


def _check(hits: float, n: float) -> None:
    if not (n > 0 and 0 <= hits <= n):
        raise FieldError(f"{hits} of {n}", where="proportion", expected="0 to n hits of at least one trial")
