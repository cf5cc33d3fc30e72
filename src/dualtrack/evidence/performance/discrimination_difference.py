"""`performance.discrimination-difference`: does a score order better than the baseline on the same rows? From counts alone.

The two AUCs and their variances come from fine histograms and are exact for the binned scores. What the scores share (DeLong's covariance
of placements) comes from a coarser joint histogram, in which rows of one cell share the mean placement of their bins. That leaves out what
varies together inside a coarse bin: for two scores that agree, the covariance is then too small and the interval a little too wide.
Source: DeLong et al. (1988), Biometrics 44, 837-845. For exact values from rows see `discrimination.measure_auc_difference`.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from dualtrack.domain.records import Record, Text
from dualtrack.evidence.answered import answered, part, unanswered
from dualtrack.evidence.interval import Interval
from dualtrack.evidence.measure import CountingMeasure, Estimating
from dualtrack.evidence.measurement import Measurement, Method, Part
from dualtrack.evidence.numeric import np
from dualtrack.evidence.performance.binned_discrimination import class_facts
from dualtrack.evidence.performance.discrimination import CLASS_LEAST, auc_interval
from dualtrack.evidence.performance.histogram import (
    Histogram,
    Scale,
    edges,
    joined_bins,
    label_key,
    merge_histograms,
    outcome_of,
    read_histogram,
    score_keys,
)
from dualtrack.evidence.performance.ordering import Order, order, weighted_covariance
from dualtrack.evidence.power import detectable_effect, no_spread
from dualtrack.evidence.quantiles import z_two_sided
from dualtrack.evidence.roles import counted_column
from dualtrack.evidence.suppression import middles, runs
from dualtrack.evidence.tally import Key, Tally

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from dualtrack.evidence.sample import Roles
    from dualtrack.evidence.tally import Counted

__all__ = ["JOINT_BINS", "DifferenceSettings", "DifferenceStatistics", "DiscriminationDifference", "joint_edges"]

JOINT_BINS = 56
"""Bins of each axis of the joint histogram: at most 6,272 cells, about 60 KB."""

_REACH = 7.0
_METHOD = Method(
    name="difference of AUCs of binned scores, paired DeLong with the covariance from a joint histogram",
    version="1",
    source="DeLong et al. 1988; Sun and Xu 2014",
)


class DifferenceSettings(Record, frozen=True):
    """Scales of the score and of the baseline, number of bins of each."""

    low: float = 0.0
    high: float = 1.0
    baseline_low: float = 0.0
    baseline_high: float = 1.0
    bins: int = 1_500

    @property
    def scales(self) -> tuple[Scale, Scale]:
        """The bins of score and baseline."""
        return (
            Scale(low=self.low, high=self.high, bins=self.bins),
            Scale(low=self.baseline_low, high=self.baseline_high, bins=self.bins),
        )


class DifferenceStatistics(Record, frozen=True):
    """Histograms of score and baseline, and the joint one: `cells` are (coarse bin of score, of baseline, outcome, rows)."""

    score: Histogram
    baseline: Histogram
    cells: tuple[tuple[int, int, int, int], ...]


class DiscriminationDifference(CountingMeasure[DifferenceStatistics, DifferenceSettings]):
    """AUC of the score minus AUC of the baseline."""

    name = "performance.discrimination-difference"
    family = "performance"
    title = Text(en="Does the score order better than the baseline?", zh="評分的排序是否勝過基準？")
    unit = "probability"
    needs = ("label", "score", "baseline")
    cost = "counts"
    method = _METHOD
    misleads = Text(
        en="A baseline that is poor on purpose makes any score look good: compare with the way of working that the AI replaces. "
        "A difference of AUCs says nothing about the difference at the threshold in use.",
        zh="刻意選用差劣的基準，任何評分都顯得優勝：應與人工智能所取代的做法比較。AUC 之差並不代表實際門檻下的差別。",
    )
    settings = DifferenceSettings
    statistics = DifferenceStatistics

    def tallies(self, roles: Roles, settings: DifferenceSettings) -> tuple[Tally, ...]:
        """Count rows by outcome with each score, and with both in coarse bins."""
        label = label_key(roles)
        names, scales = ("score", "baseline"), settings.scales
        fine = [
            Tally(name=name, keys=(label, *score_keys(roles, scale, name)))
            for name, scale in zip(names, scales, strict=True)
        ]
        coarse = [
            Key(column=counted_column(roles, name), how="bins", edges=joint_edges(scale))
            for name, scale in zip(names, scales, strict=True)
        ]
        return (*fine, Tally(name="joint", keys=(label, *coarse)))

    def from_counted(self, counted: Sequence[Counted], settings: DifferenceSettings) -> DifferenceStatistics:
        """Return the three histograms."""
        first, second = (read_histogram(each, scale) for each, scale in zip(counted[:2], settings.scales, strict=True))
        label = counted[2].tally.keys[0].column
        cells = [
            (int(one), int(other), outcome_of(truth, label), count)
            for (truth, one, other), count in zip(counted[2].cells, counted[2].counts, strict=True)
        ]
        return DifferenceStatistics(score=first, baseline=second, cells=tuple(sorted(cells)))

    def merge(self, parts: Sequence[DifferenceStatistics]) -> DifferenceStatistics:
        """Add histograms."""
        rows: dict[tuple[int, int, int], int] = {}
        for each in parts:
            for one, other, truth, count in each.cells:
                rows[one, other, truth] = rows.get((one, other, truth), 0) + count
        return DifferenceStatistics(
            score=merge_histograms([each.score for each in parts]),
            baseline=merge_histograms([each.baseline for each in parts]),
            cells=tuple((*cell, rows[cell]) for cell in sorted(rows)),
        )

    def suppressed(
        self, statistics: DifferenceStatistics, settings: DifferenceSettings, least: int
    ) -> DifferenceStatistics:
        """Join bins of fewer people with their neighbours, of each histogram and of the joint one."""
        del settings
        if not statistics.cells:
            return statistics
        (score, to_score), (baseline, to_baseline) = (
            _joined(each, least) for each in (statistics.score, statistics.baseline)
        )
        cells: dict[tuple[int, int, int], int] = {}
        for one, other, truth, count in statistics.cells:
            place = (int(to_score[one]), int(to_baseline[other]), truth)
            cells[place] = cells.get(place, 0) + count
        return DifferenceStatistics(score=score, baseline=baseline, cells=_joined_cells(cells, least))

    def estimate(
        self,
        statistics: DifferenceStatistics,
        settings: DifferenceSettings,  # noqa: ARG002 -- the histograms carry their bins
        how: Estimating,
    ) -> tuple[Measurement, ...]:
        """Return the difference; parts are the two AUCs. No estimate where a class is too small or nothing is ordered differently."""
        facts = class_facts(statistics.score, how)
        bare = unanswered(
            "discrimination.auc-difference", "probability", statistics.score.n, _METHOD, how, statistics, facts
        )
        smaller = min(sum(statistics.score.positives), sum(statistics.score.negatives))
        if smaller < CLASS_LEAST:
            return (bare,)
        found = [order(each.counts) for each in (statistics.score, statistics.baseline)]
        variance = found[0].variance + found[1].variance - 2 * _covariance(statistics, found)
        error = math.sqrt(max(variance, 0.0))
        if no_spread(error) or variance < 1e-9 * (found[0].variance + found[1].variance):
            return (bare,)
        half = z_two_sided(how.level) * error
        difference = found[0].auc - found[1].auc
        return (
            answered(
                bare,
                difference,
                Interval(difference - half, difference + half),
                enough=smaller >= how.cell_size_min,
                facts={
                    "standard_error": error,
                    "detectable_effect": detectable_effect(error, level=how.level),
                    "binning_error_max": (found[0].tied + found[1].tied) / 2,
                },
                parts=tuple(
                    _auc_part(name, each, statistics.score, how)
                    for name, each in zip(("score", "baseline"), found, strict=True)
                ),
            ),
        )


def joint_edges(scale: Scale) -> tuple[float, ...]:
    """Return the edges of the joint histogram: equal steps of log-odds on the scale, so that rare events are not in one bin.

    Each is moved to an edge of the fine histogram, so that a fine bin lies in one coarse bin.
    """
    fine = np.array(edges(scale))
    steps = np.linspace(-_REACH, _REACH, JOINT_BINS - 1)
    wanted = scale.low + (scale.high - scale.low) / (1 + np.exp(-steps))
    near = np.clip(np.searchsorted(fine, wanted), 1, len(fine) - 2)
    return tuple(fine[np.unique(near)].tolist())


def _covariance(statistics: DifferenceStatistics, found: list[Order]) -> float:
    """Return DeLong's covariance of the two AUCs from the joint cells, each with the mean placements of its coarse bins."""
    cells = np.array(statistics.cells, dtype=np.int64)
    total = 0.0
    means = [_coarse(each, placed) for each, placed in zip((statistics.score, statistics.baseline), found, strict=True)]
    for truth in (0, 1):
        lines = cells[cells[:, 2] == truth]
        weight = lines[:, 3].astype(np.float64)
        first, second = (means[axis][lines[:, axis], truth] for axis in (0, 1))
        total += weighted_covariance(first, second, weight) / weight.sum()
    return total


def _coarse_places(histogram: Histogram) -> tuple[NDArray[np.int64], int]:
    """Return the coarse bin of each fine bin that is held, and how many coarse bins there are."""
    coarse = np.array(joint_edges(histogram.scale))
    lower = np.array((-math.inf, *edges(histogram.scale)))  # where each fine bin begins
    return np.searchsorted(coarse, lower[list(histogram.places)], side="right").astype(np.int64), len(coarse) + 1


def _joined(histogram: Histogram, least: int) -> tuple[Histogram, NDArray[np.int64]]:
    """Return the histogram with bins joined, and the coarse bin that each coarse bin is joined to.

    Where coarse bins are joined, their fine bins become one, at the middle row: then it lies in the coarse bin of that row.
    """
    place, size = _coarse_places(histogram)
    rows = histogram.counts.sum(1)
    coarse_rows = np.bincount(place, weights=rows, minlength=size).astype(np.int64)
    coarse_run = runs(coarse_rows[None, :], least)
    held = np.bincount(coarse_run, weights=coarse_rows > 0)
    run, number = np.zeros(len(place), dtype=np.int64), 0
    for each in np.unique(coarse_run[place]):
        own = np.flatnonzero(coarse_run[place] == each)
        within = np.zeros(len(own), dtype=np.int64) if held[each] > 1 else runs(rows[own][None, :], least)
        run[own] = number + within
        number += int(within[-1]) + 1
    return joined_bins(histogram, run), middles(coarse_run, coarse_rows)[coarse_run]


def _joined_cells(cells: dict[tuple[int, int, int], int], least: int) -> tuple[tuple[int, int, int, int], ...]:
    """Return joint cells with neighbours on the second axis joined until each holds `least` people of both outcomes together."""
    found: dict[tuple[int, int, int], int] = {}
    for one in sorted({place[0] for place in cells}):
        others = sorted({place[1] for place in cells if place[0] == one})
        rows = np.array(
            [sum(cells.get((one, other, truth), 0) for truth in (0, 1)) for other in others], dtype=np.int64
        )
        run = runs(rows[None, :], least)
        for other, to in zip(others, middles(run, rows)[run].tolist(), strict=True):
            for truth in (0, 1):
                place = (one, others[to], truth)
                found[place] = found.get(place, 0) + cells.get((one, other, truth), 0)
    return tuple((*place, count) for place, count in sorted(found.items()) if count)


def _coarse(histogram: Histogram, placed: Order) -> NDArray[np.float64]:
    """Return the mean placement of each coarse bin and outcome, 0 where it holds no row."""
    place, size = _coarse_places(histogram)
    counts = histogram.counts.astype(np.float64)
    rows, sums = np.zeros((size, 2)), np.zeros((size, 2))
    np.add.at(rows, place, counts)
    np.add.at(sums, place, counts * placed.placements)
    return np.divide(sums, rows, out=np.zeros_like(sums), where=rows > 0)


def _auc_part(name: str, found: Order, histogram: Histogram, how: Estimating) -> Part:
    smaller = min(sum(histogram.positives), sum(histogram.negatives))
    limits = auc_interval(found.auc, found.variance, smaller, how.level)
    if no_spread(math.sqrt(found.variance)) and found.auc not in {0.0, 1.0}:
        return Part(label=name, n=histogram.n, outcome="underpowered")
    return part(name, histogram.n, 0 if smaller >= how.cell_size_min else histogram.n + 1, found.auc, limits)
