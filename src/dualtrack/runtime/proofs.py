"""Proof that an entry stands in a ledger, in a form that a customer can hand to an auditor."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dualtrack.domain.records import Record
from dualtrack.ledger.merkle import leaf_hash
from dualtrack.store.cosignatures import cosigned_note

if TYPE_CHECKING:
    from dualtrack.domain.entry import Entry
    from dualtrack.store.repository import Repository

__all__ = ["EntryProof", "prove_entry"]


class EntryProof(Record, frozen=True):
    """Leaf and its hash, audit path (RFC 6962, hexadecimal) up to the head of `size`, and the head's signed note.

    The note carries the log's signature and those of witnesses. `content` is what the leaf commits to, with its salt;
    the receipt of a decision holds digests and identifiers only.
    """

    ledger: str
    index: int
    size: int
    leaf: str
    leaf_hash: str
    path: list[str]
    note: str
    salt: str
    content: str


def prove_entry(repository: Repository, entry: Entry) -> EntryProof:
    """Return the proof of an entry against the newest head."""
    size = repository.size()
    return EntryProof(
        ledger=repository.ledger,
        index=entry.index,
        size=size,
        leaf=entry.leaf.decode(),
        leaf_hash=leaf_hash(entry.leaf).hex(),
        path=[step.hex() for step in repository.inclusion_proof(entry.index, size)],
        note=cosigned_note(repository, size).decode(),
        salt=entry.salt.hex(),
        content=entry.content.decode(),
    )
