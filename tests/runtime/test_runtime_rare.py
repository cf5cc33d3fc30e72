from __future__ import annotations

import pytest
from sqlalchemy import select

from dualtrack.store.rare import Rare


@pytest.mark.parametrize("column", ["receipt", "subject"])
def test_sqlite_goes_through_the_index_and_not_through_the_whole_ledger(desk, column):
    if desk.store.backend.name != "sqlite":
        pytest.skip("PostgreSQL keeps statistics")
    table = desk.store.tables.decision
    query = select(table).where(table.c.ledger == "x", Rare(table.c[column] == "y"))
    sql = query.compile(dialect=desk.store.backend.reader.dialect, compile_kwargs={"literal_binds": True})
    with desk.store.backend.read() as connection:
        (plan,) = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}").all()
    assert f"{table.name}_{column} " in plan[-1]


def test_it_says_what_the_condition_says(desk):
    first, _ = desk.decide(person="ann")
    desk.decide(person="bob")
    table = desk.store.tables.decision
    for value, expected in ((first.subject, [first.id]), ("nobody", [])):
        with desk.store.backend.read() as connection:
            rows = connection.execute(select(table.c.id).where(Rare(table.c.subject == value))).scalars().all()
        assert rows == expected
