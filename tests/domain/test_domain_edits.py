"""Edit distance against its definition, and what is left out because it would take too long."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dualtrack.domain.edits import COMPARED_MAX, edit_distance

TEXTS = st.one_of(st.text("ab", max_size=40), st.text("利率ab ", max_size=90), st.text(max_size=12))


def by_definition(one, two):
    """Fill the whole table, row by row."""
    row = list(range(len(two) + 1))
    for i, left in enumerate(one, 1):
        before, row = row, [i]
        for j, right in enumerate(two, 1):
            row.append(min(before[j] + 1, row[-1] + 1, before[j - 1] + (left != right)))
    return row[-1]


@given(TEXTS, TEXTS)
def test_it_is_levenshteins_distance(one, two):
    assert edit_distance(one, two) == by_definition(one, two) == edit_distance(two, one)


@given(TEXTS, TEXTS, TEXTS)
def test_it_is_a_metric(one, two, three):
    assert (edit_distance(one, two) == 0) is (one == two)
    assert edit_distance(one, three) <= edit_distance(one, two) + edit_distance(two, three)


@pytest.mark.parametrize(
    ("one", "two", "distance"),
    [
        ("kitten", "sitting", 3),
        ("", "年利率", 3),
        ("aa", "a", 1),
        ("aba", "aa", 1),
        ("年利率為5%", "年利率約為5.5%", 3),
        ("😀", "😁", 1),  # code points, whatever their length in bytes
    ],
)
def test_known_distances(one, two, distance):
    assert edit_distance(one, two) == distance


def test_a_long_text_with_a_local_edit_is_compared():
    text = "利率" * 200_000
    assert edit_distance(text, text[:200_000] + "約" + text[200_003:]) == 3


def test_texts_that_differ_all_through_are_compared_up_to_the_bound():
    assert edit_distance("a" * 50 + "c", "b" * COMPARED_MAX) == COMPARED_MAX
    assert edit_distance("a", "b" * (COMPARED_MAX + 1)) is None
    assert edit_distance("", "b" * (COMPARED_MAX + 1)) == COMPARED_MAX + 1
