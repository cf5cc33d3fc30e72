"""Passages of a row, with the marks by which an answer cites them, and what an answer cites and quotes.

Passages are separated by a blank line. One that begins with a mark in square brackets, such as `[hkma-12]`, has that name; another has its
number, from 1. An answer cites with the same marks, alone or in a list: `[1]`, `[hkma-12, 3]`, `【1】`.
"""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple

from dualtrack.errors import FieldError
from dualtrack.evidence.answers.wording import tokens

__all__ = ["PASSAGES_MAX", "Passage", "citations", "is_quoted", "quotes", "read_passages"]

PASSAGES_MAX = 200
"""Most passages of one answer."""

_BLANK = re.compile(r"\n[ \t\r]*\n")
_LEAD = re.compile(r"\s*[\[【]([\w.:#/\-]{1,80})[\]】][ :：]*")
_MARKS = re.compile(r"[\[【]([^\[\]【】]{1,200})[\]】]")
_NAME = re.compile(r"[\w.:#/\-]{1,80}")
_BETWEEN = re.compile(r"[,;，；、\s]+")
_QUOTES = re.compile(r"“([^“”]{1,4000})”|「([^「」]{1,4000})」|『([^『』]{1,4000})』|\"([^\"\n]{1,4000})\"")
_CUT = re.compile(r"\.{3,}|…+|⋯+")
_SPACE = re.compile(r"\s+")


class Passage(NamedTuple):
    """Name and text."""

    name: str
    text: str


def read_passages(text: str, where: str) -> list[Passage]:
    """Return the passages of a text; raises FieldError for more than PASSAGES_MAX. Parts of one document may share a name."""
    found: list[Passage] = []
    for at, block in enumerate((part for part in _BLANK.split(text) if part.strip()), 1):
        lead = _LEAD.match(block)
        found.append(Passage(_plain(lead[1]), block[lead.end() :]) if lead else Passage(str(at), block))
    if len(found) > PASSAGES_MAX:
        raise FieldError(f"{len(found)} passages", where=where, expected=f"at most {PASSAGES_MAX}")
    return found


def citations(text: str) -> list[str]:
    """Return the names that a text cites, each once, in order."""
    names = [
        _plain(name)
        for marks in _MARKS.findall(text)
        for parts in [[part for part in _BETWEEN.split(marks) if part]]
        if all(_NAME.fullmatch(part) for part in parts) and len(_BETWEEN.findall(marks.strip())) == _separators(marks)
        for name in parts
    ]
    return list(dict.fromkeys(names))


def quotes(text: str, tokens_min: int) -> list[str]:
    """Return what a text puts in quotation marks, of at least `tokens_min` words or Chinese characters: shorter is a term, no quote."""
    found = ["".join(groups) for groups in _QUOTES.findall(text)]
    return [quote for quote in found if len(tokens(quote)) >= tokens_min]


def is_quoted(quote: str, passages: list[Passage]) -> bool:
    """Say whether one passage holds a quote word for word; parts around an ellipsis each, in their order; width and spaces aside."""
    parts = [part for part in (_squeezed(each) for each in _CUT.split(quote)) if part]
    for passage in passages:
        text, at = _squeezed(passage.text), 0
        for part in parts:
            at = text.find(part, at)
            if at < 0:
                break
            at += len(part)
        else:
            return True
    return False


def _separators(marks: str) -> int:
    """Return how many separators a list of names has where it is a list and no phrase: words apart by spaces alone are a remark."""
    return len(re.findall(r"\s*[,;，；、]\s*", marks))


def _plain(name: str) -> str:
    return unicodedata.normalize("NFKC", name).casefold()


def _squeezed(text: str) -> str:
    plain = unicodedata.normalize("NFKC", text.replace("’", "'").replace("‘", "'"))
    return _SPACE.sub(" ", plain).strip(" .,;:。，；：")
