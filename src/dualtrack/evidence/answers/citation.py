"""`answers.citation`: whether what an answer cites exists, whether it cites what it should, and whether its quotes are word for word.

A share of citations, not of answers: an answer with ten of them counts ten times, its variance by question. Whether a passage supports what
is said is another question (`answers.faithfulness`). Source: Gao et al. (2023), Enabling Large Language Models to Generate Text with Citations, EMNLP
2023, whose precision and recall ask a model; these are the parts that need none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dualtrack.domain.records import Record, Text
from dualtrack.errors import FieldError
from dualtrack.evidence.answers.clusters import SHARE, ClusterSums, add_sums, clusters_of, share_of, sum_clusters
from dualtrack.evidence.answers.passages import citations, is_quoted, quotes, read_passages
from dualtrack.evidence.answers.wording import texts
from dualtrack.evidence.measure import Estimating, Measure

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from dualtrack.evidence.measurement import Measurement
    from dualtrack.evidence.sample import Sample

__all__ = ["Citation", "CitationSettings", "CitationStatistics"]


class CitationSettings(Record, frozen=True):
    """Fewest words or Chinese characters between quotation marks that are a quote and not a term."""

    quote_tokens: int = 5

    def __post_init__(self) -> None:
        if self.quote_tokens < 1:
            raise FieldError(f"{self.quote_tokens}", where="settings.quote_tokens", expected="at least 1")


class CitationStatistics(Record, frozen=True):
    """Sums of answers that cite, of citations that exist, of expected citations made, of quotes found; answers that were empty."""

    cited: ClusterSums
    existing: ClusterSums
    expected: ClusterSums
    quoted: ClusterSums
    empty: int


class Citation(Measure[CitationStatistics, CitationSettings]):
    """Precision and recall of citations, share of verbatim quotes, share of answers that cite at all."""

    name = "answers.citation"
    family = "answers"
    title = Text(en="Are citations and quotes real?", zh="引用及引文是否屬實？")
    unit = "share of citations"
    needs = ("answer", "passages")
    cost = "rows"
    method = SHARE
    misleads = Text(
        en="A citation that exists need not support what is said. An answer without citations has no precision: read the share that "
        "cites beside it. Recall needs the expected answer with its marks.",
        zh="引用存在，不代表支持所述內容。沒有引用的答案沒有精確率：應同時閱讀有引用的比例。召回率須有附引用標記的預期答案。",
    )
    settings = CitationSettings
    statistics = CitationStatistics

    def gather(self, sample: Sample, settings: CitationSettings) -> CitationStatistics:
        """Look up each citation and quote; empty answers are left out and counted."""
        answers, sources = texts(sample, "answer"), texts(sample, "passages")
        wanted = texts(sample, "expected") if sample.has("expected") else [""] * sample.n
        rows: dict[str, list[tuple[Hashable, int, int]]] = {"cited": [], "existing": [], "expected": [], "quoted": []}
        for at, (cluster, answer) in enumerate(zip(clusters_of(sample), answers, strict=True)):
            if not answer.strip():
                continue
            passages = read_passages(sources[at], f"{sample.roles.passages}[{at}]")
            made, names = citations(answer), {each.name for each in passages}
            due = citations(wanted[at])
            said = quotes(answer, settings.quote_tokens)
            chosen = [each for each in passages if each.name in made] or passages
            rows["cited"].append((cluster, int(bool(made)), 1))
            rows["existing"].append((cluster, sum(name in names for name in made), len(made)))
            rows["expected"].append((cluster, sum(name in made for name in due), len(due)))
            rows["quoted"].append((cluster, sum(is_quoted(each, chosen) for each in said), len(said)))
        return CitationStatistics(
            **{name: sum_clusters(each) for name, each in rows.items()},
            empty=sum(not answer.strip() for answer in answers),
        )

    def merge(self, parts: Sequence[CitationStatistics]) -> CitationStatistics:
        """Add sums of separate questions."""
        return CitationStatistics(
            cited=add_sums([each.cited for each in parts]),
            existing=add_sums([each.existing for each in parts]),
            expected=add_sums([each.expected for each in parts]),
            quoted=add_sums([each.quoted for each in parts]),
            empty=sum(each.empty for each in parts),
        )

    def estimate(
        self,
        statistics: CitationStatistics,
        settings: CitationSettings,  # noqa: ARG002 -- the counts are made
        how: Estimating,
    ) -> tuple[Measurement, ...]:
        """Return precision, recall, verbatim quotes, answers that cite; without an estimate what nothing was there to look up."""
        facts = {"empty": statistics.empty}
        named = (
            ("answers.citation-precision", "share of citations", statistics.existing),
            ("answers.citation-recall", "share of expected citations", statistics.expected),
            ("answers.quotes-verbatim", "share of quotes", statistics.quoted),
            ("answers.cited", "share of answers", statistics.cited),
        )
        return tuple(share_of(name, unit, sums, statistics, how, facts) for name, unit, sums in named)
