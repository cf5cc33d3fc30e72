"""Dates as people type them: one reading, several, or none."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dualtrack.intake.dates import read_date


@pytest.mark.parametrize(
    "text",
    [
        "2024-03-05", "2024/3/5", "2024.03.05", "20240305", "2024年3月5日", "二〇二四年三月五日", "民國113年3月5日", "民國113.3.5",
        "５／３／２０２４ ".replace("５／３", "2024／3").replace("／２０２４", "／5"), "5 Mar 2024", "5-March-24", "March 5, 2024",
        "5th of March 2024", "2024-03-05 10:30", "2024-03-05T00:00:00",
    ],
)  # fmt: skip
def test_one_day(text):
    read = read_date(text)
    assert (read.earliest, read.latest, read.ambiguous) == (date(2024, 3, 5), date(2024, 3, 5), False)


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("Mar-24", "2024-03-01", "2024-03-31"), ("2024-03", "2024-03-01", "2024-03-31"), ("3/2024", "2024-03-01", "2024-03-31"),
        ("Q1 2024", "2024-01-01", "2024-03-31"), ("4Q23", "2023-10-01", "2023-12-31"), ("2024年第二季", "2024-04-01", "2024-06-30"),
        ("H2 2023", "2023-07-01", "2023-12-31"), ("2024", "2024-01-01", "2024-12-31"), ("2024年2月", "2024-02-01", "2024-02-29"),
    ],
)  # fmt: skip
def test_spans(text, first, last):
    read = read_date(text)
    assert (str(read.earliest), str(read.latest), read.ambiguous) == (first, last, False)


def test_day_and_month_are_not_guessed():
    read = read_date("5/3/2024")
    assert [span.first for span in read.spans] == [date(2024, 3, 5), date(2024, 5, 3)]
    assert read.ambiguous
    assert not read_date("13/3/2024").ambiguous
    assert not read_date("3/13/2024").ambiguous
    assert not read_date("5/5/2024").ambiguous
    assert len(read_date("05/03/24").spans) == 3


@pytest.mark.parametrize(
    "text",
    ["", "annual", "31/2/2024", "2024-13-01", "113年3月5日", "44,927", "Q5 2024", "5 Mar", "x" * 99, "99", "1/2"],
)
def test_no_date(text):
    assert read_date(text) is None


def test_serials():
    assert read_date("45356", "number").earliest == date(2024, 3, 5)
    assert read_date("45356", "number", epoch_1904=True).earliest == date(2028, 3, 6)
    assert read_date("45356", "text") is None
    assert read_date("2024-03-05T00:00:00", "date").how == "stored"


@given(st.dates(date(2000, 1, 1), date(2059, 12, 31)))
def test_every_day_is_read_back_in_every_form(day):
    forms = [
        day.isoformat(), f"{day:%Y%m%d}", f"{day.year}年{day.month}月{day.day}日", f"民國{day.year - 1911}年{day.month}月{day.day}日",
        f"{day:%d}/{day:%m}/{day.year}", f"{day:%m}/{day:%d}/{day.year}",
    ]  # fmt: skip
    for form in forms:
        assert day in [span.first for span in read_date(form).spans], form
    serial = (day - date(1899, 12, 30)) / timedelta(days=1)
    assert read_date(str(int(serial)), "number").latest == day


@given(st.text(max_size=80))
def test_any_text_is_read_or_not_without_an_error(text):
    read = read_date(text)
    assert read is None or read.earliest <= read.latest
