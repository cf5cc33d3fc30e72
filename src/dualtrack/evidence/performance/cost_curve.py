"""`performance.cost-curve`: what wrong decisions cost at every threshold, for declared costs of each kind of error.

Costs are per row, in the unit in which they were declared. The best threshold is searched among the edges of the histogram and its cost
is that of the data it was searched on, hence too low: the cost at the policy's threshold is the one to hold against a limit.
Sources: Drummond and Holte (2006), Machine Learning 65, 95-130; Elkan (2001), IJCAI-01, 973-978; Efron and Tibshirani (1993), 6.4.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from msgspec.structs import replace

from dualtrack.domain.records import Record, Text
from dualtrack.errors import FieldError
from dualtrack.evidence.answered import answered, unanswered
from dualtrack.evidence.measure import CountingMeasure, Estimating
from dualtrack.evidence.measurement import Fact, Measurement, Method
from dualtrack.evidence.numeric import np
from dualtrack.evidence.performance.binned_discrimination import class_facts
from dualtrack.evidence.performance.confusion import Outcomes, policy_key, read_policy
from dualtrack.evidence.performance.costing import Costs, cost_tables, curve_parts, pooled_at
from dualtrack.evidence.performance.histogram import (
    Histogram,
    Scale,
    draw_tables,
    edges,
    label_key,
    merge_histograms,
    read_histogram,
    score_keys,
    suppressed_bins,
)
from dualtrack.evidence.power import no_spread
from dualtrack.evidence.resampling import percentiles
from dualtrack.evidence.tally import Tally

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from dualtrack.evidence.sample import Roles
    from dualtrack.evidence.tally import Counted

__all__ = ["CostCurve", "CostSettings", "CostStatistics"]

_METHOD = Method(
    name="cost per row over thresholds, multinomial bootstrap over groups of bins",
    version="1",
    source="Drummond and Holte 2006; Elkan 2001; Efron and Tibshirani 1993, 6.4",
)


class CostSettings(Record, frozen=True):
    """Cost of saying yes wrongly and of saying no wrongly, in `unit`; the policy's threshold (yes from it on), and the scale."""

    cost_false_positive: float
    cost_false_negative: float
    unit: str
    threshold: float | None = None
    low: float = 0.0
    high: float = 1.0
    bins: int = 2_000

    def __post_init__(self) -> None:
        for name in ("cost_false_positive", "cost_false_negative"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value > 0):
                raise FieldError(f"{value}", where=f"settings.{name}", expected="a finite cost above 0")

    @property
    def scale(self) -> Scale:
        """The bins, the policy's threshold among their edges."""
        thresholds = () if self.threshold is None else (self.threshold,)
        return Scale(low=self.low, high=self.high, bins=self.bins, thresholds=thresholds)

    @property
    def costs(self) -> Costs:
        """Both costs."""
        return Costs(self.cost_false_positive, self.cost_false_negative)


class CostStatistics(Record, frozen=True):
    """The histogram and, where the policy is the decision that was taken, its four counts."""

    histogram: Histogram
    decided: Outcomes | None = None


class CostCurve(CountingMeasure[CostStatistics, CostSettings]):
    """Cost per row at the policy, at the best threshold, and the difference."""

    name = "performance.cost-curve"
    family = "performance"
    title = Text(en="What wrong decisions cost", zh="錯誤決定的成本")
    unit = "as declared, per row"
    needs = ("label", "score")
    cost = "counts"
    method = _METHOD
    misleads = Text(
        en="The curve is as good as the declared costs: errors that differ in size need their own amounts. The best threshold is chosen "
        "on the same rows, so its cost is too low. What a refused case would have cost is not known.",
        zh="曲線的質素取決於所申報的成本：大小不一的錯誤須有各自的金額。最佳門檻是在同一批數據上選出，其成本偏低。被拒個案本來的成本無從得知。",
    )
    settings = CostSettings
    statistics = CostStatistics

    def tallies(self, roles: Roles, settings: CostSettings) -> tuple[Tally, ...]:
        """Count rows by outcome and bin of the score; without a threshold, by outcome and decision where there is one."""
        scores = Tally(name="scores", keys=(label_key(roles), *score_keys(roles, settings.scale)))
        if settings.threshold is not None or not roles.decision:
            return (scores,)
        return (scores, Tally(name="policy", keys=(label_key(roles), policy_key(roles, None))))

    def from_counted(self, counted: Sequence[Counted], settings: CostSettings) -> CostStatistics:
        """Return the histogram and the counts at the decision."""
        decided = read_policy(counted[1]) if len(counted) > 1 else None
        return CostStatistics(histogram=read_histogram(counted[0], settings.scale), decided=decided)

    def merge(self, parts: Sequence[CostStatistics]) -> CostStatistics:
        """Add counts."""
        histogram = merge_histograms([each.histogram for each in parts])
        held = [each.decided for each in parts if each.decided is not None]
        if held and len(held) != len(parts):
            raise FieldError("decisions in some parts only", where="statistics", expected="in all or in none")
        total = Outcomes()
        for each in held:
            total = total.plus(each)
        return CostStatistics(histogram=histogram, decided=total if held else None)

    def suppressed(self, statistics: CostStatistics, settings: CostSettings, least: int) -> CostStatistics:
        """Join bins of fewer people with their neighbours."""
        del settings
        return replace(statistics, histogram=suppressed_bins(statistics.histogram, least))

    def estimate(self, statistics: CostStatistics, settings: CostSettings, how: Estimating) -> tuple[Measurement, ...]:
        """Return cost at the policy (where there is one), cost at the best threshold with the curve as parts, and the difference."""
        histogram, costs = statistics.histogram, settings.costs
        facts: dict[str, Fact] = class_facts(histogram, how) | {
            "cost_false_positive": costs.false_positive,
            "cost_false_negative": costs.false_negative,
        }

        def bare(name: str) -> Measurement:
            unit = f"{settings.unit} per row"
            return unanswered(f"cost.{name}", unit, histogram.n, _METHOD, how, statistics, facts)

        smaller = min(sum(histogram.positives), sum(histogram.negatives))
        enough = smaller >= how.cell_size_min
        begins = np.array((-math.inf, *edges(histogram.scale)))[list(histogram.places)]
        curve = cost_tables(histogram.counts.astype(np.float64), costs)
        best = int(curve.argmin())
        starts = np.append(begins, math.nextafter(histogram.scale.high, math.inf))
        pooled, cut = pooled_at(histogram.counts, begins, settings.threshold)
        drawn = cost_tables(draw_tables(pooled, how), costs)
        lowest = drawn.min(-1)
        found = {
            "best_threshold": float(starts[best]),
            "flags_nobody": float(curve[-1]),
            "flags_everybody": float(curve[0]),
        }
        at_best = _with(bare("at-best"), float(curve[best]), lowest, how, enough=enough, facts=found)
        if at_best.estimate is not None:
            at_best = replace(at_best, parts=curve_parts(histogram.counts, starts, costs, how))
        if settings.threshold is None:
            return (*_decided(bare("at-policy"), statistics.decided, costs, how, enough=enough), at_best)
        policy = float(curve[int(np.searchsorted(begins, settings.threshold))])
        known = {"threshold": settings.threshold}
        return (
            _with(bare("at-policy"), policy, drawn[:, cut], how, enough=enough, facts=known),
            at_best,
            _with(
                bare("above-best"), policy - float(curve[best]), drawn[:, cut] - lowest, how, enough=enough, facts=known
            ),
        )


def _decided(
    bare: Measurement, decided: Outcomes | None, costs: Costs, how: Estimating, *, enough: bool
) -> tuple[Measurement, ...]:
    if decided is None:
        return ()
    price = np.array([[0.0, costs.false_positive], [costs.false_negative, 0.0]])
    point = float((decided.table * price).sum() / decided.n)
    drawn = (draw_tables(decided.table, how) * price).sum((1, 2)) / decided.n
    return (_with(bare, point, drawn, how, enough=enough, facts={"policy": "decision"}),)


def _with(
    bare: Measurement,
    point: float,
    drawn: NDArray[np.float64],
    how: Estimating,
    *,
    enough: bool,
    facts: dict[str, float] | dict[str, str],
) -> Measurement:
    if no_spread(float(drawn.std()), scale=max(abs(point), 1e-12)):
        return bare
    return answered(bare, point, percentiles(drawn, how.level), enough=enough, facts=facts, drawn=how)
