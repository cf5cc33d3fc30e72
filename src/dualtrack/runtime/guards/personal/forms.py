"""What is found, and the form in which text is searched: one code point for one, so that offsets hold."""

from __future__ import annotations

import re
from typing import NamedTuple

__all__ = ["HAN", "KEPT_MAX", "KINDS", "Found", "plain_form"]

KINDS = (
    "EMAIL",
    "MAINLAND_ID",
    "HKID",
    "CARD",
    "PERMIT",
    "PASSPORT",
    "FPS_ID",
    "OCTOPUS",
    "BANK_ACCOUNT",
    "PHONE",
    "ADDRESS",
    "NAME",
)
"""Kinds of personal data. Where two findings overlap the kind that stands first wins, then the longer one."""

HAN = "㐀-䶿一-鿿豈-﫿𠀀-𲎯"
"""Han characters, for use inside a character class."""

KEPT_MAX = 32_768
"""Code points whose plain form is kept: all that Chinese and English texts use."""

_SPACES = "\t\r\v\f\x1c\x1d\x1e\x1f\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
_DASHES = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63"
_TABLE = (
    {0xFF01 + i: chr(0x21 + i) for i in range(94)}
    | dict.fromkeys(map(ord, _SPACES), " ")
    | dict.fromkeys(map(ord, _DASHES), "-")
    | dict.fromkeys(map(ord, "\x85\u2028\u2029"), "\n")
    | {0x2019: "'", 0x2018: "'", 0xFE59: "(", 0xFE5A: ")"}
)
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u2060\u202a-\u202e\ufeff]")


class Found(NamedTuple):
    """One finding: kind, place in the text as given (code points, end excluded), score per mille, and why.

    `why` names the sign that gave it away, never the datum.
    """

    kind: str
    start: int
    end: int
    score: int
    why: str


_MARKS = tuple((mark, chr(ord(mark) - 0xFEE0)) for mark in "，：？！（）；")
"""Full-width marks of every Chinese text: these few are replaced one by one, which takes a tenth of a table's time."""

_RARE = re.compile(
    f"[{''.join(re.escape(chr(code)) for code in _TABLE if chr(code) not in dict(_MARKS))}{_INVISIBLE.pattern[1:-1]}]"
)


class _Plain(dict[int, str]):
    """The table, with each code point that stays as it is: a miss of a plain table costs ten times as much."""

    def __missing__(self, code: int) -> str:
        sign = chr(code)
        if len(self) < KEPT_MAX:
            self[code] = sign
        return sign


_KNOWN = _Plain(_TABLE)


def plain_form(text: str) -> tuple[str, list[int] | None]:
    """Return the text with full-width forms, spaces and dashes as ASCII, and the places its characters came from.

    The places are None when nothing was taken out: then offsets are the same. Only invisible characters are taken out,
    because somebody may put them inside a number to hide it.
    """
    if text.isascii() and "\t" not in text and "\r" not in text:
        return text, None
    if not _RARE.search(text):
        for mark, plain_mark in _MARKS:
            text = text.replace(mark, plain_mark)
        return text, None
    plain = text.translate(_KNOWN)
    if text.isascii() or not _INVISIBLE.search(plain):
        return plain, None
    places = [at for at, letter in enumerate(plain) if not _INVISIBLE.match(letter)]
    return "".join([plain[at] for at in places]), places
