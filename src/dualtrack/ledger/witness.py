"""A witness: keeps the last head it signed of each log, and co-signs a head only if it extends that one.

The checks and their order are those of C2SP tlog-witness, add-checkpoint; `status` of the error is the HTTP status
that it prescribes. The state is advanced, durably, before the cosignature exists.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from dualtrack.errors import NoteError, ProofError, WitnessError
from dualtrack.keys.vkey import NoteKeyType, VerifierKey
from dualtrack.ledger.checkpoint import Checkpoint
from dualtrack.ledger.cosign import cosign
from dualtrack.ledger.merkle import EMPTY_ROOT, verify_consistency
from dualtrack.ledger.note import Note, parse_note, verify_note
from dualtrack.ledger.witness_request import WitnessRequest, parse_request
from dualtrack.ledger.witness_state import Head, WitnessState

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dualtrack.keys.signer import Signer

__all__ = ["REFUSALS", "Refusal", "Witness"]

Refusal = Literal[
    "malformed",
    "unknown-origin",
    "bad-signature",
    "smaller",
    "old-size-mismatch",
    "empty-root",
    "empty-proof",
    "same-size-different-root",
    "inconsistent",
]

REFUSALS: dict[Refusal, int] = {
    "malformed": 400,
    "unknown-origin": 404,
    "bad-signature": 403,
    "smaller": 400,
    "old-size-mismatch": 409,
    "empty-root": 422,
    "empty-proof": 422,
    "same-size-different-root": 422,
    "inconsistent": 422,
}
"""Why a head is refused, with the HTTP status of C2SP tlog-witness; the error's code is `ledger.witness-<reason>`."""


class Witness:
    """The witness of the logs whose keys it was given. `name` is its key name in cosignature lines."""

    def __init__(self, name: str, signer: Signer, state: WitnessState, logs: Sequence[VerifierKey]) -> None:
        self.key = VerifierKey.of(name, signer.public_key, NoteKeyType.COSIGNATURE)
        self._signer = signer
        self._state = state
        self._logs: dict[str, list[VerifierKey]] = {}
        for log in logs:
            self._add(log)

    def add_checkpoint(self, body: bytes, time_s: int) -> str:
        """Take an add-checkpoint request at a time (seconds since 1970); return the cosignature line with its newline.

        Raises WitnessError with a reason of REFUSALS; then nothing was signed and the state is as before. On
        `old-size-mismatch` the error's `expected` names the size that the witness has.
        """
        request = parse_request(body)
        note, checkpoint = self._open(request.checkpoint)
        origin, new = checkpoint.origin, Head(size=checkpoint.size, root=checkpoint.root)
        if request.old_size > new.size:
            raise _refuse("smaller", f"size {new.size} is below the old size {request.old_size}", origin)
        known = self._state.head(origin)
        self._check_old_size(request, known, origin)
        self._check_extends(request, known, new, origin)
        # Also when the head is unchanged: another process may have moved on since it was read.
        if not self._state.advance(origin, known, new):
            raise self._mismatch(request, self._state.head(origin), origin)
        return cosign(note.text, self.key.name, self._signer, time_s).line()

    def head(self, origin: str) -> Head | None:
        """Return the last head co-signed of a log, or None."""
        return self._state.head(origin)

    def _add(self, log: VerifierKey) -> None:
        if log.type is not NoteKeyType.ED25519:
            raise WitnessError("not the key of a log", where=log.name, expected="type 1", code="ledger.witness-key")
        if log.public_key == self.key.public_key:
            raise WitnessError("the log has the witness's own key", where=log.name, code="ledger.witness-key")
        self._logs.setdefault(log.name, []).append(log)

    def _open(self, data: bytes) -> tuple[Note, Checkpoint]:
        try:
            note = parse_note(data)
            checkpoint = Checkpoint.parse(note.text)
        except NoteError as error:
            raise _refuse("malformed", error.found, "checkpoint") from error
        keys = self._logs.get(checkpoint.origin)
        if keys is None:
            raise _refuse("unknown-origin", "no key of this log was added", checkpoint.origin[:80])
        try:
            verify_note(note, keys)
        except NoteError as error:
            raise _refuse("bad-signature", error.found, checkpoint.origin) from error
        return note, checkpoint

    def _check_old_size(self, request: WitnessRequest, known: Head | None, origin: str) -> None:
        if request.old_size != (0 if known is None else known.size):
            raise self._mismatch(request, known, origin)

    @staticmethod
    def _mismatch(request: WitnessRequest, known: Head | None, origin: str) -> WitnessError:
        size = 0 if known is None else known.size
        return _refuse("old-size-mismatch", f"old size {request.old_size}", origin, expected=f"old {size}")

    @staticmethod
    def _check_extends(request: WitnessRequest, known: Head | None, new: Head, origin: str) -> None:
        if new.size == 0 and new.root != EMPTY_ROOT:
            raise _refuse("empty-root", "an empty log with a root that is not the empty tree's", origin)
        if known is not None and known.size == new.size and known.root != new.root:
            raise _refuse("same-size-different-root", f"two roots for size {new.size}: the log was rewritten", origin)
        if request.old_size in {0, new.size}:
            if request.proof:
                raise _refuse("empty-proof", "a proof where none can be", origin, expected="no proof lines")
            return
        if known is None:
            raise _refuse("old-size-mismatch", "nothing was signed of this log", origin, expected="old 0")
        try:
            verify_consistency(known.size, new.size, known.root, new.root, request.proof)
        except ProofError as error:
            found = f"size {new.size} is not shown to extend size {known.size}: {error.found}"
            raise _refuse("inconsistent", found, origin) from error


def _refuse(reason: Refusal, found: str, origin: str, *, expected: str = "") -> WitnessError:
    error = WitnessError(found, where=origin, expected=expected, code=f"ledger.witness-{reason}")
    error.status = REFUSALS[reason]
    return error
