"""Words of the made reports: labels of lines by issuer, headings of columns, dates and years in both languages."""

from __future__ import annotations

from calendar import month_name, monthrange
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

from dualtrack.domain.documents import read_yaml
from dualtrack.domain.records import Record, Text, read_record

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dualtrack.apps.research.generator.issuer import Issuer

__all__ = [
    "Line",
    "Wording",
    "chinese_numeral",
    "day_words",
    "end_day",
    "half_day",
    "line_label",
    "line_words",
    "scale_words",
    "year_words",
]

_FILE = "lines.yaml"
_DIGITS = "零一二三四五六七八九"

_SCALES: Mapping[tuple[str, int], Text] = {
    ("HKD", 3): Text(en="HK$'000", zh="千港元"),
    ("HKD", 6): Text(en="HK$ million", zh="百萬港元"),
    ("USD", 3): Text(en="US$'000", zh="千美元"),
    ("USD", 6): Text(en="US$ million", zh="百萬美元"),
}


class Wording(Record, frozen=True, rename={"zh": "zh-Hant"}):
    """One wording in both languages."""

    en: str
    zh: str


class Line(Record, frozen=True, rename={"zh": "zh-Hant"}):
    """A line: its wordings, and the concept that it stands for."""

    en: list[str]
    zh: list[str]
    concept: str | None = None
    cost: bool = False
    loss: Wording | None = None
    gain: Wording | None = None


@cache
def line_words() -> dict[str, Line]:
    """Return the shipped words by line."""
    data = (resources.files("dualtrack.apps.research.generator") / _FILE).read_bytes()
    return read_record(read_yaml(data, where=_FILE), dict[str, Line], where=_FILE)


def line_label(issuer: Issuer, line: str, amounts: tuple[int, ...] = ()) -> Text:
    """Return what the issuer calls a line whose columns hold these amounts."""
    words = line_words()[line]
    if words.loss and any(each < 0 for each in amounts if line != "tax"):
        return Text(en=words.loss.en, zh=words.loss.zh)
    if line == "tax" and words.loss and any(each > 0 for each in amounts):  # printed as an expense, in brackets
        return Text(en=words.loss.en, zh=words.loss.zh)
    if words.gain and any(each > 0 for each in amounts):
        return Text(en=words.gain.en, zh=words.gain.zh)
    which = issuer.manner.wording
    return Text(en=words.en[which % len(words.en)], zh=words.zh[which % len(words.zh)])


def scale_words(currency: str, scale: int) -> Text:
    """Return how a heading says currency and scale."""
    return _SCALES[currency, scale]


def end_day(issuer: Issuer, year: int) -> str:
    """Return the last day of a financial year that is named by the year in which it ends, as 2025-12-31."""
    month, day = issuer.year_end
    return f"{year}-{month:02d}-{min(day, monthrange(year, month)[1]):02d}"


def half_day(issuer: Issuer, year: int) -> str:
    """Return the last day of the first half of the financial year that is named `year`."""
    month = issuer.year_end[0]
    before = (month + 5) % 12 + 1
    at = year if before < month else year - 1
    return f"{at}-{before:02d}-{monthrange(at, before)[1]}"


def chinese_numeral(number: int) -> str:
    """Return a numeral from 1 to 31 as in dates: 三十一."""
    tens, ones = divmod(number, 10)
    return ("" if not tens else "十" if tens == 1 else f"{_DIGITS[tens]}十") + (_DIGITS[ones] if ones else "")


def year_words(issuer: Issuer, year: int) -> Text:
    """Return a year as a column is headed."""
    chinese = "".join(_DIGITS[int(each)] for each in str(year)) if issuer.manner.chinese_numerals else str(year)
    return Text(en=str(year), zh=f"{chinese}年")


def day_words(issuer: Issuer, day: str) -> Text:
    """Return a day (2025-12-31) in words."""
    year, month, number = (int(each) for each in day.split("-"))
    if issuer.manner.chinese_numerals:
        chinese = f"{chinese_numeral(month)}月{chinese_numeral(number)}日"
    else:
        chinese = f"{month}月{number}日"
    return Text(en=f"{number} {month_name[month]} {year}", zh=f"{year_words(issuer, year).zh}{chinese}")
