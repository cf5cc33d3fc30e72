"""Which phrases can match a text at all: words and signs that a phrase needs, looked up instead of searched for.

A phrase of a data file is spelled out (see spelling). Each part of it between blanks needs one of some whole words (English), or
it needs one of some runs of signs (Chinese). All phrases of all guards stand in one index from a word, or a pair of signs, to
the phrases that need it, so that a text is looked through once for all guards. A phrase that cannot be spelled out is always
searched for: this only saves time and never changes what is found.
"""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, NamedTuple

from dualtrack.runtime.guards.spelling import ANY, SPELLINGS_MAX, UnclearError, items, segments, spellings

if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Set as AbstractSet

__all__ = [
    "Needs",
    "PhraseIndex",
    "Start",
    "needed_runs",
    "needed_words",
    "needs_of",
    "pairs_of",
    "starts_of",
    "words_of",
]

_START = re.compile(r"[a-z0-9]+|[^a-z0-9\x00\x01 ]+")
_WHOLE = re.compile(r"(?<![a-z0-9\x00])[a-z0-9]+(?![a-z0-9\x00])")
_RUN = re.compile(r"[^\x00\x01 ]+")
_PAIR = 2
_WHOLE_MAX = 200
"""Ways to write a phrase that are looked up as wholes; one with more is looked up by its parts."""

_BYTES_OF_PAIR = 4
_UTF_16 = "utf-16-le" if sys.byteorder == "little" else "utf-16-be"
_SIGN_MAX = 0xD7FF
"""Last code point that is surely one unit of UTF-16, in which pairs are read."""

_NO_WORD = bytes(
    code if chr(code).isascii() and chr(code).isalnum() and not chr(code).isupper() else 32 for code in range(256)
)
"""Turns all but small letters and digits to blanks; one step at the speed of C, where a pattern takes a step a word."""

_COMMON = frozenset(
    [
        "a",
        "about",
        "all",
        "an",
        "and",
        "any",
        "are",
        "as",
        "at",
        "be",
        "been",
        "can",
        "could",
        "do",
        "does",
        "for",
        "from",
        "get",
        "give",
        "has",
        "have",
        "how",
        "i",
        "if",
        "in",
        "is",
        "it",
        "its",
        "me",
        "my",
        "no",
        "not",
        "of",
        "on",
        "or",
        "our",
        "please",
        "should",
        "so",
        "that",
        "the",
        "their",
        "them",
        "there",
        "these",
        "they",
        "this",
        "to",
        "up",
        "was",
        "we",
        "were",
        "what",
        "when",
        "where",
        "which",
        "who",
        "will",
        "with",
        "would",
        "you",
        "your",
    ]
)
"""Words that stand in most texts, so that needing them tells little."""


_Need = frozenset[int]
"""Pairs of signs, and single signs, that must all stand in a text."""


class Needs(NamedTuple):
    """What a phrase needs: of each set in `words` one word, of each set in `parts` one member's pairs; empty is unknown.

    `keys` has one pair of each member of each set in `parts`: a text without any of them cannot match, and that is soon known.
    """

    chinese: bool
    words: tuple[frozenset[bytes], ...] = ()
    parts: tuple[frozenset[_Need], ...] = ()
    keys: tuple[frozenset[int], ...] = ()

    def within(self, words: AbstractSet[bytes], parts: AbstractSet[int]) -> bool:
        """Tell whether a text of these words and pairs may match the phrase; of a phrase in Chinese not all pairs are asked for."""
        for wanted in self.words:
            if wanted.isdisjoint(words):
                return False
        return not self.keys or not any(keys.isdisjoint(parts) for keys in self.keys)


class PhraseIndex:
    """Phrases by what they need. Only those put in with `anchor` are looked up; of the others it can only be asked."""

    def __init__(self) -> None:
        self._always: list[int] = []
        self._always_en: list[int] = []
        self._words: dict[bytes, list[tuple[int, tuple[frozenset[bytes], ...]]]] = {}
        self._parts: dict[int, list[tuple[_Need, int, tuple[frozenset[_Need], ...]]]] = {}
        self._anchor_parts: set[int] = set()
        self._known_pairs: set[int] = set()
        self._known_signs: set[str] = set()

    def add(self, number: int, needs: Needs, *, anchor: bool) -> None:
        """Put a phrase in under its number, by the part that tells most."""
        known = [part for clause in needs.parts for need in clause for part in need]
        self._known_pairs |= {part for part in known if part > _SIGN_MAX}
        self._known_signs |= {chr(part) for part in known if part <= _SIGN_MAX}
        if not anchor:
            return
        if needs.words:
            for word in needs.words[0]:
                self._words.setdefault(word, []).append((number, needs.words[1:]))
        elif needs.parts:
            for need in needs.parts[0]:
                self._anchor_parts.add(max(need))
                self._parts.setdefault(max(need), []).append((need, number, needs.parts[1:]))
        else:
            self._always.append(number)
            self._always_en += [] if needs.chinese else [number]

    def within(self, words: AbstractSet[bytes], parts: AbstractSet[int], *, chinese: bool) -> set[int]:
        """Return the anchor phrases that can match a text of these words and pairs of signs."""
        found = set(self._always if chinese else self._always_en)
        for word in self._words.keys() & words:
            for number, others in self._words[word]:
                for wanted in others:
                    if wanted.isdisjoint(words):
                        break
                else:
                    found.add(number)
        for part in self._anchor_parts & parts:
            for need, number, clauses in self._parts[part]:
                if need <= parts:
                    for clause in clauses:
                        if not any(other <= parts for other in clause):
                            break
                    else:
                        found.add(number)
        return found

    def parts_of(self, text: str) -> AbstractSet[int]:
        """Return the pairs of signs and the signs of a Chinese text that phrases need."""
        return pairs_of(text, self._known_pairs) | {ord(sign) for sign in self._known_signs if sign in text}


class Start(NamedTuple):
    """Signs that a match can begin with; `word` if they are a whole word of the text then."""

    signs: str
    word: bytes | None


def starts_of(phrase: str) -> tuple[Start, ...] | None:
    """Return the signs that a match of an English phrase can begin with, or None where they are not known."""
    try:
        spelled = spellings(segments(phrase)[0], SPELLINGS_MAX)
    except UnclearError:
        return None
    found: dict[str, bool] = {}
    for text in spelled:
        match = _START.match(f"{text} ")
        if match is None:
            return None
        signs = match[0]
        whole = signs.isalnum() and text[len(signs) : len(signs) + 1] != ANY
        found[signs] = found.get(signs, True) and whole
    return tuple(Start(signs, signs.encode() if whole else None) for signs, whole in sorted(found.items()))


def needs_of(phrase: str, *, chinese: bool, anchor: bool) -> Needs:
    """Return what a phrase needs; in Chinese it must be folded."""
    return _chinese_needs(phrase, anchor=anchor) if chinese else _english_needs(phrase)


def _english_needs(pattern: str) -> Needs:
    needs = sorted(needed_words(pattern), key=_rank, reverse=True)
    return Needs(chinese=False, words=tuple(frozenset(word.encode() for word in need) for need in needs))


def _chinese_needs(pattern: str, *, anchor: bool) -> Needs:
    """Return the needs by pairs; single signs tell little, so only an anchor that has no pair is looked up by them."""
    clauses = sorted(needed_runs(pattern), key=_rank_runs, reverse=True)
    pairs = [clause for clause in clauses if _rank_runs(clause)[0] >= _PAIR]
    kept = pairs or (clauses if anchor else [])
    parts = tuple(frozenset(map(_parts, clause)) for clause in kept)
    return Needs(chinese=True, parts=parts, keys=tuple(frozenset(map(max, clause)) for clause in parts))


def words_of(text: str) -> set[bytes]:
    """Return the words of a folded text: runs of small letters and digits."""
    return set(text.encode("ascii", "replace").translate(_NO_WORD).split())


def pairs_of(text: str, known: set[int] | frozenset[int]) -> AbstractSet[int]:
    """Return which of some pairs of signs stand in a text; a pair is the number that its UTF-16 bytes make."""
    data = memoryview(text.encode(_UTF_16, "surrogatepass"))
    even = data[: len(data) // _BYTES_OF_PAIR * _BYTES_OF_PAIR].cast("I")
    odd = data[_PAIR : _PAIR + (len(data) - _PAIR) // _BYTES_OF_PAIR * _BYTES_OF_PAIR].cast("I")
    return known.intersection(even) | known.intersection(odd)


def _parts(runs: tuple[str, ...]) -> _Need:
    """Return the pairs of signs in runs; of a run of one sign the sign. A pair is greater than any sign."""
    pairs = frozenset(
        int.from_bytes(run[at : at + _PAIR].encode(_UTF_16), sys.byteorder)
        for run in runs
        for at in range(len(run) - 1)
    )
    return pairs or frozenset(ord(run) for run in runs)


def needed_words(phrase: str) -> list[frozenset[str]]:
    """Return sets of words: of each one stands, whole, in every match of the phrase."""
    found = []
    for part in segments(phrase):
        try:
            needs = {
                max(_WHOLE.findall(f" {text} "), key=_weight, default="") for text in spellings(part, SPELLINGS_MAX)
            }
        except UnclearError:
            continue
        if "" not in needs:
            found.append(frozenset(needs))
    return found


def needed_runs(phrase: str) -> list[frozenset[tuple[str, ...]]]:
    """Return sets of runs of signs: of each set the runs of one member stand in every match of the phrase."""
    whole = _runs_of(phrase, _WHOLE_MAX)
    if whole is not None:
        return [whole]
    try:
        parts = items(phrase)
    except (UnclearError, ValueError):
        return []
    found = [_runs_of(part, SPELLINGS_MAX) for part in parts]
    return [clause for clause in found if clause is not None]


def _runs_of(phrase: str, limit: int) -> frozenset[tuple[str, ...]] | None:
    try:
        found = frozenset(tuple(_RUN.findall(text)) for text in spellings(phrase, limit))
    except UnclearError:
        return None
    if not all(found) or any(ord(sign) > _SIGN_MAX for runs in found for run in runs for sign in run):
        return None
    return found


def _rank_runs(clause: frozenset[tuple[str, ...]]) -> tuple[int, int]:
    return min(max(map(len, runs)) for runs in clause), -len(clause)


def _weight(word: str) -> int:
    return 0 if word in _COMMON else len(word)


def _rank(needs: Iterable[str]) -> tuple[int, int]:
    """Order needs by how seldom they are likely to stand in a text: long ones, and few."""
    listed = list(needs)
    return min(map(_weight, listed)), -len(listed)
