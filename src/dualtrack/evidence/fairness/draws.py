"""Tables drawn again: the bootstrap over rows of any function of counts, and the intervals of what can be formed from it.

Source: Efron and Tibshirani (1993), An Introduction to the Bootstrap, section 6.4 (a discrete distribution).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from dualtrack.errors import FieldError
from dualtrack.evidence.interval import Interval
from dualtrack.evidence.numeric import np
from dualtrack.evidence.resampling import generator, percentiles, record_draws

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["DEFINED_LEAST", "DRAWN_MAX", "around", "draw_tables"]

DRAWN_MAX = 20_000_000
"""Most drawn counts, draws times cells: rates and their parts then fit into about a gigabyte."""

DEFINED_LEAST = 0.5
"""Share of draws in which a value must exist for its percentiles to mean anything."""


def draw_tables(counts: NDArray[Any], seed: int, draws: int) -> NDArray[np.integer[Any]]:
    """Return tables drawn from counts of any shape, shape (draws, *counts); only cells that hold rows take part.

    Raises FieldError for no rows, no draws or more drawn counts than DRAWN_MAX.
    """
    record_draws(seed, draws)
    flat, n = counts.ravel(), int(counts.sum())
    held = np.flatnonzero(flat)
    if n == 0 or draws * flat.size > DRAWN_MAX:
        raise FieldError(
            f"{draws} draws over {flat.size} cells of {n} rows",
            where="groups",
            expected=f"rows, and at most {DRAWN_MAX} drawn counts",
            fix="draw less or merge levels",
        )
    tables = np.zeros((draws, flat.size), dtype=np.int32 if n <= np.iinfo(np.int32).max else np.int64)
    tables[:, held] = generator(seed).multinomial(n, flat[held] / n, size=draws)
    return tables.reshape(draws, *counts.shape)


def around(point: float, drawn: NDArray[np.float64], level: float) -> Interval | None:
    """Return the percentile interval, widened to hold the point; None where too few draws have the value, or the point is none."""
    kept = drawn[np.isfinite(drawn)]
    if not math.isfinite(point) or len(kept) < max(1.0, DEFINED_LEAST * len(drawn)):
        return None
    low, high = percentiles(kept, level)
    return Interval(min(low, point), max(high, point))
