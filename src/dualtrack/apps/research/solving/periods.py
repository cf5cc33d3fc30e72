"""Periods as columns, labels and questions name them, for telling which cell belongs to which.

`2019`, `FY19`, `F19`, `2018/2019` (the year it ends in), 二零一九年, a quarter, a half or a month of a year. A question may leave the
quarter or month out; a cell that states one still answers it if it is the only one of the year.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from dualtrack.apps.research.documents.periods import YEARS, plain_numerals
from dualtrack.apps.research.solving.words import KEPT_MAX

__all__ = ["Period", "Range", "match_periods", "named_range", "periods_of", "years_of"]

_YEAR = r"(?:19[5-9]\d|20\d\d)"
_FISCAL = re.compile(rf"(?<![\d,.$])({_YEAR})\s?[/]\s?(\d{{4}}|\d{{2}})(?![\d,]|\.\d)")
_SHORT = re.compile(r"(?<![a-z0-9])(?:fy|f|cy|fiscal(?: year)?|financial year)\s?['’]?(\d{2})(?![\d,.]\d|\d|%)")
_BARE = re.compile(rf"(?<![\d.$£€/])(?<!\d,){_YEAR}(?!\d|,\d{3}(?!\d)|\.\d|%)")
_SPACED = re.compile(r"(?<![\d,.])(?:1 9|2 0) \d \d(?! ?\d)")
_LISTED = re.compile(rf"(?<![\d,.]){_YEAR}(?:,{_YEAR})+(?![\d]|[,.]\d)")
_RANGE = re.compile(rf"({_YEAR})\s?(?:-|–|—|to|至|到|through|until)\s?(?:fiscal |fy |the year |year )?({_YEAR})(?!\d)|"
                    rf"(?:between|from|over|during|across|由|從)\D{{0,40}}?({_YEAR})\D{{1,24}}?({_YEAR})(?!\d)")  # fmt: skip
_PARTS = (
    ("Q1", r"\bq1\b|\b1q\b|(?:first|1st)(?: fiscal)? quarter|第一季"), ("Q2", r"\bq2\b|\b2q\b|(?:second|2nd)(?: fiscal)? quarter|第二季"),
    ("Q3", r"\bq3\b|\b3q\b|(?:third|3rd)(?: fiscal)? quarter|第三季"), ("Q4", r"\bq4\b|\b4q\b|(?:fourth|4th)(?: fiscal)? quarter|第四季"),
    ("H1", r"\bh1\b|\b1h\b|first half|six months|六個月|上半年"), ("H2", r"\bh2\b|\b2h\b|second half|下半年"),
    ("9M", r"nine months|九個月"),
    *((f"M{at:02}", rf"\b(?:{name})\b(?!-)|(?<!\d){at}月") for at, name in enumerate(
        ("january|jan", "february|feb", r"march(?= \d|,|$)|mar(?=\.? \d)", "april|apr", r"may(?= \d|, |$)", "june|jun", "july|jul", "august|aug",
         "september|sept|sep", "october|oct", "november|nov", "december|dec"), start=1)),
)  # fmt: skip
_PART = tuple((name, re.compile(pattern)) for name, pattern in _PARTS)
_ORDER = re.compile(r"\b(?:first|second|third|fourth)(?= (?:and|to|or) (?:the )?(?:first|second|third|fourth) quarter)")
_STRETCHES = "QH9"
_ORDINALS = {"first": "Q1", "second": "Q2", "third": "Q3", "fourth": "Q4"}


class Period(NamedTuple):
    """A year, and the quarter (`Q1`), half or month (`M09`) where one is said; year 0 where only that is said."""

    year: int
    part: str = ""

    @property
    def words(self) -> str:
        """The period in words."""
        return " ".join(filter(None, (self.part, str(self.year) if self.year else "")))


class Range(NamedTuple):
    """A stretch of years as a question says it: `between 2017 and 2019`, `2017-2019`."""

    first: int
    last: int


def periods_of(text: str) -> tuple[Period, ...]:
    """Return the periods that a text names, each once, in its order; a part belongs to the year that stands nearest after it."""
    return _periods(text) if len(text) <= KEPT_MAX else _periods.__wrapped__(text)


@lru_cache(maxsize=8192)
def _periods(text: str) -> tuple[Period, ...]:
    plain = _SPACED.sub(lambda match: match[0].replace(" ", ""), plain_numerals(text))
    plain = _LISTED.sub(lambda match: match[0].replace(",", ", "), plain)
    found: list[tuple[int, int]] = []
    for match in _FISCAL.finditer(plain):
        first = int(match[1])
        last = int(match[2]) if len(match[2]) == len(match[1]) else first // 100 * 100 + int(match[2])
        if last == first + 1:
            found.append((match.start(), last))
            plain = plain[: match.start()] + "#" * len(match[0]) + plain[match.end() :]
    found += [(match.start(), 2000 + int(match[1])) for match in _SHORT.finditer(plain)]
    found += [(match.start(), int(match[0])) for match in _BARE.finditer(plain)]
    found = sorted((at, year) for at, year in found if year <= YEARS[1])
    parts = sorted([(match.start(), name) for name, pattern in _PART for match in pattern.finditer(plain)]
                   + [(match.start(), _ORDINALS[match[0]]) for match in _ORDER.finditer(plain)])  # fmt: skip
    return tuple(dict.fromkeys(_joined(found, parts)))


def _joined(years: list[tuple[int, int]], parts: list[tuple[int, str]]) -> list[Period]:
    if not parts:
        return [Period(year) for _, year in years]
    if not years:
        return [Period(0, part) for _, part in parts]
    made: list[Period] = []
    used = set()
    for at, part in parts:
        after = [each for each in years if each[0] > at]
        year = min(after or years, key=lambda each: abs(each[0] - at))
        used.add(year)
        made.append(Period(year[1], part))
    lone = [Period(year) for at, year in years if (at, year) not in used]
    return _in_order(made, lone, parts, years)


def _in_order(
    made: list[Period], lone: list[Period], parts: list[tuple[int, str]], years: list[tuple[int, int]]
) -> list[Period]:
    if len(parts) == 1 and lone:  # "Q4 2019 and 2018", "September 30, 2018 and 2019": the part holds for all
        return [Period(year, parts[0][1]) for _, year in years]
    return [*made, *lone]


def years_of(text: str) -> tuple[int, ...]:
    """Return the years that a text names, each once, in its order."""
    return tuple(dict.fromkeys(each.year for each in periods_of(text) if each.year))


def named_range(text: str) -> Range | None:
    """Return the stretch of years that a text names, first before last; None where it names none."""
    match = _RANGE.search(plain_numerals(text))
    if match is None:
        return None
    one, other = sorted(int(each) for each in match.groups() if each)
    return Range(one, other) if one < other else None


def match_periods(asked: Period, held: tuple[Period, ...]) -> float:
    """Say how well a cell of these periods answers for one that is asked: 0 not at all, 1 in full, less where a part is not said."""
    best = 0.0
    for each in held:
        if asked.year and each.year and asked.year != each.year:
            continue
        if not asked.year and not each.part:
            continue
        if asked.part == each.part:
            best = max(best, 1.0 if asked.year == each.year else 0.9)
        elif not asked.part and each.part[0] in _STRETCHES:
            continue  # a year is asked: a quarter of it is another figure
        elif asked.part and asked.part[0] in _STRETCHES and not each.part:
            continue
        elif not asked.part or not each.part:
            best = max(best, 0.8)
        elif asked.part[0] != each.part[0]:
            best = max(best, 0.6)  # a month against a quarter: not comparable, not against it
    return best
