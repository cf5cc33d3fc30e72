"""What is said about a result: in words made from the query, by the columns it comes from, and as a picture that is only data."""

import re
from xml.dom.minidom import parseString

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dualtrack.apps.research.tables.gate import check_sql
from dualtrack.apps.research.tables.lineage import trace_columns
from dualtrack.apps.research.tables.plot import BARS_MAX, Chart, draw_chart, make_chart
from dualtrack.apps.research.tables.records import ColumnInfo, Result, ResultColumn, Source, TableInfo
from dualtrack.apps.research.tables.restate import restate
from dualtrack.errors import FieldError

DAY = "2026-01-01"


def table(name, columns, personal=()):
    return TableInfo(
        name=name, source=Source(path="x", licence="own"), file=f"{name}.csv", sha256="0" * 64, sheet="", rows=1,
        columns=tuple(
            ColumnInfo(name=each, header=header, kind=kind, personal=each in personal, empty=0, note=None)
            for each, (header, kind) in columns.items()
        ),
    )  # fmt: skip


SALES = table(
    "sales",
    {
        "region": ("Region", "VARCHAR"),
        "d": ("Order date", "DATE"),
        "rev": ("Revenue (HK$)", "DECIMAL(10,2)"),
        "n": ("Units", "BIGINT"),
    },
)
PEOPLE = table(
    "people", {"name": ("Name", "VARCHAR"), "region": ("Home", "VARCHAR"), "pay": ("Pay", "BIGINT")}, ("name", "pay")
)
TABLES = (SALES, PEOPLE)


def told(sql):
    return restate(check_sql(sql, TABLES, day=DAY, rows_max=100), TABLES)


@pytest.mark.parametrize(
    ("sql", "en", "zh"),
    [
        (
            "select region, sum(rev) total from sales where d >= date '2025-01-01' group by region order by total desc limit 5",
            ("Shows Region, the total of Revenue (HK$) from sales; of the rows where Order date is at least 2025-01-01; for each Region; "
            "sorted by the total of Revenue (HK$) from high to low; at most 5 rows."),
            ("從 sales 列出 Region、Revenue (HK$) 的總和；只計 Order date 不小於 2025-01-01 的列；按 Region 分組；"
            "按 Revenue (HK$) 的總和（由大至小）排序；最多 5 列。"),
        ),
        (
            "select region, avg(pay) from people group by region",
            ("Shows Home, the average of Pay from people; for each Home; keeping groups where the number of rows with Pay is at least 10; "
            "at most 101 rows; figures about people only for groups of at least 10 rows; smaller groups are left out."),
            ("從 people 列出 Home、Pay 的平均值；按 Home 分組；只保留 有 Pay 的列數 不小於 10 的組別；最多 101 列；"
            "有關個人的數字只限至少 10 列的組別；較小的組別不列出。"),
        ),
        (
            "select distinct region from sales where n is not null and (n between 1 and 3 or region in ('K', 'I')) and not n = 2",
            ("Shows Region from sales; of the rows where Units is not empty and (Units is from 1 to 3, both included or Region is one of “K”, “I”) "
            "and it is not so that Units is 2; each combination once; at most 101 rows."),
            ("從 sales 列出 Region；只計 Units 有值，並且（Units 由 1 至 3（包括首尾），或者 Region 是 “K”、“I” 之一），"
            "並且 並非 Units 等於 2 的列；相同者只列一次；最多 101 列。"),
        ),
        (
            "with m as (select date_trunc('month', d) as m, sum(rev) as r from sales group by all) select m, r from m order by m",
            ("First m: Shows the month of Order date, the total of Revenue (HK$) from sales; for each the month of Order date. "
            "Shows m, r from m; sorted by m; at most 101 rows."),
            "先得出 m：從 sales 列出 Order date 所屬的月、Revenue (HK$) 的總和；按 Order date 所屬的月 分組。從 m 列出 m、r；按 m 排序；最多 101 列。",
        ),
        (
            "select s.region, count(*) from sales s left join people p on s.region = p.region group by s.region having count(*) > 1",
            ("Shows Region, the number of rows from sales, joined with people where Region is Home, also rows without a match in people; "
            "for each Region; keeping groups where the number of rows is more than 1; at most 101 rows."),
            ("從 sales，與 people 連接（Region 等於 Home）（包括在 people 沒有對應的列）列出 Region、列數；按 Region 分組；"
            "只保留 列數 大於 1 的組別；最多 101 列。"),
        ),
        (
            "select region from sales union select region from people",
            "Shows Region from sales; together with: Shows Home from people; at most 101 rows.",
            "從 sales 列出 Region；合併：從 people 列出 Home；最多 101 列。",
        ),
        ("select n % 2 as odd from sales limit 1", 'Shows "sales"."n" % 2 from sales; at most 1 rows.', '從 sales 列出 "sales"."n" % 2；最多 1 列。'),
    ],
)  # fmt: skip
def test_a_query_is_told_in_both_languages(sql, en, zh):
    said = told(sql)
    assert (said.en, said.zh) == (en, zh)


@given(
    st.sampled_from(["rev", "n", "rev + n", "rev - n"]), st.sampled_from(["=", "<>", "<", "<=", ">", ">="]),
    st.integers(0, 9), st.sampled_from(["sum", "avg", "min", "max", "count"]), st.booleans(), st.integers(1, 90),
)  # fmt: skip
@settings(max_examples=5, deadline=None)
def test_two_queries_that_differ_are_told_differently(left, sign, number, call, down, limit):
    def words(left=left, sign=sign, number=number, call=call, down=down, limit=limit):
        order = "desc" if down else "asc"
        return told(
            f"select region, {call}(n) v from sales where {left} {sign} {number} group by region order by v {order} limit {limit}"
        )

    others = [
        words(left="rev * n"),
        words(number=number + 1),
        words(call="median"),
        words(down=not down),
        words(limit=limit + 1),
    ]
    said = words()
    assert all(said.en != other.en and said.zh != other.zh for other in others)
    assert str(limit) in said.en


@pytest.mark.parametrize(
    ("sql", "sources"),
    [
        ("select region, sum(rev) from sales group by region", [["sales.region"], ["sales.rev"]]),
        ("select count(*) from sales s join people p on s.region = p.region", [["people.*", "sales.*"]]),
        ("select rev / n as x, 1 as y from sales", [["sales.n", "sales.rev"], []]),
        ("with a as (select region as k, rev + n as v from sales) select k, max(v) from a group by k", [["sales.region"], ["sales.n", "sales.rev"]]),
        ("select t.c from (select count(*) as c from sales) t", [["sales.*"]]),
        ("select region from sales union all select region from people", [["people.region", "sales.region"]]),
        ("select (select max(s.rev) from sales s where s.region = p.region) as m from people p", [["people.region", "sales.region", "sales.rev"]]),
        ("with a as (select n from sales), b as (select n * 2 as m from a) select sum(m) over (order by m) from b", [["sales.n"]]),
        ("select case when n > 1 then rev end as x from sales", [["sales.n", "sales.rev"]]),
    ],
)  # fmt: skip
def test_each_column_is_traced_to_columns_of_files(sql, sources):
    found = trace_columns(check_sql(sql, TABLES, day=DAY).tree)
    assert [list(each.sources) for each in found] == sources


def test_what_narrows_the_rows_is_part_of_the_lineage():
    sql = "select s.region from sales s join people p on s.region = p.region where s.n > 1"
    (found,) = trace_columns(check_sql(sql, TABLES, day=DAY).tree)
    assert found.filters == ('"s"."n" > 1', '"s"."region" = "p"."region"')


def result(columns, rows):
    checked = check_sql("select region from sales", TABLES, day=DAY).checked
    return Result(
        format="dualtrack.table-result/1", query=checked, day=DAY, tables=(SALES,), rows_max=1000, cut=False, restated=told("select region from sales"),
        lineage=(), seconds=0.0, duckdb="2.0.0", columns=tuple(ResultColumn(name=name, kind=kind) for name, kind in columns), rows=tuple(rows),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("columns", "rows", "kind"),
    [
        ([("region", "VARCHAR"), ("v", "DECIMAL(38,2)")], [("K", "1.50"), ("I", "-2.00")], "bar"),
        ([("m", "DATE"), ("v", "BIGINT")], [("2025-02-01", "2"), ("2025-01-01", "1")], "line"),
        ([("y", "BIGINT"), ("v", "DOUBLE")], [("2024", "1.5"), ("2025", "2.5")], "line"),
        ([("n", "BIGINT"), ("v", "DOUBLE")], [("1", "1.5"), ("2", "2.5")], "bar"),
        ([("region", "VARCHAR"), ("other", "VARCHAR")], [("K", "x")], None),
        ([("v", "BIGINT")], [("1",)], None),
        ([("region", "VARCHAR"), ("v", "BIGINT")], [("K", "1"), ("K", "2")], None),
        ([("region", "VARCHAR"), ("v", "BIGINT")], [], None),
        ([("region", "VARCHAR"), ("v", "DOUBLE")], [("K", "nan"), ("I", None)], None),
    ],
)
def test_a_picture_is_chosen_by_the_types(columns, rows, kind):
    chart = make_chart(result(columns, rows))
    assert (None if chart is None else chart.kind) == kind
    if chart is not None:
        assert sorted(chart.values) == sorted(row[1] for row in rows)


def test_a_line_runs_in_time_and_what_is_not_drawn_is_said():
    months = [(f"20{year}-01-01 00:00:00", str(year)) for year in range(30, 10, -1)] + [("2040-01-01 00:00:00", None)]
    line = make_chart(result([("m", "TIMESTAMP"), ("v", "BIGINT")], months))
    assert line.labels[0] == "2011-01-01"
    assert line.labels == tuple(sorted(line.labels))
    assert line.without_value == 1
    bars = make_chart(result([("k", "VARCHAR"), ("v", "BIGINT")], [(f"k{at}", str(at)) for at in range(33)]))
    assert (len(bars.labels), bars.more) == (BARS_MAX, 33 - BARS_MAX)
    assert "13 more are not drawn" in draw_chart(bars, key="a", language="en")
    assert "另有 13 個沒有繪出" in draw_chart(bars, key="a", language="zh")


@given(
    st.sampled_from(["bar", "line"]),
    st.lists(st.tuples(st.text(max_size=30), st.decimals(allow_nan=False, allow_infinity=False, places=2, min_value=-(10**15), max_value=10**15)), min_size=1, max_size=BARS_MAX),
)  # fmt: skip
@settings(max_examples=50, deadline=None)
def test_a_drawing_is_xml_within_its_frame_whatever_the_words(kind, pairs):
    clean = [re.sub(r"[^\t -\ud7ff\ue000-\ufffd]", "", label) for label, _ in pairs]
    chart = Chart(
        kind=kind,
        x="<x>",
        y='"y"&',
        labels=tuple(clean),
        values=tuple(f"{value:f}" for _, value in pairs),
        more=0,
        without_value=0,
    )
    drawn = parseString(str(draw_chart(chart, key="k", language="en")))
    assert drawn.getElementsByTagName("script") == []
    bars = drawn.getElementsByTagName("rect")
    assert len(bars) == (len(pairs) if kind == "bar" else 0)
    for bar in bars:
        left, width = float(bar.getAttribute("x")), float(bar.getAttribute("width"))
        assert 149.9 <= left <= left + width <= 410.2
    for line in drawn.getElementsByTagName("polyline"):
        points = [tuple(map(float, point.split(","))) for point in line.getAttribute("points").split()]
        assert all(62 <= x <= 460 and 12 <= y <= 212 for x, y in points)


def test_a_chart_that_is_no_chart_is_refused():
    good = Chart(kind="bar", x="a", y="b", labels=("a",), values=("1",), more=0, without_value=0)
    for change in (
        {"labels": ()},
        {"values": ("x",)},
        {"values": ("Infinity",)},
        {"labels": ("a",) * 30, "values": ("1",) * 30},
    ):
        with pytest.raises(FieldError):
            msgspec.structs.replace(good, **change)
