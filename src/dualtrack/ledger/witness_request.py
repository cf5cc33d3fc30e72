"""The body of an add-checkpoint request (C2SP tlog-witness): old size, consistency proof, empty line, checkpoint."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from dualtrack.errors import WitnessError
from dualtrack.keys.b64 import b64_decode, b64_encode
from dualtrack.ledger.checkpoint import parse_size
from dualtrack.ledger.merkle import HASH_BYTES
from dualtrack.ledger.note import NOTE_BYTES_MAX

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["PROOF_LINES_MAX", "REQUEST_BYTES_MAX", "WitnessRequest", "build_request", "parse_request"]

PROOF_LINES_MAX = 63
"""Most proof lines that C2SP lets a client send."""

REQUEST_BYTES_MAX = NOTE_BYTES_MAX + 4_096
"""Largest request: a note, and 63 hashes of 45 characters with the first line."""


class WitnessRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A request as parsed: the size that the log believes the witness has, the proof from it, the new signed head."""

    old_size: int
    proof: tuple[bytes, ...]
    checkpoint: bytes


def build_request(old_size: int, proof: Sequence[bytes], checkpoint: bytes) -> bytes:
    """Return the request body; `checkpoint` is the whole signed note. Raises WitnessError if it would be illegal."""
    lines = [f"old {old_size}\n", *(f"{b64_encode(item)}\n" for item in proof), "\n"]
    data = "".join(lines).encode() + checkpoint
    parse_request(data)
    return data


def parse_request(data: bytes) -> WitnessRequest:
    """Read a request body; raises WitnessError. The checkpoint in it is not looked at yet."""
    if len(data) > REQUEST_BYTES_MAX:
        raise _malformed(f"has {len(data)} bytes, more than {REQUEST_BYTES_MAX}")
    head, separator, checkpoint = data.partition(b"\n\n")
    first, *encoded = head.decode("ascii", errors="replace").split("\n")
    old_size = parse_size(first.removeprefix("old "))
    if not separator or not first.startswith("old ") or old_size is None:
        raise _malformed("has not the line 'old <size>' first, and an empty line before the checkpoint")
    if len(encoded) > PROOF_LINES_MAX:
        raise _malformed(f"has {len(encoded)} proof lines, more than {PROOF_LINES_MAX}")
    proof = [item for line in encoded if (item := b64_decode(line)) is not None and len(item) == HASH_BYTES]
    if len(proof) != len(encoded):
        raise _malformed("has a proof line that is not 32 bytes in Base 64")
    return WitnessRequest(old_size=old_size, proof=tuple(proof), checkpoint=checkpoint)


def _malformed(problem: str) -> WitnessError:
    error = WitnessError(
        f"the request {problem}", expected="an add-checkpoint body (C2SP tlog-witness)", code="ledger.witness-malformed"
    )
    error.status = 400
    return error
