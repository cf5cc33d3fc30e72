"""The lists of the English recogniser of names, made ready once: sets of words, of their bytes, and patterns."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from dualtrack.runtime.guards.personal.context import word_pattern
from dualtrack.runtime.guards.personal.tables import names, places

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["WORD", "NameLists", "name_lists"]

WORD = re.compile(r"[A-Za-z]+(?:'[A-Za-z]+)?")
"""A word as names are written."""

_SAID_SMALL = frozenset({"name", "named", "name's", "Name"})
"""Words after which a name in small letters is looked for."""


class NameLists(NamedTuple):
    """Words by what they are of a name; those in bytes are compared before a text is taken apart."""

    surnames: frozenset[str]
    pinyin: frozenset[str]
    syllables: frozenset[str]
    english: frozenset[str]
    titles: frozenset[str]
    before: re.Pattern[str]
    weak: frozenset[str]
    not_after: frozenset[str]
    none: dict[str, list[tuple[str, ...]]]
    triggers: frozenset[bytes]
    titles_bytes: frozenset[bytes]
    ends_bytes: frozenset[bytes]
    telling_bytes: frozenset[bytes]
    small_bytes: frozenset[bytes]
    ends: frozenset[str]
    written: frozenset[str]
    said: tuple[str, ...]
    small: frozenset[str]
    phrases: tuple[str, ...]


def _written(listed: frozenset[str]) -> frozenset[str]:
    """Return words as they are written large."""
    return frozenset(word.capitalize() for word in listed) | frozenset(word.upper() for word in listed)


def _set(text: str) -> frozenset[str]:
    return frozenset(text.lower().split())


def _bytes(listed: frozenset[str]) -> frozenset[bytes]:
    return frozenset(word.encode() for word in listed)


def _closed_up(phrases: list[str]) -> Iterator[str]:
    """Yield phrases with each of their blanks there or not, as people type them."""
    for phrase in phrases:
        first, *rest = phrase.lower().split(" ")
        found = [first]
        for word in rest:
            found = [head + gap + word for head in found for gap in (" ", "")]
        yield from found


@cache
def name_lists() -> NameLists:
    """Return the lists, made once."""
    data = names()
    before = [item.strip() for item in data.before_en.split("|")]
    none: dict[str, list[tuple[str, ...]]] = {}
    for item in f"{places().en}|{data.not_names_en}".split("|"):
        parts = tuple(WORD.findall(item.lower()))
        none.setdefault(parts[0], []).append(parts)
    surnames, pinyin = _set(data.romanised), _set(data.pinyin)
    surnames |= {"yeung"}
    titles = _set(data.titles_en)
    ends = frozenset(item.split()[-1] for item in before)
    return NameLists(
        surnames, pinyin, _set(data.syllables), _set(data.english), titles,
        re.compile(rf"(?:{word_pattern(before)})[ :,\n]{{1,3}}\Z", re.IGNORECASE),
        _set(data.weak_en), _set(data.not_after),
        none,
        _bytes(surnames | pinyin | titles | ends), _bytes(titles), _bytes(ends), _bytes(titles | ends), _bytes(surnames | _set(data.english)), ends,
        _written(surnames | pinyin | titles) | titles | _SAID_SMALL,
        tuple(ends), surnames | _set(data.english), tuple(_closed_up(before)),
    )  # fmt: skip
