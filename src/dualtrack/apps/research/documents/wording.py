"""Words of questions and pages as terms, and what a question means: metrics, concepts and statements. Read from `words.yaml`."""

from __future__ import annotations

import re
from functools import cache, lru_cache
from importlib import resources
from typing import NamedTuple

from dualtrack.apps.research.documents.labels import StatementKind, labels
from dualtrack.apps.research.documents.model import Form
from dualtrack.apps.research.metrics import catalogue, metric_roles
from dualtrack.domain.documents import read_yaml
from dualtrack.domain.records import Record, read_record
from dualtrack.runtime.passages.analysis import plain_text, stem

__all__ = ["Meant", "SearchWords", "index_terms", "meant_by", "names_of", "said_in", "search_words"]

_FILE = "words.yaml"
_LATIN = re.compile(r"[a-z][a-z&'-]*[a-z]")
_HAN = re.compile(r"[\u3400-\u9fff]+")
_LETTER = re.compile(r"[a-z0-9]")
_TOO_SHORT = frozenset({"basic", "基本"})
"""Labels that mean something only below the heading of their section."""


class _Stop(Record, frozen=True, rename={"zh": "zh-Hant"}):
    en: list[str]
    zh: list[str]


class _Also(Record, frozen=True, rename={"zh": "zh-Hant"}):
    en: dict[str, list[str]]
    zh: dict[str, list[str]]


class _Statements(Record, frozen=True, rename={"zh": "zh-Hant"}):
    en: dict[str, StatementKind]
    zh: dict[str, StatementKind]


class SearchWords(Record, frozen=True):
    """The words, as the file has them; `relative` is by years before the date given."""

    stop: _Stop
    also: _Also
    statements: _Statements
    forms: dict[Form, list[str]]
    relative: dict[str, list[str]]
    issuer_ends: list[str]


class Meant(NamedTuple):
    """What a question is about: named metrics, concepts (theirs and those said), the statements where these stand, the words that said so."""

    metrics: tuple[str, ...]
    concepts: tuple[str, ...]
    statements: tuple[StatementKind, ...]
    terms: frozenset[str]


@cache
def search_words() -> SearchWords:
    """Return the shipped words."""
    data = (resources.files("dualtrack.apps.research.documents") / _FILE).read_bytes()
    return read_record(read_yaml(data, where=_FILE), SearchWords, where=_FILE)


@cache
def _stops() -> tuple[frozenset[str], tuple[str, ...]]:
    stop = search_words().stop
    return frozenset(stem(word) for word in stop.en) | frozenset(stop.en), tuple(plain_text(each) for each in stop.zh)


def index_terms(text: str) -> list[str]:
    """Cut a text into terms: stems of Latin words and pairs of Han characters; numbers are left out, they find nothing."""
    plain = plain_text(text)
    stops, said = _stops()
    found = [one for word in _LATIN.findall(plain) if (one := stem(word)) not in stops]
    if not plain.isascii():
        for each in said:
            plain = plain.replace(each, " ")
        for run in _HAN.findall(plain):
            found += [run[place : place + 2] for place in range(max(1, len(run) - 1))]
    return found


@cache
def _phrases() -> tuple[tuple[str, str, str], ...]:
    """Return every phrase with the kind and name of what it means, the longest first."""
    words = search_words()
    found = [
        (text.partition(",")[0], "metric", name)
        for name, one in catalogue().metrics.items()
        for text in (one.en, one.zh.partition("（")[0], name.replace("_", " "))
    ]
    found += [
        (text, "concept", name)
        for name, concept in labels().concepts.items()
        for text in (*concept.en, *concept.zh)
        if text not in _TOO_SHORT
    ]
    found += [
        (text, "concept", name)
        for also in (words.also.en, words.also.zh)
        for text, names in also.items()
        for name in names
    ]
    found += [
        (text, "statement", kind)
        for kinds in (words.statements.en, words.statements.zh)
        for text, kind in kinds.items()
    ]
    plain = dict.fromkeys((plain_text(text), kind, name) for text, kind, name in found)
    return tuple(sorted(plain, key=lambda each: -len(each[0])))


def names_of(concept: str) -> tuple[str, ...]:
    """Return every name under which a question may mean a line of a statement, in both languages; none for one that is not known."""
    return tuple(text for text, kind, name in _phrases() if (kind, name) == ("concept", concept))


@cache
def _by_first() -> dict[str, list[tuple[str, str, str]]]:
    found: dict[str, list[tuple[str, str, str]]] = {}
    for each in _phrases():
        found.setdefault(each[0][:2], []).append(each)
    return found


def said_in(phrase: str, plain: str, start: int = 0) -> bool:
    """Tell whether a phrase stands at a place of a plain text as whole words; Chinese needs no bounds."""
    if not plain.startswith(phrase, start):
        return False
    stop = start + len(phrase)
    before = start > 0 and _LETTER.match(plain[start - 1]) and _LETTER.match(phrase[0])
    after = stop < len(plain) and _LETTER.match(plain[stop]) and _LETTER.match(phrase[-1])
    if after and plain[stop : stop + 1] == "s" and not _LETTER.match(plain[stop + 1 : stop + 2] or " "):
        after = None  # a plural
    return not before and not after


@lru_cache(maxsize=1_024)
def meant_by(question: str) -> Meant:
    """Return what a question is about; a longer phrase takes its words from shorter ones."""
    plain = plain_text(question)
    found: dict[tuple[str, str], None] = {}
    terms: set[str] = set()
    place = 0
    while place < len(plain):
        here = [each for each in _by_first().get(plain[place : place + 2], ()) if said_in(each[0], plain, place)]
        found |= {(kind, name): None for phrase, kind, name in here if phrase == here[0][0]}
        terms.update(index_terms(here[0][0]) if here else ())
        place += len(here[0][0]) if here else 1
    metrics = [name for kind, name in found if kind == "metric"]
    concepts = dict.fromkeys(name for kind, name in found if kind == "concept")
    for name in metrics:
        concepts |= {role.removesuffix("_before"): None for role in metric_roles(catalogue().metrics[name])}
    said = {name for kind, name in found if kind == "statement"}
    known = [labels().concepts[name] for name in concepts if name in labels().concepts]
    said |= {concept.places[0] for concept in known if not concept.anywhere}
    return Meant(
        tuple(metrics), tuple(concepts), tuple(kind for kind in labels().statements if kind in said), frozenset(terms)
    )
