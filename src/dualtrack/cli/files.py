"""Reading what people wrote: YAML or JSON files, from a path or standard input, within bounds."""

from __future__ import annotations

import hashlib
import os
import sys
from typing import TYPE_CHECKING, TypeVar

from dualtrack.cli.wording import in_words
from dualtrack.domain.documents import read_yaml
from dualtrack.domain.records import read_record
from dualtrack.errors import DocumentError, FieldError, PathError
from dualtrack.keys.files import replace_file

if TYPE_CHECKING:
    from pathlib import Path

__all__ = [
    "FILE_BYTES_MAX",
    "check_absent",
    "check_new",
    "file_digest",
    "make_folders",
    "read_bytes",
    "read_document",
    "write_new",
]

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


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file of any size, 64 hexadecimal digits; raises PathError."""
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise PathError(f"cannot be read: {error.strerror}", where=str(path), fix="check the path") from error


def read_document(path: Path, kind: type[T], *, values: str = "") -> T:
    """Read a YAML or JSON file as a record; errors name file, line and field.

    `values` names a mapping in it whose values must be plain; a wrong one is then named by its key.
    """
    plain = read_yaml(read_bytes(path), where=str(path))
    found = plain.get(values) if isinstance(plain, dict) else None
    for name, value in found.items() if isinstance(found, dict) else ():
        listed = isinstance(value, list) and all(isinstance(item, str) for item in value)
        if not listed and not isinstance(value, bool | int | float | str):
            raise FieldError(
                "nothing is filled in" if value is None else f"a {type(value).__name__}",
                where=f"{path}, field {values}.{name}",
                expected="true or false, a number, text, or a list of texts",
                fix="fill it in, or leave it out where it may be left out",
            )
    try:
        return read_record(plain, kind, where=str(path))
    except FieldError as error:
        raise in_words(error, kind, where=str(path)) from error


def write_new(path: Path, data: bytes, *, force: bool = False) -> None:
    """Write a file whole or not at all; an existing one only with `force`."""
    check_absent(path, force=force)
    replace_file(path, data)


def check_new(path: Path, *, force: bool = False) -> None:
    """Raise PathError where a file could not be written: something is there, or there is no folder to write it in.

    For commands that record before they write: what they recorded cannot be taken back.
    """
    check_absent(path, force=force)
    if not path.parent.is_dir():
        raise PathError("there is no such folder", where=str(path.parent), fix="make it first, or name another file")
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise PathError("this user may not write there", where=str(path.parent), fix="name a file in another folder")


def check_absent(path: Path, *, force: bool = False) -> None:
    """Raise PathError where something stands in the place of a file, whose folder may yet have to be made."""
    if path.is_dir():
        raise PathError("is a folder", where=str(path), fix="name a file in it")
    if path.exists() and not force:
        raise PathError("exists", where=str(path), fix="name another file, or give --force")


def make_folders(path: Path) -> list[Path]:
    """Make a folder and those above it; returns the ones that are new, deepest first, so that they can be undone."""
    made = [folder for folder in (path, *path.parents) if not folder.exists()]
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise PathError(
            f"the folder cannot be made: {error.strerror}", where=str(path), fix="name another folder"
        ) from error
    return made
