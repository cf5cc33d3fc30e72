"""What in a sentence its passages do not hold: dates, figures, names, a negation turned round, words. Rules without a model.

Each rule finds plain cases only. A sentence that passes all of them may still not follow from its passages.
"""

from __future__ import annotations

import re
from typing import Literal, NamedTuple, get_args

from dualtrack.errors import FieldError
from dualtrack.evidence.answers.figures import Figure, figures, same_figure
from dualtrack.evidence.answers.wording import OPPOSITES, content, fold, negations, sentences, without_marks

__all__ = ["CAUSES", "NEAR", "SENTENCES_MAX", "Cause", "Source", "make_source", "unsupported"]

Cause = Literal["date", "figure", "name", "polarity", "coverage"]
"""Why a sentence counts as unsupported."""

CAUSES: tuple[Cause, ...] = get_args(Cause)
"""All causes, in the order in which they are looked for."""

NEAR = 0.75
"""Share of a sentence's words that a passage's sentence must have to speak of the same thing, before negations are compared."""

SENTENCES_MAX = 2_000
"""Most sentences of an answer, or of all its passages: their product is work, and reading a part would pass the rest unseen."""

_CONTENT_LEAST = 3
_NAME = re.compile(r"(?<![\w'])[A-Z][\w&]*(?:['-][A-Z]?\w+)*")
_NO_NAMES = frozenset({"i", "january", "february", "march", "april", "may", "june", "july", "august", "september", "october",
    "november", "december", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday", "hk", "hkd", "usd",
    "rmb", "yes", "no", "us"})  # fmt: skip
_CLAUSE = re.compile(r"[,，、:：]\s*(?!\d)")
_WORD = re.compile(r"[^\W_]+")


class _Sentence(NamedTuple):
    words: frozenset[str]
    negations: int
    text: str


class Source(NamedTuple):
    """The passages of one answer as the rules read them."""

    words: frozenset[str]
    terms: frozenset[str]
    figures: list[Figure]
    sentences: list[_Sentence]


def make_source(passages: list[str]) -> Source:
    """Return passages in the form the rules read; a figure is looked for without its kind of writing, a name without its case."""
    text = "\n".join(passages)
    whole = _bounded([part for passage in passages for part in sentences(passage)])
    clauses = [
        each for part in whole for each in _CLAUSE.split(part)
    ]  # a negation in one clause does not turn the other round
    parts = [_sentence(part) for part in dict.fromkeys([*whole, *clauses])]
    return Source(frozenset(content(text)), frozenset(_WORD.findall(fold(text))), figures(text), parts)


def unsupported(answer: str, source: Source, coverage: float) -> list[set[Cause]]:
    """Return for each sentence that states something why its passages do not hold it; an empty set where they do.

    `coverage` is the share of a sentence's words below which it is not held. A sentence of fewer than three words of content,
    without figure or name, states nothing ("Yes.").
    """
    found = []
    for part in _bounded(sentences(without_marks(answer))):
        sentence, stated, names = _sentence(part), figures(part), _names(part)
        if len(sentence.words) >= _CONTENT_LEAST or stated or names:
            found.append(_causes(sentence, stated, names, source, coverage))
    return found


def _causes(sentence: _Sentence, stated: list[Figure], names: set[str], source: Source, coverage: float) -> set[Cause]:
    causes: set[Cause] = set()
    for figure in stated:
        if not any(same_figure(figure, other, 0) for other in source.figures):
            causes.add("date" if figure.kind == "date" else "figure")
    if not names <= source.terms:
        causes.add("name")
    if _turned_round(sentence, source):
        causes.add("polarity")
    if len(sentence.words) >= _CONTENT_LEAST and len(sentence.words & source.words) < coverage * len(sentence.words):
        causes.add("coverage")
    return causes


def _bounded(parts: list[str]) -> list[str]:
    if len(parts) > SENTENCES_MAX:
        raise FieldError(
            f"{len(parts)} sentences",
            where="answers",
            expected=f"at most {SENTENCES_MAX} of one answer or its passages",
        )
    return parts


def _sentence(text: str) -> _Sentence:
    return _Sentence(frozenset(content(text)), negations(text), fold(text))


def _names(text: str) -> set[str]:
    """Return words of names: those with a capital, but for the first of a sentence unless it is in capitals throughout."""
    found: set[str] = set()
    for match in _NAME.finditer(text):
        capitals = match[0].isupper() and len(match[0]) > 1
        if capitals or re.search(r"\w", text[: match.start()]):
            found |= set(_WORD.findall(fold(match[0]))) - {"s"}
    return found - _NO_NAMES


def _turned_round(sentence: _Sentence, source: Source) -> bool:
    """Say whether all sentences of the passages that speak of the same thing say the opposite."""
    ignored = {word for pair in OPPOSITES for word in pair}
    words = sentence.words - ignored
    if len(words) < _CONTENT_LEAST:
        return False
    near = [each for each in source.sentences if len(words & each.words) >= NEAR * len(words)]
    return bool(near) and all(_opposed(sentence, each) for each in near)


def _opposed(one: _Sentence, other: _Sentence) -> bool:
    if one.negations % 2 != other.negations % 2:
        return True
    return any(
        _holds(one.text, first)
        and _holds(other.text, second)
        and not _holds(one.text, second)
        and not _holds(other.text, first)
        for pair in OPPOSITES
        for first, second in (pair, pair[::-1])
    )


def _holds(text: str, word: str) -> bool:
    return re.search(rf"\b{word}\b", text) is not None if word.isascii() else word in text
