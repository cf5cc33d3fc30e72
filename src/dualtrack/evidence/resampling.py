"""Seeded draws, and the percentile interval over them.

One generator everywhere (PCG64, named in the record), so that who has the seed and the numpy version has the draws.
Percentile intervals: Efron and Tibshirani (1993), An Introduction to the Bootstrap, chapter 13.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dualtrack.errors import FieldError
from dualtrack.evidence.interval import Interval
from dualtrack.evidence.measurement import Draws
from dualtrack.evidence.numeric import np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["DRAWS", "DRAWS_MAX", "generator", "percentiles", "record_draws"]

DRAWS = 1_000
"""Draws unless a caller asks otherwise: the Monte Carlo error of a 95 % limit is then about 7 % of a standard error."""

DRAWS_MAX = 100_000
"""Most draws taken: above it the error of the draws is far below that of any data, and memory grows for nothing."""


def generator(seed: int) -> np.random.Generator:
    """Return the one generator that this room uses."""
    return np.random.Generator(np.random.PCG64(seed))


def record_draws(seed: int, draws: int) -> Draws:
    """Return the record of the draws; raises FieldError for a number of draws outside 1 to DRAWS_MAX."""
    if not 0 < draws <= DRAWS_MAX:
        raise FieldError(f"{draws} draws", where="bootstrap", expected=f"1 to {DRAWS_MAX}")
    return Draws(generator="PCG64", numpy=np.__version__, seed=seed, draws=draws)


def percentiles(values: NDArray[np.float64], level: float) -> Interval:
    """Return the central percentile interval of draws that are all defined."""
    low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(low), float(high))
