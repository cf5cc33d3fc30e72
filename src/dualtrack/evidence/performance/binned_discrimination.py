"""`performance.discrimination`: how well a score orders, from its histogram alone (AUC, Gini coefficient, Kolmogorov-Smirnov).

Estimates are exactly those of the binned scores; the fact `binning_error_max` says by how much the AUC of the unbinned scores can differ.
Sources: DeLong et al. (1988), Biometrics 44, 837-845; Kolmogorov-Smirnov as in Thomas, Edelman and Crook (2002), Credit Scoring and
Its Applications, chapter 7; bootstrap by Efron and Tibshirani (1993), section 6.4.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from dualtrack.domain.records import Record, Text
from dualtrack.evidence.answered import answered, unanswered
from dualtrack.evidence.interval import Interval
from dualtrack.evidence.measure import CountingMeasure, Estimating
from dualtrack.evidence.measurement import Fact, Measurement, Method
from dualtrack.evidence.numeric import np
from dualtrack.evidence.performance.discrimination import CLASS_LEAST, auc_interval
from dualtrack.evidence.performance.histogram import (
    GROUPS,
    Histogram,
    Scale,
    draw_tables,
    label_key,
    merge_histograms,
    pool,
    read_histogram,
    score_keys,
    suppressed_bins,
)
from dualtrack.evidence.performance.ordering import Order, largest_distance, order
from dualtrack.evidence.power import no_spread
from dualtrack.evidence.resampling import percentiles
from dualtrack.evidence.tally import Tally

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dualtrack.evidence.sample import Roles
    from dualtrack.evidence.tally import Counted

__all__ = ["Discrimination", "DiscriminationSettings", "class_facts"]

_DELONG = Method(
    name="AUC of binned scores by midranks, DeLong interval", version="1", source="DeLong et al. 1988; Sun and Xu 2014"
)
_KS = Method(
    name="largest distance of the two distribution functions, multinomial bootstrap over groups of bins",
    version="1",
    source="Thomas et al. 2002, chapter 7; Efron and Tibshirani 1993, 6.4",
)


class DiscriminationSettings(Record, frozen=True):
    """Scale of the score and number of bins."""

    low: float = 0.0
    high: float = 1.0
    bins: int = 5_000

    @property
    def scale(self) -> Scale:
        """The bins."""
        return Scale(low=self.low, high=self.high, bins=self.bins)


class Discrimination(CountingMeasure[Histogram, DiscriminationSettings]):
    """AUC, Gini coefficient and Kolmogorov-Smirnov distance of one score."""

    name = "performance.discrimination"
    family = "performance"
    title = Text(en="How well the score orders", zh="評分的排序能力")
    unit = "probability"
    needs = ("label", "score")
    cost = "counts"
    method = _DELONG
    misleads = Text(
        en="An order is not a probability: a score can order well and promise wrongly. AUC weighs all thresholds alike, also those "
        "that nobody would use, and rises when easy cases are added. The Kolmogorov-Smirnov distance leans upwards in small samples.",
        zh="排序準確不等於概率準確：評分可以排序良好但概率失準。AUC 對所有門檻一視同仁，包括無人會用的門檻；加入容易分辨的個案，AUC 便會上升。樣本細時，KS 距離偏高。",
    )
    settings = DiscriminationSettings
    statistics = Histogram

    def tallies(self, roles: Roles, settings: DiscriminationSettings) -> tuple[Tally, ...]:
        """Count rows by outcome and bin of the score."""
        return (Tally(name="scores", keys=(label_key(roles), *score_keys(roles, settings.scale))),)

    def from_counted(self, counted: Sequence[Counted], settings: DiscriminationSettings) -> Histogram:
        """Return the histogram."""
        return read_histogram(counted[0], settings.scale)

    def merge(self, parts: Sequence[Histogram]) -> Histogram:
        """Add histograms."""
        return merge_histograms(parts)

    def suppressed(self, statistics: Histogram, settings: DiscriminationSettings, least: int) -> Histogram:
        """Join bins of fewer people with their neighbours."""
        del settings
        return suppressed_bins(statistics, least)

    def estimate(
        self,
        statistics: Histogram,
        settings: DiscriminationSettings,  # noqa: ARG002 -- the histogram carries its bins
        how: Estimating,
    ) -> tuple[Measurement, ...]:
        """Return AUC, Gini coefficient and Kolmogorov-Smirnov distance, without estimate where a class has under two rows."""
        facts = class_facts(statistics, how)
        bare = [
            unanswered(f"discrimination.{name}", "probability", statistics.n, method, how, statistics, facts)
            for name, method in (("auc", _DELONG), ("gini", _DELONG), ("ks", _KS))
        ]
        smaller = min(sum(statistics.positives), sum(statistics.negatives))
        if smaller < CLASS_LEAST:
            return tuple(bare)
        found = order(statistics.counts)
        perfect = found.auc in {0.0, 1.0}
        if no_spread(math.sqrt(found.variance)) and not perfect:  # constant scores, or as good as constant
            return tuple(bare)
        enough = smaller >= how.cell_size_min
        low, high = auc_interval(found.auc, found.variance, smaller, how.level)
        more = _order_facts(found)
        return (
            answered(bare[0], found.auc, Interval(low, high), enough=enough, facts=more),
            answered(bare[1], 2 * found.auc - 1, Interval(2 * low - 1, 2 * high - 1), enough=enough, facts=more),
            _ks(bare[2], statistics, how, enough=enough),
        )


def class_facts(statistics: Histogram, how: Estimating) -> dict[str, Fact]:
    """Return rows of each class and, where the smaller is too small, the rows that would do at this rate of outcomes."""
    positives, negatives = sum(statistics.positives), sum(statistics.negatives)
    facts: dict[str, Fact] = {"positives": positives, "negatives": negatives}
    smaller = min(positives, negatives)
    if smaller < how.cell_size_min:
        facts["class_size_min"] = how.cell_size_min
        if smaller:
            facts["n_needed"] = math.ceil(statistics.n * how.cell_size_min / smaller)
    return facts


def _order_facts(found: Order) -> dict[str, Fact]:
    return {"standard_error": math.sqrt(found.variance), "binning_error_max": found.tied / 2}


def _ks(bare: Measurement, statistics: Histogram, how: Estimating, *, enough: bool) -> Measurement:
    counts = statistics.counts
    place = pool(counts, GROUPS)
    pooled = np.zeros((int(place[-1]) + 1, 2), dtype=np.int64)
    np.add.at(pooled, place, counts)
    drawn = largest_distance(draw_tables(pooled, how))
    drawn = drawn[~np.isnan(drawn)]
    point = float(largest_distance(counts.astype(np.float64)))
    if len(drawn) < how.draws / 2 or no_spread(float(drawn.std())):
        return bare
    return answered(bare, point, percentiles(drawn, how.level), enough=enough, drawn=how)
