"""How far a person's text lies from the draft: Levenshtein's distance in code points, exact, bounded in time and memory.

The bit-parallel form of Myers (1999, J. ACM 46(3)) in the variant of Hyyrö (2003): one column of the table is two whole
numbers with a bit for each code point of one text, so each code point of the other costs a dozen operations on them.
"""

from __future__ import annotations

from collections import defaultdict

__all__ = ["COMPARED_MAX", "edit_distance"]

COMPARED_MAX = 20_000
"""Code points compared of either text after their common head and tail: a third of a second and 30 MB at the very most."""


def edit_distance(draft: str, text: str) -> int | None:
    """Return how many code points must be put in, taken out or replaced; None where the texts are too long to compare."""
    one, two = _middles(draft, text)
    if len(one) > len(two):
        one, two = two, one
    if not one:
        return len(two)
    if len(two) > COMPARED_MAX:
        return None
    return _distance(one, two)


def _middles(one: str, two: str) -> tuple[str, str]:
    """Return the texts without the head and the tail that they share: most edits are local, so little is left."""
    shorter = min(len(one), len(two))
    head = next((n for n in range(shorter) if one[n] != two[n]), shorter)
    tail = next((n for n in range(shorter - head) if one[-1 - n] != two[-1 - n]), shorter - head)
    return one[head : len(one) - tail], two[head : len(two) - tail]


def _distance(pattern: str, text: str) -> int:
    places: dict[str, int] = defaultdict(int)
    for number, character in enumerate(pattern):
        places[character] |= 1 << number
    every, last = (1 << len(pattern)) - 1, 1 << (len(pattern) - 1)
    up, down, distance = every, 0, len(pattern)  # where the column's value rises by one, where it falls, its last value
    for character in text:
        equal = places.get(character, 0)
        diagonal = (((equal & up) + up) ^ up) | equal | down
        rises, falls = down | (every & ~(diagonal | up)), up & diagonal
        distance += (rises & last != 0) - (falls & last != 0)
        rises, falls = (rises << 1 | 1) & every, (falls << 1) & every
        up, down = falls | (every & ~(diagonal | rises)), rises & diagonal
    return distance
