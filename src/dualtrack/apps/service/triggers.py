"""Hard triggers: what is said is held against rules and weights before any model, and no prompt and no policy can switch that off.

They find the words and turns of phrase they know; what they miss is counted where people find it, and a cue of vulnerability only offers help.
"""

from __future__ import annotations

from typing import Literal

from dualtrack.apps.service.triggers_reading import pieces_of, spelled_out
from dualtrack.apps.service.triggers_rules import Action, Trigger, read_as, see, shipped_triggers, spelled_words, why
from dualtrack.apps.service.triggers_weights import features_of, shipped_weights
from dualtrack.domain.records import Record

__all__ = ["CHARACTERS_READ", "Action", "Trigger", "Triggered", "find_triggers", "shipped_triggers"]

CHARACTERS_READ = 20_000
"""Characters of a message that are looked through: all that is accepted."""

_READS_LIKE = "reads like "


class Triggered(Record, frozen=True):
    """A trigger that was met, and the words that did it; `by` says whether a rule found them or the weights, whose words are the strongest signs."""

    id: str
    action: Action
    words: str
    by: Literal["rule", "weights"] = "rule"


def find_triggers(message: str) -> tuple[Triggered, ...]:
    """Return the triggers that a message sets off, the gravest first, each with the first words that did."""
    triggers, weights = shipped_triggers(), shipped_weights()
    ruled: dict[int, str] = {}
    likely: dict[int, str] = {}
    for piece in pieces_of(message[:CHARACTERS_READ]):
        seen = see(piece)
        for place, words in why(piece, seen).items():
            ruled.setdefault(place, words)
        features = features_of(piece, seen)
        for place, score in enumerate(weights.scores(features)):
            if score >= triggers[place].threshold and place not in likely:
                likely[place] = _READS_LIKE + ", ".join(read_as(piece, seen, weights.strongest(features, place)))
    for letters in spelled_out(message[:CHARACTERS_READ]):
        for place, words in spelled_words(letters).items():
            ruled.setdefault(place, words)
    return tuple(
        Triggered(id=trigger.id, action=trigger.action, words=ruled[place]) if place in ruled
        else Triggered(id=trigger.id, action=trigger.action, words=likely[place], by="weights")
        for place, trigger in enumerate(triggers)
        if place in ruled or place in likely
    )  # fmt: skip
