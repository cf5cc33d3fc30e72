"""Shares with an interval that knows that wordings of one question are not independent."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from dualtrack.errors import EvidenceError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["INTERVAL_METHOD", "Share", "clustered_share", "wilson"]

INTERVAL_METHOD = (
    "Wilson score interval, 95 %, with n divided by the design effect of clusters, a case in one language "
    "(Rao and Scott, 1992); where all or none succeed, n is the number of clusters"
)

_Z = 1.959963984540054


class Share(NamedTuple):
    """A share of `n` with its interval; `effective` is the n that the interval was computed with."""

    estimate: float
    low: float
    high: float
    n: int
    hits: int
    clusters: int
    effective: float


def wilson(estimate: float, n: float) -> tuple[float, float]:
    """Return the 95 % score interval (Wilson, 1927) of a share; it never leaves 0 to 1 and always holds the share."""
    if n <= 0:
        raise EvidenceError("a share of nothing", where="interval", fix="ask more questions")
    square = _Z * _Z
    centre = (estimate + square / (2 * n)) / (1 + square / n)
    half = _Z * math.sqrt(estimate * (1 - estimate) / n + square / (4 * n * n)) / (1 + square / n)
    return max(0.0, min(estimate, centre - half)), min(1.0, max(estimate, centre + half))


def clustered_share(cases: Sequence[tuple[int, int]]) -> Share:
    """Return the share of hits over cases of (hits, tries); raises EvidenceError where nothing was tried."""
    cases = [case for case in cases if case[1]]
    hits, n, clusters = sum(hit for hit, _ in cases), sum(tries for _, tries in cases), len(cases)
    if not n:
        raise EvidenceError("nothing was measured", where="share", expected="at least one answer")
    estimate = hits / n
    effective = float(n)
    if hits in {0, n} or clusters == 1:
        effective = float(clusters)
    else:
        between = clusters / (clusters - 1) * sum((hit - estimate * tries) ** 2 for hit, tries in cases) / n**2
        effective = n / max(1.0, between / (estimate * (1 - estimate) / n))
    low, high = wilson(estimate, effective)
    return Share(estimate, low, high, n, hits, clusters, effective)
