"""A generated answer as sentences with the sources they cite, in both languages, from lists as from prose.

A citation is a number in brackets, `[1]`, `[1, 2]`, `[1][2]` or `【1】`, before or behind the full stop; one that stands alone on a line belongs to
the sentence before. A sentence that cites nothing is returned with no citation, for the check to fail.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from dualtrack.errors import FieldError

__all__ = ["ANSWER_CHARACTERS_MAX", "SENTENCES_MAX", "Sentence", "parts_of", "read_answer"]

ANSWER_CHARACTERS_MAX = 6_000
"""Characters of an answer that are read: a customer reads no more in a chat, and each sentence costs time."""

SENTENCES_MAX = 60
"""Sentences of an answer: the same bound for many short ones."""

_CITATION = r"[\[【［〔][ \u3000]*\d{1,4}(?:[ \u3000]*[,，、;；\-–~][ \u3000]*\d{1,4})*[ \u3000]*[\]】］〕]"
_CITED = re.compile(rf"[ \u3000]*({_CITATION})")
_SPAN = re.compile(r"(\d{1,4})(?:[ \u3000]*[\-–~][ \u3000]*(\d{1,4}))?")
_END = re.compile(rf"(?:[。！？!?]+|\.(?!\w))[\"'”’」』）)*_]*(?:[ \u3000]*(?:{_CITATION})[。.]?)*")
_MARK = re.compile(
    r"^[ \t\u3000>#]*(?:[-*•·‧▪●–]+(?=\s)|\(?\d{1,2}[.)、](?!\d)|[（(]\d{1,2}[）)]|[a-z]\))?[ \t\u3000]*"
)
_SHORTENED = re.compile(
    r"(?:^|[\s(])(?:e\.g|i\.e|a\.m|p\.m|no|mr|mrs|ms|dr|st|ltd|inc|co|approx|etc|vs|[A-Z])\.$", re.IGNORECASE
)
_STRONG = re.compile(r"\*\*|__|`")
_SPAN_MOST = 20


class Sentence(NamedTuple):
    """What is stated, without marks of citations and lists, and the numbers of the sources it cites, in order."""

    text: str
    cited: tuple[int, ...]


def read_answer(text: str) -> list[Sentence]:
    """Return the sentences of an answer; raises FieldError beyond the bounds, for nobody would have looked at the rest."""
    if len(text) > ANSWER_CHARACTERS_MAX:
        raise FieldError(
            f"{len(text)} characters", where="generated answer", expected=f"at most {ANSWER_CHARACTERS_MAX}"
        )
    found: list[Sentence] = []
    for line in _STRONG.sub("", text).splitlines():
        for piece in _pieces(_MARK.sub("", line, count=1)):
            cited = _numbers(piece)
            said = _CITED.sub("", piece).strip(" \t\u3000")
            if re.search(r"\w", said):
                found.append(Sentence(said, cited))
            elif cited and found:
                last = found.pop()
                found.append(Sentence(last.text, tuple(dict.fromkeys((*last.cited, *cited)))))
    if len(found) > SENTENCES_MAX:
        raise FieldError(f"{len(found)} sentences", where="generated answer", expected=f"at most {SENTENCES_MAX}")
    return found


def parts_of(text: str) -> list[str]:
    """Return the sentences of a source."""
    return [piece.strip() for line in text.splitlines() for piece in _pieces(line) if piece.strip()]


def _pieces(line: str) -> list[str]:
    pieces: list[str] = []
    start = 0
    for match in _END.finditer(line):
        piece = line[start : match.end()]
        if _SHORTENED.search(piece) and re.match(r"\s*[a-z0-9(,]", line[match.end() :]):
            continue
        pieces.append(piece)
        start = match.end()
    return [*pieces, line[start:]] if line[start:].strip() else pieces


def _numbers(piece: str) -> tuple[int, ...]:
    found: list[int] = []
    for match in _CITED.finditer(piece):
        for first, last in _SPAN.findall(match[1]):
            low, high = int(first), int(last or first)
            found += range(low, high + 1) if low <= high < low + _SPAN_MOST else (low, high)
    return tuple(dict.fromkeys(found))
