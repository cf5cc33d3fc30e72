"""Calibration: whether a stated probability comes true as often as it says.

Four measurements: Brier score, calibration in the large (observed minus predicted rate), calibration slope (logistic
regression of the outcome on the log-odds; 1 is right, below 1 is over-confident), and expected calibration error over bins
of equal mass. Sources: Brier (1950), Monthly Weather Review 78, 1-3; Cox (1958), Biometrika 45, 562-565; Nixon et al. (2019),
Measuring Calibration in Deep Learning, for equal-mass bins.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from msgspec.structs import replace

from dualtrack.evidence.arrays import check_lengths, labels, probabilities
from dualtrack.evidence.logistic import fit_line
from dualtrack.evidence.measurement import LEVEL, Measurement, Method, Part
from dualtrack.evidence.numeric import np
from dualtrack.evidence.quantiles import z_two_sided
from dualtrack.evidence.resampling import DRAWS, generator, percentiles, record_draws
from dualtrack.evidence.tables import table_digest

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["BINS", "CLIP", "ROWS_LEAST", "expected_error", "measure_calibration"]

BINS = 10
"""Bins of equal mass: tenths, as credit-risk validation reports show them."""

ROWS_LEAST = 2
"""Fewest rows of each class: below it neither a variance nor a slope exists."""

CLIP = 1e-6
"""Probabilities are kept this far from 0 and 1 before taking log-odds, which are infinite there."""

_BRIER = Method(name="Brier score, normal interval", version="1", source="Brier 1950")
_LARGE = Method(name="observed minus predicted rate, normal interval", version="1", source="Cox 1958")
_SLOPE = Method(name="calibration slope by logistic regression, Wald interval", version="1", source="Cox 1958")
_ECE = Method(
    name="expected calibration error, equal-mass bins, multinomial bootstrap over bin and outcome",
    version="1",
    source="Nixon et al. 2019; Efron and Tibshirani 1993",
)


def measure_calibration(
    label: ArrayLike,
    probability: ArrayLike,
    *,
    seed: int,
    draws: int = DRAWS,
    bins: int = BINS,
    level: float = LEVEL,
    data_digest: str | None = None,
) -> tuple[Measurement, ...]:
    """Measure Brier score, calibration in the large, slope and expected calibration error, in this order.

    Parts of the last are the bins: observed minus mean stated probability. `underpowered` where there are fewer than
    ROWS_LEAST rows (a bin, a class), or (slope) where scores are constant or separate the classes.
    """
    truth, stated = labels(label, "label"), probabilities(probability, "probability")
    check_lengths(label=truth, probability=stated)
    digest = data_digest or table_digest({"label": truth, "probability": stated})
    return (
        _mean("calibration.brier", _BRIER, (stated - truth) ** 2, digest, level),
        _mean("calibration.in-the-large", _LARGE, truth - stated, digest, level),
        _slope(truth, stated, digest, level),
        _expected_error(truth, stated, digest, level, seed, draws, bins),
    )


def expected_error(count: NDArray[np.float64], score_mean: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the expected calibration error from counts and mean scores by bin and outcome, shape (..., bins, 2).

    Sum over bins of |positives - sum of stated probabilities|, over all rows. It cannot be below zero and is biased upwards
    in small samples, so only its high limit can be held against a bound.
    """
    gap = np.abs(count[..., 1] - (count * score_mean).sum(-1)).sum(-1)
    error: NDArray[np.float64] = gap / count.sum((-1, -2))
    return error


def _mean(measure: str, method: Method, values: NDArray[np.float64], digest: str, level: float) -> Measurement:
    n, total, square = len(values), float(values.sum()), float((values**2).sum())
    bare = Measurement(
        measure=measure,
        unit="squared probability" if measure == "calibration.brier" else "probability",
        n=n,
        outcome="underpowered",
        method=method,
        data_digest=digest,
        level=level,
        statistics={"n": n, "sum": total, "sum_of_squares": square},
    )
    if n < ROWS_LEAST:
        return bare
    half = z_two_sided(level) * float(values.std(ddof=1)) / math.sqrt(n)
    mean = total / n
    return replace(bare, outcome="measured", estimate=mean, low=mean - half, high=mean + half)


def _slope(truth: NDArray[np.bool_], stated: NDArray[np.float64], digest: str, level: float) -> Measurement:
    clipped = np.clip(stated, CLIP, 1 - CLIP)
    positives = int(truth.sum())
    enough = min(positives, len(truth) - positives) >= ROWS_LEAST
    line = fit_line(np.log(clipped / (1 - clipped)), truth) if enough else None
    bare = Measurement(
        measure="calibration.slope",
        unit="ratio of log-odds",
        n=len(truth),
        outcome="underpowered",
        method=_SLOPE,
        data_digest=digest,
        level=level,
        statistics={"positives": positives, "clip": CLIP},
    )
    if line is None:
        return bare
    half = z_two_sided(level) * line.slope_error
    return replace(
        bare,
        outcome="measured",
        estimate=line.slope,
        low=line.slope - half,
        high=line.slope + half,
        facts={"intercept": line.intercept},
        statistics=bare.statistics | line._asdict(),
    )


def _expected_error(
    truth: NDArray[np.bool_], stated: NDArray[np.float64], digest: str, level: float, seed: int, draws: int, bins: int
) -> Measurement:
    record = record_draws(seed, draws)
    count, total = _bin(truth, stated, bins)
    mean = np.divide(total, count, out=np.zeros_like(total), where=count > 0)
    # Within a bin and outcome the score is nearly constant, so its mean stands for it in every draw.
    cells = generator(seed).multinomial(len(truth), count.ravel() / len(truth), size=draws).reshape(draws, -1, 2)
    low, high = percentiles(expected_error(cells.astype(np.float64), mean), level)
    return Measurement(
        measure="calibration.expected-error",
        unit="probability",
        n=len(truth),
        outcome="measured" if len(truth) >= bins * ROWS_LEAST else "underpowered",
        method=_ECE,
        data_digest=digest,
        level=level,
        estimate=float(expected_error(count.astype(np.float64), mean)),
        low=low,
        high=high,
        parts=tuple(_bin_part(position, count[position], total[position], level) for position in range(len(count))),
        statistics={"count": count.tolist(), "score_sum": total.tolist()},
        draws=record,
    )


def _bin(
    truth: NDArray[np.bool_], stated: NDArray[np.float64], bins: int
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Count rows and sum scores by bin of equal mass and outcome; tied scores share a bin, so some bins may merge."""
    edges = np.unique(np.quantile(stated, np.linspace(0, 1, bins + 1)[1:-1]))
    cell = np.searchsorted(edges, stated, side="right") * 2 + truth
    size = 2 * (len(edges) + 1)
    count = np.bincount(cell, minlength=size).reshape(-1, 2)
    total = np.bincount(cell, weights=stated, minlength=size).reshape(-1, 2)
    kept = count.sum(1) > 0
    return count[kept].astype(np.int64), total[kept]


def _bin_part(position: int, count: NDArray[np.int64], total: NDArray[np.float64], level: float) -> Part:
    n = int(count.sum())
    gap = float(count[1] - total.sum()) / n
    half = z_two_sided(level) * math.sqrt(count[0] * count[1] / n**3)
    return Part(label=f"bin {position + 1}", n=n, outcome="measured", estimate=gap, low=gap - half, high=gap + half)
