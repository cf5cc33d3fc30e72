"""Reading what people wrote: YAML or JSON files, from a path or standard input, within bounds."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, TypeVar

from dualtrack.domain.documents import read_yaml
from dualtrack.domain.records import read_record
from dualtrack.errors import DocumentError, PathError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["read_bytes", "read_document", "write_new"]

T = TypeVar("T")

FILE_BYTES_MAX = 1 << 26
"""Bytes read of any file: a bundle of the largest use is a tenth of it."""


def read_bytes(path: Path, *, limit: int = FILE_BYTES_MAX) -> bytes:
    """Read a file (`-` is standard input); raises PathError or DocumentError."""
    if str(path) == "-":
        data = sys.stdin.buffer.read(limit + 1)
    else:
        try:
            with path.open("rb") as stream:
                data = stream.read(limit + 1)
        except OSError as error:
            raise PathError(f"cannot be read: {error.strerror}", where=str(path), fix="check the path") from error
    if len(data) > limit:
        raise DocumentError(f"more than {limit} bytes", where=str(path), fix="give a smaller file")
    return data


def read_document(path: Path, kind: type[T]) -> T:
    """Read a YAML or JSON file as a record; errors name file, line and field."""
    return read_record(read_yaml(read_bytes(path), where=str(path)), kind, where=str(path))


def write_new(path: Path, data: bytes, *, force: bool = False) -> None:
    """Write a file whole or not at all; an existing one only with `force`."""
    if path.exists() and not force:
        raise PathError("exists", where=str(path), fix="name another file, or give --force")
    draft = path.with_name(f".{path.name}.new")
    try:
        draft.write_bytes(data)
        draft.replace(path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise PathError(
            f"cannot be written: {error.strerror}", where=str(path), fix="check folder and space"
        ) from error
