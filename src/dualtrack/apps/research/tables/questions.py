"""Questions of tables that are read without a model: a handful of forms in English and Chinese, taken apart into their phrases.

What is no such form is not read: nothing is guessed from single words.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Literal, NamedTuple

__all__ = ["QUESTION_CHARS_MAX", "Aggregate", "Asked", "Unit", "read_question"]

QUESTION_CHARS_MAX = 200
"""Longest question that is read: one of these forms with every part has some 120 characters."""

Aggregate = Literal["sum", "avg", "median", "max", "min", "count"]
Unit = Literal["year", "quarter", "month", "week", "day"]


class Asked(NamedTuple):
    """A question taken apart. `measure` is the phrase for what is counted, `group` that for what it is split by.

    `word` is the word for the aggregate as written, which may belong to the measure: total assets.

    `unit` splits by time, `date` is the phrase for the date column where one is said; `top` is how many, negative for the least.
    `where` are pairs of a column's phrase and a value.
    """

    aggregate: Aggregate
    measure: str
    group: str = ""
    unit: Unit | None = None
    date: str = ""
    year: int | None = None
    top: int | None = None
    where: tuple[tuple[str, str], ...] = ()
    word: str = ""
    chinese: bool = False


_AGGREGATES: dict[str, Aggregate] = {
    "total": "sum", "sum of": "sum", "sum": "sum", "average": "avg", "mean": "avg", "median": "median", "highest": "max",
    "maximum": "max", "largest": "max", "lowest": "min", "minimum": "min", "smallest": "min", "how many": "count",
    "number of": "count", "count of": "count", "count": "count",
    "總": "sum", "合計": "sum", "總共": "sum", "平均": "avg", "中位數": "median", "最高": "max", "最大": "max", "最低": "min",
    "最小": "min", "多少": "count", "幾多": "count",
}  # fmt: skip
_UNITS: dict[str, Unit] = {
    "year": "year", "quarter": "quarter", "month": "month", "week": "week", "day": "day",
    "年": "year", "年份": "year", "年度": "year", "季": "quarter", "季度": "quarter", "月": "month", "月份": "month",
    "星期": "week", "週": "week", "周": "week", "日": "day", "天": "day",
}  # fmt: skip
_COUNTS = {"一": 1, "二": 2, "兩": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9, "十": 10}
_TOP_MAX = 100

_EN_AGG = r"(?P<agg>total|sum of|sum|average|mean|median|highest|maximum|largest|lowest|minimum|smallest|number of|count of|count)"
_EN_BY = r"(?: (?:by|per|for each|for every|in each) (?P<by>.+?))?"
_EN_YEAR = r"(?: (?:in|for|during) (?P<year>(?:19|20)\d\d))?"
_EN_WHERE = r"(?: where (?P<column>.+?) (?:is|=|equals) (?P<value>.+?))?"
_EN_FORMS = [
    (
        rf"(?:(?:show|list) (?:me )?|what (?:are|is|were|was) )?(?:the )?(?P<way>top|largest|biggest|highest|bottom|smallest|lowest) (?P<n>\d+|)\s*"
        rf"(?P<group>.+?) by (?P<measure>.+?){_EN_YEAR}{_EN_WHERE}"
    ),
    (
        rf"(?:show (?:me )?|what is )?(?:the )?trend (?:of|in) (?:the )?(?:{_EN_AGG} )?(?P<measure>.+?){_EN_BY}{_EN_YEAR}{_EN_WHERE}"
    ),
    (
        rf"(?P<agg>how many) (?P<measure>.+?)(?: (?:are|were) there| do we have| did we have)?{_EN_BY}{_EN_YEAR}{_EN_WHERE}"
    ),
    (
        rf"(?:(?:show|list|give) (?:me )?|what (?:are|is|were|was) )?(?:the )?{_EN_AGG} (?P<measure>.+?){_EN_BY}{_EN_YEAR}{_EN_WHERE}"
    ),
]
_EN = [re.compile(form, re.IGNORECASE) for form in _EN_FORMS]
_ZH_AGG = r"(?P<agg>總共|總|合計|平均|中位數|最高|最大|最低|最小)"
_ZH_YEAR = r"(?:(?P<year>(?:19|20)\d\d)年的?)?"
_ZH_WHERE = r"(?:(?P<column>[^按各每]+?)(?:為|是)(?P<value>.+?)的)?"
_ZH_UNIT = r"(?P<unit>年|季|月|星期|週|周|日|天)"
_ZH = [
    re.compile(rf"{_ZH_YEAR}(?P<measure>.+?)(?P<way>最高|最多|最大|最低|最少|最小)的(?:頭|首|前)?(?P<n>\d+|[一二兩三四五六七八九十])(?:個|家|間|名|位|隻|種)?(?P<group>.+)"),
    re.compile(rf"{_ZH_YEAR}(?:(?:每|按|逐){_ZH_UNIT}(?:計)?的?)?{_ZH_AGG}?(?P<measure>.+?)(?:的)?(?:每|按|逐)?(?P<unit2>年|季|月|星期|週|日)?(?:的)?(?:走勢|趨勢|變化)"),
    re.compile(rf"{_ZH_YEAR}{_ZH_WHERE}(?:一共|總共)?有?(?P<agg>多少|幾多)(?:宗|個|份|張|名|位|筆|項|種|間|家)?(?P<measure>.+)"),
    re.compile(rf"{_ZH_YEAR}{_ZH_WHERE}(?:按|各|每個?|分)(?P<by>.+?)(?:計算|計|劃分|統計|分組)?的?{_ZH_AGG}(?P<measure>.+)"),
    re.compile(rf"{_ZH_YEAR}{_ZH_WHERE}{_ZH_AGG}(?P<measure>.+?)(?:(?:，|,)?(?:按|以)(?P<by>.+?)(?:計算|計|劃分|統計|分組)?)?"),
]  # fmt: skip


def read_question(question: str) -> Asked | None:
    """Return what a question asks for, None where it has none of the forms."""
    if len(question) > QUESTION_CHARS_MAX:
        return None
    text = unicodedata.normalize("NFKC", question).strip().rstrip("?？。.!！").strip()
    chinese = re.search(r"[\u3400-\u9fff]", text) is not None
    spaced = re.sub(r"\s+", " ", text)
    tried = [(pattern, re.sub(r"\s+", "", text), True) for pattern in _ZH] if chinese else []
    for pattern, plain, form in [*tried, *((pattern, spaced, False) for pattern in _EN)]:
        match = pattern.fullmatch(plain)
        if match is not None and (asked := _asked(match.groupdict(), pattern, form)) is not None:
            return asked
    return None


def _asked(parts: dict[str, str | None], pattern: re.Pattern[str], chinese: bool) -> Asked | None:
    by, unit, date = _by(parts)
    word = (parts.get("agg") or "").lower()
    trend = "trend" in pattern.pattern or "趨勢" in pattern.pattern
    top = _top(parts)
    if "way" in parts and top is None:
        return None
    return Asked(
        aggregate=_AGGREGATES[word] if word else "sum",
        measure=(parts.get("measure") or "").strip(),
        group=(parts.get("group") or by).strip(),
        unit=unit or ("month" if trend and not by else None),
        date=date,
        year=int(year) if (year := parts.get("year")) else None,
        top=top,
        where=((str(parts["column"]), _unquoted(str(parts["value"]))),)
        if parts.get("column") and parts.get("value")
        else (),
        word=word,
        chinese=chinese,
    )


def _by(parts: dict[str, str | None]) -> tuple[str, Unit | None, str]:
    """Return what a question splits by: a phrase, or a unit of time and perhaps of which date."""
    for name in ("unit", "unit2"):
        if word := parts.get(name):
            return "", _UNITS[word], ""
    by = (parts.get("by") or "").strip()
    if (match := re.fullmatch(r"(?i)(year|quarter|month|week|day)(?: of (?P<date>.+))?", by)) is not None:
        return "", _UNITS[match[1].lower()], match["date"] or ""
    if by in _UNITS:
        return "", _UNITS[by], ""
    return by, None, ""


def _top(parts: dict[str, str | None]) -> int | None:
    if "way" not in parts or "n" not in parts:
        return None
    text = parts["n"] or "1"
    count = _COUNTS[text] if text in _COUNTS else int(text)
    least = (parts["way"] or "").lower() in {"bottom", "smallest", "lowest", "最低", "最少", "最小"}
    return None if not 1 <= count <= _TOP_MAX else -count if least else count


def _unquoted(text: str) -> str:
    return text.strip().strip("'\"“”「」")
