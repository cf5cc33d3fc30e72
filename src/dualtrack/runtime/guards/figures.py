"""Numbers, dates and percentages in English and Chinese text, as values that can be compared.

`35,000`, `HK$35k` and `三萬五千` are one value; `5%`, `5 per cent` and `百分之五` one percentage; `31 December 2024`, `31/12/2024`
(day first, as in Hong Kong) and `二零二四年十二月三十一日` one date. A single Chinese numeral counts only before a unit, and the word
"one" never: both are mostly ordinary language.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import NamedTuple

from dualtrack.runtime.guards.texts import fold

__all__ = ["FIGURES_MAX", "Figure", "figures"]

FIGURES_MAX = 5_000
"""Figures of one text that are compared; a longer table is not an answer in words."""

_MONTHS = (
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
)
_MONTH = "|".join(f"{name}|{name[:3]}" for name in _MONTHS)
_WORDS = {
    word: value
    for value, word in enumerate(
        (
            "two",
            "three",
            "four",
            "five",
            "six",
            "seven",
            "eight",
            "nine",
            "ten",
            "eleven",
            "twelve",
            "thirteen",
            "fourteen",
            "fifteen",
            "sixteen",
            "seventeen",
            "eighteen",
            "nineteen",
            "twenty",
        ),
        2,
    )
} | {"thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90}
_TIMES = {
    "k": 10**3, "thousand": 10**3, "m": 10**6, "mn": 10**6, "million": 10**6, "b": 10**9, "bn": 10**9,
    "billion": 10**9, "千": 10**3, "万": 10**4, "百万": 10**6, "亿": 10**8,
}  # fmt: skip
_DIGITS = {character: value for value, character in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}
_PLACES = {"十": 10, "百": 100, "千": 1000}
_ZH = "零〇一二三四五六七八九两十百千万亿"
_UNITS = "年月日号元蚊块岁%厘成折天个月小时分钟次倍期手股点"

_DATES = (
    re.compile(r"(?P<y>[12]\d{3})-(?P<m>\d{1,2})-(?P<d>\d{1,2})(?!\d)"),
    re.compile(r"(?<!\d)(?P<d>\d{1,2})[/.](?P<m>\d{1,2})[/.](?P<y>[12]\d{3})(?!\d)"),
    re.compile(rf"(?<!\d)(?P<d>\d{{1,2}})(?:st|nd|rd|th)? (?P<month>{_MONTH})\.?,? (?P<y>[12]\d{{3}})(?!\d)"),
    re.compile(rf"(?<![a-z])(?P<month>{_MONTH})\.? (?P<d>\d{{1,2}})(?:st|nd|rd|th)?,? (?P<y>[12]\d{{3}})(?!\d)"),
    re.compile(
        rf"(?P<y>[12]\d{{3}}|[{_ZH}]{{4}})年(?P<m>\d{{1,2}}|[{_ZH}]{{1,3}})月(?P<d>\d{{1,2}}|[{_ZH}]{{1,3}})[日号]"
    ),
)
_PERCENT_ZH = re.compile(rf"百分之([{_ZH}]{{1,8}}(?:点[{_ZH}]{{1,8}})?|\d{{1,9}}(?:\.\d{{1,9}})?)")
_NUMBER = re.compile(
    r"(?<![\d.])(?P<n>\d{1,3}(?:,\d{3}){1,6}(?:\.\d{1,12})?|\d{1,24}(?:\.\d{1,12})?)"
    r"(?: ?(?P<times>(?:thousand|million|billion|k|mn|m|bn|b)(?![a-z])|百万|[千万亿]))?(?P<percent> ?(?:%|per cent|percent))?"
)
_NUMERAL = re.compile(rf"[{_ZH}]{{1,16}}(?:点[{_ZH}]{{1,8}})?")
_WORD = re.compile(rf"(?<![a-z])({'|'.join(_WORDS)})(?![a-z])(?P<percent> (?:per cent|percent))?")
_LIST_MARK = re.compile(r"(?:^|(?<=\n))\s{0,8}\d{1,2}[.)](?=\s)")


class Figure(NamedTuple):
    """A value and its kind: `number`, `percent` or `date` (then the text is yyyy-mm-dd); place in the folded text."""

    kind: str
    value: str
    start: int
    end: int


def figures(text: str) -> list[Figure]:
    """Return the figures of a text; marks of a numbered list are none."""
    left = fold(_LIST_MARK.sub(lambda match: " " * len(match[0]), text)).text
    found: list[Figure] = []

    def take(kind: str, value: str, match: re.Match[str]) -> None:
        nonlocal left
        found.append(Figure(kind, value, *match.span()))
        left = left[: match.start()] + " " * len(match[0]) + left[match.end() :]

    for pattern in _DATES:
        for match in list(pattern.finditer(left))[:FIGURES_MAX]:
            if date := _date(match):
                take("date", date, match)
    for match in list(_PERCENT_ZH.finditer(left))[:FIGURES_MAX]:
        take("percent", _plain(_value(match[1])), match)
    for pattern in (_NUMBER, _WORD, _NUMERAL):
        for match in pattern.finditer(left):
            if len(found) >= FIGURES_MAX:
                return found
            if figure := _figure(match, left):
                found.append(figure)
    return found


def _figure(match: re.Match[str], text: str) -> Figure | None:
    if match.re is _NUMERAL:
        numeral, after = match[0], text[match.end() : match.end() + 1]
        sure = (
            len(numeral) > 1 and numeral[0] not in "万亿千" and any(sign in _DIGITS or sign == "十" for sign in numeral)
        )
        if not sure and not (numeral in _DIGITS or numeral == "十"):
            return None
        if not sure and (after == "" or after not in _UNITS or (numeral == "一" and after in "个次点日手成")):
            return None
        return Figure("percent" if after == "%" else "number", _plain(_value(numeral)), *match.span())
    if match.re is _WORD:
        value = Decimal(_WORDS[match[1]])
    else:
        value = Decimal(match["n"].replace(",", "")) * _TIMES.get(match["times"] or "", 1)
    return Figure("percent" if match["percent"] else "number", _plain(value), *match.span())


def _date(match: re.Match[str]) -> str:
    parts = match.groupdict()
    year = _value(parts["y"])
    month = _value(parts["m"]) if parts.get("m") else Decimal(_month(parts["month"] or ""))
    day = _value(parts["d"])
    return f"{int(year):04}-{int(month):02}-{int(day):02}" if 1 <= month <= 12 and 1 <= day <= 31 else ""  # noqa: PLR2004 -- the calendar


def _month(name: str) -> int:
    return next(number for number, full in enumerate(_MONTHS, 1) if full.startswith(name[:3]))


def _value(numeral: str) -> Decimal:
    """Return the value of digits or of a Chinese numeral, by places (三萬五千, colloquial 三萬五) or digit by digit (二零二四)."""
    if numeral[0].isascii():
        return Decimal(numeral)
    whole, _, part = numeral.partition("点")
    fraction = Decimal("0." + "".join(str(_DIGITS.get(sign, 0)) for sign in part)) if part else Decimal(0)
    if not any(sign in _PLACES or sign in "万亿" for sign in whole):
        return Decimal("".join(str(_DIGITS[sign]) for sign in whole) or "0") + fraction
    total = section = digit = 0
    last = 1
    for sign in whole:
        if sign in _DIGITS:
            digit = _DIGITS[sign]
            last = 1 if sign in "零〇" else last
        elif sign in _PLACES:
            section += (digit or 1) * _PLACES[sign]
            digit, last = 0, _PLACES[sign]
        else:
            large = 10**4 if sign == "万" else 10**8
            total = (total + section + digit) * large if sign == "亿" else total + (section + digit) * large
            section, digit, last = 0, 0, large
    colloquial = digit * last // 10 if last >= 100 else digit  # noqa: PLR2004 -- 三萬五 is 35,000, 十五 is 15
    return Decimal(total + section + colloquial) + fraction


def _plain(value: Decimal) -> str:
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
