"""`answers.exact`: is the answer the expected one, and how many of its words are? In English and Chinese, without a model.

Both texts are brought to one form (width, case, punctuation, spaces); Chinese is compared by character. Source: Rajpurkar et al. (2016), SQuAD:
100,000+ Questions for Machine Comprehension of Text, EMNLP 2016, section 6.1; for Chinese by character: Cui et al. (2019), EMNLP-IJCNLP 2019.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dualtrack.domain.records import Record, Text
from dualtrack.errors import FieldError
from dualtrack.evidence.answers.clusters import (
    SHARE,
    UNIT,
    ClusterSums,
    add_sums,
    clusters_of,
    mean_of,
    share_of,
    sum_clusters,
)
from dualtrack.evidence.answers.wording import normal, overlap, texts, tokens
from dualtrack.evidence.measure import Estimating, Measure

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dualtrack.evidence.measurement import Measurement
    from dualtrack.evidence.sample import Sample

__all__ = ["Exact", "ExactSettings", "ExactStatistics", "expected_texts"]


class ExactSettings(Record, frozen=True):
    """What stands between several answers that are all right, such as `||`; empty where one is expected."""

    alternatives: str = ""


class ExactStatistics(Record, frozen=True):
    """Sums of exact matches and of token F1, and how many answers were empty (they count as wrong)."""

    match: ClusterSums
    f1: ClusterSums
    empty: int


class Exact(Measure[ExactStatistics, ExactSettings]):
    """Share of answers that are the expected one, and mean token F1."""

    name = "answers.exact"
    family = "answers"
    title = Text(en="Is it the expected answer?", zh="是否預期答案？")
    unit = "share of answers"
    needs = ("answer", "expected")
    cost = "rows"
    method = SHARE
    misleads = Text(
        en="A right answer in other words counts as wrong, and a long answer that holds the right one is no match. Token F1 rewards the "
        "right words in a wrong statement. Traditional and Simplified characters are different characters.",
        zh="以其他字句表達的正確答案會被當作錯誤，包含正確答案的長答案亦不算相符。詞語 F1 會獎勵用詞相同但意思錯誤的句子。繁體與簡體字視為不同字符。",
    )
    settings = ExactSettings
    statistics = ExactStatistics

    def gather(self, sample: Sample, settings: ExactSettings) -> ExactStatistics:
        """Compare each answer with what was expected; raises FieldError where nothing was expected."""
        answers, clusters = texts(sample, "answer"), clusters_of(sample)
        matches, scores = [], []
        for cluster, answer, wanted in zip(clusters, answers, expected_texts(sample), strict=True):
            right = (
                [each.strip() for each in wanted.split(settings.alternatives)] if settings.alternatives else [wanted]
            )
            said, words = normal(answer), tokens(answer)
            matches.append((cluster, int(bool(said) and any(said == normal(each) for each in right)), 1))
            scores.append((cluster, max(_f1(words, tokens(each)) for each in right), 1))
        return ExactStatistics(
            match=sum_clusters(matches),
            f1=sum_clusters(scores, unit=UNIT),
            empty=sum(not answer.strip() for answer in answers),
        )

    def merge(self, parts: Sequence[ExactStatistics]) -> ExactStatistics:
        """Add sums of separate questions."""
        return ExactStatistics(
            match=add_sums([each.match for each in parts]),
            f1=add_sums([each.f1 for each in parts]),
            empty=sum(each.empty for each in parts),
        )

    def estimate(
        self,
        statistics: ExactStatistics,
        settings: ExactSettings,  # noqa: ARG002 -- the counts are made
        how: Estimating,
    ) -> tuple[Measurement, ...]:
        """Return exact match and token F1."""
        facts = {"empty": statistics.empty}
        return (
            share_of("answers.exact-match", self.unit, statistics.match, statistics, how, facts),
            mean_of("answers.token-f1", "token F1", statistics.f1, statistics, how, facts),
        )


def expected_texts(sample: Sample) -> list[str]:
    """Return what was expected of each row; raises FieldError for a row without words."""
    wanted = texts(sample, "expected")
    for row, text in enumerate(wanted):
        if not tokens(text):
            raise FieldError(
                "nothing expected", where=f"{sample.roles.expected}[{row}]", expected="an answer in every row"
            )
    return wanted


def _f1(said: list[str], wanted: list[str]) -> int:
    twice, both = overlap(said, wanted)
    return round(twice * UNIT / both) if both else 0
