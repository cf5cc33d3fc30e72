"""Write a file whole or not at all.

The bytes go to a temporary name in the same folder, are flushed to the disk and then renamed over the target, so that
a reader never sees half a report and a failure leaves what was there before.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path

from dualtrack.errors import PathError

__all__ = ["write_bytes", "write_text"]


def write_bytes(path: Path, data: bytes) -> None:
    """Put `data` at `path` atomically; raises PathError (folder absent, not writable, disk full) and leaves no trace."""
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    except OSError as error:
        raise _refused(path, error) from error
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.chmod(0o644)
        temporary.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise _refused(path, error) from error


def write_text(path: Path, text: str) -> None:
    """Put `text` at `path` as UTF-8, atomically; errors as in `write_bytes`."""
    write_bytes(path, text.encode())


def _refused(path: Path, error: OSError) -> PathError:
    return PathError(
        f"cannot be written: {error.strerror or error}",
        where=str(path),
        expected="an existing folder in which this user may create files",
        fix="make the folder, free some space, or name another place",
        code="input.path.not-writable",
    )
