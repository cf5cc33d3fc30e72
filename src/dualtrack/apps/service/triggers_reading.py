"""A message as the triggers read it: sentences of signs, a sign being one Chinese character or the stem of one Latin word.

Full-width and Simplified forms, case, apostrophes, punctuation, blanks and pictures between characters make no difference, so a word is the same
sign however it is dressed. A long sentence, as of a voice read to text, is read in overlapping pieces. Work grows with the length and no faster.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from dualtrack.apps.service.language import normalise
from dualtrack.runtime.passages.scripts import to_traditional

__all__ = ["PIECE_SIGNS", "PIECE_STEP", "Sign", "pieces_of", "plain_text", "signs_of", "spelled_out"]

PIECE_SIGNS = 48
"""Signs of the longest piece: what belongs together in speech stands closer, and a longer piece would thin out what its words say."""

PIECE_STEP = 24
"""Signs from one piece to the next: any run of as many lies whole in one of them."""

_SIMPLIFIED_SIGN = "发"
"""Put at the end, it makes `to_traditional` bring signs that both scripts have to one form too."""

_ENDINGS = ("ing", "ed", "es", "s", "e")
_STEM_MIN = 3
_ONE_LETTER = r"(?<![a-z])[a-z](?![a-z])"
_SPELLED = re.compile(rf"{_ONE_LETTER}(?:[\W_]{{1,4}}{_ONE_LETTER}){{3,}}")
_TORN = re.compile("(?<=[a-z])[\u2600-\u27bf\U0001f000-\U0001faff\ufe0f\u200d*._~|-]+(?=[a-z])")
_APOSTROPHE = re.compile("['\u2018\u2019`\u00b4]")
_SENTENCE_END = re.compile(r"[。！？!?;；\n…]+|\.(?=\s|\Z)|\.{2,}")
_SIGN = re.compile("[a-z\u00df-\u024f]+|[0-9]+|[\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U000323af]")
_OLD = range(70, 110)


class Sign(NamedTuple):
    """A sign as it is compared, and as it was written."""

    stem: str
    written: str


def plain_text(message: str) -> str:
    """Return the one form that signs are taken from, sentence ends still in it."""
    return to_traditional(_APOSTROPHE.sub("", normalise(message).lower()) + _SIMPLIFIED_SIGN)[:-1]


def signs_of(text: str) -> list[Sign]:
    """Return the signs of a text, whatever stands between them."""
    return [Sign(_stem(word), word) for word in _SIGN.findall(plain_text(text))]


def pieces_of(message: str) -> list[list[Sign]]:
    """Return the pieces of a message: each sentence, cut where it is long, and the whole message where it is short and has more than one."""
    plain = plain_text(message)
    sentences = [_signs(part) for part in _SENTENCE_END.split(plain)]
    pieces = [piece for sentence in sentences if sentence for piece in _cut(sentence)]
    if len(pieces) > 1 and sum(map(len, sentences)) <= PIECE_SIGNS:
        pieces.append([sign for sentence in sentences for sign in sentence])
    mended = _TORN.sub("", plain)
    if mended != plain:
        pieces.extend(_cut(_signs(mended)))
    return pieces


def spelled_out(message: str) -> list[str]:
    """Return words whose letters were written one by one, each run without what stood between them."""
    return [re.sub(r"[\W_]", "", run) for run in _SPELLED.findall(_APOSTROPHE.sub("", normalise(message).lower()))]


def _signs(plain: str) -> list[Sign]:
    return [Sign(_stem(word), word) for word in _SIGN.findall(plain)]


def _cut(signs: list[Sign]) -> list[list[Sign]]:
    if len(signs) <= PIECE_SIGNS:
        return [signs]
    return [signs[at : at + PIECE_SIGNS] for at in range(0, len(signs) - PIECE_STEP, PIECE_STEP)]


@lru_cache(maxsize=20_000)
def _stem(word: str) -> str:
    """Return a word without the endings of English grammar; a number is `#` from 70 to 109 (an age) and `0` otherwise."""
    if word.isdigit():
        return "#" if len(word) < 4 and int(word) in _OLD else "0"  # noqa: PLR2004 - an age has three digits at most
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= _STEM_MIN and not word.endswith("ss"):
            word = word[: -len(ending)]
            return word[:-1] if len(word) > _STEM_MIN and word[-1] == word[-2] != "s" else word
    return word
