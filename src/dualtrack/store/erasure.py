"""Erasing a content: the leaf and the tree stand, the sealed bytes go, and a sealed tombstone says when and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select, update

from dualtrack.domain.entry import read_leaf
from dualtrack.domain.time import format_instant
from dualtrack.errors import FieldError, NotFoundError
from dualtrack.store.repository import FIRM_KINDS, USE_KINDS
from dualtrack.store.vault import Erasure, Place

if TYPE_CHECKING:
    from datetime import datetime

    from dualtrack.store.repository import Repository

__all__ = ["KEPT_KINDS", "REASON_CHARACTERS_MAX", "erase"]

KEPT_KINDS = frozenset(
    {*FIRM_KINDS, *USE_KINDS, "assessment/1", "runtime-policy/1", "decision/1", "decision-intent/1", "hold/1"}
    | {"hold-release/1", "observe/1", "observe-end/1", "erasure/1", "access/1", "opt-out/1", "review/1"}
    | {"review-action/1", "review-stock/1", "signal/1", "incident/1", "incident-update/1", "complaint/1"}
    | {"change-answer/1", "answer-fetch/1", "administration/1", "identity-assertion/1", "monitor/1"}
    | {"measurement-result/1"}
)
"""Kinds that verdicts and calls rest on: erasing one would change what the others say, and perhaps for the better.

Decisions hold no personal text: what was said lies in the vault's contents, which are erased by person.
"""

REASON_CHARACTERS_MAX = 500
"""Longest reason: a reference to the request and its ground, never the personal data itself."""


def erase(repository: Repository, index: int, *, reason: str, at: datetime) -> Erasure:
    """Erase the content and salt of an entry for good; raises NotFoundError if there is none or it is erased already.

    Raises FieldError for a kind that verdicts rest on; only such kinds are projected, so no projection changes. Bytes are overwritten in the file (SQLite) or let go
    by VACUUM (PostgreSQL); backups and a server's archives of its log keep them until they are thrown away.
    """
    if not 0 < len(reason) <= REASON_CHARACTERS_MAX:
        raise FieldError(
            "no reason, or one too long", where="reason", expected=f"1 to {REASON_CHARACTERS_MAX} characters"
        )
    erasure = Erasure(format_instant(at), reason)
    entry, vault, ledger = repository.tables.entry, repository.tables.vault, repository.ledger
    mine = (vault.c.ledger == ledger, vault.c.idx == index)
    query = select(entry.c.leaf, vault.c.retention, vault.c.erased).join(
        vault, (vault.c.ledger == entry.c.ledger) & (vault.c.idx == entry.c.idx)
    )
    with repository.backend.write(ledger, shred=True) as connection:
        row = connection.execute(query.where(*mine)).first()
        if row is None or row.erased:
            what = "no such entry" if row is None else "its content is erased already"
            raise NotFoundError(what, where=f"{ledger}, entry {index}")
        leaf = read_leaf(bytes(row.leaf), where=f"{ledger}, entry {index}")
        if leaf.kind in KEPT_KINDS:
            raise FieldError(
                f"content of kind {leaf.kind} is not erased",
                where=f"{ledger}, entry {index}",
                expected="a kind that no verdict rests on",
                fix="supersede it by a later entry; keep personal data out of what is signed",
                code="input.field.kept",
            )
        sealed = repository.vault.seal_erasure(Place(ledger, index, leaf.commitment, row.retention), erasure)
        values = {"sealed": sealed, "erased": True, "key_id": repository.vault.key_id}
        connection.execute(update(vault).where(*mine).values(values))
    return erasure
