"""The recognisers' data, read once from the files in data/: each is dated and says where it comes from."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files

from dualtrack.domain.documents import read_yaml
from dualtrack.domain.records import Record, read_record
from dualtrack.errors import FieldError

__all__ = [
    "CODES_MAX",
    "Cards",
    "ClearingCode",
    "ClearingCodes",
    "Issuer",
    "Names",
    "Numbering",
    "Places",
    "Words",
    "cards",
    "check_codes",
    "clearing_codes",
    "names",
    "numbering",
    "places",
    "read_clearing_codes",
    "words",
]

CODES_MAX = 1_000
"""Clearing codes of one list: there are no more than three digits can name."""

_CODE = re.compile(r"\A[0-9]{3}\Z")


class Numbering(Record, frozen=True):
    """The telephone numbering plan: first digits in service, and beginnings that are nobody's number."""

    checked: str
    sources: list[str]
    country: str
    length: int
    levels: dict[str, str]
    never: list[str]


class ClearingCode(Record, frozen=True, rename={"source": "from"}):
    """A bank and where its code was found."""

    bank: str
    source: str


class ClearingCodes(Record, frozen=True):
    """Clearing codes by their three digits; `checked` is the day on which somebody looked."""

    checked: str
    codes: dict[str, ClearingCode]


class Issuer(Record, frozen=True):
    """A range of issuer prefixes, both ends included, and the lengths of its cards."""

    scheme: str
    low: str
    high: str
    lengths: str


class Cards(Record, frozen=True):
    """Issuer prefixes of payment cards."""

    checked: str
    issuers: list[Issuer]


class Words(Record, frozen=True):
    """Words before a number by what they announce, and words after it that make it an amount."""

    checked: str
    sources: list[str]
    before: dict[str, list[str]]
    after: list[str]


class Places(Record, frozen=True):
    """Districts and localities: `zh` separated by spaces, `en` by bars, because English names have spaces."""

    checked: str
    sources: list[str]
    zh: str
    en: str


class Names(Record, frozen=True):
    """Lists of the name recognisers; single characters stand together, words are separated by spaces or bars."""

    checked: str
    sources: list[str]
    surnames: str
    rare: str
    compound: str
    given: str
    titles: str
    jobs: str
    before: str
    around_before: str
    around_after: str
    not_names: str
    romanised: str
    pinyin: str
    syllables: str
    english: str
    titles_en: str
    before_en: str
    weak_en: str
    not_after: str
    not_names_en: str


def _read(name: str) -> object:
    data = files("dualtrack.runtime.guards.personal").joinpath("data", name).read_bytes()
    return read_yaml(data, where=name)


@cache
def numbering() -> Numbering:
    """Return the shipped numbering plan."""
    return read_record(_read("numbering.yaml"), Numbering, where="numbering.yaml")


@cache
def clearing_codes() -> ClearingCodes:
    """Return the shipped clearing codes."""
    return read_record(_read("clearing_codes.yaml"), ClearingCodes, where="clearing_codes.yaml")


@cache
def cards() -> Cards:
    """Return the shipped issuer prefixes."""
    return read_record(_read("cards.yaml"), Cards, where="cards.yaml")


@cache
def words() -> Words:
    """Return the shipped context words."""
    return read_record(_read("words.yaml"), Words, where="words.yaml")


@cache
def places() -> Places:
    """Return the shipped gazetteer."""
    return read_record(_read("places.yaml"), Places, where="places.yaml")


@cache
def names() -> Names:
    """Return the shipped name lists."""
    return read_record(_read("names.yaml"), Names, where="names.yaml")


def read_clearing_codes(data: bytes, *, where: str) -> ClearingCodes:
    """Read an operator's list of clearing codes, in the form of data/clearing_codes.yaml; raises FieldError."""
    found = read_record(read_yaml(data, where=where), ClearingCodes, where=where)
    check_codes(list(found.codes), where=f"{where}, field codes")
    return found


def check_codes(codes: list[str], *, where: str) -> None:
    """Check that clearing codes are three digits each and not too many; raises FieldError."""
    if len(codes) > CODES_MAX:
        raise FieldError(f"{len(codes)} codes", where=where, expected=f"at most {CODES_MAX}")
    for code in codes:
        if not _CODE.match(code):
            raise FieldError(f"clearing code {code[:20]!r}", where=where, expected="three digits, as '004'")
