"""At a start: what processes that died have left. Decisions in their journals are written, and the loss, if any, is said."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import msgspec
from sqlalchemy import delete, func, select

from dualtrack.domain import canonical
from dualtrack.domain.decision import DECISION_FORMAT, Decision, Intent, Timing, encode_decision
from dualtrack.domain.oversight import Incident
from dualtrack.domain.records import encode, read_record
from dualtrack.runtime.ids import new_id
from dualtrack.runtime.journal import stale_journals
from dualtrack.runtime.recorder import AT_RISK_MS
from dualtrack.store.content import ContentVault
from dualtrack.store.entries import NewEntry
from dualtrack.store.rare import Rare
from dualtrack.store.writer import BATCH_MAX

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

    from dualtrack.runtime.journal import Prepared
    from dualtrack.store.entries import Receipt
    from dualtrack.store.register import Register
    from dualtrack.store.store import Store

__all__ = ["Recovered", "recover_runs"]


class Recovered(NamedTuple):
    """A run that ended without closing: decisions written from its journal, calls that were under way, numbers missing."""

    run: str
    written: int
    interrupted: int
    missing: int


def recover_runs(store: Store, register: Register) -> list[Recovered]:
    """Settle every dead run of this workspace; each leaves an incident `unclean-end` with its figures."""
    runs: dict[str, list[Prepared]] = {}
    journals = stale_journals(store.run_folder, register.institution)
    try:
        for journal in journals:
            runs.setdefault(journal.run, []).extend(journal.records())
        found = [_settle(store, register, run, items) for run, items in sorted(runs.items())]
    except BaseException:
        for journal in journals:
            journal.release()
        raise
    for journal in journals:
        journal.remove()
    return found


def _settle(store: Store, register: Register, run: str, items: Sequence[Prepared]) -> Recovered:
    table, ledger = store.tables.decision, register.repository.ledger
    mine = (table.c.ledger == ledger, Rare(table.c.run == run))
    with store.backend.read() as connection:
        known = {
            (row[0], row[1] != "begun") for row in connection.execute(select(table.c.id, table.c.outcome).where(*mine))
        }
    ids = {name for name, _ in known}
    new = [
        item
        for item in items
        if item.row is not None
        and ((item.row.id, True) not in known)
        and (item.row.outcome != "begun" or item.row.id not in ids)
    ]
    new = [_marked(item) for item in new]
    ended = {item.row.id for item in new if item.row and item.row.outcome != "begun"}
    begun = {name for name, done in known if not done} | {i.row.id for i in new if i.row and i.row.outcome == "begun"}
    _write(store, register, new)
    interrupted = _interrupt(store, register, sorted(begun - ended))
    with store.backend.read() as connection:
        count, last = connection.execute(select(func.count(), func.max(table.c.seq)).where(*mine)).one()
    missing = int(last or 0) - int(count)
    incident = Incident(
        id=new_id(),
        kind="unclean-end",
        severity="material" if missing else "minor",
        use=None,
        at=register.now(),
        facts={
            "run": run,
            "written": len(new),
            "interrupted": interrupted,
            "missing": missing,
            "at_risk_ms": AT_RISK_MS,
        },
        note="A process ended without closing. Its journal was read; after a power failure the last moments may be gone.",
        by="runtime",
    )
    register.append_plain([("incident/1", register.institution, encode(incident))])
    return Recovered(run, len(new), interrupted, missing)


def _marked(item: Prepared) -> Prepared:
    """Say in the decision itself that it was recovered."""
    if item.entry.kind != "decision/1":
        return item
    plain = read_record(canonical.decode(item.entry.content), Decision, where="journal")
    content = encode_decision(msgspec.structs.replace(plain, recovered=True))
    return item._replace(entry=item.entry._replace(content=content))


def _write(store: Store, register: Register, items: Sequence[Prepared]) -> None:
    contents = ContentVault(store.backend, store.tables, store.vault, register.repository.ledger)
    table = store.tables.decision
    step = BATCH_MAX // 17
    for start in range(0, len(items), step):
        part = items[start : start + step]
        entries = [entry for item in part for entry in (item.entry, *item.also)]

        def beside(connection: Connection, receipts: Sequence[Receipt], part: Sequence[Prepared] = part) -> None:
            rows: dict[str, tuple[object, ...]] = {}
            position = 0
            for item in part:
                assert item.row is not None
                rows[item.row.id] = (register.repository.ledger, item.row.id, receipts[position].index, *item.row[1:])
                position += 1 + len(item.also)
            ids = (table.c.ledger == register.repository.ledger, table.c.id.in_(rows))
            connection.execute(delete(table).where(*ids))
            store.backend.insert(connection, table, list(rows.values()))
            keys = {key.key_id: key for item in part for key in item.keys}
            sealed = [content for item in part for content in item.contents]
            contents.write(connection, sealed, list(keys.values()), register.now())

        register.append_with(entries, beside)


def _interrupt(store: Store, register: Register, ids: Sequence[str]) -> int:
    """End calls that were under way: their intent is in the ledger, their answer reached nobody whole."""
    table, ledger = store.tables.decision, register.repository.ledger
    for name in ids:
        with store.backend.read() as connection:
            row = connection.execute(select(table).where(table.c.ledger == ledger, table.c.id == name)).one()
        intent = read_record(canonical.decode(register.repository.entry(row.idx).content), Intent, where="intent")
        record = Decision(
            format=DECISION_FORMAT, id=intent.id, use=intent.use, release=intent.release, permit=intent.permit,
            policy=intent.policy, mode=intent.mode, durability="durable", at=intent.at, outcome="failed",
            code="interrupted", input=intent.input, output=None, reasons=None, guards=[], disclosure=None, language=None,
            receipt=None, review=None, reviewer=None, subject=row.subject, upstream=[],
            timing=Timing(total_us=0, input_us=0, upstream_us=0, output_us=0), run=intent.run, seq=intent.seq,
            shadow=None, recovered=True,
        )  # fmt: skip
        entry = NewEntry("decision/1", register.institution, intent.use, encode_decision(record))

        def beside(connection: Connection, receipts: Sequence[Receipt], name: str = name) -> None:
            mine = (table.c.ledger == ledger, table.c.id == name)
            connection.execute(table.update().where(*mine).values(outcome="failed", idx=receipts[0].index))

        register.append_with([entry], beside)
    return len(ids)
