"""Which column a word of a question means: by its heading and name, in either language; several or none is an answer too.

A phrase means a column when every word of it stands in the column's heading or name (plural or singular, or another word of its group
in `words.yaml`). Where one column is that and nothing more, it is preferred; otherwise two are two, and nobody chooses for the reader.
"""

from __future__ import annotations

import re
from difflib import SequenceMatcher
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, NamedTuple

from dualtrack.domain.documents import read_yaml
from dualtrack.domain.records import read_record

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dualtrack.apps.research.tables.records import ColumnInfo, TableInfo

__all__ = ["Found", "find_columns", "means_table", "near_columns", "words_of"]

_FILE = "words.yaml"
_IDLE = frozenset(
    {"the", "of", "a", "an", "all", "each", "every", "different", "distinct", "hk", "hkd", "usd", "的", "各"}
)
_NEAR = 0.6
_NEAR_SHOWN = 5
_CJK = re.compile(r"[\u3400-\u9fff]+")
_PLURAL_LEAST = 4
"""Shortest word whose s is taken for a plural: gas and bus are none."""


class Found(NamedTuple):
    """A column and its table."""

    table: TableInfo
    column: ColumnInfo


@cache
def _groups() -> dict[str, str]:
    """Return the first word of the group of each word."""
    data = (resources.files("dualtrack.apps.research.tables") / _FILE).read_bytes()
    groups = read_record(read_yaml(data, where=_FILE), tuple[tuple[str, ...], ...], where=_FILE)
    return {word: group[0] for group in groups for word in group}


def words_of(text: str) -> frozenset[str]:
    """Return the words of a phrase in one form: small letters, singular, Chinese by the longest words of the list."""
    found: set[str] = set()
    for part in re.findall(r"[a-z0-9]+|[\u3400-\u9fff]+", text.lower().replace("_", " ")):
        found |= set(_cut(part)) if _CJK.fullmatch(part) else {_plain(part)}
    return frozenset(_groups().get(word, word) for word in found) - _IDLE


def _plain(word: str) -> str:
    if word in _groups() or len(word) < _PLURAL_LEAST or word.endswith("ss"):
        return word
    if word.endswith("ies"):
        return word[:-3] + "y"
    if word.endswith(("xes", "ches", "shes", "sses")):
        return word[:-2]
    return word.removesuffix("s")


def _cut(text: str) -> list[str]:
    """Cut a run of Chinese at the longest words of the list; what is between them stays whole."""
    found, rest, at = [], "", 0
    lengths = sorted({len(word) for word in _groups() if _CJK.fullmatch(word)}, reverse=True)
    while at < len(text):
        word = next((text[at : at + n] for n in lengths if text[at : at + n] in _groups()), "")
        if word and rest:
            found.append(rest)
            rest = ""
        if word:
            found.append(word)
        else:
            rest += text[at]
        at += len(word) or 1
    return [each for each in [*found, rest] if each and each not in _IDLE]


def find_columns(phrase: str, tables: Sequence[TableInfo]) -> list[Found]:
    """Return the columns that a phrase means: those that are it exactly, or else all that contain it."""
    wanted = words_of(phrase)
    if not wanted:
        return []
    every = [(Found(table, each), _both(each)) for table in tables for each in table.kept]
    held = [(found, [words for words in forms if wanted <= words]) for found, forms in every]
    exact = [found for found, forms in held if wanted in forms or phrase.strip().lower() == found.column.name]
    return exact or [found for found, forms in held if forms]


def _both(column: ColumnInfo) -> tuple[frozenset[str], ...]:
    bare = re.sub(r"[(（].*?[)）]", " ", column.header)  # a unit in brackets is no part of the name
    return words_of(bare), words_of(column.header), words_of(column.name)


def means_table(phrase: str, table: TableInfo) -> bool:
    """Say whether a phrase means the rows of a table: its name, or simply rows."""
    wanted = words_of(phrase)
    return wanted == words_of(table.name) or wanted <= frozenset({"row", "record", "entry", "列", "行", "項", "紀錄"})


def near_columns(phrase: str, tables: Sequence[TableInfo]) -> tuple[str, ...]:
    """Return the columns whose names look most like a phrase, as `table.column`; all of them where none does."""
    scored = [
        (max(_alike(phrase, each.name), _alike(phrase, each.header)), f"{table.name}.{each.name}")
        for table in tables
        for each in table.kept
    ]
    close = [name for score, name in sorted(scored, key=lambda pair: (-pair[0], pair[1])) if score >= _NEAR]
    return tuple(close[:_NEAR_SHOWN] or [name for _, name in scored][:_NEAR_SHOWN])


def _alike(one: str, other: str) -> float:
    shared = words_of(one) & words_of(other)
    return 1.0 if shared else SequenceMatcher(None, one.lower(), other.lower()).ratio()
