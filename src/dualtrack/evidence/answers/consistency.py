"""`answers.consistency`: whether the answer stays the same when a question is asked again, or in other words.

Answers of one cluster (a question and its paraphrases, or repeats) are compared in pairs: the same figures, the same direction, and words alike
to a degree that the plan sets. Evidence of the topic `paraphrase_robustness` (24EC55 paragraph 18(c)). Sources: Elazar et al. (2021), Measuring and Improving
Consistency in Pretrained Language Models, TACL 9, 1012-1031 (pairs); Rajpurkar et al. (2016), section 6.1 (token F1).
"""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, NamedTuple

from dualtrack.domain.records import Record, Text
from dualtrack.errors import FieldError
from dualtrack.evidence.answers.clusters import SHARE, ClusterSums, add_sums, clusters_of, share_of, sum_clusters
from dualtrack.evidence.answers.figures import Figure, figures, same_figure
from dualtrack.evidence.answers.wording import negations, overlap, texts, tokens, without_marks
from dualtrack.evidence.measure import Estimating, Measure

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from dualtrack.evidence.measurement import Fact, Measurement
    from dualtrack.evidence.sample import Sample

__all__ = ["ANSWERS_MAX", "Consistency", "ConsistencySettings", "ConsistencyStatistics"]

ANSWERS_MAX = 100
"""Most answers to one question: they are compared in pairs."""


class ConsistencySettings(Record, frozen=True):
    """Token F1 from which on two answers with the same figures say the same; 0 compares figures and direction alone."""

    alike: float

    def __post_init__(self) -> None:
        if not 0 <= self.alike <= 1:
            raise FieldError(f"{self.alike}", where="settings.alike", expected="a token F1 from 0 to 1")


class ConsistencyStatistics(Record, frozen=True):
    """Sums of questions whose answers are not all the same, and of pairs that agree; fewest and most answers, questions with one."""

    changed: ClusterSums
    pairs: ClusterSums
    answers_least: int
    answers_most: int
    alone: int


class _Answer(NamedTuple):
    words: list[str]
    figures: frozenset[Figure]
    turned: int


class Consistency(Measure[ConsistencyStatistics, ConsistencySettings]):
    """Share of questions whose answer changes, and of pairs of answers that agree."""

    name = "answers.consistency"
    family = "answers"
    title = Text(en="Does the answer stay the same?", zh="答案是否前後一致？")
    unit = "share of questions"
    needs = ("answer",)
    cost = "rows"
    method = SHARE
    misleads = Text(
        en="Answers can agree and all be wrong. The more wordings a question has, the more likely one of them differs: compare only at the "
        "same number. A right answer at different length may count as changed.",
        zh="答案可以一致而全屬錯誤。問法愈多，出現分歧的機會愈大：只應在問法數目相同時比較。長短不同的正確答案可能被當作改變。",
    )
    settings = ConsistencySettings
    statistics = ConsistencyStatistics

    def gather(self, sample: Sample, settings: ConsistencySettings) -> ConsistencyStatistics:
        """Compare the answers of each cluster (without that role, of each question) in pairs."""
        if not (sample.has("cluster") or sample.has("question")):
            raise FieldError(
                "no column plays 'cluster'",
                where="plan, field columns",
                fix="name the column that says which rows ask the same",
            )
        groups: dict[Hashable, list[_Answer]] = {}
        for cluster, answer in zip(clusters_of(sample), texts(sample, "answer"), strict=True):
            said = without_marks(answer)
            groups.setdefault(cluster, []).append(_Answer(tokens(said), frozenset(figures(said)), negations(said) % 2))
        most = max(len(answers) for answers in groups.values())
        if most > ANSWERS_MAX:
            raise FieldError(f"{most} answers to one question", where="cluster", expected=f"at most {ANSWERS_MAX}")
        changed, pairs = [], []
        several = {cluster: answers for cluster, answers in groups.items() if len(answers) > 1}
        for cluster, answers in several.items():
            same = [_same(one, other, settings.alike) for one, other in combinations(answers, 2)]
            changed.append((cluster, int(not all(same)), 1))
            pairs.append((cluster, sum(same), len(same)))
        return ConsistencyStatistics(
            changed=sum_clusters(changed),
            pairs=sum_clusters(pairs),
            answers_least=min((len(answers) for answers in several.values()), default=0),
            answers_most=max((len(answers) for answers in several.values()), default=0),
            alone=len(groups) - len(several),
        )

    def merge(self, parts: Sequence[ConsistencyStatistics]) -> ConsistencyStatistics:
        """Add sums of separate questions."""
        return ConsistencyStatistics(
            changed=add_sums([each.changed for each in parts]),
            pairs=add_sums([each.pairs for each in parts]),
            answers_least=min((each.answers_least for each in parts if each.answers_least), default=0),
            answers_most=max(each.answers_most for each in parts),
            alone=sum(each.alone for each in parts),
        )

    def estimate(
        self, statistics: ConsistencyStatistics, settings: ConsistencySettings, how: Estimating
    ) -> tuple[Measurement, ...]:
        """Return the share of questions whose answer changes (lower is better), then of pairs that agree."""
        facts: dict[str, Fact] = {
            "alike": settings.alike,
            "wordings_per_case": statistics.answers_least,
            "wordings_most": statistics.answers_most,
            "questions_with_one_answer": statistics.alone,
        }
        return (
            share_of("answers.changed", self.unit, statistics.changed, statistics, how, facts),
            share_of("answers.agreement", "share of pairs", statistics.pairs, statistics, how, facts),
        )


def _same(one: _Answer, other: _Answer, alike: float) -> bool:
    if one.turned != other.turned or not (one.words and other.words):
        return False  # two answers that say nothing do not say the same
    if not (_within(one.figures, other.figures) and _within(other.figures, one.figures)):
        return False
    twice, both = overlap(one.words, other.words)
    return twice >= alike * both


def _within(some: frozenset[Figure], others: frozenset[Figure]) -> bool:
    return all(any(same_figure(one, other, 0) for other in others) for one in some)
