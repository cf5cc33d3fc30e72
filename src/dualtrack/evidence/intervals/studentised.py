"""The studentised bootstrap (bootstrap-t): draws of how many standard errors off, for a statistic with a standard error of its own.

More exact than percentiles for means and what is close to them. It fails with fewer than ROWS_LEAST rows, where the data's own
standard error is nothing, and where in half of the draws or more it is (values mostly alike). It is not for statistics whose
standard error is itself unsteady, such as correlations near 1. Source: Efron and Tibshirani (1993), section 12.5.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from dualtrack.evidence.intervals.answer import Answer, Interval, NoInterval
from dualtrack.evidence.intervals.multinomial import percentile_answer
from dualtrack.evidence.measurement import LEVEL
from dualtrack.evidence.numeric import np
from dualtrack.evidence.power import no_spread
from dualtrack.evidence.resampling import DRAWS, generator, record_draws

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

__all__ = ["ROWS_LEAST", "Estimate", "studentised"]

ROWS_LEAST = 5
"""Fewest rows: with fewer, many draws hold one value only and have no standard error."""


class Estimate(NamedTuple):
    """A value and its standard error."""

    value: float
    standard_error: float


def studentised(
    rows: NDArray[Any],
    statistic: Callable[[NDArray[Any]], Estimate],
    *,
    seed: int,
    draws: int = DRAWS,
    level: float = LEVEL,
) -> Answer:
    """Return the limits of `statistic(rows).value`; fails with `too few rows`, `no spread` or `too few defined draws`."""
    record_draws(seed, draws)
    if len(rows) < ROWS_LEAST:
        return NoInterval("too few rows")
    point = statistic(rows)
    if no_spread(point.standard_error, scale=abs(point.value) or 1.0):
        return NoInterval("no spread")
    random, n = generator(seed), len(rows)
    off = np.full(draws, np.nan)
    for draw in range(draws):
        again = statistic(rows[random.integers(n, size=n)])
        if not no_spread(again.standard_error, scale=abs(again.value) or 1.0):
            off[draw] = (again.value - point.value) / again.standard_error
    turned = percentile_answer(off, level)
    if isinstance(turned, NoInterval):
        return turned
    return Interval(point.value - turned.high * point.standard_error, point.value - turned.low * point.standard_error)
