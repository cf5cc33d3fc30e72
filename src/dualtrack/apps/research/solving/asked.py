"""What a question says of its figure beside the line and the year: a currency and a date. A figure that does not have them is another figure.

Names of currencies and months tell no lines apart, so a search by words finds "revenue in US dollars" in a column of Hong Kong dollars,
and "at 31 March 2025" in a column that only says 2025. Which figure was found is looked at here, after it was found.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from dualtrack.apps.research.documents.periods import plain_numerals
from dualtrack.apps.research.saying import said_unit
from dualtrack.apps.research.solving.answer import NoAnswerError
from dualtrack.apps.research.solving.findings import finding, quoted, unit_text
from dualtrack.apps.research.solving.periods import periods_of
from dualtrack.apps.research.solving.words import plain
from dualtrack.apps.research.units import unit_of
from dualtrack.domain.records import Text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dualtrack.apps.research.solving.answer import Cited
    from dualtrack.apps.research.solving.table import Body, Held

__all__ = ["CALENDAR", "Day", "check_asked", "currencies_in", "days_in", "without_terms"]

_CURRENCIES = {
    "HKD": r"hk\$|hkd|(?:hk|hong kong) dollars?|港幣|港元|港紙", "USD": r"us\$|usd|(?:us|u\.s\.|united states|american) dollars?|美元|美金",
    "CNY": r"rmb|cny|renminbi|yuan|人民幣", "GBP": r"£|gbp|(?:pounds? )?sterling|british pounds?|英鎊", "EUR": r"€|eur|euros?|歐元",
    "JPY": r"jpy|(?:japanese )?yen|日圓|日元", "SGD": r"s\$|sgd|singapore dollars?|新加坡元|坡元", "AUD": r"a\$|aud|australian dollars?|澳元",
    "CAD": r"c\$|cad|canadian dollars?|加元", "CHF": r"chf|swiss francs?|瑞士法郎", "TWD": r"nt\$|twd|新[台臺]幣", "KRW": r"krw|(?:south )?korean won|韓[元圜]",
    "MOP": r"mop\$|patacas?|澳門[元幣]",
}  # fmt: skip
_PATTERNS = {code: re.compile(rf"(?<![a-z])(?:{names})(?![a-z])", re.IGNORECASE) for code, names in _CURRENCIES.items()}

_NAMES = (
    "january|jan", "february|feb", "march|mar", "april|apr", "may", "june|jun", "july|jul", "august|aug", "september|sept|sep",
    "october|oct", "november|nov", "december|dec",
)  # fmt: skip
_MONTHS = {name: at for at, names in enumerate(_NAMES, start=1) for name in names.split("|")}
_MONTH = rf"(?:{'|'.join(_NAMES)})\b\.?"
_YEAR = r"(?:19|20)\d\d"
_DAY = r"(?:\d{1,2})(?:st|nd|rd|th)?"
_DATES = tuple(map(re.compile, (
    rf"(?<![\d.,])(?P<day>{_DAY})(?: of)? (?P<month>{_MONTH}),?(?: (?P<year>{_YEAR}))?(?!\d)",
    rf"\b(?P<month>{_MONTH}) (?P<day>{_DAY})(?!\d)(?:,? (?P<year>{_YEAR})(?!\d))?",
    rf"\b(?P<month>{_MONTH}),? (?P<year>{_YEAR})(?!\d)",
    rf"(?:(?P<year>{_YEAR}) ?年 ?)?(?<!\d)(?P<month>\d{{1,2}}) ?月(?: ?(?P<day>\d{{1,2}}) ?[日號])?",
    rf"(?<!\d)(?P<year>{_YEAR})-(?P<month>\d{{1,2}})-(?P<day>\d{{1,2}})(?!\d)",
    rf"(?<![\d/])(?P<day>\d{{1,2}})/(?P<month>\d{{1,2}})/(?P<year>{_YEAR})(?!\d)",
)))  # fmt: skip
_CLOSES = re.compile(
    rf"(?:\bended|\bending|\bas at|\bas of|\bat)(?: on)? (?:the )?((?:{_DAY}(?: of)? {_MONTH}|{_MONTH} {_DAY}(?!\d))(?:,? {_YEAR})?)"
    r"|(?:截至|於)((?:\d{4} ?年 ?)?\d{1,2} ?月 ?\d{1,2} ?日)"
)
_NUMERAL = r"[\d〇零一二三四五六七八九十]"
_CHINESE_DATE = re.compile(
    rf"[於在]?(?:{_NUMERAL}{{4}} ?年 ?)?{_NUMERAL}{{1,3}} ?月(?: ?{_NUMERAL}{{1,3}} ?[日號])?止?"
)
CALENDAR = (12, 31)
"""The end of a calendar year: what a column that says only a year is of where nothing beside it names another day."""

_MONTHS_LAST, _DAYS_LAST = 12, 31


class Day(NamedTuple):
    """A date as a text says it; 0 for the year or the day where it says none."""

    year: int
    month: int
    day: int

    @property
    def words(self) -> Text:
        """The date in words."""
        month = _NAMES[self.month - 1].partition("|")[0].capitalize()
        en = " ".join(filter(None, (str(self.day or ""), month, str(self.year or ""))))
        year, day = (f"{self.year}年" if self.year else ""), (f"{self.day}日" if self.day else "")
        return Text(en=en, zh=f"{year}{self.month}月{day}")


def currencies_in(text: str) -> tuple[str, ...]:
    """Return the codes of the currencies that a text names; `$`, `¥` and "dollars" alone name none."""
    lower = plain(text)
    return tuple(code for code, pattern in _PATTERNS.items() if pattern.search(lower))


def without_terms(text: str) -> str:
    """Return a text without names of currencies and Chinese dates: words of a unit or a period and not of a line."""
    for pattern in (*_PATTERNS.values(), _CHINESE_DATE):
        text = pattern.sub(" ", text)
    return text


def days_in(text: str) -> tuple[Day, ...]:
    """Return the dates that a text names, to the day or the month, in its order; 1/3/2025 is the first of March."""
    lower = plain_numerals(plain(text))
    found: dict[int, Day] = {}
    for pattern in _DATES:
        for match in pattern.finditer(lower):
            said = match.groupdict()
            month = _MONTHS.get(said["month"].rstrip("."), 0) or _number(said["month"])
            day = _number(said.get("day") or "")
            if 0 < month <= _MONTHS_LAST and day <= _DAYS_LAST:
                found[match.start()] = Day(int(said["year"] or 0), month, day)
        lower = pattern.sub(lambda match: "#" * len(match[0]), lower)
    return tuple(dict.fromkeys(found[at] for at in sorted(found)))


def _number(text: str) -> int:
    return int(re.sub(r"\D", "", text) or 0)


def check_asked(question: str, cited: Sequence[Cited], body: Body, paragraphs: Sequence[str]) -> None:
    """Raise NoAnswerError where a question names a currency or a date that its numbers do not have."""
    if not cited:
        return
    for code in currencies_in(question):
        _check_currency(code, cited, body, paragraphs)
    for day in days_in(question):
        if day.year:
            _check_day(day, cited, body, paragraphs)


def _held(cited: Cited, body: Body) -> Held | None:
    place = body.table.cell(cited.address)
    return None if place is None else body.by_place.get(place)


def _check_currency(code: str, cited: Sequence[Cited], body: Body, paragraphs: Sequence[str]) -> None:
    """Check a currency: it is that of the numbers or named in their line; beside the table where the numbers state none."""
    own = [each for each in cited if any(name != "share" for name, _ in each.unit.parts)]
    if own and all(code in dict(each.unit.parts) for each in own):
        return
    lines = [f"{held.label} {held.section} {held.heading}" for each in cited if (held := _held(each, body)) is not None]
    beside = () if own else (body.table.caption, *body.headings, *paragraphs)
    if any(code in currencies_in(text) for text in (*lines, *beside)):
        return
    other = next((each for each in own if code not in dict(each.unit.parts)), cited[0])
    asked = unit_of(code)
    said = Text(en=asked.words, zh=said_unit(asked).zh)
    raise NoAnswerError(
        "unit mismatch", finding("currency", asked=said, line=quoted(other.label), held=unit_text(other.unit))
    )


def _check_day(day: Day, cited: Sequence[Cited], body: Body, paragraphs: Sequence[str]) -> None:
    """Check a date: a number of its year is of it, since of two dates of one year each number has its own."""
    found = []
    for each in cited:
        held = _held(each, body)
        of = _of_text(day, each) if held is None else _of_cell(day, held, body, paragraphs)
        found += [] if of is None else [(each, of)]
    if found and all(of for _, of in found):
        each, of = found[0]
        raise NoAnswerError("period absent", finding("day", asked=day.words, line=quoted(each.label), held=quoted(of)))


def _of_cell(day: Day, held: Held, body: Body, paragraphs: Sequence[str]) -> str | None:
    """Return of what else a cell of a date's year is, empty where it is of the date itself; None for a cell of another year.

    A column that says only its year is of the day that is named beside the table, else of a calendar year.
    """
    years = {each.year for each in held.periods if each.year}
    if years and day.year not in years:
        return None
    own = days_in(f"{held.heading} ; {held.section} ; {held.label}")
    same = [each for each in own if each.month == day.month and each.year in {0, day.year}]
    if any(not (each.day and day.day) or each.day == day.day for each in same):
        return ""
    if not own:
        closes = _closes(body, paragraphs) or {CALENDAR}
        if any(each.part for each in held.periods) or (day.month, day.day) in closes:
            return ""  # a quarter or half: `match_periods` let it stand
    return held.heading or ", ".join(each.words for each in held.periods) or held.label


def _of_text(day: Day, cited: Cited) -> str | None:
    """Return the periods beside a number of the text, empty where they have the month of a date; None where they name no month of its year."""
    months = {each.part for each in periods_of(cited.period) if each.year == day.year and each.part.startswith("M")}
    return None if not months else "" if f"M{day.month:02}" in months else cited.period


def _closes(body: Body, paragraphs: Sequence[str]) -> set[tuple[int, int]]:
    """Return the days, as month and day, that the headings name or on which the text says that a period ends."""
    heads = {(one.month, one.day) for text in (body.table.caption, *body.headings) for one in days_in(text) if one.day}
    said = (match[1] or match[2] for text in paragraphs for match in _CLOSES.finditer(plain(text)))
    return heads | {(one.month, one.day) for text in said for one in days_in(text) if one.day}
