"""Files written whole or not at all, and the modes that a workspace insists on."""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
from typing import TYPE_CHECKING

from dualtrack.errors import PathError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = [
    "FILE_MODE",
    "FOLDER_MODE",
    "SHARED_MODE",
    "check_private",
    "make_folder",
    "open_private",
    "replace_file",
    "replace_private",
    "stands",
    "sync_file",
    "sync_folder",
]

FOLDER_MODE = 0o700
"""A workspace holds keys and sealed personal data: nobody but its operator enters."""

FILE_MODE = 0o600
"""Files of a workspace, for the same reason."""

SHARED_MODE = 0o644
"""Reports, pages and bundles: made to be handed on."""


def make_folder(path: Path) -> None:
    """Create one folder of mode 0700 whatever the umask; raises PathError if it exists or cannot be made."""
    try:
        path.mkdir(mode=FOLDER_MODE)
        path.chmod(FOLDER_MODE)
    except OSError as error:
        raise _refused(path, "cannot be made", error) from error


def replace_private(path: Path, data: bytes) -> None:
    """Put `data` at `path` with mode 0600; as `replace_file`."""
    replace_file(path, data, mode=FILE_MODE)


def replace_file(path: Path, data: bytes, *, mode: int = SHARED_MODE) -> None:
    """Put `data` at `path`, atomically and durably. Raises PathError and leaves what was there before.

    The bytes go to a temporary name in the same folder, are flushed to the disk and renamed over the target, so that a
    reader never sees half a file. The mode is as given, whatever the umask.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}.part")
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, FILE_MODE)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fchmod(descriptor, mode)
            os.fsync(descriptor)
        temporary.replace(path)
        sync_folder(path.parent)
    except OSError as error:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise _refused(path, "cannot be written", error) from error


def stands(path: Path) -> bool:
    """Tell whether anything is at a path, even a link to nowhere; raises PathError where that cannot be learnt."""
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        raise _refused(path, "cannot be looked at", error) from error
    return True


def open_private(path: Path) -> int:
    """Return a descriptor to read and write a file, made with mode 0600 if it is new; raises PathError."""
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, FILE_MODE)
    except OSError as error:
        raise _refused(path, "cannot be opened for writing", error) from error


def sync_file(path: Path) -> None:
    """Make the bytes of a file durable."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def check_private(path: Path) -> None:
    """Raise PathError unless the path is ours and nobody else may open it (group and others have no rights)."""
    try:
        status = path.stat()
    except OSError as error:
        raise _refused(path, "cannot be examined", error) from error
    if status.st_uid != os.geteuid():
        raise PathError(
            f"belongs to user {status.st_uid}",
            where=str(path),
            expected=f"the user who runs Dualtrack ({os.geteuid()})",
            fix="run as its owner, or give the workspace to this user",
            code="input.path.owner",
        )
    if status.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        wanted = "700" if stat.S_ISDIR(status.st_mode) else "600"
        raise PathError(
            f"other users may open it (mode {stat.S_IMODE(status.st_mode):04o})",
            where=str(path),
            expected=f"mode 0{wanted}",
            fix=f"chmod {wanted} {path}",
            code="input.path.mode",
        )


def _refused(path: Path, what: str, error: OSError) -> PathError:
    return PathError(
        f"{what}: {error.strerror or error}",
        where=str(path),
        expected="a folder in which this user may create files, with room",
        fix="name another place, or free some space",
        code="input.path.not-writable",
    )
