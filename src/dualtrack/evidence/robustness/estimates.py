"""From counts and sums to measurements: a share with Wilson's interval, a mean with Student's.

A share of fewer rows than `cell_size_min` is underpowered and says how many would do; a mean of rows that are all alike has no spread to
make an interval from, and is underpowered too. Sources: Wilson (1927), JASA 22, 209-212; Student (1908), Biometrika 6, 1-25.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from dualtrack.domain.evidence import Method
from dualtrack.evidence.interval import Interval
from dualtrack.evidence.intervals.student import student_limits
from dualtrack.evidence.intervals.wilson import wilson
from dualtrack.evidence.measurement import Measurement, Part, plain_statistics
from dualtrack.evidence.power import no_spread

if TYPE_CHECKING:
    from dualtrack.domain.records import Record
    from dualtrack.evidence.measure import Estimating
    from dualtrack.evidence.measurement import Fact, Outcome
    from dualtrack.evidence.robustness.amounts import Amounts

__all__ = ["ROWS_LEAST", "STUDENT", "WILSON", "mean_measurement", "share_measurement", "share_part", "student"]

ROWS_LEAST = 2
"""Fewest rows that give a variance."""

WILSON = Method(name="share of rows, Wilson interval", version="1", source="Wilson 1927")
"""How shares are estimated."""

STUDENT = Method(name="mean over rows, Student interval", version="1", source="Student 1908")
"""How means are estimated."""


def share_measurement(
    name: str,
    count: int,
    n: int,
    statistics: Record,
    how: Estimating,
    *,
    facts: dict[str, Fact],
    parts: tuple[Part, ...] = (),
    unit: str = "share of rows",
    method: Method = WILSON,
    ones: int | None = None,
) -> Measurement:
    """Return the share of rows that something holds for; of decisions that turn, `ones` says how many are 1 as they are.

    Where everybody is decided alike the data cannot answer: that nothing turns is then no steadiness, more often a wrong threshold.
    """
    limits = wilson(count, n, level=how.level)
    few = n < how.cell_size_min
    alike = ones is not None and ones in {0, n}
    if ones is not None:
        facts = facts | {"decided_1": ones}
    found = isinstance(limits, Interval)
    return Measurement(
        measure=name,
        unit=unit,
        n=n,
        outcome="underpowered" if few or alike or not found else "measured",
        method=method,
        data_digest=how.data_digest,
        level=how.level,
        estimate=count / n if found else None,
        low=limits.low if isinstance(limits, Interval) else None,
        high=limits.high if isinstance(limits, Interval) else None,
        facts=facts | ({"n_needed": how.cell_size_min} if few else {}),
        parts=parts,
        statistics=plain_statistics(statistics),
    )


def share_part(label: str, count: int, n: int, how: Estimating) -> Part:
    """Return the share of one part."""
    limits = wilson(count, n, level=how.level)
    outcome: Outcome = "underpowered" if n < how.cell_size_min else "measured"
    if not isinstance(limits, Interval):
        return Part(label=label, n=n, outcome="underpowered")
    return Part(label=label, n=n, outcome=outcome, estimate=count / n, low=limits.low, high=limits.high)


def mean_measurement(
    name: str,
    values: Amounts,
    statistics: Record,
    how: Estimating,
    *,
    unit: str,
    facts: dict[str, Fact],
    bounds: tuple[float, float] = (-math.inf, math.inf),
    method: Method = STUDENT,
) -> Measurement:
    """Return a mean over rows; `bounds` are those of the number itself, past which no limit goes."""
    limits = student(values, how.level)
    few = values.n < how.cell_size_min
    return Measurement(
        measure=name,
        unit=unit,
        n=values.n,
        outcome="underpowered" if few or limits is None else "measured",
        method=method,
        data_digest=how.data_digest,
        level=how.level,
        estimate=None if limits is None else values.mean,
        low=None if limits is None else max(limits.low, bounds[0]),
        high=None if limits is None else min(limits.high, bounds[1]),
        facts=facts | ({"n_needed": how.cell_size_min} if few else {}),
        statistics=plain_statistics(statistics),
    )


def student(values: Amounts, level: float) -> Interval | None:
    """Return Student's interval of a mean, or None where there are too few numbers or all are alike."""
    if values.n < ROWS_LEAST:
        return None
    mean, error = values.mean, values.deviation / math.sqrt(values.n)
    if no_spread(error, scale=abs(mean)):
        return None
    return student_limits(mean, error, values.n - 1, level)
