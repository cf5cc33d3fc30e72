"""Witnesses' cosignatures beside the heads they are over. Whether a witness is trusted is the caller's question."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from dualtrack.errors import NoteError
from dualtrack.ledger.cosign import split_time
from dualtrack.ledger.note import NOTE_SIGNATURES_MAX, parse_note, parse_signature_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dualtrack.ledger.note import NoteSignature
    from dualtrack.store.repository import Repository

__all__ = ["cosigned_note", "import_cosignatures"]


def import_cosignatures(repository: Repository, size: int, lines: Sequence[NoteSignature]) -> int:
    """Keep cosignature lines over the head of a size; return how many were new.

    The head must be stored (NotFoundError otherwise) and each line a cosignature with its time (NoteError). Their
    signatures are not verified here: the caller knows the witnesses it trusts and has checked against those.
    """
    repository.head(size)
    table = repository.tables.cosignature
    rows: dict[tuple[str, int], tuple[object, ...]] = {}
    for line in lines:
        parts = split_time(line.signature)
        if parts is None:
            raise NoteError("the line has no time: not a cosignature", where=line.name, code="ledger.note-malformed")
        rows[line.name, parts[0]] = (repository.ledger, size, line.name, parts[0], line.line().rstrip("\n"))
    known = select(table.c.witness, table.c.time_s).where(table.c.ledger == repository.ledger, table.c.size == size)
    with repository.backend.write(repository.ledger) as connection:
        have = {(row.witness, row.time_s) for row in connection.execute(known)}
        new = [row for key, row in rows.items() if key not in have]
        if new:
            repository.backend.insert(connection, table, new)
    return len(new)


def cosigned_note(repository: Repository, size: int | None = None) -> bytes:
    """Return the note of a head (the newest by default) with its cosignatures, the earliest of each witness."""
    head = repository.head(size)
    table = repository.tables.cosignature
    query = select(table.c.witness, table.c.line).where(table.c.ledger == repository.ledger, table.c.size == head.size)
    with repository.backend.read() as connection:
        rows = connection.execute(query.order_by(table.c.time_s, table.c.witness)).all()
    earliest: dict[str, NoteSignature] = {}
    for witness, line in rows:
        earliest.setdefault(witness, parse_signature_line(line))
    note = parse_note(head.note)
    return note.with_signatures(list(earliest.values())[: NOTE_SIGNATURES_MAX - len(note.signatures)]).encode()
