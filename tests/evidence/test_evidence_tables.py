"""The carried table, the loader and the digest of a logical table."""

import csv
import hashlib
import json
import re
import struct
from pathlib import Path

import duckdb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dualtrack.errors import DocumentError, FieldError, PathError
from dualtrack.evidence.tables import TAIWAN_PATH, load_table, load_taiwan, table_digest

PUBLISHED = Path(__file__).parents[3] / "shared" / "data" / "credit" / "uci_taiwan_default.csv"
"""A second copy of the published file, kept beside the repository where the team works."""


def test_carried_table_matches_its_card():
    card = TAIWAN_PATH.with_suffix(".card.md").read_text(encoding="utf-8")
    table = load_taiwan()
    assert table_digest(table) == re.search(r"`([0-9a-f]{64})`", card).group(1)
    assert (len(table), len(table["id"])) == (25, 30_000)
    assert int(table["default_next_month"].sum()) == 6_636
    assert int((table["pay_0"] == 0).sum()) == 14_737
    assert int((table["marriage"] == 3).sum()) == 323
    values = np.column_stack([column for name, column in table.items() if name != "id"])
    assert len(values) - len(np.unique(values, axis=0)) == 35
    assert all(f"`{name}`" in card for name in ("limit_bal", "education", "default_next_month"))
    assert TAIWAN_PATH.stat().st_size < 1_500_000


@pytest.mark.skipif(not PUBLISHED.exists(), reason="no second copy of the published file here")
def test_rows_equal_the_published_file():
    with PUBLISHED.open(encoding="utf-8", newline="") as file:
        rows = np.array(list(csv.reader(file))[1:], dtype=np.float64)
    assert np.array_equal(rows, np.column_stack(list(load_taiwan().values())))


def test_digest_recomputes_with_the_standard_library():
    table = {
        "a": np.array([1, -2], dtype=np.int8),
        "b": np.ma.array([0.5, 9.0], mask=[False, True]),
        "c": np.array(["é", ""]),
        "d": np.array([True, False]),
    }
    header = {"columns": [["a", "integer"], ["b", "real"], ["c", "text"], ["d", "boolean"]], "rows": 2}
    text = "é".encode()
    expected = hashlib.sha256(
        b"dualtrack-table-v1\n" + json.dumps(header, sort_keys=True, separators=(",", ":")).encode() + b"\n"
        b"\1\1"
        + struct.pack("<qq", 1, -2)
        + b"\1\0"
        + struct.pack("<dd", 0.5, 0.0)
        + b"\1\1"
        + struct.pack("<Q", len(text))
        + text
        + struct.pack("<Q", 0)
        + b"\1\1"
        + b"\1\0"
    )
    assert table_digest(table) == expected.hexdigest()


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(-100, 100), min_size=1, max_size=8), st.integers(0, 7))
def test_digest_is_of_meaning_not_of_width_and_sees_every_change(values, position):
    table = {"x": np.array(values, dtype=np.int8), "y": np.array(values, dtype=np.float32)}
    digest = table_digest(table)
    assert digest == table_digest({"x": np.array(values, dtype=np.int64), "y": np.array(values, dtype=np.float64)})
    changed = np.array(values, dtype=np.int64)
    changed[position % len(values)] += 1
    others = [
        {"x": changed, "y": table["y"]},
        {"y": table["y"], "x": table["x"]},
        {"z": table["x"], "y": table["y"]},
        {"x": table["y"], "y": table["y"]},
        {"x": np.ma.array(values, mask=np.arange(len(values)) == position % len(values)), "y": table["y"]},
    ]
    assert digest not in {table_digest(other) for other in others}
    assert len({table_digest(other) for other in others}) == len(others)


def test_digest_survives_another_file_layout(tmp_path):
    target = tmp_path / "again.parquet"
    duckdb.read_parquet(str(TAIWAN_PATH)).project("* exclude (id), id::bigint as id").project(
        ", ".join(load_taiwan())
    ).write_parquet(str(target), compression="snappy")
    assert target.read_bytes() != TAIWAN_PATH.read_bytes()
    assert table_digest(load_table(target)) == table_digest(load_taiwan())


def test_minus_zero_is_zero_and_not_finite_is_refused():
    assert table_digest({"x": np.array([-0.0])}) == table_digest({"x": np.array([0.0])})
    with pytest.raises(FieldError, match="not finite"):
        table_digest({"x": np.array([np.nan])})
    with pytest.raises(FieldError, match="equal length"):
        table_digest({"x": np.zeros(2), "y": np.zeros(3)})
    with pytest.raises(FieldError, match="complex"):
        table_digest({"x": np.zeros(2, dtype=complex)})
    with pytest.raises(FieldError, match="int64"):
        table_digest({"x": np.array([2**63], dtype=np.uint64)})
    with pytest.raises(FieldError, match="NoneType"):
        table_digest({"x": np.array([None, "a"], dtype=object)})


def test_loader_names_what_is_wrong(tmp_path):
    with pytest.raises(PathError):
        load_table(tmp_path / "absent.parquet")
    (tmp_path / "not.parquet").write_text("a,b\n1,2\n")
    with pytest.raises(DocumentError, match="Parquet"):
        load_table(tmp_path / "not.parquet")


@pytest.mark.parametrize("name", ["q1[1].csv", "q?1.csv", "q*.csv"])
def test_a_name_is_a_name_and_no_pattern(tmp_path, name):
    (tmp_path / "q11.csv").write_text("v\n11\n")
    (tmp_path / name).write_text("v\n1\n")
    assert load_table(tmp_path / name)["v"].tolist() == [1]
    assert load_table(tmp_path / "q11.csv")["v"].tolist() == [11]
    parquet = Path(name).with_suffix(".parquet").name
    for stem, value in (("q11.parquet", 11), (parquet, 1)):
        duckdb.sql(f"SELECT {value} AS v").write_parquet(str(tmp_path / stem))
    assert load_table(tmp_path / parquet)["v"].tolist() == [1]


def test_loader_refuses_more_than_its_bounds(tmp_path, monkeypatch):
    monkeypatch.setattr("dualtrack.evidence.tables.ROWS_MAX", 29_999)
    with pytest.raises(DocumentError, match="30000 rows"):
        load_taiwan()
