"""Whether each figure and each party, channel, paper or side of a sentence is the one that the source has in that place.

A value that stands elsewhere in the source does not count: the place of the source whose surroundings are most like the sentence's must hold the
same value, or fit not clearly better than one that does. Two values that a sentence has both must not fit better when exchanged.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING

from dualtrack.apps.service.grounding.quantities import agrees, contrary

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dualtrack.apps.service.grounding.lexicon import SlotSense
    from dualtrack.apps.service.grounding.places import Fact
    from dualtrack.apps.service.grounding.quantities import Quantity
    from dualtrack.apps.service.grounding.reading import Part, Source

__all__ = ["FIGURE_MARGIN", "ORDER_LEAST", "PRESENCE_LEAST", "RIVAL_LEAST", "SLOT_MARGIN", "wrong_facts"]

FIGURE_MARGIN = 0.08
"""By how much another figure must fit its place better: two figures of one clause fit about equally well."""

SLOT_MARGIN = 0.1
"""The same for values of categories, whose words are also said in passing."""

RIVAL_LEAST = 0.3
"""Likeness of place from which another value of the category speaks against one that the source lacks altogether."""

ORDER_LEAST = 0.6
"""The same for words of order, which are said of many things."""

_CLEARLY = 2.0
_STEM = 5
_QUIET = "quiet"
PRESENCE_LEAST = 0.4
"""Likeness of place from which an "all" or "only" of the source speaks of the same thing."""

_ABOUT_FIGURES = frozenset({"size", "more", "period", "widened", "only", "order", "bears"})
_LOOSE = frozenset({"order", "sequence"})
_DATES = frozenset({"clock", "date", "daymonth", "year", "th"})
_MONEYS = frozenset({"money", "percent"})


def wrong_facts(part: Part, source: Source) -> list[tuple[str, str]]:
    """Return kind and text of each fact of a sentence that the source does not have in its place."""
    found: list[tuple[str, str]] = []
    for fact in part.facts:
        kind = _figure(fact, part, source) if fact.quantity is not None else _slot(fact, part, source)
        if kind:
            found.append((kind, part.text[fact.start : fact.end]))
    return found


def _figure(fact: Fact, part: Part, source: Source) -> str:
    said = fact.quantity
    assert said is not None
    kind = "date" if said.type in _DATES else "number"
    same: list[tuple[float, Fact]] = []
    others: list[tuple[float, Fact]] = []
    for known in source.figures:
        assert known.quantity is not None
        if agrees(said, known.quantity):
            same.append((_likeness(fact, known, source), known))
        elif _of_one_sort(said.type, known.quantity.type) and not contrary(said.bounds, known.quantity.bounds):
            others.append((_likeness(fact, known, source), known))
    if not same:
        return "" if _counts_a_list(said, source) or said.value in source.names.phones else kind
    best, held = max(same, key=lambda each: each[0])
    if _fits_better(others, held, best, part, source, FIGURE_MARGIN):
        return kind
    if _nearer_another(fact, held, [rival for _, rival in others], part, source):
        return kind
    near = [known.quantity for score, known in same if score >= best - FIGURE_MARGIN and known.quantity is not None]
    return "polarity" if said.bounds and all(contrary(said.bounds, each.bounds) for each in near) else ""


def _counts_a_list(said: Quantity, source: Source) -> bool:
    """Say whether a figure may count what the source lists: "three colours" of red, amber and black."""
    vague = [known for known in source.figures if known.quantity and known.quantity.type == ""]
    return said.type == "" and len(said.value) == 1 and not vague


def _fits_better(
    others: Sequence[tuple[float, Fact]], held: Fact, best: float, part: Part, source: Source, margin: float
) -> bool:
    """Say whether another value of the source fits the place clearly better and the sentence does not state that one too, in its own place."""
    return any(
        score - best > margin and not _said_too(rival, held, score - best, part, source, margin)
        for score, rival in others
    )


def _nearer_another(said: Fact, held: Fact, others: list[Fact], part: Part, source: Source) -> bool:
    """Say whether the words that the sentence says of a figure stand, in the source's sentence, nearer to another figure of it.

    Words before the first figure of that sentence speak of all and are not asked.
    """
    rivals = [each for each in others if each.sentence == held.sentence]
    if not rivals:
        return False
    layout, where = part.layout, source.parts[held.sentence].layout
    own = bisect_right(layout.edges, said.start)
    if any(each.quantity and each is not said and bisect_right(layout.edges, each.start) == own for each in part.facts):
        return False
    votes = 0
    for spots in _spots(part, own, source, held.sentence):
        if len(spots) != 1 or spots[0][0] < where.first:
            continue
        here = where.apart(*spots[0], held)
        there = min(where.apart(*spots[0], each) for each in rivals)
        votes += (there < here - _CLEARLY) - (here < there - _CLEARLY)
    return votes > 0


def _spots(part: Part, clause: int, source: Source, sentence: int) -> list[list[tuple[int, int]]]:
    """Return where the words and values of a clause stand in a sentence of the source: place and clause of each."""
    where = source.parts[sentence].layout
    words = {text for text, _, at in part.layout.placed if at == clause and text[0] != "#"}
    found = [[(place, at) for other, place, at in where.placed if other == text] for text in words]
    values = {
        each.sense
        for each in part.facts
        if each.sense
        and each.sense.category not in _ABOUT_FIGURES
        and bisect_right(part.layout.edges, each.start) == clause
    }
    for sense in values:
        known = [
            each.start
            for each in source.slots.get(sense.category, ())
            if each.sentence == sentence and each.value == sense.value
        ]
        found.append([(place, bisect_right(where.edges, place)) for place in known])
    return found


def _of_one_sort(one: str, other: str) -> bool:
    if one in _MONEYS or other in _MONEYS:
        return one == other
    return (one in _DATES) == (other in _DATES)


def _slot(fact: Fact, part: Part, source: Source) -> str:
    sense = fact.sense
    assert sense is not None
    known = source.slots.get(sense.category, ())
    if sense.use == "presence":
        near = any(_likeness(fact, each, source) >= PRESENCE_LEAST for each in known)
        return "" if near or sense.value == _QUIET else sense.kind
    same = [(_likeness(fact, each, source), each) for each in known if each.value == sense.value]
    others = [(_likeness(fact, each, source), each) for each in known if each.value != sense.value]
    if not same:
        return _lacking(fact, sense, part, source, [score for score, _ in others])
    best, held = max(same, key=lambda each: each[0])
    if _fits_better(others, held, best, part, source, SLOT_MARGIN):
        return sense.kind
    asked_for = sense.kind == "instruction" and fact.sign > 0 and all(each.sign < 0 for _, each in same)
    return sense.kind if asked_for else ""


def _lacking(fact: Fact, sense: SlotSense, part: Part, source: Source, others: list[float]) -> str:
    if sense.kind == "coverage" and part.text[fact.start : fact.start + _STEM] in source.stems:
        return ""  # another form of a word of the source
    least = ORDER_LEAST if sense.category in _LOOSE else RIVAL_LEAST
    return sense.kind if sense.use == "strict" or any(score >= least for score in others) else ""


def _said_too(rival: Fact, held: Fact, gain: float, part: Part, source: Source, margin: float) -> bool:
    """Say whether the sentence states the rival as well, and the two do not fit better when exchanged."""
    for other in part.facts:
        if not _is(other, rival):
            continue
        swapped = gain + _likeness(other, held, source) - _likeness(other, rival, source)
        if swapped <= margin:
            return True
    return False


def _is(said: Fact, known: Fact) -> bool:
    if said.quantity is not None and known.quantity is not None:
        return agrees(said.quantity, known.quantity)
    return said.sense is not None and known.sense is not None and said.sense[:2] == known.sense[:2]


def _likeness(said: Fact, known: Fact, source: Source) -> float:
    """Return how far the surroundings of a fact of the source are those of the sentence, from 0 to 1."""
    shared = total = 0.0
    weights, near = source.weights, known.near
    for word, weight in said.near.items():
        rare = weights.get(word)
        if rare is not None:
            nearest = weight * weight * rare
            total += nearest
            shared += nearest * near.get(word, 0.0)
    return shared / total if total else 0.0
