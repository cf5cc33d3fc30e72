"""`answers.flagged`: how many answers a check outside has marked, from its marks alone: unsupported, in the wrong language, not confirmed.

What the mark means is the plan's to say; this module counts it by independent unit and gives the share its interval. Sources: Rao and Scott
(1992), Biometrics 48, 577-585; Wilson (1927), JASA 22, 209-212.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dualtrack.domain.records import Record, Text
from dualtrack.errors import FieldError
from dualtrack.evidence.answers.clusters import SHARE, ClusterSums, add_sums, clusters_of, share_of, sum_clusters
from dualtrack.evidence.arrays import labels
from dualtrack.evidence.measure import Estimating, Measure
from dualtrack.evidence.numeric import np
from dualtrack.evidence.roles import refuse_weights

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dualtrack.evidence.measurement import Measurement
    from dualtrack.evidence.sample import Sample

__all__ = ["Flagged", "FlaggedSettings", "FlaggedStatistics"]


class FlaggedSettings(Record, frozen=True):
    """`unmarked` says that rows without a mark may be left out, as where a customer said nothing; they are counted beside the share."""

    unmarked: bool = False


class FlaggedStatistics(Record, frozen=True):
    """Sums of marked rows by independent unit, and how many rows have no mark at all."""

    marked: ClusterSums
    left_out: int = 0


class Flagged(Measure[FlaggedStatistics, FlaggedSettings]):
    """Share of rows whose label is 1."""

    name = "answers.flagged"
    family = "answers"
    title = Text(en="How many answers are marked?", zh="有標記的答案佔多少？")
    unit = "share of rows"
    needs = ("label",)
    cost = "rows"
    method = SHARE
    misleads = Text(
        en="It is as good as the check that made the marks. Where rows without a mark are left out, those who stay silent may differ from "
        "those who speak. Several rows of one question or customer need their cluster.",
        zh="結果取決於作出標記的檢查。略去沒有標記的資料時，沉默者可能與發言者不同。同一問題或客戶的多行資料須指明群組。",
    )
    settings = FlaggedSettings
    statistics = FlaggedStatistics

    def gather(self, sample: Sample, settings: FlaggedSettings) -> FlaggedStatistics:
        """Count the marks; raises FieldError for one that is neither 0 nor 1, and for a row without one unless the plan allows it."""
        refuse_weights(sample.roles)
        column = sample.column("label")
        given = ~np.ma.getmaskarray(column) if settings.unmarked else np.ones(sample.n, dtype=np.bool_)
        found = labels(column[given], str(sample.roles.label)).tolist()
        units = [unit for unit, here in zip(clusters_of(sample), given.tolist(), strict=True) if here]
        marked = sum_clusters([(unit, int(mark), 1) for unit, mark in zip(units, found, strict=True)])
        return FlaggedStatistics(marked=marked, left_out=sample.n - len(found))

    def merge(self, parts: Sequence[FlaggedStatistics]) -> FlaggedStatistics:
        """Add sums of separate units."""
        if not parts:
            raise FieldError("no parts", where=self.name, expected="at least one")
        return FlaggedStatistics(
            marked=add_sums([each.marked for each in parts]), left_out=sum(each.left_out for each in parts)
        )

    def estimate(
        self,
        statistics: FlaggedStatistics,
        settings: FlaggedSettings,  # noqa: ARG002 -- the counts are made
        how: Estimating,
    ) -> tuple[Measurement, ...]:
        """Return the share; without an estimate where no row has a mark."""
        facts = {"flagged": statistics.marked.hits, "left_out": statistics.left_out}
        return (share_of("answers.flagged", self.unit, statistics.marked, statistics, how, facts),)
