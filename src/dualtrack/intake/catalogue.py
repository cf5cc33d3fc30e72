"""What each kind of finding says, asks and cites: the shipped catalogue, read once."""

from __future__ import annotations

from datetime import date
from functools import cache
from typing import Literal

from dualtrack.domain.records import Record, Text
from dualtrack.intake.lexicon import load
from dualtrack.intake.records import Cite
from dualtrack.present.text import fill

__all__ = ["Catalogue", "CiteSpec", "Document", "FindingSpec", "catalogue", "cites", "phrase"]


class Document(Record, frozen=True):
    """A document that findings cite: its name, a short one, whom it addresses, what its parts are called."""

    label: Text
    short: Text
    binds: Text
    part: Text


class CiteSpec(Record, frozen=True):
    """A paragraph of a document; `language`: only for a row that is, or looks like, a language model."""

    document: str
    paragraph: str
    language: bool = False


class FindingSpec(Record, frozen=True):
    """A kind of finding: severity, and its words."""

    severity: Literal["high", "medium", "low", "note"]
    title: Text
    detail: Text
    question: Text
    action: Text
    cites: tuple[CiteSpec, ...]


class Catalogue(Record, frozen=True):
    """Every kind of finding in the order of the page, the documents, and the phrases that details are made of."""

    version: int
    dated: date
    basis: str
    documents: dict[str, Document]
    severities: dict[str, Text]
    keeper: Text
    nobody: Text
    findings: dict[str, FindingSpec]
    phrases: dict[str, Text]


@cache
def catalogue() -> Catalogue:
    """Return the shipped catalogue."""
    return load("findings.yaml", Catalogue)


def phrase(name: str, /, **values: Text | str | int) -> Text:
    """Return one of the catalogue's phrases, filled."""
    return fill(catalogue().phrases[name], **values)


def cites(kind: str, *, language: bool) -> tuple[Cite, ...]:
    """Return where a kind's question comes from, for a row that is or is not a language model."""
    found = []
    for cite in catalogue().findings[kind].cites:
        if language or not cite.language:
            document = catalogue().documents[cite.document]
            place = fill(document.part, n=cite.paragraph)
            found.append(
                Cite(
                    document=cite.document,
                    paragraph=cite.paragraph,
                    place=place,
                    short=document.short,
                    binds=document.binds,
                )
            )
    return tuple(found)
