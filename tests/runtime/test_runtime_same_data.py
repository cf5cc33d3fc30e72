"""Outputs are compared as data: how a number is written does not matter, what it is does."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dualtrack.runtime.same_data import same_data

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(1 << 53), 1 << 53) | st.text("abc1", max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab", max_size=2), inner, max_size=3),
    max_leaves=6,
)


def as_floats(value):
    if isinstance(value, list):
        return [as_floats(item) for item in value]
    if isinstance(value, dict):
        return {name: as_floats(item) for name, item in value.items()}
    return float(value) if type(value) is int else value


@given(PLAIN, PLAIN)
def test_outputs_are_compared_as_data_and_not_as_bytes(one, other):
    assert same_data(json.dumps(one).encode(), json.dumps(as_floats(one)).encode())
    assert same_data(json.dumps(one).encode(), json.dumps(other).encode()) is (
        json.dumps(as_floats(one), sort_keys=True) == json.dumps(as_floats(other), sort_keys=True)
    )


@pytest.mark.parametrize(
    ("one", "other"), [("1", "true"), ("0", "false"), ('"1"', "1"), ('"True"', "true"), ("[]", "{}")]
)
def test_what_only_looks_alike_is_not_the_same(one, other):
    assert not same_data(one.encode(), other.encode())
