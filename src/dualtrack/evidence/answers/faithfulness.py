"""`answers.faithfulness`: how many answers say something that their passages do not hold? By rules on words, without a model as judge.

A sentence is unsupported where a date, a figure or a name of it stands in no passage, where the passages say the opposite of it, or where too few
of its words stand in them; how few is the plan's to set. The rules find plain inventions and miss clever ones: the share is a lower bound of what
a careful reader would find, except where a right paraphrase uses other words. Source of the idea: Maynez et al. (2020), On Faithfulness and Factuality
in Abstractive Summarization, ACL 2020 (extrinsic hallucination).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dualtrack.domain.records import Record, Text
from dualtrack.errors import FieldError
from dualtrack.evidence.answers.clusters import SHARE, ClusterSums, add_sums, clusters_of, share_of, sum_clusters
from dualtrack.evidence.answers.passages import read_passages
from dualtrack.evidence.answers.support import CAUSES, make_source, unsupported
from dualtrack.evidence.answers.wording import texts
from dualtrack.evidence.measure import Estimating, Measure

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from dualtrack.evidence.measurement import Fact, Measurement
    from dualtrack.evidence.sample import Sample

__all__ = ["Faithfulness", "FaithfulnessSettings", "FaithfulnessStatistics"]


class FaithfulnessSettings(Record, frozen=True):
    """Share of a sentence's words that must stand in the passages."""

    coverage: float

    def __post_init__(self) -> None:
        if not 0 <= self.coverage <= 1:
            raise FieldError(f"{self.coverage}", where="settings.coverage", expected="a share from 0 to 1")


class FaithfulnessStatistics(Record, frozen=True):
    """Sums of answers and of sentences that are unsupported, answers by cause (in the order of `CAUSES`), and what was left out.

    `silent` are answers that state nothing, `without_passages` answers that had none to rest on: their sentences are unsupported.
    """

    answers: ClusterSums
    sentences: ClusterSums
    by_cause: tuple[int, ...]
    empty: int
    silent: int
    without_passages: int


class Faithfulness(Measure[FaithfulnessStatistics, FaithfulnessSettings]):
    """Share of answers with an unsupported sentence, and of sentences."""

    name = "answers.faithfulness"
    family = "answers"
    title = Text(en="Do the passages hold what is said?", zh="答案是否有段落支持？")
    unit = "share of answers"
    needs = ("answer", "passages")
    cost = "rows"
    method = SHARE
    misleads = Text(
        en="Rules on words find inventions of figures, dates and names well, and wrong reasoning not at all. A right paraphrase in other "
        "words counts as unsupported, also one in another language than its passages. Chinese names are seen through their characters only.",
        zh="字詞規則能有效找出虛構的數字、日期及名稱，但無法發現錯誤推理。換用其他字詞或與段落語言不同的正確轉述，會被當作沒有支持。中文名稱只按字符覆蓋判斷。",
    )
    settings = FaithfulnessSettings
    statistics = FaithfulnessStatistics

    def gather(self, sample: Sample, settings: FaithfulnessSettings) -> FaithfulnessStatistics:
        """Hold each sentence against the passages of its row; nothing of a text is kept."""
        answers, passages = texts(sample, "answer"), texts(sample, "passages")
        whole: list[tuple[Hashable, int, int]] = []
        parts: list[tuple[Hashable, int, int]] = []
        causes = dict.fromkeys(CAUSES, 0)
        bare = 0
        for at, (cluster, answer) in enumerate(zip(clusters_of(sample), answers, strict=True)):
            if at == 0 or passages[at] != passages[at - 1]:  # answers to one question mostly follow each other
                known = [each.text for each in read_passages(passages[at], f"{sample.roles.passages}[{at}]")]
                source = make_source(known)
            bare += bool(answer.strip()) and not known
            found = unsupported(answer, source, settings.coverage)
            wrong = [each if known else {*each, "coverage"} for each in found if each or not known]
            whole.append((cluster, int(bool(wrong)), int(bool(found))))
            parts.append((cluster, len(wrong), len(found)))
            for cause in CAUSES:
                causes[cause] += any(cause in each for each in wrong)
        empty = sum(not answer.strip() for answer in answers)
        return FaithfulnessStatistics(
            answers=sum_clusters(whole),
            sentences=sum_clusters(parts),
            by_cause=tuple(causes[cause] for cause in CAUSES),
            empty=empty,
            silent=sum(not tries for _, _, tries in whole) - empty,
            without_passages=bare,
        )

    def merge(self, parts: Sequence[FaithfulnessStatistics]) -> FaithfulnessStatistics:
        """Add sums of separate questions."""
        return FaithfulnessStatistics(
            answers=add_sums([each.answers for each in parts]),
            sentences=add_sums([each.sentences for each in parts]),
            by_cause=tuple(sum(column) for column in zip(*(each.by_cause for each in parts), strict=True)),
            empty=sum(each.empty for each in parts),
            silent=sum(each.silent for each in parts),
            without_passages=sum(each.without_passages for each in parts),
        )

    def estimate(
        self, statistics: FaithfulnessStatistics, settings: FaithfulnessSettings, how: Estimating
    ) -> tuple[Measurement, ...]:
        """Return the share of answers with an unsupported sentence, then of sentences; lower is better in both."""
        facts: dict[str, Fact] = {"coverage": settings.coverage}
        facts |= {f"answers_by_{cause}": count for cause, count in zip(CAUSES, statistics.by_cause, strict=True)}
        facts |= {name: getattr(statistics, name) for name in ("empty", "silent", "without_passages")}
        return (
            share_of("answers.unsupported", self.unit, statistics.answers, statistics, how, facts),
            share_of(
                "answers.unsupported-sentences", "share of sentences", statistics.sentences, statistics, how, facts
            ),
        )
