"""Business time in Hong Kong: business days, hours, and clocks that run only in them.

A business day is a day of the firm's week that is no general holiday (General Holidays Ordinance, Cap. 149: every Sunday
and the days gazetted for each year). The days are a table; outside its years every function raises FieldError, since lunar
festivals and Government orders are looked up, not guessed. Closures for typhoons and rainstorms are out of scope: a clock
runs through them. Instants in and out are aware; results are UTC.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import cache
from importlib import resources
from typing import Annotated, Literal, NamedTuple

from msgspec import Meta

from dualtrack.domain.documents import read_yaml
from dualtrack.domain.records import Record, Text, read_record
from dualtrack.domain.time import HONG_KONG, hong_kong_date, parse_date
from dualtrack.errors import FieldError

__all__ = [
    "DAYS_MAX",
    "MINUTES_MAX",
    "BusinessHours",
    "Opening",
    "TimeOfDay",
    "Weekday",
    "add_business_days",
    "add_business_minutes",
    "business_minutes_between",
    "default_hours",
    "holiday_name",
    "holiday_years",
    "is_business_day",
]

MINUTES_MAX = 100_000
"""Business minutes added at once: what a release's policy may set as due, some nine months of office hours."""

DAYS_MAX = 1_000
"""Business days added at once: about four years, near the length of the table."""

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat"]
"""A day of the week on which a firm may work; Sunday is a general holiday."""

_WEEK: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat")

TimeOfDay = Annotated[str, Meta(pattern=r"\A(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)\Z")]
"""Hong Kong time of day, 00:00 to 24:00."""

_DAY = timedelta(days=1)
_MINUTE = timedelta(minutes=1)


class Opening(Record, frozen=True):
    """Hours of one day of the week; closing lies after opening, both on that day."""

    opens: TimeOfDay
    closes: TimeOfDay

    def __post_init__(self) -> None:
        if self.closes <= self.opens:
            raise FieldError(f"closes {self.closes}, opens {self.opens}", where="business hours", fix="close later")


class BusinessHours(Record, frozen=True):
    """The firm's week: the hours of each day on which it works."""

    week: dict[Weekday, Opening]

    def __post_init__(self) -> None:
        if not self.week:
            raise FieldError("no day", where="business hours", expected="at least one of mon to sat")


class _Year(Record, frozen=True):
    """General holidays of one year beside the Sundays, by date."""

    source: str
    days: dict[str, Text]


class _Table(Record, frozen=True):
    """The shipped table: the law, the day it was made, and the years."""

    law: str
    made: str
    years: dict[str, _Year]


class _Holidays(NamedTuple):
    """The table as it is asked: first and last year, names by date."""

    first: int
    last: int
    names: dict[date, Text]


class _Span(NamedTuple):
    """Instants at which a business day opens and closes."""

    opens: datetime
    closes: datetime


@cache
def default_hours() -> BusinessHours:
    """Return the hours that hold where a firm sets none: Monday to Friday, 09:00 to 18:00."""
    return read_record(_data("business_hours.yaml"), BusinessHours, where="business_hours.yaml")


def holiday_years() -> tuple[int, int]:
    """Return the first and the last year of the table, so that somebody can be warned before it ends."""
    return _holidays().first, _holidays().last


def holiday_name(day: date) -> Text | None:
    """Return the name of the general holiday on that day, None if there is none or it is only a Sunday."""
    return _holidays().names.get(_checked(day))


def is_business_day(day: date, hours: BusinessHours | None = None) -> bool:
    """Tell whether the firm works on that day."""
    return _opening(day, hours or default_hours()) is not None


def add_business_days(day: date, days: int, hours: BusinessHours | None = None) -> date:
    """Return the `days`-th business day after `day`; with 0 the day itself, or the next business day if it is none."""
    left = _count(days, DAYS_MAX, "days")
    found = _checked(day)
    if left == 0 and not is_business_day(found, hours):
        left = 1
    while left:
        found += _DAY
        left -= is_business_day(found, hours)
    return found


def add_business_minutes(start: datetime, minutes: int, hours: BusinessHours | None = None) -> datetime:
    """Return the instant when `minutes` of business time have run since `start`.

    It lies within hours, a closing included: what ends at the closing is due then, not the next morning. A start outside
    hours counts from the next opening, also with 0 minutes.
    """
    week, at = hours or default_hours(), _utc(start)
    left = _count(minutes, MINUTES_MAX, "minutes") * _MINUTE
    day = hong_kong_date(at)
    while True:
        span = _span(day, week)
        if span is not None and span.closes >= at:
            begin = max(at, span.opens)
            if begin + left <= span.closes:
                return begin + left
            left -= span.closes - begin
        day += _DAY


def business_minutes_between(start: datetime, end: datetime, hours: BusinessHours | None = None) -> int:
    """Return the whole business minutes from `start` to `end`, a part of one left out; negative if `end` is earlier."""
    week, begin, stop = hours or default_hours(), _utc(start), _utc(end)
    if stop < begin:
        return -business_minutes_between(stop, begin, week)
    total, day = timedelta(), hong_kong_date(begin)
    last = hong_kong_date(stop)
    while day <= last:
        span = _span(day, week)
        if span is not None:
            total += max(min(stop, span.closes) - max(begin, span.opens), timedelta())
        day += _DAY
    return total // _MINUTE


def _span(day: date, hours: BusinessHours) -> _Span | None:
    opening = _opening(day, hours)
    if opening is None:
        return None
    midnight = datetime(day.year, day.month, day.day, tzinfo=HONG_KONG).astimezone(UTC)
    return _Span(midnight + _since_midnight(opening.opens), midnight + _since_midnight(opening.closes))


def _since_midnight(text: str) -> timedelta:
    return timedelta(hours=int(text[:2]), minutes=int(text[3:]))


def _opening(day: date, hours: BusinessHours) -> Opening | None:
    number = _checked(day).weekday()
    if number >= len(_WEEK) or day in _holidays().names:
        return None
    return hours.week.get(_WEEK[number])


def _checked(day: date) -> date:
    if isinstance(day, datetime):  # its date depends on the zone, and it never equals a date of the table
        raise FieldError("an instant, not a date", where="business day", fix="pass hong_kong_date(instant)")
    first, last = holiday_years()
    if day.year < first:
        raise FieldError(f"{day}: the table of general holidays begins with {first}", where="business day")
    if day.year > last:
        raise FieldError(
            f"{day}: the table of general holidays ends with {last}",
            where="business day",
            expected=f"a date from {first} to {last}",
            fix="install a newer Dualtrack, or add the year that the Government has gazetted: scripts/build_holidays.py",
        )
    return day


def _utc(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise FieldError("a time without a zone", where="business time", fix="pass an aware datetime")
    return moment.astimezone(UTC)


def _count(value: int, most: int, what: str) -> int:
    if not 0 <= value <= most:
        raise FieldError(f"{value} {what}", where="business time", expected=f"0 to {most}")
    return value


@cache
def _holidays() -> _Holidays:
    table = read_record(_data("hk_general_holidays.yaml"), _Table, where="hk_general_holidays.yaml")
    years = sorted(int(year) for year in table.years)
    names = {
        parse_date(day, where="hk_general_holidays.yaml"): name
        for year in table.years.values()
        for day, name in year.days.items()
    }
    assert years == list(range(years[0], years[-1] + 1)), "a year is missing, and its holidays would count as work"
    return _Holidays(years[0], years[-1], names)


def _data(name: str) -> object:
    return read_yaml((resources.files("dualtrack.domain") / "data" / name).read_bytes(), where=name)
