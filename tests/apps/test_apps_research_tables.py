"""Files become tables with types and names that are said; a query runs in its own process and its result comes out again."""

import csv
import json
from datetime import datetime
from decimal import Decimal
from hashlib import sha256

import duckdb
import msgspec
import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dualtrack.apps.research.tables import query_child, run
from dualtrack.apps.research.tables.ask import propose
from dualtrack.apps.research.tables.load_child import clean_names
from dualtrack.apps.research.tables.plot import make_chart
from dualtrack.apps.research.tables.records import Result, Source
from dualtrack.apps.research.tables.run import Limits, ask_sql, check_result
from dualtrack.apps.research.tables.sources import open_tables
from dualtrack.domain.records import encode
from dualtrack.errors import DocumentError, FieldError, PathError

DAY = "2026-01-01"
NUMBERS = [Decimal(at * 7919**2 - 10**9).scaleb(-4) for at in range(0, 90, 7)]
ROWS = [
    [
        "地區 Region",
        "Order date",
        "Revenue (HK$)",
        "Stock code",
        "Paid",
        "Due",
        "Rate",
        "Order",
        "Agent",
        "Booked",
        "Odd",
    ],
    ["九龍", "2025-01-03", "1,200.50", "00700", "true", "13/01/2025", "1e-3", "1", "Chan", "2025-01-03 09:30", "1"],
    ["港島", "2025-02-03", "(300.00)", "00005", "false", "01/02/2025", "0.5", "2", "Lee", "2025-02-03 10:00:01", "2"],
    ["", "2025-02-04", "45", "00011", "TRUE", "", "7", "3", "Ho", "2025-02-04", "n/a"],
]


def write(path, rows):
    with path.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows(rows)
    return path


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    place = tmp_path_factory.mktemp("tables")
    book = openpyxl.Workbook()
    for row in [["Title"], [], ["Fund", "Assets", "As of"], ["A", 10.25, None], ["B", 20, None]]:
        book.active.append(row)
    book.save(place / "funds.xlsx")
    parquet = place / "trades.parquet"
    duckdb.sql(
        "SELECT range::INT AS id, CAST(range * 1.25 AS DECIMAL(9, 2)) AS price, 'e' || chr(769) AS word, [1] AS many, "
        "TIMESTAMPTZ '2025-01-01 08:00:00+08' AS at, CASE WHEN range = 1 THEN 'nan'::DOUBLE ELSE 1 END AS real FROM range(3)"
    ).write_parquet(str(parquet))
    return {
        "sales": write(place / "sales.csv", ROWS),
        "claims": write(
            place / "claims.csv",
            [["claim", "kind", "payee"], *([f"c{n}", "ab"[n % 2], f"p{n % 15}"] for n in range(30))],
        ),
        "funds": place / "funds.xlsx",
        "trades": parquet,
        "exact": write(place / "exact.csv", [["v"], *([f"{each:f}"] for each in NUMBERS)]),
    }


@pytest.fixture(scope="module")
def desk(files):
    sources = [
        Source(path=str(files["sales"]), licence="own data", personal=("Agent",)),
        Source(path=str(files["claims"]), licence="own data", personal=("payee",)),
        Source(path=str(files["funds"]), licence="CC BY 4.0", header_row=3),
        Source(path=str(files["trades"]), licence="own data"),
        Source(path=str(files["exact"]), licence="own data"),
    ]
    with open_tables(sources) as opened:
        yield opened


def test_columns_have_types_that_all_their_values_are(desk):
    sales = desk.tables[0]
    assert {each.name: each.kind for each in sales.columns} == {
        "地區_region": "VARCHAR", "order_date": "DATE", "revenue_hk": "DECIMAL(6,2)", "stock_code": "VARCHAR", "paid": "BOOLEAN", "due": "DATE",
        "rate": "DOUBLE", "order_column": "BIGINT", "agent": "VARCHAR", "booked": "TIMESTAMP", "odd": "VARCHAR",
    }  # fmt: skip
    notes = {each.name: each.note.en for each in sales.columns if each.note}
    assert notes == {"due": "read as day/month/year", "odd": "kept as text: 1 of 3 values are neither number nor date"}
    assert [each.name for each in sales.columns if each.empty] == ["地區_region", "due"]
    assert [each.name for each in sales.columns if each.personal] == ["agent"]
    assert [each.header for each in sales.columns] == ROWS[0]
    found = ask_sql(
        'SELECT revenue_hk, order_date, stock_code, rate, booked, paid, "地區_region" FROM sales', desk, day=DAY
    )
    assert found.rows == (
        ("1200.50", "2025-01-03", "00700", "0.001", "2025-01-03 09:30:00", "true", "九龍"),
        ("-300.00", "2025-02-03", "00005", "0.5", "2025-02-03 10:00:01", "false", "港島"),
        ("45.00", "2025-02-04", "00011", "7.0", "2025-02-04 00:00:00", "true", None),
    )


def test_a_workbook_and_a_parquet_file_are_tables_too(desk, files):
    funds, trades = desk.tables[2:4]
    assert [(each.name, each.kind) for each in funds.columns] == [
        ("fund", "VARCHAR"),
        ("assets", "DECIMAL(4,2)"),
        ("as_of", "VARCHAR"),
    ]
    assert (funds.sheet, funds.rows, funds.source.licence) == ("Sheet", 2, "CC BY 4.0")
    assert funds.columns[2].note.en == "no value in it"
    assert [(each.name, each.kind) for each in trades.columns] == [
        ("id", "BIGINT"), ("price", "DECIMAL(9,2)"), ("word", "VARCHAR"), ("many", "left out"), ("at_column", "TIMESTAMP"), ("real", "DOUBLE"),
    ]  # fmt: skip
    with duckdb.connect(str(desk.database), read_only=True) as plain:
        found = plain.execute("SELECT price, word, at_column, real::VARCHAR FROM trades WHERE id = 1").fetchall()
    assert found == [(Decimal("1.25"), "\u00e9", datetime(2025, 1, 1, 0, 0), "nan")]  # noqa: DTZ001 - DuckDB's type has no zone
    assert trades.sha256 == sha256(files["trades"].read_bytes()).hexdigest()
    with pytest.raises(FieldError):
        ask_sql("SELECT many FROM trades", desk, day=DAY)


def test_nothing_but_the_database_stays_and_it_goes_with_the_desk(files):
    with open_tables([Source(path=str(files["claims"]), licence="own")]) as opened:
        place = opened.database.parent
        assert [each.name for each in place.iterdir()] == ["desk.duckdb"]
        assert place.stat().st_mode & 0o077 == 0
    assert not place.exists()


@pytest.mark.parametrize(
    ("text", "error", "says"),
    [
        ("", DocumentError, "no heading"),
        ("a,b\n1,2,3\n", DocumentError, "heading"),
        ('a,b\n"1,2\n', DocumentError, "unexpected end"),
        ("a,b\n" + "1,2\n" * 300 + "\x00", DocumentError, "zero characters"),
        ("PAR1 and no more", DocumentError, "magic bytes"),
    ],
)
def test_a_file_that_is_no_table_is_an_error_that_names_it(tmp_path, text, error, says):
    path = tmp_path / "bad.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(error, match=says) as caught:
        open_tables([Source(path=str(path), licence="own")])
    assert "bad" in caught.value.where


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"licence": " "}, "no licence"), ({"table": "Sales;"}, "table name"), ({"table": "x" * 80}, "table name"),
        ({"personal": ("wages",)}, "no column"), ({"path": "absent.csv"}, "cannot be read"), ({"header_row": 99}, "no heading"),
    ],
)  # fmt: skip
def test_a_source_that_is_not_said_properly_is_refused(files, change, says):
    source = msgspec.structs.replace(Source(path=str(files["claims"]), licence="own"), **change)
    with pytest.raises((FieldError, PathError, DocumentError), match=says):
        open_tables([source])


def test_names_are_used_once(files):
    twice = [Source(path=str(files["claims"]), licence="own")] * 2
    with pytest.raises(FieldError, match="table name"):
        open_tables(twice)
    with pytest.raises(FieldError, match="0 files"):
        open_tables([])


@given(st.lists(st.text(max_size=70), min_size=1, max_size=12))
@settings(max_examples=60, deadline=None)
def test_cleaned_names_are_names_and_none_is_twice(headers):
    names = clean_names(headers, {"select", "order"})
    assert len(set(names)) == len(names) == len(headers)
    assert all(name.isidentifier() or name.replace("_", "a").isalnum() for name in names)
    assert {"select", "order"}.isdisjoint(names)
    assert not any(name[0].isdigit() for name in names)


def test_numbers_are_exact_from_file_to_result(desk):
    rows = ask_sql("SELECT v FROM exact", desk, day=DAY).rows
    assert [Decimal(value) for (value,) in rows] == NUMBERS


def test_a_question_goes_all_the_way_to_a_picture(desk, files):
    found = ask_sql(propose("number of claims by kind", desk.tables).sql, desk, day=DAY)
    assert found.rows == (("a", "15"), ("b", "15"))
    assert (
        found.restated.en
        == "Shows kind, the number of rows from claims; for each kind; sorted by kind; at most 1001 rows."
    )
    assert [each.sources for each in found.lineage] == [("claims.kind",), ("claims.*",)]
    assert make_chart(found).labels == ("a", "b")
    assert {each.source.path for each in found.tables} == {"claims.csv"}  # no path of a machine is kept


@pytest.fixture(scope="module")
def kept(desk):
    return ask_sql(
        "SELECT kind, count(DISTINCT payee) AS payees FROM claims GROUP BY kind ORDER BY kind", desk, day=DAY
    )


def test_a_result_is_kept_and_comes_out_again(kept, files, tmp_path):
    assert (kept.rows, kept.query.people_min, kept.cut) == ((("a", "15"), ("b", "15")), 10, False)
    assert [each.name for each in kept.tables] == ["claims"]
    assert kept.duckdb == duckdb.__version__
    assert msgspec.json.decode(encode(kept), type=Result).rows == kept.rows
    assert check_result(kept, files) == []
    assert check_result(kept, {}) == ["no file is given for table claims"]
    other = write(tmp_path / "claims.csv", [["claim", "kind", "payee"], ["c", "a", "p"]])
    assert check_result(kept, {"claims": other}) == ["claims.csv is another file than table claims is of"]


def test_a_result_that_was_changed_does_not_hold(kept, files):
    query = kept.query
    for change, says in [
        ({"rows": (("a", "16"), ("b", "15"))}, "row 1 is another: 2 rows kept, 2 computed"),
        ({"rows": (("a", "15"),)}, "row 2 is another: 1 rows kept, 2 computed"),
        ({"cut": True}, "its columns or its end are others"),
        ({"lineage": ()}, "the words about it are others"),
        (
            {"query": msgspec.structs.replace(query, sql="SELECT 1")},
            "the SQL is not what the gate writes for the text asked",
        ),
        (
            {"query": msgspec.structs.replace(query, people_min=2)},
            "the SQL is not what the gate writes for the text asked",
        ),
    ]:
        assert run._differences(msgspec.structs.replace(kept, **change), kept) == [says]
    false = msgspec.structs.replace(kept, query=msgspec.structs.replace(query, asked="FROM read_text('x')"))
    assert check_result(false, files) == ["it does not come out again: function 'read_text' in FROM"]


def test_a_result_that_is_cut_off_says_so(desk):
    found = ask_sql("SELECT claim FROM claims", desk, day=DAY, limits=Limits(rows=4))
    assert (len(found.rows), found.cut, found.rows_max) == (4, True, 4)


@pytest.mark.parametrize(
    ("sql", "bounds", "rows", "more"),
    [
        ("SELECT range FROM range(4)", {}, [["0"], ["1"], ["2"], ["3"]], False),
        ("SELECT range FROM range(5)", {"rows_max": 4}, [["0"], ["1"], ["2"], ["3"]], True),
        ("SELECT repeat('x', 9) FROM range(5)", {"bytes_max": 20}, [["x" * 9]] * 2, True),
        ("SELECT 1.50::DECIMAL(5,2), 0.1::DOUBLE, 1e300, true, NULL, 170141183460469231731687303715884105727::HUGEINT", {},
         [["1.50", "0.1", "1e+300", "true", None, "170141183460469231731687303715884105727"]], False),
        ("SELECT DATE '2025-01-31', TIME '10:00:01', TIMESTAMP '2025-01-31 10:00:00.5'", {}, [["2025-01-31", "10:00:01", "2025-01-31 10:00:00.500000"]], False),
    ],
)  # fmt: skip
def test_the_process_of_a_query_writes_values_without_loss(sql, bounds, rows, more):
    with duckdb.connect() as plain:
        found = query_child._run(plain, {"sql": sql, "rows_max": 9, "bytes_max": 900, "seconds": 5, **bounds})
    assert (found["rows"], found["more"]) == (rows, more)


@pytest.mark.parametrize("sql", ["SELECT INTERVAL 3 MONTH", "SELECT [1]", "SELECT {'a': 1}", "SELECT 'x'::BLOB"])
def test_values_that_have_no_exact_text_are_an_error(sql):
    with duckdb.connect() as plain:
        found = query_child._run(plain, {"sql": sql, "rows_max": 9, "bytes_max": 900, "seconds": 5})
    assert found["error"] == "type"


@pytest.mark.parametrize(
    ("asked", "limits", "code"),
    [
        ("SELECT count(*) FROM " + ", ".join(f"claims c{n}" for n in range(9)), Limits(seconds=0.2), "input.sql.time"),
        ("SELECT string_agg(a.claim || b.claim || c.claim || d.claim, '') FROM claims a, claims b, claims c, claims d", Limits(memory_mb=32), "input.sql.memory"),
    ],
)  # fmt: skip
def test_what_takes_too_much_is_an_error_of_a_kind(desk, asked, limits, code):
    with pytest.raises(FieldError) as caught:
        ask_sql(asked, desk, day=DAY, limits=limits)
    assert caught.value.code == code


def test_a_query_that_hears_no_interrupt_is_ended_by_the_kernel(desk, monkeypatch):
    """One call that fills a billion characters outlives DuckDB's interrupt by many seconds; the gate would refuse it, so it is left out."""
    monkeypatch.setattr(run, "_GRACE_SECONDS", 0.3)
    with pytest.raises(FieldError) as caught:
        run._in_child("SELECT length(lpad('x', 300000000, 'y'))", desk.database, Limits(seconds=0.2, memory_mb=2048))
    assert caught.value.code in {"input.sql.time", "input.sql.memory"}


def test_the_process_of_a_query_reaches_no_file(desk, tmp_path):
    """The gate left out again, and DuckDB's lock too, as far as a setting could: the kernel still opens nothing."""
    with pytest.raises(FieldError) as caught:
        run._in_child(f"SELECT * FROM read_text('{tmp_path}/x')", desk.database, Limits())
    assert caught.value.code == "input.sql.query"
    assert json.dumps([each.name for each in desk.database.parent.iterdir()]) == '["desk.duckdb"]'
