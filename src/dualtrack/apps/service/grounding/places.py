"""Figures and values that exclude one another in a sentence, each with its surroundings: words weighted by how near they stand."""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import TYPE_CHECKING, NamedTuple

from dualtrack.apps.service.grounding.words import PLUS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from collections.abc import Set as AbstractSet

    from dualtrack.apps.service.grounding.lexicon import SlotSense
    from dualtrack.apps.service.grounding.quantities import Quantity
    from dualtrack.apps.service.grounding.words import Token

__all__ = ["Fact", "Layout", "facts_of", "with_beside"]

_BOUNDARY = re.compile(
    r"[;:()、—]|,(?!\d)|(?<![a-z])(?:but|and|while|whereas|unless|if|otherwise|except|or|then)(?![a-z])|但|而(?!且)|否则|如果|若|除非|以及|及|或(?!之|以)|和"
)
_JOINED = re.compile(
    r"[ ,、]*(?:and|or|及|或|和|与|或者|以及)? ?(?:at|in|on|by|from|a|an|the|to|your|our|with|于|在|到|往|经|透过|致)? ?(?:a|an|the|your|our)? ?"
)
_HAN = re.compile(r"[\u3400-\u9fff]")
_WORD_PLACES = 6.0
_HAN_PLACES = 2.0
_PARTED = 6.0
_FADING = 5.0
_SAME_SENTENCE = 0.4
_NEXT_SENTENCE = 0.2
_HEAD = 0.8


class Layout(NamedTuple):
    """Words of a sentence with their places and clauses, where its first figure stands, and how many signs count as one place."""

    placed: tuple[tuple[str, int, int], ...]
    edges: tuple[int, ...]
    first: int
    scale: float

    def apart(self, place: int, clause: int, fact: Fact) -> float:
        """Return how far a word stands from a fact, in words and clauses."""
        far = fact.start - place if place < fact.start else max(place - fact.end, 0)
        return far / self.scale + _PARTED * abs(clause - bisect_right(self.edges, fact.start))


class Fact(NamedTuple):
    """A figure, or a value of a category, its sign and place in a sentence, the weights of the words around it, and the number of its sentence."""

    sense: SlotSense | None
    quantity: Quantity | None
    start: int
    end: int
    sign: int
    near: dict[str, float]
    sentence: int = 0

    @property
    def value(self) -> str:
        """The value of a category; empty for a figure."""
        return self.sense.value if self.sense else ""


def facts_of(
    text: str, tokens: list[Token], figures: list[Quantity], slots: list[tuple[int, int, list[SlotSense]]]
) -> tuple[list[Fact], Layout]:
    """Return the facts of a sentence and its layout. Values joined by a comma or by "or" share their surroundings; a word of order beside a figure is its bound."""
    edges = [match.start() for match in _BOUNDARY.finditer(text)]
    scale = _HAN_PLACES if _HAN.search(text) else _WORD_PLACES
    placed = [(token.text, token.start, bisect_right(edges, token.start)) for token in tokens]
    first = min((each.start for each in figures), default=0)
    found: list[Fact] = []
    for each in figures:
        near = _near(each.start, each.end, placed, bisect_right(edges, each.start), scale)
        if each.start > first:
            _add_head(near, placed, first, scale)
        found.append(Fact(None, each, each.start, each.end, 1, near))
    signs = {token.start: 1 if token.bit == PLUS else -1 for token in tokens}
    before: tuple[int, SlotSense, dict[str, float]] | None = None
    for start, end, senses in slots:
        if any(each.start < end and start < each.end for each in figures):
            continue
        near = _near(start, end, placed, bisect_right(edges, start), scale)
        sense = senses[0]
        if before and before[1].category == sense.category and _JOINED.fullmatch(text, before[0], start):
            for word, weight in before[2].items():
                near[word] = max(weight, near.get(word, 0.0))
            before[2].update(near)
            near = before[2]
        before = end, sense, near
        if sense.category == "order" and any(each.end >= start - 1 and each.start <= end + 1 for each in figures):
            continue
        found += [Fact(each, None, start, end, signs.get(start, 1), near) for each in senses]
    return found, Layout(tuple(placed), tuple(edges), first, scale)


def with_beside(near: dict[str, float], words: Sequence[AbstractSet[str]], at: int) -> dict[str, float]:
    """Add the words of the sentences before and behind: what a sentence speaks of is often named in the one before."""
    near = dict(near)
    for step in range(max(at - 2, 0), min(at + 2, len(words))):
        if step != at:
            weight = _NEXT_SENTENCE / abs(at - step)
            for word in words[step]:
                if word not in near:
                    near[word] = weight
    return near


def _near(start: int, end: int, placed: list[tuple[str, int, int]], own: int, scale: float) -> dict[str, float]:
    near: dict[str, float] = {}
    for text, place, clause in placed:
        if place < start:
            far = start - place
        elif place >= end:
            far = place - end
        else:
            continue
        weight = _FADING / (_FADING + far / scale + _PARTED * abs(clause - own))
        if weight < _SAME_SENTENCE:
            near.setdefault(text, _SAME_SENTENCE)
        elif text not in near or weight > near[text]:
            near[text] = weight
    return near


def _add_head(near: dict[str, float], placed: list[tuple[str, int, int]], first: int, scale: float) -> None:
    """Give what stands before the first figure of a sentence nearly the same weight for the figures behind it: it speaks of all."""
    for text, place, _ in placed:
        if place >= first:
            return
        weight = _HEAD * _FADING / (_FADING + (first - place) / scale)
        if weight > near.get(text, 0.0):
            near[text] = weight
