"""Heads of firms' ledgers: gather those that were shown, hold them to one another, and co-sign the largest.

A firm may show different people different logs. So two heads of one size with different roots, or two bundles with different
leaves at one index, are refused whatever else holds; heads of different sizes need a proof that one extends the other
(`dualtrack ledger request --old N`). What was co-signed before binds: the witness's memory decides last. A cosignature says
that the log only grew; it says nothing about the verdicts in it, so a refused bundle does not stop it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import msgspec

from dualtrack.domain.records import Record
from dualtrack.errors import NoteError, ProofError, WitnessError
from dualtrack.ledger.checkpoint import open_checkpoint
from dualtrack.ledger.merkle import verify_consistency
from dualtrack.ledger.witness_request import build_request, parse_request
from dualtrack.supervisor.plain import plain_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dualtrack.keys.vkey import VerifierKey
    from dualtrack.ledger.witness import Witness
    from dualtrack.ledger.witness_request import WitnessRequest
    from dualtrack.supervisor.account import Account

__all__ = ["HEAD_REASONS", "HeadLine", "Shown", "contradicting_index", "cosign_heads", "read_heads", "unsigned_heads"]

HEAD_REASONS = {
    "no-anchor": "no trusted log key of this institution: nothing to co-sign",
    "forked": "two logs: heads of one size with different roots, or different entries at one index",
    "no-proof": "nothing shows that this head extends the other one that was seen",
    "demo": "a demo log in a real workspace",
}
"""Why a head is not co-signed, where that is not the witness's own refusal (ledger/witness.py, REFUSALS)."""


class Shown(NamedTuple):
    """A head that a firm signed and showed, with the whole note and where it came from."""

    origin: str
    size: int
    root: bytes
    note: bytes
    source: str


class HeadLine(Record, frozen=True):
    """What became of one institution's head. `line` is the cosignature, without it `reason` and `detail` say why not."""

    institution: str
    origin: str
    size: int | None
    root: str | None
    line: str | None
    reason: str | None
    detail: str
    others: list[str]


def read_heads(key: VerifierKey, notes: Iterable[tuple[str, bytes]]) -> list[Shown]:
    """Return the heads, of the notes given with their source, that this log's key signed; others say nothing."""
    found = []
    for source, note in notes:
        try:
            head = open_checkpoint(note, key).checkpoint
        except NoteError:
            continue
        found.append(Shown(head.origin, head.size, head.root, note, source))
    return found


def contradicting_index(accounts: Sequence[Account]) -> int | None:
    """Return the first index at which two accounts of one institution hold different leaves, or None."""
    leaves: dict[int, bytes] = {}
    for account in accounts:
        for entry in account.entries:
            if leaves.setdefault(entry.index, entry.leaf) != entry.leaf:
                return entry.index
    return None


def unsigned_heads(institution: str, origin: str, reason: str) -> HeadLine:
    """Return the line of an institution for which nothing can be co-signed."""
    return _line(institution, origin, None, reason, HEAD_REASONS[reason])


def cosign_heads(
    institution: str,
    key: VerifierKey,
    heads: Sequence[Shown],
    requests: Sequence[bytes],
    witness: Witness,
    time_s: int,
    *,
    contradiction: int | None = None,
) -> HeadLine | None:
    """Co-sign the largest head of an institution, or say why not; None where no head was shown.

    `requests` are add-checkpoint bodies of any institution; those of others are passed over. Their checkpoints count as
    shown. `contradiction` is an index at which bundles differ.
    """
    asked = _requests(key, requests)
    shown = [*heads, *(head for head, _ in asked)]
    if not shown:
        return None
    largest = max(shown, key=lambda head: head.size)
    known = witness.head(key.name)
    earlier = []
    if known is not None and known.size < largest.size:
        earlier = [Shown(key.name, known.size, known.root, b"", "what was co-signed before")]
    forks = _forks([*shown, *earlier])
    if contradiction is not None:
        forks.append(f"entry {contradiction} differs between two bundles")
    if forks:
        return _line(institution, key.name, largest, "forked", HEAD_REASONS["forked"], forks)
    smaller = {(head.size, head.root) for head in [*shown, *earlier] if head.size < largest.size}
    proven = {request.old_size: request for head, request in asked if (head.size, head.root) == largest[1:3]}
    for size, root in sorted(smaller):
        if size and not _extends(size, root, largest, proven.get(size)):
            fix = f"head {largest.size} is not shown to extend head {size}: ask for `dualtrack ledger request --old {size}`"
            return _line(institution, key.name, largest, "no-proof", fix)
    old = known.size if known else 0
    return _ask(institution, largest, witness, time_s, old, proven.get(old))


def _requests(key: VerifierKey, bodies: Sequence[bytes]) -> list[tuple[Shown, WitnessRequest]]:
    found = []
    for body in bodies:
        request = parse_request(body)
        found += [(head, request) for head in read_heads(key, [("request", request.checkpoint)])]
    return found


def _forks(shown: Sequence[Shown]) -> list[str]:
    roots: dict[int, dict[bytes, str]] = {}
    for head in shown:
        roots.setdefault(head.size, {}).setdefault(head.root, head.source)
    return [
        f"size {size}: "
        + "; ".join(f"root {root.hex()[:16]} in {plain_text(source)}" for root, source in found.items())
        for size, found in sorted(roots.items())
        if len(found) > 1
    ]


def _extends(size: int, root: bytes, head: Shown, request: WitnessRequest | None) -> bool:
    if request is None:
        return False
    try:
        verify_consistency(size, head.size, root, head.root, request.proof)
    except ProofError:
        return False
    return True


def _ask(
    institution: str, head: Shown, witness: Witness, time_s: int, old: int, request: WitnessRequest | None
) -> HeadLine:
    proof = request.proof if request else ()
    try:
        line = witness.add_checkpoint(build_request(old, proof, head.note), time_s)
    except WitnessError as error:
        reason = error.code.removeprefix("ledger.witness-")
        return _line(institution, head.origin, head, reason, plain_text(error.found))
    said = f"extends size {old}" if old else "first head seen of this log"
    if old == head.size:
        said = "the head that was co-signed before"
    return msgspec.structs.replace(_line(institution, head.origin, head, None, said), line=line)


def _line(
    institution: str, origin: str, head: Shown | None, reason: str | None, detail: str, others: Sequence[str] = ()
) -> HeadLine:
    return HeadLine(
        institution=institution,
        origin=origin,
        size=head.size if head else None,
        root=head.root.hex() if head else None,
        line=None,
        reason=reason,
        detail=detail,
        others=list(others),
    )
