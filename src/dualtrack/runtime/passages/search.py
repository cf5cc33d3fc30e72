"""Find passages and quote them: BM25 over words and pairs of Han characters, with a rule that refuses.

BM25 as in Robertson, Walker, Jones, Hancock-Beaulieu and Gatford, "Okapi at TREC-3" (1994). English is cut into words with
their commonest endings taken off, Chinese into overlapping pairs of characters; English words inside Chinese count too.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter, defaultdict
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, NamedTuple

from dualtrack.domain.documents import read_yaml
from dualtrack.domain.records import Record, Text, read_record
from dualtrack.runtime.passages.corpus import Language, of_language

if TYPE_CHECKING:
    from datetime import date

    from dualtrack.runtime.passages.corpus import Corpus, Passage

__all__ = [
    "QUESTION_MAX",
    "Answer",
    "Found",
    "Index",
    "Quote",
    "Refusal",
    "Settings",
    "extractive_answer",
    "load_settings",
    "terms",
]

QUESTION_MAX = 2_000
"""Characters of a question that are read: a longer one is a document, and its tail adds no subject."""

_WORD = re.compile(r"[a-z0-9][a-z0-9.%-]*")
_HAN = re.compile(r"[\u3400-\u9fff]+")
_ENDINGS = (("ies", "y"), ("sses", "ss"), ("ing", ""), ("ed", ""), ("s", ""))
_STEM_LEAST = 3


class _Stop(Record, frozen=True, rename={"zh": "zh-Hant"}):
    en: list[str]
    zh: list[str]


class _Also(Record, frozen=True, rename={"zh": "zh-Hant"}):
    en: dict[str, str]
    zh: dict[str, str]


class _Least(Record, frozen=True, rename={"zh": "zh-Hant"}):
    en: float
    zh: float


class Settings(Record, frozen=True):
    """Constants of the ranking, the words it leaves out or adds, and the share below which it refuses."""

    format: str
    k1: float
    b: float
    title_weight: int
    keys_weight: int
    coverage_least: _Least
    stop: _Stop
    also: _Also


class Found(NamedTuple):
    """A passage with its BM25 score and the share of the question's weight that stands in it."""

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


@cache
def load_settings() -> Settings:
    """Return `retrieval.yaml`."""
    data = (resources.files("dualtrack.runtime") / "data" / "retrieval.yaml").read_bytes()
    return read_record(read_yaml(data, where="retrieval.yaml"), Settings, where="retrieval.yaml")


def terms(text: str, language: Language, settings: Settings) -> list[str]:
    """Cut a text into the terms that are compared."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    words = [_stem(word.strip(".-")) for word in _WORD.findall(plain)]
    kept = [word for word in words if word and word not in settings.stop.en]
    if language == "en":
        return kept
    for stop in settings.stop.zh:
        plain = plain.replace(stop, " ")
    for run in _HAN.findall(plain):
        kept += [run[place : place + 2] for place in range(max(1, len(run) - 1))]
    return kept


def _stem(word: str) -> str:
    if not word.isalpha():
        return word
    for ending, instead in _ENDINGS:
        if word.endswith(ending) and not word.endswith("ss") and len(word) - len(ending) >= _STEM_LEAST:
            return word[: len(word) - len(ending)] + instead
    return word


def _wider(question: str, language: Language, settings: Settings) -> str:
    """Add the passages' words for what the question says in other ones."""
    also = settings.also.en if language == "en" else settings.also.zh
    plain = unicodedata.normalize("NFKC", question[:QUESTION_MAX]).casefold()
    said = set(_WORD.findall(plain)) if language == "en" else None
    return " ".join(more for word, more in also.items() if (word in said if said is not None else word in plain))


class Index:
    """The passages of one language, indexed once; a search touches only passages that share a term."""

    def __init__(self, passages: tuple[Passage, ...], language: Language, settings: Settings) -> None:
        self.passages, self.language, self.settings = passages, language, settings
        self.titles = {item.id: item.title for item in passages}
        counted = [Counter(self._document(item)) for item in passages]
        lengths = [sum(count.values()) for count in counted]
        mean = sum(lengths) / len(lengths) if lengths else 1.0
        holders = Counter(term for count in counted for term in count)
        total = len(passages)
        self.weights = {term: math.log(1 + (total - n + 0.5) / (n + 0.5)) for term, n in holders.items()}
        self.unknown = math.log(1 + (total + 0.5) / 0.5)
        self.postings: dict[str, list[tuple[int, float]]] = defaultdict(list)
        for place, (count, length) in enumerate(zip(counted, lengths, strict=True)):
            norm = settings.k1 * (1 - settings.b + settings.b * length / mean)
            for term, times in count.items():
                gain = self.weights[term] * times * (settings.k1 + 1) / (times + norm)
                self.postings[term].append((place, gain))

    def _document(self, item: Passage) -> list[str]:
        """Return the terms of a passage, title and keys repeated by weight; Chinese also knows the English keys."""

        def cut(text: Text) -> list[str]:
            return terms(of_language(text, self.language), self.language, self.settings)

        found = (
            cut(item.text) + cut(item.title) * self.settings.title_weight + cut(item.keys) * self.settings.keys_weight
        )
        return found if self.language == "en" else found + terms(item.keys.en, "en", self.settings)

    def search(self, question: str, most: int = 3) -> list[Found]:
        """Return the best passages, best first; ties go to the earlier passage of the file."""
        asked = dict.fromkeys(terms(question[:QUESTION_MAX], self.language, self.settings))
        added = dict.fromkeys(terms(_wider(question, self.language, self.settings), self.language, self.settings))
        scores: dict[int, float] = defaultdict(float)
        covered: dict[int, float] = defaultdict(float)
        for term in asked | added:
            weight = self.weights.get(term, 0.0)
            for place, gain in self.postings.get(term, ()):
                scores[place] += gain
                covered[place] += weight
        whole = sum(self.weights.get(term, self.unknown) for term in asked) or 1.0
        best = sorted(scores, key=lambda place: (-scores[place], place))[:most]
        return [Found(self.passages[place], scores[place], min(1.0, covered[place] / whole)) for place in best]

    def answer(self, question: str) -> Answer | Refusal:
        """Quote the best passage, or refuse when too little of the question stands in it."""
        limits = self.settings.coverage_least
        least = limits.en if self.language == "en" else limits.zh
        found = self.search(question, 1)
        if not found or found[0].coverage < least:
            return Refusal(found[0].coverage if found else 0.0, least)
        best = found[0].passage
        return Answer(Quote(best.id, best.version, of_language(best.text, self.language)))


def extractive_answer(question: str, corpus: Corpus, language: Language, *, on: date) -> Answer | Refusal:
    """Answer from the passages in force on a day; for many questions keep an `Index`."""
    return Index(corpus.serving(on), language, load_settings()).answer(question)
