"""Confidence sequences of a mean: limits that hold at every look at once, however often and whenever one looks.

`bounded`: exact for independent values no further than `bound` from 0, by the normal mixture of a sub-Gaussian supermartingale.
`asymptotic`: the same boundary with the estimated deviation, right once the mean is near to normal. It therefore answers only
from `ROWS_FIRST` rows and `ROWS_PER_SKEW` times the squared skewness on. Simulated, looking at every row at a stated 5 %: without
that rule events of 2 in 100 gave false alarms in 21 % of runs; with it normal, exponential, lognormal and rare values gave at
most 5.1 %, which is 5 % within the error of 3,000 runs.
Both depend on the moments at the time of the look only, so that no earlier look is kept.
Sources: Robbins (1970), Annals of Mathematical Statistics 41, 1397-1409; Howard, Ramdas, McAuliffe and Sekhon (2021), Annals of
Statistics 49, 1055-1080; Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas (2024), Annals of Statistics 52, 2613-2640.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from dualtrack.errors import FieldError
from dualtrack.evidence.intervals.answer import Answer, Interval, NoInterval
from dualtrack.evidence.measurement import LEVEL
from dualtrack.evidence.quantiles import z_two_sided

__all__ = ["ROWS_FIRST", "ROWS_PER_SKEW", "Spread", "asymptotic", "bounded", "tightest_at"]

ROWS_FIRST = 100
"""First look of the asymptotic sequence: with fewer rows a mean of skewed values is not near to normal."""

ROWS_PER_SKEW = 50
"""Rows needed for each unit of squared skewness: twice Cochran's rule for one look (1977, section 2.15), since looks are many."""


class Spread(NamedTuple):
    """Standard deviation and skewness of the values seen so far."""

    deviation: float
    skewness: float


def tightest_at(rows: int, level: float) -> float:
    """Return the mixture's variance for which the sequence is narrowest near `rows` (Waudby-Smith et al. 2024, appendix)."""
    z_two_sided(level)  # refuses a level outside 0 to 1
    if rows < 1:
        raise FieldError(f"{rows} rows", where="sequence", expected="at least 1 planned row")
    twice = -2 * math.log(1 - level)
    return (twice + math.log(twice + 1)) / rows


def bounded(rows: int, mean: float, bound: float, *, planned: int, level: float = LEVEL) -> Answer:
    """Return limits at all looks for values within `bound` of 0; fails with `no rows`."""
    if not (bound > 0 and math.isfinite(bound)):
        raise FieldError(f"{bound}", where="sequence, bound", expected="a finite number above 0")
    if rows < 1:
        return NoInterval("no rows")
    half = bound * _boundary(rows, tightest_at(planned, level), level)
    return Interval(max(-bound, mean - half), min(bound, mean + half))


def asymptotic(rows: int, mean: float, spread: Spread, *, planned: int, level: float = LEVEL) -> Answer:
    """Return limits at all looks from the first allowed one on; fails with `no spread` or `too few rows`."""
    mixture = tightest_at(planned, level)
    if rows >= 1 and spread.deviation <= 0:
        return NoInterval("no spread")
    if rows < max(ROWS_FIRST, ROWS_PER_SKEW * spread.skewness**2):
        return NoInterval("too few rows")
    half = spread.deviation * _boundary(rows, mixture, level)
    return Interval(mean - half, mean + half)


def _boundary(rows: int, mixture: float, level: float) -> float:
    grown = rows * mixture + 1
    return math.sqrt(2 * grown / (rows * rows * mixture) * math.log(math.sqrt(grown) / (1 - level)))
