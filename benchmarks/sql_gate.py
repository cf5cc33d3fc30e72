"""What the gate of questions over tables costs: per query, beside DuckDB's own parse and plain execution, and what the process costs.

    python benchmarks/sql_gate.py [--rounds 30] [--rows 100000] [--smoke]

Queries: twelve that analysts ask (groups, joins, windows, WITH, set operations, figures about people). `gate`: text to SQL that may run,
by `check_sql`, DuckDB's second look within. `parse`: DuckDB's `json_serialize_sql` of the same text, which is what a gate on DuckDB's
tree alone would begin with. `sqlglot`: parsing alone. `execute`: the SQL that passed, in this process, over so many rows. `process`:
`run_gated`, a process each, wall time too. CPU seconds by time.process_time (children by getrusage). Limits: 15 ms a gated query, half
a second of CPU a query in its process; ends with 1 where one is exceeded.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import resource
import sys
import tempfile
import time
from pathlib import Path

GATE_MS_MAX = 15.0
PROCESS_CPU_S_MAX = 0.5
DAY = "2026-01-01"
QUERIES = """
select count(*) from sales
select region, sum(revenue) as total from sales group by region order by total desc limit 5
select year(day) as y, avg(revenue) from sales where units > 2 group by y order by y
select date_trunc('month', day) as m, sum(revenue) from sales where day >= date '2025-01-01' group by m order by m
select region, product, count(*) from sales where product in ('a', 'b') group by all having count(*) > 10 order by all
with m as (select date_trunc('month', day) as m, sum(revenue) as r from sales group by 1) select m, r - lag(r) over (order by m) as d from m order by m
select region, revenue, rank() over (partition by region order by revenue desc) as r from sales qualify r <= 3 order by region, r
select s.region, sum(s.revenue), max(t.target) from sales s join targets t using (region) group by s.region order by 2 desc
select region from sales where revenue > 900 union select region from targets order by region
select region, avg(case when units between 1 and 3 then revenue end) as a, sum(revenue) filter (where units > 3) as b from sales group by region
select region, count(distinct customer) as customers from sales group by region order by region
select * exclude (customer) from sales where region like 'K%' and not (units = 1 or units is null) order by day, revenue limit 50
""".strip().splitlines()


def make_files(place: Path, rows: int) -> list[Path]:
    """Write two tables whose rows follow from their numbers."""
    sales, targets = place / "sales.csv", place / "targets.csv"
    with sales.open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["region", "day", "product", "units", "revenue", "customer"])
        for at in range(rows):
            day = f"{2023 + at % 3}-{1 + at * 7 % 12:02d}-{1 + at * 11 % 28:02d}"
            writer.writerow(
                [
                    f"{'KINE'[at * 13 % 4]}{at % 3}",
                    day,
                    "abc"[at % 3],
                    at * 17 % 6,
                    f"{at * 7919 % 100_000 / 100:.2f}",
                    f"c{at * 31 % 5_000}",
                ]
            )
    with targets.open("w", newline="") as stream:
        csv.writer(stream).writerows(
            [["region", "target"], *([f"{a}{b}", str(1000 + b)] for a in "KINE" for b in range(3))]
        )
    return [sales, targets]


def per_query(work, rounds: int, items) -> float:
    """Return microseconds of CPU a query: the least of three goes."""
    best = float("inf")
    for _ in range(3):
        start = time.process_time()
        for _ in range(rounds):
            for item in items:
                work(item)
        best = min(best, (time.process_time() - start) / rounds / len(items))
    return best * 1e6


def measure(rounds: int, rows: int) -> dict[str, float]:
    import duckdb
    from sqlglot import parse

    from dualtrack.apps.research.tables.gate import check_sql
    from dualtrack.apps.research.tables.records import Source
    from dualtrack.apps.research.tables.run import Limits, run_gated
    from dualtrack.apps.research.tables.sources import open_tables

    with tempfile.TemporaryDirectory() as place:
        files = make_files(Path(place), rows)
        begin = time.perf_counter()
        sources = [
            Source(path=str(each), licence="made here", personal=("customer",) if each.stem == "sales" else ())
            for each in files
        ]
        with open_tables(sources) as desk:
            loaded = time.perf_counter() - begin
            start = time.process_time()
            gated = [check_sql(text, desk.tables, day=DAY) for text in QUERIES]
            first = time.process_time() - start
            with duckdb.connect(str(desk.database), read_only=True, config={"threads": "1"}) as connection:
                gate = per_query(lambda text: check_sql(text, desk.tables, day=DAY), rounds, QUERIES)
                parsed = per_query(
                    lambda text: connection.execute("SELECT json_serialize_sql($q)", {"q": text}).fetchall(),
                    rounds,
                    QUERIES,
                )
                glot = per_query(lambda text: parse(text, dialect="duckdb"), rounds, QUERIES)
                execute = per_query(
                    lambda each: connection.execute(each.checked.sql).fetchall(), max(1, rounds // 10), gated
                )
            before, wall = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
            for each in gated:
                run_gated(each, desk, day=DAY, limits=Limits())
            wall = (time.perf_counter() - wall) / len(gated)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
    children = (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) / len(gated)
    return {
        "queries": len(QUERIES), "rows": rows, "load_s_wall": loaded, "first_pass_cpu_s": first, "gate_us": gate, "sqlglot_us": glot,
        "parse_us": parsed, "gate_over_parse": gate / parsed, "execute_us": execute, "gate_over_execute": gate / execute,
        "process_cpu_s": children, "process_s_wall": wall, "load_average": os.getloadavg()[0],
    }  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--smoke", action="store_true")
    given = parser.parse_args()
    found = measure(2, 2_000) if given.smoke else measure(given.rounds, given.rows)
    print(json.dumps({name: round(value, 4) for name, value in found.items()}, indent=1))
    return int(found["gate_us"] > GATE_MS_MAX * 1e3 or found["process_cpu_s"] > PROCESS_CPU_S_MAX)


if __name__ == "__main__":
    sys.exit(main())
