"""Figures in an answer, in English and Chinese: amounts with their scale and currency, percentages, dates.

`HK$3.5 million`, `3,500,000 港元` and `三百五十萬元` are one amount; `(1,200)` is minus 1,200 as in accounts; 25 basis points are 0.25 %.
Dates have the day first, as in Hong Kong. A year in brackets is a year. A single Chinese numeral counts before a unit only.
"""

from __future__ import annotations

import re
from fractions import Fraction
from typing import NamedTuple

from dualtrack.errors import FieldError
from dualtrack.evidence.answers.numerals import ZH_NUMERAL, read_numeral
from dualtrack.evidence.answers.wording import fold

__all__ = ["FIGURES_MAX", "Figure", "figures", "same_figure"]

FIGURES_MAX = 2_000
"""Most figures of one text: a longer table is no answer in words, and reading a part of it would pass the rest unseen."""

_SCALES = {
    "thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12, "k": 10**3, "m": 10**6, "mn": 10**6, "mio": 10**6,
    "b": 10**9, "bn": 10**9, "tn": 10**12, "千": 10**3, "萬": 10**4, "万": 10**4, "十萬": 10**5, "十万": 10**5, "百萬": 10**6, "百万": 10**6,
    "千萬": 10**7, "千万": 10**7, "億": 10**8, "亿": 10**8, "十億": 10**9, "十亿": 10**9, "百億": 10**10, "百亿": 10**10, "萬億": 10**12, "万亿": 10**12,
}  # fmt: skip
_CURRENCIES = {
    "hk$": "HKD", "hkd": "HKD", "港元": "HKD", "港幣": "HKD", "港币": "HKD", "us$": "USD", "usd": "USD", "美元": "USD", "美金": "USD",
    "rmb": "CNY", "cny": "CNY", "cnh": "CNY", "人民幣": "CNY", "人民币": "CNY", "eur": "EUR", "€": "EUR", "歐元": "EUR", "欧元": "EUR",
    "gbp": "GBP", "£": "GBP", "英鎊": "GBP", "英镑": "GBP", "jpy": "JPY", "日圓": "JPY", "日元": "JPY", "$": "", "¥": "", "元": "",
}  # fmt: skip
_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_MONTH = r"(?P<name>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
_ZH_PART = rf"[0-9]{{1,4}}|[{ZH_NUMERAL}]{{1,4}}"
_DATES = tuple(
    re.compile(pattern)
    for pattern in (
        r"(?<![0-9])(?P<y>[12][0-9]{3})-(?P<m>[0-9]{1,2})-(?P<d>[0-9]{1,2})(?![0-9])",
        r"(?<![0-9])(?P<d>[0-9]{1,2})[/.](?P<m>[0-9]{1,2})[/.](?P<y>[12][0-9]{3})(?![0-9])",
        rf"(?<![0-9])(?P<d>[0-9]{{1,2}})(?:st|nd|rd|th)? (?:of )?{_MONTH}\.?,? (?P<y>[12][0-9]{{3}})(?![0-9])",
        rf"(?<![a-z]){_MONTH}\.? (?P<d>[0-9]{{1,2}})(?:st|nd|rd|th)?,? (?P<y>[12][0-9]{{3}})(?![0-9])",
        rf"(?P<y>[12][0-9]{{3}}|[{ZH_NUMERAL}]{{4}}) ?年 ?(?P<m>{_ZH_PART}) ?月 ?(?P<d>{_ZH_PART}) ?[日號号]",
    )
)


def _any(words: dict[str, object] | dict[str, int] | dict[str, str]) -> str:
    longest = sorted(words, key=len, reverse=True)
    return "|".join(
        re.escape(word) + ("(?![a-z])" if word[-1].isascii() and word[-1].isalpha() else "") for word in longest
    )


_PERCENT = r"%|per ?cent(?![a-z])|percentage points?|個?百分點|个?百分点"
_POINTS = r"basis points?(?![a-z])|bps?(?![a-z])|個?基點|个?基点"
_AMOUNT = re.compile(
    rf"(?P<outside>{_any(_CURRENCIES)})?(?P<open>\()?(?P<minus1>(?<![\w)])[-−] ?|(?<![a-z])(?:minus|negative) |[負负])?(?P<before>{_any(_CURRENCIES)})? ?(?P<minus2>(?<![\w)])[-−])?"
    r"(?<![0-9.])(?P<digits>[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]{1,12})?|[0-9]{1,24}(?:\.[0-9]{1,12})?)"
    rf"(?: ?(?P<scale>{_any(_SCALES)}))?(?: ?(?:(?P<percent>{_PERCENT})|(?P<points>{_POINTS})))?"
    rf"(?: ?(?P<after>{_any(_CURRENCIES)}))?(?P<close>\))?"
)
_ZH_PERCENT = re.compile(
    rf"(?P<minus>負|负)?百分之(?P<digits>[{ZH_NUMERAL}]{{1,8}}(?:[點点][{ZH_NUMERAL}]{{1,8}})?|[0-9]{{1,9}}(?:\.[0-9]{{1,9}})?)"
)
_ZH_AMOUNT = re.compile(
    rf"(?P<minus>負|负)?(?P<digits>[{ZH_NUMERAL}]{{1,16}}(?:[點点][{ZH_NUMERAL}]{{1,8}})?)(?P<after>{_any(_CURRENCIES)})?"
)
_ZH_UNIT = "年月日號号歲岁天個个小時时次倍期手股厘成%元港美"
_WORDS = {
    word: value
    for value, word in enumerate(
        ["two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"],
        2,  # "one" is mostly no figure
    )
}
_WORD = re.compile(
    rf"(?<![\w-])(?P<word>{_any(_WORDS)})(?: (?P<scale>thousand|million|billion))?(?: (?P<percent>per ?cent(?![a-z])))?"
)
_YEARS = range(1900, 2101)


class Figure(NamedTuple):
    """A value and its kind; a date's value is yyyymmdd. `currency` is its ISO code, empty where none or an ambiguous sign stands."""

    kind: str
    value: Fraction
    currency: str = ""


def figures(text: str) -> list[Figure]:
    """Return the figures of a text in the order of their kinds: dates, Chinese percentages, amounts, numerals, words; raises FieldError beyond FIGURES_MAX."""
    left, found = fold(text), list[Figure]()
    for pattern in _DATES:
        left = pattern.sub(lambda match: _taken(match, _date(match), found), left)
    left = _ZH_PERCENT.sub(lambda match: _taken(match, _chinese(match, "percent"), found), left)
    left = _AMOUNT.sub(lambda match: _taken(match, _amount(match), found), left)
    for match in _ZH_AMOUNT.finditer(left):
        if _is_numeral(match["digits"], left[match.end("digits") :][:2]):
            found.append(_chinese(match, "number"))
    for match in _WORD.finditer(left):
        value = Fraction(_WORDS[match["word"]] * _SCALES.get(match["scale"] or "", 1))
        found.append(Figure("percent" if match["percent"] else "number", value))
    if len(found) > FIGURES_MAX:
        raise FieldError(f"{len(found)} figures in one text", where="answers", expected=f"at most {FIGURES_MAX}")
    return found


def same_figure(expected: Figure, given: Figure, tolerance: float) -> bool:
    """Say whether two figures are the same: kind, currency where both state one, and value within a share of the expected one."""
    if expected.kind != given.kind or (expected.currency and given.currency and expected.currency != given.currency):
        return False
    if expected.kind == "date":
        return expected.value == given.value
    return abs(expected.value - given.value) <= Fraction(str(tolerance)) * abs(expected.value)


def _taken(match: re.Match[str], figure: Figure | None, found: list[Figure]) -> str:
    """Keep a figure and blank its text, so that no later pattern reads it again."""
    if figure is None:
        return match[0]
    found.append(figure)
    return " " * len(match[0])


def _date(match: re.Match[str]) -> Figure | None:
    parts = match.groupdict()
    month = _MONTHS.index(parts["name"][:3]) + 1 if parts.get("name") else int(read_numeral(parts["m"]))
    year, day = int(read_numeral(parts["y"])), int(read_numeral(parts["d"]))
    known = 1 <= month <= 12 and 1 <= day <= 31  # noqa: PLR2004 -- the calendar
    return Figure("date", Fraction(year * 10_000 + month * 100 + day)) if known else None


def _amount(match: re.Match[str]) -> Figure:
    parts = match.groupdict()
    digits = parts["digits"]
    value = Fraction(digits.replace(",", "")) * _SCALES.get(parts["scale"] or "", 1)
    bare = not any(parts[name] for name in ("outside", "before", "after", "scale", "percent", "points"))
    year = bare and digits.isdigit() and int(digits) in _YEARS
    if parts["minus1"] or parts["minus2"] or (parts["open"] and parts["close"] and not year):
        value = -value
    kind = "percent" if parts["percent"] or parts["points"] else "number"
    stated = [_CURRENCIES[parts[name]] for name in ("outside", "before", "after") if parts[name]]
    currency = next((each for each in stated if each), "")
    return Figure(kind, value / 100 if parts["points"] else value, currency)


def _chinese(match: re.Match[str], kind: str) -> Figure:
    value = read_numeral(match["digits"])
    currency = _CURRENCIES.get(match.groupdict().get("after") or "", "")
    return Figure(kind, -value if match["minus"] else value, currency)


def _is_numeral(numeral: str, after: str) -> bool:
    """Say whether signs that can be digits are a number here: two or more with a place among them or digit by digit, or one with a unit."""
    if len(numeral) > 1:
        return numeral[0] not in "百千萬万億亿" and numeral != "一一"
    if numeral in "百千萬万億亿零〇":
        return False
    if after in {"分鐘", "分钟"}:
        return True
    return bool(after) and after[0] in _ZH_UNIT and not (numeral == "一" and after[0] in "個个次日手成天")
