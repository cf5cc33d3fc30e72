"""The clause of a sentence that a question asks for: what follows all that the question says itself, as an exact stretch.

"What does goodwill consist of?" of "Goodwill consists of the excess of ..." leaves "the excess of ...". A sentence is cut only at a border
that its question names: the verb that the question ends with, a form of "to be", a colon, a word of cause for "why", of manner for "how".
What is denied is not cut, nor is a sentence in Chinese.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from dualtrack.apps.research.solving.question import ASKING
from dualtrack.apps.research.solving.words import content_words, plain, stem

__all__ = ["Clause", "clause_of"]

_WORD = re.compile(r"[A-Za-z][\w'’-]*|\d[\d,.]*\d|\d")
_ASKED = re.compile(r"^(?:what|how|why)\b")
_END = re.compile(r"([a-z][a-z'-]*)(?: (of|to|from|with|as|in|on|by))?\s*\??\s*$")
_CAUSE = re.compile(
    r"\b(?:(?:primarily|mainly|largely|principally) )?(?:due to|because|owing to|driven by|as a result of|resulting from|attributable to)\b"
)
_MANNER = re.compile(r"(?:by|based on|using|at|through|in accordance with|on the basis of)\b")
_IS = re.compile(r"(?:is|are|was|were)\s+(?!not\b|no\b)")
_DOES = re.compile(r"what (?:do|does|did|will|would|can|could|may)\b")
_DENIED = re.compile(
    r"\b(?:not|no|never|neither|nor|none|without|except|excluding|other than|cannot|n['’]t)\b|n['’]t\b"
)
_ELSE = re.compile(r",? (?:while|whereas)\b")
_WORDS_MIN = 2
"""Words of a clause: one alone is more often what a full stop of an abbreviation left than an answer."""


class Clause(NamedTuple):
    """A stretch of a sentence and where in it it begins."""

    start: int
    text: str


def clause_of(question: str, sentence: str) -> Clause | None:
    """Return the stretch of a sentence that is left when all that the question says is passed; None where no border is sure."""
    lower = plain(question)
    said = frozenset(content_words(question, ASKING))
    if not _ASKED.match(lower) or _DENIED.search(lower):
        return None
    border, last = _border(said, sentence)
    if not border or _DENIED.search(plain(sentence[:border])):
        return None
    rest = sentence[border:]
    gap = len(rest) - len(rest.lstrip(" \u00a0,:"))
    start = _begin(lower, last, rest[gap:], colon=":" in rest[:gap])
    if start is None:
        return None
    start += border + gap
    other = _ELSE.search(sentence, start)
    text = sentence[start : other.start() if other else len(sentence)].rstrip(" ;:")
    return Clause(start, text) if len(_WORD.findall(text)) >= _WORDS_MIN else None


def _border(said: frozenset[str], sentence: str) -> tuple[int, str]:
    """Return where the last of the question's words to come up in a sentence ends, each at its first place, and which it is; 0 for none."""
    ends: dict[str, int] = {}
    for match in _WORD.finditer(sentence):
        word = stem(plain(match[0]))
        if word in said:
            ends.setdefault(word, match.end())
    last = max(ends, key=lambda word: ends[word], default="")
    return ends.get(last, 0), last


def _begin(question: str, last: str, rest: str, *, colon: bool) -> int | None:
    """Return where in the rest of a sentence the clause begins; None where what stands there is no border for this question."""
    if question.startswith("why"):
        cause = _CAUSE.search(rest)
        return cause.start() if cause else None
    end = _END.search(question)
    verb = end is not None and stem(end[1]) == last
    if question.startswith("how"):
        return 0 if verb or _MANNER.match(rest) else None
    if verb and end is not None and (_DOES.match(question) or end[2] or end[1].endswith("ed")):
        of = re.match(rf"(?:of|{end[2] or 'of'})\s+", rest)
        return of.end() if of else 0
    if colon:
        return 0
    found = _IS.match(rest)
    return found.end() if found else None
