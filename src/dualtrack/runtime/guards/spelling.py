"""The texts that a phrase of the cues stands for: a small regular expression, spelled out.

Phrases have no open-ended repetition, so what they stand for can be listed, with a mark where anything may stand. What cannot be
listed, or would be too many texts, is said to be unclear; whoever asks then has to search for the phrase itself.
"""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import product
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["ANY", "EDGE", "SPELLINGS_MAX", "UnclearError", "items", "segments", "spellings"]

ANY = "\x00"
"""Stands in a spelling where anything may stand."""

EDGE = "\x01"
"""Stands in a spelling where a sign stands that is of no word, as a full stop."""

SPELLINGS_MAX = 2_000
"""Texts that a part of a phrase is spelled out into; one that stands for more is always searched for."""

_SPELLED_KEPT = 32
"""Parts whose spellings are kept: what a phrase needs and what it begins with are asked for one after the other."""

_REPEATS_MAX = 3
"""Repetitions that are spelled out; beyond them anything may stand there."""

_CLASS_MAX = 12
"""Signs of a class that are spelled out."""

_NO_WORDS = re.compile(r"(?:[^\w^\\]|\\n|\\x2[0-9a-f]|\\[^\w])+")
_COUNT = re.compile(r"\{(\d+)(?:,(\d+))?\}")
_SPECIAL = frozenset("*+)|")


class UnclearError(Exception):
    """The phrase has something that is not spelled out here, or stands for too many texts."""


def segments(phrase: str) -> list[str]:
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


def items(phrase: str) -> list[str]:
    """Return the parts of a phrase that must stand one after another: groups, classes and runs of plain signs."""
    parts: list[str] = []
    at, plain = 0, ""
    while at < len(phrase):
        sign = phrase[at]
        if sign == "|":
            return [phrase]
        end = _end_of_item(phrase, at)
        counted = _count(phrase, end)[2]
        if sign in "([" or counted > end:
            parts += [plain, phrase[at:counted]]
            plain = ""
        else:
            plain += phrase[at:end]
        at = counted
    return [part for part in [*parts, plain] if part]


def _end_of_item(phrase: str, at: int) -> int:
    """Return where the sign, class or group ends that begins at a place."""
    if phrase[at] == "\\":
        return at + 2
    if phrase[at] == "[":
        return phrase.index("]", at + 2) + 1
    if phrase[at] != "(":
        return at + 1
    depth = 0
    while at < len(phrase):
        if phrase[at] in "\\[":
            at = _end_of_item(phrase, at)
            continue
        depth += {"(": 1, ")": -1}.get(phrase[at], 0)
        at += 1
        if depth == 0:
            return at
    raise UnclearError


@lru_cache(_SPELLED_KEPT)
def spellings(phrase: str, limit: int = SPELLINGS_MAX) -> frozenset[str]:
    """Return the texts that a phrase stands for, a NUL where anything may stand, a blank for blanks.

    Raises UnclearError for a phrase that is not spelled out here, or stands for more texts than the limit.
    """
    found, end = _either(phrase, 0, limit)
    if end != len(phrase):
        raise UnclearError
    return frozenset(found)


def _either(phrase: str, at: int, limit: int) -> tuple[set[str], int]:
    """Read branches up to a closing bracket or the end."""
    found: set[str] = set()
    while True:
        branch, at = _branch(phrase, at, limit)
        found |= branch
        if at >= len(phrase) or phrase[at] == ")":
            return found, at
        at += 1  # past the bar


def _branch(phrase: str, at: int, limit: int) -> tuple[set[str], int]:
    found = {""}
    while at < len(phrase) and phrase[at] not in "|)":
        item, at = _item(phrase, at, limit)
        least, most, at = _count(phrase, at)
        if most > 1 and (most > _REPEATS_MAX or item <= {ANY, EDGE}):
            item = {ANY} | ({""} if least == 0 else set())
        elif (least, most) != (1, 1):
            item = {"".join(parts) for count in range(least, most + 1) for parts in _products(item, count, limit)}
        if len(found) * len(item) > limit:
            raise UnclearError
        found = {head + tail for head in found for tail in item}
    return found, at


def _products(item: set[str], count: int, limit: int) -> Iterator[tuple[str, ...]]:
    if len(item) ** count > limit:
        raise UnclearError
    return product(item, repeat=count)


def _item(phrase: str, at: int, limit: int) -> tuple[set[str], int]:
    """Read one character, class or group; what only looks around stands for no text."""
    sign = phrase[at]
    if sign == "(":
        found, end = _either(phrase, at + len(_opening(phrase, at)), limit)
        if end >= len(phrase):
            raise UnclearError
        return (found if phrase.startswith("(?:", at) else {""}), end + 1
    if sign == "[":
        return _class(phrase, at)
    if sign == "\\":
        return _escaped(phrase[at + 1]), at + 2
    if sign in _SPECIAL:
        raise UnclearError
    return {"": {""}, ".": {ANY}}.get("" if sign in "^$" else sign, {sign}), at + 1


def _class(phrase: str, at: int) -> tuple[set[str], int]:
    end = phrase.find("]", at + 2)
    body = phrase[at + 1 : end]
    if end < 0 or body.endswith("\\"):
        raise UnclearError
    if body.isalnum() and len(body) <= _CLASS_MAX:
        return set(body), end + 1
    return {EDGE if _NO_WORDS.fullmatch(body) else ANY}, end + 1


def _escaped(sign: str) -> set[str]:
    if sign == "n":
        return {EDGE}
    if sign.isalnum() and sign not in "wsdWSD":
        raise UnclearError
    return {ANY} if sign.isalnum() else {sign}


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
