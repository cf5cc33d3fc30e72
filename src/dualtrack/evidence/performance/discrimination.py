"""Discrimination: how well scores order defaulters above the rest (AUC), for one scorer and between two.

DeLong's nonparametric variance in O(n log n) by midranks. Sources: E. R. DeLong, D. M. DeLong and D. L. Clarke-Pearson
(1988), Biometrics 44, 837-845; X. Sun and W. Xu (2014), IEEE Signal Processing Letters 21, 1389-1393.
A perfect order has no DeLong variance; its limit is then the Clopper-Pearson limit of the smaller class.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from msgspec.structs import replace

from dualtrack.evidence.arrays import check_lengths, labels, reals
from dualtrack.evidence.interval import Interval
from dualtrack.evidence.measurement import LEVEL, Measurement, Method, Part
from dualtrack.evidence.numeric import np
from dualtrack.evidence.power import no_spread
from dualtrack.evidence.quantiles import z_two_sided
from dualtrack.evidence.tables import table_digest

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["CLASS_LEAST", "Placements", "auc_interval", "measure_auc", "measure_auc_difference", "placements"]

CLASS_LEAST = 2
"""Fewest rows of each class that give a variance at all; a rule may ask for many more."""

_DELONG = Method(name="AUC by midranks, DeLong interval", version="1", source="DeLong et al. 1988; Sun and Xu 2014")
_PAIRED = Method(
    name="difference of AUCs on the same rows, paired DeLong", version="1", source="DeLong et al. 1988; Sun and Xu 2014"
)


class Placements(NamedTuple):
    """Each row's share of the other class that it beats; their means are the AUC, their variances its variance."""

    positives: NDArray[np.float64]
    negatives: NDArray[np.float64]

    @property
    def auc(self) -> float:
        """The area: probability that a positive outranks a negative, ties counting half."""
        return float(self.positives.mean())


def placements(label: NDArray[np.bool_], score: NDArray[np.float64]) -> Placements:
    """Return the placements of positives and negatives; both classes must be present."""
    positive, negative = score[label], score[~label]
    ranks = _midranks(score)
    above = (ranks[label] - _midranks(positive)) / len(negative)
    below = 1 - (ranks[~label] - _midranks(negative)) / len(positive)
    return Placements(above, below)


def measure_auc(
    label: ArrayLike,
    score: ArrayLike,
    *,
    level: float = LEVEL,
    class_size_min: int = CLASS_LEAST,
    data_digest: str | None = None,
) -> Measurement:
    """Measure the AUC of one scorer; `underpowered` where a class has fewer than `class_size_min` rows."""
    truth, ranked = labels(label, "label"), reals(score, "score")
    n = check_lengths(label=truth, score=ranked)
    digest = data_digest or table_digest({"label": truth, "score": ranked})
    small = _too_small(truth, class_size_min)
    if small:
        return _unanswered("discrimination.auc", truth, digest, _DELONG, level)
    placed = placements(truth, ranked)
    variance = _variance(placed.positives) + _variance(placed.negatives)
    low, high = auc_interval(placed.auc, variance, min(len(placed.positives), len(placed.negatives)), level)
    return Measurement(
        measure="discrimination.auc",
        unit="probability",
        n=n,
        outcome="measured",
        method=_DELONG,
        data_digest=digest,
        level=level,
        estimate=placed.auc,
        low=low,
        high=high,
        facts=_class_facts(truth),
        statistics={"auc": placed.auc, "variance": variance, **_class_facts(truth)},
    )


def measure_auc_difference(
    label: ArrayLike,
    score: ArrayLike,
    baseline: ArrayLike,
    *,
    level: float = LEVEL,
    class_size_min: int = CLASS_LEAST,
    data_digest: str | None = None,
) -> Measurement:
    """Measure AUC(score) - AUC(baseline) on the same rows; above zero the first orders better.

    `underpowered`, without an estimate, where a class is too small or no row is placed any differently from the others.
    """
    truth, ranked, other = labels(label, "label"), reals(score, "score"), reals(baseline, "baseline")
    n = check_lengths(label=truth, score=ranked, baseline=other)
    digest = data_digest or table_digest({"label": truth, "score": ranked, "baseline": other})
    if _too_small(truth, class_size_min):
        return _unanswered("discrimination.auc-difference", truth, digest, _PAIRED, level)
    first, second = placements(truth, ranked), placements(truth, other)
    difference = first.auc - second.auc
    variance = _variance(first.positives - second.positives) + _variance(first.negatives - second.negatives)
    error = math.sqrt(variance)
    bare = Measurement(
        measure="discrimination.auc-difference",
        unit="probability",
        n=n,
        outcome="underpowered",
        method=_PAIRED,
        data_digest=digest,
        level=level,
        facts=_class_facts(truth),
        parts=tuple(_auc_part(name, placed, level) for name, placed in (("score", first), ("baseline", second))),
        statistics={"auc": first.auc, "auc_baseline": second.auc, "variance": variance, **_class_facts(truth)},
    )
    if no_spread(error):
        return bare
    half = z_two_sided(level) * error
    return replace(bare, outcome="measured", estimate=difference, low=difference - half, high=difference + half)


def _midranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    _, position, count = np.unique(values, return_inverse=True, return_counts=True)
    middle: NDArray[np.float64] = np.cumsum(count) - (count - 1) / 2
    return middle[position]


def _variance(placed: NDArray[np.float64]) -> float:
    return float(placed.var(ddof=1)) / len(placed)


def auc_interval(auc: float, variance: float, smaller_class: int, level: float) -> Interval:
    """Return the DeLong interval inside 0 to 1; for a perfect order the Clopper-Pearson limit of the smaller class."""
    limit = ((1 - level) / 2) ** (1 / smaller_class)
    if auc == 1:
        return Interval(limit, 1.0)
    if auc == 0:
        return Interval(0.0, 1 - limit)
    half = z_two_sided(level) * math.sqrt(variance)
    return Interval(max(0.0, auc - half), min(1.0, auc + half))


def _auc_part(name: str, placed: Placements, level: float) -> Part:
    smaller, larger = sorted((len(placed.positives), len(placed.negatives)))
    variance = _variance(placed.positives) + _variance(placed.negatives)
    low, high = auc_interval(placed.auc, variance, smaller, level)
    return Part(label=name, n=smaller + larger, outcome="measured", estimate=placed.auc, low=low, high=high)


def _too_small(truth: NDArray[np.bool_], class_size_min: int) -> bool:
    positives = int(truth.sum())
    return min(positives, len(truth) - positives) < max(class_size_min, CLASS_LEAST)


def _class_facts(truth: NDArray[np.bool_]) -> dict[str, bool | int | float | str]:
    positives = int(truth.sum())
    return {"positives": positives, "negatives": len(truth) - positives}


def _unanswered(measure: str, truth: NDArray[np.bool_], digest: str, method: Method, level: float) -> Measurement:
    return Measurement(
        measure=measure,
        unit="probability",
        n=len(truth),
        outcome="underpowered",
        method=method,
        data_digest=digest,
        level=level,
        facts=_class_facts(truth),
        statistics=dict(_class_facts(truth)),
    )
