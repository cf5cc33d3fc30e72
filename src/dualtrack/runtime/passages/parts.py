"""What is compared: the parts of a passage as terms, and a question as terms with what it also says."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, NamedTuple

from dualtrack.runtime.passages.analysis import plain_text, signs, terms, words
from dualtrack.runtime.passages.corpus import asked_of, of_language
from dualtrack.runtime.passages.glossary import TRADE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dualtrack.runtime.passages.corpus import Language, Passage
    from dualtrack.runtime.passages.glossary import Glossary
    from dualtrack.runtime.passages.settings import Settings

__all__ = ["ASKED", "OTHER", "OWN", "Part", "Question", "passage_parts", "read_question"]

OWN, OTHER, ASKED = 0, 1, 2
"""Kinds of a part: the passage's words in the language asked, those in the other one, and all other ways of asking it."""


class Part(NamedTuple):
    """Terms of one part of the passage at a place, each with how often it counts there."""

    place: int
    kind: int
    terms: Mapping[str, int]

    @property
    def length(self) -> int:
        """All terms, as often as they count."""
        return sum(self.terms.values())


class Question(NamedTuple):
    """Terms of a question; the passages' words for them; marked terms (entries of the glossary, single characters); and for each term its entries."""

    asked: tuple[str, ...]
    wider: tuple[str, ...]
    marked: tuple[str, ...]
    same: Mapping[str, tuple[str, ...]]


def passage_parts(
    place: int, item: Passage, language: Language, settings: Settings, glossary: Glossary
) -> Iterator[Part]:
    """Yield the parts of a passage for questions of a language; words of title and keys count by their weight."""
    other: Language = "zh-Hant" if language == "en" else "en"
    fields = ((item.text, 1), (item.title, settings.title_weight), (item.keys, settings.keys_weight))
    for kind, each in ((OWN, language), (OTHER, other)):
        count: Counter[str] = Counter()
        for text, times in fields:
            for term in _cut(of_language(text, each), settings, glossary):
                count[term] += times
        yield Part(place, kind, count)
    asked: Counter[str] = Counter()
    for each in (language, other):
        for question in asked_of(item, each):
            asked.update(_cut(question, settings, glossary))
    yield Part(place, ASKED, asked)


def _cut(text: str, settings: Settings, glossary: Glossary) -> list[str]:
    plain = plain_text(text)
    return terms(plain, settings.stop) + [hit.term for hit in glossary.find(plain)] + signs(plain, settings.stop)


def read_question(text: str, language: Language, settings: Settings, glossary: Glossary) -> Question:
    """Cut a question into terms; add entries of the glossary, and the passages' words for what it says in other ones."""
    plain = plain_text(text)
    also = settings.also.en if language == "en" else settings.also.zh
    said = set(words(plain)) if language == "en" else None
    wider = " ".join(more for word, more in also.items() if (word in said if said is not None else word in plain))
    asked = terms(plain, settings.stop)
    same: dict[str, dict[str, None]] = defaultdict(dict)
    hits = glossary.find(plain)
    for hit in hits:
        words_of = terms(hit.said, settings.stop)
        for term in words_of:
            same[term][hit.term] = None
        if not words_of and hit.term.startswith(TRADE):  # 張單: nothing but measure words, and yet a word of the trade
            asked.append(hit.term)
    marked = (*(hit.term for hit in hits), *signs(plain, settings.stop))
    return Question(
        tuple(dict.fromkeys(asked)),
        tuple(dict.fromkeys(terms(plain_text(wider), settings.stop))),
        tuple(dict.fromkeys(marked)),
        {term: tuple(entries) for term, entries in same.items()},
    )
