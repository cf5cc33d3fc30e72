"""The model that a command names, held to the release it speaks for: a file must be one that the release pins."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from dualtrack.cli.files import file_digest
from dualtrack.errors import EvidenceError
from dualtrack.evidence.adapters.opening import open_model

if TYPE_CHECKING:
    from dualtrack.domain.release import Release
    from dualtrack.evidence.models import Scorer

__all__ = ["named_model", "open_baseline", "open_released"]


def open_released(reference: str, digest: str, release: Release, *, timeout_s: float | None = None) -> Scorer:
    """Open the model of a release. Raises EvidenceError for a file that the release does not pin: it is not what is permitted."""
    found = _file(reference)
    if found is None:
        return open_model(reference, digest=digest, timeout_s=timeout_s)
    pinned = {part.digest for part in release.components} | {release.code}
    of_file = file_digest(found)
    if of_file not in pinned:
        raise EvidenceError(
            f"its digest {of_file[:16]}… is none that the release pins",
            where=reference,
            expected="the file of a component of the release",
            fix="measure the file that was released, or release this one",
            code="evidence.model-file",
        )
    return open_model(reference, digest=digest, file_digest=of_file, timeout_s=timeout_s)


def open_baseline(reference: str, digest: str, *, timeout_s: float | None = None) -> Scorer:
    """Open the way without AI. It is no part of the release; its own code runs, as whoever names it knows."""
    found = _file(reference)
    return open_model(reference, digest=digest, file_digest=file_digest(found) if found else None, timeout_s=timeout_s)


def named_model(reference: str) -> str:
    """Say which model a reference names: a file with its digest, else the reference itself, an address without its query."""
    found = _file(reference)
    if found is not None:
        return f"file {found.name}, SHA-256 {file_digest(found)}"
    return reference.partition("?")[0]


def _file(reference: str) -> Path | None:
    if reference.startswith(("http://", "https://")):
        return None
    path = Path(reference)
    return path if path.is_file() else None
