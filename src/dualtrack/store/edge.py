"""The edge of a stored log: its newest head and what the next append needs, read inside the writer's transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import select

from dualtrack.errors import LedgerError, StoreCorruptError
from dualtrack.ledger.checkpoint import open_checkpoint
from dualtrack.ledger.tiles import Frontier

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from dualtrack.keys.vkey import VerifierKey
    from dualtrack.ledger.tiles import TileReader
    from dualtrack.store.tables import Tables

__all__ = ["Edge", "load_edge", "newest_note", "tile_reader"]


class Edge(NamedTuple):
    """The newest head's note (empty for an empty log), the frontier at its size, the last entry's `recorded_at`."""

    note: bytes
    frontier: Frontier
    recorded_at: str


def newest_note(connection: Connection, found: Tables, ledger: str) -> bytes:
    """Return the note of the newest head, or no bytes for an empty log."""
    table = found.checkpoint
    query = select(table.c.note).where(table.c.ledger == ledger).order_by(table.c.size.desc()).limit(1)
    return bytes(connection.execute(query).scalar() or b"")


def load_edge(connection: Connection, found: Tables, key: VerifierKey) -> Edge:
    """Take the log up where its newest head left it.

    Raises StoreCorruptError if that head is not signed by the log's key or the tiles do not give its root: nothing is
    ever signed on top of a log that does not hold.
    """
    ledger = key.name
    note = newest_note(connection, found, ledger)
    if not note:
        return Edge(b"", Frontier(), "")
    try:
        head = open_checkpoint(note, key).checkpoint
        frontier = Frontier.resume(head.size, tile_reader(connection, found, ledger), head.root)
    except LedgerError as error:
        raise StoreCorruptError(
            f"the log cannot be continued: {error.found}",
            where=f"{ledger}, {error.where or 'newest checkpoint'}",
            expected="a newest head signed by this log's key, and tiles that give its root",
            fix="run `dualtrack ledger verify`, then restore from the backup",
            code="store.corrupt.edge",
        ) from error
    entry = found.entry
    query = select(entry.c.recorded_at).where(entry.c.ledger == ledger, entry.c.idx == head.size - 1)
    return Edge(note, frontier, str(connection.execute(query).scalar() or ""))


def tile_reader(connection: Connection, found: Tables, ledger: str) -> TileReader:
    """Return a reader of stored tiles over a connection."""
    table = found.tile

    def read(level: int, index: int, /) -> bytes:
        query = select(table.c.data).where(table.c.ledger == ledger, table.c.level == level, table.c.idx == index)
        return bytes(connection.execute(query).scalar() or b"")

    return read
