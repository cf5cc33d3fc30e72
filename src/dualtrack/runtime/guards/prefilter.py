"""Which groups of cues can match a text at all: words and signs that a group needs, looked up instead of searched for.

A phrase of a data file is a small regular expression without open-ended repetition. It is spelled out into the texts that
it stands for, with a mark where anything may stand. In each of them one whole word (English) or one pair of signs (Chinese)
is needed. A group without any of its needed parts in a text cannot match, and its pattern is not run. Where a phrase cannot
be spelled out, its group is always run, so that this only saves time and never changes what is found.
"""

from __future__ import annotations

import re
import threading
from itertools import pairwise, product
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from dualtrack.runtime.guards.texts import Folded

__all__ = [
    "SHARED_MAX",
    "SPELLINGS_MAX",
    "Needs",
    "Parts",
    "UnclearError",
    "begin_run",
    "end_run",
    "needed_pairs",
    "needed_words",
    "parts_of",
    "spellings",
]

SHARED_MAX = 64
"""Texts that one run of guards shares: a conversation has fewer that a guard reads."""

SPELLINGS_MAX = 3_000
"""Texts that a part of a phrase is spelled out into; one that stands for more is always searched for."""

_REPEATS_MAX = 3
"""Repetitions that are spelled out; beyond them anything may stand there."""

_CLASS_MAX = 12
"""Signs of a class that are spelled out."""

_ANY = "\x00"
_TOKEN = re.compile(r"[a-z0-9]+")
_WHOLE = re.compile(r"(?<![a-z0-9\x00])[a-z0-9]+(?![a-z0-9\x00])")
_RUN = re.compile(r"[^\x00 ]+")
_COUNT = re.compile(r"\{(\d+)(?:,(\d+))?\}")
_SPECIAL = frozenset("*+)|")
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


class UnclearError(Exception):
    """The phrase has something that is not spelled out here, or stands for too many texts."""


class Needs:
    """The needs of all groups of one data file in one language, turned round: from a part to groups."""

    def __init__(self, needs: Mapping[str, frozenset[str] | None]) -> None:
        self.always = frozenset(group for group, parts in needs.items() if parts is None)
        found: dict[str, set[str]] = {}
        for group, parts in needs.items():
            for part in parts or ():
                found.setdefault(part, set()).add(group)
        self.groups = {part: frozenset(groups) for part, groups in found.items()}

    def within(self, parts: set[str]) -> set[str]:
        """Return the groups that can match a text of these parts."""
        found = set(self.always)
        for part in self.groups.keys() & parts:
            found |= self.groups[part]
        return found


class Parts(NamedTuple):
    """The words of a folded text (runs of small letters and digits); of a Chinese one its signs and pairs of them, too."""

    words: set[str]
    pairs: set[str]


class _Run(threading.local):
    """What the guards of one run have looked at in this thread; between runs nothing of a text is kept."""

    kept: dict[str, Parts] | None = None


_run = _Run()


def begin_run() -> None:
    """Let the guards that follow in this thread share what they look up; `end_run` forgets it."""
    _run.kept = {}


def end_run() -> None:
    """Forget what the guards shared."""
    _run.kept = None


def parts_of(folded: Folded) -> Parts:
    """Return the parts of a folded text, shared between the guards of a run."""
    kept, text = _run.kept, folded.text
    found = kept.get(text) if kept is not None else None
    if found is None:
        pairs = {*text, *map("".join, pairwise(text))} if folded.chinese else set()
        found = Parts(set(_TOKEN.findall(text)), pairs)
        if kept is not None and len(kept) < SHARED_MAX:
            kept[text] = found
    return found


def needed_words(phrases: Iterable[str]) -> frozenset[str] | None:
    """Return words of which one stands, whole, in every match of the phrases; None where that is not known."""
    return _needed(phrases, _segments, _longest_word)


def needed_pairs(phrases: Iterable[str]) -> frozenset[str] | None:
    """Return signs or pairs of them of which one stands in every match of the phrases; None where that is not known."""
    return _needed(phrases, lambda phrase: [phrase], _first_pair)


def _longest_word(spelled: str) -> str:
    return max(_WHOLE.findall(f" {spelled} "), key=_weight, default="")


def _weight(word: str) -> int:
    return 0 if word in _COMMON else len(word)


def _first_pair(spelled: str) -> str:
    return max(_RUN.findall(spelled), key=len, default="")[:2]


def _needed(
    phrases: Iterable[str], parts_of: Callable[[str], list[str]], need_of: Callable[[str], str]
) -> frozenset[str] | None:
    found: set[str] = set()
    for phrase in phrases:
        best: set[str] = set()
        for part in parts_of(phrase):
            needs = _needs_of(part, need_of)
            if "" not in needs and (not best or _rank(needs) > _rank(best)):
                best = needs
        if not best:
            return None
        found |= best
    return frozenset(found)


def _needs_of(part: str, need_of: Callable[[str], str]) -> set[str]:
    try:
        return {need_of(text) for text in spellings(part)}
    except UnclearError:
        return {""}


def _rank(needs: set[str]) -> tuple[int, int]:
    """Order needs by how seldom they are likely to stand in a text: long ones, and few."""
    return min(map(_weight, needs)), -len(needs)


def _segments(phrase: str) -> list[str]:
    """Return the parts of a phrase between its own blanks, which are blanks of the text too; one that branches stays whole."""
    parts, depth, at, start = [], 0, 0, 0
    while at < len(phrase):
        sign = phrase[at]
        if sign == "\\":
            at += 1
        elif sign == "[":
            at = phrase.find("]", at + 2)
            if at < 0:
                return [phrase]
        elif sign in "()":
            depth += 1 if sign == "(" else -1
        elif sign == "|" and not depth:
            return [phrase]
        elif sign == " " and not depth and phrase[at + 1 : at + 2] not in {"?", "{"}:
            parts.append(phrase[start:at])
            start = at + 1
        at += 1
    return [*parts, phrase[start:]]


def spellings(phrase: str) -> set[str]:
    """Return the texts that a phrase stands for, a NUL where anything may stand, a blank for blanks."""
    found, end = _either(phrase, 0)
    if end != len(phrase):
        raise UnclearError
    return found


def _either(phrase: str, at: int) -> tuple[set[str], int]:
    """Read branches up to a closing bracket or the end."""
    found: set[str] = set()
    while True:
        branch, at = _branch(phrase, at)
        found |= branch
        if at >= len(phrase) or phrase[at] == ")":
            return found, at
        at += 1  # past the bar


def _branch(phrase: str, at: int) -> tuple[set[str], int]:
    found = {""}
    while at < len(phrase) and phrase[at] not in "|)":
        item, at = _item(phrase, at)
        least, most, at = _count(phrase, at)
        if most > 1 and (most > _REPEATS_MAX or item == {_ANY}):
            item = {_ANY} | ({""} if least == 0 else set())
        elif (least, most) != (1, 1):
            item = {"".join(parts) for count in range(least, most + 1) for parts in _products(item, count)}
        if len(found) * len(item) > SPELLINGS_MAX:
            raise UnclearError
        found = {head + tail for head in found for tail in item}
    return found, at


def _products(item: set[str], count: int) -> Iterator[tuple[str, ...]]:
    if len(item) ** count > SPELLINGS_MAX:
        raise UnclearError
    return product(item, repeat=count)


def _item(phrase: str, at: int) -> tuple[set[str], int]:
    """Read one character, class or group; what only looks around stands for no text."""
    sign = phrase[at]
    if sign == "(":
        found, end = _either(phrase, at + len(_opening(phrase, at)))
        if end >= len(phrase):
            raise UnclearError
        return (found if phrase.startswith("(?:", at) else {""}), end + 1
    if sign == "[":
        end = phrase.find("]", at + 2)
        body = phrase[at + 1 : end]
        if end < 0 or body.endswith("\\"):
            raise UnclearError
        plain = body.isalnum() and len(body) <= _CLASS_MAX
        return (set(body) if plain else {_ANY}), end + 1
    if sign == "\\":
        following = phrase[at + 1]
        if following.isalnum():
            if following not in "wsdWSD":
                raise UnclearError
            return {_ANY}, at + 2
        return {following}, at + 2
    if sign in "^$":
        return {""}, at + 1
    if sign in _SPECIAL:
        raise UnclearError
    return {_ANY if sign == "." else sign}, at + 1


def _opening(phrase: str, at: int) -> str:
    for opening in ("(?:", "(?=", "(?!", "(?<=", "(?<!"):
        if phrase.startswith(opening, at):
            return opening
    raise UnclearError


def _count(phrase: str, at: int) -> tuple[int, int, int]:
    """Read how often the item before may stand."""
    if phrase.startswith("?", at):
        return 0, 1, at + 1
    match = _COUNT.match(phrase, at)
    if match is None:
        return 1, 1, at
    return int(match[1]), int(match[2] or match[1]), match.end()
