"""Hard triggers: what is said is held against plain words before any model, and no prompt can switch that off.

They find the words they know, no more: a miss is counted where people find it, and a cue of vulnerability only ever offers help.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from importlib import resources
from typing import Literal

from dualtrack.domain.documents import read_yaml
from dualtrack.domain.records import Record, read_record

__all__ = ["CHARACTERS_READ", "Action", "Trigger", "Triggered", "find_triggers", "shipped_triggers"]

Action = Literal["urgent", "handover", "offer"]
"""A person at once; a person; help is offered and the turn goes on."""

CHARACTERS_READ = 20_000
"""Characters of a message that are looked through: all that is accepted."""

_FILE = "triggers.yaml"
_INVISIBLE = re.compile("[\u200b-\u200f\u2060\ufeff\u00ad]")


class Trigger(Record, frozen=True):
    """Words that set it off: English ones whole, Chinese ones anywhere in the text."""

    id: str
    action: Action
    en: list[str]
    zh: list[str]


class Triggered(Record, frozen=True):
    """A trigger that was met, and the words that did it."""

    id: str
    action: Action
    words: str


@cache
def shipped_triggers() -> tuple[Trigger, ...]:
    """Return the shipped triggers, the gravest first."""
    data = (resources.files("dualtrack.apps.service") / _FILE).read_bytes()
    return read_record(read_yaml(data, where=_FILE), tuple[Trigger, ...], where=_FILE)


def find_triggers(message: str) -> tuple[Triggered, ...]:
    """Return the triggers that a message sets off, the gravest first, each with the first words that did."""
    plain = unicodedata.normalize("NFKC", message[:CHARACTERS_READ]).casefold().replace("’", "'")
    plain = _INVISIBLE.sub("", plain)
    spaced, joined = " ".join(plain.split()), "".join(plain.split())
    found = []
    for trigger, english, chinese in _compiled():
        match = english.search(spaced) or chinese.search(joined)
        if match is not None:
            found.append(Triggered(trigger.id, trigger.action, match[0]))
    return tuple(found)


@cache
def _compiled() -> tuple[tuple[Trigger, re.Pattern[str], re.Pattern[str]], ...]:
    """Return for each trigger its English words between word borders, and its Chinese ones; spaces in Chinese are no borders."""
    return tuple(
        (
            trigger,
            re.compile(
                rf"(?<![a-z0-9])(?:{'|'.join(sorted(map(re.escape, trigger.en), key=len, reverse=True))})"
                r"(?![a-z])"
            ),
            re.compile("|".join(sorted(map(re.escape, trigger.zh), key=len, reverse=True))),
        )
        for trigger in shipped_triggers()
    )
