"""Why a page of an application did not do what was asked, such as take a file, and what helps, in the language that is read: by the code of the error."""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, NamedTuple

from dualtrack.domain.documents import read_yaml
from dualtrack.domain.records import Record, Text, read_record
from dualtrack.errors import DocumentError

if TYPE_CHECKING:
    from dualtrack.errors import DualtrackError
    from dualtrack.runtime.call import Language

__all__ = ["Refusal", "Shown", "own_words", "refusal_codes", "refusal_of", "refused", "shown_refusal"]

_FILE = "refusals.yaml"


class Refusal(Record, frozen=True):
    """What a code says and what to do next."""

    says: Text
    do: Text


class Shown(NamedTuple):
    """An error as a page shows it: what it means in the language of the page, and its own words, which are English."""

    before: str
    error: str


def shown_refusal(error: DualtrackError, not_done: Text, language: Language) -> Shown:
    """Return an error for a page, after the words that nothing was done; its own words say all to a reader of English."""
    if language != "zh-Hant":
        return Shown(not_done.en, own_words(error))
    meant = refusal_of(error)
    return Shown(f"{not_done.zh}{meant.says.zh}{meant.do.zh}", own_words(error))


def refusal_of(error: DualtrackError) -> Refusal:
    """Return what an error says; one whose code is not in the list says what the family before its last dot does."""
    known, code = _words(), error.code
    while code not in known and "." in code:
        code = code.rpartition(".")[0]
    return known.get(code, known["other"])


def refusal_codes() -> frozenset[str]:
    """Return the codes that have words of their own."""
    return frozenset(_words())


def refused(found: str, where: str, *, fix: str, code: str, expected: str = "") -> DocumentError:
    """Return the error for a document that is not read; `where` names the file and, where there is one, the page, `code` its words here."""
    return DocumentError(found, where=where, expected=expected, fix=fix, code=f"input.document.{code}")


def own_words(error: DualtrackError) -> str:
    """Return an error's own words as sentences, which are English: the file and place, what was found, what is taken and what to do."""
    expected = f"Expected: {error.expected}" if error.expected else ""
    parts = (f"{error.where}: {error.found}".strip(": "), expected, error.fix[:1].upper() + error.fix[1:])
    return " ".join(f"{part.removesuffix('.')}." for part in parts if part)


@cache
def _words() -> dict[str, Refusal]:
    data = (resources.files("dualtrack.apps") / _FILE).read_bytes()
    return read_record(read_yaml(data, where=_FILE), dict[str, Refusal], where=_FILE)
