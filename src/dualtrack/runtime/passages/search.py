"""Find passages and quote them: BM25 over words, pairs of Han characters and entries of a glossary, with a rule that refuses.

BM25 of weighted fields (Robertson, Zaragoza and Taylor, "Simple BM25 extension to multiple weighted fields", CIKM 2004). A passage has three:
its own words in the language asked, the same in the other language, and the other ways of asking it; how often a term stands in each is
normed by the field's length, weighted and added, and only then saturates. (To count the nearest way of asking alone, or to saturate each field
by itself, found fewer first in what was measured.)
"""

from __future__ import annotations

import math
import statistics
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, NamedTuple

from dualtrack.runtime.passages.corpus import of_language
from dualtrack.runtime.passages.glossary import TRADE, Glossary
from dualtrack.runtime.passages.parts import ASKED, OTHER, OWN, passage_parts, read_question
from dualtrack.runtime.passages.settings import Settings, load_general, load_settings

if TYPE_CHECKING:
    from datetime import date

    from dualtrack.runtime.passages.corpus import Corpus, Language, Passage
    from dualtrack.runtime.passages.parts import Part, Question

__all__ = [
    "QUESTION_MAX",
    "Answer",
    "Found",
    "Index",
    "Quote",
    "Refusal",
    "Settings",
    "extractive_answer",
    "glossary_of",
    "load_settings",
    "open_index",
]

QUESTION_MAX = 2_000
"""Characters of a question that are read: a longer one is a document, and its tail adds no subject."""


class Found(NamedTuple):
    """A passage with its score and the share of the question's weight that stands in it."""

    passage: Passage
    score: float
    coverage: float


class Quote(NamedTuple):
    """Words of one passage, as they stand there, and where they stand."""

    id: str
    version: str
    text: str


class Answer(NamedTuple):
    """An answer: at least one quotation, by its form. What cannot be quoted is a `Refusal`."""

    first: Quote
    more: tuple[Quote, ...] = ()

    @property
    def quotes(self) -> tuple[Quote, ...]:
        """All quotations, the best first."""
        return (self.first, *self.more)

    @property
    def citations(self) -> tuple[str, ...]:
        """Ids of the passages quoted."""
        return tuple(quote.id for quote in self.quotes)

    @property
    def text(self) -> str:
        """The quotations, each with its source."""
        return "\n".join(f"{quote.text} [{quote.id}]" for quote in self.quotes)


class Refusal(NamedTuple):
    """No answer: how near the best passage came, and what it would have needed."""

    coverage: float
    least: float


def _mean_lengths(parts: list[Part]) -> dict[int, float]:
    """Return the mean length of the parts of each kind that have words."""
    lengths: dict[int, list[int]] = defaultdict(list)
    for part in parts:
        if part.terms:
            lengths[part.kind].append(part.length)
    return {kind: statistics.fmean(found) for kind, found in lengths.items()}


class Index:
    """The passages in force, indexed once for questions of one language; a search touches only passages that share a term."""

    def __init__(
        self,
        passages: tuple[Passage, ...],
        language: Language,
        settings: Settings,
        glossary: Glossary | None = None,
    ) -> None:
        self.passages, self.language, self.settings = passages, language, settings
        self.titles = {item.id: item.title for item in passages}
        self._places = {item.id: place for place, item in enumerate(passages)}
        self._glossary = glossary or Glossary(())
        parts = [
            part
            for place, item in enumerate(passages)
            for part in passage_parts(place, item, language, settings, self._glossary)
        ]
        self._held: list[set[str]] = [set() for _ in passages]
        for part in parts:
            self._held[part.place].update(part.terms)
        holders = Counter(term for held in self._held for term in held)
        total = len(passages)
        self._weights = {term: math.log(1 + (total - n + 0.5) / (n + 0.5)) for term, n in holders.items()}
        self._unknown = math.log(1 + (total + 0.5) / 0.5)
        self._postings = self._post(parts)

    def _post(self, parts: list[Part]) -> dict[str, list[tuple[int, float]]]:
        """Return for each term the places that hold it, each with its gain."""
        settings, language = self.settings, self.language
        shares = {OWN: 1.0, OTHER: settings.other_weight.of(language), ASKED: settings.asked_weight.of(language)}
        marks = settings.marks(language)
        means = _mean_lengths(parts)
        often: dict[str, dict[int, float]] = defaultdict(dict)
        for part in parts:
            length = 1 - settings.b + settings.b * part.length / means.get(part.kind, 1.0)
            for term, times in part.terms.items():
                counted = often[term].get(part.place, 0.0) + shares[part.kind] * times / length
                often[term][part.place] = counted
        return {
            term: [
                (
                    place,
                    self._weights[term] * marks.get(term[0], 1.0) * times * (settings.k1 + 1) / (times + settings.k1),
                )
                for place, times in places.items()
            ]
            for term, places in often.items()
        }

    def _read(self, question: str) -> Question:
        return read_question(question[:QUESTION_MAX], self.language, self.settings, self._glossary)

    def search(self, question: str, most: int = 3) -> list[Found]:
        """Return the best passages, best first; ties go to the earlier passage of the file."""
        read = self._read(question)
        scores: dict[int, float] = defaultdict(float)
        for term in dict.fromkeys((*read.asked, *read.wider, *read.marked)):
            for place, gain in self._postings.get(term, ()):
                scores[place] += gain
        best = sorted(scores, key=lambda place: (-scores[place], place))[:most]
        return [Found(self.passages[place], scores[place], self._coverage(read, place)) for place in best]

    def coverage(self, question: str, passage: Passage) -> float:
        """Return the share of a question's weight that stands in a passage of this index."""
        return self._coverage(self._read(question), self._places[passage.id])

    def _coverage(self, read: Question, place: int) -> float:
        """Return the share of a question's weight that stands in a passage, in its words or in others for the same."""
        held = self._held[place]
        weights = {term: self._weights.get(term, self._unknown) for term in read.asked}
        covered = sum(weight * self._share(term, read, held) for term, weight in weights.items())
        covered += sum(self._weights[term] for term in read.wider if term in held and term not in weights)
        return min(1.0, covered / (sum(weights.values()) or 1.0))

    def _share(self, term: str, read: Question, held: set[str]) -> float:
        """Return how far a term of a question stands in a passage: itself, or by an entry of the glossary."""
        if term in held:
            return 1.0
        entries = [entry for entry in read.same.get(term, ()) if entry in held]
        if any(entry.startswith(TRADE) for entry in entries):
            return 1.0
        return self.settings.general_share if entries else 0.0

    def answer(self, question: str) -> Answer | Refusal:
        """Quote the best passage, or refuse when too little of the question stands in it."""
        least = self.settings.coverage_least.of(self.language)
        found = self.search(question, 1)
        if not found or found[0].coverage < least:
            return Refusal(found[0].coverage if found else 0.0, least)
        best = found[0].passage
        return Answer(Quote(best.id, best.version, of_language(best.text, self.language)))


def glossary_of(corpus: Corpus) -> Glossary:
    """Return the glossary that a corpus is searched with: its own entries, and everyday words beside them.

    A corpus without one is searched by its own words alone: what was measured on it before there were glossaries still holds.
    """
    return Glossary(corpus.terms, load_general()) if corpus.terms else Glossary(())


def open_index(corpus: Corpus, language: Language, *, on: date) -> Index:
    """Index the passages in force on a day for questions of one language, with the glossary of the corpus."""
    return Index(corpus.serving(on), language, load_settings(), glossary_of(corpus))


def extractive_answer(question: str, corpus: Corpus, language: Language, *, on: date) -> Answer | Refusal:
    """Answer from the passages in force on a day; for many questions keep an `Index`."""
    return open_index(corpus, language, on=on).answer(question)
