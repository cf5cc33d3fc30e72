"""The words that intake knows, read once from its data files and folded for comparison."""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from functools import cache
from importlib import resources
from typing import TypeVar

import msgspec
import yaml

from dualtrack.domain.records import Text

__all__ = [
    "Columns",
    "FieldSpec",
    "Period",
    "Periods",
    "Words",
    "columns",
    "find_word",
    "fold",
    "in_words",
    "load",
    "periods",
    "words",
]

_CJK = "\u3400-\u9fff\uf900-\ufaff"
_EDGE = re.compile(f"(?<=[{_CJK}])(?=[a-z0-9])|(?<=[a-z0-9])(?=[{_CJK}])")
_NOT_WORD = re.compile(r"[\W_]+")
_T = TypeVar("_T")


class FieldSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A field: kind of its values, label, header names: sure anywhere (`exact`), sure alone (`whole`), unsure (`weak`)."""

    kind: str
    label: Text
    exact: tuple[str, ...]
    whole: tuple[str, ...]
    weak: tuple[str, ...]


class Columns(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What inventories call their columns, and when a reading is sure enough to be used."""

    version: int
    dated: date
    basis: str
    threshold: float
    margin: float
    support: float
    fields: dict[str, FieldSpec]
    aside: tuple[str, ...]
    reasons: dict[str, Text]


class Words(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Words that cells use: yes, no, nothing said, totals, notes, language models, verdicts somebody typed."""

    version: int
    dated: date
    basis: str
    yes: tuple[str, ...]
    no: tuple[str, ...]
    placeholder: tuple[str, ...]
    no_diligence: tuple[str, ...]
    total: tuple[str, ...]
    note: tuple[str, ...]
    in_house: tuple[str, ...]
    high_tier: tuple[str, ...]
    typed_verdict: tuple[str, ...]
    language_terms: tuple[str, ...]
    language_products: tuple[str, ...]
    language_hints: tuple[str, ...]


class Period(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """From a date on: after how many days a validation is called stale, for high or unknown tiers and for others."""

    effective_from: date
    high_days: int
    other_days: int


class Periods(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Our periods, dated, and the similarity from which two names are near-same."""

    version: int
    basis: str
    periods: tuple[Period, ...]
    near_same_ratio: float

    def at(self, day: date) -> Period:
        """Return the period in force on a day: the latest that has begun, or the first of all."""
        begun = [period for period in self.periods if period.effective_from <= day]
        return max(begun, key=lambda period: period.effective_from) if begun else self.periods[0]


def fold(text: str) -> str:
    """Return text for comparison: width and case folded, punctuation to single spaces, Latin and Chinese parted."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return _NOT_WORD.sub(" ", _EDGE.sub(" ", folded)).strip()


def load(name: str, kind: type[_T]) -> _T:
    """Return a shipped data file as records; a mistake in it stops the program, as it is ours."""
    text = resources.files("dualtrack.intake").joinpath("data", name).read_text(encoding="utf-8")
    return msgspec.convert(yaml.safe_load(text), kind)


@cache
def columns() -> Columns:
    """Return what inventories call their columns, with every name folded."""
    raw = load("columns.yaml", Columns)
    fields = {
        name: FieldSpec(spec.kind, spec.label, _folded(spec.exact), _folded(spec.whole), _folded(spec.weak))
        for name, spec in raw.fields.items()
    }
    return msgspec.structs.replace(raw, fields=fields, aside=_folded(raw.aside))


@cache
def words() -> Words:
    """Return the words that cells use."""
    return load("words.yaml", Words)


@cache
def periods() -> Periods:
    """Return our periods."""
    return load("periods.yaml", Periods)


def in_words(text: str, listed: tuple[str, ...]) -> bool:
    """Say whether the whole text is one of the words listed (case and width aside; marks like `?` count as words)."""
    plain = unicodedata.normalize("NFKC", text).casefold().strip()
    return plain in listed or (bool(fold(plain)) and fold(plain) in _folded(listed))


def find_word(text: str, listed: tuple[str, ...]) -> str:
    """Return the first listed word that the text contains, or nothing.

    A Latin word must stand alone but for a version number (`GPT-4o`, `llama3`); a Chinese one may stand anywhere.
    """
    match = _pattern(listed).search(unicodedata.normalize("NFKC", text).casefold())
    return match[0].strip() if match else ""


@cache
def _pattern(listed: tuple[str, ...]) -> re.Pattern[str]:
    longest_first = sorted(listed, key=lambda word: (-len(word), word))
    latin = [re.escape(word).replace(r"\ ", r"[\s_-]+") for word in longest_first if word.isascii()]
    other = [re.escape(word) for word in longest_first if not word.isascii()]
    parts = [rf"(?<![a-z0-9])(?:{'|'.join(latin)})(?:[- ]?\d[\w.]*)?(?![a-z0-9])"] if latin else []
    return re.compile("|".join(parts + other))


@cache
def _folded(listed: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(fold(word) for word in listed if fold(word))
