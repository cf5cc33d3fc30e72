"""A witness in a folder: its name and the log keys it trusts (`witness.json`), its key, and the heads it has co-signed.

An auditor or a supervisor runs one; it needs no workspace. A folder whose state has gone missing is an error, never a fresh
start: a witness that forgets is worse than none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dualtrack.domain import canonical
from dualtrack.domain.records import Record, encode, read_record
from dualtrack.errors import FieldError, NotFoundError
from dualtrack.keys.files import make_folder, replace_private
from dualtrack.keys.signer import FileSigner
from dualtrack.keys.vkey import NoteKeyType, VerifierKey, check_key_name
from dualtrack.ledger.witness import Witness
from dualtrack.ledger.witness_state import FileState

if TYPE_CHECKING:
    from pathlib import Path

    from dualtrack.keys.signer import Signer

__all__ = ["LOGS_MAX", "WitnessFolder"]

LOGS_MAX = 10_000
"""Log keys one witness trusts: a supervisor has a few thousand institutions."""

_FORMAT = "dualtrack.witness/1"
_SETTINGS, _KEY, _STATE = "witness.json", "witness.pem", "state.json"


class _Settings(Record, frozen=True):
    format: str
    name: str
    logs: list[str]


class WitnessFolder:
    """The folder of one witness. Make one with `create`, or `open` it; `witness` gives the witness itself."""

    def __init__(self, folder: Path, settings: _Settings, signer: Signer) -> None:
        self._folder, self._settings, self._signer = folder, settings, signer
        self._state = FileState(folder / _STATE)

    @classmethod
    def create(
        cls, folder: Path, name: str, *, signer: Signer | None = None, passphrase: str | None = None
    ) -> WitnessFolder:
        """Make the folder, its empty state and, unless a signer is given, its key; raises PathError if it exists."""
        check_key_name(name)
        make_folder(folder)
        if signer is None:
            own = FileSigner.generate(name)
            own.save(folder / _KEY, passphrase=passphrase)
            signer = own
        FileState.create(folder / _STATE)
        settings = _Settings(format=_FORMAT, name=name, logs=[])
        replace_private(folder / _SETTINGS, encode(settings))  # last: a folder without it is no witness yet
        return cls(folder, settings, signer)

    @classmethod
    def open(cls, folder: Path, *, signer: Signer | None = None, passphrase: str | None = None) -> WitnessFolder:
        """Open a folder; raises NotFoundError if it is none, StoreError if its state is missing."""
        path = folder / _SETTINGS
        if not path.is_file():
            raise NotFoundError(
                "no witness in this folder", where=str(folder), fix="make one with `dualtrack witness init NAME`"
            )
        settings = read_record(canonical.decode(path.read_bytes(), where=str(path)), _Settings, where=str(path))
        if settings.format != _FORMAT:
            raise FieldError(f"format {settings.format[:60]!r}", where=str(path), expected=_FORMAT)
        if signer is None:
            signer = FileSigner.load(folder / _KEY, passphrase=passphrase, name=settings.name)
        return cls(folder, settings, signer)

    @property
    def key(self) -> VerifierKey:
        """The verifier key of the cosignatures, to be listed by the logs' owners and users."""
        return VerifierKey.of(self._settings.name, self._signer.public_key, NoteKeyType.COSIGNATURE)

    @property
    def logs(self) -> list[VerifierKey]:
        """The log keys trusted, in the order of their names."""
        return [VerifierKey.parse(text) for text in self._settings.logs]

    def trust(self, text: str) -> VerifierKey:
        """Add a log's verifier key; raises KeyFileError for a broken one, WitnessError for one no log can have."""
        key = VerifierKey.parse(text)
        Witness(self._settings.name, self._signer, self._state, [key])
        logs = sorted({*self._settings.logs, text})
        if len(logs) > LOGS_MAX:
            raise FieldError(f"{len(logs)} log keys", where=str(self._folder), expected=f"at most {LOGS_MAX}")
        self._settings = _Settings(format=_FORMAT, name=self._settings.name, logs=logs)
        replace_private(self._folder / _SETTINGS, encode(self._settings))
        return key

    def witness(self, logs: list[VerifierKey] | None = None) -> Witness:
        """Return the witness of the logs given, or of those trusted here."""
        return Witness(self._settings.name, self._signer, self._state, self.logs if logs is None else logs)
