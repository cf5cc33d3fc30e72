"""A research note: sentences, each with what supports it, and the language, issuers and audience that it is for."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from msgspec import Meta

from dualtrack.apps.research.figure import Figure
from dualtrack.domain.canonical import digest
from dualtrack.domain.forms import Slug
from dualtrack.domain.records import Record, encode
from dualtrack.errors import FieldError

__all__ = [
    "NOTE_FORMAT",
    "SENTENCES_MAX",
    "FigureSupport",
    "Note",
    "QuoteSupport",
    "Sentence",
    "Support",
    "split_sentences",
]

NOTE_FORMAT = "dualtrack.note/1"

SENTENCES_MAX = 400
"""Sentences of one note: some twenty pages."""

_ENDS = re.compile(r"(?<=[。！？!?])|(?<=\.)(?=\s|$)(?<!\b[A-Z]\.)|\n+")
_Short = Annotated[str, Meta(min_length=1, max_length=2_000)]


class QuoteSupport(Record, frozen=True, tag="quote", tag_field="kind"):
    """Words of a loaded document, as they stand on a page, which is named by the document's SHA-256."""

    document: str
    page: int
    text: _Short


class FigureSupport(Record, frozen=True, tag="figure", tag_field="kind"):
    """A figure with its whole calculation, and the kept answer of the desk that it is of, by its id."""

    figure: Figure
    answer: str = ""


Support = QuoteSupport | FigureSupport


class Sentence(Record, frozen=True):
    """A sentence. A `view` is the author's own opinion: it states no figure, and readers are told that it is a view."""

    text: _Short
    supports: list[Support] = []
    view: bool = False


class Note(Record, frozen=True):
    """A note as it is written. `author` is the holder who answers for it; `audience` `clients` needs a qualified person's release."""

    format: str
    id: Slug
    title: _Short
    language: Literal["en", "zh-Hant"]
    issuers: list[Annotated[str, Meta(min_length=1, max_length=200)]]
    audience: Literal["internal", "clients"]
    author: str
    sentences: list[Sentence]

    def __post_init__(self) -> None:
        if self.format != NOTE_FORMAT:
            raise FieldError(f"format {self.format!r:.60}", where=f"note {self.id}", expected=NOTE_FORMAT)
        if not 0 < len(self.sentences) <= SENTENCES_MAX:
            raise FieldError(
                f"{len(self.sentences)} sentences", where=f"note {self.id}", expected=f"1 to {SENTENCES_MAX}"
            )

    def digest(self) -> str:
        """Return the SHA-256 of the note as a record: what a release names, so that nothing can be changed after it."""
        return digest(encode(self))


def split_sentences(text: str) -> list[str]:
    """Cut a text into sentences, at full stops, question and exclamation marks of both languages and at new lines."""
    return [part.strip() for part in _ENDS.split(text) if part.strip()]
