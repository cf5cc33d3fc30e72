"""Business time in Hong Kong: the table against dates typed by hand, and the laws of clocks that run only in hours."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dualtrack.domain.business_time import (
    DAYS_MAX,
    MINUTES_MAX,
    BusinessHours,
    Opening,
    add_business_days,
    add_business_minutes,
    business_minutes_between,
    default_hours,
    holiday_name,
    holiday_years,
    is_business_day,
)
from dualtrack.domain.records import read_record
from dualtrack.domain.time import HONG_KONG
from dualtrack.errors import FieldError

# Typed by hand, month-day, before the package that made the table was asked; 17 a year, as Cap. 149 counts them.
BY_HAND = {
    2023: "01-02 01-23 01-24 01-25 04-05 04-07 04-08 04-10 05-01 05-26 06-22 07-01 09-30 10-02 10-23 12-25 12-26",
    2024: "01-01 02-10 02-12 02-13 03-29 03-30 04-01 04-04 05-01 05-15 06-10 07-01 09-18 10-01 10-11 12-25 12-26",
    2025: "01-01 01-29 01-30 01-31 04-04 04-18 04-19 04-21 05-01 05-05 05-31 07-01 10-01 10-07 10-29 12-25 12-26",
    2026: "01-01 02-17 02-18 02-19 04-03 04-04 04-06 04-07 05-01 05-25 06-19 07-01 09-26 10-01 10-19 12-25 12-26",
    2027: "01-01 02-06 02-08 02-09 03-26 03-27 03-29 04-05 05-01 05-13 06-09 07-01 09-16 10-01 10-08 12-25 12-27",
}
EASTER_SUNDAY = {2023: "04-09", 2024: "03-31", 2025: "04-20", 2026: "04-05", 2027: "03-28"}

SATURDAYS = BusinessHours(
    week={day: Opening(opens="09:00", closes="17:30") for day in ("mon", "tue", "wed", "thu", "fri")}
    | {"sat": Opening(opens="09:00", closes="13:00")}
)
AROUND_THE_CLOCK = BusinessHours(
    week={day: Opening(opens="00:00", closes="24:00") for day in ("mon", "tue", "wed", "thu", "fri", "sat")}
)
HOURS = st.sampled_from([None, SATURDAYS, AROUND_THE_CLOCK])
# The most minutes need some nine months of office hours, so these starts never reach the table's end.
STARTS = st.datetimes(datetime(2023, 1, 2), datetime(2026, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001
MINUTES = st.one_of(st.integers(0, 3_000), st.integers(0, MINUTES_MAX))
DAYS = st.dates(date(2023, 1, 1), date(2026, 12, 31))


def at(text):
    """Read an instant as people in Hong Kong write it."""
    return datetime.strptime(text, "%Y-%m-%d %H:%M").replace(tzinfo=HONG_KONG)


def every_day():
    return [date(2023, 1, 1) + timedelta(days=n) for n in range(5 * 365 + 1)]


# --- the table ---


@pytest.mark.parametrize("year", BY_HAND)
def test_the_table_is_what_was_typed_by_hand(year):
    expected = [date.fromisoformat(f"{year}-{day}") for day in BY_HAND[year].split()]
    assert [day for day in every_day() if day.year == year and holiday_name(day)] == expected
    assert len(expected) == 17
    assert all(day.weekday() != 6 for day in expected)


@pytest.mark.parametrize("year", EASTER_SUNDAY)
def test_easter_lies_around_its_sunday(year):
    sunday = date.fromisoformat(f"{year}-{EASTER_SUNDAY[year]}")
    assert holiday_name(sunday - timedelta(days=2)).en == "Good Friday"
    assert holiday_name(sunday - timedelta(days=1)).en == "The day following Good Friday"
    assert holiday_name(sunday + timedelta(days=1)) is not None


@pytest.mark.parametrize(
    ("day", "name", "chinese"),
    [
        ("2024-02-10", "Lunar New Year's Day", "農曆年初一"),
        ("2024-02-13", "The fourth day of Lunar New Year", "農曆年初四"),
        ("2025-04-04", "Ching Ming Festival", "清明節"),
        ("2026-04-06", "The day following Ching Ming Festival", "清明節翌日"),
        ("2026-04-07", "The day following Easter Monday", "復活節星期一翌日"),
        ("2026-05-25", "The day following the Birthday of the Buddha", "佛誕翌日"),
        ("2026-06-19", "Tuen Ng Festival", "端午節"),
        ("2026-09-26", "The day following the Chinese Mid-Autumn Festival", "中秋節翌日"),
        ("2026-10-19", "The day following Chung Yeung Festival", "重陽節翌日"),
        ("2027-12-27", "The first weekday after Christmas Day", "聖誕節後第一個周日"),
    ],
)
def test_holidays_have_the_names_of_the_ordinance_in_both_languages(day, name, chinese):
    found = holiday_name(date.fromisoformat(day))
    assert (found.en, found.zh) == (name, chinese)


def test_a_statutory_holiday_on_a_sunday_moves_one_day_and_no_further():
    assert not is_business_day(date(2023, 10, 2))
    assert is_business_day(date(2023, 10, 3))  # the package gives this day too if its two lists are mixed
    assert holiday_name(date(2026, 4, 5)) is None  # Ching Ming itself: a Sunday, so a general holiday anyhow


def test_no_sunday_is_a_business_day_and_a_saturday_only_of_who_works_then():
    for day in every_day():
        if day.weekday() == 6:
            assert not is_business_day(day, AROUND_THE_CLOCK)
        if day.weekday() == 5:
            assert not is_business_day(day)
            assert is_business_day(day, SATURDAYS) is (holiday_name(day) is None)


@pytest.mark.parametrize("day", [date(2022, 12, 31), date(2028, 1, 1)])
def test_outside_the_table_nothing_is_guessed(day):
    for ask in (is_business_day, holiday_name, lambda day: add_business_days(day, 1)):
        with pytest.raises(FieldError, match="table of general holidays"):
            ask(day)


def test_running_off_the_table_says_how_to_extend_it():
    assert holiday_years() == (2023, 2027)
    assert add_business_minutes(at("2027-12-31 17:00"), 60) == at("2027-12-31 18:00")
    for run in (
        lambda: add_business_minutes(at("2027-12-31 17:00"), 61),
        lambda: add_business_days(date(2027, 12, 31), 1),
        lambda: business_minutes_between(at("2027-12-31 17:00"), at("2028-01-01 00:00")),
    ):
        with pytest.raises(FieldError, match="ends with 2027") as caught:
            run()
        assert "scripts/build_holidays.py" in caught.value.fix


# --- cases that people know ---


@pytest.mark.parametrize(
    ("start", "minutes", "end"),
    [
        ("2026-11-23 09:00", 240, "2026-11-23 13:00"),
        ("2026-11-23 17:00", 60, "2026-11-23 18:00"),  # due at the closing, not the next morning
        ("2026-11-23 17:00", 61, "2026-11-24 09:01"),
        ("2026-11-23 03:00", 30, "2026-11-23 09:30"),
        ("2026-11-27 18:30", 0, "2026-11-30 09:00"),  # Friday evening
        ("2026-11-27 18:30", 240, "2026-11-30 13:00"),
        ("2026-11-27 17:30", 60, "2026-11-30 09:30"),
        ("2026-02-16 17:00", 120, "2026-02-20 10:00"),  # Lunar New Year's Eve; three days of holiday
        ("2026-02-14 12:00", 540, "2026-02-16 18:00"),
        ("2024-02-09 16:00", 240, "2024-02-14 11:00"),  # New Year on a Saturday: the fourth day replaces the Sunday
        ("2026-04-02 17:59", 2, "2026-04-08 09:01"),  # Good Friday to the day after Easter Monday
    ],
)
def test_known_cases(start, minutes, end):
    assert add_business_minutes(at(start), minutes) == at(end)
    assert business_minutes_between(at(start), at(end)) == minutes


def test_a_firms_own_hours_count():
    assert add_business_minutes(at("2026-11-27 17:00"), 60, SATURDAYS) == at("2026-11-28 09:30")
    assert add_business_minutes(at("2026-11-28 12:00"), 90, SATURDAYS) == at("2026-11-30 09:30")
    assert add_business_minutes(at("2026-11-27 23:59"), 2, AROUND_THE_CLOCK) == at("2026-11-28 00:01")


def test_seconds_are_kept_and_parts_of_a_minute_do_not_count():
    start = at("2026-11-23 17:59") + timedelta(seconds=30)
    assert add_business_minutes(start, 1) == at("2026-11-24 09:00") + timedelta(seconds=30)
    assert business_minutes_between(start, at("2026-11-23 23:00")) == 0


def test_business_days_over_lunar_new_year():
    assert add_business_days(date(2026, 2, 13), 2) == date(2026, 2, 20)
    assert add_business_days(date(2026, 2, 17), 0) == date(2026, 2, 20)
    assert add_business_days(date(2026, 2, 16), 0) == date(2026, 2, 16)
    assert add_business_days(date(2026, 11, 27), 1, SATURDAYS) == date(2026, 11, 28)


# --- laws ---


@given(STARTS, MINUTES, HOURS)
def test_adding_then_measuring_gives_back_the_minutes(start, minutes, hours):
    end = add_business_minutes(start, minutes, hours)
    assert end >= start
    assert business_minutes_between(start, end, hours) == minutes
    assert business_minutes_between(end, start, hours) == -minutes


@given(STARTS, MINUTES, HOURS)
def test_it_never_lands_outside_hours(start, minutes, hours):
    end = add_business_minutes(start, minutes, hours).astimezone(HONG_KONG)
    week = (hours or default_hours()).week
    # 24:00 is the next day's midnight, so a landing at midnight may belong to the day before.
    days = [end.date()] + ([end.date() - timedelta(days=1)] if end.hour == end.minute == end.second == 0 else [])
    landed = []
    for day in (day for day in days if is_business_day(day, hours)):
        opening = week[("mon", "tue", "wed", "thu", "fri", "sat")[day.weekday()]]
        clock = timedelta(hours=end.hour, minutes=end.minute, seconds=end.second, microseconds=end.microsecond)
        clock += timedelta(days=(end.date() - day).days)
        low, high = (timedelta(hours=int(text[:2]), minutes=int(text[3:])) for text in (opening.opens, opening.closes))
        landed.append(low <= clock <= high)
    assert any(landed)


@given(STARTS, STARTS, MINUTES, HOURS)
def test_a_later_start_never_ends_earlier(one, two, minutes, hours):
    first, second = sorted((one, two))
    assert add_business_minutes(first, minutes, hours) <= add_business_minutes(second, minutes, hours)


@given(STARTS, st.integers(0, MINUTES_MAX // 2), st.integers(0, MINUTES_MAX // 2), HOURS)
def test_adding_twice_is_adding_the_sum(start, one, two, hours):
    twice = add_business_minutes(add_business_minutes(start, one, hours), two, hours)
    assert twice == add_business_minutes(start, one + two, hours)


@given(DAYS, st.integers(0, 250), HOURS)
def test_the_nth_business_day_has_n_business_days_up_to_it(day, days, hours):
    end = add_business_days(day, days, hours)
    assert is_business_day(end, hours)
    between = [day + timedelta(days=n) for n in range(1, (end - day).days + 1)]
    counted = sum(is_business_day(one, hours) for one in between)
    assert counted == (days or int(not is_business_day(day, hours)))


@given(DAYS)
def test_an_open_day_has_nine_hours_by_default(day):
    midnight = datetime(day.year, day.month, day.day, tzinfo=HONG_KONG)
    minutes = business_minutes_between(midnight, midnight + timedelta(days=1))
    assert minutes == (540 if is_business_day(day) else 0)


# --- what is refused ---


@pytest.mark.parametrize("minutes", [-1, MINUTES_MAX + 1])
def test_minutes_are_bounded(minutes):
    with pytest.raises(FieldError, match="minutes"):
        add_business_minutes(at("2026-11-23 09:00"), minutes)


@pytest.mark.parametrize("days", [-1, DAYS_MAX + 1])
def test_days_are_bounded(days):
    with pytest.raises(FieldError, match="days"):
        add_business_days(date(2026, 11, 23), days)


def test_a_time_without_a_zone_and_a_time_for_a_date_are_refused():
    naive = datetime(2026, 11, 23, 9)  # noqa: DTZ001
    for run in (
        lambda: add_business_minutes(naive, 1),
        lambda: business_minutes_between(naive, at("2026-11-23 09:00")),
    ):
        with pytest.raises(FieldError, match="without a zone"):
            run()
    with pytest.raises(FieldError, match="not a date"):
        is_business_day(at("2026-11-23 09:00"))


@pytest.mark.parametrize(
    "week",
    [
        {},
        {"mon": {"opens": "18:00", "closes": "09:00"}},
        {"mon": {"opens": "09:00", "closes": "09:00"}},
        {"mon": {"opens": "9:00", "closes": "18:00"}},
        {"mon": {"opens": "09:00", "closes": "24:01"}},
        {"mon": {"opens": "09:00", "closes": "18:00\n"}},
        {"sun": {"opens": "09:00", "closes": "18:00"}},
        {"mon": {"opens": "09:00", "closes": "18:00", "lunch": "13:00"}},
    ],
)
def test_hours_that_are_none_are_refused(week):
    with pytest.raises(FieldError):
        read_record({"week": week}, BusinessHours, where="settings")


def test_a_firms_hours_are_read_from_its_settings():
    assert read_record(msgspec.to_builtins(SATURDAYS), BusinessHours, where="settings") == SATURDAYS
