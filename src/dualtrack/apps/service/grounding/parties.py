"""Who is named in a sentence and in which order, against the sentence of its source that is most like it: other parties, or the same ones exchanged."""

from __future__ import annotations

import re

from dualtrack.apps.service.grounding.findings import Finding
from dualtrack.apps.service.grounding.polarity import ONE_PARTY

__all__ = ["other_parties", "parties_of"]

_ORDER = "order"
_PASSIVE = re.compile(r"(?<![a-z])by (?:the|us|you|your|our|a|an|his|her|their|me)(?![a-z])|由|被|获")
_PAIR = 2


def parties_of(named: list[tuple[int, int, list[str]]]) -> tuple[str, ...]:
    """Return the parties found in a sentence in order, each once; what only begins an order names nobody."""
    names = [found[0] for _, _, found in named]
    return tuple(dict.fromkeys(name for name in names if name != _ORDER))


def other_parties(
    said: tuple[str, ...], text: str, near: tuple[str, ...], known: str, everywhere: frozenset[str]
) -> list[Finding]:
    """Return parties that the source names nowhere or only elsewhere, and two that stand in the other order in the sentence of the source, both active or passive."""
    found: list[Finding] = []
    for name in said:
        if not _is_among(name, near):
            whose = name if name in {"we", "you"} else "party"
            place = "of another sentence" if _is_among(name, everywhere) else "absent"
            found.append(Finding(f"{whose} {place}", 1.0, "subject", name))
    both = [name for name in said if name in near and name != "you"]
    if len(both) >= _PAIR and (_PASSIVE.search(text) is None) == (_PASSIVE.search(known) is None):
        order = [name for name in near if name in both]
        if order != both:
            found.append(Finding("parties exchanged", 1.0, "subject", " ".join(both)))
    return found


def _is_among(name: str, names: tuple[str, ...] | frozenset[str]) -> bool:
    return name in names or any({name, other} in ONE_PARTY for other in names)
