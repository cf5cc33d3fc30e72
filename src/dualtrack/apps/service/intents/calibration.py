"""What a score is worth, from examples that were held out: how often the best intent is right, and below what score none is named.

The probability is Platt's sigmoid of the best intent's value, fitted with his smoothed targets by Newton's method as in Lin, Lin and
Weng, "A note on Platt's probabilistic outputs" (2007). It is of being right among messages that fit some intent, and rises with the
value, so that one threshold serves both.
"""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING, Literal, NamedTuple

from dualtrack.apps.service.intents.arrays import np
from dualtrack.domain.records import Record
from dualtrack.errors import FieldError
from dualtrack.evidence.intervals.wilson import wilson_limits
from dualtrack.evidence.measurement import LEVEL

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dualtrack.apps.service.intents.arrays import NDArray

__all__ = [
    "CONFUSED_SHOWN",
    "Confused",
    "HeldOut",
    "Shown",
    "Sigmoid",
    "Threshold",
    "choose_threshold",
    "fit_sigmoid",
    "what_is_shown",
]

CONFUSED_SHOWN = 20
"""Pairs of intents in what is shown: as many as somebody will look at after a training."""

_STEPS = 100
_RIDGE = 1e-9
_SMALL = 1e-10


class Sigmoid(Record, frozen=True):
    """Probability 1 / (1 + exp(-(slope * value + offset))); the slope is never negative."""

    slope: float
    offset: float

    def of(self, value: float) -> float:
        """Return the probability of a value."""
        exponent = self.slope * value + self.offset
        if exponent >= 0:
            return 1 / (1 + math.exp(-exponent))
        part = math.exp(max(exponent, -700.0))
        return part / (1 + part)


class Threshold(Record, frozen=True):
    """Value below which no intent is named: what was wanted, and what it did to held-out examples, with a 95 per cent Wilson interval."""

    value: float
    wanted: float
    rejected: int
    n: int
    low: float
    high: float


class Confused(Record, frozen=True):
    """Held-out examples of one intent for which another came nearest."""

    intent: str
    taken_for: str
    times: int


class Shown(Record, frozen=True):
    """What held-out examples showed, and what was set by it.

    `source` says which they were: parts of the training examples, scored by models trained without them, or messages given
    afterwards. Of `threshold.n`, `right` had their intent nearest; `confused` lists the commonest mistakes: intents to be made one, or to be
    given examples that tell them apart.
    """

    source: Literal["parts", "given"]
    right: int
    confused: tuple[Confused, ...]
    threshold: Threshold
    sigmoid: Sigmoid


class HeldOut(NamedTuple):
    """Of each held-out example the best value, the place of the intent that has it, and the place of its own intent."""

    values: NDArray[np.float64]
    nearest: NDArray[np.intp]
    label: NDArray[np.intp]


def what_is_shown(held: HeldOut, intents: Sequence[str], *, wanted: float, source: Literal["parts", "given"]) -> Shown:
    """Set threshold and probability by held-out examples; raises FieldError without one."""
    right = held.nearest == held.label
    pairs = Counter(zip(held.label[~right].tolist(), held.nearest[~right].tolist(), strict=True))
    ordered = sorted(pairs.items(), key=lambda pair: (-pair[1], pair[0]))[:CONFUSED_SHOWN]
    return Shown(
        source=source,
        right=int(right.sum()),
        confused=tuple(
            Confused(intent=intents[own], taken_for=intents[other], times=times) for (own, other), times in ordered
        ),
        threshold=choose_threshold(held.values, wanted),
        sigmoid=fit_sigmoid(held.values, right),
    )


def choose_threshold(values: NDArray[np.float64], wanted: float) -> Threshold:
    """Return the highest threshold that rejects at most the wanted share of held-out values; a value at it is kept."""
    if not len(values):
        raise FieldError("no held-out example", where="training", expected="at least one")
    ordered = np.sort(values)
    value = float(ordered[min(int(wanted * len(ordered)), len(ordered) - 1)])
    rejected = int((ordered < value).sum())
    limits = wilson_limits(rejected, len(ordered), LEVEL)
    return Threshold(value=value, wanted=wanted, rejected=rejected, n=len(ordered), low=limits.low, high=limits.high)


def fit_sigmoid(values: NDArray[np.float64], right: NDArray[np.bool_]) -> Sigmoid:
    """Fit the probability of being right; where it would fall with the value, it is the same for every value."""
    hits = int(right.sum())
    high, low = (hits + 1) / (hits + 2), 1 / (len(right) - hits + 2)
    target = np.where(right, high, low)
    slope, offset = _newton(values, target)
    if slope > 0:
        return Sigmoid(slope=slope, offset=offset)
    share = float(target.mean())
    return Sigmoid(slope=0.0, offset=math.log(share / (1 - share)))


def _newton(values: NDArray[np.float64], target: NDArray[np.float64]) -> tuple[float, float]:
    """Minimise the cross-entropy, halving a step that does not lessen it."""
    share = float(target.mean())
    point = np.array([0.0, math.log(share / (1 - share))])
    columns = np.stack((values, np.ones_like(values)))

    def loss(at: NDArray[np.float64]) -> float:
        exponent = at @ columns
        return float(np.sum(np.logaddexp(0, exponent) - target * exponent))

    now = loss(point)
    for _ in range(_STEPS):
        chance = 1 / (1 + np.exp(-np.clip(point @ columns, -500, 500)))
        slope = columns @ (chance - target)
        if float(np.abs(slope).max()) < _SMALL * len(values):
            break
        curve = (columns * (chance * (1 - chance))) @ columns.T + _RIDGE * np.eye(2)
        step = np.linalg.solve(curve, slope)
        size = 1.0
        while size > _SMALL and loss(point - size * step) >= now:
            size /= 2
        if size <= _SMALL:
            break
        point -= size * step
        now = loss(point)
    return float(point[0]), float(point[1])
