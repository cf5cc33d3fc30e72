"""Cosignatures, version 1 (C2SP tlog-cosignature, Ed25519): a witness says when it saw which head.

The signature is over a fixed first line, the time, and the whole text of the checkpoint; before it stand 8 bytes with
the time in seconds since 1970. It says: of this log, this was the largest consistent head I had seen by then.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from dualtrack.errors import NoteError
from dualtrack.keys.ed25519 import SIGNATURE_BYTES, verify
from dualtrack.keys.vkey import NoteKeyType, VerifierKey, check_key_name, note_key_hash
from dualtrack.ledger.checkpoint import Checkpoint
from dualtrack.ledger.note import Note, NoteSignature, bad_signature, signatures_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dualtrack.keys.signer import Signer

__all__ = ["TIME_MAX_S", "Cosignature", "cosign", "cosigned_message", "split_time", "verify_cosignatures"]

TIME_MAX_S = 2**63 - 1
"""Latest time that C2SP allows, in seconds since 1970."""

_TIME_BYTES = 8


class Cosignature(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A cosignature that holds: whose, and the time it states in seconds since 1970."""

    key: VerifierKey
    time_s: int


def cosigned_message(text: str, time_s: int) -> bytes:
    """Return the bytes that are signed for the text of a checkpoint at a time."""
    return f"cosignature/v1\ntime {time_s}\n{text}".encode()


def cosign(text: str, name: str, signer: Signer, time_s: int) -> NoteSignature:
    """Return the cosignature line over the text of a checkpoint.

    Raises NoteError if the text is no checkpoint or the time is not above zero. Whether the head is consistent with
    those signed before is not looked at here: only `Witness` should call this.
    """
    if not 0 < time_s <= TIME_MAX_S:
        raise NoteError(f"{time_s} is no time of a cosignature", expected="1 to 2^63 - 1", code="ledger.note-time")
    check_key_name(name)
    Checkpoint.parse(text)
    return NoteSignature(
        name=name,
        key_hash=note_key_hash(name, NoteKeyType.COSIGNATURE, signer.public_key),
        signature=time_s.to_bytes(_TIME_BYTES, "big") + signer.sign(cosigned_message(text, time_s)),
    )


def split_time(signature: bytes) -> tuple[int, bytes] | None:
    """Return the time and the 64-byte signature in a cosignature's bytes, or None if they are no such thing."""
    time_s = int.from_bytes(signature[:_TIME_BYTES], "big")
    if len(signature) != _TIME_BYTES + SIGNATURE_BYTES or not 0 < time_s <= TIME_MAX_S:
        return None
    return time_s, signature[_TIME_BYTES:]


def verify_cosignatures(note: Note, keys: Sequence[VerifierKey]) -> list[Cosignature]:
    """Return the cosignatures by the trusted witness keys, in the order of the keys; one key may have signed again.

    Lines of other keys are passed over, and none at all is an empty list: how many are enough is for `Quorum`.
    Raises NoteError if a line names a trusted key and does not hold. The time is the witness's word.
    """
    held: list[Cosignature] = []
    for key in keys:
        if key.type is not NoteKeyType.COSIGNATURE:
            raise NoteError("not a cosignature key", where=key.name, expected="type 4", code="ledger.note-key")
        for line in signatures_of(note, key):
            parts = split_time(line.signature)
            if parts is None or not verify(key.public_key, parts[1], cosigned_message(note.text, parts[0])):
                raise bad_signature(key.name)
            held.append(Cosignature(key=key, time_s=parts[0]))
    return held
