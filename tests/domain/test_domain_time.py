"""Instants and dates have one form, whatever the Python, the platform or the script of the digits."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dualtrack.domain.time import add_days, format_instant, hong_kong_date, parse_date, parse_instant
from dualtrack.errors import FieldError

MOMENTS = st.datetimes(datetime(1000, 1, 1), datetime(2999, 12, 31, 23, 59, 59), timezones=st.just(UTC))  # noqa: DTZ001


@given(MOMENTS)
def test_an_instant_is_read_back_as_it_was_written(moment):
    moment = moment.replace(microsecond=0)
    assert parse_instant(format_instant(moment)) == moment
    assert format_instant(moment.astimezone(timezone(timedelta(hours=8)))) == format_instant(moment)


@pytest.mark.parametrize(
    "text",
    [
        "２０２６-03-01T09:00:00Z",
        "2026-03-01T09:00:00",
        "2026-03-01T09:00:00z",
        "2026-03-01T09:00:00+00:00",
        "2026-03-01 09:00:00Z",
        "2026-03-01T24:00:00Z",
        "2026-03-01T23:59:60Z",
        "2026-03-01T09:00:00.0Z",
        "2026-02-29T09:00:00Z",
        "2026-3-1T09:00:00Z",
        "0999-12-31T23:59:59Z",
        "3000-01-01T00:00:00Z",
        "2026-03-01T09:00:00Z\n",
        "",
    ],
)
def test_no_other_form_is_an_instant(text):
    with pytest.raises(FieldError, match="not an instant"):
        parse_instant(text)


@pytest.mark.parametrize(
    "text", ["٢٠٢٦-03-01", "2026-02-30", "20260301", "2026-W09-7", "2026-03-01\n", "0099-01-01", ""]
)
def test_no_other_form_is_a_date(text):
    with pytest.raises(FieldError, match="not a date"):
        parse_date(text)


def test_a_time_without_a_zone_is_refused():
    with pytest.raises(FieldError, match="without a zone"):
        format_instant(datetime(2026, 3, 1))  # noqa: DTZ001


def test_years_have_four_digits_and_days_24_hours():
    assert format_instant(datetime(1000, 1, 1, tzinfo=UTC)) == "1000-01-01T00:00:00Z"
    assert format_instant(add_days(parse_instant("2026-03-28T12:00:00Z"), 2)) == "2026-03-30T12:00:00Z"


@pytest.mark.parametrize(
    ("text", "day"), [("2026-02-28T15:59:59Z", "2026-02-28"), ("2026-02-28T16:00:00Z", "2026-03-01")]
)
def test_a_hong_kong_day_begins_at_16_00_utc(text, day):
    assert hong_kong_date(parse_instant(text)).isoformat() == day


def test_a_time_without_a_zone_has_no_hong_kong_day():
    with pytest.raises(ValueError, match="without a zone"):
        hong_kong_date(datetime(2026, 11, 22, tzinfo=UTC).replace(tzinfo=None))
