"""`answers.numeric`: are the figures right? Every figure that was expected must be in the answer, within a tolerance that the plan sets.

Scales (thousand, million, 萬, 億), currencies, percentages, basis points, dates and brackets as negative are read in both languages, and the
same value in another form is the same figure. A second share counts answers with figures nobody expected, so that naming many does not help.
Source of the idea: Chen et al. (2021), FinQA: A Dataset of Numerical Reasoning over Financial Data, EMNLP 2021 (execution accuracy).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dualtrack.domain.records import Record, Text
from dualtrack.errors import FieldError
from dualtrack.evidence.answers.clusters import SHARE, ClusterSums, add_sums, clusters_of, share_of, sum_clusters
from dualtrack.evidence.answers.exact import expected_texts
from dualtrack.evidence.answers.figures import figures, same_figure
from dualtrack.evidence.answers.wording import texts, without_marks
from dualtrack.evidence.measure import Estimating, Measure

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dualtrack.evidence.measurement import Measurement
    from dualtrack.evidence.sample import Sample

__all__ = ["Numeric", "NumericSettings", "NumericStatistics"]


class NumericSettings(Record, frozen=True):
    """How far a number may be off, as a share of the expected one; 0 asks for the same number."""

    relative_tolerance: float

    def __post_init__(self) -> None:
        if not 0 <= self.relative_tolerance < 1:
            raise FieldError(
                f"{self.relative_tolerance}", where="settings.relative_tolerance", expected="a share from 0 to below 1"
            )


class NumericStatistics(Record, frozen=True):
    """Sums of answers with all expected figures, of answers with a figure not expected, rows whose expected answer has no figure."""

    right: ClusterSums
    unexpected: ClusterSums
    without_figure: int
    empty: int


class Numeric(Measure[NumericStatistics, NumericSettings]):
    """Share of answers with every expected figure, and of answers with a figure that nobody expected."""

    name = "answers.numeric"
    family = "answers"
    title = Text(en="Are the figures right?", zh="數字是否正確？")
    unit = "share of answers"
    needs = ("answer", "expected")
    cost = "rows"
    method = SHARE
    misleads = Text(
        en="A right figure beside a wrong name counts as right. An answer that lists many figures hits by chance: read the share with "
        "figures not expected beside it. Figures in words beyond twelve are read in Chinese only.",
        zh="數字正確而所指對象錯誤，仍算正確。列出大量數字的答案可能碰巧命中：應同時閱讀含有非預期數字的比例。英文文字數目只讀至十二，中文數字不限。",
    )
    settings = NumericSettings
    statistics = NumericStatistics

    def gather(self, sample: Sample, settings: NumericSettings) -> NumericStatistics:
        """Compare figures row by row; rows whose expected answer has none are left out and counted."""
        answers, clusters = texts(sample, "answer"), clusters_of(sample)
        right, more = [], []
        for cluster, answer, wanted_text in zip(clusters, answers, expected_texts(sample), strict=True):
            wanted, given = figures(wanted_text), figures(without_marks(answer))
            pairs = [[same_figure(one, other, settings.relative_tolerance) for other in given] for one in wanted]
            tried = int(bool(wanted))
            right.append((cluster, int(bool(wanted) and all(any(line) for line in pairs)), tried))
            stray = any(not any(line[at] for line in pairs) for at in range(len(given)))
            more.append((cluster, int(stray and bool(wanted)), tried))
        return NumericStatistics(
            right=sum_clusters(right),
            unexpected=sum_clusters(more),
            without_figure=sum(not tried for _, _, tried in right),
            empty=sum(not answer.strip() for answer in answers),
        )

    def merge(self, parts: Sequence[NumericStatistics]) -> NumericStatistics:
        """Add sums of separate questions."""
        return NumericStatistics(
            right=add_sums([each.right for each in parts]),
            unexpected=add_sums([each.unexpected for each in parts]),
            without_figure=sum(each.without_figure for each in parts),
            empty=sum(each.empty for each in parts),
        )

    def estimate(
        self, statistics: NumericStatistics, settings: NumericSettings, how: Estimating
    ) -> tuple[Measurement, ...]:
        """Return the share of right answers, then of those with a figure not expected (lower is better)."""
        facts = {
            "relative_tolerance": settings.relative_tolerance,
            "without_figure": statistics.without_figure,
            "empty": statistics.empty,
        }
        return (
            share_of("answers.numeric", self.unit, statistics.right, statistics, how, facts),
            share_of("answers.numeric-unexpected", self.unit, statistics.unexpected, statistics, how, facts),
        )
