"""How many witnesses are enough: k of n named keys, counted by key and never by line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from dualtrack.errors import NoteError
from dualtrack.keys.vkey import VerifierKey
from dualtrack.ledger.cosign import Cosignature, verify_cosignatures

if TYPE_CHECKING:
    from dualtrack.ledger.note import Note

__all__ = ["WITNESSES_MAX", "Quorum"]

WITNESSES_MAX = 32
"""Most witnesses in a policy, as C2SP tlog-policy recommends to support; also the most signatures a note may have."""


class Quorum(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """At least `k` of these witness keys must have cosigned. `k` = 0 asks for none and says so in the open."""

    k: int
    witnesses: tuple[VerifierKey, ...]

    def __post_init__(self) -> None:
        keys = {witness.public_key for witness in self.witnesses}
        if len(keys) != len(self.witnesses):
            raise NoteError("one public key stands for two witnesses", code="ledger.policy")
        if len(keys) > WITNESSES_MAX or not 0 <= self.k <= len(keys):
            raise NoteError(
                f"{self.k} of {len(keys)} witnesses", expected=f"0 <= k <= n <= {WITNESSES_MAX}", code="ledger.policy"
            )

    def check(self, note: Note, *, log: VerifierKey | None = None) -> list[Cosignature]:
        """Return the cosignatures that count, the earliest of each witness.

        Raises NoteError if fewer than `k` witnesses cosigned, if a line of one of them does not hold, or if the `log`
        given is its own witness.
        """
        if log is not None and any(log.public_key == witness.public_key for witness in self.witnesses):
            raise NoteError("the log is its own witness", where=log.name, code="ledger.policy")
        earliest: dict[bytes, Cosignature] = {}
        for cosignature in verify_cosignatures(note, self.witnesses):
            known = earliest.setdefault(cosignature.key.public_key, cosignature)
            if cosignature.time_s < known.time_s:
                earliest[cosignature.key.public_key] = cosignature
        if len(earliest) < self.k:
            raise NoteError(
                f"cosigned by {len(earliest)} of {len(self.witnesses)} witnesses",
                expected=f"at least {self.k}",
                fix="ask the missing witnesses to cosign this head",
                code="ledger.quorum",
            )
        return list(earliest.values())
