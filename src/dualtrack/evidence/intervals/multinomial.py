"""Percentile bootstrap of any function of a table of counts: drawing rows again is one multinomial draw over the cells.

It fails where the table is empty, where the function does not exist in half of the draws or more, and where all draws agree (one
cell holds every row, or the function does not look at the cells that vary). With fewer than some tens of rows behind the
function it covers too little and says nothing of it. Source: Efron and Tibshirani (1993), section 6.4 and chapter 13.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dualtrack.errors import FieldError
from dualtrack.evidence.intervals.answer import Answer, NoInterval
from dualtrack.evidence.measurement import LEVEL
from dualtrack.evidence.numeric import np
from dualtrack.evidence.power import no_spread
from dualtrack.evidence.resampling import DRAWS, generator, percentiles, record_draws

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

__all__ = ["DEFINED_LEAST", "DRAWN_MAX", "multinomial_bootstrap", "percentile_answer"]

DEFINED_LEAST = 0.5
"""Share of draws in which a statistic must exist for its percentiles to mean anything."""

DRAWN_MAX = 20_000_000
"""Most drawn counts, draws times cells: 160 MB."""


def multinomial_bootstrap(
    counts: NDArray[np.integer[Any]],
    statistic: Callable[[NDArray[np.int64]], NDArray[np.float64]],
    *,
    seed: int,
    draws: int = DRAWS,
    level: float = LEVEL,
) -> Answer:
    """Return the percentile limits of `statistic`, which maps tables (draws, *cells) to (draws,), NaN where it does not exist.

    Fails with `no rows`, `too few defined draws` or `no spread`.
    """
    record_draws(seed, draws)
    held = np.flatnonzero(counts)
    if not len(held):
        return NoInterval("no rows")
    if counts.min() < 0 or draws * counts.size > DRAWN_MAX:
        found = f"{draws} draws over {counts.size} cells, the least {counts.min()}"
        raise FieldError(found, where="bootstrap", expected=f"counts of at least 0, {DRAWN_MAX} drawn ones at most")
    flat, total = counts.ravel()[held], int(counts.sum())
    drawn = np.zeros((draws, counts.size), dtype=np.int64)
    drawn[:, held] = generator(seed).multinomial(total, flat / total, size=draws)
    return percentile_answer(statistic(drawn.reshape(draws, *counts.shape)), level)


def percentile_answer(values: NDArray[np.float64], level: float) -> Answer:
    """Return percentiles of the draws that exist (NaN does not), or why they mean nothing."""
    kept = values[np.isfinite(values)]
    if len(kept) == 0 or len(kept) <= DEFINED_LEAST * len(values):
        return NoInterval("too few defined draws")
    if no_spread(float(kept.std()), scale=float(np.abs(kept).max()) or 1.0):
        return NoInterval("no spread")
    return percentiles(kept, level)
