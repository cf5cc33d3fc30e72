"""Numbers in groups of digits: payment cards, bank accounts, FPS identifiers and Octopus cards."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from dualtrack.runtime.guards.personal.forms import Found
from dualtrack.runtime.guards.personal.tables import cards

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dualtrack.runtime.guards.personal.context import Context

__all__ = ["GROUPS_MAX", "Groups", "find_accounts", "find_announced", "find_cards", "group_digits", "luhn_holds"]

GROUPS_MAX = 7
"""Groups of one number: an account in pieces has six; more would let "1 1 1 1" of a table be tried without end."""

_CARD_DIGITS = (13, 19)
_ACCOUNT_DIGITS = (10, 17)
_KNOWN_ACCOUNT_DIGITS = (8, 16)
_GROUP = re.compile(r"[0-9]+")
_GAPS = frozenset({" ", "-", "\n", " \n", "\n ", " - ", "- ", " -", "-\n"})
_CODE_GAPS = _GAPS | {")", ") ", ")-", "/"}
_CARD_SHAPES = frozenset(
    {(4, 4, 4, 4), (4, 6, 5), (4, 6, 4), (4, 4, 4, 4, 3), (4, 4, 4, 4, 2), (4, 4, 4, 4, 1), (6, 13), (8, 8), (4, 12)}
)
_ANNOUNCED = {"fps": ("FPS_ID", (7, 9)), "octopus": ("OCTOPUS", (8, 9))}
_BARE_ACCOUNT = re.compile(
    r"[0-9]{3}-[0-9]{6}-[0-9]{3}|[0-9]{3}-[0-9]-[0-9]{6}-[0-9]|[0-9]{3}-[0-9]{3}-[0-9]{6}-[0-9]{3}"
)
_OCTOPUS_CHECK = re.compile(r" ?\([0-9]\)")

Groups = list[tuple[int, int, bool]]
"""Start and end of each run of digits, and whether the next run is joined to it by a single separator."""


def group_digits(plain: str) -> Groups:
    """Return the runs of digits of a text."""
    spans = [match.span() for match in _GROUP.finditer(plain)]
    following = [*[start for start, _ in spans[1:]], len(plain) + 9][: len(spans)]
    return [
        (start, end, after - end <= 3 and plain[end:after] in _CODE_GAPS)  # noqa: PLR2004 - the longest gap
        for (start, end), after in zip(spans, following, strict=True)
    ]


def _windows(plain: str, groups: Groups, first: int, digits: tuple[int, int], gaps: frozenset[str]) -> Iterator[int]:
    """Yield the index of each last group so that groups `first` to last have a fitting number of digits."""
    total = 0
    for last in range(first, min(first + GROUPS_MAX, len(groups))):
        start, end, joined = groups[last]
        total += end - start
        if total > digits[1]:
            return
        if total >= digits[0]:
            yield last
        if not joined or plain[end : groups[last + 1][0]] not in gaps:
            return


def _alone(plain: str, start: int, end: int) -> bool:
    """Tell that no decimal mark ties the digits to others, and nothing as `A1234` runs into them from the right."""
    before, after = plain[max(0, start - 2) : start], plain[end : end + 2]
    tied_before = len(before) == 2 and before[1] in ".," and before[0].isdigit()  # noqa: PLR2004 - digit and mark
    tied_after = len(after) == 2 and after[0] in ".," and after[1].isdigit()  # noqa: PLR2004 - mark and digit
    return not (tied_before or tied_after)


def luhn_holds(digits: str) -> bool:
    """Tell whether the check digit of ISO/IEC 7812-1 holds: every second digit from the right counts double."""
    odd = sum(map(int, digits[-1::-2]))
    even = sum(int("0246813579"[int(digit)]) for digit in digits[-2::-2])
    return (odd + even) % 10 == 0


@cache
def _issuers() -> tuple[tuple[str, str, frozenset[int]], ...]:
    return tuple((item.low, item.high, frozenset(map(int, item.lengths.split()))) for item in cards().issuers)


def _issued(digits: str) -> bool:
    return any(low <= digits[: len(low)] <= high and len(digits) in lengths for low, high, lengths in _issuers())


def find_cards(plain: str, context: Context, groups: Groups) -> Iterator[Found]:
    """Yield card numbers by issuer, length and check digit, also directly beside letters and Han characters."""
    for first in range(len(groups)):
        start = groups[first][0]
        if plain[start] == "0":
            continue
        for last in _windows(plain, groups, first, _CARD_DIGITS, _GAPS):
            end = groups[last][1]
            digits = "".join([plain[a:b] for a, b, _ in groups[first : last + 1]])
            if not (_issued(digits) and luhn_holds(digits) and _alone(plain, start, end)):
                continue
            said = context.announced(start)
            shape = tuple(b - a for a, b, _ in groups[first : last + 1])
            if said in {"reference", "money"}:
                yield Found("CARD", start, end, 350, "check digit, but words name something else")
            elif first == last or shape in _CARD_SHAPES or said == "card" or "\n" in plain[start:end]:
                yield Found("CARD", start, end, 980, "issuer and check digit")


def find_accounts(plain: str, context: Context, groups: Groups, codes: frozenset[str]) -> Iterator[Found]:
    """Yield bank accounts: a clearing code and digits in groups, or digits that the words before call an account."""
    for first in range(len(groups)):
        start, end, _ = groups[first]
        if plain[start - 1 : start] == "+" or (
            start and plain[start - 1] in ".-/" and plain[start - 2 : start - 1].isalnum()
        ):
            continue
        found = None
        if end - start == 3 and plain[start:end] in codes:  # noqa: PLR2004 - a clearing code
            found = _with_code(plain, context, groups, first)
        found = found or _by_words(plain, context, groups, first, codes)
        if found:
            yield found


def _with_code(plain: str, context: Context, groups: Groups, first: int) -> Found | None:
    start = groups[first][0]
    for last in reversed(list(_windows(plain, groups, first, _ACCOUNT_DIGITS, _CODE_GAPS))):
        second, end = groups[first + 1][1] - groups[first + 1][0], groups[last][1]
        if second not in {3, 9, 10, 11, 12} or not _alone(plain, start, end):
            continue
        said = context.announced(start)
        if said == "reference" or (said == "money" and " " in plain[start:end]) or context.counted(end):
            continue
        if plain[start - 1 : start] == "(" and ")" in plain[start:end]:
            start -= 1
        return Found("BANK_ACCOUNT", start, end, 920 if said == "account" else 800, "clearing code and form")
    return None


def _by_words(plain: str, context: Context, groups: Groups, first: int, codes: frozenset[str]) -> Found | None:
    start, stop, joined = groups[first]
    if not joined and stop - start < _KNOWN_ACCOUNT_DIGITS[0]:
        return None
    said = context.announced(start)
    if said in {"reference", "money", "phone"}:
        return None
    for last in reversed(list(_windows(plain, groups, first, _KNOWN_ACCOUNT_DIGITS, _CODE_GAPS))):
        end = groups[last][1]
        if _alone(plain, start, end) and not context.counted(end):
            if said == "account":
                coded = first == last and plain[start : start + 3] in codes
                return Found("BANK_ACCOUNT", start, end, 850 if coded else 700, "words before")
            if _BARE_ACCOUNT.fullmatch(plain, start, end):
                return Found("BANK_ACCOUNT", start, end, 550, "grouped as accounts are")
    return None


def find_announced(plain: str, context: Context, groups: Groups) -> Iterator[Found]:
    """Yield FPS identifiers (7 or 9 digits) and Octopus numbers (8 or 9), which only the words before tell apart."""
    for first in range(len(groups)):
        start = groups[first][0]
        if groups[first][1] - start > 9:  # noqa: PLR2004 - longer than both
            continue
        said = context.announced(start) if _long_enough(groups, first) else ""
        if said not in _ANNOUNCED:
            continue
        kind, lengths = _ANNOUNCED[said]
        for last in reversed(list(_windows(plain, groups, first, (7, 9), _GAPS))):
            end = groups[last][1]
            length = sum(b - a for a, b, _ in groups[first : last + 1])
            if length not in lengths or not _alone(plain, start, end) or context.counted(end):
                continue
            check = _OCTOPUS_CHECK.match(plain, end) if kind == "OCTOPUS" else None
            yield Found(kind, start, check.end() if check else end, 880, "words before")
            break


def _long_enough(groups: Groups, first: int) -> bool:
    start, end, joined = groups[first]
    return joined or end - start >= 7  # noqa: PLR2004 - the shortest identifier
