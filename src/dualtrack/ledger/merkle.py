"""Merkle tree hashes and proofs as RFC 6962 defines and RFC 9162 verifies them (sections 2.1.1 to 2.1.4).

Making a proof needs only the hashes of complete subtrees, through a `HashReader`: level 0 is the leaves, level h has
the hashes of 2^h leaves. Verifying trusts nothing: lengths, indices and the two ends of every comparison are checked.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Protocol

from dualtrack.errors import ProofError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

__all__ = [
    "EMPTY_ROOT",
    "HASH_BYTES",
    "TREE_SIZE_MAX",
    "HashReader",
    "consistency_proof",
    "inclusion_proof",
    "leaf_hash",
    "node_hash",
    "perfect_subtrees",
    "tree_head",
    "tree_root",
    "verify_consistency",
    "verify_inclusion",
]

HASH_BYTES = 32
"""Length of every hash (SHA-256)."""

TREE_SIZE_MAX = 2**63 - 1
"""Most leaves: what a signed 64-bit column holds; it bounds every proof at 64 hashes."""

EMPTY_ROOT = hashlib.sha256(b"").digest()
"""Root of the tree without leaves (RFC 6962, section 2.1)."""

_sha256 = hashlib.sha256


class HashReader(Protocol):
    """Gives the hash of the complete subtree `index` at `level`: leaves [index * 2^level, (index + 1) * 2^level)."""

    def __call__(self, level: int, index: int, /) -> bytes:
        """Return its 32 bytes."""


def leaf_hash(leaf: bytes) -> bytes:
    """Return the hash of a leaf: SHA-256 over 0x00 and its bytes."""
    return _sha256(b"\x00" + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of an inner node: SHA-256 over 0x01 and both children."""
    return _sha256(b"\x01" + left + right).digest()


def tree_head(leaf_hashes: Iterable[bytes]) -> bytes:
    """Return the root over the leaf hashes, by the plain stack of perfect subtrees. For tests and small trees."""
    peaks: list[bytes] = []
    for size, leaf in enumerate(leaf_hashes):
        node, left = leaf, size
        while left & 1:
            node = node_hash(peaks.pop(), node)
            left >>= 1
        peaks.append(node)
    return _fold(peaks) if peaks else EMPTY_ROOT


def perfect_subtrees(start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield (level, index) of the perfect subtrees that cover leaves [start, end), largest first.

    `start` must be a multiple of every power of two up to `end - start`, as it is for 0 and for a sibling's range.
    """
    while start < end:
        level = (end - start).bit_length() - 1
        yield level, start >> level
        start += 1 << level


def tree_root(size: int, read: HashReader) -> bytes:
    """Return the root of the first `size` leaves."""
    _check_size(size)
    return _range_root(0, size, read) if size else EMPTY_ROOT


def inclusion_proof(index: int, size: int, read: HashReader) -> list[bytes]:
    """Return the audit path of leaf `index` in the tree of `size` leaves (RFC 9162, section 2.1.3.1), leaf end first."""
    _check_size(size)
    if not 0 <= index < size:
        raise ProofError(f"leaf {index} is not in a tree of {size}", code="ledger.proof-index")
    return _siblings(0, index, size, read)


def consistency_proof(old: int, new: int, read: HashReader) -> list[bytes]:
    """Return the proof that the first `old` of `new` leaves are unchanged (RFC 9162, section 2.1.4.1).

    It is the path of the last perfect subtree of the old tree within the new one, led by that subtree's own hash
    unless it is the whole old tree. Equal sizes give an empty proof; an old size of zero proves nothing and is refused.
    """
    _check_size(new)
    if not 0 < old <= new:
        raise ProofError(f"no proof from size {old} to {new}", expected="0 < old <= new", code="ledger.proof-size")
    if old == new:
        return []
    level = (old & -old).bit_length() - 1
    last = (old >> level) - 1
    head = [] if last == 0 else [read(level, last)]
    return head + _siblings(level, last, new, read)


def verify_inclusion(index: int, size: int, leaf: bytes, proof: Sequence[bytes], root: bytes) -> None:
    """Raise ProofError unless `proof` leads from the leaf hash at `index` to the root of `size` leaves.

    RFC 9162, section 2.1.3.2, with its loop cut in two: below the level where the path meets the right edge of the tree
    each bit of the index names the side; above it every hash stands on the left.
    """
    if not 0 <= index < size <= TREE_SIZE_MAX:
        raise ProofError(f"leaf {index} is not in a tree of {size}", code="ledger.proof-index")
    _check_hashes(leaf, root, proof)
    inner = (index ^ (size - 1)).bit_length()
    if len(proof) != inner + (index >> inner).bit_count():
        raise _length_error(len(proof), inner + (index >> inner).bit_count())
    node, bits, sha256 = leaf, index, _sha256
    for sibling in proof[:inner]:
        node = sha256(b"\x01" + sibling + node if bits & 1 else b"\x01" + node + sibling).digest()
        bits >>= 1
    for sibling in proof[inner:]:
        node = sha256(b"\x01" + sibling + node).digest()
    if node != root:
        raise _root_error(f"leaf {index} of {size}", "root")


def verify_consistency(old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]) -> None:
    """Raise ProofError unless the tree of `new` leaves extends the tree of `old` leaves (RFC 9162, section 2.1.4.2).

    Equal sizes need an empty proof and equal roots. An old size of zero is refused: every tree extends the empty one,
    so a proof from it says nothing and a caller that accepts it must do so in the open.
    """
    if not 0 < old <= new <= TREE_SIZE_MAX:
        raise ProofError(f"no proof from size {old} to {new}", expected="0 < old <= new", code="ledger.proof-size")
    _check_hashes(old_root, new_root, proof)
    if old == new:
        if proof:
            raise _length_error(len(proof), 0)
        if old_root != new_root:
            raise _root_error(f"two trees of {old} leaves", "root")
        return
    path = proof if old & (old - 1) else [old_root, *proof]
    level = (old & -old).bit_length() - 1
    inner = ((old - 1) ^ (new - 1)).bit_length()
    wanted = 1 + (inner - level) + ((old - 1) >> inner).bit_count()
    if len(path) != wanted:
        raise _length_error(len(path), wanted)
    seen_old = seen_new = path[0]
    bits = (old - 1) >> level
    for position, sibling in enumerate(path[1:]):
        if position >= inner - level or bits & 1:
            seen_old, seen_new = node_hash(sibling, seen_old), node_hash(sibling, seen_new)
        else:
            seen_new = node_hash(seen_new, sibling)
        bits >>= 1
    if seen_old != old_root:
        raise _root_error(f"size {old} to {new}", "old root")
    if seen_new != new_root:
        raise _root_error(f"size {old} to {new}", "new root")


def _siblings(level: int, index: int, size: int, read: HashReader) -> list[bytes]:
    """Return the hashes beside the path from a complete node up to the root; the right edge may be a ragged subtree."""
    path: list[bytes] = []
    while (size - 1) >> level:
        sibling = index ^ 1
        start, end = sibling << level, (sibling + 1) << level
        if end <= size:
            path.append(read(level, sibling))
        elif start < size:
            path.append(_range_root(start, size, read))
        level, index = level + 1, index >> 1
    return path


def _range_root(start: int, end: int, read: HashReader) -> bytes:
    return _fold([read(level, index) for level, index in perfect_subtrees(start, end)])


def _fold(peaks: Sequence[bytes]) -> bytes:
    node = peaks[-1]
    for left in reversed(peaks[:-1]):
        node = node_hash(left, node)
    return node


def _check_size(size: int) -> None:
    if not 0 <= size <= TREE_SIZE_MAX:
        raise ProofError(f"no tree has {size} leaves", expected="0 to 2^63 - 1", code="ledger.proof-size")


def _check_hashes(first: bytes, second: bytes, proof: Sequence[bytes]) -> None:
    if len(first) != HASH_BYTES or len(second) != HASH_BYTES or not {HASH_BYTES}.issuperset(map(len, proof)):
        raise ProofError("a hash has not 32 bytes", expected="SHA-256 hashes only", code="ledger.proof-hash")


def _length_error(found: int, wanted: int) -> ProofError:
    return ProofError(f"{found} hashes in the proof", expected=f"{wanted} for these sizes", code="ledger.proof-length")


def _root_error(where: str, what: str) -> ProofError:
    return ProofError(
        f"the proof leads to another {what}",
        where=where,
        fix="treat the log as changed until its operator explains",
        code="ledger.proof-root",
    )
