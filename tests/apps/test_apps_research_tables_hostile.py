"""Attacks on the gate: each is refused. What the same attacks reach past the gate is another file's test.

All strings are our own. `{file}` is a file with a secret in it, `{folder}` its folder, `{port}` a port that somebody listens at.
"""

import pytest

from dualtrack.apps.research.tables.gate import check_sql
from dualtrack.apps.research.tables.records import ColumnInfo, Source, TableInfo
from dualtrack.errors import FieldError

READS = r"""
SELECT * FROM read_csv('{file}')
SELECT * FROM read_csv_auto('{file}')
SELECT * FROM READ_CSV('{file}')
SELECT * FROM "read_csv"('{file}')
SELECT * FROM main.read_csv('{file}')
SELECT * FROM system.main.read_csv('{file}')
SELECT * FROM read_text('{file}')
SELECT * FROM read_blob('{file}')
SELECT content FROM read_text('{folder}/*')
SELECT * FROM read_json('{file}')
SELECT * FROM read_json_auto('{file}')
SELECT * FROM read_ndjson('{file}')
SELECT * FROM read_json_objects('{file}')
SELECT * FROM read_parquet('{file}')
SELECT * FROM parquet_scan('{file}')
SELECT * FROM parquet_metadata('{file}')
SELECT * FROM parquet_schema('{file}')
SELECT * FROM parquet_kv_metadata('{file}')
SELECT * FROM read_duckdb('{file}')
SELECT * FROM sniff_csv('{file}')
SELECT * FROM glob('{folder}/*')
SELECT * FROM '{file}'
FROM '{file}'
SELECT * FROM "{file}"
FROM "{file}"
SELECT * FROM "{folder}/secret.csv" AS sales
SELECT * FROM 'file://{file}'
SELECT * FROM sales, '{file}'
SELECT * FROM sales JOIN '{file}' ON true
SELECT * FROM sales LEFT JOIN read_csv('{file}') r ON true
SELECT (SELECT max(content) FROM read_text('{file}'))
SELECT * FROM sales WHERE region IN (SELECT content FROM read_text('{file}'))
SELECT * FROM sales WHERE EXISTS (FROM read_text('{file}'))
SELECT * FROM sales ORDER BY (SELECT content FROM read_text('{file}'))
SELECT sum((SELECT count(*) FROM glob('/*'))) FROM sales
WITH x AS (SELECT * FROM read_text('{file}')) SELECT * FROM x
WITH x AS MATERIALIZED (FROM '{file}') SELECT * FROM x
SELECT region FROM sales UNION ALL SELECT content FROM read_text('{file}')
SELECT region FROM sales EXCEPT (SELECT content FROM read_text('{file}'))
SELECT * FROM (SELECT * FROM (SELECT * FROM read_text('{file}')))
SELECT * FROM sales, LATERAL (SELECT * FROM read_text('{file}'))
SELECT * FROM sales, LATERAL read_text('{file}')
SELECT * FROM read_csv(['{file}', '{file}'])
SELECT * FROM read_csv('{folder}/' || 'secret.csv')
SELECT * FROM read_csv(getvariable('x'))
SELECT * FROM read_csv(filename := '{file}')
SELECT * FROM (VALUES ('{file}')) v(f), read_text(v.f)
SELECT unnest((SELECT array_agg(content) FROM read_text('{file}')))
SELECT getenv('SECRET')
SELECT {'a': getenv('SECRET')}.a
SELECT list_transform(['SECRET'], lambda x: getenv(x))
SELECT [getenv(x) for x in ['SECRET']]
SELECT * FROM query('FROM read_text(''{file}'')')
SELECT * FROM query_table('{file}')
SELECT * FROM query_table(['sales'])
SELECT * FROM json_execute_serialized_sql(json_serialize_sql('SELECT * FROM read_text(''{file}'')'))
PRAGMA json_execute_serialized_sql('x')
SELECT * FROM python_map_function(sales)
SELECT * FROM pandas_scan(0)
SELECT * FROM arrow_scan(0, 0, 0)
SELECT * FROM seq_scan('sales')
TABLE '{file}'
PIVOT '{file}' ON a
PIVOT sales ON region USING sum(rev)
UNPIVOT sales ON rev
SELECT * FROM (PIVOT sales ON region USING sum(rev))
SUMMARIZE '{file}'
DESCRIBE SELECT * FROM '{file}'
SHOW ALL TABLES
"""
REACHES = r"""
SELECT * FROM 'http://127.0.0.1:{port}/a.csv'
SELECT * FROM read_csv('http://127.0.0.1:{port}/a.csv')
SELECT * FROM read_parquet('s3://bucket/a.parquet?s3_endpoint=127.0.0.1:{port}')
FROM read_json('https://127.0.0.1:{port}/x')
INSTALL httpfs
INSTALL httpfs FROM 'http://127.0.0.1:{port}'
FORCE INSTALL spatial
LOAD httpfs
LOAD '{folder}/evil.duckdb_extension'
ATTACH 'http://127.0.0.1:{port}/x.duckdb'
ATTACH '{file}' AS other
ATTACH ':memory:' AS m
ATTACH 'postgres:host=127.0.0.1 port={port}' AS p (TYPE postgres)
CREATE SECRET (TYPE s3, KEY_ID 'a', SECRET 'b')
SELECT * FROM which_secret('s3://x', 's3')
SELECT * FROM duckdb_secrets()
"""
WRITES = r"""
COPY sales TO '{folder}/out.csv'
COPY (SELECT * FROM sales) TO '{folder}/out.parquet' (FORMAT parquet)
COPY sales FROM '{file}'
COPY (SELECT 1) TO '/dev/stdout'
EXPORT DATABASE '{folder}/out'
IMPORT DATABASE '{folder}'
CREATE TABLE x AS SELECT * FROM sales
CREATE OR REPLACE VIEW sales AS SELECT 1
CREATE TEMP TABLE x (a INT)
CREATE MACRO sum(x) AS getenv('SECRET')
CREATE FUNCTION f() AS TABLE SELECT * FROM read_text('{file}')
CREATE SEQUENCE s
CREATE SCHEMA x
CREATE TYPE t AS ENUM ('a')
INSERT INTO sales SELECT * FROM sales
UPDATE sales SET rev = 0
DELETE FROM sales
TRUNCATE sales
DROP TABLE sales
ALTER TABLE sales ADD COLUMN x INT
MERGE INTO sales USING sales s ON false WHEN NOT MATCHED THEN INSERT
WITH x AS (DELETE FROM sales RETURNING *) SELECT * FROM x
SELECT region INTO other FROM sales
SELECT * FROM sales FOR UPDATE
COMMENT ON TABLE sales IS 'x'
CHECKPOINT
VACUUM sales
ANALYZE
BEGIN TRANSACTION
COMMIT
SELECT nextval('s')
SELECT write_log('x')
"""
SETTINGS = r"""
SET enable_external_access = true
SET GLOBAL lock_configuration = false
SET threads TO 64
RESET ALL
SET VARIABLE x = 1
PRAGMA database_list
PRAGMA version
PRAGMA threads = 64
PRAGMA enable_profiling
CALL pragma_version()
CALL duckdb_settings()
USE memory
SELECT current_setting('temp_directory')
SELECT * FROM duckdb_settings()
SELECT * FROM duckdb_functions()
SELECT * FROM duckdb_tables()
SELECT * FROM duckdb_databases()
SELECT * FROM duckdb_extensions()
SELECT * FROM pragma_database_size()
SELECT * FROM pragma_table_info('sales')
SELECT * FROM pragma_user_agent()
SELECT * FROM information_schema.tables
SELECT * FROM pg_catalog.pg_tables
SELECT * FROM sqlite_master
SELECT getvariable('x')
SELECT version()
SELECT current_database()
SELECT current_user
SELECT now()
SELECT current_date
SELECT today()
SELECT random()
SELECT gen_random_uuid()
SELECT txid_current()
SELECT sleep_ms(1)
SELECT error('x')
SELECT in_search_path('main', 'main')
SELECT currval('x')
EXPLAIN SELECT * FROM sales
EXPLAIN ANALYZE SELECT * FROM read_text('{file}')
PREPARE p AS SELECT * FROM read_text($1)
EXECUTE p('{file}')
DEALLOCATE p
SELECT $1
SELECT ?
SELECT :name
SELECT * FROM sales WHERE region = $r
"""
HIDDEN = r"""
SELECT 1; SELECT * FROM read_text('{file}')
SELECT 1;; SELECT 2
SELECT 1; COPY sales TO '{folder}/o.csv'
SELECT 1 -- ; DROP TABLE sales
SELECT 1 /* read_text */
SELECT/**/region/**/FROM/**/sales
SELECT /*+ hint */ region FROM sales
SELECT 1 /* /* */ */ FROM sales
-- SELECT 1
;
SELECT region FROM sales -- */ UNION SELECT content FROM read_text('{file}')
SELECT U&'\0072ead_text'
SELECT * FROM U&"\0072ead_text"('{file}')
SELECT e'\x72' || * FROM sales
SELECT $$a$$, $x$b$x$ FROM read_text('{file}')
SELECT * FROM "re""ad"('{file}')
SELECT * FROM `read_text`('{file}')
SELECT * FROM [read_text]('{file}')
SELECT COLUMNS('.*') FROM sales
SELECT COLUMNS(*) FROM sales
SELECT COLUMNS(c -> c LIKE 'r%') FROM sales
SELECT max(COLUMNS(*)) FROM sales
SELECT * REPLACE (getenv('SECRET') AS region) FROM sales
SELECT * RENAME (region AS r) FROM sales
SELECT * LIKE 're%' FROM sales
SELECT sales FROM sales
SELECT s FROM sales s
SELECT count(sales) FROM sales
SELECT struct_pack(a := region) FROM sales
SELECT row(region, rev) FROM sales
SELECT region.x FROM sales
SELECT sales.region.y FROM sales
SELECT (sales).region FROM sales
SELECT region[1:2] FROM sales
SELECT region->>'$.a' FROM sales
SELECT json_extract(region, '$') FROM sales
SELECT region::STRUCT(a INT) FROM sales
SELECT CAST(region AS regclass) FROM sales
SELECT region::ENUM('a') FROM sales
SELECT CAST(rev AS INT[]) FROM sales
SELECT region COLLATE nocase FROM sales
SELECT main.abs(rev) FROM sales
SELECT system.main.abs(rev) FROM sales
SELECT rev.abs() FROM sales
SELECT '{file}'.read_text()
SELECT #1 FROM sales
SELECT rowid FROM sales
SELECT * FROM other
SELECT * FROM memory.main.sales
SELECT * FROM main.sales
SELECT * FROM sales AT (VERSION => 1)
WITH sales AS (SELECT 1 AS region) SELECT region FROM sales
WITH x AS (SELECT 1 AS a), X AS (SELECT 2 AS a) SELECT a FROM x
WITH x AS (WITH x AS (SELECT 1 AS a) SELECT * FROM x) SELECT a FROM x
SELECT * FROM people AS sales
SELECT * FROM sales AS s(a, b)
"""
BOMBS = r"""
WITH RECURSIVE x AS (SELECT 1 AS a UNION ALL SELECT a + 1 FROM x) SELECT * FROM x
WITH RECURSIVE x AS (SELECT 1 AS a UNION ALL SELECT a FROM x LIMIT 3) SELECT * FROM x
WITH RECURSIVE x(a) USING KEY (a) AS (SELECT 1 UNION SELECT 2 FROM x) SELECT * FROM x
SELECT * FROM range(1000000000000)
SELECT * FROM generate_series(1, 1000000000000)
SELECT unnest(range(1000000000000))
SELECT * FROM repeat('x', 1000000000)
SELECT * FROM repeat_row('x', num_rows = 1000000000)
SELECT repeat('x', 1000000)
SELECT lpad('x', 1000000, 'y')
SELECT rpad('x', 1000000, 'y')
SELECT list(region) FROM sales
SELECT array_agg(region) FROM sales
SELECT histogram(region) FROM sales
SELECT bar(rev, 0, 1, 1000000000) FROM sales
SELECT format('{:1000000d}', 1)
SELECT printf('%1000000d', 1)
SELECT region FROM sales LIMIT 50%
SELECT region FROM sales LIMIT (SELECT count(*) FROM sales)
SELECT region FROM sales LIMIT -1
SELECT region FROM sales LIMIT 1e9
SELECT region FROM sales OFFSET rev
SELECT region FROM sales TABLESAMPLE 10%
SELECT region FROM sales USING SAMPLE 3
SELECT * FROM test_all_types()
SELECT * FROM test_vector_types(NULL)
SELECT * FROM (VALUES (1), (2)) v
VALUES (1)
SELECT * FROM unnest([1, 2, 3])
SELECT * FROM sales NATURAL JOIN people
SELECT * FROM sales POSITIONAL JOIN people
SELECT * FROM sales ASOF JOIN people ON sales.rev >= people.age
SELECT DISTINCT ON (region) region, rev FROM sales
SELECT region FROM sales UNION BY NAME SELECT region FROM people
SELECT first(region) FROM sales
SELECT any_value(region) FROM sales
SELECT mode(region) FROM sales
"""
MADE = [
    "SELECT " + "(" * 300 + "1" + ")" * 300,
    "SELECT " + "CASE WHEN true THEN " * 100 + "1" + " END" * 100,
    "SELECT " + "NOT " * 1_500 + "true",
    "SELECT " + "- " * 1_500 + "1",
    "SELECT " + " + ".join(["1"] * 1_900),
    "SELECT " + "1, " * 5_000 + "1",
    "SELECT '" + "x" * 9_000 + "'",
    "SELECT region FROM sales" + ", sales" * 20,
    "SELECT region FROM sales WHERE " + " OR ".join(["rev = 1"] * 700),
    "SELECT " + "abs(" * 100 + "1" + ")" * 100,
    " UNION ALL ".join(["SELECT 1"] * 390),
    "SELECT 1\x00",
    "SELECT\u00a0region FROM sales",
    "SELECT\u2028region FROM sales",
    "SELECT 1 \u202e FROM sales",
    "SELECT 're\u200bgion' FROM sales",
    "SELECT re\u0301gion FROM sales",
    "SELECT region FROM s\u0430les",  # a Cyrillic letter
    "SELECT region FROM sales\uff1b SELECT 2",
    "\ufeffSELECT 1",
    "SELECT 'unterminated",
    'SELECT "unterminated',
    "SELECT $$unterminated",
    "SELECT (1",
    "SELECT 1)",
    "",
    "   \n\t ",
    "hello",
    "SELECT",
    "SELECT FROM sales",
    "SELECT region FROM",
    "SELECT missing FROM sales",
    "SELECT x.region FROM sales",
    "SELECT (region,) FROM sales",
    "SELECT region, FROM sales",
    "SELECT region, rev FROM sales UNION SELECT region FROM people",
    "WITH b AS (SELECT *, FROM sales GROUP BY 1) SELECT * FROM b ORDER BY 1",
]
FORMS = [each for part in (READS, REACHES, WRITES, SETTINGS, HIDDEN, BOMBS) for each in part.strip().splitlines()]


def table(name, columns, personal=()):
    return TableInfo(
        name=name, source=Source(path="x", licence="own"), file="x", sha256="0" * 64, sheet="", rows=1,
        columns=tuple(
            ColumnInfo(name=each, header=each, kind=kind, personal=each in personal, empty=0, note=None) for each, kind in columns.items()
        ),
    )  # fmt: skip


TABLES = (
    table("sales", {"region": "VARCHAR", "rev": "DECIMAL(10,2)"}),
    table("people", {"region": "VARCHAR", "age": "BIGINT"}),
)


def filled(form, file="/tmp/secret.csv", folder="/tmp", port=9):
    return form.replace("{file}", str(file)).replace("{folder}", str(folder)).replace("{port}", str(port))


def test_there_are_enough_attacks_and_none_twice():
    every = [*FORMS, *MADE]
    assert len(every) == len(set(every)) >= 120


@pytest.mark.parametrize("attack", [*map(filled, FORMS), *MADE], ids=lambda text: ascii(text)[1:45])
def test_an_attack_is_refused_with_what_and_where(attack):
    with pytest.raises(FieldError) as caught:
        check_sql(attack, TABLES, day="2026-01-01")
    assert caught.value.code in {"input.sql", "input.sql.second"}
    assert caught.value.found
    assert caught.value.where.startswith("SQL")


def test_what_is_plain_passes_so_that_refusing_means_something():
    assert check_sql("SELECT region, sum(rev) FROM sales GROUP BY region;", TABLES, day="2026-01-01")
