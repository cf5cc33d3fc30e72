"""One text while it is judged by cues: where its phrases stand, in which sentence, and which rules fire.

The phrases to try are given: those that the index says can match, or all of them. What fires is the same.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from dualtrack.runtime.guards.prefilter import Needs, Start
    from dualtrack.runtime.guards.texts import Folded

__all__ = ["MATCHES_MAX", "Cued", "Group", "Phrase", "Place", "Rule", "Wanted", "group_of", "phrase_of"]

MATCHES_MAX = 200
"""Matches of a group in one text that are looked at; past it the text scores as found, because the rest is unread."""

_SENTENCE_END = re.compile(r"[。;]|[.!?](?=[\s\"')\]]|$)|(?<=[\u3400-\u9fff])[!?]|\n\s{0,20}\n")

Place = tuple[int, int]
"""Start and end in the folded text."""


_compiled = cache(re.compile)


class Wanted(NamedTuple):
    """What a rule asks for: groups that must stand together, groups that excuse, and how far apart they may stand.

    `whole` counts the text as one sentence; `near` is the largest number of characters between the first group's match and
    each of the others, or None.
    """

    all: tuple[int, ...]
    none: tuple[int, ...]
    whole: bool
    near: int | None


class Phrase(NamedTuple):
    """A phrase as the text of a pattern, what it needs, and in English what it can begin with, if that is `known`.

    `words` are beginnings that are whole words of the text then, `signs` the others.
    """

    text: str
    needs: Needs
    known: bool = False
    words: frozenset[bytes] = frozenset()
    signs: tuple[str, ...] = ()

    @property
    def pattern(self) -> re.Pattern[str]:
        """Return it compiled. Of two thousand phrases a process meets few, and compiling all takes half a second."""
        return _compiled(self.text)

    def places(self, text: str, words: AbstractSet[bytes]) -> Iterator[Place]:
        """Yield where it matches, as `finditer` would; if its beginnings are known it is tried only where one stands."""
        if not self.known:
            yield from (match.span() for match in self.pattern.finditer(text))
            return
        tried: list[int] = []
        for signs in (*self.signs, *(word.decode() for word in self.words & words)):
            at = text.find(signs)
            while at >= 0:
                tried.append(at)
                at = text.find(signs, at + 1)
        done = 0
        for at in sorted(tried):
            match = self.pattern.match(text, at) if at >= done else None
            if match:
                done = match.end()
                yield match.span()


def phrase_of(text: str, needs: Needs, starts: Iterable[Start] | None) -> Phrase:
    """Return a phrase with its beginnings sorted; None is a phrase whose beginnings are not known."""
    if starts is None:
        return Phrase(text, needs)
    words = frozenset(start.word for start in starts if start.word is not None)
    return Phrase(
        text, needs, known=True, words=words, signs=tuple(start.signs for start in starts if start.word is None)
    )


class Group(NamedTuple):
    """Phrases of a group by language; the English ones also by the word that tells most, or in `always` if none is known."""

    english: tuple[Phrase, ...]
    chinese: tuple[Phrase, ...]
    by_word: Mapping[bytes, tuple[int, ...]]
    always: tuple[int, ...]

    def likely(self, words: AbstractSet[bytes], parts: AbstractSet[int], *, chinese: bool) -> list[Phrase]:
        """Return the phrases that may match a text of these words and pairs of signs."""
        numbers = set(self.always)
        for word in self.by_word.keys() & words:
            numbers.update(self.by_word[word])
        listed = [self.english[number] for number in numbers]
        found = [phrase for phrase in listed if phrase.needs.within(words, parts)]
        if chinese:
            found += [phrase for phrase in self.chinese if phrase.needs.within(words, parts)]
        return found


def group_of(phrases: Iterable[Phrase]) -> Group:
    """Return a group of phrases."""
    listed = list(phrases)
    english = tuple(phrase for phrase in listed if not phrase.needs.chinese)
    by_word: dict[bytes, tuple[int, ...]] = {}
    for number, phrase in enumerate(english):
        for word in phrase.needs.words[0] if phrase.needs.words else ():
            by_word[word] = (*by_word.get(word, ()), number)
    always = tuple(number for number, phrase in enumerate(english) if not phrase.needs.words)
    return Group(english, tuple(phrase for phrase in listed if phrase.needs.chinese), by_word, always)


class Rule(NamedTuple):
    """A rule of a data file as it is judged: its place in the file, what it asks for and what it finds."""

    order: int
    wanted: Wanted
    name: str
    score: int
    why: str


class Cued:
    """A folded text, its words and pairs of signs, and phrases by group: those that can match of anchors, all of others.

    `everything` searches for every phrase everywhere: for tests that hold the short way against the long one.
    """

    __slots__ = ("_ends", "_listed", "_places", "anchors", "everything", "folded", "overflowed", "parts", "words")

    def __init__(
        self,
        folded: Folded,
        words: AbstractSet[bytes],
        parts: AbstractSet[int],
        anchors: Mapping[int, Sequence[Phrase]],
        listed: Mapping[int, Group],
    ) -> None:
        self.folded, self.words, self.parts = folded, words, parts
        self.anchors, self._listed = anchors, listed
        self.everything = False
        self.overflowed: set[int] = set()
        self._places: dict[int, list[Place]] = {}
        self._ends: list[int] | None = None

    def matches(self, group: int) -> list[Place]:
        """Return the places of a group, in order."""
        places = self._places.get(group)
        if places is None:
            places = self._places[group] = sorted(self._found(group))
        return places

    def _found(self, group: int) -> set[Place]:
        found: set[Place] = set()
        text, words, chinese = self.folded.text, self.words, self.folded.chinese
        phrases = self.anchors.get(group)
        if self.everything:
            phrases = [*self._listed[group].english, *(self._listed[group].chinese if chinese else ())]
        elif phrases is None:
            phrases = self._listed[group].likely(words, self.parts, chinese=chinese)
        for phrase in phrases:
            plain = (match.span() for match in phrase.pattern.finditer(text)) if self.everything else None
            for place in plain or phrase.places(text, words):
                found.add(place)
                if len(found) >= MATCHES_MAX:
                    self.overflowed.add(group)
                    return found
        return found

    def judge(self, wanted: Wanted) -> Place | None:
        """Return where a rule fires first, or None."""
        if wanted.near is not None:
            return self._judge_near(wanted, wanted.near)
        spans: dict[int, Place] = {}
        for number, group in enumerate(wanted.all):
            here: dict[int, Place] = {}
            for place in self.matches(group):
                here.setdefault(0 if wanted.whole else self._sentence(place[0]), place)
            if number:
                here = {
                    key: (min(spans[key][0], place[0]), max(spans[key][1], place[1]))
                    for key, place in here.items()
                    if key in spans
                }
            if not here:
                return None
            spans = here
        for key in self._excused(wanted):
            spans.pop(key, None)
        return spans[min(spans)] if spans else None

    def _judge_near(self, wanted: Wanted, near: int) -> Place | None:
        """Look for the other groups within `near` characters of a match of the first, in its sentence."""
        first, *others = wanted.all
        for group in wanted.all:
            if not self.matches(group):
                return None
        excused: set[int] | None = None
        for start, end in self.matches(first):
            sentence = self._sentence(start)
            low, high = start, end
            for group in others:
                beside = self._beside((start, end), sentence, group, near)
                if beside is None:
                    break
                low, high = min(low, beside[0]), max(high, beside[1])
            else:
                excused = self._excused(wanted) if excused is None else excused
                if (0 if wanted.whole else sentence) not in excused:
                    return low, high
        return None

    def _beside(self, place: Place, sentence: int, group: int, near: int) -> Place | None:
        start, end = place
        for low, high in self.matches(group):
            apart = low - end if low >= end else start - high
            if apart <= near and self._sentence(low) == sentence and (low, high) != place:
                return low, high
        return None

    def _excused(self, wanted: Wanted) -> set[int]:
        return {
            0 if wanted.whole else self._sentence(start) for group in wanted.none for start, _ in self.matches(group)
        }

    def _sentence(self, place: int) -> int:
        if self._ends is None:
            self._ends = [match.end() for match in _SENTENCE_END.finditer(self.folded.text)]
        return bisect_right(self._ends, place)
