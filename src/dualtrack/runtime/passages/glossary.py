"""Words for one thing in English, written Chinese and Cantonese: a question finds a passage that says it in other ones.

An entry that occurs in a text becomes a term of its own, the same for all its words, in passages and in questions alike. So synonyms count
as one term with one weight, whichever language they are of (Pirkola, "The effects of query structure and dictionary setups in dictionary-
based cross-language information retrieval", SIGIR 1998), and a text is never translated word by word.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Annotated, NamedTuple

from msgspec import Meta

from dualtrack.domain.documents import read_yaml
from dualtrack.domain.records import Record, read_record
from dualtrack.errors import FieldError
from dualtrack.runtime.passages.analysis import is_han, plain_text, words

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["GENERAL", "TERMS_MAX", "TRADE", "Glossary", "Hit", "Term", "check_glossary", "read_glossary"]

TERMS_MAX = 2_000
"""Entries of one glossary: every text is looked over for all of them."""

TRADE, GENERAL = "#", "~"
"""First signs of the terms of entries: those of a corpus, and everyday words."""

_WORDS_LEAST = 2

_Form = Annotated[str, Meta(min_length=1, max_length=80, pattern=r"\S")]
_Forms = Annotated[list[_Form], Meta(max_length=30)]


class Term(Record, frozen=True):
    """One thing and its words: English, written Chinese, and `yue`, what people in Hong Kong say (which may hold English)."""

    en: _Forms = []
    zh: _Forms = []
    yue: _Forms = []

    @property
    def forms(self) -> tuple[str, ...]:
        """All words for it, the English ones first."""
        return (*self.en, *self.zh, *self.yue)


class Hit(NamedTuple):
    """An entry found in a text: its term, and the plain words that stood there."""

    term: str
    said: str


def read_glossary(data: bytes, *, where: str) -> tuple[Term, ...]:
    """Read a list of entries in YAML; raises DocumentError or FieldError."""
    found = tuple(read_record(read_yaml(data, where=where), list[Term], where=where))
    check_glossary(found, where=where)
    return found


def check_glossary(glossary: Sequence[Term], *, where: str) -> None:
    """Check what types cannot say: not too many entries, and two words at least in each."""
    if len(glossary) > TERMS_MAX:
        raise FieldError(f"{len(glossary)} entries", where=f"{where}, glossary", expected=f"at most {TERMS_MAX}")
    for number, each in enumerate(glossary, 1):
        if len({plain_text(form) for form in each.forms}) < _WORDS_LEAST:
            raise FieldError(
                "fewer than two words", where=f"{where}, glossary, entry {number}", fix="write the other words for it"
            )


class Glossary:
    """Finds entries in texts: Latin words as runs of stems, words with Han characters as they are written, spaces aside."""

    def __init__(self, glossary: Sequence[Term], general: Sequence[Term] = ()) -> None:
        self._runs: dict[str, list[tuple[tuple[str, ...], str]]] = defaultdict(list)
        self._strings: dict[str, list[tuple[str, str]]] = defaultdict(list)
        for mark, entries in ((TRADE, glossary), (GENERAL, general)):
            for number, each in enumerate(entries):
                for form in dict.fromkeys(plain_text(form) for form in each.forms):
                    self._enter(form, f"{mark}{number}")

    def _enter(self, form: str, term: str) -> None:
        if is_han(form):
            tight = "".join(form.split())
            self._strings[tight[0]].append((tight, term))
        elif run := tuple(words(form)):
            self._runs[run[0]].append((run, term))

    def find(self, plain: str) -> list[Hit]:
        """Return the entries that occur in a plain text, in order, also those within a longer one; each once for each of its words."""
        found: dict[Hit, None] = {}
        if self._runs:
            said = words(plain)
            for place, word in enumerate(said):
                for run, term in self._runs.get(word, ()):
                    if tuple(said[place : place + len(run)]) == run:
                        found[Hit(term, " ".join(run))] = None
        if self._strings and is_han(plain):
            tight = "".join(plain.split())
            for place, sign in enumerate(tight):
                for form, term in self._strings.get(sign, ()):
                    if tight.startswith(form, place):
                        found[Hit(term, form)] = None
        return list(found)
