"""Identity documents: Hong Kong identity cards, mainland resident cards, passports and travel permits."""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING

from dualtrack.runtime.guards.personal.forms import Found

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dualtrack.runtime.guards.personal.context import Context

__all__ = [
    "LETTERS_WIDTH",
    "find_hkids",
    "find_mainland_ids",
    "find_travel_documents",
    "hkid_check_digit",
    "mainland_check_digit",
]

LETTERS_WIDTH = 5
"""Two letters and the widest gap before the first digit of an identity card, passport or permit."""

_BREAK = r"(?: ?\n ?)?"
_GAP = r"[ \n-]{0,3}"
_HKID = re.compile(
    rf"(?<![A-Za-z0-9])([A-Za-z]{{1,2}})({_GAP})([0-9](?:{_BREAK}[0-9]){{5}}){_GAP}"
    rf"(?:([(\[]){_GAP}([0-9Aa]){_GAP}[)\]]|([0-9Aa])(?![A-Za-z0-9]))"
)
_MAINLAND = re.compile(r"(?<![0-9])[1-8][0-9](?:[ \n-]{0,2}[0-9]){15}[ \n-]{0,2}[0-9Xx](?![0-9A-Za-z])")
_DIGITS = re.compile(r"[0-9]")
_TRAVEL = re.compile(rf"(?<![A-Za-z0-9])([A-Za-z]{{1,2}}){_GAP}([0-9](?:{_BREAK}[0-9]){{6,9}})(?![A-Za-z0-9]|-[0-9])")
_ANY_PASSPORT = re.compile(r"(?<![A-Za-z0-9])(?=[A-Za-z0-9]{0,3}[0-9])[A-Za-z0-9]{6,9}(?![A-Za-z0-9])")
_SAYS_PASSPORT = re.compile(
    "護照|證件|通行證|回鄉|[Pp]assport|PASSPORT|[Pp]ermit|PERMIT|[Tt]ravel [Dd]oc|BNO|BN\\(O|HRP"
)
_DIGIT_RUN = re.compile(r"[0-9]+")
_LETTERS_AT_END = re.compile(r"(?<![A-Za-z0-9])([A-Za-z]{1,2})[ \n-]{0,3}\Z")
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_BORN_FROM = 1880


def hkid_check_digit(letters: str, digits: str) -> str:
    """Return the check digit of an identity card: weights 9 to 2, A is 10, a missing first letter 36, modulo 11."""
    values = [36] if len(letters) == 1 else []
    values += [ord(letter) - 55 for letter in letters.upper()] + [int(digit) for digit in digits]
    rest = -sum(value * weight for value, weight in zip(values, range(9, 1, -1), strict=True)) % 11
    return "A" if rest == 10 else str(rest)  # noqa: PLR2004 - modulo 11 has one digit too many


def mainland_check_digit(digits: str) -> str:
    """Return the last sign of an 18-digit resident identity number (GB 11643, ISO 7064 MOD 11-2) from the first 17."""
    return "10X98765432"[sum(int(digit) * weight for digit, weight in zip(digits, _WEIGHTS, strict=True)) % 11]


def _after_letters(pattern: re.Pattern[str], plain: str) -> Iterator[re.Match[str]]:
    """Yield what `finditer` would of a pattern of one or two letters and digits; only before digits is it tried.

    The letters stand at most LETTERS_WIDTH before the first digit of a run, and nothing of a word before them.
    """
    done = 0
    for run in _DIGIT_RUN.finditer(plain):
        before = _LETTERS_AT_END.search(plain, max(0, run.start() - LETTERS_WIDTH), run.start())
        if before is None or before.start(1) < done:
            continue
        match = pattern.match(plain, before.start(1))
        if match:
            done = match.end()
            yield match


def find_hkids(plain: str, context: Context) -> Iterator[Found]:
    """Yield identity card numbers by check digit; with a wrong one only where the words before say what it is."""
    for match in _after_letters(_HKID, plain):
        letters, gap, digits, bracket = match[1], match[2], match[3], match[4]
        given = (match[5] or match[6]).upper()
        kind = context.announced(match.start())
        right = hkid_check_digit(letters, "".join(_DIGITS.findall(digits))) == given
        if kind == "hkid":
            yield Found(
                "HKID", *match.span(), 995 if right else 400, "check digit and words" if right else "words only"
            )
        elif right and bracket and not (gap and letters.islower()):
            yield Found("HKID", *match.span(), 990, "check digit and brackets")
        elif right and not gap and kind not in {"reference", "money", "passport", "permit"}:
            yield Found("HKID", *match.span(), 850, "check digit")


def find_mainland_ids(plain: str, context: Context) -> Iterator[Found]:
    """Yield resident identity numbers by check digit and a real birthday."""
    for match in _MAINLAND.finditer(plain):
        signs = re.sub(r"[ \n-]", "", match[0]).upper()
        if not _is_day(signs[6:14]):
            continue
        kind = context.announced(match.start())
        if mainland_check_digit(signs[:17]) == signs[17]:
            yield Found("MAINLAND_ID", *match.span(), 990, "check digit and birthday")
        elif kind in {"mainland", "hkid"}:
            yield Found("MAINLAND_ID", *match.span(), 450, "words and birthday")


def _is_day(digits: str) -> bool:
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:])).year >= _BORN_FROM
    except ValueError:
        return False


def find_travel_documents(plain: str, context: Context) -> Iterator[Found]:
    """Yield passports and permits: by known series, or by the words before."""
    for match in _after_letters(_TRAVEL, plain):
        kind, score = _series(match[1].upper(), sum(sign.isdigit() for sign in match[2]))
        said = context.announced(match.start())
        if said in {"passport", "permit"}:
            yield Found(said.upper(), *match.span(), 900, "words and form")
        elif kind and match[1].isupper() and " " not in match[0] and said not in {"reference", "money", "hkid"}:
            yield Found(kind, *match.span(), score, "form of a known series")
    if not _SAYS_PASSPORT.search(plain):
        return
    for match in _ANY_PASSPORT.finditer(plain):
        if context.announced(match.start()) == "passport":
            yield Found("PASSPORT", *match.span(), 700, "words before")
        elif match[0].isdigit() and context.announced(match.start()) == "permit":
            yield Found("PERMIT", *match.span(), 700, "words before")


def _series(letters: str, digits: int) -> tuple[str, int]:
    """Return the kind of a letter series and its score: HKSAR H, K, HJ, KJ; PRC E, G, EA to EZ; permits H, M (10 digits)."""
    if letters in {"H", "M"} and digits == 10:  # noqa: PLR2004 - eight of the holder, two of the issue
        return "PERMIT", 700
    if (letters in {"H", "K", "E", "G"} and digits == 8) or (letters in {"HJ", "KJ"} and digits == 7):  # noqa: PLR2004 - as printed
        return "PASSPORT", 600
    if letters == "M" and digits == 8:  # noqa: PLR2004 - as printed
        return "PERMIT", 550
    if len(letters) == 2 and letters[0] == "E" and digits == 7:  # noqa: PLR2004 - as printed
        return "PASSPORT", 500
    return "", 0
