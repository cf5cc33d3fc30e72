"""What is hidden in a text: encodings, spaced-out letters, digits for letters, characters that nobody sees.

Each decoder is bounded and goes one level deep: what is wrapped twice is not read, and LIMITATIONS says so.
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote

from dualtrack.runtime.guards.base import Finding

if TYPE_CHECKING:
    from dualtrack.runtime.guards.texts import Part

__all__ = ["RUNS_MAX", "RUN_CHARACTERS_MAX", "Hidden", "hidden_texts", "unseen_characters"]

RUNS_MAX = 16
"""Encoded runs of one text that are decoded: an attack needs one, a pasted file has thousands."""

RUN_CHARACTERS_MAX = 8_192
"""Characters of one run that are decoded."""

_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{24,8192}={0,2}")
_HEX = re.compile(r"(?:[0-9a-fA-F]{2}){16,4096}")
_PERCENT = re.compile(r"(?:%[0-9a-fA-F]{2}|[A-Za-z0-9]){12,2000}")
_SPACED = re.compile(r"(?<![A-Za-z0-9])(?:[A-Za-z][ ._*\-]{1,3}){5,400}[A-Za-z](?![A-Za-z0-9])")
_MIXED = re.compile(r"(?<![A-Za-z0-9])(?=[a-zA-Z0-9]{0,15}[a-zA-Z])[a-zA-Z0-9]{0,15}[013457@$][a-zA-Z0-9]{1,15}")
_SINGLE = re.compile(r"[ ._*\-][A-Za-z][ ._*\-]")
_MIXED_PAIR = re.compile(r"[013457@$][a-zA-Z0-9]")
_TAGS = re.compile("[\U000e0020-\U000e007e]")
_DIGITS = str.maketrans("013457@$", "oieastas")
_UNSEEN = re.compile(
    "[\u200b-\u200d\u2060-\u2064\ufeff\u00ad\u034f\u180e\u202a-\u202e\u2066-\u2069\U000e0000-\U000e007f]"
)
_DIRECTION = frozenset("\u202a\u202b\u202d\u202e\u2066\u2067\u2068")
_FEW = 3
_MIXED_MIN = 2
_RUN_MIN = 24
"""Characters of the shortest run that is decoded from base64; one in hex has more."""

_SINGLES_MIN = 2
"""Letters that stand alone, counted without sharing a sign between two: six spaced-out letters have at least so many."""

_PRINTABLE_MIN = 0.9


class Hidden(NamedTuple):
    """A decoded text, the place it was hidden in, and how."""

    text: str
    start: int
    end: int
    how: str


def hidden_texts(text: str) -> list[Hidden]:
    """Return the texts hidden in a text that read as text when decoded."""
    found: list[Hidden] = []
    if any(len(word) >= _RUN_MIN for word in text.split()):  # a run has no blank in it
        for match in _runs(_HEX, text):
            _add(found, _hex(match[0]), match, "written in hex")
        for match in _runs(_BASE64, text):
            _add(found, _base64(match[0]), match, "written in base64")
    if "%" in text:
        for match in _runs(_PERCENT, text):
            if match[0].count("%") >= _FEW:
                _add(found, unquote(match[0], errors="replace"), match, "written with percent signs")
    for match in _runs(_SPACED, text) if len(_SINGLE.findall(text)) >= _SINGLES_MIN else ():
        words = re.split(r"[ ._*\-]{2,3}", match[0])
        _add(found, " ".join(re.sub(r"[ ._*\-]", "", word) for word in words), match, "spaced out")
    mixed = _runs(_MIXED, text) if len(_MIXED_PAIR.findall(text)) >= _MIXED_MIN else []
    if len(mixed) >= _MIXED_MIN:
        found.append(Hidden(text.translate(_DIGITS), mixed[0].start(), mixed[-1].end(), "digits for letters"))
    bits = [] if text.isascii() else _TAGS.findall(text)
    if bits:
        plain = "".join(chr(ord(character) - 0xE0000) for character in bits[:RUN_CHARACTERS_MAX])
        found.append(Hidden(plain, text.index(bits[0]), text.rindex(bits[-1]) + 1, "in invisible tag characters"))
    return found


def unseen_characters(part: Part, *, untrusted: bool) -> list[Finding]:
    """Return a finding for invisible or direction-changing characters; joiners inside emoji are no finding."""
    text = part.text
    if text.isascii():
        return []
    places = [match.start() for match in _UNSEEN.finditer(text) if not _in_emoji(text, match.start())]
    if not places:
        return []
    characters = {text[place] for place in places}
    if any(character >= "\U000e0000" for character in characters):
        score, why = 900, "invisible tag characters"
    elif characters & _DIRECTION:
        score, why = 600, "characters that change the direction of text"
    else:
        score, why = (500 if untrusted else 300) if len(places) > _FEW else 150, "invisible characters"
    return [Finding("unseen", part.piece, places[0], places[-1] + 1, score, why)]


def _in_emoji(text: str, place: int) -> bool:
    before = text[place - 1] if place else ""
    after = text[place + 1 : place + 2]
    return text[place] == "\u200d" and (before >= "\u2600" and after >= "\u2600")


def _runs(pattern: re.Pattern[str], text: str) -> list[re.Match[str]]:
    found = []
    for match in pattern.finditer(text):
        found.append(match)
        if len(found) == RUNS_MAX:
            break
    return found


def _add(found: list[Hidden], text: str, match: re.Match[str], how: str) -> None:
    shown = sum(character.isprintable() or character.isspace() for character in text)
    if text and shown >= _PRINTABLE_MIN * len(text):
        found.append(Hidden(text, match.start(), match.end(), how))


def _hex(run: str) -> str:
    return bytes.fromhex(run).decode("utf-8", "replace").replace("\ufffd", "\x00")


def _base64(run: str) -> str:
    body = run.rstrip("=").replace("-", "+").replace("_", "/")[:RUN_CHARACTERS_MAX]
    body = body[: len(body) - (len(body) % 4 == 1)]
    try:
        data = base64.b64decode(body + "=" * (-len(body) % 4), validate=True)
    except (binascii.Error, ValueError):
        return ""
    return data.decode("utf-8", "replace").replace("\ufffd", "\x00")
