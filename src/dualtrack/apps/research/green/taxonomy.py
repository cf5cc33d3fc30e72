"""Rows of the Hong Kong Taxonomy for Sustainable Finance that the words of a claim point at. Read from `taxonomy.yaml`.

Indicative only: words say what a claim talks about, never that it meets a criterion. The rows are of secondary grade, as the file says.
"""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Literal

from dualtrack.apps.research.green.reasons import reason
from dualtrack.apps.research.green.records import Mapping
from dualtrack.apps.research.green.words import pattern_of, plain
from dualtrack.domain.documents import read_yaml
from dualtrack.domain.records import Record, Text, read_record

if TYPE_CHECKING:
    import re

    from dualtrack.apps.research.green.records import Claim

__all__ = ["Source", "Taxonomy", "TaxonomyRow", "grade_words", "map_claim", "taxonomy"]

_FILE = "taxonomy.yaml"


class Source(Record, frozen=True):
    """Where something was read: what it is and says, and where it stands."""

    what: str
    where: str


class TaxonomyRow(Record, frozen=True):
    """A sector, or an activity that a source names, with the words that point at it."""

    id: str
    level: Literal["sector", "activity"]
    phase: str
    name: Text
    cites: list[str]
    en: list[str]
    zh: list[str]


class Taxonomy(Record, frozen=True):
    """The rows, their sources and their grade; `read_itself` tells whether the taxonomy's own text was read."""

    title: Text
    grade: Literal["secondary", "primary"]
    as_of: str
    read_itself: bool
    activities_published: int
    sources: dict[str, Source]
    rows: list[TaxonomyRow]


@cache
def taxonomy() -> Taxonomy:
    """Return the shipped rows."""
    data = (resources.files("dualtrack.apps.research.green") / _FILE).read_bytes()
    return read_record(read_yaml(data, where=_FILE), Taxonomy, where=_FILE)


def grade_words() -> Text:
    """Return what a reader of the rows must know of them: their grade, their date, and what was not read."""
    found = taxonomy()
    name = "secondary_rows" if found.grade == "secondary" else "primary_rows"
    return reason(name, title=found.title, as_of=found.as_of)


@cache
def _patterns() -> tuple[tuple[TaxonomyRow, re.Pattern[str]], ...]:
    return tuple((row, pattern_of((*row.en, *row.zh))) for row in taxonomy().rows)


def map_claim(claim: Claim) -> tuple[Mapping, ...]:
    """Return the rows that a claim's words point at; a sector is left out where an activity of it is found."""
    known = plain(claim.text)
    found = [(row, match[0]) for row, pattern in _patterns() if (match := pattern.search(known)) is not None]
    inside = {row.id.partition(".")[0] for row, _ in found if row.level == "activity"}
    return tuple(
        Mapping(
            claim=claim.number,
            activity=row.id,
            name=row.name,
            why=reason("mapped", words=words),
            grade="indicative",
            as_of=taxonomy().as_of,
            cites=tuple(f"{taxonomy().sources[each].what} ({taxonomy().sources[each].where})" for each in row.cites),
        )
        for row, words in found
        if row.level == "activity" or row.id not in inside
    )
