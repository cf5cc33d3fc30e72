"""The one writer of a ledger: leaves, sealed contents, tiles and a signed head, in one transaction.

An append is acknowledged when the database has made it durable, not before. The edge of the tree is remembered between
appends and trusted only while the newest head in the database is still the very bytes it was taken from.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy.dialects import postgresql, sqlite

from dualtrack.domain.entry import SALT_BYTES, commitment, leaf_bytes
from dualtrack.domain.time import format_instant
from dualtrack.errors import FieldError
from dualtrack.keys.vkey import VerifierKey
from dualtrack.ledger.checkpoint import Checkpoint, sign_checkpoint
from dualtrack.ledger.merkle import leaf_hash
from dualtrack.ledger.tile_format import TILE_BITS
from dualtrack.store.config import ledger_origin
from dualtrack.store.edge import Edge, EdgeReader
from dualtrack.store.entries import NewEntry, Receipt, check_new_entry
from dualtrack.store.intents import Intent, IntentFile, Recovery
from dualtrack.store.vault import NONCE_BYTES, Place

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from sqlalchemy import Connection

    from dualtrack.domain.time import Clock
    from dualtrack.keys.signer import Signer
    from dualtrack.ledger.tile_format import Tile
    from dualtrack.store.backends import Backend
    from dualtrack.store.tables import CompartmentName, Tables
    from dualtrack.store.vault import Vault

__all__ = ["BATCH_MAX", "Beside", "Writer", "is_kept"]

BATCH_MAX = 1024
"""Entries in one transaction: beyond it the time of a disk flush no longer matters and waiting callers only wait."""

_RANDOM_BYTES = SALT_BYTES + NONCE_BYTES

Beside = Callable[["Connection", "Sequence[Receipt]"], None]
"""Writes rows that stand or fall with the entries, in their transaction; given the connection and the receipts."""


class _Batch(NamedTuple):
    """Rows of one transaction, the edge after it, and what its callers get."""

    entries: list[tuple[object, ...]]
    vault: list[tuple[object, ...]]
    tiles: list[Tile]
    edge: Edge
    receipts: list[Receipt]


class Writer:
    """Appends to one institution's ledger in one compartment. Safe to share between threads; see also `GroupWriter`."""

    def __init__(
        self,
        backend: Backend,
        found: Tables,
        vault: Vault,
        *,
        institution: str,
        compartment: CompartmentName,
        signer: Signer,
        clock: Clock,
        run_folder: Path,
    ) -> None:
        self.institution = institution
        self.ledger = ledger_origin(institution, compartment)
        self.recoveries: list[Recovery] = []
        self._backend, self._tables, self._vault = backend, found, vault
        self._signer, self._clock = signer, clock
        self._intent = IntentFile(run_folder, compartment)
        self._mutex = threading.Lock()
        self._edge: Edge | None = None
        self._put_tile = _tile_upsert(backend, found)
        self._edges = EdgeReader(backend, found, VerifierKey.of(self.ledger, signer.public_key))

    def append(self, items: Sequence[NewEntry], beside: Beside | None = None) -> list[Receipt]:
        """Append entries in order and return their receipts once they, and what `beside` writes, are durable.

        Raises FieldError or DocumentError for an entry that cannot be taken in (none is then), StoreFullError,
        StoreBusyError or StoreCorruptError if the database cannot, and StoreError with code `store.lost` when the
        server broke off, in which case the next append adds to `recoveries` what became of these.
        """
        if not 0 < len(items) <= BATCH_MAX:
            raise FieldError(f"{len(items)} entries", where="append", expected=f"1 to {BATCH_MAX}")
        for item in items:
            check_new_entry(item, self.institution)
        with self._mutex:
            self._settle()
            return self._append(items, beside)

    def settle(self) -> Recovery | None:
        """Return what became of an append that ended without an answer, if that is not established yet, else None.

        Whoever would append the same entries again asks first: they may be there.
        """
        with self._mutex:
            return self._settle()

    def close(self) -> None:
        """Give up the writer's place in the workspace."""
        self._intent.close()

    def _append(self, items: Sequence[NewEntry], beside: Beside | None) -> list[Receipt]:
        known, self._edge = self._edge, None  # forgotten first: whatever fails below, the next append reads it anew
        with self._backend.write(self.ledger) as connection:
            edge = self._edges.newest(connection, known)
            batch = self._build(edge, items)
            self._intent.declare(self.ledger, edge.frontier.size, len(items), batch.edge.note)
            self._write(connection, batch)
            if beside is not None:
                beside(connection, batch.receipts)
        self._edge = batch.edge
        self._intent.clear()
        return batch.receipts

    def _build(self, edge: Edge, items: Sequence[NewEntry]) -> _Batch:
        recorded_at = max(format_instant(self._clock()), edge.recorded_at)  # one form, so text order is time order
        ledger, first, seal, key_id = self.ledger, edge.frontier.size, self._vault.seal, self._vault.key_id
        random = os.urandom(_RANDOM_BYTES * len(items))
        entries: list[tuple[object, ...]] = []
        vault: list[tuple[object, ...]] = []
        hashes: list[bytes] = []
        for index, (kind, institution, subject, content, retention) in enumerate(items, first):
            start = (index - first) * _RANDOM_BYTES
            salt, nonce = random[start : start + SALT_BYTES], random[start + SALT_BYTES : start + _RANDOM_BYTES]
            leaf = leaf_bytes(kind, institution, subject, recorded_at, salt, content)
            place = Place(ledger, index, commitment(salt, content), retention)
            hashes.append(leaf_hash(leaf))
            entries.append((ledger, index, leaf, kind, subject, recorded_at))
            vault.append((ledger, index, seal(place, salt, content, nonce), retention, key_id, False))
        frontier = edge.frontier.copy()
        tiles = frontier.extend(hashes)
        tiles += _changed(frontier.edge(), first)
        head = Checkpoint(origin=ledger, size=frontier.size, root=frontier.root())
        note = sign_checkpoint(head, self._signer)
        receipts = [Receipt(index, leaf, head.size) for index, leaf in enumerate(hashes, first)]
        return _Batch(entries, vault, tiles, Edge(note, frontier, recorded_at), receipts)

    def _write(self, connection: Connection, batch: _Batch) -> None:
        insert, found = self._backend.insert, self._tables
        insert(connection, found.entry, batch.entries)
        insert(connection, found.vault, batch.vault)
        rows = [(self.ledger, tile.level, tile.index, tile.data) for tile in batch.tiles]
        connection.exec_driver_sql(self._put_tile, rows)
        insert(connection, found.checkpoint, [(self.ledger, batch.edge.frontier.size, batch.edge.note)])

    def _settle(self) -> Recovery | None:
        """Establish what became of an append that ended without an answer."""
        intent = self._intent.pending
        if intent is None:
            return None
        kept = is_kept(self._backend, self._tables, intent)
        outcome = Recovery(intent.ledger, intent.first, intent.count, "kept" if kept else "rolled_back", "this writer")
        self.recoveries.append(outcome)
        self._intent.clear()
        return outcome


def is_kept(backend: Backend, found: Tables, intent: Intent) -> bool:
    """Tell whether the head that seals these entries is in the database."""
    table = found.checkpoint
    query = table.select().where(table.c.ledger == intent.ledger, table.c.size == intent.size)
    with backend.read() as connection:
        row = connection.execute(query).first()
    return row is not None and intent.seals(bytes(row.note))


def _changed(edge: list[Tile], old_size: int) -> list[Tile]:
    """Return the partial tiles that got longer since the log had `old_size` leaves."""
    return [tile for tile in edge if (tile.index << TILE_BITS) + tile.width > old_size >> (TILE_BITS * tile.level)]


def _tile_upsert(backend: Backend, found: Tables) -> str:
    """Return the statement that puts a tile in place; only a tile at the right edge is ever replaced, by a longer one."""
    dialect = {"sqlite": sqlite, "postgresql": postgresql}[backend.name]
    statement = dialect.insert(found.tile)
    statement = statement.on_conflict_do_update(
        index_elements=["ledger", "level", "idx"], set_={"data": statement.excluded.data}
    )
    return backend.compile(statement)
