"""Gathering for a plan: few queries, the same statistics as each measure gathers alone, and one failure alone."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dualtrack.errors import FieldError
from dualtrack.evidence.counting import count
from dualtrack.evidence.engines.engine import open_engine
from dualtrack.evidence.engines.gather import answers, gather_on, plan_queries, roll_up
from dualtrack.evidence.engines.grids import find_grid, grid_edges
from dualtrack.evidence.engines.memory import MemoryEngine
from dualtrack.evidence.measure import CountingMeasure, NoSettings
from dualtrack.evidence.sample import Roles
from dualtrack.evidence.tally import Amount, Counted, Key, Tally

KEYS = (
    Key(column="a"),
    Key(column="b"),
    Key(column="x", how="bins", edges=(0.0, 1.0)),
    Key(column="x", how="missing"),
    Key(column="b", how="missing"),
)
AMOUNTS = (Amount(column="x"), Amount(column="x", times="b"), Amount(column="b", scale_bits=0))
TALLY = st.builds(
    lambda name, keys, amounts: Tally(name=name, keys=tuple(keys), amounts=tuple(amounts)),
    st.sampled_from("pqr"),
    st.lists(st.sampled_from(KEYS), unique=True, max_size=4),
    st.lists(st.sampled_from(AMOUNTS), unique=True, max_size=2),
)


def table(rows=60):
    random = np.random.default_rng(1)
    x = np.ma.masked_array(random.normal(size=rows), random.random(rows) < 0.2)
    return {"a": random.integers(0, 3, rows), "b": random.integers(0, 2, rows), "x": x}


class Asked(MemoryEngine):
    """Memory that remembers what it was asked."""

    def __init__(self):
        self.tallies = []

    def count(self, table, tallies):
        self.tallies += tallies
        return super().count(table, tallies)


@given(st.lists(TALLY, max_size=6))
@settings(max_examples=60)
def test_shared_queries_answer_as_a_query_each_would(tallies):
    engine = Asked()
    found = answers(engine, table(), tallies)
    assert found == {tally: count(table(), tally) for tally in tallies}
    assert len(engine.tallies) == len(plan_queries(tallies)) <= len(set(tallies))


def test_a_coarser_count_comes_out_of_a_finer_one_and_no_other():
    fine = count(table(), Tally(name="f", keys=KEYS[:2]))
    assert roll_up(fine, Tally(name="c", keys=(KEYS[1],))) == count(table(), Tally(name="c", keys=(KEYS[1],)))
    with pytest.raises(FieldError):
        roll_up(fine, Tally(name="c", keys=(KEYS[2],)))


def test_a_histogram_is_not_carried_along_by_a_query_for_others():
    fine = Key(column="x", how="bins", edges=tuple((np.arange(1, 5_000) / 5_000).tolist()))
    assert len(plan_queries([Tally(name="f", keys=(KEYS[0], fine)), Tally(name="c", keys=(KEYS[0],))])) == 2


class Rows(CountingMeasure):
    """Counts by one column."""

    def __init__(self, *columns):
        self.keys = tuple(Key(column=column) for column in columns)

    def tallies(self, roles, settings):
        if not roles.label:
            raise FieldError("no label", where="plan")
        return (Tally(name="rows", keys=self.keys),)

    def from_counted(self, counted, settings):
        return counted[0]

    def merge(self, parts):
        raise FieldError("not here")

    def estimate(self, statistics, settings, how):
        return ()


def test_one_measure_that_fails_leaves_the_others_be():
    engine, settings_ = Asked(), NoSettings()
    asked = [(Rows("a"), settings_), (Rows("a", "b"), settings_), (Rows("a", "none"), settings_)]
    first, second, third = gather_on(engine, table(), asked, Roles(label="b"))
    assert isinstance(first.statistics, Counted)
    assert isinstance(second.statistics, Counted)
    assert third.statistics is None
    assert "no column 'none'" in str(third.error)
    assert [each.error is None for each in gather_on(engine, table(), asked, Roles())] == [False] * 3


@pytest.mark.parametrize(
    "edges",
    [
        np.arange(1, 10_000) / 10_000,
        np.linspace(0, 1, 10_001),
        np.linspace(0, 1, 10_001)[1:-1],
        np.linspace(-3, 3, 101),
        np.arange(300, 851, dtype=float),
        np.arange(-50, 50) * 0.1,
        np.arange(64) * 2.0**-6,
    ],
)
def test_even_edges_are_found_to_the_last_bit(edges):
    grid = find_grid(tuple(edges.tolist()))
    assert grid is not None
    assert np.array_equal(grid_edges(grid, len(edges)), edges)


def test_edges_that_follow_no_formula_are_not_taken_for_even():
    edges = np.arange(1, 1_000) / 1_000
    edges[500] = np.nextafter(edges[500], 1)
    assert find_grid(tuple(edges.tolist())) is None
    assert find_grid((0.0, 1.0)) is None


def test_every_name_of_an_engine_opens_one():
    with open_engine("memory") as engine:
        assert engine.columns(table()) == {"a": "integer", "b": "integer", "x": "real"}
