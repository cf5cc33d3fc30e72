"""What passes the gate: means what was asked, calls only listed functions, reads only listed tables, changes nothing."""

import importlib
import sys
import unicodedata

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dualtrack.apps.research.tables.functions import allowed, duck_tree, families
from dualtrack.apps.research.tables.gate import check_sql, is_sql
from dualtrack.apps.research.tables.query_child import SETTINGS
from dualtrack.apps.research.tables.records import ColumnInfo, Source, TableInfo
from dualtrack.apps.research.tables.second import check_second
from dualtrack.errors import FieldError, MissingExtraError

DAY = "2026-01-01"


def table(name, columns, personal=()):
    return TableInfo(
        name=name, source=Source(path="x", licence="own"), file="x", sha256="0" * 64, sheet="", rows=1,
        columns=tuple(
            ColumnInfo(name=each, header=each, kind=kind, personal=each in personal, empty=0, note=None) for each, kind in columns.items()
        ),
    )  # fmt: skip


SALES = table("sales", {"region": "VARCHAR", "d": "DATE", "rev": "DECIMAL(10,2)", "n": "BIGINT"})
STAFF = {"id": "BIGINT", "name": "VARCHAR", "region": "VARCHAR", "salary": "DECIMAL(10,2)", "age": "BIGINT"}
PEOPLE = table("people", STAFF, ("name", "salary"))
TABLES = (SALES, PEOPLE)

SAME = """
select region, sum(rev) total from sales group by region order by total desc
select region, year(d) y, sum(rev) from sales group by region, y order by all
select n, count(*) from sales group by n order by n nulls first
select -n as n from sales where n > 1 order by n limit 5
select region, sum(rev) as rev from sales group by region order by rev
select region, sum(rev) as rev from sales group by region having rev > 100 order by rev
select n+1 as n, count(*) from sales group by n order by all
select date_trunc('month', d) m, sum(rev)/count(*) r, sum(n)//2, sum(n)%3 from sales group by m order by m
select region, d, sum(rev) over (partition by region order by d, rev, n) s from sales order by region, d, rev, n limit 20
select region, row_number() over w r from sales window w as (partition by region order by d, rev) order by 1,2 limit 9
select region, d, rev from sales qualify row_number() over (partition by region order by rev desc, d) <= 2 order by 1,2,3
select region, d, rank() over (order by rev) r from sales qualify r <= 3 order by r
with m as (select date_trunc('month', d) as m, sum(rev) as rev from sales group by 1) select m, rev - lag(rev) over (order by m) as ch from m order by m
with a as (select region, n from sales), b as (select region, sum(n) n from a group by region) select * from b order by 1
select s.region, count(*) from sales s join people p on s.region = p.region where p.age < 25 group by s.region order by 1
select region, count(*) from sales join people using (region) group by region order by 1
select s.region, avg(age) from sales s left join (select region, avg(age) age from people group by region) a on a.region = s.region group by s.region order by 1
select region from sales where rev > (select avg(rev) from sales) union select region from people where age > 58 order by 1
select region, age from people except select region, age from people where age < 50 order by all
select count(distinct region), count_if(n > 2), median(rev), quantile_cont(rev, 0.25), corr(rev, n), arg_max(region, rev), max(d) from sales
select region, sum(rev) filter (where n > 2) a, sum(case when n between 1 and 2 then rev else 0 end) b, sum(if(n in (1,2), 1, 0)) c from sales group by all order by 1
select lower(region) || '-' || strftime(d, '%Y-%m') as k, count(*) from sales where region like 'K%' or region not ilike 'i' group by all order by 1
select extract(quarter from d) q, date_part('year', d) y, month(d), date_diff('day', min(d), max(d)) from sales group by all order by all
select d + interval 1 month, d - interval '2' day, last_day(d), make_date(2025, 1, 31), d - date '2024-01-01' from sales order by all limit 5
select region, sum(rev) from sales group by rollup (region) order by 1 nulls last
select region, year(d) y, sum(rev) from sales group by grouping sets ((region), (year(d)), ()) order by all
select case region when 'K' then 'Kowloon' else 'other' end as a, coalesce(n, 0), nullif(n, 1), round(rev / 7, 1), rev::double / 3, try_cast(region as int) from sales order by d, rev, n limit 7
select distinct region from sales order by region desc
select region, count(*) as c from sales where n is null or not (n = 2) group by 1 order by 2, 1
select region, rev, rev * 100.0 / sum(rev) over () as share from sales order by share desc, region limit 5
select * from sales where d >= date '2025-01-01' and d < date '2025-02-01' order by all
from sales select region, n where n = 1 order by all limit 3
select exists (select 1 from people where age > 100) e, (select count(*) from sales) c
select region from sales s where exists (select 1 from people p where p.region = s.region and p.age = 21) group by region order by 1
select region, ntile(4) over (order by rev, d) q, first_value(rev) over (partition by region order by d, rev rows between 1 preceding and current row) f from sales order by region, d, rev limit 11
select a.region, b.total from (select distinct region from people) a, (select region, sum(rev) total from sales group by region) b where a.region = b.region order by 1
select n, sum(rev) from sales group by n having count(*) > 5 and sum(rev) > 10 order by sum(rev) desc, n limit 3 offset 1
select rev as amount from sales where amount > 1400 order by amount
select avg(n) from sales where n <> 3 and n is distinct from 2
select "region" as "Region (HK)", 'it''s' as x, "n" from sales order by 3 nulls last, 1 limit 4
select 1e3, 1.50, 10000000000, 0.1 + 0.2, true and not false, null is null, 2 ** 3, -5 // 2, 7 % 3, 5 / 2
(select region from sales order by rev, d limit 3) union all (select region from people order by id limit 2) order by 1 limit 4
""".strip().splitlines()  # fmt: skip


@pytest.fixture(scope="module")
def connection():
    found = duckdb.connect()
    found.execute(
        "create table sales as select (['K','I','N'])[1+range%3] region, date '2024-01-01'+cast(range*17%700 as int) d, "
        "cast(((range*7919)%10007)/7 as decimal(10,2)) rev, case when range%11=0 then null else range%5 end n from range(300)"
    )
    found.execute(
        "create table people as select range id, 'n'||range as name, (['K','I','N'])[1+range%3] region, "
        "cast(1000+range%50*10 as decimal(10,2)) salary, 20+range%40 age from range(120)"
    )
    for name, value in SETTINGS.items():
        if name not in {"access_mode", "max_temp_directory_size", "temp_directory"}:
            found.execute(f"SET {name} = '{value}'")
    yield found
    found.close()


@pytest.mark.parametrize("asked", SAME)
def test_what_runs_gives_what_was_asked(asked, connection):
    """The SQL is written anew from the tree: on plain queries it must give the same rows and types as the text itself."""
    written = check_sql(asked, TABLES, day=DAY, rows_max=10_000).checked.sql
    first, second = connection.execute(asked), None
    kinds, rows = [str(each[1]) for each in first.description], first.fetchall()
    second = connection.execute(written)
    assert [str(each[1]) for each in second.description] == kinds
    assert second.fetchall() == rows


@pytest.mark.parametrize("family", families(), ids=lambda family: family.family)
def test_listed_functions_run_as_their_examples(family, connection):
    columns = {"a": "BIGINT", "b": "BIGINT", "t": "VARCHAR", "d": "DATE", "k": "BOOLEAN"}
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE x AS SELECT 4 AS a, 2 AS b, 'xx' AS t, DATE '2025-03-01' AS d, true AS k"
    )
    asked = f"SELECT {', '.join(family.functions.values())} FROM x"
    written = check_sql(asked, [table("x", columns)], day=DAY).checked.sql
    ran = connection.execute(written.replace('"main".', "")).fetchall()
    assert repr(ran) == repr(connection.execute(asked).fetchall())  # NaN equals itself here


def test_no_listed_function_makes_rows_reads_or_asks_the_system(connection):
    bad = "SELECT DISTINCT function_name FROM duckdb_functions() WHERE function_type IN ('table', 'pragma', 'table_macro')"
    assert allowed().duck.isdisjoint(name for (name,) in connection.execute(bad).fetchall())
    volatile = "SELECT DISTINCT function_name FROM duckdb_functions() WHERE stability IN ('VOLATILE', 'CONSISTENT_WITHIN_QUERY')"
    changing = {name for (name,) in connection.execute(volatile).fetchall()}
    assert {"random", "now"} <= changing
    assert allowed().duck.isdisjoint(changing)
    assert all(family.why for family in families())


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM main.sales", "SELECT read_text('x')", "SELECT 1 FROM range(3)", "SELECT x FROM main.other", "SELECT 1; SELECT 2",
        "SELECT ?", "SELECT [1]", "SELECT list_transform([1], lambda x: x)", "SELECT * FROM 'a.csv'", "SELECT * FROM (VALUES (1))",
        "SELECT region FROM memory.main.sales", "SELECT 1 FROM sales", "SELECT region COLLATE nocase FROM main.sales",
        "SELECT region FROM main.sales TABLESAMPLE 5%", "SELECT main.abs(1)", "DROP TABLE sales", "SELECT (",
        "WITH RECURSIVE x AS (SELECT 1 AS a UNION ALL SELECT a FROM x) SELECT a FROM x",
    ],
)  # fmt: skip
def test_the_second_look_refuses_by_itself(sql):
    """DuckDB's own tree is held against the list even where the first parser would have seen something else."""
    with pytest.raises(FieldError):
        check_second(sql, frozenset({"sales"}))


def test_the_second_look_lets_plain_sql_through():
    check_second(
        'WITH "x" AS (SELECT "region" FROM "main"."sales") SELECT "region" FROM "x" LIMIT 3', frozenset({"sales"})
    )
    assert duck_tree("SELECT (")["error"]


WORDS = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S")), max_size=20)


@given(WORDS)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_text_in_quotes_stays_that_text(connection, word):
    """No escape of either parser changes or ends a literal."""
    quoted = word.replace("'", "''")
    try:
        sql = check_sql(f"SELECT '{quoted}' AS v", TABLES, day=DAY).checked.sql
    except FieldError:
        assert not word.isprintable() or not unicodedata.is_normalized("NFC", word)
        return
    assert connection.execute(sql).fetchall() == [(word,)]


COLUMNS = st.sampled_from(
    [
        *["sales.n", "rev", "age", "people.id", "2"] * 2,
        "region",
        "rev",
        "n",
        "d",
        "sales.region",
        "people.age",
        "name",
        "salary",
        "x",
        "*",
        "sales",
        "t.a",
        "1",
        "'a'",
        "'x;y'",
    ]
)
CALLS = st.sampled_from([
    "sum({})", "count({})", "avg({})", "max({})", "lower({})", "{} + 1", "({})", "CAST({} AS VARCHAR)", "year({})", "getenv({})", "read_text({})",
    "COLUMNS({})", "unnest([{}])", "(SELECT max({}) FROM people)", "(SELECT {} FROM read_text('/etc/hosts'))", "{} IS NULL", "coalesce({}, 0)",
    "row_number() OVER (ORDER BY {})", "nextval({})", "current_setting({})", "CASE WHEN {} THEN 1 END", "NOT {}", "{} || 'x'", "query({})",
])  # fmt: skip
EXPRESSIONS = st.recursive(
    COLUMNS, lambda inner: st.builds(lambda call, one: call.replace("{}", one), CALLS, inner), max_leaves=4
)
FROM = st.sampled_from([
    *["sales", "people", "sales JOIN people ON sales.region = people.region"] * 4, "sales", "people", "sales s", "sales, people", "sales JOIN people USING (region)", "(SELECT * FROM sales) t", "(SELECT region AS a FROM sales) t",
    "'/etc/hosts'", "read_text('/etc/hosts')", "range(3)", "duckdb_settings()", "main.sales", "other", "x", "(VALUES (1)) x(a)", "sales AS people",
])  # fmt: skip
TAILS = st.sampled_from([
    "", "WHERE {}", "GROUP BY ALL", "GROUP BY {}", "ORDER BY {}", "ORDER BY ALL", "LIMIT 3", "QUALIFY {}", "UNION ALL SELECT {} FROM people",
    "; DROP TABLE sales", "-- {}", "HAVING count(*) > 1", "INTO y", "FOR UPDATE",
])  # fmt: skip
HEADS = st.sampled_from(
    [
        *[""] * 9,
        "WITH x AS (SELECT * FROM sales) ",
        "WITH sales AS (SELECT 1 AS region) ",
        "EXPLAIN ",
        "CREATE TABLE y AS ",
    ]
)
QUERIES = st.builds(
    lambda head, one, two, place, tail, three: f"{head}SELECT {one}, {two} FROM {place} {tail.replace('{}', three)}",
    HEADS, EXPRESSIONS, EXPRESSIONS, FROM, TAILS, EXPRESSIONS,
)  # fmt: skip


def state(connection):
    """Return the database as it is: what exists, and every row."""
    return (
        connection.execute("SELECT table_name FROM duckdb_tables() ORDER BY 1").fetchall(),
        connection.execute("SELECT count(*) FROM duckdb_functions() WHERE NOT internal").fetchall(),
        [connection.execute(f"SELECT count(*), sum(hash(t)) FROM {name} t").fetchall() for name in ("sales", "people")],
        connection.execute("SELECT name, value FROM duckdb_settings() ORDER BY ALL").fetchall(),
    )


@given(st.data())
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_passes_and_runs_reads_listed_tables_only_and_changes_nothing(connection, data):
    """The connection of the test may write: what keeps it as it is, is the gate. Table names are DuckDB's own finding."""
    asked = data.draw(QUERIES)
    try:
        gated = check_sql(asked, TABLES, day=DAY, rows_max=20)
    except FieldError:
        return
    before = state(connection)
    try:
        read = connection.get_table_names(gated.checked.sql)
        rows = connection.execute(gated.checked.sql).fetchall()
    except duckdb.Error:
        read, rows = set(), []
    assert {name.removeprefix("main.") for name in read} <= {"sales", "people"}
    assert len(rows) <= 21
    assert state(connection) == before
    people = {each for row in connection.execute("SELECT name FROM people").fetchall() for each in row}
    assert people.isdisjoint(value for row in rows for value in row)  # a name of a person is never shown


@given(st.sampled_from(SAME), st.integers(0, 40), st.sampled_from([
    "'/etc/hosts'", "read_text('/etc/hosts')", "; drop table sales", "-- x", "*", "(select name from people)", "getenv('HOME')", "union select name from people",
    ", name", "name", "people", ".", "::int[]", "$1", "over ()", "lateral", "recursive", "'", '"', "(", "/*",
]))  # fmt: skip
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_plain_query_with_something_put_in_between_reads_listed_tables_only(connection, asked, at, put):
    words = asked.split(" ")
    try:
        sql = check_sql(" ".join([*words[:at], put, *words[at:]]), TABLES, day=DAY, rows_max=20).checked.sql
    except FieldError:
        return
    try:
        read = connection.get_table_names(sql)
        rows = connection.execute(sql).fetchall()
    except duckdb.Error:
        return
    assert {name.removeprefix("main.") for name in read} <= {"sales", "people"}
    people = {each for row in connection.execute("SELECT name FROM people").fetchall() for each in row}
    assert people.isdisjoint(value for row in rows for value in row)


@pytest.mark.parametrize(
    "asked",
    [
        "select name from people", "select * from people", "select upper(name) from people", "select region from people where name = 'n1'",
        "select region from people order by name", "select region, count(*) from people group by region, name", "select max(salary) from people",
        "select min(name) from people", "select median(salary) from people", "select string_agg(name, ',' order by name) from people",
        "select arg_max(region, salary) from people", "select sum(salary + 1) from people", "select sum(case when id = 5 then salary end) from people",
        "select sum(salary) filter (where id = 5) from people", "select sum(salary) over () from people", "select distinct name from people",
        "select sum(p.salary) from people p, sales s where p.id = 5", "select sum(p.salary) from people p join sales s on true",
        "select avg(v) from (select salary v from people)", "with x as (select * from people) select count(*) from x",
        "select (select p.name) from people p", "select (select count(s.n) from sales s where s.region = p.name) from people p",
        "select count(*) from people a join people b using (name)", "select count(*) from people a join people b on a.name = b.name",
        "select region from sales union all select name from people", "select rank() over (order by salary) from people",
        "select region from people qualify row_number() over (order by salary) = 1", "select p.id, (select avg(p.salary) from people q) v from people p group by p.id", "select (select sum(p.salary) from sales q) v from people p",
        "select p.id, (select avg(salary) from sales) v from people p group by p.id", "select people from people", "select p from people p",
        "select count(distinct (name, region)) from people", "select count(distinct salary, name) from people",
        "select quantile_cont(salary, 0.5) from people", "select sum(p.salary) from (select * from people) p", "select first_value(name) over (order by id) from people",
    ],
)  # fmt: skip
def test_people_are_not_shown(asked):
    with pytest.raises(FieldError, match=r"about people|is no column|is a table"):
        check_sql(asked, TABLES, day=DAY)


def test_groups_of_fewer_than_ten_rows_are_left_out_of_figures_about_people(connection):
    asked = "select id // {} as g, count(*) as rows, avg(salary) as pay from people group by g order by g"
    nine, ten = (check_sql(asked.format(width), TABLES, day=DAY).checked for width in (9, 10))
    assert nine.people_min == ten.people_min == 10
    assert connection.execute(nine.sql).fetchall() == []
    assert [rows for _, rows, _ in connection.execute(ten.sql).fetchall()] == [10] * 12
    one = check_sql(
        "select (select avg(p.salary) from people p where p.id = s.n) as pay from sales s", TABLES, day=DAY
    ).checked
    assert set(connection.execute(one.sql).fetchall()) == {(None,)}
    assert check_sql("select region, avg(age) from people group by region", TABLES, day=DAY).checked.people_min == 0


def test_limits_are_kept_and_the_row_more_is_asked_for():
    assert check_sql("select n from sales", TABLES, day=DAY, rows_max=5).checked.sql.endswith("LIMIT 6")
    assert check_sql("select n from sales limit 3", TABLES, day=DAY, rows_max=5).checked.sql.endswith("LIMIT 3")
    assert check_sql("select n from sales limit 900", TABLES, day=DAY, rows_max=5).checked.sql.endswith("LIMIT 6")
    with pytest.raises(FieldError, match="rows"):
        check_sql("select n from sales", TABLES, day=DAY, rows_max=0)


def test_a_refusal_says_where_it_stands():
    with pytest.raises(FieldError) as caught:
        check_sql("select region,\n       getenv('HOME')\nfrom sales", TABLES, day=DAY)
    assert caught.value.where == "SQL, line 2, column 8"
    assert "getenv" in caught.value.found
    with pytest.raises(FieldError) as caught:
        check_sql("select region\nfrom 'file.csv'", TABLES, day=DAY)
    assert (caught.value.where, caught.value.expected) == ("SQL, line 2, column 6", "a table: people, sales")


def test_without_the_parser_it_is_said_what_to_install(monkeypatch):
    name = "dualtrack.apps.research.tables.parser"
    monkeypatch.setitem(sys.modules, "sqlglot", None)
    monkeypatch.delitem(sys.modules, name)
    with pytest.raises(MissingExtraError, match="research"):
        importlib.import_module(name)


@pytest.mark.parametrize(
    ("question", "written"),
    [
        ("SELECT region FROM sales", True),
        ("  with big as (select 1) select * from big", True),
        ("with recursive t(n) AS (select 1) from t", True),
        ("FROM sales SELECT region", True),
        ("(select 1)", True),
        ("Withdrawals by month", False),
        ("With tax, what was the total?", False),
        ("Selected income by year", False),
        ("From 2024 to 2025, how did revenue change?", False),
    ],
)
def test_sql_is_told_from_a_question_in_words(question, written):
    assert is_sql(question) is written
