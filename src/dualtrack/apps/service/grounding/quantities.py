"""Figures of a text with what they count: money by currency, shares, lengths of time, days of a month, times of a day, and on which side of them a fact lies.

The values are read by `runtime.guards.figures`; this adds units, times, dates without a year and the bounds ("at least", 以內).
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import NamedTuple

from dualtrack.apps.service.grounding.clock import ANY_FIGURE, DAY_MINUTES, days_of_month, times_of_day, with_digits
from dualtrack.apps.service.grounding.lexicon import lexicon
from dualtrack.apps.service.grounding.units import CURRENCIES, CURRENCY_LEFT, UNIT, UNITS
from dualtrack.runtime.guards.figures import figures

__all__ = ["Quantity", "agrees", "contrary", "quantities"]

_RANGE = re.compile(r" ?(?:-|–|—|~|to|至|到|or|and|或) ?(?:hk\$|us\$|\$|港币)?")
_ONE = re.compile(
    r"(?<![a-z])one (?=(?:working |business |calendar |trading )?(?:day|week|month|year|hour|minute)s?(?![a-z]))|(?<![第每下另某之同任统唯单万百千十零两二三四五六七八九一])一(?=个月|年|个星期|星期|个工作|个小时|小时|个营业|天)|(?<![a-z])half an (?=hour)|(?<![a-z])half a (?=year)|半(?=年|小时)"
)
_HALVES = {"half an ": Decimal("0.5"), "half a ": Decimal("0.5"), "半": Decimal("0.5")}
_STRIP = re.compile(r"(?:hk\$|us\$|hkd|usd|\$|港币|港元|人民币|(?<![a-z])(?:the|a|an|another)) *$")
_DAY_IN_MINUTES = 1440
_NEAR = 26
_YEAR_DIGITS = 4
_TWINS = ({"day", "th"}, {"month", "age"})


class Quantity(NamedTuple):
    """A value of a type ("money", "month", "day", "workday", "minute", "percent", "clock", "date", "daymonth" or "" where none is told) at a place."""

    type: str
    value: str
    currency: str
    bounds: frozenset[str]
    start: int
    end: int


def agrees(said: Quantity, known: Quantity) -> bool:
    """Say whether a figure is one of the source: value, what it counts, and currency where both tell one."""
    if "clock" in {said.type, known.type}:
        return _same_clock(said, known)
    types = {said.type, known.type}
    if types == {"day", "minute"}:
        return _minutes(said) == _minutes(known)
    if said.value != known.value or (said.currency and known.currency and said.currency != known.currency):
        return False
    return len(types) == 1 or bool(types & {"", "ordinal"}) or types in _TWINS


def _minutes(each: Quantity) -> Decimal:
    return Decimal(each.value) * (_DAY_IN_MINUTES if each.type == "day" else 1)


def contrary(said: frozenset[str], known: frozenset[str]) -> bool:
    """Say whether bounds contradict: the one lies below or before where the other lies above or after."""
    pairs = (("up", "down"), ("before", "after"), ("up", "within"), ("within", "after"))
    return any(
        (one in said and other in known and other not in said and one not in known)
        or (other in said and one in known and one not in said and other not in known)
        for one, other in pairs
    )


def quantities(text: str) -> list[Quantity]:
    """Return the figures of a folded text, without addresses, in order."""
    if ANY_FIGURE.search(text) is None:
        return []
    text = with_digits(text)
    found: list[Quantity] = []
    for start, end, time in times_of_day(text):
        found.append(_bounded(text, "clock", time, "", start, end))
    for each in found:
        text = f"{text[: each.start]}{' ' * (each.end - each.start)}{text[each.end :]}"
    numbers = [each for each in figures(text) if text[each.start - 1 : each.start] != "每"]
    dates = [each for each in numbers if each.kind == "date"]
    found += [_bounded(text, "date", each.value, "", each.start, each.end) for each in dates]
    taken = {place for each in dates for place in range(each.start, each.end)}
    for start, end, day in days_of_month(text):
        if start not in taken:
            taken.update(range(start, end))
            found.append(_bounded(text, "daymonth", day, "", start, end))
    found += [_number(text, *each) for each in numbers if each.kind != "date" and each.start not in taken]
    begun = {each.start for each in found}
    for match in _ONE.finditer(text):
        if match.start() in begun:
            continue
        value = str(_HALVES.get(match[0], Decimal(1)))
        found.append(_number(text, "number", value, match.start(), match.end() - match[0].endswith(" ")))
    found.sort(key=lambda each: each.start)
    return _ranges(text, found)


def _number(text: str, kind: str, value: str, start: int, end: int) -> Quantity:
    if kind == "percent":
        return _bounded(text, "percent", value, "", start, end)
    left = CURRENCY_LEFT.search(text[max(start - 6, 0) : start])
    unit = UNIT.match(text, end)
    name = unit[1] if unit else ""
    name = name if name in UNITS or name in CURRENCIES else name.removesuffix("s")
    close = unit.end() if unit and (name in CURRENCIES or not left) else end
    if left or name in CURRENCIES:
        currency = (CURRENCIES[left[1]] if left else "") or CURRENCIES.get(name, "")
        return _bounded(text, "money", value, currency, start, close)
    if name not in UNITS:
        return _bounded(text, "", value, "", start, end)
    if name == "年" and len(value) == _YEAR_DIGITS:
        return _bounded(text, "year", value, "", start, close)
    if text[start - 1 : start] == "第":
        return _bounded(text, "ordinal", value, "", start, close)
    base, times = UNITS[name]
    return _bounded(text, base, _plain(Decimal(value) * times), "", start, close)


def _plain(value: Decimal) -> str:
    return format(value.normalize(), "f")


def _bounded(text: str, kind: str, value: str, currency: str, start: int, end: int) -> Quantity:
    known = lexicon()
    left = _STRIP.sub("", text[max(start - _NEAR, 0) : start].rstrip(" "), count=1).rstrip(" ")
    right = text[end : end + _NEAR].lstrip(" ")
    bounds = frozenset[str]()
    if left.endswith(known.before_ends):
        for phrase, names in known.before_it:
            if left.endswith(phrase) and _parted(left[: -len(phrase)][-1:], phrase[0]):
                bounds = names
                break
    if right.startswith(known.after_begins):
        for phrase, names in known.after_it:
            if right.startswith(phrase) and _parted(right[len(phrase) :][:1], phrase[-1]):
                bounds |= names
                break
    return Quantity(kind, value, currency, bounds, start, end)


def _parted(beside: str, sign: str) -> bool:
    return not (sign.isascii() and sign.isalpha() and beside.isascii() and beside.isalpha())


def _ranges(text: str, found: list[Quantity]) -> list[Quantity]:
    """Give the first figure of a range the unit of the second, as in "3 to 5 days", and the second the currency of the first."""
    for at in range(len(found) - 1, 0, -1):
        one, other = found[at - 1], found[at]
        if not _RANGE.fullmatch(text, one.end, other.start):
            continue
        if one.type == "" and other.type not in {"", "clock"}:
            years = other.type == "month" and (
                "年" in text[other.start : other.end] or "year" in text[other.start : other.end]
            )
            value = _plain(Decimal(one.value) * (12 if years else 1))
            found[at - 1] = one._replace(type=other.type, currency=other.currency, value=value)
        elif one.type == "money" and other.type == "":
            found[at] = other._replace(type="money", currency=one.currency)
    return found


def _same_clock(said: Quantity, known: Quantity) -> bool:
    if said.type == "" and said.value.isdigit():
        return str(int(said.value) * 60 % DAY_MINUTES) == known.value.split("/")[0]  # "from 9 to 6"
    if said.type != known.type:
        return False
    (one, half), (other, known_half) = said.value.split("/"), known.value.split("/")
    return one == other and (not half or not known_half or half == known_half)
