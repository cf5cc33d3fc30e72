"""Verbatim overlap: outputs that repeat a span of the corpus word for word, and outputs that are nearly a text of it.

The corpus is the reference sample's column of passages (or of answers). The length of a span that counts as copied is the
plan's. Rates are for 1,000 outputs that are long enough to hold such a span. Sources: Carlini et al. (2023), Quantifying
Memorization Across Neural Language Models, section 3 (extraction by tokens in a row); Broder (1997); Wilson (1927).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, ClassVar

from msgspec.structs import replace

from dualtrack.domain.records import Record, Text, to_plain
from dualtrack.errors import FieldError
from dualtrack.evidence.intervals.wilson import wilson_limits
from dualtrack.evidence.measure import Measure
from dualtrack.evidence.measurement import Measurement, Method
from dualtrack.evidence.numeric import np
from dualtrack.evidence.provenance.near import catch_rate, near_texts, shingles
from dualtrack.evidence.provenance.tokens import Pool, longest_shared, pool, shared, tokens
from dualtrack.evidence.security.text import texts_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dualtrack.evidence.measure import Cost, Estimating, Family
    from dualtrack.evidence.measurement import Fact
    from dualtrack.evidence.sample import Sample

__all__ = ["SPAN_LEAST", "Copied", "Overlap", "OverlapSettings"]

SPAN_LEAST = 2
"""Fewest tokens of a span: one token is a word, and words belong to nobody."""

_PER = 1_000


class OverlapSettings(Record, frozen=True):
    """`span_min`: tokens in a row that count as copied; `near_min`: Jaccard from which a whole output is near (None: not looked at)."""

    span_min: int
    near_min: float | None = None

    def __post_init__(self) -> None:
        if self.span_min < SPAN_LEAST:
            raise FieldError(f"{self.span_min}", where="overlap, field span_min", expected=f"{SPAN_LEAST} or more")
        if self.near_min is not None and not (0 < self.near_min <= 1 and math.isfinite(self.near_min)):
            raise FieldError(f"{self.near_min}", where="overlap, field near_min", expected="above 0, at most 1")


class Copied(Record, frozen=True):
    """Outputs long enough to judge, those with a copied span, their tokens, copied tokens, the longest span; what was left out.

    `near` is None where it was not looked at; `corpus` is the digest of the corpus.
    """

    outputs: int
    copied: int
    tokens: int
    tokens_copied: int
    longest: int
    short: int
    empty: int
    corpus: str
    corpus_texts: int
    corpus_tokens: int
    near: int | None = None


class Overlap(Measure[Copied, OverlapSettings]):
    """Outputs with a copied span for 1,000 outputs, then outputs that are nearly a text of the corpus."""

    name: ClassVar[str] = "provenance.overlap"
    family: ClassVar[Family] = "provenance"
    title: ClassVar[Text] = Text(en="Verbatim overlap with the corpus", zh="與語料庫逐字重疊")
    unit: ClassVar[str] = "per 1,000 outputs"
    needs: ClassVar[tuple[str, ...]] = ("answer", "reference")
    cost: ClassVar[Cost] = "rows"
    method: ClassVar[Method] = Method(
        name="share of outputs with a span of the corpus, rolling hash with comparison, Wilson interval",
        version="1",
        source="Carlini et al. 2023, section 3; Karp and Rabin 1987; Wilson 1927",
    )
    misleads: ClassVar[Text] = Text(
        en="Only against the corpus given: what a model learnt elsewhere is not seen, nor a copy in other words. Fixed phrases, "
        "names of laws and quotations with their source count as copies too. Answers to like questions are not independent.",
        zh="只與所提供的語料庫比較：模型在別處學到的內容及改寫的抄襲均無法察覺；慣用語、法例名稱及註明出處的引文也會計算在內；相似問題的答案並非互相獨立。",
    )
    settings: ClassVar[type[Record]] = OverlapSettings
    statistics: ClassVar[type[Record]] = Copied

    def gather(self, sample: Sample, settings: OverlapSettings) -> Copied:
        """Compare every output with the corpus; raises FieldError where the corpus holds no text."""
        texts = texts_of(sample.column("answer"), str(sample.roles.answer))
        corpus, digest = _corpus(sample)
        outputs = [tokens(text) for text in texts if text is not None]
        judged = [each for each in outputs if len(each) >= settings.span_min]
        codes: dict[str, int] = {}
        theirs, ours = pool(corpus, codes), pool(judged, codes)
        hits = shared(ours, theirs, settings.span_min)
        return Copied(
            outputs=len(judged),
            copied=len(np.unique(ours.owner[hits])),
            tokens=len(ours.codes),
            tokens_copied=_covered(ours, hits, settings.span_min),
            longest=longest_shared(ours, theirs, settings.span_min) if len(hits) else 0,
            short=len(outputs) - len(judged),
            empty=len(texts) - len(outputs),
            corpus=digest,
            corpus_texts=len(corpus),
            corpus_tokens=len(theirs.codes),
            near=_count_near(judged, corpus, settings.near_min),
        )

    def merge(self, parts: Sequence[Copied]) -> Copied:
        """Add outputs of separate parts against one corpus."""
        if not parts or any(
            part.corpus != parts[0].corpus or (part.near is None) != (parts[0].near is None) for part in parts
        ):
            raise FieldError("another corpus or another question", where=self.name, expected="the same in every part")
        added = ("outputs", "copied", "tokens", "tokens_copied", "short", "empty")
        near = None if parts[0].near is None else sum(part.near or 0 for part in parts)
        return replace(
            parts[0],
            **{name: sum(getattr(part, name) for part in parts) for name in added},
            longest=max(part.longest for part in parts),
            near=near,
        )

    def estimate(self, statistics: Copied, settings: OverlapSettings, how: Estimating) -> tuple[Measurement, ...]:
        """Return the rate of outputs with a copied span, and of near ones; without an output to judge there is none."""
        facts: dict[str, Fact] = {
            "span_min": settings.span_min,
            "longest_span": statistics.longest,
            "outputs_too_short": statistics.short,
            "outputs_empty": statistics.empty,
            "corpus_texts": statistics.corpus_texts,
            "corpus_tokens": statistics.corpus_tokens,
            "near_looked_at": statistics.near is not None,
        }
        if statistics.tokens:
            facts["share_of_tokens_copied"] = statistics.tokens_copied / statistics.tokens
        found = [self._rate(self.name, statistics.copied, statistics, facts, how)]
        if statistics.near is not None and settings.near_min is not None:
            said: dict[str, Fact] = {"near_min": settings.near_min, "catch_rate": catch_rate(settings.near_min)}
            found.append(self._rate(f"{self.name}-near", statistics.near, statistics, said, how))
        return tuple(found)

    def _rate(self, name: str, hits: int, statistics: Copied, facts: dict[str, Fact], how: Estimating) -> Measurement:
        plain: Any = to_plain(statistics)
        bare = Measurement(
            measure=name,
            unit=self.unit,
            n=statistics.outputs,
            outcome="underpowered",
            method=self.method,
            data_digest=how.data_digest,
            level=how.level,
            statistics=plain,
            facts=facts,
        )
        if statistics.outputs < how.cell_size_min:
            bare = replace(bare, facts=facts | {"n_needed": how.cell_size_min})
        if not statistics.outputs:
            return bare
        low, high = wilson_limits(hits, statistics.outputs, how.level)
        return replace(
            bare,
            outcome="measured" if statistics.outputs >= how.cell_size_min else "underpowered",
            estimate=_PER * hits / statistics.outputs,
            low=_PER * low,
            high=_PER * high,
        )


def _corpus(sample: Sample) -> tuple[list[list[str]], str]:
    """Return the corpus as tokens by text, and its digest."""
    reference = sample.reference
    if reference is None:
        raise FieldError("no reference", where="overlap", fix="give the corpus as the reference sample")
    role = "passages" if reference.has("passages") else "answer"
    texts = texts_of(reference.column(role), f"reference, {role}")
    found = [tokens(text) for text in texts if text is not None]
    if not any(found):
        raise FieldError("a corpus without text", where="overlap", expected="at least one text")
    return found, reference.digest


def _covered(outputs: Pool, hits: Any, span: int) -> int:  # noqa: ANN401
    """Return how many tokens lie in some copied span."""
    marks = np.zeros(len(outputs.codes) + 1, dtype=np.int64)
    np.add.at(marks, hits, 1)
    np.add.at(marks, hits + span, -1)
    return int((np.cumsum(marks)[:-1] > 0).sum())


def _count_near(outputs: list[list[str]], corpus: list[list[str]], least: float | None) -> int | None:
    if least is None:
        return None
    return sum(near_texts([shingles(each) for each in outputs], [shingles(each) for each in corpus], least))
