"""The edge of a stored log: its newest head and what the next append needs, read inside the writer's transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import bindparam, func, select

from dualtrack.errors import LedgerError, StoreCorruptError
from dualtrack.ledger.checkpoint import open_checkpoint
from dualtrack.ledger.tiles import Frontier

if TYPE_CHECKING:
    from sqlalchemy import Connection, Select

    from dualtrack.keys.vkey import VerifierKey
    from dualtrack.ledger.checkpoint import Checkpoint
    from dualtrack.ledger.tiles import TileReader
    from dualtrack.store.backends import Backend
    from dualtrack.store.tables import Tables

__all__ = ["FOLLOWED_MAX", "Edge", "EdgeReader", "tile_query", "tile_reader"]

FOLLOWED_MAX = 512
"""Entries of other processes up to which following them is cheaper than taking the tree up anew."""


class Edge(NamedTuple):
    """The newest head's note (empty for an empty log), the frontier at its size, the last entry's `recorded_at`."""

    note: bytes
    frontier: Frontier
    recorded_at: str


class EdgeReader:
    """Reads the edge of one log over a connection. Its statements are compiled once: that costs more than running them."""

    def __init__(self, backend: Backend, found: Tables, key: VerifierKey) -> None:
        self.ledger = key.name
        self._tables, self._key = found, key
        self._newest = backend.compile(_newest_note_query(found))
        self._tile = backend.compile(tile_query(found))

    def newest(self, connection: Connection, known: Edge | None) -> Edge:
        """Return the edge of the newest head; `known` is one that this process had before, if any.

        Where another process appended in between, only its entries are read. Raises StoreCorruptError if the head is not
        signed by the log's key or the tiles do not give its root: nothing is ever signed on top of a log that does not hold.
        """
        note = self._newest_note(connection)
        if known is not None and note == known.note:
            return known
        if not note:
            return Edge(b"", Frontier(), "")
        try:
            head = open_checkpoint(note, self._key).checkpoint
            frontier = self._grown(connection, known, head)
        except LedgerError as error:
            raise StoreCorruptError(
                f"the log cannot be continued: {error.found}",
                where=f"{self.ledger}, {error.where or 'newest checkpoint'}",
                expected="a newest head signed by this log's key, and tiles that give its root",
                fix="run `dualtrack ledger verify`, then restore from the backup",
                code="store.corrupt.edge",
            ) from error
        entry = self._tables.entry
        query = select(entry.c.recorded_at).where(entry.c.ledger == self.ledger, entry.c.idx == head.size - 1)
        return Edge(note, frontier, str(connection.execute(query).scalar() or ""))

    def _newest_note(self, connection: Connection) -> bytes:
        return bytes(connection.exec_driver_sql(self._newest, (self.ledger, self.ledger)).scalar() or b"")

    def _grown(self, connection: Connection, known: Edge | None, head: Checkpoint) -> Frontier:
        def read(level: int, index: int, /) -> bytes:
            return bytes(connection.exec_driver_sql(self._tile, (self.ledger, level, index)).scalar() or b"")

        if known is None or not 0 <= head.size - known.frontier.size <= FOLLOWED_MAX:
            return Frontier.resume(head.size, read, head.root)
        frontier = known.frontier.copy()
        frontier.follow(head.size, read, head.root)
        return frontier


def _newest_note_query(found: Tables) -> Select[Any]:
    """Return the query for the note of a ledger's newest head; its two values are both the ledger.

    The inner query must not depend on the outer one, or PostgreSQL runs it once for every head there is.
    """
    table = found.checkpoint
    same = table.alias("same")
    newest = select(func.max(same.c.size)).where(same.c.ledger == bindparam("ledger_again")).scalar_subquery()
    return select(table.c.note).where(table.c.ledger == bindparam("ledger_wanted"), table.c.size == newest)


def tile_query(found: Tables) -> Select[Any]:
    """Return the query for a tile's bytes; its values are ledger, level and index, in this order."""
    table = found.tile
    wanted = [table.c[name] == bindparam(f"{name}_wanted") for name in ("ledger", "level", "idx")]
    return select(table.c.data).where(*wanted)


def tile_reader(connection: Connection, found: Tables, ledger: str) -> TileReader:
    """Return a reader of stored tiles over a connection."""
    table = found.tile

    def read(level: int, index: int, /) -> bytes:
        query = select(table.c.data).where(table.c.ledger == ledger, table.c.level == level, table.c.idx == index)
        return bytes(connection.execute(query).scalar() or b"")

    return read
