"""DuckDB counts, digests and draws as memory does: over hypothesis' tables, the parity set, and files of every form."""

from __future__ import annotations

import hashlib
import math

import numpy as np
import pytest
from engine_parity import load_parity
from hypothesis import given, settings
from hypothesis import strategies as st

from dualtrack.errors import DocumentError, FieldError, PathError
from dualtrack.evidence.engines.engine import open_engine
from dualtrack.evidence.engines.row_text import lanes, row_texts
from dualtrack.evidence.tally import Amount, Key, Tally

pytest.importorskip("narwhals", reason="the extra `evidence` is not installed")
pa = pytest.importorskip("pyarrow", reason="writes the Parquet files of these tests")
parquet = pytest.importorskip("pyarrow.parquet")

EVEN = tuple((np.arange(1, 50) / 50).tolist())
TALLIES = (
    Tally(
        name="all",
        keys=(Key(column="word"), Key(column="truth"), Key(column="real", how="bins", edges=EVEN)),
        amounts=(Amount(column="real", scale_bits=3), Amount(column="whole", times="real", scale_bits=1)),
    ),
    Tally(
        name="levels",
        keys=(Key(column="real"), Key(column="whole"), Key(column="real", how="missing"), Key(column="word", how="missing")),
        amounts=(Amount(column="truth"),),
    ),
)  # fmt: skip

REAL = (
    st.none()
    | st.sampled_from([0.0, -0.0, 0.5, 1.5, 2.5, 1 / 16, 3 / 16, math.nan, 5e-324, *EVEN[:9]])
    | st.floats(-(2.0**25), 2.0**25)
)
ROW = st.tuples(
    REAL, st.none() | st.integers(-(2**24), 2**24), st.none() | st.booleans(), st.none() | st.text("a|:é學", max_size=3)
)


@pytest.fixture(scope="module")
def duck():
    with open_engine("duckdb", memory_gb=0.5) as engine:
        yield engine


def written(rows, path):
    """Write rows as Parquet and return them as columns in memory."""
    kinds = {"real": pa.float64(), "whole": pa.int64(), "truth": pa.bool_(), "word": pa.string()}
    blanks = {"real": 0.0, "whole": 0, "truth": False, "word": ""}
    columns, table = {}, {}
    for at, (name, kind) in enumerate(kinds.items()):
        values = [row[at] for row in rows]
        columns[name] = pa.array(values, kind)
        data = np.array(
            [blanks[name] if value is None else value for value in values],
            dtype=object if name == "word" else type(blanks[name]),
        )
        table[name] = np.ma.masked_array(data, [value is None for value in values])
    parquet.write_table(pa.table(columns), path)
    return table


@given(st.lists(ROW, min_size=1, max_size=25))
@settings(max_examples=6)
def test_any_table_is_counted_and_digested_as_in_memory(duck, tmp_path_factory, rows):
    path = tmp_path_factory.mktemp("table") / "rows.parquet"
    table = written(rows, path)
    with open_engine("memory") as memory:
        assert duck.count(path, TALLIES) == memory.count(table, TALLIES)
        assert duck.digest(path) == memory.digest(table)


def test_the_parity_set_is_identical(tmp_path):
    parity = load_parity()
    assert parity.differences("duckdb", tmp_path / "ugly.parquet", parity.write_ugly(tmp_path / "ugly.parquet")) == []


def test_nan_is_seen_where_the_file_says_nothing_of_it(duck, tmp_path):
    """A writer leaves NaN out of the smallest and largest number of a column; an optimiser must not conclude from that."""
    parquet.write_table(pa.table({"x": [1.0, math.nan, 2.0]}), tmp_path / "x.parquet")
    missing = Tally(name="m", keys=(Key(column="x", how="missing"),), amounts=(Amount(column="x", scale_bits=0),))
    found = duck.count(tmp_path / "x.parquet", [missing])[0]
    assert (found.counts, found.sums) == ((2, 1), ((3,), (0,)))


def test_a_csv_file_and_a_folder_are_read_too(duck, tmp_path):
    (tmp_path / "q1[1].csv").write_text('word,real\na,0.5\n"",1.5\nb,\n', encoding="utf-8")
    tally = Tally(name="t", keys=(Key(column="word"),), amounts=(Amount(column="real"),))
    found = duck.count(tmp_path / "q1[1].csv", [tally])[0]
    assert (found.cells, found.counts) == ((("",), ("a",), ("b",)), (1, 1, 1))
    folder = tmp_path / "parts"
    folder.mkdir()
    for number in range(2):
        parquet.write_table(pa.table({"word": ["a", ""], "real": [0.5, 1.5]}), folder / f"{number}.parquet")
    assert duck.count(folder, [tally])[0].counts == (2, 2)


def test_times_with_a_zone_are_those_of_utc(duck, tmp_path):
    import datetime as dt

    zone = dt.timezone(dt.timedelta(hours=8))
    parquet.write_table(pa.table({"at": pa.array([dt.datetime(2026, 1, 1, 8, tzinfo=zone)])}), tmp_path / "t.parquet")
    assert duck.count(tmp_path / "t.parquet", [Tally(name="t", keys=(Key(column="at"),))])[0].cells == (
        ("2026-01-01",),
    )


@pytest.mark.parametrize(
    ("values", "key", "amount"),
    [
        ([1.0, math.inf], Key(column="x", how="bins", edges=(0.0,)), None),
        ([1.0, math.inf], None, Amount(column="x")),
        ([2.0**22], None, Amount(column="x")),
        ([1e200], None, Amount(column="x", times="x")),
        (["1"], Key(column="x", how="bins", edges=(0.0,)), None),
        (["1"], None, Amount(column="x")),
        ([[1]], Key(column="x"), None),
        ([1.0], Key(column="y"), None),
        ([1.0], None, Amount(column="x", times="y")),
    ],
)
def test_what_memory_refuses_is_refused(duck, tmp_path, values, key, amount):
    parquet.write_table(pa.table({"x": values}), tmp_path / "x.parquet")
    tally = Tally(name="t", keys=(key,) if key else (), amounts=(amount,) if amount else ())
    with pytest.raises(FieldError):
        duck.count(tmp_path / "x.parquet", [tally])


def test_edges_without_a_formula_have_a_limit(duck, tmp_path):
    parquet.write_table(pa.table({"x": [1.0]}), tmp_path / "x.parquet")
    edges = tuple(np.sort(np.random.default_rng(1).random(1_025)).tolist())
    with pytest.raises(FieldError, match="follow no formula"):
        duck.count(tmp_path / "x.parquet", [Tally(name="t", keys=(Key(column="x", how="bins", edges=edges),))])


def test_files_that_cannot_be_read_say_so(duck, tmp_path):
    (tmp_path / "x.parquet").write_bytes(b"PAR1 and nothing")
    for wrong, error in (
        (tmp_path / "no.parquet", PathError),
        (tmp_path / "x.parquet", DocumentError),
        ({}, FieldError),
    ):
        with pytest.raises(error):
            duck.count(wrong, [Tally(name="t", keys=(Key(column="x"),))])
    with pytest.raises(FieldError):
        open_engine("duckdb", memory_gb=0.1)
    with pytest.raises(FieldError, match="no engine"):
        open_engine("polars")


def test_a_rows_text_is_what_the_page_defines():
    table = {
        "a": np.ma.masked_array([1, -2, 3], [False, False, True]),
        "b": np.array(["x|y", "", "學"], dtype=object),
        "c": np.array([1.5, -0.25, math.nan]),
    }
    kinds = {"a": "integer", "b": "text", "c": "real"}
    assert row_texts(table, kinds) == [
        "1|3:x|y|0:1.2251799813685248",
        "-2||--1:2251799813685248.0",
        "|1:學|",
    ]
    assert lanes("abc")[0] == int(hashlib.sha256(b"abc").hexdigest()[:8], 16)


@given(st.lists(st.floats(allow_nan=False), min_size=2, max_size=2))
def test_unequal_reals_have_unequal_texts(values):
    first, second = row_texts({"x": np.array(values)}, {"x": "real"})
    assert (first == second) == (values[0] == values[1])
