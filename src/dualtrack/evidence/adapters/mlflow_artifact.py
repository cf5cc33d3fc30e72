"""The digest of a model's files, where the registry's place for them is on this machine.

A single file has its SHA-256. A folder has the SHA-256 of the canonical list of its files, each as path and SHA-256, sorted by
path: anybody with the folder gets the same one. Links are not followed.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from urllib.parse import unquote, urlsplit

from dualtrack.domain import canonical
from dualtrack.errors import PathError

__all__ = ["FILES_MAX", "artifact_digest", "folder_digest"]

FILES_MAX = 10_000
"""Most files of a model: more is a folder of something else."""


def artifact_digest(place: str) -> str | None:
    """Return the digest of the files at a place, or None where it is not on this machine; raises PathError for unreadable files."""
    path = _local(place)
    if path is None or not path.exists():
        return None
    return folder_digest(path) if path.is_dir() else _file_digest(path)


def _unreadable(error: OSError) -> None:
    raise PathError(
        f"cannot be read: {error.strerror}", where=str(error.filename), fix="check who may read it"
    ) from error


def folder_digest(folder: Path) -> str:
    """Return the digest of a folder; raises PathError where it holds a link, nothing, or more than FILES_MAX files."""
    found = []
    inside = (Path(at) / name for at, below, names in os.walk(folder, onerror=_unreadable) for name in (*below, *names))
    for path in inside:
        if path.is_symlink():
            raise PathError("a link among the model's files", where=str(path), fix="register a model of plain files")
        if path.is_file():
            found.append(path)
        if len(found) > FILES_MAX:
            raise PathError(f"more than {FILES_MAX} files", where=str(folder), fix="register the model's own folder")
    if not found:
        raise PathError("no files of a model", where=str(folder), fix="check the registry's place for them")
    listed = sorted((path.relative_to(folder).as_posix(), path) for path in found)
    return canonical.digest(canonical.encode([[name, _file_digest(path)] for name, path in listed]))


def _local(place: str) -> Path | None:
    if place.startswith("file:"):
        parts = urlsplit(place)
        return Path(unquote(parts.path)) if parts.netloc in {"", "localhost"} and parts.path else None
    return Path(place) if place.startswith("/") else None


def _file_digest(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise PathError(f"cannot be read: {error.strerror}", where=str(path), fix="check who may read it") from error
