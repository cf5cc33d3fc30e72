"""How much of a document may be quoted word for word, by the licence that it was loaded under: dated data of our own, which a firm may replace."""

from __future__ import annotations

import re
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Annotated

from msgspec import Meta
from msgspec.structs import replace

from dualtrack.apps.research.solving.answer import abstained
from dualtrack.domain.documents import read_yaml
from dualtrack.domain.records import Record, Text, read_record

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dualtrack.apps.research.asking import Reply

__all__ = ["LicenceKind", "QuoteRules", "answer_limit", "kind_of", "note_limit", "quote_rules", "within_licence"]

_FILE = "quoting.yaml"
_LIMIT = Annotated[int, Meta(ge=0)] | None


class LicenceKind(Record, frozen=True):
    """A kind of licence: the words that tell it, and the characters of a document in one answer and in one note; None for no limit."""

    id: str
    words: list[str]
    why: Text
    answer: _LIMIT = None
    note: _LIMIT = None


class QuoteRules(Record, frozen=True):
    """The kinds in the order in which they are tried; the last has no words and takes what is left."""

    as_of: str
    kinds: list[LicenceKind]


@cache
def quote_rules() -> QuoteRules:
    """Return the shipped limits."""
    data = (resources.files("dualtrack.apps.research") / _FILE).read_bytes()
    return read_record(read_yaml(data, where=_FILE), QuoteRules, where=_FILE)


def kind_of(licence: str) -> LicenceKind:
    """Return the kind of a licence by the words in which it was said."""
    kinds = quote_rules().kinds
    said = " ".join(licence.casefold().split())
    return next((each for each in kinds if any(_stands(word.casefold(), said) for word in each.words)), kinds[-1])


def _stands(word: str, said: str) -> bool:
    """Say whether a word stands in a text, an English one not as a part of another."""
    return re.search(rf"(?<![a-z]){re.escape(word)}(?![a-z])", said) is not None


def note_limit(licence: str, own: Mapping[str, int | None]) -> int | None:
    """Return how many characters a note may quote of a document; `own` are the limits that the firm set by licence."""
    return own[licence] if licence in own else kind_of(licence).note


def answer_limit(licence: str, own: Mapping[str, int | None]) -> int | None:
    """Return how many characters one answer may quote of a document."""
    return own[licence] if licence in own else kind_of(licence).answer


def within_licence(reply: Reply, own: Mapping[str, int | None]) -> Reply:
    """Return a reply; in the place of a quotation that is longer than the document's licence lets, its page and why it is not given."""
    if reply.quote is None or reply.source is None:
        return reply
    most, long = answer_limit(reply.licence, own), len("".join(reply.quote.text.split()))
    if most is None or long <= most:
        return reply
    found = f"{reply.source.document}#p{reply.source.page}: {long} > {most} ({reply.licence})"
    return replace(reply, outcome="none", quote=None, none=abstained("licence", found))
