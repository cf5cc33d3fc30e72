"""Does an answer say the opposite of the passage it rests on? A check by words, without a model.

For each sentence of the answer, the passages' sentences with nearly the same words are looked up. When all of them differ from it
by a negation, or by a pair of opposites, the sentence contradicts them. It finds plain reversals only; it cannot tell whether
an answer follows from a passage.
"""

from __future__ import annotations

import re
from functools import cache
from typing import NamedTuple, cast

from dualtrack.runtime.guards.texts import fold, fold_phrase, guard_data

__all__ = ["OVERLAP_PERCENT", "SENTENCES_MAX", "contradicted"]

SENTENCES_MAX = 300
"""Sentences of an answer or of all passages that are compared: their product is work."""

OVERLAP_PERCENT = 75
"""Share of an answer's words that a passage's sentence must have to speak of the same thing."""

_WORDS_MIN = 3
_SPLIT = re.compile(r"[。;!?]|\.(?=\s|$)|\n")
_WORD = re.compile(r"[a-z']{2,40}|\d[\d,.]{0,30}|[\u3400-\u9fff]{1,200}")
_STOP = frozenset(
    {
        "the",
        "an",
        "of",
        "to",
        "in",
        "on",
        "at",
        "is",
        "are",
        "was",
        "were",
        "be",
        "been",
        "and",
        "or",
        "for",
        "with",
        "your",
        "you",
        "we",
        "our",
        "it",
        "this",
        "that",
        "will",
        "by",
        "as",
        "do",
        "does",
    }
)


class _Sentence(NamedTuple):
    words: frozenset[str]
    negations: int
    text: str


def contradicted(answer: str, passages: list[str]) -> list[str]:
    """Return the sentences of an answer that the passages contradict, in folded form."""
    known = [item for text in passages for item in _sentences(text)][:SENTENCES_MAX]
    found: list[str] = []
    for sentence in _sentences(answer)[:SENTENCES_MAX]:
        if len(sentence.words) < _WORDS_MIN:
            continue
        near = [item for item in known if _overlap(sentence, item) >= OVERLAP_PERCENT]
        if near and all(_opposed(sentence, item) for item in near):
            found.append(sentence.text)
    return found


def _overlap(one: _Sentence, other: _Sentence) -> int:
    ignored = _opposite_words()
    words = one.words - ignored
    return 100 * len(words & other.words) // len(words) if words else 0


def _opposed(one: _Sentence, other: _Sentence) -> bool:
    if one.negations % 2 != other.negations % 2:
        return True
    return any(
        (left in one.text and right not in one.text and right in other.text and left not in other.text)
        or (right in one.text and left not in one.text and left in other.text and right not in other.text)
        for left, right in _opposites()
    )


def _sentences(text: str) -> list[_Sentence]:
    en, zh = _negators()
    found: list[_Sentence] = []
    for part in _SPLIT.split(fold(text.replace("’", "'")).text):
        bare, negations = part, 0
        for phrase in zh:
            negations += bare.count(phrase)
            bare = bare.replace(phrase, " ")
        words: set[str] = set()
        for run in _WORD.findall(bare):
            if run[0] >= "\u3400":
                words |= {run[place : place + 2] for place in range(max(len(run) - 1, 1))}
            elif run in en:
                negations += 1
            elif run not in _STOP:
                words.add(run)
        if words:
            found.append(_Sentence(frozenset(words), negations, part.strip()))
    return found


@cache
def _negators() -> tuple[frozenset[str], tuple[str, ...]]:
    data = cast("dict[str, dict[str, list[str]]]", guard_data("polarity"))["negators"]
    return frozenset(data["en"]), tuple(sorted((fold_phrase(text) for text in data["zh"]), key=len, reverse=True))


@cache
def _opposites() -> tuple[tuple[str, str], ...]:
    data = cast("dict[str, list[list[str]]]", guard_data("polarity"))["opposites"]
    return tuple((fold_phrase(left), fold_phrase(right)) for left, right in data)


@cache
def _opposite_words() -> frozenset[str]:
    return frozenset(word for pair in _opposites() for word in pair)
