"""A quotation at its place: where its words stand on the page as whole words, and the statement of which they are a part.

What a quotation supports is what its whole statement says: `default on any loan` cut out of `did not default on any loan` supports no
default. So a sentence is held against the statement, of which the quotation marks the place.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from dualtrack.apps.research.notes.overlap import plain
from dualtrack.apps.research.notes.wording import read_sentence
from dualtrack.runtime.passages.analysis import is_han

if TYPE_CHECKING:
    from dualtrack.apps.research.notes.wording import Said

__all__ = ["QUOTE_LATIN_LEAST", "QUOTE_MOSTLY_HAN_LEAST", "QuoteRead", "long_enough", "read_quote"]

QUOTE_LATIN_LEAST = 12
"""Letters and digits that a quotation has at least: `Revenue rose`; fewer stand on any page."""

QUOTE_MOSTLY_HAN_LEAST = 4
"""The same of Chinese: 收入增長."""

_PLACES_MAX = 16
"""Places of one quotation that are looked at; it must hold at each."""

_PAGES_MAX = 64
_STOP = re.compile("[。！？!?]|(?<!Ltd)(?<!Co)(?<!No)\\.(?=\\s+[A-Z0-9(\u201c\u3400-\u9fff]|\\s*$)")
_JOINT = re.compile(r"[;；]|,\s+(?:and|but|while|whereas|although)\s|，(?=而|但|惟|同時|並且|以及)")
_ROW = re.compile(r"(?:\s[(]?[\d,.]+[)%]*|\s[-–—]){2,}$")
"""A line after which a new statement begins: a row of a table, with two numbers at its end. Other lines may be those of one sentence."""


class QuoteRead(NamedTuple):
    """A quotation as it is read, and the statements in which it stands, one for each place."""

    quote: Said
    statements: tuple[Said, ...]


def long_enough(text: str) -> bool:
    """Say whether a quotation is long enough to mark one statement."""
    letters = sum(each.isalnum() for each in plain(text))
    return letters >= (QUOTE_MOSTLY_HAN_LEAST if is_han(text) else QUOTE_LATIN_LEAST)


def read_quote(page: str, quote: str) -> QuoteRead | None:
    """Read a quotation where it stands on a page; None where it does not stand there as whole words."""
    places = _places(page, quote)
    if not places:
        return None
    return QuoteRead(read_sentence(quote), tuple(read_sentence(_statement(page, *place)) for place in places))


def _places(page: str, quote: str) -> list[tuple[int, int]]:
    """Return where a quotation stands, blanks and widths of letters left aside, from its first to after its last character."""
    text, at = _squeezed(page)
    wanted = plain(quote)
    found: list[tuple[int, int]] = []
    start = text.find(wanted) if wanted else -1
    while start >= 0 and len(found) < _PLACES_MAX:
        first, last = at[start], at[start + len(wanted) - 1] + 1
        if not (_cut(page, first) or _cut(page, last)):
            found.append((first, last))
        start = text.find(wanted, start + 1)
    return found


@lru_cache(maxsize=_PAGES_MAX)
def _squeezed(page: str) -> tuple[str, tuple[int, ...]]:
    """Return a page as `plain` has it, with the place in the page of each of its characters."""
    text, at = [], []
    for place, character in enumerate(page):
        for one in plain(unicodedata.normalize("NFKC", character)):
            text.append(one)
            at.append(place)
    return "".join(text), tuple(at)


def _cut(page: str, at: int) -> bool:
    """Say whether a word or number of Latin script goes on over a place."""
    return 0 < at < len(page) and all(each.isascii() and each.isalnum() for each in page[at - 1 : at + 1])


def _statement(page: str, start: int, end: int) -> str:
    """Return the sentence of a page around a place, or the clauses of it that the place touches where it has several."""
    first = max((match.end() for match in _STOP.finditer(page, 0, start)), default=0)
    stop = _STOP.search(page, max(start, end - 1))
    last = stop.end() if stop else len(page)
    first = max([first, *(at for at in _breaks(page) if first < at <= start)])
    last = min([last, *(at for at in _breaks(page) if end <= at < last)])
    joints = [match.start() for match in _JOINT.finditer(page, first, last)]
    first = max([first, *(at for at in joints if at < start)])
    last = min([last, *(at for at in joints if at >= end)])
    return page[first:last]


@lru_cache(maxsize=_PAGES_MAX)
def _breaks(page: str) -> tuple[int, ...]:
    """Return where lines begin that follow a heading or a row of a table."""
    found, at = [], 0
    for line in page.split("\n"):
        at += len(line) + 1
        if _ROW.search(line) or not line.strip():
            found.append(at)
    return tuple(found)
