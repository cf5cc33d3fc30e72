"""The passages that a use may quote: checked, and served only while they are valid."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from msgspec import UNSET, Meta, UnsetType
from msgspec.structs import replace

from dualtrack.domain.canonical import digest
from dualtrack.domain.forms import Slug, UseName
from dualtrack.domain.records import Record, Text, encode
from dualtrack.domain.time import parse_date
from dualtrack.errors import FieldError
from dualtrack.runtime.passages.glossary import Term, check_glossary
from dualtrack.runtime.passages.slots import Value, check_values, fill, slots_in, values_on

if TYPE_CHECKING:
    from datetime import date

__all__ = [
    "ASKED_MAX",
    "CORPUS_FORMAT",
    "PASSAGES_MAX",
    "Asked",
    "Corpus",
    "Language",
    "Passage",
    "asked_of",
    "check_corpus",
    "of_language",
    "passage_slots",
]

CORPUS_FORMAT = "dualtrack.corpus/1"

PASSAGES_MAX = 2_000
"""Passages of one corpus: it is held in memory and indexed at once; a larger one belongs in a search engine."""

ASKED_MAX = 40
"""Other ways of asking for one passage, in one language: more are a sign that the passage answers two questions."""

Language = Literal["en", "zh-Hant"]

_Short = Annotated[str, Meta(min_length=1, max_length=2_000)]


_Question = Annotated[str, Meta(min_length=1, max_length=300, pattern=r"\S")]
_Questions = Annotated[list[_Question], Meta(max_length=ASKED_MAX)]


class Asked(Record, frozen=True, rename={"zh": "zh-Hant"}):
    """Other ways of asking for a passage; the Chinese ones may be written Chinese, Cantonese or mixed with English."""

    en: _Questions = []
    zh: _Questions = []


class Passage(Record, frozen=True):
    """One approved text in both languages, with owner, version and days of validity; `keys` are other words for it.

    `asked` are questions that it answers: they are searched and never quoted. Where there are none the record is encoded as it was before
    there were any. `high_risk` marks investment research: it may be quoted only after a person has read the answer (24EC55, 18(b)).
    """

    id: Slug
    topic: Slug
    owner: Slug
    version: _Short
    valid_from: str
    title: Text
    text: Text
    keys: Text
    provenance: _Short
    valid_to: str | None = None
    supersedes: Slug | None = None
    high_risk: bool = False
    asked: Asked | UnsetType = UNSET


class Corpus(Record, frozen=True):
    """All passages of a use; `serving` tells which of them may be quoted on a day.

    The glossary is a part of it, and not a setting of the process, for it decides which passage is found: whoever measures or releases a
    corpus names both by one digest. So are the values that stand in the slots of its passages (`{annual-fee}`).
    """

    format: str
    use: UseName
    firm: Text
    passages: list[Passage]
    glossary: list[Term] | UnsetType = UNSET
    values: list[Value] | UnsetType = UNSET

    @property
    def terms(self) -> tuple[Term, ...]:
        """The entries of the glossary; none where the corpus has no glossary."""
        return () if self.glossary is UNSET else tuple(self.glossary)

    def filled(self, on: date) -> tuple[Passage, ...]:
        """Return every passage with the values of a day in its slots; a slot that has none on that day stays as it is written."""
        if self.values is UNSET:
            return tuple(self.passages)
        held = values_on(self.values, on)
        return tuple(
            replace(item, title=fill(item.title, held), text=fill(item.text, held), keys=fill(item.keys, held))
            if passage_slots(item)
            else item
            for item in self.passages
        )

    def serving(self, on: date) -> tuple[Passage, ...]:
        """Return the passages in force on a day: begun, not ended, superseded by none that has begun, and without an empty slot."""
        begun = [item for item in self.filled(on) if parse_date(item.valid_from) <= on]
        replaced = {item.supersedes for item in begun}
        return tuple(
            item
            for item in begun
            if item.id not in replaced
            and (item.valid_to is None or on <= parse_date(item.valid_to))
            and not passage_slots(item)
        )

    def digest(self) -> str:
        """Return the SHA-256 of the corpus as a record: what a measurement names as its data."""
        return digest(encode(self))


def of_language(text: Text, language: Language) -> str:
    """Return the text in one language."""
    return text.en if language == "en" else text.zh


def asked_of(passage: Passage, language: Language) -> tuple[str, ...]:
    """Return the other ways of asking for a passage, in one language."""
    if passage.asked is UNSET:
        return ()
    return tuple(passage.asked.en if language == "en" else passage.asked.zh)


def check_corpus(corpus: Corpus, *, where: str) -> None:
    """Check what types cannot say: unique ids, both languages, dates in order, and links that lead somewhere."""
    if corpus.format != CORPUS_FORMAT:
        raise FieldError(f"format {corpus.format!r}", where=where, expected=CORPUS_FORMAT)
    if not 0 < len(corpus.passages) <= PASSAGES_MAX:
        raise FieldError(f"{len(corpus.passages)} passages", where=where, expected=f"1 to {PASSAGES_MAX}")
    check_glossary(corpus.terms, where=where)
    check_values(corpus.values or [], where=where)
    held = {value.id for value in corpus.values or []}
    ids = {item.id for item in corpus.passages}
    if len(ids) != len(corpus.passages):
        raise FieldError("an id is there twice", where=where, fix="give each passage its own")
    for item in corpus.passages:
        place = f"{where}, passage {item.id}"
        begin = parse_date(item.valid_from, where=f"{place}, field valid_from")
        if item.valid_to is not None and parse_date(item.valid_to, where=f"{place}, field valid_to") < begin:
            raise FieldError("ends before it begins", where=place, fix="correct valid_from or valid_to")
        if item.supersedes is not None and (item.supersedes not in ids or item.supersedes == item.id):
            raise FieldError(f"supersedes {item.supersedes!r}", where=place, expected="another passage of this file")
        if not all(part.strip() for text in (item.title, item.text) for part in (text.en, text.zh)):
            raise FieldError("a language is empty", where=place, fix="write title and text in both languages")
        if lacking := sorted(passage_slots(item) - held):
            raise FieldError(
                f"a slot {{{lacking[0]}}} that no value fills", where=place, fix=f"add a value with the id {lacking[0]}"
            )
        if slots_in(item.text.en) != slots_in(item.text.zh):
            raise FieldError("the two languages have other slots", where=place, fix="use the same values in both")


def passage_slots(item: Passage) -> set[str]:
    """Return the names of the slots of a passage: of its title, text and other words, in both languages."""
    return slots_in(*(part for text in (item.title, item.text, item.keys) for part in (text.en, text.zh)))
