"""Student's interval of an estimate from its standard error. Source: Student (1908), Biometrika 6, 1-25."""

from __future__ import annotations

from dualtrack.evidence.interval import Interval
from dualtrack.evidence.quantiles import student_quantile

__all__ = ["student_limits"]

_NORMAL_FROM = 1e9


def student_limits(estimate: float, error: float, degrees: float, level: float) -> Interval:
    """Return estimate plus and minus its error times Student's quantile; degrees without end give the normal's."""
    half = student_quantile(0.5 + level / 2, min(degrees, _NORMAL_FROM)) * error
    return Interval(estimate - half, estimate + half)
