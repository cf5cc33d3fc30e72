"""The words of financial statements: which statement a title names, which concept a label is. Read from `labels.yaml`."""

from __future__ import annotations

import re
from functools import cache, lru_cache
from importlib import resources
from typing import Literal

from dualtrack.apps.research.documents.headings import plain_label, read_heading
from dualtrack.domain.documents import read_yaml
from dualtrack.domain.records import Record, read_record
from dualtrack.runtime.passages.scripts import to_traditional

__all__ = [
    "Concept",
    "Identity",
    "Labels",
    "StatementKind",
    "concept_of",
    "label_rank",
    "labels",
    "statement_named",
    "tag_concept",
]

StatementKind = Literal["income", "comprehensive", "position", "cash_flow", "equity", "summary"]

_FILE = "labels.yaml"

_TITLE_MAX = 160
"""Longest line that is taken as a title, in both languages beside one another; a sentence about a statement is longer."""

_SPACED_MAX = 60
"""Longest line that is compared without its blanks."""

_UNIT = re.compile(r"[(（]([^()（）]{1,40})[)）]")

_BEFORE = r"(?:(?:the|unaudited|audited|condensed|consolidated|interim|group|summary|extract of|key) )*"
_AFTER = r"(?:\s*(?:\(?continued\)?|\(?cont'd\)?|[-–—:,]? ?(?:for|as at|at|year ended|six months ended|three months ended)\b.*|\([^()]*\)|[0-9 .]))*"
_BEFORE_ZH = "(?:未經審核|經審核|簡明|綜合|合[併並]|中期|本集團|集團)*"
_AFTER_ZH = r"(?:[（(]續[)）]|續|[（(][^()（）]*[)）]|[\s\d.]|截至.*|於.*)*"


class _Names(Record, frozen=True, rename={"zh": "zh-Hant"}):
    """Titles of a statement, as regular expressions."""

    en: list[str]
    zh: list[str]


class Concept(Record, frozen=True, rename={"zh": "zh-Hant", "places": "in"}):
    """A concept: its labels, the statements where they mean it, its tags; `cost` where the role is positive whatever is printed."""

    places: list[StatementKind]
    en: list[str]
    zh: list[str]
    tags: list[str] = []
    cost: bool = False
    anywhere: bool = False


class Identity(Record, frozen=True, rename={"zh": "zh-Hant"}):
    """A sum that must hold; a term with a minus is taken away; `optional` terms count where the statement has them."""

    name: str
    en: str
    zh: str
    left: str
    right: list[str]
    optional: list[str] = []


class Labels(Record, frozen=True):
    """All of it."""

    statements: dict[StatementKind, _Names]
    concepts: dict[str, Concept]
    identities: list[Identity]


@cache
def labels() -> Labels:
    """Return the shipped words."""
    data = (resources.files("dualtrack.apps.research.documents") / _FILE).read_bytes()
    return read_record(read_yaml(data, where=_FILE), Labels, where=_FILE)


@cache
def _titles() -> tuple[tuple[StatementKind, re.Pattern[str], re.Pattern[str]], ...]:
    """Return the pattern of each kind of statement, and that without blanks; the more special names first."""
    order: tuple[StatementKind, ...] = ("summary", "equity", "cash_flow", "income", "comprehensive", "position")
    found = []
    for kind in order:
        en = f"{_BEFORE}(?:{'|'.join(labels().statements[kind].en)}){_AFTER}"
        zh = f"{_BEFORE_ZH}(?:{'|'.join(labels().statements[kind].zh)}){_AFTER_ZH}"
        pattern = rf"(?:{en})\s*(?:{zh})?|(?:{zh})\s*(?:{en})?"
        found.append((kind, re.compile(pattern), re.compile(pattern.replace(" ", "").replace("\\b", ""))))
    return tuple(found)


@lru_cache(maxsize=4_096)
def statement_named(line: str) -> StatementKind | None:
    """Return the statement that a line is the title of; a sentence that mentions one is no title."""
    if len(line) > _TITLE_MAX:
        return None
    plain = to_traditional(plain_label(line))
    found = next((kind for kind, pattern, _ in _titles() if pattern.fullmatch(plain)), None)
    if found is None and " " in plain and len(plain) <= _SPACED_MAX:
        plain = plain.replace(" ", "")  # wide letters are read with blanks between: Balance Shee t
        found = next((kind for kind, _, close in _titles() if close.fullmatch(plain)), None)
    return found


@cache
def _by_label() -> dict[str, list[tuple[str, Concept]]]:
    found: dict[str, list[tuple[str, Concept]]] = {}
    for name, concept in labels().concepts.items():
        for label in (*concept.en, *concept.zh):
            found.setdefault(to_traditional(plain_label(label)), []).append((name, concept))
    return found


@lru_cache(maxsize=16_384)
def concept_of(label: str, kind: StatementKind | None) -> str | None:
    """Return the concept that a label names in a statement; outside statements only where the label can mean nothing else."""
    plain = to_traditional(plain_label(_UNIT.sub(_without_unit, label)))
    for one in (plain, *_sides(plain)):
        for name, concept in _by_label().get(one, ()):
            if concept.anywhere or (kind is not None and kind in concept.places):
                return name
    return None


def label_rank(label: str, concept: str) -> int:
    """Return the place of a label among those of its concept: the first means it most exactly."""
    plain = to_traditional(plain_label(_UNIT.sub(_without_unit, label)))
    known = labels().concepts[concept]
    for one in (plain, *_sides(plain)):
        for names in (known.en, known.zh):
            ranks = [place for place, each in enumerate(names) if to_traditional(plain_label(each)) == one]
            if ranks:
                return ranks[0]
    return len(known.en) + len(known.zh)


def _without_unit(match: re.Match[str]) -> str:
    """Return nothing for brackets that only say a unit, as (HK cents), and other brackets as they are."""
    heading = read_heading(match[1])
    unit = heading.says and (heading.currency is not None or heading.scale is not None or match[1].strip() == "%")
    return "" if unit else match[0]


def _sides(plain: str) -> tuple[str, ...]:
    """Return the English and the Chinese part of a label in both languages."""
    match = re.fullmatch(r"([^\u3400-\u9fff]*[a-z][^\u3400-\u9fff]*?)\s*([\u3400-\u9fff].*)", plain)
    if match is None:
        match = re.fullmatch(r"(.*[\u3400-\u9fff）)])\s*([a-z][^\u3400-\u9fff]*)", plain)
    return () if match is None else (match[1].strip(), match[2].strip())


@cache
def _by_tag() -> dict[str, str]:
    return {tag: name for name, concept in labels().concepts.items() for tag in concept.tags}


def tag_concept(tag: str) -> str | None:
    """Return the concept of a tag of a taxonomy by its local name."""
    return _by_tag().get(tag)
