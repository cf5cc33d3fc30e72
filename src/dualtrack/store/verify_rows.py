"""Checks of single rows: an entry against its leaf and its vault row, and the places where they can disagree."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import and_, select

from dualtrack.domain.entry import LEAF_BYTES_MAX, commitment, read_leaf
from dualtrack.errors import DualtrackError, StoreCorruptError
from dualtrack.store.vault import Erasure, Place

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy import Connection

    from dualtrack.domain.entry import Leaf
    from dualtrack.store.repository import Repository
    from dualtrack.store.vault import Opened, Vault

__all__ = ["ROWS_A_PAGE", "EntryRow", "Problem", "entry_rows", "row_problems"]

ROWS_A_PAGE = 2048
"""Entries read at once: eight tiles."""


class EntryRow(NamedTuple):
    """An entry's columns and its vault row's, the latter None where that row is missing."""

    idx: int
    leaf: bytes
    kind: str
    subject_id: str
    recorded_at: str
    sealed: bytes | None
    retention: str
    key_id: str
    erased: bool


class Problem(NamedTuple):
    """A column at fault and why."""

    table: str
    column: str
    problem: str


def entry_rows(connection: Connection, repository: Repository) -> Iterator[list[EntryRow]]:
    """Yield the ledger's entries in index order, a page at a time."""
    entry, vault = repository.tables.entry, repository.tables.vault
    joined = entry.outerjoin(vault, and_(entry.c.ledger == vault.c.ledger, entry.c.idx == vault.c.idx))
    columns = (*(entry.c[name] for name in EntryRow._fields[:5]), *(vault.c[name] for name in EntryRow._fields[5:]))
    query = select(*columns).select_from(joined).where(entry.c.ledger == repository.ledger).order_by(entry.c.idx)
    last = -(2**62)
    while True:
        rows = connection.execute(query.where(entry.c.idx > last).limit(ROWS_A_PAGE)).all()
        if not rows:
            return
        yield [_row(row) for row in rows]
        last = rows[-1][0]


def row_problems(
    vault: Vault, ledger: str, institution: str, row: EntryRow, earliest: str
) -> tuple[list[Problem], str]:
    """Return what is wrong with an entry by itself, and the time in its leaf; `earliest` is that of the one before."""
    try:
        leaf = read_leaf(row.leaf) if len(row.leaf) <= LEAF_BYTES_MAX else None
    except DualtrackError as error:
        return [Problem("entry", "leaf", f"cannot be read as a leaf: {error.found}")], earliest
    if leaf is None:
        return [Problem("entry", "leaf", f"longer than {LEAF_BYTES_MAX} bytes")], earliest
    found: list[Problem] = []
    for column, here, there in (
        ("kind", row.kind, leaf.kind),
        ("subject_id", row.subject_id, leaf.id),
        ("recorded_at", row.recorded_at, leaf.recorded_at),
    ):
        if here != there:
            found.append(Problem("entry", column, f"{here!r}, while its leaf says {there!r}"))
    if leaf.institution != institution:
        found.append(Problem("entry", "leaf", f"of institution {leaf.institution!r} in the ledger of {institution!r}"))
    if leaf.recorded_at < earliest:
        found.append(Problem("entry", "leaf", f"recorded at {leaf.recorded_at}, before the entry in front of it"))
    return found + _vault_problems(vault, ledger, row, leaf), max(earliest, leaf.recorded_at)


def _vault_problems(vault: Vault, ledger: str, row: EntryRow, leaf: Leaf) -> list[Problem]:
    if row.sealed is None:
        return [Problem("vault", "row", "missing: neither a content nor the tombstone of an erasure")]
    if row.key_id != vault.key_id:
        return [Problem("vault", "key_id", f"{row.key_id!r}, while the vault key is {vault.key_id!r}")]
    place = Place(ledger, row.idx, leaf.commitment, row.retention)
    opened = _open(vault, place, row.sealed, erased=row.erased)
    if opened is None:
        if _open(vault, place, row.sealed, erased=not row.erased) is not None:
            return [Problem("vault", "erased", f"says {row.erased}, and was sealed as {not row.erased}")]
        return [
            Problem("vault", "sealed", "does not open: these bytes, or the retention class, are not what was sealed")
        ]
    if not isinstance(opened, Erasure) and commitment(opened.salt, opened.content) != leaf.commitment:
        return [Problem("vault", "sealed", "opens to a content that its leaf does not commit to")]
    return []


def _open(vault: Vault, place: Place, sealed: bytes, *, erased: bool) -> Opened | Erasure | None:
    try:
        return vault.open(place, sealed, erased=erased)
    except StoreCorruptError:
        return None


def _row(row: Sequence[Any]) -> EntryRow:
    sealed = None if row[5] is None else bytes(row[5])
    return EntryRow(row[0], bytes(row[1]), row[2], row[3], row[4], sealed, row[6], row[7], row[8])
