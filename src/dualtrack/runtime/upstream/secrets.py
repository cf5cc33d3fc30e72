"""API keys from files of the workspace, `secrets/NAME`, read again when a file changes: keys rotate without a restart.

A key is never part of a policy, a log, an error or a repr. A file that went or spoils makes calls fail at once, and a
good one heals them: an old key that was taken away must not live on in memory.
"""

from __future__ import annotations

import os
import re
import stat
import time
from typing import TYPE_CHECKING, NamedTuple

from dualtrack.errors import KeyFileError
from dualtrack.keys.files import check_private

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

__all__ = ["LOOK_S", "SECRET_BYTES_MAX", "Secret", "SecretFolder"]

SECRET_BYTES_MAX = 8_192
"""Of a key's file: long tokens have some kilobytes."""

LOOK_S = 1.0
"""How often a file is looked at: a rotation counts after at most this, and calls cost no system call between."""

_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?")
_KEY = re.compile(rb"[!-~]{1,8192}")


class Secret:
    """A key. It shows itself only to who asks by `reveal`."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Return the key."""
        return self._value

    def __repr__(self) -> str:
        return "Secret(...)"

    def __reduce__(self) -> tuple[object, ...]:
        raise TypeError("a secret is not written anywhere")


class _Kept(NamedTuple):
    secret: Secret
    mark: tuple[int, ...]
    looked_s: float


class SecretFolder:
    """The keys of a workspace. The constructor reads `names`, so that a missing one is noticed at start."""

    def __init__(self, folder: Path, names: Iterable[str], *, clock: Callable[[], float] = time.monotonic) -> None:
        self._folder, self._clock = folder, clock
        self._kept: dict[str, _Kept] = {}
        check_private(folder)
        for name in names:
            self._kept[name] = self._read(name)

    def __repr__(self) -> str:
        return f"SecretFolder({len(self._kept)} secrets)"

    def get(self, name: str) -> Secret:
        """Return the key as its file has it now, or had it a second ago; raises KeyFileError or PathError."""
        kept = self._kept.get(name)
        now_s = self._clock()
        if kept is not None and now_s - kept.looked_s < LOOK_S:
            return kept.secret
        if kept is not None and self._mark(self._folder / name) == kept.mark:
            self._kept[name] = kept._replace(looked_s=now_s)
            return kept.secret
        self._kept.pop(name, None)
        self._kept[name] = fresh = self._read(name)
        return fresh.secret

    def _mark(self, path: Path) -> tuple[int, ...]:
        """Return what changes when the file is written or replaced, or its rights change; nothing for a missing one."""
        try:
            status = path.stat()
        except OSError:
            return ()
        return _mark_of(status)

    def _read(self, name: str) -> _Kept:
        path = self._folder / name
        where = f"secret {name}"
        if not _NAME.fullmatch(name):
            raise KeyFileError("a name that no secret has", where="secrets", expected="lower-case letters and hyphens")
        try:
            check_private(path)
            # Not blocking: a pipe in place of the file must not hold a call up.
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        except OSError as error:
            raise _unreadable(where, error.strerror or "unreadable") from error
        try:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise _unreadable(where, "no ordinary file")
            data = os.read(descriptor, SECRET_BYTES_MAX + 1)
        finally:
            os.close(descriptor)
        key = data.rstrip(b"\r\n")
        if len(data) > SECRET_BYTES_MAX or not _KEY.fullmatch(key):
            raise _unreadable(where, "empty, too long, or with blanks or other characters")
        return _Kept(Secret(key.decode("ascii")), _mark_of(status), self._clock())


def _mark_of(status: os.stat_result) -> tuple[int, ...]:
    return status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


def _unreadable(where: str, found: str) -> KeyFileError:
    return KeyFileError(
        f"the key cannot be used: {found}",
        where=where,
        expected=f"one line of printable ASCII, at most {SECRET_BYTES_MAX} bytes, in secrets/ of the workspace, mode 0600",
        fix="write the key into that file",
        code="key.secret",
    )
