"""Efron's bias-corrected and accelerated bootstrap (BCa), for a statistic that needs the rows.

It fails with fewer than ROWS_LEAST rows; where the statistic is the same in every draw; where all draws lie on one side of the
estimate (a count of distinct values, say: the bias correction is then infinite); and where leaving out rows one by one changes nothing, so
that there is no acceleration. Rows must be independent: for clusters use `cluster_bootstrap`.
Sources: Efron (1987), JASA 82, 171-185; Efron and Tibshirani (1993), chapter 14.
"""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

from dualtrack.errors import FieldError
from dualtrack.evidence.intervals.answer import Answer, Interval, NoInterval
from dualtrack.evidence.intervals.multinomial import percentile_answer
from dualtrack.evidence.measurement import LEVEL
from dualtrack.evidence.numeric import np
from dualtrack.evidence.quantiles import normal_cdf
from dualtrack.evidence.resampling import DRAWS, generator, record_draws

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

__all__ = ["ROWS_LEAST", "ROWS_MAX", "bca", "draw_rows"]

ROWS_LEAST = 10
"""Fewest rows: with fewer, skewness by leaving one out is noise."""

ROWS_MAX = 50_000
"""Most rows: the statistic is computed once for each row left out. Above it a studentised interval does as well."""


def bca(
    rows: NDArray[Any],
    statistic: Callable[[NDArray[Any]], float],
    *,
    seed: int,
    draws: int = DRAWS,
    level: float = LEVEL,
) -> Answer:
    """Return the BCa limits of `statistic(rows)`, rows along the first axis; NaN says that it does not exist there.

    Fails with `too few rows`, `too few defined draws`, `no spread`, `bias undefined` or `acceleration undefined`.
    """
    if len(rows) < ROWS_LEAST:
        return NoInterval("too few rows")
    if len(rows) > ROWS_MAX:
        raise FieldError(f"{len(rows)} rows", where="bca", expected=f"at most {ROWS_MAX}", fix="use another method")
    drawn, point = draw_rows(rows, statistic, seed=seed, draws=draws), statistic(rows)
    plain = percentile_answer(drawn, level)
    if isinstance(plain, NoInterval):
        return plain
    kept = drawn[np.isfinite(drawn)]
    share = float(((kept < point).mean() + (kept <= point).mean()) / 2)  # ties count half
    if not 0 < share < 1:
        return NoInterval("bias undefined")
    acceleration = _acceleration(rows, statistic)
    if acceleration is None:
        return NoInterval("acceleration undefined")
    normal = NormalDist()
    bias = normal.inv_cdf(share)
    ends = []
    for tail in ((1 - level) / 2, (1 + level) / 2):
        moved = bias + normal.inv_cdf(tail)
        if 1 - acceleration * moved <= 0:  # beyond the pole the map turns over
            return NoInterval("acceleration undefined")
        ends.append(normal_cdf(bias + moved / (1 - acceleration * moved)))
    low, high = np.quantile(kept, ends)
    return Interval(float(low), float(high))


def draw_rows(
    rows: NDArray[Any], statistic: Callable[[NDArray[Any]], float], *, seed: int, draws: int
) -> NDArray[np.float64]:
    """Return the statistic of `draws` samples of the rows, drawn with replacement."""
    record_draws(seed, draws)
    random, n = generator(seed), len(rows)
    return np.array([statistic(rows[random.integers(n, size=n)]) for _ in range(draws)], dtype=np.float64)


def _acceleration(rows: NDArray[Any], statistic: Callable[[NDArray[Any]], float]) -> float | None:
    keep = np.ones(len(rows), dtype=np.bool_)
    left = np.empty(len(rows))
    for row in range(len(rows)):
        keep[row] = False
        left[row] = statistic(rows[keep])
        keep[row] = True
    if not np.isfinite(left).all():
        return None
    away = left.mean() - left
    spread = float((away**2).sum())
    scale = float(np.abs(left).max()) or 1.0
    if spread <= len(rows) * (1e-14 * scale) ** 2:
        return None
    return float((away**3).sum()) / (6 * spread * math.sqrt(spread))
