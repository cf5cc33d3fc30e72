"""From counts and weights to a price with its interval: bounds over what nobody knows, and the chance of the sample.

What is unknown is never taken for harmless: each estimate has a low bound, every unknown item counted as the truth that makes it
smallest, and a high bound likewise. The interval reaches from the lower limit of the low bound to the upper limit of the high
one, and so holds the truth at least as often as it says (Imbens and Manski 2004, Econometrica 72, section 2).
Chance: multinomial draws over the cells, percentile limits (Efron and Tibshirani 1993, chapter 13); in clusters the variance of
a ratio over clusters with Student's quantile (Cochran 1977, section 9A). Where fewer than ten items stand behind a side, draws
understate what was not seen, so the exact limits of Clopper and Pearson (1934), Biometrika 26, 404-413 are taken as well.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from dualtrack.evidence.interval import Interval
from dualtrack.evidence.intervals.clopper_pearson import clopper_pearson
from dualtrack.evidence.numeric import np
from dualtrack.evidence.pricing.counts import CELLS, ControlCounts, cell_parts
from dualtrack.evidence.pricing.states import HARMFUL, LOOKED, PASSED, STOPPED, UNKNOWN
from dualtrack.evidence.pricing.values import PER_DECISIONS
from dualtrack.evidence.quantiles import student_quantile, z_two_sided
from dualtrack.evidence.resampling import generator, percentiles

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dualtrack.evidence.pricing.values import Worth

__all__ = [
    "FEW_EVENTS",
    "UNITS_LEAST",
    "Effect",
    "Tracks",
    "Weights",
    "acts",
    "decisions_needed",
    "effect_of",
    "track_weights",
]

FEW_EVENTS = 10
"""Items behind one side of a price below which the exact limits are taken too."""

_DECISIONS_MAX = 1_000_000_000
_NEEDED_PRECISION = 0.01

UNITS_LEAST = 2
"""Fewest clusters that give a variance."""


class Weights(NamedTuple):
    """What a decision of each cell adds, with everything unknown as low and as high as it can be; arrays of fifty-four."""

    low: NDArray[np.float64]
    high: NDArray[np.float64]


class Tracks(NamedTuple):
    """Weights of harm averted, benefit withheld, work of people that changed something, and the balance of the three."""

    averted: Weights
    withheld: Weights
    work: Weights
    net: Weights


class Effect(NamedTuple):
    """Per 1,000 decisions: the bounds over what is unknown, and the interval around both."""

    bound_low: float
    bound_high: float
    low: float
    high: float

    @property
    def estimate(self) -> float:
        """The middle of the bounds: the estimate itself where everything is known."""
        return min(max((self.bound_low + self.bound_high) / 2, self.low), self.high)


def acts(*, alone: bool) -> NDArray[np.bool_]:
    """Return the cells in which the setting makes a difference: alone, or with the other controls left on."""
    parts = cell_parts()
    differs: NDArray[np.bool_] = parts.on != parts.against
    return differs if alone else differs & (parts.others == 0)


def track_weights(worth: Worth, *, alone: bool) -> Tracks:
    """Return the weights of a control, alone or with the other controls left on, before scaling to 1,000 decisions."""
    parts, counted = cell_parts(), acts(alone=alone)
    by_truth = []
    for harmful in (False, True):
        on, against = (_values(state, worth, harmful=harmful) for state in (parts.on, parts.against))
        by_truth.append(on - against)
    truth = np.where(parts.truth == HARMFUL, by_truth[1], by_truth[0])
    unknown = parts.truth == UNKNOWN
    low = np.where(unknown, np.minimum(*by_truth), truth) * counted
    high = np.where(unknown, np.maximum(*by_truth), truth) * counted
    return Tracks(*(Weights(low[row], high[row]) for row in range(4)))


def effect_of(weights: Weights, counts: ControlCounts, *, level: float, seed: int, draws: int) -> Effect:
    """Return an effect per 1,000 decisions with its bounds and interval. Needs at least one decision."""
    cells, n = np.array(counts.cells, dtype=np.int64), counts.n
    low, high = (float(cells @ side) / n for side in weights)
    reached = _clustered(weights, counts, level) if counts.clusters is not None else None
    start, end = reached or _drawn(weights, cells, level, seed, draws)
    exact = [_exact(side, cells, n, level, counts) for side in weights]
    if exact[0] is not None:
        start = min(start, exact[0][0])
    if exact[1] is not None:
        end = max(end, exact[1][1])
    possible = _possible(counts)
    start = max(start, 0.0) if (weights.low[possible] >= 0).all() else start
    end = min(end, 0.0) if (weights.high[possible] <= 0).all() else end
    scaled = (PER_DECISIONS * value for value in (low, high, min(start, low), max(end, high)))
    return Effect(*scaled)


def decisions_needed(weights: Weights, counts: ControlCounts, *, level: float) -> int | None:
    """Return how many decisions would put an interval on one side of zero, if all shares stayed as they are here.

    None where the bounds over what is unknown lie on both sides, or a billion decisions would not do. Clusters are not
    allowed for: with several decisions of one person more are needed.
    """
    if float(np.array(counts.cells) @ weights.low) * float(np.array(counts.cells) @ weights.high) <= 0:
        return None

    def tells(factor: float) -> bool:
        cells = np.rint(np.array(counts.cells) * factor).astype(np.int64)
        low, high = (_analytic(side, cells, level, counts) for side in weights)
        return low[0] > 0 or high[1] < 0

    least, most = 1.0, 2.0
    while not tells(most):
        least, most = most, most * 2
        if counts.n * most > _DECISIONS_MAX:
            return None
    while (most - least) * counts.n > max(1.0, most * counts.n * _NEEDED_PRECISION):
        middle = (least + most) / 2
        least, most = (least, middle) if tells(middle) else (middle, most)
    return math.ceil(most * counts.n)


def _analytic(side: NDArray[np.float64], cells: NDArray[np.int64], level: float, counts: ControlCounts) -> Interval:
    n = int(cells.sum())
    mean = float(cells @ side) / n
    reach = z_two_sided(level) * math.sqrt(max(float(cells @ side**2) / n - mean**2, 0.0) / n)
    exact = _exact(side, cells, n, level, counts) or (mean, mean)
    return Interval(min(mean - reach, exact[0]), max(mean + reach, exact[1]))


def _values(state: NDArray[np.int64], worth: Worth, *, harmful: bool) -> NDArray[np.float64]:
    """Return harm averted, benefit withheld, work and balance of a state: array (4, cells)."""
    stopped, looked = (state == STOPPED) * 1.0, (state == LOOKED) * 1.0
    averted = stopped * worth.harm * harmful
    withheld = stopped * worth.good * (not harmful) + looked * worth.idle_review
    work = stopped * (worth.review_harmful if harmful else worth.review_good)
    return np.stack([averted, withheld, work, averted - withheld - work])


def _drawn(weights: Weights, cells: NDArray[np.int64], level: float, seed: int, draws: int) -> tuple[float, float]:
    held, n = np.flatnonzero(cells), int(cells.sum())
    drawn = generator(seed).multinomial(n, cells[held] / n, size=draws).astype(np.float64)
    low, high = (percentiles(drawn @ side[held] / n, level) for side in weights)
    return low.low, high.high


def _clustered(weights: Weights, counts: ControlCounts, level: float) -> tuple[float, float] | None:
    clusters = counts.clusters
    if clusters is None or clusters.units < UNITS_LEAST:
        return None
    products = np.zeros((CELLS, CELLS))
    for one, other, value in clusters.pairs:
        products[one, other] = products[other, one] = value
    cells, n = np.array(counts.cells, dtype=np.float64), counts.n
    reach = student_quantile(0.5 + level / 2, clusters.units - 1)
    limits = []
    for side, sign in zip(weights, (-1, 1), strict=True):
        mean = float(cells @ side) / n
        residual = side - mean
        spread = clusters.units / (clusters.units - 1) * float(residual @ products @ residual)
        limits.append(mean + sign * reach * math.sqrt(max(spread, 0.0)) / n)
    return limits[0], limits[1]


def _exact(
    side: NDArray[np.float64], cells: NDArray[np.int64], n: int, level: float, counts: ControlCounts
) -> tuple[float, float] | None:
    """Return exact limits where gains or losses have few items behind them; None where each that can be has enough.

    How often anything is at stake, and how often it is a gain where it is, are two proportions; the second alone has the sign,
    so its limits are those of the sign test.
    """
    possible = _possible(counts)
    gains, losses = (_side(np.where(possible, np.maximum(sign * side, 0), 0.0), cells, level) for sign in (1, -1))
    if not (gains.few or losses.few):
        return None
    staked = gains.items + losses.items
    often = _proportion(staked, n, level)
    if gains.high == 0 or losses.high == 0:  # one sign only is possible
        share = Interval(float(losses.high == 0), float(losses.high == 0))
    else:
        share = _proportion(gains.items, staked, level) if staked else Interval(0.0, 1.0)
    low = share.low * gains.low - (1 - share.low) * losses.high
    high = share.high * gains.high - (1 - share.high) * losses.low
    return low * (often.low if low >= 0 else often.high), high * (often.high if high >= 0 else often.low)


class _Side(NamedTuple):
    """Gains or losses: how many items, whether those are few, and the limits of what one weighs (0 where none is possible)."""

    items: int
    few: bool
    low: float
    high: float


def _side(part: NDArray[np.float64], cells: NDArray[np.int64], level: float) -> _Side:
    largest = float(part.max())
    if largest == 0:
        return _Side(0, few=False, low=0.0, high=0.0)
    held = np.where(part > 0, cells, 0)
    count = int(held.sum())
    if count < FEW_EVENTS:
        return _Side(count, few=True, low=float(part[part > 0].min()), high=largest)
    mean = float(held @ part) / count
    reach = z_two_sided(level) * math.sqrt(max(float(held @ part**2) / count - mean**2, 0.0) / count)
    return _Side(count, few=False, low=max(mean - reach, 0.0), high=mean + reach)


def _proportion(count: int, n: int, level: float) -> Interval:
    limits = clopper_pearson(count, n, level=level)
    assert isinstance(limits, Interval), "there are rows"
    return limits


def _possible(counts: ControlCounts) -> NDArray[np.bool_]:
    """Return the cells that this control can fill: one that is compared with being off has no other state against."""
    parts, control = cell_parts(), counts.control
    found = np.ones(CELLS, dtype=np.bool_)
    if control.against is None and control.fires_against is None:
        found &= parts.against == PASSED
    if control.kind != "review":
        found &= (parts.on != LOOKED) & (parts.against != LOOKED)
    unknown = np.array(counts.cells)[(parts.truth == UNKNOWN)].sum() > 0
    return found if unknown else found & (parts.truth != UNKNOWN)
