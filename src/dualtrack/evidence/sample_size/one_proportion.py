"""One proportion against a limit (attack success, error rate, share answered), by the exact binomial.

Shown means that Clopper and Pearson's interval lies wholly below the limit where the rate supposed is below it, and wholly above
where it is above. Exact power saws: one row more can lower it. The rows returned are therefore those from which on,
over the searched range, power never falls below what was asked.
Source: Chernick and Liu (2002), The American Statistician 56, 149-155 (the saw); Clopper and Pearson (1934).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from dualtrack.errors import FieldError
from dualtrack.evidence.measurement import LEVEL
from dualtrack.evidence.numeric import np
from dualtrack.evidence.power import POWER
from dualtrack.evidence.quantiles import z_two_sided
from dualtrack.evidence.sample_size.search import ROWS_MAX, check_power, check_rate

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["power_one_proportion", "rows_for_one_proportion"]

_POINTS_MAX = 20_000


def power_one_proportion(rows: int, *, rate: float, limit: float, level: float = LEVEL) -> float:
    """Return the probability that `rows` rows show the rate to be on its side of the limit."""
    if rows < 1:
        raise FieldError(f"{rows} rows", where="rows", expected="at least 1")
    _check(rate, limit)
    return float(_powers(np.array([rows], dtype=np.int64), rate, limit, level)[0])


def rows_for_one_proportion(*, rate: float, limit: float, level: float = LEVEL, power: float = POWER) -> int:
    """Return the rows from which on the power is at least `power`; raises FieldError where ROWS_MAX do not do."""
    _check(rate, limit)
    check_power(power)
    enough = 8
    while True:
        around = np.arange(enough, 2 * enough, max(1, enough // 50), dtype=np.int64)
        if _powers(around, rate, limit, level).min() >= power:
            break
        enough *= 2
        if enough > ROWS_MAX:
            raise FieldError("no number of rows would do", where="sample size", expected=f"at most {ROWS_MAX} rows")
    step = math.ceil(2 * enough / _POINTS_MAX)
    tried = np.arange(1, 2 * enough, step, dtype=np.int64)
    short = np.flatnonzero(_powers(tried, rate, limit, level) < power)
    return int(tried[short[-1] + 1]) if len(short) else 1


def _powers(rows: NDArray[np.int64], rate: float, limit: float, level: float) -> NDArray[np.float64]:
    """Return the power of each number of rows: P(at most the largest count whose upper limit is below `limit`)."""
    from scipy.stats import binom  # noqa: PLC0415 - heavy, and only plans need it

    z_two_sided(level)  # refuses a level outside 0 to 1
    tail = (1 - level) / 2
    supposed, bound = (
        (rate, limit) if rate < limit else (1 - rate, 1 - limit)
    )  # count failures instead: the mirror image
    # The upper limit of c is below the bound exactly where P(X <= c) at the bound is less than the tail.
    most = binom.ppf(tail, rows, bound)
    most = np.where(binom.cdf(most, rows, bound) < tail, most, most - 1)
    found: NDArray[np.float64] = np.where(most < 0, 0.0, binom.cdf(most, rows, supposed))
    return found


def _check(rate: float, limit: float) -> None:
    check_rate(rate=rate)
    if not 0 < limit < 1 or rate == limit:
        raise FieldError(
            f"rate {rate}, limit {limit}", where="limit", expected="between 0 and 1, and not the rate itself"
        )
