"""How a text becomes the terms that are compared: words of Latin script, and pairs of Han characters.

One analyser for both languages, since script decides and a customer mixes them. English words lose their commonest endings; Chinese is
cut into overlapping pairs, which needs no dictionary and is about as good as one for finding texts (Nie, Gao, Zhang and Zhou, "On the use
of words and n-grams for Chinese information retrieval", IRAL 2000).
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING

from dualtrack.runtime.passages.scripts import to_traditional

if TYPE_CHECKING:
    from dualtrack.runtime.passages.settings import Stop

__all__ = ["SIGN", "is_han", "plain_text", "signs", "stem", "terms", "words"]

SIGN = "'"
"""First sign of a term that is a single Han character."""

_WORD = re.compile(r"[a-z0-9][a-z0-9.%-]*")
_HAN = re.compile(r"[\u3400-\u9fff]+")
_ENDINGS = (("ies", "y"), ("sses", "ss"), ("ing", ""), ("ed", ""), ("s", ""))
_DOUBLED = re.compile(r"([bgmnprt])\1$")
_STEM_LEAST = 3
_STEMS_KEPT = 20_000


def plain_text(text: str) -> str:
    """Return the text as it is compared: NFKC, lower case, characters of Hong Kong's usual form."""
    return to_traditional(unicodedata.normalize("NFKC", text).casefold())


def is_han(text: str) -> bool:
    """Tell whether a Chinese character stands in the text."""
    return _HAN.search(text) is not None


def words(plain: str) -> list[str]:
    """Return the stems of the Latin words of a plain text, in order."""
    return [found for word in _WORD.findall(plain) if (found := stem(word.strip(".-")))]


def terms(plain: str, stop: Stop) -> list[str]:
    """Cut a plain text into terms: stems of words, then pairs of Han characters, without those that carry no subject."""
    kept = [word for word in words(plain) if word not in stop.en]
    if not is_han(plain):
        return kept
    for said in stop.zh:
        plain = plain.replace(said, " ")
    for run in _HAN.findall(plain):
        kept += [run[place : place + 2] for place in range(max(1, len(run) - 1))]
    return kept


def signs(plain: str, stop: Stop) -> list[str]:
    """Return the single Han characters of a plain text, marked: they join words that share one (換領 and 換卡), at a low weight."""
    for said in stop.zh:
        plain = plain.replace(said, " ")
    return [f"{SIGN}{sign}" for run in _HAN.findall(plain) for sign in run]


@lru_cache(maxsize=_STEMS_KEPT)
def stem(word: str) -> str:
    """Take the commonest English endings off a word in lower case; one with a digit or a sign stays whole."""
    if not word.isalpha():
        return word
    for ending, instead in _ENDINGS:
        if word.endswith(ending) and not word.endswith("ss") and len(word) - len(ending) >= _STEM_LEAST:
            return _DOUBLED.sub(r"\1", word[: len(word) - len(ending)]) + instead
    return word
