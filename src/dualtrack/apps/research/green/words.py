"""The words of claims about the environment as patterns, and whether they stand in a text. Read from `words.yaml`.

Texts are compared in one form (`plain`): NFKC, lower case, Simplified Chinese as Traditional. English phrases are whole words.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache, lru_cache
from importlib import resources
from typing import TYPE_CHECKING

from dualtrack.domain.documents import read_yaml
from dualtrack.domain.records import Record, Text, read_record
from dualtrack.runtime.passages.scripts import to_traditional

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "GreenWords",
    "Metric",
    "Phrases",
    "Unit",
    "green_words",
    "is_chinese",
    "pattern_of",
    "plain",
    "said_last",
    "says",
]

_FILE = "words.yaml"
_HAN = re.compile(r"[\u3400-\u9fff]")


class Phrases(Record, frozen=True):
    """Phrases of one meaning in both languages."""

    en: list[str] = []
    zh: list[str] = []


class Metric(Record, frozen=True, rename={"without": "not", "whole": "of", "text": "says"}):
    """A quantity: its phrases, phrases that only look like it, its units, and what a share of it is a share of."""

    en: list[str]
    zh: list[str]
    units: list[str]
    text: Text
    without: list[str] = []
    whole: list[str] = []


class Unit(Record, frozen=True):
    """A unit: its words, and the power of ten that brings it to `same` (itself where none is named)."""

    base: int
    en: list[str]
    zh: list[str]
    same: str = ""


class _Change(Record, frozen=True):
    fall: Phrases
    rise: Phrases
    idle: Phrases
    level: Phrases


class _Baseline(Record, frozen=True, rename={"against": "with"}):
    before: Phrases
    against: Phrases
    base: Phrases


class _Bounds(Record, frozen=True):
    least: Phrases
    most: Phrases
    about: Phrases


class _Target(Record, frozen=True):
    strong: Phrases
    words: Phrases
    reached: Phrases
    progress: Phrases


class _Statement(Record, frozen=True):
    first: Phrases
    title: Phrases


class GreenWords(Record, frozen=True):
    """All of it, as the file has it."""

    metrics: dict[str, Metric]
    units: dict[str, Unit]
    change: _Change
    baseline: _Baseline
    bounds: _Bounds
    target: _Target
    comparison: Phrases
    peers: Phrases
    superlative: Phrases
    vague: Phrases
    process: Phrases
    environment: Phrases
    assured: Phrases
    statement: _Statement
    standards: dict[str, list[str]]
    assurance_standards: list[str]
    ours: Phrases
    finite: Phrases
    others: Phrases
    hedges: Phrases
    defines: Phrases
    names: Phrases
    money: Phrases
    earned: Phrases
    shares: dict[str, Phrases]
    parts: Phrases
    total: Phrases
    filler: Phrases


@cache
def green_words() -> GreenWords:
    """Return the shipped words."""
    data = (resources.files("dualtrack.apps.research.green") / _FILE).read_bytes()
    return read_record(read_yaml(data, where=_FILE), GreenWords, where=_FILE)


@lru_cache(maxsize=8_192)
def plain(text: str) -> str:
    """Return a text as it is compared."""
    return to_traditional(unicodedata.normalize("NFKC", text).casefold().replace("’", "'").replace("‑", "-"))


def is_chinese(text: str) -> bool:
    """Tell whether a text is Chinese: more Han characters than Latin words."""
    return len(_HAN.findall(text)) > len(re.findall(r"[A-Za-z]+", text))


def pattern_of(phrases: Iterable[str]) -> re.Pattern[str]:
    """Return a pattern of any of the phrases, the longest first; without phrases it matches nothing."""
    found = sorted({plain(each) for each in phrases}, key=len, reverse=True)
    return re.compile("|".join(_phrase(each) for each in found) or r"(?!)")


def _phrase(text: str) -> str:
    open_end = text.endswith("*")
    body = r"\s+".join(re.escape(word) for word in text.rstrip("*").split())
    if not text.isascii():
        return body
    before = r"(?<![a-z0-9])" if text[0].isalnum() else ""
    after = "[a-z]*" if open_end else r"(?![a-z])" if text[-1].isalnum() else ""
    return f"{before}{body}{after}"


@cache
def _pattern(name: str) -> re.Pattern[str]:
    found: object = green_words()
    for part in name.split("."):
        found = getattr(found, part)
    if not isinstance(found, Phrases):
        raise TypeError(name)
    return pattern_of((*found.en, *found.zh))


def says(name: str, text: str) -> re.Match[str] | None:
    """Return the first phrase of a list (`target.words`) in a plain text, or None."""
    return _pattern(name).search(text)


def said_last(name: str, text: str) -> re.Match[str] | None:
    """Return the last phrase of a list in a plain text, or None."""
    found = None
    for match in _pattern(name).finditer(text):
        found = match
    return found
