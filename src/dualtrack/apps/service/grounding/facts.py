"""Whether each figure and each party, channel, paper or side of a sentence is the one that the source has in that place.

A value that stands elsewhere in the source does not count: the place of the source whose surroundings are most like the sentence's must hold the
same value, or fit not clearly better than one that does. Two values that a sentence has both must not fit better when exchanged.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import TYPE_CHECKING

from dualtrack.apps.service.grounding.findings import Finding
from dualtrack.apps.service.grounding.quantities import agrees, contrary

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dualtrack.apps.service.grounding.lexicon import SlotSense
    from dualtrack.apps.service.grounding.places import Fact
    from dualtrack.apps.service.grounding.quantities import Quantity
    from dualtrack.apps.service.grounding.reading import Part, Source

__all__ = ["FIGURE_MARGIN", "PRESENCE_FULL", "RIVAL_FULL", "SLOT_MARGIN", "wrong_facts"]

FIGURE_MARGIN = 0.08
"""By how much another figure must fit its place better: two figures of one clause fit about equally well."""

SLOT_MARGIN = 0.1
"""The same for values of categories, whose words are also said in passing."""

RIVAL_FULL = 0.6
"""Likeness of place at which another value of the category speaks fully against one that the source lacks."""

_GAIN_FULL = 0.3
_ONCE_IN = {
    ("month", "12"): "yearly",
    ("month", "1"): "monthly",
    ("day", "1"): "daily",
    ("day", "7"): "weekly",
    ("month", "3"): "quarterly",
}
_RETOLD = 3
_LISTED = re.compile(r",(?! and )|、|(?<![a-z])and(?![a-z])|及|和")
_OF_PLACE = frozenset({"figure of another place", "figure nearer another"})
_CLEARLY = 2.0
_STEM = 5
_QUIET = "quiet"
PRESENCE_FULL = 0.6
"""Likeness of place at which an "all" or "only" of the source surely speaks of the same thing."""

_ABOUT_FIGURES = frozenset({"size", "more", "period", "widened", "only", "order", "bears"})
_DATES = frozenset({"clock", "date", "daymonth", "year", "th"})
_ALONE = frozenset({"money", "percent", "phone"})


def wrong_facts(part: Part, source: Source) -> list[Finding]:
    """Return what speaks against each fact of a sentence: that the source lacks it, or has another in its place."""
    found: list[Finding] = []
    in_order = _in_order(part, source)
    for fact in part.facts:
        for name, value, kind in (
            _figure(fact, part, source) if fact.quantity is not None else _slot(fact, part, source)
        ):
            if not (in_order and name in _OF_PLACE):
                found.append(Finding(name, value, kind, part.text[fact.start : fact.end]))
    return found


def _in_order(part: Part, source: Source) -> bool:
    """Say whether several figures of a sentence stand in the same order in the source: a longer retelling, not an exchange."""
    said = [fact.quantity for fact in part.facts if fact.quantity is not None and fact.quantity.type != "phone"]
    known = iter([fact.quantity for fact in source.figures if fact.quantity is not None])
    return len(said) >= _RETOLD and all(any(agrees(each, other) for other in known) for each in said)


def _figure(fact: Fact, part: Part, source: Source) -> list[tuple[str, float, str]]:
    said = fact.quantity
    assert said is not None
    kind = "date" if said.type in _DATES else "name" if said.type == "phone" else "number"
    same: list[tuple[float, Fact]] = []
    others: list[tuple[float, Fact]] = []
    for known in source.figures:
        assert known.quantity is not None
        if agrees(said, known.quantity):
            same.append((_likeness(fact, known, source), known))
        elif _of_one_sort(said.type, known.quantity.type) and not contrary(said.bounds, known.quantity.bounds):
            others.append((_likeness(fact, known, source), known))
    if not same and said.type == "phone":
        return []  # told with the names
    if not same:
        if said.value in source.names.phones or _in_other_words(said, source) or _lists_as_many(said, part.text):
            return []
        return [("count absent" if _counts_a_list(said, source) else "figure absent", 1.0, kind)]
    best, held = max(same, key=lambda each: each[0])
    found: list[tuple[str, float, str]] = []
    gain = _gain(others, held, best, part, source, FIGURE_MARGIN)
    if gain > 0:
        found.append(("figure of another place", min(gain / _GAIN_FULL, 1.0), kind))
    if _nearer_another(fact, held, [rival for _, rival in others], part, source):
        found.append(("figure nearer another", 1.0, kind))
    near = [known.quantity for score, known in same if score >= best - FIGURE_MARGIN and known.quantity is not None]
    if said.bounds and all(contrary(said.bounds, each.bounds) for each in near):
        found.append(("figure bound", 1.0, "polarity"))
    return found


def _in_other_words(said: Quantity, source: Source) -> bool:
    """Say whether "one year" or "in a day" stands for "yearly" or "daily" of the source."""
    name = _ONCE_IN.get((said.type, said.value))
    return name is not None and any(each.value == name for each in source.slots.get("period", ()))


def _lists_as_many(said: Quantity, text: str) -> bool:
    """Say whether a sentence itself lists as many as it says: "three colours: amber, red and black"."""
    begun = text.find(":", said.end)
    return begun > 0 and said.type == "" and said.value == str(1 + len(_LISTED.findall(text, begun)))


def _counts_a_list(said: Quantity, source: Source) -> bool:
    """Say whether a figure may count what the source lists: "three colours" of red, amber and black."""
    vague = [known for known in source.figures if known.quantity and known.quantity.type == ""]
    return said.type == "" and len(said.value) == 1 and not vague


def _gain(
    others: Sequence[tuple[float, Fact]], held: Fact, best: float, part: Part, source: Source, margin: float
) -> float:
    """Return by how much another value of the source fits the place better, where the sentence does not state that one too in its own place."""
    gains = (
        score - best
        for score, rival in others
        if score > best and not _said_too(rival, held, score - best, part, source, margin)
    )
    return max(gains, default=0.0)


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
    if one in _ALONE or other in _ALONE:
        return one == other
    return (one in _DATES) == (other in _DATES)


def _slot(fact: Fact, part: Part, source: Source) -> list[tuple[str, float, str]]:
    sense = fact.sense
    assert sense is not None
    known = source.slots.get(sense.category, ())
    if sense.use == "presence":
        if sense.value == _QUIET:
            return []
        near = max((_likeness(fact, each, source) for each in known), default=0.0)
        return [(f"{sense.category} {sense.value} absent", 1.0 - min(near / PRESENCE_FULL, 1.0), sense.kind)]
    group = sense.category if sense.category in _ABOUT_FIGURES else "value"
    same = [(_likeness(fact, each, source), each) for each in known if each.value == sense.value]
    others = [(_likeness(fact, each, source), each) for each in known if each.value != sense.value]
    if not same:
        return _lacking(fact, sense, group, part, source, others)
    best, held = max(same, key=lambda each: each[0])
    found: list[tuple[str, float, str]] = []
    gain = _gain(others, held, best, part, source, SLOT_MARGIN)
    if gain > 0:
        found.append((f"{group} of another place", min(gain / _GAIN_FULL, 1.0), sense.kind))
    if sense.kind == "instruction" and fact.sign > 0 and all(each.sign < 0 for _, each in same):
        found.append(("instruction", 1.0, sense.kind))
    return found


def _lacking(
    fact: Fact, sense: SlotSense, group: str, part: Part, source: Source, others: list[tuple[float, Fact]]
) -> list[tuple[str, float, str]]:
    if sense.kind == "coverage":
        known = part.text[fact.start : fact.start + _STEM] in source.stems  # another form of a word of the source
        return [] if known else [("thing absent", 1.0, sense.kind)]
    if sense.use == "strict":
        return [("instruction" if sense.kind == "instruction" else "strict value absent", 1.0, sense.kind)]
    rival = max((score for score, _ in others), default=0.0)
    found = [(f"{group} against", min(rival / RIVAL_FULL, 1.0), sense.kind)] if rival > 0 else []
    return [*found, (f"{group} absent" if group != "value" else f"{sense.kind} value absent", 1.0, sense.kind)]


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
