"""Numbers as reports print them, and what is no number."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dualtrack.apps.research.reported import Reported, read_reported


@pytest.mark.parametrize(
    ("text", "value", "more"),
    [
        ("1,234.5", "1234.5", {}),
        ("(1,234)", "-1234", {}),
        ("-12", "-12", {}),
        ("−0.5", "-0.5", {}),
        ("１２３", "123", {}),
        ("13.4%", "0.134", {"percent": True}),
        ("(2.5%)", "-0.025", {"percent": True}),
        ("HK$1,000", "1000", {"currency": "HKD"}),
        ("HK$(1,000)", "-1000", {"currency": "HKD"}),
        ("$5", "5", {}),
        ("1.2 million", "1200000", {"scale": 6}),
        ("3.5億", "350000000", {"scale": 8}),
        ("港幣12萬元", "120000", {"scale": 4, "currency": "HKD"}),
        ("US$2.5bn", "2500000000", {"scale": 9, "currency": "USD"}),
        ("—", "0", {"nil": True}),
        ("nil", "0", {"nil": True}),
        (".5", "0.5", {}),
    ],
)
def test_a_number_is_read_as_it_is_printed(text, value, more):
    assert read_reported(text) == Reported(Decimal(value), **more)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "n/a",
        "12 34",
        "1,23",
        "1.2.3",
        "12 or 13",
        "note 4",
        "2024-25",
        "HK$ US$5",
        "5% million",
        "()",
        "1e9",
        "0x10",
        "NaN",
        "9" * 40,
    ],
)
def test_what_is_no_single_number_is_none(text):
    assert read_reported(text) is None


@given(st.decimals(-(10**12), 10**12, places=3))
def test_every_way_of_printing_gives_the_number_back(value):
    ways = [f"{value:,}" if value >= 0 else f"({-value:,})", f"{value}", f" {value:,} "]
    for text in ways:
        assert read_reported(text).value == value


@given(st.text(max_size=20))
def test_any_text_is_a_number_or_none(text):
    found = read_reported(text)
    assert found is None or found.value.is_finite()
