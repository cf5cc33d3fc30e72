from __future__ import annotations

import pytest
from sqlalchemy import delete, insert, select, update

from dualtrack.domain.decision import INTENT_FORMAT, Intent, encode_decision
from dualtrack.errors import StoreCorruptError
from dualtrack.runtime import index_check
from dualtrack.runtime.decisions import DecisionFilter, get_decision, search_decisions
from dualtrack.runtime.ids import new_id
from dualtrack.runtime.index_check import rebuild_check
from dualtrack.store.entries import NewEntry
from permit.firm import FIRM, USE


def change(desk, statement) -> None:
    with desk.store.backend.write(desk.register.repository.ledger) as connection:
        connection.execute(statement)


def begin(desk) -> str:
    """Record a call under way as the runtime does."""
    intent = Intent(
        format=INTENT_FORMAT, id=new_id(), use=USE, release=desk.release_digest, permit="d" * 64,
        policy=desk.policy_digest, mode="live", at=desk.register.now(), input="a" * 64, run=desk.run, seq=99,
    )  # fmt: skip

    def beside(connection, receipts) -> None:
        row = (
            desk.register.repository.ledger, intent.id, receipts[0].index, USE, intent.release, intent.permit, "live",
            "begun", intent.at, 1, None, None, None, intent.input, None, intent.run, intent.seq,
        )  # fmt: skip
        desk.store.backend.insert(connection, desk.store.tables.decision, [row])

    desk.register.append_with([NewEntry("decision-intent/1", FIRM, USE, encode_decision(intent))], beside)
    return intent.id


def test_an_index_that_was_left_alone_agrees_with_the_ledger(desk, monkeypatch):
    monkeypatch.setattr(index_check, "PAGE_ENTRIES", 2)
    for _ in range(5):
        desk.decide()
    begin(desk)
    report = rebuild_check(desk.register)
    assert report.ok
    assert (report.decisions, report.rows) == (5, 6)


def test_a_call_under_way_is_shown_only_when_asked_for(desk):
    name = begin(desk)
    assert search_decisions(desk.register, DecisionFilter()) == []
    assert [line.id for line in search_decisions(desk.register, DecisionFilter(begun=True))] == [name]
    with pytest.raises(StoreCorruptError) as caught:
        get_decision(desk.register, name)
    assert caught.value.code == "store.decision-begun"


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("outcome", "blocked"), ("use_id", f"{FIRM}/other"), ("release", "0" * 64), ("permit", None), ("mode", "trial"),
        ("at", "2020-01-01T00:00:00Z"), ("receipt", "0" * 64), ("subject", None), ("review", "0" * 26),
        ("input", "0" * 64), ("output", None), ("run", "0" * 26), ("seq", 77),
    ],
)  # fmt: skip
def test_a_changed_row_is_found_in_its_column(desk, column, value):
    desk.decide()
    record, _ = desk.decide()
    table = desk.store.tables.decision
    change(desk, update(table).where(table.c.id == record.id).values({column: value}))
    (finding,) = rebuild_check(desk.register).findings
    assert (finding.row, finding.column) == (record.id, column)


def test_a_row_that_was_taken_away_is_found(desk):
    record, _ = desk.decide()
    name = begin(desk)
    table = desk.store.tables.decision
    change(desk, delete(table))
    assert sorted(finding.row for finding in rebuild_check(desk.register).findings) == sorted([record.id, name])


def test_a_row_that_was_put_in_or_points_elsewhere_is_found(desk):
    record, _ = desk.decide()
    other, _ = desk.decide()
    table = desk.store.tables.decision
    with desk.store.backend.read() as connection:
        row = dict(connection.execute(select(table).where(table.c.id == record.id)).mappings().one())
    change(desk, insert(table).values(row | {"id": "0" * 26}))
    (finding,) = rebuild_check(desk.register).findings
    assert (finding.row, finding.problem) == ("0" * 26, "a row without its entry")
    change(desk, update(table).where(table.c.id == "0" * 26).values(idx=0))
    assert [item.row for item in rebuild_check(desk.register).findings] == ["0" * 26]
    assert other.id not in str(rebuild_check(desk.register).findings)
