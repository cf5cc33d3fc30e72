"""A figure as a person reads it: short where it was computed, as printed where it was read."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from dualtrack.apps.research.saying import rounded, said_figure, said_unit
from dualtrack.apps.research.solving.answer import Answered, Cited, compute
from dualtrack.apps.research.units import NUMBER, UNSTATED, divided, unit_of
from dualtrack.domain.records import Text


@pytest.mark.parametrize(
    ("shown", "read"),
    [
        ("6.520380095023755938984746187", "6.52"),
        ("-12.345678", "-12.35"),
        ("0.00123456789", "0.001235"),
        ("1310.2", "1310.2"),
        ("0.1234", "0.1234"),
        ("8519500", "8519500"),
        ("3.00000000001", "3.00"),
    ],
)
def test_long_numbers_are_rounded_and_printed_ones_stay(shown, read):
    assert rounded(shown) == read


@given(st.decimals(allow_nan=False, allow_infinity=False, places=9, min_value=-(10**12), max_value=10**12))
def test_rounding_moves_a_number_by_less_than_one_in_two_hundred(value):
    shown = format(value.normalize() + 0, "f")
    assert abs(Decimal(rounded(shown)) - value) <= abs(value) / 200


def figure(**more):
    cited = Cited(
        name="a",
        address="r#p1/t1/r1c1",
        text="5",
        value="5",
        unit=unit_of("HKD"),
        scale="million",
        label="x",
        period="",
    )
    made = Answered(
        intent="value", value="5000000", shown="5", unit=unit_of("HKD"), scale="million", period="2025",
        definition=Text(en="x", zh="x"), expression="a", trace=compute("a", [cited]), operands=(cited,),
    )  # fmt: skip
    return replace(made, **more)


def test_scale_and_unit_are_said_in_both_languages():
    assert said_figure(figure()) == ("5", Text(en="million HKD", zh="百萬港元"))
    assert said_figure(figure(scale="percent", shown="6.5203800950", unit=NUMBER)) == ("6.52%", Text(en="", zh=""))
    assert said_figure(figure(scale="", choice="2025"))[0] == "2025 5"
    assert said_unit(divided(unit_of("HKD"), unit_of("share"))) == Text(en="HKD per share", zh="每股港元")
    assert said_unit(UNSTATED) == Text(en="unit not stated", zh="單位不明")
    assert said_unit(NUMBER) == Text(en="", zh="")
