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
    from collections.abc import Set as AbstractSet

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
"""Different letters that stand alone: what is spaced out and says something has at least so many."""

_SINGLES = frozenset(bytes([code]) for code in range(128) if chr(code).isalpha())
_NO_RUN = bytes(
    code if chr(code).isascii() and (chr(code).isalnum() or chr(code) in "+/_-") else 32 for code in range(256)
)
"""Turns all but the signs of base64 and hex to blanks."""

_NO_WORD = bytes(code if chr(code).isascii() and chr(code).isalnum() else 32 for code in range(256))
_BESIDE = re.compile(r"[0-9@$](?:[A-Za-z]|(?<=[A-Za-z].))")
"""A digit beside a letter: where none stands, no digit stands for a letter."""

_PRINTABLE_MIN = 0.9


class Hidden(NamedTuple):
    """A decoded text, the place it was hidden in, and how."""

    text: str
    start: int
    end: int
    how: str


def hidden_texts(text: str, words: AbstractSet[bytes] | None = None) -> list[Hidden]:
    """Return the texts hidden in a text that read as text when decoded. `words` are those of a text in ASCII, if known."""
    found: list[Hidden] = []
    plain = text.encode("ascii", "replace")
    if max(map(len, plain.translate(_NO_RUN).split()), default=0) >= _RUN_MIN:
        for match in _runs(_HEX, text):
            _add(found, _hex(match[0]), match, "written in hex")
        for match in _runs(_BASE64, text):
            _add(found, _base64(match[0]), match, "written in base64")
    if "%" in text:
        for match in _runs(_PERCENT, text):
            if match[0].count("%") >= _FEW:
                _add(found, unquote(match[0], errors="replace"), match, "written with percent signs")
    for match in _runs(_SPACED, text) if _has_singles(plain, words) else ():
        spaced = re.split(r"[ ._*\-]{2,3}", match[0])
        _add(found, " ".join(re.sub(r"[ ._*\-]", "", word) for word in spaced), match, "spaced out")
    mixed = _runs(_MIXED, text) if _BESIDE.search(text) else []
    if len(mixed) >= _MIXED_MIN:
        found.append(Hidden(text.translate(_DIGITS), mixed[0].start(), mixed[-1].end(), "digits for letters"))
    bits = [] if text.isascii() else _TAGS.findall(text)
    if bits:
        shown = "".join(chr(ord(character) - 0xE0000) for character in bits[:RUN_CHARACTERS_MAX])
        found.append(Hidden(shown, text.index(bits[0]), text.rindex(bits[-1]) + 1, "in invisible tag characters"))
    return found


def _has_singles(plain: bytes, words: AbstractSet[bytes] | None) -> bool:
    """Tell whether different letters stand alone; one does in most texts, as the article and the word I."""
    cut = plain.translate(_NO_WORD).lower().split() if words is None else words
    return len(_SINGLES.intersection(cut)) >= _SINGLES_MIN


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
