"""Periods as reports and people write them: years, dates, halves and quarters, in digits or Chinese numerals.

A period is told by the year in which it ends. Nothing is added: "2025" says no length and no day, and keeps none.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from typing import TYPE_CHECKING

from dualtrack.domain.records import Record

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["YEARS", "Period", "plain_numerals", "read_periods"]

YEARS = (1970, 2099)
"""Years that a number may be: accounts before 1970 are not read by machine, and later ones are not written yet."""

_DIGITS = dict(zip("〇零一二三四五六七八九", (0, 0, *range(1, 10)), strict=True))
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = "(?P<month>" + "|".join(f"{each}[a-z]*" for each in _MONTHS) + r")\.?"
_YEAR = r"(?P<year>(?:19[7-9]|20[0-9])\d)"
_DATES = tuple(
    re.compile(each)
    for each in (
        rf"(?<![\d,.])(?P<day>\d{{1,2}})(?:st|nd|rd|th)?\s+{_MONTH},?\s+{_YEAR}(?!\d)",
        rf"{_MONTH}\s+(?P<day>\d{{1,2}}),?\s+{_YEAR}(?!\d)",
        rf"(?<!\d)(?P<day>\d{{1,2}})[./](?P<month>\d{{1,2}})[./]{_YEAR}(?!\d)",
        rf"(?<!\d){_YEAR}[-./](?P<month>\d{{1,2}})[-./](?P<day>\d{{1,2}})(?!\d)",
        rf"(?<!\d){_YEAR}\s*年\s*(?P<month>\d{{1,2}})\s*月\s*(?P<day>\d{{1,2}})\s*日",
    )
)
_SPAN = re.compile(r"(?<![\d,.])(?P<from>(?:19[7-9]|20[0-9])\d)\s*[-/–]\s*(?P<to>\d{2}|\d{4})(?![\d,]|\.\d)")
_SHORT = re.compile(r"\b(?:fy|financial year|fiscal year)\s*'?(?P<year>\d{2})(?!\d)")
_HALF_SHORT = re.compile(r"\b(?:[1-2]h|h[1-2]|[1-4]q|q[1-4])\s*'?(?P<year>\d{2})(?!\d)")
_BARE = re.compile(rf"(?<![\d.$])(?<!\d,){_YEAR}(?![\d]|[,.]\d|%)")
"""A year by itself. After a comma it is one unless the comma stands within a number: a full-width comma is one like any other by then."""
_LENGTHS = (
    (6, re.compile(r"\bsix[- ]months?\b|\b6[- ]months?\b|\bhalf[- ]year|\binterim\b|\b(?:[12]h|h[12])(?=\b|\d)|\b(?:first|second) half\b|六個月|6個月|上半年|下半年|中期|半年")),
    (3, re.compile(r"\bthree[- ]months?\b|\b3[- ]months?\b|\bquarter\b|\b(?:q[1-4]|[1-4]q)(?=\b|\d)|三個月|3個月|季度|第[一二三四]季")),
    (9, re.compile(r"\bnine[- ]months?\b|\b9[- ]months?\b|九個月|9個月")),
    (12, re.compile(r"\byears?\s+ended\b|\bfy\s*'?\d|\bfinancial year\b|\bfiscal year\b|\bfull[- ]year\b|\bannual\b|\btwelve months\b|年度|全年")),
)  # fmt: skip


class Period(Record, frozen=True, order=True):
    """A period by the year it ends in; `end` is its last day and `months` its length, where they are said."""

    year: int
    end: str = ""
    months: int | None = None

    @property
    def words(self) -> str:
        """The period in words."""
        length = {3: "3 months to ", 6: "6 months to ", 9: "9 months to ", 12: "year to "}.get(self.months or 0, "")
        return f"{length}{self.end or self.year}"


def plain_numerals(text: str) -> str:
    """Return the text in NFKC and lower case with Chinese numerals of dates as digits: 二零二五年十二月三十一日 is 2025年12月31日."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    if "年" not in plain and "月" not in plain:
        return plain
    plain = re.sub(r"[〇零一二三四五六七八九]{4}(?=\s*年)", lambda m: "".join(str(_DIGITS[one]) for one in m[0]), plain)
    return re.sub(r"[一二三四五六七八九十]{1,3}(?=\s*[月日])", lambda m: str(_numeral(m[0])), plain)


def _numeral(text: str) -> int | str:
    """Return a numeral up to 39; what is none is left alone."""
    if "十" not in text:
        return _DIGITS[text] if len(text) == 1 else text
    tens, _, ones = text.partition("十")
    if len(tens) > 1 or len(ones) > 1 or "十" in ones:
        return text
    return (_DIGITS[tens] if tens else 1) * 10 + (_DIGITS[ones] if ones else 0)


def read_periods(text: str) -> tuple[Period, ...]:
    """Return the periods that a text names, each once, in its order."""
    plain = plain_numerals(text)
    months = next((length for length, pattern in _LENGTHS if pattern.search(plain)), None)
    found: dict[int, Period] = {}
    taken = [False] * len(plain)
    for start, stop, period in _mentions(plain):
        if not any(taken[start:stop]):
            taken[start:stop] = [True] * (stop - start)
            found[start] = Period(year=period.year, end=period.end, months=months)
    return tuple(dict.fromkeys(found[start] for start in sorted(found)))


def _mentions(plain: str) -> Iterator[tuple[int, int, Period]]:
    """Yield what names a year with its stretch, the most exact first."""
    for pattern in _DATES:
        for match in pattern.finditer(plain):
            day = _date(match)
            if day is not None:
                yield match.start(), match.end(), Period(year=day.year, end=day.isoformat())
    for match in _SPAN.finditer(plain):
        first, last = int(match["from"]), int(match["to"])
        last = last if len(match["to"]) > 2 else first // 100 * 100 + last  # noqa: PLR2004 - two digits of a year
        if last == first + 1:
            yield match.start(), match.end(), Period(year=last)
    for pattern in (_SHORT, _HALF_SHORT):
        for match in pattern.finditer(plain):
            yield match.start(), match.end(), Period(year=2000 + int(match["year"]))
    for match in _BARE.finditer(plain):
        yield match.start(), match.end(), Period(year=int(match["year"]))


def _date(match: re.Match[str]) -> date | None:
    month = match["month"]
    number = int(month) if month.isdigit() else _MONTHS.index(month[:3]) + 1
    try:
        return date(int(match["year"]), number, int(match["day"]))
    except ValueError:
        return None
