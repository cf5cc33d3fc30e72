"""What the words around a number say it is: the nearest announcing word before it counts."""

from __future__ import annotations

import re
from functools import cache

from dualtrack.runtime.guards.personal.tables import words

__all__ = ["CONTEXT_WIDTH", "Context", "word_pattern"]

CONTEXT_WIDTH = 32
"""Characters looked at before a number: in "my identity card number, as you asked, is" the telling words lie that far."""

_AFTER_WIDTH = 14
_CUT = re.compile(r"[。;!?\x00]|(?<!no)(?<!tel)\.\s|[0-9](?:[ -]?[0-9]){3}")
"""What ends the reach of a word: the end of a sentence, or another number between."""


_NEAR_ONLY = frozenset({"reference", "money"})
"""What makes a number harmless must stand in the same part of the sentence; what makes it personal may stand further off."""

_COMMA = re.compile(r"[,、\n]|:.*[^ ].*:")


def word_pattern(listed: list[str]) -> str:
    """Return a pattern of words, the longest first; those of letters only as whole ASCII words."""
    parts = []
    for word in sorted(set(listed), key=lambda word: (-len(word), word)):
        head = r"(?<![A-Za-z])" if word[0].isascii() and word[0].isalpha() else ""
        tail = r"(?![A-Za-z])" if word[-1].isascii() and word[-1].isalpha() else ""
        parts.append(head + re.escape(word).replace(r"\ ", " ?") + tail)
    return "|".join(parts)


@cache
def _before() -> tuple[re.Pattern[str], dict[str, str]]:
    """Return one pattern of all announcing words, shared beginnings once, and what each word announces."""
    kinds = {word.lower(): kind for kind, listed in words().before.items() for word in listed}
    return re.compile(_branches(sorted(kinds), 0)), kinds


def _branches(listed: list[str], depth: int) -> str:
    """Return a pattern of words that agree in their first `depth` letters; it takes the longest that fits."""
    by_letter: dict[str, list[str]] = {}
    for word in listed:
        if len(word) > depth:
            by_letter.setdefault(word[depth], []).append(word)
    parts = []
    for letter, group in by_letter.items():
        head = "(?<![a-z])" if depth == 0 and letter.isascii() and letter.isalpha() else ""
        parts.append(re.escape(letter) + head.replace("(?<![a-z])", "(?<![a-z].)") + _branches(group, depth + 1))
    ends = [word for word in listed if len(word) == depth]
    if ends:
        parts.append("(?![a-z])" if ends[0][-1].isascii() and ends[0][-1].isalpha() else "")
    return parts[0] if len(parts) == 1 else f"(?:{'|'.join(parts)})"


@cache
def _after() -> re.Pattern[str]:
    return re.compile(rf"[ \n]?(?:{word_pattern(words().after)})", re.IGNORECASE)


class Context:
    """The words around the numbers of one text; asked several times about one place, it looks once."""

    def __init__(self, plain: str) -> None:
        self.plain = plain
        self._known: dict[int, str] = {}

    def announced(self, at: int) -> str:
        """Return what the nearest word before `at` announces, as the keys of data/words.yaml, or an empty text."""
        known = self._known.get(at)
        if known is None:
            known = self._known[at] = _nearest(self.plain[max(0, at - CONTEXT_WIDTH) : at].lower())
        return known

    def counted(self, at: int) -> bool:
        """Tell whether a unit or currency stands right after `at`, so that the number before it is an amount."""
        return _after().match(self.plain, at, at + _AFTER_WIDTH) is not None


def _nearest(window: str) -> str:
    if not window.strip(" 0123456789-"):
        return ""
    start = 0
    for cut in _CUT.finditer(window):
        start = cut.end()
    pattern, kinds = _before()
    kind, end = "", 0
    for match in pattern.finditer(window, start):
        kind, end = kinds[match[0]], match.end()
    if kind in _NEAR_ONLY and _COMMA.search(window, end):
        return ""
    return kind
