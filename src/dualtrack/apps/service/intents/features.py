"""Terms of a text, the same in training and in use: words and their pairs, and pieces of words of two to five characters.

A word is a run of Latin letters and digits, or one Han character, so that pairs of words are also the pairs of Han characters by which
Chinese is searched. Pieces are taken inside a Latin word with a blank on either side (as scikit-learn's `char_wb`), which a
misspelling leaves mostly whole, and inside a run of Han characters. Simplified characters are read as Traditional ones.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import NamedTuple

from dualtrack.apps.service.language import normalise
from dualtrack.runtime.passages.scripts import to_traditional

__all__ = [
    "PIECES_HAN",
    "PIECES_LATIN",
    "READ_EITHER_END",
    "RUNS_KEPT",
    "RUN_KEPT_MAX",
    "Terms",
    "pieces_of",
    "plain_form",
    "terms_of",
]

READ_EITHER_END = 1_000
"""Characters read at the beginning and at the end of a longer text: what is wanted stands there, and time stays bounded."""

PIECES_LATIN: tuple[int, ...] = (2, 3, 4, 5)
"""Lengths of pieces of a Latin word, blanks included. On held-out training texts of Banking77 pieces across words, or triples of words, gained nothing."""

PIECES_HAN: tuple[int, ...] = (3, 4)
"""Lengths of pieces of a Han run; single characters and pairs are words already."""

RUN_KEPT_MAX = 40
"""Characters of a run whose terms a model keeps: longer ones are no words, do not come again, and would fill the memory."""

RUNS_KEPT = 4_096
"""Runs that a model keeps: words of a bank's customers repeat, and cutting them up takes most of the time."""

_HAN = "\u3007\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U000323af"
_TOKEN = re.compile(f"[a-z0-9\u00df-\u024f]+(?:'[a-z]+)?|[{_HAN}]")
_RUN = re.compile(f"[a-z0-9\u00df-\u024f]+(?:'[a-z]+)?|[{_HAN}]+")
_FIRST_HAN = "\u3007"


class Terms(NamedTuple):
    """Words with their pairs, and the runs that pieces are cut from; what stands several times is listed as often."""

    words: list[str]
    runs: list[str]


def plain_form(text: str) -> str:
    """Return what is compared: the normal form of `language.normalise`, without case, in Traditional characters, one form of each."""
    plain = normalise(text).casefold().replace("’", "'")
    return to_traditional(plain)


def terms_of(text: str) -> Terms:
    """Return the terms of a text of any length; an empty one has none."""
    plain = plain_form(text)
    if len(plain) > 2 * READ_EITHER_END:
        plain = f"{plain[:READ_EITHER_END]} {plain[-READ_EITHER_END:]}"
    words = _TOKEN.findall(plain)
    words += [f"{first} {second}" for first, second in pairwise(words)]
    return Terms(words, _RUN.findall(plain))


def pieces_of(run: str) -> tuple[str, ...]:
    """Return the pieces of a Latin word, or of an unbroken run of Han characters."""
    latin = run[0] < _FIRST_HAN
    padded, lengths = (f" {run} ", PIECES_LATIN) if latin else (run, PIECES_HAN)
    return tuple(padded[place : place + length] for length in lengths for place in range(len(padded) - length + 1))
