"""Checks the index of decisions against the ledger: every row from its entry, and no row without one.

The index is written with its entries in one transaction, so a difference means that somebody or something changed a row.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import func, select

from dualtrack.domain import canonical
from dualtrack.domain.decision import Decision, Intent
from dualtrack.domain.entry import Entry
from dualtrack.domain.records import read_record
from dualtrack.errors import DualtrackError
from dualtrack.runtime.lookup import row_problem
from dualtrack.store.findings import FINDINGS_MAX, Finding

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy import RowMapping

    from dualtrack.store.register import Register

__all__ = ["PAGE_ENTRIES", "IndexReport", "rebuild_check"]

PAGE_ENTRIES = 500
"""Entries compared at once: below the number of values a statement of SQLite takes."""


class IndexReport(NamedTuple):
    """Decisions and rows counted, and what differs: at most FINDINGS_MAX are listed."""

    decisions: int
    rows: int
    findings: list[Finding]

    @property
    def ok(self) -> bool:
        """Tell whether nothing was found."""
        return not self.findings


class _Seen(NamedTuple):
    entry: int
    record: Decision | Intent


def rebuild_check(register: Register) -> IndexReport:
    """Rebuild every row from the entries up to the present head and compare; `done_us` stands in no entry."""
    repository, findings = register.repository, list[Finding]()
    table, ledger = repository.tables.decision, repository.ledger
    size = repository.size()
    decisions = 0

    def note(row: str, column: str, problem: str) -> None:
        if len(findings) < FINDINGS_MAX:
            findings.append(Finding(ledger=ledger, table=table.name, row=row, column=column, problem=problem))

    for page in _pages(register, size):
        rows = _rows(register, [item.record.id for item in page])
        for item in page:
            row = rows.get(item.record.id)
            if isinstance(item.record, Intent):
                if row is None or (row["outcome"] == "begun" and row["idx"] != item.entry):
                    note(item.record.id, "idx", "an intent without its row")
                continue
            decisions += 1
            if row is None:
                note(item.record.id, "id", "a decision of the ledger has no row")
            elif (column := row_problem(row, item.record, item.entry)) is not None:
                note(item.record.id, column, "the row is not what the ledger says")
    for row in _strays(register, size):
        note(str(row["id"]), "idx", "a row without its entry")
    with repository.backend.read() as connection:
        query = select(func.count()).where(table.c.ledger == ledger, table.c.idx < size)
        rows_count = int(connection.execute(query).scalar_one())
    return IndexReport(decisions, rows_count, findings)


def _pages(register: Register, size: int) -> Iterator[list[_Seen]]:
    start, kinds = 0, ("decision/1", "decision-intent/1")
    while start < size:
        entries = register.repository.entries(kinds=kinds, start=start, end=size, limit=PAGE_ENTRIES)
        if not entries:
            return
        yield [_Seen(entry.index, _record(entry)) for entry in entries if isinstance(entry, Entry)]
        start = entries[-1].index + 1


def _record(entry: Entry) -> Decision | Intent:
    plain, where = canonical.decode(entry.content), f"entry {entry.index}"
    return (
        read_record(plain, Decision, where=where)
        if entry.kind == "decision/1"
        else read_record(plain, Intent, where=where)
    )


def _rows(register: Register, ids: Sequence[str]) -> dict[str, RowMapping]:
    table = register.repository.tables.decision
    query = select(table).where(table.c.ledger == register.repository.ledger, table.c.id.in_(ids))
    with register.repository.backend.read() as connection:
        return {str(row["id"]): row for row in connection.execute(query).mappings()}


def _strays(register: Register, size: int) -> Iterator[RowMapping]:
    """Yield rows whose entry is about something else: those with one were compared from the entry's side."""
    table, entry, after = register.repository.tables.decision, register.repository.tables.entry, ""
    joined = table.outerjoin(entry, (entry.c.ledger == table.c.ledger) & (entry.c.idx == table.c.idx))
    base = select(table.c.id, table.c.idx, table.c.outcome, entry.c.kind).select_from(joined)
    base = base.where(table.c.ledger == register.repository.ledger).order_by(table.c.id).limit(PAGE_ENTRIES)
    while True:
        with register.repository.backend.read() as connection:
            rows = connection.execute(base.where(table.c.id > after)).mappings().all()
        for row in rows:
            if row["idx"] < size and not _is_its_own(register, row):
                yield row
        if len(rows) < PAGE_ENTRIES:
            return
        after = rows[-1]["id"]


def _is_its_own(register: Register, row: RowMapping) -> bool:
    wanted = "decision-intent/1" if row["outcome"] == "begun" else "decision/1"
    if row["kind"] != wanted:
        return False
    try:
        return row["id"].encode() in register.repository.entry(int(row["idx"])).content
    except DualtrackError:
        return False
