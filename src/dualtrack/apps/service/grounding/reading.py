"""A sentence as the rules read it: its words of content with their signs, figures, and values that exclude one another, each with its surroundings."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from dualtrack.apps.service.grounding.lexicon import lexicon
from dualtrack.apps.service.grounding.names import Names, names_of, phones_in, without_addresses
from dualtrack.apps.service.grounding.parties import parties_of
from dualtrack.apps.service.grounding.phrases import words_of
from dualtrack.apps.service.grounding.places import Fact, Layout, facts_of, with_beside
from dualtrack.apps.service.grounding.quantities import Quantity, quantities
from dualtrack.apps.service.grounding.sentences import parts_of
from dualtrack.apps.service.grounding.words import MINUS, PLUS, Clause, Token, clauses_of, tokens_of
from dualtrack.runtime.guards.texts import fold

__all__ = ["SOURCE_SENTENCES_MAX", "Part", "Source", "quoted", "read_part", "read_source"]

SOURCE_SENTENCES_MAX = 200
"""Sentences of the sources of one sentence: a passage has a few; the work grows with them."""

_HAN = re.compile(r"[\u3400-\u9fff]")
_TERM = re.compile(r"[a-z0-9&]+")
_TEXTS_KEPT = 2_000
_STEM = 5
_ENDS = " .。!?;"


class Part(NamedTuple):
    """A sentence in its folded form; the last clause is the whole sentence."""

    text: str
    tokens: tuple[Token, ...]
    facts: tuple[Fact, ...]
    layout: Layout
    clauses: tuple[Clause, ...]
    names: Names
    parties: tuple[str, ...]


class Source(NamedTuple):
    """All sentences that a sentence may rest on.

    `words` are those of content, `stems` the beginnings of long ones, `characters` all Chinese ones, `terms` all Latin words as written;
    `weights` is high for words of few sentences; `clauses` carry the sum of
    the weights of their words; `sides` are the signs of words that have two sides; `quotes` its sentences as `quoted` has them.
    """

    parts: tuple[Part, ...]
    figures: tuple[Fact, ...]
    slots: dict[str, list[Fact]]
    words: frozenset[str]
    stems: frozenset[str]
    characters: frozenset[str]
    terms: frozenset[str]
    folded: str
    names: Names
    weights: dict[str, float]
    clauses: tuple[tuple[Clause, float], ...]
    sides: dict[str, int]
    quotes: frozenset[str]
    parties: frozenset[str]


@lru_cache(maxsize=_TEXTS_KEPT)
def read_source(text: str) -> Source:
    """Read a source, once for each text; sentences beyond the bound are not read, so nothing can rest on them."""
    sentences = parts_of(text)[:SOURCE_SENTENCES_MAX]
    parts = [read_part(each) for each in sentences]
    counts: dict[str, int] = {}
    for part in parts:
        for word in part.clauses[-1].words:
            counts[word] = counts.get(word, 0) + 1
    words = [frozenset(part.clauses[-1].words) for part in parts]
    facts = tuple(
        fact._replace(near=with_beside(fact.near, words, at), sentence=at)
        for at, part in enumerate(parts)
        for fact in part.facts
    )
    slots: dict[str, list[Fact]] = {}
    for fact in facts:
        if fact.sense is not None:
            slots.setdefault(fact.sense.category, []).append(fact)
    folded = fold(text).text
    terms = frozenset(_TERM.findall(folded))
    weights = {word: 1.0 / count**0.5 for word, count in counts.items()}
    return Source(
        parts=tuple(parts),
        figures=tuple(fact for fact in facts if fact.quantity is not None),
        slots=slots,
        words=frozenset(counts),
        stems=frozenset(word[:_STEM] for word in terms if len(word) >= _STEM),
        characters=frozenset(_HAN.findall(folded)),
        terms=terms,
        folded=folded,
        names=names_of(text, without_addresses(folded)),
        weights=weights,
        clauses=tuple(
            (clause, sum(weights[word] for word in clause.words)) for part in parts for clause in part.clauses
        ),
        sides=_sides(parts),
        quotes=frozenset(quoted(each) for each in sentences),
        parties=frozenset(name for part in parts for name in part.parties),
    )


def quoted(sentence: str) -> str:
    """Return a sentence in the form in which it is the same quotation: folded, without the signs at its end."""
    return " ".join(fold(sentence).text.split()).rstrip(_ENDS)


def _sides(parts: list[Part]) -> dict[str, int]:
    sides: dict[str, int] = {}
    for part in parts:
        for word, sign in part.clauses[-1].words.items():
            if word in lexicon().sided:
                sides[word] = sides.get(word, 0) | (PLUS if sign & PLUS else 0) | (MINUS if sign & ~PLUS else 0)
    return sides


def read_part(sentence: str) -> Part:
    """Read one sentence."""
    folded = fold(sentence).text
    text = without_addresses(folded)
    words = words_of(text)
    roots = tuple([word.root for word in words])
    figures = quantities(text)
    for start, end, digits in phones_in(folded):
        figures.append(Quantity("phone", digits, "", frozenset(), start, end))
    known = lexicon()
    marks = known.modal.find(text, words, roots)
    named = known.parties.find(text, words, roots)
    tokens = tokens_of(text, words, figures, marks)
    clauses, signed = clauses_of(text, tokens, marks, named)
    whole = clauses[-1]
    if whole.whole and "=charge" in whole.words and any(each.type == "money" and not each.bounds for each in figures):
        whole.words["=charge"] |= PLUS  # a sum of money is a charge, also where only "free" is said in words
    facts, layout = facts_of(text, signed, figures, known.slots.find(text, words, roots))
    return Part(text, tuple(signed), tuple(facts), layout, clauses, names_of(sentence, text), parties_of(named))
