"""Calibration within groups: whether a stated probability means the same for every group of people.

For each attribute two measurements. The calibration gap is the largest minus the smallest of (observed rate minus mean stated
probability) over the groups. The worst group's calibration error is the largest expected calibration error of a group, over
bins of equal width. Both from counts and sums of scores by group, bin and outcome; in every draw a cell keeps its mean score.
Sources: Kleinberg, Mullainathan and Raghavan (2017), Inherent Trade-Offs in the Fair Determination of Risk Scores, condition A;
Nixon et al. (2019), Measuring Calibration in Deep Learning.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dualtrack.domain.records import Record, Text
from dualtrack.evidence.fairness.counts import attribute_names
from dualtrack.evidence.fairness.draws import around, draw_tables
from dualtrack.evidence.fairness.scores import (
    GroupScores,
    ScoreTables,
    merge_scores,
    read_scores,
    score_tally,
    suppressed_scores,
)
from dualtrack.evidence.measure import CountingMeasure, Estimating
from dualtrack.evidence.measurement import Fact, Measurement, Method, Outcome, Part, plain_statistics
from dualtrack.evidence.numeric import np
from dualtrack.evidence.performance.calibration import expected_error
from dualtrack.evidence.resampling import record_draws

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from dualtrack.evidence.interval import Interval
    from dualtrack.evidence.sample import Roles
    from dualtrack.evidence.tally import Counted, Tally

__all__ = ["CalibrationSettings", "CalibrationWithin"]

_GROUPS_LEAST = 2


class CalibrationSettings(Record, frozen=True):
    """`bins` of equal width from 0 to 1; wide bins hide errors that cancel, narrow ones hold too few people."""

    bins: int = 20


class CalibrationWithin(CountingMeasure[ScoreTables, CalibrationSettings]):
    """Gap of observed minus stated rates between groups, and the worst group's calibration error."""

    name = "fairness.calibration-within-groups"
    family = "fairness"
    title = Text(en="Calibration within groups", zh="各群組內的校準")
    unit = "probability"
    needs = ("label", "score", "attributes")
    cost = "counts"
    method = Method(
        name="observed minus stated rate by group, equal-width bins, multinomial bootstrap over group, bin and outcome",
        version="1",
        source="Kleinberg et al. 2017; Nixon et al. 2019",
    )
    misleads = Text(
        en="Where base rates differ, calibration within groups and equal error rates cannot both hold, so a small gap here may "
        "come with a large one there. A group's calibration error is biased upwards in small groups.",
        zh="基準比率不同時，組內校準與相等錯誤率不能兼得，此處差距小，彼處差距可能大。群組細小時，其校準誤差會偏高。",
    )
    settings = CalibrationSettings
    statistics = ScoreTables

    def tallies(self, roles: Roles, settings: CalibrationSettings) -> tuple[Tally, ...]:
        """Ask for one histogram an attribute, with the sums of scores."""
        return tuple(score_tally(roles, name, settings.bins, sums=True) for name in attribute_names(roles))

    def from_counted(self, counted: Sequence[Counted], settings: CalibrationSettings) -> ScoreTables:
        """Return the histograms; raises FieldError as `read_scores` does."""
        return ScoreTables(scores=tuple(read_scores(each, settings.bins) for each in counted))

    def merge(self, parts: Sequence[ScoreTables]) -> ScoreTables:
        """Add histograms of separate rows."""
        return merge_scores(parts)

    def suppressed(self, statistics: ScoreTables, settings: CalibrationSettings, least: int) -> ScoreTables:
        """Pool bins, and empty groups, of fewer people."""
        del settings
        return suppressed_scores(statistics, least)

    def estimate(
        self, statistics: ScoreTables, settings: CalibrationSettings, how: Estimating
    ) -> tuple[Measurement, ...]:
        """Return the gap and the worst error for each attribute."""
        del settings  # the bins stand in the statistics
        return tuple(item for each in statistics.scores for item in self._estimate(each, how))

    def _estimate(self, scores: GroupScores, how: Estimating) -> list[Measurement]:
        count, mean = scores.array, scores.means
        drawn = draw_tables(count, how.seed, how.draws)
        sizes = count.sum((1, 2))
        small = int((sizes < how.cell_size_min).sum())
        facts: dict[str, Fact] = {
            "attribute": scores.attribute,
            "groups": len(scores.levels),
            "groups_underpowered": small,
            "smallest_cell": int(sizes.min()),
            "cell_size_min": how.cell_size_min,
            "bins": scores.bins,
        }
        if small or len(scores.levels) < _GROUPS_LEAST:
            facts["n_needed"] = how.cell_size_min
        if scores.nothing_to_tell:
            facts["why"] = scores.nothing_to_tell
        made = []
        for measure, form, summary in (
            ("fairness.calibration-gap", _offsets, _spread),
            ("fairness.calibration-worst-error", _errors, _largest),
        ):
            point, again = form(count, mean), form(drawn, mean)
            value = float(summary(point))
            limits = around(value, summary(again), how.level) if len(sizes) >= _GROUPS_LEAST else None
            parts = tuple(
                _part(level, int(sizes[at]), float(point[at]), again[:, at], how)
                for at, level in enumerate(scores.levels)
            )
            made.append(self._measurement(measure, scores, value, limits, facts, parts, how))
        return made

    def _measurement(
        self,
        measure: str,
        scores: GroupScores,
        value: float,
        limits: Interval | None,
        facts: dict[str, Fact],
        parts: tuple[Part, ...],
        how: Estimating,
    ) -> Measurement:
        small = facts["groups_underpowered"]
        return Measurement(
            measure=measure,
            unit=self.unit,
            n=scores.n,
            outcome="underpowered" if limits is None or small or "why" in facts else "measured",
            method=self.method,
            data_digest=how.data_digest,
            level=how.level,
            estimate=None if limits is None else value,
            low=None if limits is None else limits.low,
            high=None if limits is None else limits.high,
            facts=facts,
            parts=parts,
            statistics=plain_statistics(ScoreTables(scores=(scores,))),
            draws=record_draws(how.seed, how.draws),
        )


def _offsets(count: NDArray[Any], mean: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return observed minus mean stated probability by group, from counts (..., groups, bins, 2)."""
    rows = count.sum((-1, -2)).astype(np.float64)
    over = count[..., 1].sum(-1) - (count * mean).sum((-1, -2))
    offset: NDArray[np.float64] = np.divide(over, rows, out=np.full(rows.shape, np.nan), where=rows > 0)
    return offset


def _errors(count: NDArray[Any], mean: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the expected calibration error by group, from counts (..., groups, bins, 2)."""
    rows = count.sum((-1, -2))
    some = np.where(rows[..., None, None] > 0, count, 1).astype(np.float64)
    error: NDArray[np.float64] = np.where(rows > 0, expected_error(some, mean), np.nan)
    return error


def _spread(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the largest minus the smallest over groups; NaN where a draw lost a group."""
    return np.asarray(np.ptp(values, axis=-1), dtype=np.float64)


def _largest(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(values.max(-1), dtype=np.float64)


def _part(level: str, size: int, point: float, drawn: NDArray[np.float64], how: Estimating) -> Part:
    limits = around(point, drawn, how.level)
    if limits is None:
        return Part(label=level, n=size, outcome="underpowered")
    outcome: Outcome = "measured" if size >= how.cell_size_min else "underpowered"
    return Part(label=level, n=size, outcome=outcome, estimate=point, low=limits.low, high=limits.high)
