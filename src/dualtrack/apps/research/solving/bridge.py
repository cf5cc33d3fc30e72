"""A question in one language over a table in the other: names of lines from the catalogue's roles, which has each in English and Chinese.

The names of the other language are added to the question, nothing is taken away; a line that is no role of the catalogue stays unmatched.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache

from dualtrack.apps.research.metrics import catalogue
from dualtrack.apps.research.solving.words import plain

__all__ = ["bridged", "is_chinese", "unbridged"]

_CHINESE = re.compile(r"[㐀-䶿一-鿿]")
_ASIDE = re.compile(r"\s*[(（].*?[)）]")


def is_chinese(text: str) -> bool:
    """Say whether a text has Chinese characters."""
    return _CHINESE.search(text) is not None


def bridged(phrase: str, *, chinese: bool) -> str:
    """Return a phrase with names of lines in the language of the table added, where the phrase has none of that language."""
    found, _ = _parted(phrase, chinese)
    return " ".join((phrase, *found))


def unbridged(phrase: str, *, chinese: bool) -> str:
    """Return what of a phrase is no name of a line that `bridged` adds in the other language."""
    found, left = _parted(phrase, chinese)
    return left if found else phrase


@lru_cache(maxsize=1024)
def _parted(phrase: str, chinese: bool) -> tuple[tuple[str, ...], str]:
    """Return the names to add to a phrase, and what is left of it without theirs."""
    lower = plain(phrase)
    if (chinese and is_chinese(lower)) or (not chinese and not is_chinese(lower)):
        return (), phrase
    found, left = [], lower
    for english, zh in _names():
        own, other = (english, zh) if chinese else (zh, english)
        if re.search(rf"(?<![a-z]){re.escape(own)}(?![a-z])", left):
            found.append(other)
            left = left.replace(own, " ")
    return tuple(found), left


@cache
def _names() -> tuple[tuple[str, str], ...]:
    """Return names of lines in both languages, the longest English first, so that "total assets" is not read as "assets"."""
    pairs = {
        (_ASIDE.sub("", plain(each.en)), _ASIDE.sub("", plain(each.zh)))
        for key, each in catalogue().roles.items()
        if not key.endswith("_before")
    }
    return tuple(sorted(pairs, key=lambda each: (-len(each[0]), each)))
