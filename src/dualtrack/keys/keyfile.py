"""Files that hold secrets: read only if nobody else can, written whole, never over another."""

from __future__ import annotations

import os
import secrets
import stat
from typing import TYPE_CHECKING

from dualtrack.errors import KeyFileError
from dualtrack.keys.files import sync_folder

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["KEY_FILE_BYTES_MAX", "read_private", "write_private"]

KEY_FILE_BYTES_MAX = 16_384
"""Largest key file read; an Ed25519 key in PEM has under 400 bytes, and an RSA key given by mistake still fits."""

_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def read_private(path: Path) -> bytes:
    """Return the bytes of a file that only its owner can open.

    Raises KeyFileError if it is absent, not a regular file, readable, writable or executable by group or others, or
    beyond KEY_FILE_BYTES_MAX. Mode and content are taken from one open descriptor, so they are of the same file.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        raise KeyFileError(
            f"cannot be opened: {error.strerror}", where=str(path), fix="check the path", code="key.absent"
        ) from error
    try:
        _check_status(os.fstat(descriptor), path)
        data = os.read(descriptor, KEY_FILE_BYTES_MAX + 1)
    finally:
        os.close(descriptor)
    if len(data) > KEY_FILE_BYTES_MAX:
        raise KeyFileError(f"larger than {KEY_FILE_BYTES_MAX} bytes", where=str(path), code="key.size")
    return data


def _check_status(status: os.stat_result, path: Path) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise KeyFileError("is not a regular file", where=str(path), code="key.kind")
    if status.st_mode & _OTHERS:
        raise KeyFileError(
            f"other users may open it (mode {stat.S_IMODE(status.st_mode):04o})",
            where=str(path),
            expected="mode 0600",
            fix=f"chmod 600 {path}, and consider the key exposed",
            code="key.mode",
        )


def write_private(path: Path, data: bytes) -> None:
    """Write a new file with mode 0600, durable on return. Raises KeyFileError if the name is taken.

    The bytes go to a temporary name beside it; a hard link then gives the final name, which unlike a rename fails
    when the name exists.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}.tmp")
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(descriptor)
            os.link(temporary, path)
        finally:
            temporary.unlink()
        sync_folder(path.parent)
    except FileExistsError as error:
        raise KeyFileError(
            "a file of this name exists", where=str(path), fix="choose another name", code="key.exists"
        ) from error
    except OSError as error:
        raise KeyFileError(f"cannot be written: {error.strerror}", where=str(path), code="key.write") from error
