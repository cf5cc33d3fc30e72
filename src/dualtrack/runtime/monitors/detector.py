"""Detection of a changed share, with a mean time to a false alarm that is proven and not simulated.

For each window of n cases with k hits, a likelihood ratio of a share beyond the reference's limit against that limit is an
e-value: its mean is at most 1 for every share within the limits. The Shiryaev-Roberts sum R <- (1 + R) L of such ratios has
E[R at window t] <= t, so the mean number of windows until R first reaches c is at least c, whatever the sizes of the windows;
an average over several ratios and both directions keeps that. Sources: Shiryaev (1963), Theory of Probability and its Applications
8, 22-46; Roberts (1966), Technometrics 8, 411-430; Shin, Ramdas and Rinaldo (2024), E-detectors, New England Journal of
Statistics in Data Science 2, 229-260. The reference's limits are those of Chernoff (1952), Annals of Mathematical Statistics 23,
493-507; Hoeffding (1963), Journal of the American Statistical Association 58, theorem 1: they hold for any number of cases.

It assumes that while nothing changes, the chance of a hit stays within the limits in every window, whatever came before.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["MICRONATS", "Alternative", "Limits", "alternatives", "evidence_log", "reference_limits", "updated"]

MICRONATS = 1_000_000
"""Evidence is kept as whole millionths of a natural logarithm, rounded down: an alarm can come later by that, never earlier."""

_STEPS = 60
_NARROW = 1e-9


class Limits(NamedTuple):
    """Between which shares the reference's truth lies."""

    low: float
    high: float


class Alternative(NamedTuple):
    """A share beyond a limit: logarithms of the likelihood ratio of a hit and of a miss."""

    hit: float
    miss: float


def reference_limits(hits: int, n: int, risk: float) -> Limits:
    """Return limits that hold the true share except with probability `risk`, half on either side; (0, 1) without a case."""
    if n == 0:
        return Limits(0.0, 1.0)
    bound, share = math.log(2 / risk) / n, hits / n
    return Limits(_limit(share, 0.0, bound), _limit(share, 1.0, bound))


def alternatives(limits: Limits, ratios: Sequence[float], *, both: bool) -> tuple[Alternative, ...]:
    """Return what to look for: odds beyond the upper limit by each ratio and, where `both`, below the lower one."""
    found = [_alternative(limits.high, ratio) for ratio in ratios if limits.high < 1 - _NARROW]
    if both:
        found += [_alternative(limits.low, 1 / ratio) for ratio in ratios if limits.low > _NARROW]
    return tuple(found)


def updated(evidence: Sequence[int], found: Sequence[Alternative], hits: int, n: int) -> tuple[int, ...]:
    """Return the evidence of each alternative after a window, in millionths of a nat; none, or of others, begins anew."""
    before = evidence if len(evidence) == len(found) else [None] * len(found)
    return tuple(
        math.floor((_log_one_more(old) + hits * each.hit + (n - hits) * each.miss) * MICRONATS)
        for old, each in zip(before, found, strict=True)
    )


def evidence_log(evidence: Sequence[int]) -> float:
    """Return the logarithm of the mean evidence over alternatives; minus infinity before the first window."""
    if not evidence:
        return -math.inf
    top = max(evidence) / MICRONATS
    return top + math.log(math.fsum(math.exp(each / MICRONATS - top) for each in evidence) / len(evidence))


def _alternative(limit: float, ratio: float) -> Alternative:
    share = ratio * limit / (1 - limit + ratio * limit)
    return Alternative(math.log(share / limit), math.log((1 - share) / (1 - limit)))


def _log_one_more(evidence: int | None) -> float:
    """Return log(1 + R) of log R; 0 where R is 0."""
    if evidence is None:
        return 0.0
    value = evidence / MICRONATS
    return value + math.log1p(math.exp(-value)) if value > 0 else math.log1p(math.exp(value))


def _limit(share: float, end: float, bound: float) -> float:
    """Return the share towards `end` whose relative entropy from the observed one is `bound`, by bisection."""
    inner, outer = share, end
    if share == end:
        return end
    for _ in range(_STEPS):
        middle = (inner + outer) / 2
        inner, outer = (middle, outer) if _entropy(share, middle) < bound else (inner, middle)
    return outer


def _entropy(share: float, other: float) -> float:
    first = share * math.log(share / other) if share > 0 else 0.0
    second = (1 - share) * math.log((1 - share) / (1 - other)) if share < 1 else 0.0
    return first + second
