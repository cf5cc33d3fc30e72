"""Telephone numbers by the numbering plan, and e-mail addresses."""

from __future__ import annotations

import re
from datetime import date
from functools import cache
from typing import TYPE_CHECKING

from dualtrack.runtime.guards.personal.forms import Found
from dualtrack.runtime.guards.personal.tables import numbering

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dualtrack.runtime.guards.personal.context import Context
    from dualtrack.runtime.guards.personal.numbers import Groups

__all__ = ["LOCAL_MAX", "find_mails", "find_phones"]

LOCAL_MAX = 64
"""Characters before the @ (RFC 5321 section 4.5.3.1.1); it also bounds the search to the left."""

_PHONE = re.compile(
    r"(?<![0-9])(?:(\+|00|\(\+?|\(00)?(852)\)?[ \n-]{0,3})?(?<![0-9][.,])"
    r"([2-9](?:\n?[0-9]){3}[ \n-]{0,3}[0-9](?:\n?[0-9]){3}|[2-9][0-9](?:[ -][0-9]{2}){3}|[2-9][0-9]{2}[ -][0-9]{3}[ -][0-9]{2}|[2-9][0-9]{2}[ -][0-9]{2}[ -][0-9]{3})"
    r"(?![0-9]|[.,:][0-9]|[ -]?[0-9]{5}|-[0-9]|/[0-9])"
)
_NOT_DIGIT = re.compile(r"[^0-9]")
_LEFT_OF_AT = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._%+'-]*[A-Za-z0-9_%+-])?\n?\Z")
_RIGHT_OF_AT = re.compile(r"\n?[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){0,5}\.[A-Za-z]{2,24}(?![A-Za-z0-9-])")
_LOCAL_SIGNS = re.compile(r"[A-Za-z0-9._%+'-]")
_USUAL = re.compile(r"[0-9]{4}[ -]?[0-9]{4}")
_NO_PHONE = frozenset({"reference", "money", "hkid", "passport", "permit", "mainland", "card"})
"""What announces a number that is no telephone number, or another kind that its own recogniser judges."""

_PLUS = frozenset({"+", "(+", "00", "(00"})


@cache
def _plan() -> tuple[frozenset[str], tuple[str, ...]]:
    return frozenset(numbering().levels), tuple(numbering().never)


def find_phones(plain: str, context: Context, groups: Groups) -> Iterator[Found]:
    """Yield telephone numbers: with the country code, or eight digits of the plan that no word makes something else."""
    levels, never = _plan()
    for match in _matches(plain, groups):
        digits = _NOT_DIGIT.sub("", match[3])
        if digits[0] not in levels or digits.startswith(never):
            continue
        start, end = match.span()
        if match[2] and plain[max(0, start - 1) : start] == "(" and ")" in match[0]:
            start -= 1
        if plain[start] == "(" and ")" not in match[0]:
            start += 1
        said = context.announced(start)
        if match[2] and (match[1] in _PLUS or said not in {"reference", "money"}):
            yield Found("PHONE", start, end, 960, "country code and numbering plan")
        elif match[2]:
            continue
        elif said == "phone":
            yield Found("PHONE", start, end, 930, "words before and numbering plan")
        elif said not in _NO_PHONE and _plain_number(plain, start, end, digits, context):
            yield Found("PHONE", start, end, 750, "numbering plan")


def _matches(plain: str, groups: Groups) -> Iterator[re.Match[str]]:
    """Try the pattern only where a run of digits begins, with a bracket or plus before it."""
    done = 0
    for start, _, _ in groups:
        begin = start
        while begin > max(done, start - 2) and plain[begin - 1] in "+(":
            begin -= 1
        match = _PHONE.match(plain, begin) if start >= done else None
        if match is None and begin < start:
            match = _PHONE.match(plain, start)
        if match:
            done = match.end()
            yield match


def _plain_number(plain: str, start: int, end: int, digits: str, context: Context) -> bool:
    """Tell whether eight digits without a telling word can be a telephone number, not an amount, date, range or code."""
    before, body = plain[start - 1 : start], plain[start:end]
    if before and (before in "$#/.-_=¥£€" or (before.isascii() and before.isalpha())):
        return False
    if plain[end : end + 1] in {"%", "_"} or (plain[end : end + 1].isascii() and plain[end : end + 1].isalpha()):
        return False
    if not _USUAL.fullmatch(body) or context.counted(end) or _is_date(digits):
        return False
    years = digits[:2] in {"20", "21"} and digits[4:6] in {"20", "21"}
    round_range = digits[2:4] == "00" and digits[6:] == "00"
    return body.isdigit() or not (years or round_range)


def _is_date(digits: str) -> bool:
    if digits[:2] != "20":
        return False
    try:
        date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return False
    return True


def find_mails(plain: str) -> Iterator[Found]:
    """Yield e-mail addresses, looking outwards from each @."""
    at = plain.find("@")
    while at >= 0:
        left = _left_of(plain, at)
        right = _RIGHT_OF_AT.match(plain, at + 1)
        if left < at and right:
            yield Found("EMAIL", left, right.end(), 970, "form of an address")
        at = plain.find("@", at + 1)


def _left_of(plain: str, at: int) -> int:
    """Return where the local part begins, or `at` if there is none; it never looks further than it may be long."""
    start = at
    while start and at - start < LOCAL_MAX:
        sign = plain[start - 1]
        if not (_LOCAL_SIGNS.match(sign) or (sign == "\n" and start == at)):
            break
        start -= 1
    match = _LEFT_OF_AT.search(plain[start:at])
    return start + match.start() if match else at
