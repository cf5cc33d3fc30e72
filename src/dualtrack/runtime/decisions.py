"""Decisions to look at: search, one with its proof, counts by outcome, and the check of the index against the ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import false, func, select, union_all

from dualtrack.domain.decision import Outcome
from dualtrack.domain.records import Record
from dualtrack.domain.time import parse_instant
from dualtrack.errors import FieldError, StoreCorruptError
from dualtrack.runtime.answer_fetches import first_fetch
from dualtrack.runtime.ids import receipt_digest
from dualtrack.runtime.lookup import decision_row, id_floor, matching_record
from dualtrack.runtime.plant_counts import not_planted
from dualtrack.runtime.proofs import prove_entry
from dualtrack.runtime.review_read import review_of_decision
from dualtrack.store.rare import Rare

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, RowMapping, Select, Table

    from dualtrack.domain.decision import Decision
    from dualtrack.domain.oversight import AnswerFetch
    from dualtrack.runtime.proofs import EntryProof
    from dualtrack.runtime.review_state import ReviewState
    from dualtrack.store.register import Register

__all__ = [
    "PAGE_MAX",
    "DecisionFilter",
    "DecisionLine",
    "DecisionView",
    "counts",
    "get_decision",
    "search_decisions",
]

PAGE_MAX = 500
"""Decisions in one page."""


class DecisionFilter(Record, frozen=True):
    """What to search for; what is None does not narrow. `until` is not included; `subject` is a pseudonym.

    `begun` also shows calls under way, which have an intent and no end yet; `drills` False leaves drills out, as counts do.
    `uses` are all that who asks may see: none is none.
    """

    use: str | None = None
    uses: frozenset[str] | None = None
    outcome: Outcome | None = None
    since: str | None = None
    until: str | None = None
    subject: str | None = None
    receipt: str | None = None
    begun: bool = False
    drills: bool = True


class DecisionLine(Record, frozen=True):
    """A decision in a list."""

    id: str
    use: str
    release: str
    permit: str | None
    mode: str
    outcome: str
    at: str
    subject: str | None
    review: str | None
    entry: int


class DecisionView(NamedTuple):
    """A decision with everything that is known: record (guards, upstream calls, timing), proof, reviews, its first fetch."""

    record: Decision
    proof: EntryProof
    reviews: list[ReviewState]
    fetched: AnswerFetch | None = None


def search_decisions(
    register: Register, wanted: DecisionFilter, *, limit: int = 50, after: str | None = None
) -> list[DecisionLine]:
    """Return decisions, newest first; `after` is the id of the last line of the page before."""
    if not 0 < limit <= PAGE_MAX:
        raise FieldError(f"{limit} decisions", where="limit", expected=f"1 to {PAGE_MAX}")
    table = register.repository.tables.decision
    narrowed = _narrowed(register, wanted)
    if after is not None:
        narrowed.append(table.c.id < after)
    if wanted.uses is not None and wanted.use is None:
        query = _newest_among(table, narrowed, wanted.uses, limit)
    else:
        query = select(table).where(*narrowed).order_by(table.c.id.desc()).limit(limit)
    with register.repository.backend.read() as connection:
        rows = connection.execute(query).mappings().all()
    return [_line(row) for row in rows]


def get_decision(register: Register, decision: str) -> DecisionView:
    """Return one decision; raises NotFoundError, and StoreCorruptError where row and ledger do not agree."""
    row = decision_row(register, decision)
    found = matching_record(register, row)
    if found is None:
        raise StoreCorruptError(
            "the ledger does not hold this decision as the index says",
            where=f"decision {decision}",
            expected=f"its record at entry {row['idx']}",
            fix="check the index (`rebuild_check`), then `dualtrack ledger verify`",
            code="store.decision-index" if row["outcome"] != "begun" else "store.decision-begun",
        )
    entry, record = found
    held = record.outcome == "routed" and record.review is not None
    fetched = first_fetch(register, decision) if held else None
    return DecisionView(
        record, prove_entry(register.repository, entry), review_of_decision(register, decision), fetched
    )


def counts(register: Register, use: str | None, since: str, *, uses: frozenset[str] | None = None) -> dict[str, int]:
    """Return numbers of decisions by outcome since an instant, without drills, calls under way and planted items.

    `uses` are all that who asks may see.

    A planted item counts until its review has ended: before that, its absence would tell.
    """
    table = register.repository.tables.decision
    found = DecisionFilter(use=use, uses=uses, since=since, drills=False)
    wanted = [*_narrowed(register, found), not_planted(register, since)]
    query = select(table.c.outcome, func.count()).where(*wanted).group_by(table.c.outcome)
    with register.repository.backend.read() as connection:
        return {str(outcome): int(count) for outcome, count in connection.execute(query)}


def _narrowed(register: Register, wanted: DecisionFilter) -> list[ColumnElement[bool]]:
    """Return conditions; instants become bounds of the id, which begins with the time and is what the indexes end with."""
    table = register.repository.tables.decision
    found: list[ColumnElement[bool]] = [table.c.ledger == register.repository.ledger]
    equal = {"use_id": wanted.use, "outcome": wanted.outcome}
    if wanted.uses is not None:
        found.append(table.c.use_id.in_(sorted(wanted.uses)))
    if wanted.subject is not None:
        found.append(Rare(table.c.subject == wanted.subject))
    if wanted.receipt is not None:
        found.append(Rare(table.c.receipt == receipt_digest(wanted.receipt)))
    found += [table.c[name] == value for name, value in equal.items() if value is not None]
    if not wanted.begun:
        found.append(table.c.outcome != "begun")
    if not wanted.drills:
        found.append(table.c.mode != "drill")
    if wanted.since is not None:
        found.append(table.c.id >= id_floor(parse_instant(wanted.since, where="since").timestamp()))
    if wanted.until is not None:
        found.append(table.c.id < id_floor(parse_instant(wanted.until, where="until").timestamp()))
    return found


def _newest_among(table: Table, narrowed: list[ColumnElement[bool]], uses: frozenset[str], limit: int) -> Select[Any]:
    """Return the query for the newest of some uses: each by the index of its own, so that a rare use does not read a busy one."""
    if not uses:
        return select(table).where(false())
    each = (
        select(table).where(*narrowed, table.c.use_id == use).order_by(table.c.id.desc()).limit(limit).subquery()
        for use in sorted(uses)
    )
    found = union_all(*(select(part) for part in each)).subquery()
    return select(found).order_by(found.c.id.desc()).limit(limit)


def _line(row: RowMapping) -> DecisionLine:
    return DecisionLine(
        id=row["id"],
        use=row["use_id"],
        release=row["release"],
        permit=row["permit"],
        mode=row["mode"],
        outcome=row["outcome"],
        at=row["at"],
        subject=row["subject"],
        review=row["review"],
        entry=row["idx"],
    )
