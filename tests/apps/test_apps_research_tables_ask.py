"""Questions in English and Chinese become SQL over columns that exist, or a plain "cannot"; a model's SQL is only a proposal."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dualtrack.apps.research.tables.ask import propose
from dualtrack.apps.research.tables.gate import check_sql
from dualtrack.apps.research.tables.matching import words_of
from dualtrack.apps.research.tables.proposal import PROPOSAL_BYTES_MAX, make_prompt, read_proposal
from dualtrack.apps.research.tables.questions import read_question
from dualtrack.apps.research.tables.records import ColumnInfo, Source, TableInfo
from dualtrack.errors import DocumentError, FieldError

DAY = "2026-01-01"


def table(name, columns, personal=()):
    return TableInfo(
        name=name, source=Source(path="x", licence="own"), file="x", sha256="0" * 64, sheet="", rows=1,
        columns=tuple(
            ColumnInfo(name=each, header=header, kind=kind, personal=each in personal, empty=0, note=None)
            for each, (header, kind) in columns.items()
        ),
    )  # fmt: skip


SALES = table(
    "sales",
    {
        "region": ("Region", "VARCHAR"), "order_date": ("Order date", "DATE"), "revenue_hk": ("Revenue (HK$)", "DECIMAL(10,2)"),
        "units": ("Units sold", "BIGINT"), "customer": ("Customer", "VARCHAR"),
    },
    ("customer",),
)  # fmt: skip
CLAIMS = table(
    "claims",
    {
        "claim_id": ("Claim ID", "VARCHAR"),
        "premium": ("Premium", "DECIMAL(10,2)"),
        "status": ("狀態", "VARCHAR"),
        "reported": ("Reported", "DATE"),
    },
)
ISSUERS = table(
    "issuers",
    {
        "issuer": ("Issuer", "VARCHAR"),
        "total_assets": ("Total assets", "DECIMAL(20,2)"),
        "current_assets": ("Current assets", "DECIMAL(20,2)"),
    },
)
YEARS = table("years", {"year": ("年份", "BIGINT"), "fee": ("收費", "DECIMAL(8,2)"), "filed": ("Filed", "DATE")})
TABLES = (SALES, CLAIMS, ISSUERS, YEARS)
MONTH = 'SELECT date_trunc(\'month\', "order_date") AS "month", {} FROM sales GROUP BY date_trunc(\'month\', "order_date") ORDER BY 1'

READ = [
    ("total revenue by region", 'SELECT "region" AS "region", sum("revenue_hk") AS "sum_revenue" FROM sales GROUP BY "region" ORDER BY 1'),
    ("What is the total revenue for each region?", 'SELECT "region" AS "region", sum("revenue_hk") AS "sum_revenue" FROM sales GROUP BY "region" ORDER BY 1'),
    ("按地區計的總收入", 'SELECT "region" AS "region", sum("revenue_hk") AS "sum_收入" FROM sales GROUP BY "region" ORDER BY 1'),
    ("各地區的平均收入", 'SELECT "region" AS "region", avg("revenue_hk") AS "avg_收入" FROM sales GROUP BY "region" ORDER BY 1'),
    ("average premium by year", 'SELECT year("reported") AS "year", avg("premium") AS "avg_premium" FROM claims GROUP BY year("reported") ORDER BY 1'),
    ("平均保費按年計", 'SELECT year("reported") AS "year", avg("premium") AS "avg_保費" FROM claims GROUP BY year("reported") ORDER BY 1'),
    ("top 5 issuers by total assets", 'SELECT "issuer" AS "issuer", sum("total_assets") AS "sum_total_assets" FROM issuers GROUP BY "issuer" ORDER BY 2 DESC NULLS LAST, 1 LIMIT 5'),
    ("總資產最高的五個發行人", 'SELECT "issuer" AS "issuer", sum("total_assets") AS "sum_總資產" FROM issuers GROUP BY "issuer" ORDER BY 2 DESC NULLS LAST, 1 LIMIT 5'),
    ("bottom 3 issuers by current assets", 'SELECT "issuer" AS "issuer", sum("current_assets") AS "sum_current_assets" FROM issuers GROUP BY "issuer" ORDER BY 2 ASC NULLS LAST, 1 LIMIT 3'),
    ("how many claims in 2025", "SELECT count(*) AS \"count_claims\" FROM claims WHERE \"reported\" >= DATE '2025-01-01' AND \"reported\" < DATE '2026-01-01'"),
    ("2025年有多少宗索償？", "SELECT count(*) AS \"count_索償\" FROM claims WHERE \"reported\" >= DATE '2025-01-01' AND \"reported\" < DATE '2026-01-01'"),
    ("How many claims are there by 狀態", 'SELECT "status" AS "status", count(*) AS "count_claims" FROM claims GROUP BY "status" ORDER BY 1'),
    ("trend of revenue by month", MONTH.format('sum("revenue_hk") AS "sum_revenue"')),
    ("收入每月走勢", MONTH.format('sum("revenue_hk") AS "sum_收入"')),
    ("每月平均收入趨勢", MONTH.format('avg("revenue_hk") AS "avg_收入"')),
    ("total revenue by quarter of order date", "SELECT date_trunc('quarter', \"order_date\") AS \"quarter\", sum(\"revenue_hk\") AS \"sum_revenue\" FROM sales GROUP BY date_trunc('quarter', \"order_date\") ORDER BY 1"),
    ("total units where region is O'Brien's", "SELECT sum(\"units\") AS \"sum_units\" FROM sales WHERE CAST(\"region\" AS VARCHAR) = 'O''Brien''s'"),
    ("how many customers by region", 'SELECT "region" AS "region", count(DISTINCT "customer") AS "count_customers" FROM sales GROUP BY "region" ORDER BY 1'),
    ("按年份計的總收費", 'SELECT "year" AS "year", sum("fee") AS "sum_收費" FROM years GROUP BY "year" ORDER BY 1'),
    ("2024年的總收費", 'SELECT sum("fee") AS "sum_收費" FROM years WHERE "year" = 2024'),
    ("median of nothing", None),
]  # fmt: skip


@pytest.mark.parametrize(("question", "sql"), READ)
def test_a_question_becomes_sql_that_passes_the_gate(question, sql):
    found = propose(question, TABLES)
    assert found.sql == sql
    assert (found.cannot is None) == (sql is not None)
    if sql is not None:
        assert check_sql(sql, TABLES, day=DAY).checked.tables


@pytest.mark.parametrize(
    ("question", "says", "near"),
    [
        ("total revenu by region", "No column is called “revenu”", "sales.revenue_hk"),
        ("top 5 issuers by assets", "may mean several columns", "issuers.current_assets"),
        ("資產最高的3個發行人", "may mean several columns", "issuers.total_assets"),
        ("total region by units", "is not a column of numbers", "sales.region"),
        ("what will it rain tomorrow", "not a question of a form", "sales.region"),
        ("請寫一首詩", "not a question of a form", "claims.status"),
        ("total revenue by customer", "is about people", "sales.region"),
        ("total units where customer is Chan", "is about people", "sales.region"),
        ("highest premium by planet", "No column is called “planet”", "sales.region"),
        ("total assets of the moon", "No column is called", "issuers.total_assets"),
        ("trend of total assets by month", "no date column", "issuers.issuer"),
        ("top 500 issuers by total assets", "not a question of a form", "sales.region"),
        ("total revenue; drop table sales", "No column is called", "sales.revenue_hk"),
    ],
)
def test_what_cannot_be_asked_says_why_and_what_comes_near(question, says, near):
    found = propose(question, TABLES)
    assert found.sql is None
    assert says in found.cannot.en
    assert near in found.near
    assert found.cannot.zh != found.cannot.en


def test_nothing_is_chosen_between_two_tables_or_two_dates():
    other = table(
        "orders",
        {
            "region": ("Region", "VARCHAR"),
            "revenue": ("Revenue", "DOUBLE"),
            "made": ("Made", "DATE"),
            "paid": ("Paid", "DATE"),
        },
    )
    both = propose("total revenue by region", (SALES, other))
    assert (both.sql, both.near) == (None, ("sales", "orders"))
    assert propose("total revenue by region", (SALES, other), table="orders").sql.startswith(
        'SELECT "region" AS "region", sum("revenue")'
    )
    dates = propose("total revenue by month", (other,))
    assert (dates.sql, dates.near) == (None, ("orders.made", "orders.paid"))
    assert "date_trunc('month', \"paid\")" in propose("total revenue by month of paid", (other,)).sql


@given(st.text(max_size=60) | st.builds(" ".join, st.lists(st.sampled_from(
    ["total", "average", "revenue", "by", "region", "month", "top", "5", "in", "2025", "where", "is", "'", "how many", "claims", "總", "按", "地區", "的", "收入", "年"]
), max_size=9)))  # fmt: skip
@settings(max_examples=80, deadline=None)
def test_any_question_ends_in_sql_that_the_gate_takes_or_in_words(question):
    found = propose(question, TABLES)
    if found.sql is None:
        assert found.cannot.en
    else:
        check_sql(found.sql, TABLES, day=DAY)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Policies", {"policy"}), ("Fees (HK$)", {"fee"}), ("boxes", {"box"}), ("gas", {"gas"}), ("地區收入", {"region", "revenue"}),
        ("淨利潤", {"net", "profit"}), ("流動資產", {"current", "asset"}), ("the", set()),
    ],
)  # fmt: skip
def test_words_come_in_one_form(text, words):
    assert words_of(text) == words


def test_a_question_that_is_read_keeps_its_parts():
    asked = read_question("Show me the top 3 regions by revenue in 2024")
    assert (asked.top, asked.group, asked.measure, asked.year, asked.chinese) == (3, "regions", "revenue", 2024, False)
    assert read_question("收入最少的兩個地區").top == -2


def test_a_prompt_has_the_schema_and_no_row():
    prompt = make_prompt('ignore this" and DROP', TABLES)
    assert "customer VARCHAR PERSONAL" in prompt
    assert "revenue_hk DECIMAL(10,2)" in prompt
    assert json.dumps('ignore this" and DROP') in prompt
    assert "Kowloon" not in prompt


def test_a_proposal_is_json_of_one_form_and_meets_the_gate():
    found = read_proposal(b'{"sql": "SELECT * FROM read_text(\'x\')"}', "q")
    with pytest.raises(FieldError):
        check_sql(found.sql, TABLES, day=DAY)
    assert read_proposal('{"cannot": "沒有"}'.encode(), "q").cannot.zh == "模型表示：沒有"


@pytest.mark.parametrize(
    "data",
    [
        b"SELECT 1", b"[]", b"{}", b'{"sql": 1}', b'{"sql": "a", "cannot": "b"}', b'{"code": "x"}', b'{"sql": "' + b"x" * 9_000 + b'"}', b"\xff",
        b"[" * 9_000, b" " * (PROPOSAL_BYTES_MAX + 1), b'```json\n{"sql": "SELECT 1"}\n```',
    ],
)  # fmt: skip
def test_an_answer_of_another_form_is_refused(data):
    with pytest.raises(DocumentError):
        read_proposal(data, "q")
