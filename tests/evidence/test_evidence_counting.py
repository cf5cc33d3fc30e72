"""Counting in memory: held to a count by hand over every kind of column, and sums to Python's whole numbers."""

from __future__ import annotations

import bisect
import datetime as dt
import decimal
import math
from collections import Counter
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from dualtrack.errors import FieldError
from dualtrack.evidence.counting import count, fixed, level_text
from dualtrack.evidence.tally import Amount, Key, Tally


def values_of(column, how="value", edges=()):
    tally = Tally(name="t", keys=(Key(column="x", how=how, edges=edges),))
    found = count({"x": column}, tally)
    return {cell[0]: number for cell, number in zip(found.cells, found.counts, strict=True)}


def by_hand(column):
    absent, data = np.ma.getmaskarray(column), np.ma.getdata(column)
    return dict(Counter("" if gone else level_text(value) for value, gone in zip(data.tolist(), absent, strict=True)))


KINDS = (
    hnp.arrays(np.int64, st.integers(0, 20), elements=st.integers(-(2**63), 2**63 - 1)),
    hnp.arrays(np.int16, st.integers(0, 20), elements=st.integers(-50, 50)),
    hnp.arrays(np.uint64, st.integers(0, 20), elements=st.integers(0, 2**64 - 1)),
    hnp.arrays(np.bool_, st.integers(0, 20)),
    hnp.arrays(np.float64, st.integers(0, 20), elements=st.sampled_from([0.0, -0.0, 1.0, 0.1, 2.0**53, math.nan, 1e9])),
    hnp.arrays(np.float64, st.integers(0, 20)),
    hnp.arrays(np.float32, st.integers(0, 20), elements=st.floats(width=32)),
    hnp.arrays("U3", st.integers(0, 20), elements=st.text("ab", max_size=3)),
    st.lists(st.none() | st.booleans() | st.integers() | st.text("01a", max_size=2) | st.floats(), max_size=20).map(
        lambda values: np.array([*values, None], dtype=object)[:-1]
    ),
)


@given(st.one_of(KINDS), st.randoms())
@settings(max_examples=50)
def test_every_kind_of_column_is_counted_as_by_hand(column, random):
    masked = np.ma.masked_array(column, [random.random() < 0.3 for _ in range(len(column))])
    for each in (column, masked):
        assert values_of(each) == by_hand(each)
        missing = values_of(each, "missing")
        assert missing.get("1", 0) == by_hand(each).get("", 0)
        assert sum(missing.values()) == len(each)


def test_days_and_times_are_written_alike_whatever_their_unit():
    days = [dt.date(2026, 1, 1), dt.date(2026, 11, 27)]
    for unit in ("D", "s", "us", "ns"):
        assert values_of(np.array([*days, "NaT"], dtype=f"datetime64[{unit}]")) == {
            "": 1,
            "2026-01-01": 1,
            "2026-11-27": 1,
        }
    assert values_of(np.array(days, dtype=object)) == {"2026-01-01": 1, "2026-11-27": 1}
    assert values_of(np.array(["2026-01-01T08:00"], dtype="datetime64[s]")) == {"2026-01-01 08:00:00": 1}
    there = dt.datetime(2026, 1, 1, 8, tzinfo=dt.timezone(dt.timedelta(hours=8)))
    assert level_text(there) == "2026-01-01"


def test_one_text_is_one_level():
    mixed = np.array([1, 1.0, True, "1", decimal.Decimal("1.0"), None, "", math.nan], dtype=object)
    assert values_of(mixed) == {"": 3, "1": 5}


EDGES = st.one_of(
    st.integers(2, 300).map(lambda parts: tuple((np.arange(1, parts) / parts).tolist())),
    st.tuples(st.floats(-1e6, 1e6), st.floats(0.001, 1e3), st.integers(65, 200)).map(
        lambda given: tuple(np.unique(given[0] + np.arange(given[2]) * given[1]).tolist())
    ),
    st.lists(st.floats(-1e300, 1e300), min_size=1, max_size=90, unique=True).map(lambda found: tuple(sorted(found))),
    st.integers(1, 5).map(lambda power: tuple((10.0 ** (power * np.arange(-40, 40) / 5)).tolist())),
)


@given(EDGES, st.data())
@settings(max_examples=40)
def test_bins_are_those_of_a_search_to_the_last_bit(edges, data):
    near = st.sampled_from(edges).flatmap(
        lambda edge: st.sampled_from([edge, math.nextafter(edge, math.inf), math.nextafter(edge, -math.inf)])
    )
    values = data.draw(st.lists(near | st.floats(allow_nan=False, allow_infinity=False), max_size=40))
    expected = Counter(str(bisect.bisect_right(edges, value)) for value in values)
    assert values_of(np.array(values, dtype=float), "bins", edges) == dict(expected)


@given(st.lists(st.floats(-(2.0**20), 2.0**20), max_size=40), st.integers(0, 41))
def test_sums_are_those_of_whole_numbers(values, bits):
    amount = Amount(column="x", scale_bits=bits)
    found = count({"x": np.array(values, dtype=float)}, Tally(name="t", keys=(), amounts=(amount,)))
    expected = sum(round(Fraction(value) * 2**bits) for value in values)  # round halves to even, exactly
    assert found.sums == (((expected,),) if values else ())


def test_a_sum_beyond_64_bits_is_exact():
    values = np.full(5_000_000, 2.0**21 - 2.0**-30)
    found = count({"x": values}, Tally(name="t", keys=(), amounts=(Amount(column="x"),)))
    assert found.sums == ((5_000_000 * (2**61 - 2**10),),)
    assert found.sums[0][0] > 2**63


def test_many_levels_of_many_keys_are_numbered_without_overflow():
    rows = 3_000
    table = {name: np.arange(rows) * (at + 7) % 2_999 for at, name in enumerate("abcde")}
    found = count(table, Tally(name="t", keys=tuple(Key(column=name) for name in table)))
    expected = Counter(zip(*([str(value) for value in column.tolist()] for column in table.values()), strict=True))
    assert dict(zip(found.cells, found.counts, strict=True)) == expected
    assert list(found.cells) == sorted(found.cells)
    table |= {name: np.arange(rows) for name in "fgh"}
    with pytest.raises(FieldError, match="cells"):
        count(table, Tally(name="t", keys=tuple(Key(column=name) for name in table)))


@pytest.mark.parametrize(
    ("column", "how"),
    [
        (np.array([1.0, math.inf]), "bins"),
        (np.array(["1", "2"]), "bins"),
        (np.array(["1", 2], dtype=object), "bins"),
        (np.array(["2026-01-01"], dtype="datetime64[D]"), "bins"),
        (np.array([10**400, 1], dtype=object), "bins"),
        (np.array([1 + 2j]), "value"),
        (np.array([b"x"]), "value"),
    ],
)
def test_what_is_no_number_or_no_value_is_refused(column, how):
    with pytest.raises(FieldError):
        values_of(column, how, (0.0,) if how == "bins" else ())


def test_a_column_that_is_absent_is_named():
    with pytest.raises(FieldError, match="no column 'y'"):
        count({"x": np.arange(3)}, Tally(name="t", keys=(Key(column="y"),)))


@pytest.mark.parametrize("values", [[2.0**22], [-(2.0**22)], [1e300], [1e308, math.inf]])
def test_an_amount_too_large_is_refused(values):
    with pytest.raises(FieldError):
        fixed({"x": np.array(values)}, Amount(column="x"))
    with pytest.raises(FieldError):
        fixed({"x": np.array(values)}, Amount(column="x", times="x"))


def test_infinite_numbers_are_levels_and_present():
    column = np.array([math.inf, -math.inf, math.nan])
    assert values_of(column) == {"": 1, "-inf": 1, "inf": 1}
    assert values_of(column, "missing") == {"0": 2, "1": 1}


def test_a_table_without_rows_has_no_cells():
    found = count(
        {"x": np.array([], dtype=float)}, Tally(name="t", keys=(Key(column="x"),), amounts=(Amount(column="x"),))
    )
    assert (found.cells, found.counts, found.sums, found.n) == ((), (), (), 0)
