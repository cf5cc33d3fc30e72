"""Rules of the triggers: classes of words that set one off alone or together in a sentence, and what lifts them.

Words are held in a tree of signs, so a sentence is read once, whatever the number of words known.
"""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Literal, NamedTuple

from dualtrack.apps.service.triggers_reading import signs_of
from dualtrack.domain.documents import read_yaml
from dualtrack.domain.records import Record, read_record

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from dualtrack.apps.service.triggers_reading import Sign

__all__ = [
    "HARMLESS",
    "LIFT_SIGNS",
    "Action",
    "Seen",
    "Trigger",
    "class_names",
    "read_as",
    "see",
    "shipped_triggers",
    "spelled_words",
    "why",
    "words_of",
]

Action = Literal["urgent", "handover", "offer"]
"""A person at once; a person; help is offered and the turn goes on."""

HARMLESS = "drop_all"
"""The class of phrases whose words count as none: "death benefit" tells of no death."""

LIFT_SIGNS = 12
"""Signs between a question or supposition and the words that it lifts, at most: a clause. What is said further off is another matter."""

_WORDS = "trigger_words.yaml"
_TRIGGERS = "triggers.yaml"
_END = ""
_SPELLED_MIN = 4


class Trigger(Record, frozen=True):
    """What sets a trigger off. `always` and `alone` name classes or words, a rule several that stand together; `threshold` is of the weights."""

    id: str
    action: Action
    threshold: float
    always: list[str]
    rules: list[str]
    unless: list[str]
    alone: list[str] = []


class Seen(NamedTuple):
    """A class of words met in a sentence: from which sign, to which (not included)."""

    name: str
    start: int
    end: int


class _Rule(NamedTuple):
    trigger: int
    classes: tuple[str, ...]


class _Compiled(NamedTuple):
    tree: dict[str, dict]  # type: ignore[type-arg]  # of such trees, to any depth
    always: Mapping[str, tuple[int, ...]]
    alone: Mapping[str, tuple[int, ...]]
    rules: Sequence[_Rule]
    unless: Sequence[frozenset[str]]


@cache
def shipped_triggers() -> tuple[Trigger, ...]:
    """Return the shipped triggers, the gravest first."""
    data = (resources.files("dualtrack.apps.service") / _TRIGGERS).read_bytes()
    return read_record(read_yaml(data, where=_TRIGGERS), tuple[Trigger, ...], where=_TRIGGERS)


@cache
def _classes() -> dict[str, list[str]]:
    data = (resources.files("dualtrack.apps.service") / _WORDS).read_bytes()
    return read_record(read_yaml(data, where=_WORDS), dict[str, list[str]], where=_WORDS)


@cache
def class_names() -> frozenset[str]:
    """Return the names of the classes of words."""
    return frozenset(_classes())


def words_of(name: str) -> list[str]:
    """Return the words of a class, or the words themselves where `name` is no class."""
    return _classes().get(name, [name])


def see(piece: Sequence[Sign]) -> list[Seen]:
    """Return the classes of words in a piece, none of them inside a harmless phrase."""
    tree = _compiled().tree
    seen: list[Seen] = []
    for start in range(len(piece)):
        node = tree
        for at in range(start, len(piece)):
            found = node.get(piece[at].stem)
            if found is None:
                break
            node = found
            if _END in node:
                seen.extend(Seen(name, start, at + 1) for name in node[_END])
    harmless = [each for each in seen if each.name == HARMLESS]
    if not harmless:
        return seen
    return [each for each in seen if each.name == HARMLESS or not any(_within(each, other) for other in harmless)]


def why(piece: Sequence[Sign], seen: Iterable[Seen]) -> dict[int, str]:
    """Return the places of the triggers that rules set off in a piece, each with the words that did it."""
    compiled, held = _compiled(), list(seen)
    first: dict[str, Seen] = {}
    for each in held:
        first.setdefault(each.name, each)
    met: dict[int, str] = {}
    for name, each in first.items():
        for trigger in compiled.always.get(name, ()):
            met.setdefault(trigger, _written(piece, [each]))
        if each.start == 0 and each.end == len(piece):
            for trigger in compiled.alone.get(name, ()):
                met.setdefault(trigger, _written(piece, [each]))
    for rule in compiled.rules:
        if rule.trigger in met or not all(name in first for name in rule.classes):
            continue
        words = [first[name] for name in rule.classes]
        if not any(each.name in compiled.unless[rule.trigger] and _near(each, words) for each in held):
            met[rule.trigger] = _written(piece, words)
    return met


def read_as(piece: Sequence[Sign], seen: Iterable[Seen], features: Iterable[str]) -> list[str]:
    """Return features as people read them, each once: for a class the words of the piece that are of it."""
    found: dict[str, str] = {}
    for each in seen:
        found.setdefault(each.name, _written(piece, [each]))
    shown = []
    for feature in features:
        names = feature[1:-1].split("><") if feature.startswith("<") else [feature]
        shown.append(" … ".join(dict.fromkeys(found.get(name, name) for name in names)))
    return list(dict.fromkeys(shown))


def spelled_words(letters: str) -> dict[int, str]:
    """Return the places of triggers whose words of the class `always` stand in letters that were written one by one."""
    return {trigger: word for word, trigger in reversed(_squeezed()) if word in letters}


def _near(each: Seen, words: Iterable[Seen]) -> bool:
    return any(each.start - word.end < LIFT_SIGNS and word.start - each.end < LIFT_SIGNS for word in words)


def _within(each: Seen, other: Seen) -> bool:
    return other.start <= each.start and each.end <= other.end


def _written(piece: Sequence[Sign], seen: Iterable[Seen]) -> str:
    shown = []
    for each in sorted(seen, key=lambda one: one.start):
        words = [sign.written for sign in piece[each.start : each.end]]
        shown.append((" " if all(word.isascii() for word in words) else "").join(words))
    return " … ".join(dict.fromkeys(shown))


@cache
def _squeezed() -> list[tuple[str, int]]:
    pairs = []
    for place, trigger in enumerate(shipped_triggers()):
        for name in trigger.always:
            for words in words_of(name):
                squeezed = words.replace(" ", "").replace("'", "")
                if squeezed.isascii() and len(squeezed) >= _SPELLED_MIN:
                    pairs.append((squeezed, place))
    return pairs


@cache
def _compiled() -> _Compiled:
    triggers = shipped_triggers()
    names = dict(_classes())
    for trigger in triggers:
        for name in [*trigger.always, *trigger.alone]:
            names.setdefault(name, [name])
    rules = []
    for place, trigger in enumerate(triggers):
        for rule in trigger.rules:
            parts = (rule,) if rule in names or " " not in rule else tuple(rule.split())
            rules.append(_Rule(place, parts))
            for part in parts:
                names.setdefault(part, [part])
    tree: dict[str, dict] = {}  # type: ignore[type-arg]  # as above
    for name, words in names.items():
        for each in words:
            node = tree
            for sign in signs_of(each.replace("#", "70")):
                node = node.setdefault(sign.stem, {})
            node.setdefault(_END, {})[name] = None
    return _Compiled(
        tree,
        _places([trigger.always for trigger in triggers]),
        _places([trigger.alone for trigger in triggers]),
        rules,
        [frozenset(trigger.unless) for trigger in triggers],
    )


def _places(named: Sequence[Sequence[str]]) -> dict[str, tuple[int, ...]]:
    places: dict[str, tuple[int, ...]] = {}
    for place, names in enumerate(named):
        for name in names:
            places[name] = (*places.get(name, ()), place)
    return places
