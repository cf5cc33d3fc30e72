"""What could be done about a gap: thresholds by group in place of the policy's one, and the weights for training again.

From counts alone. For each attribute: the change of the gap and of the utility if the best thresholds under the declared bound took
the place of the policy's threshold (paired, the same draws), and the table of reweighing weights. The effect of the weights needs
training again: see `reweighing.measure_reweighing`, which takes a trainer.
Sources: Hardt, Price and Srebro (2016), section 3.2; Kamiran and Calders (2012), Knowledge and Information Systems 33, 1-33.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from dualtrack.domain.records import Record, Text
from dualtrack.errors import FieldError
from dualtrack.evidence.fairness.counts import attribute_names
from dualtrack.evidence.fairness.draws import around, draw_tables
from dualtrack.evidence.fairness.frontier import Point, check_costs, described, smallest_base
from dualtrack.evidence.fairness.points import draw_points
from dualtrack.evidence.fairness.reweighing import reweighing
from dualtrack.evidence.fairness.scores import (
    GroupScores,
    ScoreTables,
    merge_scores,
    read_scores,
    score_tally,
    suppressed_scores,
)
from dualtrack.evidence.fairness.thresholds import Gap, best_single, best_under, make_tails
from dualtrack.evidence.measure import CountingMeasure, Estimating
from dualtrack.evidence.measurement import Fact, Measurement, Method, Outcome, Part, plain_statistics
from dualtrack.evidence.numeric import np
from dualtrack.evidence.resampling import record_draws

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from dualtrack.evidence.sample import Roles
    from dualtrack.evidence.tally import Counted, Tally

__all__ = ["Mitigation", "MitigationSettings"]

_GROUPS_LEAST = 2
_EDGE = 1e-9


class MitigationSettings(Record, frozen=True):
    """The policy's `threshold` and the `bound` on the gap come from the plan; the threshold must be an edge of the `bins`."""

    threshold: float
    bound: float
    gap: Gap = "selection_rate"
    bins: int = 1_000
    costs: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        check_costs(self.costs)
        at = self.threshold * self.bins
        if not 0 <= self.threshold <= 1 or abs(at - round(at)) > _EDGE * self.bins:
            raise FieldError(
                f"threshold {self.threshold}",
                where="threshold",
                expected=f"a multiple of 1/{self.bins}",
                fix="choose bins that have it as an edge",
            )
        if not 0 <= self.bound <= 1:
            raise FieldError(f"{self.bound}", where="bound", expected="a gap from 0 to 1")


class Mitigation(CountingMeasure[ScoreTables, MitigationSettings]):
    """Change of gap and utility by thresholds under a bound, and the weights that training again would use."""

    name = "fairness.mitigation"
    family = "fairness"
    title = Text(en="Mitigation by thresholds and reweighing", zh="以門檻及重新加權減輕差距")
    unit = "difference of rates"
    needs = ("label", "score", "attributes")
    cost = "counts"
    method = Method(
        name="thresholds by group under a bound on score histograms, reweighing table, multinomial bootstrap",
        version="1",
        source="Hardt et al. 2016; Kamiran and Calders 2012",
    )
    misleads = Text(
        en="Thresholds were chosen on the rows they are valued on. Using different thresholds or weights by group may itself be "
        "unlawful treatment by a protected attribute: this shows what a gap would cost to close, not that it should be so closed.",
        zh="門檻在用作評估的同一批資料上選出。按群組採用不同門檻或權重，本身或已構成按受保護特徵的不合法待遇；"
        "本項只顯示收窄差距的代價，並不表示應如此收窄。",
    )
    settings = MitigationSettings
    statistics = ScoreTables

    def tallies(self, roles: Roles, settings: MitigationSettings) -> tuple[Tally, ...]:
        """Ask for one histogram an attribute."""
        return tuple(score_tally(roles, name, settings.bins) for name in attribute_names(roles))

    def from_counted(self, counted: Sequence[Counted], settings: MitigationSettings) -> ScoreTables:
        """Return the histograms; raises FieldError as `read_scores` does."""
        return ScoreTables(scores=tuple(read_scores(each, settings.bins) for each in counted))

    def merge(self, parts: Sequence[ScoreTables]) -> ScoreTables:
        """Add histograms of separate rows."""
        return merge_scores(parts)

    def suppressed(self, statistics: ScoreTables, settings: MitigationSettings, least: int) -> ScoreTables:
        """Pool bins, and empty groups, of fewer people."""
        del settings
        return suppressed_scores(statistics, least)

    def estimate(
        self, statistics: ScoreTables, settings: MitigationSettings, how: Estimating
    ) -> tuple[Measurement, ...]:
        """Return for each attribute the change of the gap, that of the utility, and the weights."""
        return tuple(item for each in statistics.scores for item in self._estimate(each, settings, how))

    def _estimate(self, scores: GroupScores, settings: MitigationSettings, how: Estimating) -> tuple[Measurement, ...]:
        counts = scores.array
        if not counts.sum((0, 1)).all():
            raise FieldError("labels of one class", where="label", expected="both 0 and 1")
        return (*self._thresholds(scores, settings, how), self._weights(scores, how))

    def _thresholds(
        self, scores: GroupScores, settings: MitigationSettings, how: Estimating
    ) -> tuple[Measurement, ...]:
        counts, costs = scores.array, settings.costs or (1.0, 1.0)
        smallest = smallest_base(counts, settings.gap)
        facts: dict[str, Fact] = {"gap_of": settings.gap, "threshold": settings.threshold, "bound": settings.bound}
        gap_change = self._bare("fairness.mitigation-gap-change", scores, smallest, facts, how)
        utility_change = replace(gap_change, measure="fairness.mitigation-utility-change", unit="utility a row")
        if scores.nothing_to_tell:
            why: dict[str, Fact] = {"why": scores.nothing_to_tell}
            return tuple(replace(each, facts=each.facts | why) for each in (gap_change, utility_change))
        if len(scores.levels) < _GROUPS_LEAST or smallest == 0:
            return gap_change, utility_change
        tails = make_tails(counts, settings.gap, costs)
        same = np.ones(len(scores.levels), dtype=np.int64)
        chosen = [
            Point("policy", round(settings.threshold * settings.bins) * same),
            Point("by group, bound", best_under(tails, settings.bound)),
            Point("single, bound", best_single(tails, settings.bound) * same),
        ]
        drawn = draw_points(tails, [each.thresholds for each in chosen], settings.gap, costs, how.seed, how.draws)
        outcome: Outcome = "measured" if smallest >= how.cell_size_min else "underpowered"
        names = [described(each, scores) for each in chosen]
        return (
            _changed(gap_change, outcome, names, drawn.gap, drawn.gap_drawn, how),
            _changed(utility_change, outcome, names, drawn.utility, drawn.utility_drawn, how),
        )

    def _weights(self, scores: GroupScores, how: Estimating) -> Measurement:
        """Return the largest distance of a weight from 1; parts are the weights by group and label."""
        counts = scores.array.sum(1)
        drawn = reweighing(draw_tables(counts, how.seed, how.draws))
        weights = reweighing(counts)
        smallest = int(counts.min())
        bare = self._bare("fairness.reweighing-weights", scores, smallest, {}, how)
        value = float(np.abs(weights - 1).max())
        limits = around(value, np.abs(drawn - 1).max((-1, -2)), how.level)
        parts = tuple(
            _part(f"{level} & label {label}", int(counts[at, label]), weights[at, label], drawn[:, at, label], how)
            for at, level in enumerate(scores.levels)
            for label in (0, 1)
        )
        if limits is None or len(scores.levels) < _GROUPS_LEAST:
            return replace(bare, unit="weight", parts=parts)
        outcome: Outcome = "measured" if smallest >= how.cell_size_min else "underpowered"
        return replace(
            bare, unit="weight", outcome=outcome, estimate=value, low=limits.low, high=limits.high, parts=parts
        )

    def _bare(
        self, measure: str, scores: GroupScores, smallest: int, facts: dict[str, Fact], how: Estimating
    ) -> Measurement:
        held: dict[str, Fact] = {
            "attribute": scores.attribute,
            "groups": len(scores.levels),
            "smallest_cell": smallest,
            "cell_size_min": how.cell_size_min,
        }
        if smallest < how.cell_size_min or len(scores.levels) < _GROUPS_LEAST:
            held["n_needed"] = how.cell_size_min
        return Measurement(
            measure=measure,
            unit=self.unit,
            n=scores.n,
            outcome="underpowered",
            method=self.method,
            data_digest=how.data_digest,
            level=how.level,
            facts=held | facts,
            statistics=plain_statistics(ScoreTables(scores=(scores,))),
            draws=record_draws(how.seed, how.draws),
        )


def _changed(
    bare: Measurement,
    outcome: Outcome,
    names: list[str],
    values: NDArray[np.float64],
    drawn: NDArray[np.float64],
    how: Estimating,
) -> Measurement:
    """Return the change from the first point to the second, with all points as parts."""
    change = float(values[1] - values[0])
    limits = around(change, drawn[:, 1] - drawn[:, 0], how.level)
    parts = tuple(_part(name, bare.n, values[at], drawn[:, at], how) for at, name in enumerate(names))
    if limits is None:
        return replace(bare, parts=parts)
    return replace(bare, outcome=outcome, estimate=change, low=limits.low, high=limits.high, parts=parts)


def _part(label: str, n: int, value: float, drawn: NDArray[np.float64], how: Estimating) -> Part:
    limits = around(float(value), drawn, how.level)
    if limits is None:
        return Part(label=label, n=n, outcome="underpowered")
    outcome: Outcome = "measured" if n >= how.cell_size_min else "underpowered"
    return Part(label=label, n=n, outcome=outcome, estimate=float(value), low=limits.low, high=limits.high)
