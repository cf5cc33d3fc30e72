"""Answers to tallies: adding them up in any order and grouping."""

from __future__ import annotations

import itertools

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dualtrack.errors import FieldError
from dualtrack.evidence.counting import count
from dualtrack.evidence.tally import SCALE_BITS, Amount, Counted, Key, Tally, from_fixed, merge_counted

TALLY = Tally(
    name="t",
    keys=(Key(column="a"), Key(column="x", how="bins", edges=(0.0, 1.0)), Key(column="x", how="missing")),
    amounts=(Amount(column="x"), Amount(column="x", times="x", scale_bits=20)),
)


@st.composite
def tables(draw, least=0):
    rows = draw(st.integers(least, 30))
    number = st.floats(-1000, 1000) | st.just(float("nan"))
    values = np.array(draw(st.lists(number, min_size=rows, max_size=rows)), dtype=float)
    levels = np.array(draw(st.lists(st.sampled_from(["", "a", "b", "*"]), min_size=rows, max_size=rows)), dtype=object)
    mask = np.array(draw(st.lists(st.booleans(), min_size=rows, max_size=rows)), dtype=bool)
    return {"a": levels, "x": np.ma.masked_array(values, mask)}


@given(tables(), st.lists(st.integers(0, 30), max_size=4), st.randoms())
@settings(max_examples=40)
def test_parts_add_up_to_the_whole_in_any_order_and_grouping(table, cuts, random):
    rows = len(table["a"])
    borders = sorted({0, rows, *(cut % (rows + 1) for cut in cuts)})
    parts = [
        count({name: column[low:high] for name, column in table.items()}, TALLY)
        for low, high in itertools.pairwise(borders)
    ] or [count(table, TALLY)]
    random.shuffle(parts)
    middle = random.randint(0, len(parts))
    groups = [merge_counted(group) for group in (parts[:middle], parts[middle:]) if group]
    assert merge_counted(parts) == merge_counted(groups) == count(table, TALLY)


def counted(*counts):
    cells = tuple((f"c{at}",) for at in range(len(counts)))
    sums = tuple((10**at,) for at in range(len(counts)))
    tally = Tally(name="t", keys=(Key(column="a"),), amounts=(Amount(column="x"),))
    return Counted(tally=tally, cells=cells, counts=counts, sums=sums)


def test_an_answer_may_leave_out_sums_that_nobody_asked_for():
    tally = Tally(name="t", keys=(Key(column="a"),))
    assert Counted(tally=tally, cells=(("x",),), counts=(1,)).sums == ((),)
    assert msgspec.json.decode(msgspec.json.encode(count({"a": np.array(["x"])}, tally)), type=Counted).n == 1


@pytest.mark.parametrize("sums", [((1, 2),), ((1,), (2,)), ()])
def test_an_answer_with_sums_of_another_shape_is_refused(sums):
    with pytest.raises(FieldError):
        Counted(tally=counted().tally, cells=(("x",),), counts=(3,), sums=sums)


def test_answers_to_different_tallies_are_not_added():
    other = Counted(tally=Tally(name="u", keys=(Key(column="a"),)), cells=(), counts=())
    for parts in ([], [counted(1), other]):
        with pytest.raises(FieldError):
            merge_counted(parts)


@pytest.mark.parametrize("edges", [(), (1.0, 1.0), (2.0, 1.0), (0.0, float("nan")), (0.0, float("inf"))])
def test_edges_must_rise_and_be_finite(edges):
    with pytest.raises(FieldError):
        Key(column="x", how="bins", edges=edges)


@pytest.mark.parametrize("bits", [-1, 901])
def test_a_scale_has_bounds(bits):
    with pytest.raises(FieldError):
        Amount(column="x", scale_bits=bits)


@given(st.integers(-(10**30), 10**30))
def test_a_sum_becomes_the_nearest_number(total):
    assert from_fixed(Amount(column="x"), total) == total / 2**SCALE_BITS
