"""Counts of one segment, and what they say: AUC, Brier score, selection rate, sensitivity, each with its standard error."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal, NamedTuple

from dualtrack.domain.records import Record
from dualtrack.evidence.interval import Interval
from dualtrack.evidence.intervals.wilson import wilson_limits
from dualtrack.evidence.numeric import np
from dualtrack.evidence.performance.confusion import Outcomes
from dualtrack.evidence.performance.discrimination import CLASS_LEAST, auc_interval
from dualtrack.evidence.performance.histogram import Histogram, edges, merge_histograms
from dualtrack.evidence.performance.ordering import order
from dualtrack.evidence.quantiles import z_two_sided

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Metric", "Reading", "Segment", "merge_segments", "read_segment"]

Metric = Literal["auc", "brier", "selection", "sensitivity"]
"""What can be measured in a segment."""


class Segment(Record, frozen=True):
    """Rows of one value of one column: histogram of scores, counts at the policy, whichever was asked for.

    `squared` is the sum of squared errors of the score in units of 2^-40, as text.
    """

    column: str
    value: str
    histogram: Histogram | None = None
    squared: str = ""
    policy: Outcomes | None = None


class Reading(NamedTuple):
    """A metric of some rows; `base` is the number that its precision rests on (the smaller class, the positives, the rows)."""

    estimate: float
    error: float
    limits: Interval
    base: int


def merge_segments(parts: Sequence[Segment]) -> Segment:
    """Add counts of segments; column and value are those of the first."""
    histograms = [each.histogram for each in parts if each.histogram is not None]
    squares = [int(each.squared) for each in parts if each.squared]
    policies = [each.policy for each in parts if each.policy is not None]
    total = Outcomes()
    for each in policies:
        total = total.plus(each)
    return Segment(
        column=parts[0].column,
        value=parts[0].value,
        histogram=merge_histograms(histograms) if histograms else None,
        squared=str(sum(squares)) if squares else "",
        policy=total if policies else None,
    )


def read_segment(segment: Segment, metric: Metric, level: float) -> Reading | None:
    """Return a metric of a segment, or None where its rows cannot form it."""
    if metric in {"auc", "brier"}:
        assert segment.histogram is not None
        return _auc(segment.histogram, level) if metric == "auc" else _brier(segment, segment.histogram, level)
    assert segment.policy is not None
    counts = segment.policy
    if metric == "selection":
        return _share(counts.true_positives + counts.false_positives, counts.n, level)
    return _share(counts.true_positives, counts.true_positives + counts.false_negatives, level)


def _auc(histogram: Histogram, level: float) -> Reading | None:
    smaller = min(sum(histogram.positives), sum(histogram.negatives))
    if smaller < CLASS_LEAST:
        return None
    found = order(histogram.counts)
    if found.variance <= 0 and found.auc not in {0.0, 1.0}:
        return None
    return Reading(
        found.auc, math.sqrt(found.variance), auc_interval(found.auc, found.variance, smaller, level), smaller
    )


def _brier(segment: Segment, histogram: Histogram, level: float) -> Reading | None:
    n = histogram.n
    if n < CLASS_LEAST:
        return None
    score = math.ldexp(int(segment.squared), -40) / n
    borders = np.array(edges(histogram.scale))
    middle = (borders[:-1] + borders[1:])[np.array(histogram.places) - 1] / 2
    losses = np.column_stack([middle**2, (1 - middle) ** 2])  # of a row in the middle of its bin: for the spread only
    mean = float((histogram.counts * losses).sum()) / n
    error = math.sqrt(float((histogram.counts * (losses - mean) ** 2).sum()) / (n - 1) / n)
    half = z_two_sided(level) * error
    return Reading(score, error, Interval(max(0.0, score - half), score + half), n) if error > 0 else None


def _share(hits: int, n: int, level: float) -> Reading | None:
    if not n:
        return None
    share = hits / n
    return Reading(share, math.sqrt(share * (1 - share) / n), wilson_limits(hits, n, level), n)
