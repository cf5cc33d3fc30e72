"""Pseudonyms of customers: a keyed digest, so that a ledger never holds an identifier and nobody can try names out."""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING

from dualtrack.errors import FieldError, KeyFileError
from dualtrack.store.vault import VaultKey

if TYPE_CHECKING:
    from dualtrack.store.workspace import Workspace

__all__ = ["SUBJECT_CHARACTERS_MAX", "Subjects"]

SUBJECT_CHARACTERS_MAX = 200
"""Longest identifier of a person that a caller may send: an account or session number, not a document."""


class Subjects:
    """Makes pseudonyms under a key of the workspace, which is made where it is missing."""

    def __init__(self, workspace: Workspace) -> None:
        path = workspace.path(f"{workspace.config.key_dir}/subjects.key")
        if not path.exists():  # a workspace of before: `dualtrack init` makes it now
            try:
                VaultKey.generate().save(path)
            except KeyFileError as error:  # another process was faster, and all must have the same key
                if error.code != "key.exists":
                    raise
        self._key = VaultKey.load(path).derive(b"dualtrack/subjects/v1")

    def pseudonym(self, institution: str, person: str) -> str:
        """Return 64 hexadecimal digits for a person of an institution; raises FieldError for no or too long a name."""
        if not 0 < len(person) <= SUBJECT_CHARACTERS_MAX:
            raise FieldError(
                f"an identifier of {len(person)} characters", where="subject", expected=f"1 to {SUBJECT_CHARACTERS_MAX}"
            )
        return hmac.new(self._key, f"{institution}\x00{person}".encode(), hashlib.sha256).hexdigest()
