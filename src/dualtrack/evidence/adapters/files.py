"""Files of models: read once, held to the digest that was given, and only then used."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from dualtrack.errors import EvidenceError, PathError
from dualtrack.evidence.models import checked_digest

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["FILE_BYTES_MAX", "read_model_file"]

FILE_BYTES_MAX = 2 << 30
"""Largest model file read into memory."""


def read_model_file(path: Path, file_digest: str) -> bytes:
    """Return the bytes whose SHA-256 is `file_digest`: the same bytes are loaded, so that no file is swapped in between.

    Raises PathError where there is no such file, EvidenceError where its digest is another.
    """
    checked_digest(file_digest, "file digest")
    if not path.is_file():
        raise PathError("no such file", where=str(path), expected="a model's file")
    if path.stat().st_size > FILE_BYTES_MAX:
        raise EvidenceError(f"more than {FILE_BYTES_MAX} bytes", where=str(path), fix="measure it behind an endpoint")
    data = path.read_bytes()
    found = hashlib.sha256(data).hexdigest()
    if found != file_digest:
        raise EvidenceError(
            f"digest {found}",
            where=str(path),
            expected=file_digest,
            fix="give the file that was released, or the digest of this one",
            code="evidence.model-file",
        )
    return data
