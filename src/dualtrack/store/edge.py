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
    from dualtrack.ledger.tiles import TileReader
    from dualtrack.store.tables import Tables

__all__ = ["Edge", "load_edge", "newest_note_query", "tile_query", "tile_reader"]


class Edge(NamedTuple):
    """The newest head's note (empty for an empty log), the frontier at its size, the last entry's `recorded_at`."""

    note: bytes
    frontier: Frontier
    recorded_at: str


def newest_note_query(found: Tables) -> Select[Any]:
    """Return the query for the note of a ledger's newest head; its two values are both the ledger.

    The writer asks it before every append, so it is made and compiled once: building it costs more than running it.
    The inner query must not depend on the outer one, or PostgreSQL runs it once for every head there is.
    """
    table = found.checkpoint
    same = table.alias("same")
    newest = select(func.max(same.c.size)).where(same.c.ledger == bindparam("ledger_again")).scalar_subquery()
    return select(table.c.note).where(table.c.ledger == bindparam("ledger_wanted"), table.c.size == newest)


def load_edge(connection: Connection, found: Tables, key: VerifierKey) -> Edge:
    """Take the log up where its newest head left it.

    Raises StoreCorruptError if that head is not signed by the log's key or the tiles do not give its root: nothing is
    ever signed on top of a log that does not hold.
    """
    ledger = key.name
    note = bytes(
        connection.execute(newest_note_query(found), {"ledger_wanted": ledger, "ledger_again": ledger}).scalar() or b""
    )
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
