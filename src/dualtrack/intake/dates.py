"""Read the dates people type. What has two readings keeps both; nothing is chosen for the reader.

A reading is a span of days: a day is a span of one, `Q1 2024` one of ninety-one. A date that may be day/month or
month/day has two spans. Whether something is stale can then still be certain: when every reading says so.
"""

from __future__ import annotations

import calendar
import re
import unicodedata
from datetime import date, timedelta
from typing import TYPE_CHECKING, Literal

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dualtrack.intake.records import CellKind

__all__ = ["DateReading", "Span", "read_date"]

_SERIAL_FROM, _SERIAL_TO = 20_000, 80_000
"""Bare numbers read as date serials: 1954 to 2119; smaller ones are years or counts, larger ones compact dates."""

_YEAR_FROM, _YEAR_TO = 1980, 2079
"""Years an inventory of models can mean; two-digit years are read into it, others are not dates."""

_YEAR_DIGITS, _MONTHS = 4, 12

_ROC_OFFSET = 1911
"""Year 1 of the Republic of China calendar is 1912; Taiwanese vendors' papers use it."""

_TEXT_CHARS_MAX = 60
"""A date is short: longer text is a remark, and patterns are not run over it."""

_NAMES = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = r"(?P<name>jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?"
_DIGITS = str.maketrans("〇零一二三四五六七八九", "00123456789")


class Span(Struct, frozen=True, order=True):
    """From the first to the last day that a text may mean, both included."""

    first: date
    last: date


class DateReading(Struct, frozen=True, kw_only=True):
    """Every span that a text may mean, earliest first, and how it was read. Two or more: ambiguous."""

    spans: tuple[Span, ...]
    how: Literal["stored", "serial", "compact", "iso", "numbers", "chinese", "roc", "month-name", "part-of-year"]

    @property
    def ambiguous(self) -> bool:
        """Say whether the text has more than one reading."""
        return len(self.spans) > 1

    @property
    def earliest(self) -> date:
        """Return the earliest day that any reading allows."""
        return self.spans[0].first

    @property
    def latest(self) -> date:
        """Return the latest day that any reading allows."""
        return max(span.last for span in self.spans)


def read_date(text: str, kind: CellKind = "text", *, epoch_1904: bool = False) -> DateReading | None:
    """Return the readings of a cell's text, or nothing when it is no date that we know. Pure: no clock, no locale."""
    if kind == "date":
        return DateReading(spans=(_day(date.fromisoformat(text[:10])),), how="stored")
    plain = unicodedata.normalize("NFKC", text).strip().casefold()
    if not plain or len(plain) > _TEXT_CHARS_MAX:
        return None
    if re.fullmatch(r"\d+(\.\d+)?", plain):
        return _number(plain, kind, epoch_1904=epoch_1904)
    plain = re.sub(r"[t\s]+\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?\s*(am|pm)?z?$", "", plain).strip()
    for pattern, reader in _READERS:
        match = pattern.fullmatch(plain)
        if match:
            return reader(match)
    return None


def _number(plain: str, kind: CellKind, *, epoch_1904: bool) -> DateReading | None:
    if re.fullmatch(r"(19|20)\d{6}", plain):
        day = _valid(int(plain[:4]), int(plain[4:6]), int(plain[6:]))
        return DateReading(spans=(day,), how="compact") if day else None
    value = float(plain)
    if _YEAR_FROM <= value <= _YEAR_TO and value.is_integer():
        return DateReading(spans=(_months(int(value), 1, 12),), how="part-of-year")
    if kind == "number" and _SERIAL_FROM <= value <= _SERIAL_TO:
        start = date(1904, 1, 1) if epoch_1904 else date(1899, 12, 30)
        return DateReading(spans=(_day(start + timedelta(days=int(value))),), how="serial")
    return None


def _iso(match: re.Match[str]) -> DateReading | None:
    day = _valid(int(match["y"]), int(match["m"]), int(match["d"]))
    return DateReading(spans=(day,), how="iso") if day else None


def _triple(match: re.Match[str]) -> DateReading | None:
    """Read `a/b/c`: day first, month first and, with a two-digit start, year first; keep what exists."""
    a, b, c = match["a"], match["b"], match["c"]
    orders = [(c, b, a), (c, a, b)]
    if len(c) < _YEAR_DIGITS:
        orders.append((a, b, c))
    spans = {_valid(_year(y), int(m), int(d)) for y, m, d in orders}
    found = tuple(sorted(span for span in spans if span))
    return DateReading(spans=found, how="numbers") if found else None


def _chinese(match: re.Match[str]) -> DateReading | None:
    year, offset = _numeral(match["y"]), _ROC_OFFSET if match["roc"] else 0
    if not offset and len(match["y"]) < _YEAR_DIGITS:  # `113年` alone may be of either calendar
        return None
    month, day = _numeral(match["m"] or ""), _numeral(match["d"] or "")
    span = _valid(year + offset, month, day) if day else _valid_months(year + offset, month or 1, month or 12)
    return DateReading(spans=(span,), how="roc" if offset else "chinese") if span else None


def _roc_numbers(match: re.Match[str]) -> DateReading | None:
    day = _valid(int(match["y"]) + _ROC_OFFSET, int(match["m"]), int(match["d"]))
    return DateReading(spans=(day,), how="roc") if day else None


def _named(match: re.Match[str]) -> DateReading | None:
    month, year = _NAMES.index(match["name"]) + 1, _year(match["y"])
    text = match.groupdict().get("d")
    span = _valid(year, month, int(text)) if text else _valid_months(year, month, month)
    return DateReading(spans=(span,), how="month-name" if text else "part-of-year") if span else None


def _year_month(match: re.Match[str]) -> DateReading | None:
    month = int(match["m"])
    span = _valid_months(int(match["y"]), month, month)
    return DateReading(spans=(span,), how="part-of-year") if span else None


def _part(match: re.Match[str]) -> DateReading | None:
    groups = match.groupdict()
    quarter, half = groups.get("q"), groups.get("h")
    number = _numeral(quarter or half or "")
    length = 3 if quarter else 6
    span = _valid_months(_year(match["y"]), (number - 1) * length + 1, number * length)
    return DateReading(spans=(span,), how="part-of-year") if span else None


def _readers() -> Iterator[tuple[str, Callable[[re.Match[str]], DateReading | None]]]:
    numeral = "[0-9〇零一二三四五六七八九十]"
    year, short = r"(?P<y>\d{4})", r"(?P<y>\d{4}|'?\d{2})"
    yield rf"{year}\s*[-/.]\s*(?P<m>\d{{1,2}})\s*[-/.]\s*(?P<d>\d{{1,2}})", _iso
    yield r"(?P<a>\d{1,2})\s*([-/.])\s*(?P<b>\d{1,2})\s*\2\s*(?P<c>\d{4}|\d{2})", _triple
    rest = rf"(?P<y>{numeral}{{2,4}})\s*年\s*((?P<m>{numeral}{{1,3}})\s*月\s*((?P<d>{numeral}{{1,3}})\s*[日號号])?)?"
    yield rf"(?P<roc>民國|民国|中華民國|中华民国)?\s*{rest}", _chinese
    yield (
        r"(?:民國|民国|中華民國|中华民国|roc)\s*(?P<y>\d{2,3})\s*[-/.]\s*(?P<m>\d{1,2})\s*[-/.]\s*(?P<d>\d{1,2})",
        _roc_numbers,
    )
    yield rf"(?P<d>\d{{1,2}})(?:st|nd|rd|th)?[\s\-/.]*(?:of\s+)?{_MONTH}[\s\-/.,]*{short}", _named
    yield rf"{_MONTH}[\s\-/.]*(?P<d>\d{{1,2}})(?:st|nd|rd|th)?(?:\s*,\s*|\s+){year}", _named
    yield rf"{_MONTH}[\s\-/.,]*{short}", _named
    yield rf"{year}[\s\-/.]*{_MONTH}", _named
    yield rf"{year}\s*[-/.]\s*(?P<m>\d{{1,2}})", _year_month
    yield rf"(?P<m>\d{{1,2}})\s*[-/.]\s*{year}", _year_month
    yield rf"q(?P<q>[1-4])[\s\-/']*(?:fy)?{short}", _part
    yield rf"(?P<q>[1-4])q[\s\-/']*{short}", _part
    yield rf"{short}[\s\-/]*q(?P<q>[1-4])", _part
    yield rf"{year}\s*年?\s*第?\s*(?P<q>[1-4一二三四])\s*季度?", _part
    yield rf"h(?P<h>[12])[\s\-/']*{short}", _part
    yield rf"(?P<h>[12])h[\s\-/']*{short}", _part
    yield rf"{year}[\s\-/]*h(?P<h>[12])", _part


def _year(text: str) -> int:
    digits = text.lstrip("'")
    if len(digits) == _YEAR_DIGITS:
        return int(digits)
    return int(digits) + (2000 if 2000 + int(digits) <= _YEAR_TO else 1900)


def _numeral(text: str) -> int:
    """Return a number written in digits or in Chinese: `5`, `五`, `十二`, `三十一`, `二〇二四`; 0 for nothing."""
    if not text:
        return 0
    if "十" not in text:
        return int(text.translate(_DIGITS))
    tens, _, ones = text.partition("十")
    return (int(tens.translate(_DIGITS)) if tens else 1) * 10 + (int(ones.translate(_DIGITS)) if ones else 0)


def _day(day: date) -> Span:
    return Span(day, day)


def _valid(year: int, month: int, day: int) -> Span | None:
    if not (_YEAR_FROM <= year <= _YEAR_TO and 1 <= month <= _MONTHS):
        return None
    return _day(date(year, month, day)) if 1 <= day <= calendar.monthrange(year, month)[1] else None


def _months(year: int, first: int, last: int) -> Span:
    return Span(date(year, first, 1), date(year, last, calendar.monthrange(year, last)[1]))


def _valid_months(year: int, first: int, last: int) -> Span | None:
    inside = _YEAR_FROM <= year <= _YEAR_TO and 1 <= first <= last <= _MONTHS
    return _months(year, first, last) if inside else None


_READERS = [(re.compile(pattern), reader) for pattern, reader in _readers()]
