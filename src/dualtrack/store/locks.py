"""A lock file: an operating-system lock that dies with its holder, and says who that is.

Every write transaction on SQLite and every checkpoint of its write-ahead log runs under one, because SQLite before
3.51.3 can lose pages when two connections write or checkpoint at once.
"""

from __future__ import annotations

import fcntl
import os
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from dualtrack.errors import StoreBusyError
from dualtrack.keys.files import open_private

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["LockFile"]

_HOLDER_BYTES_MAX = 200
_WAIT_FIRST_S = 0.0001
_WAIT_LAST_S = 0.002
"""Longest pause between two tries: a writer holds the lock for a few milliseconds, so longer pauses would leave it idle."""


class LockFile:
    """A lock on a path. Each instance is a holder of its own, so two in one process exclude each other too."""

    def __init__(self, path: Path, *, wait_s: float = 30.0) -> None:
        self.path = path
        self.wait_s = wait_s
        self._descriptor = open_private(path)
        self._mutex = threading.Lock()  # flock lets the same descriptor in twice, so threads need one of their own
        self._name = f"process {os.getpid()}".encode().ljust(_HOLDER_BYTES_MAX)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the lock; raises StoreBusyError naming the holder after `wait_s` seconds."""
        until = time.monotonic() + self.wait_s
        if not self._mutex.acquire(timeout=self.wait_s):
            raise self._busy()
        try:
            self._acquire(until)
            try:
                os.pwrite(self._descriptor, self._name, 0)
                yield
            finally:
                fcntl.flock(self._descriptor, fcntl.LOCK_UN)
        finally:
            self._mutex.release()

    @contextmanager
    def held_if_free(self) -> Iterator[bool]:
        """Hold the lock if nobody else does, without waiting; gives whether it is held."""
        if not self._mutex.acquire(blocking=False):
            yield False
            return
        try:
            taken = self.try_hold()
            try:
                yield taken
            finally:
                if taken:
                    fcntl.flock(self._descriptor, fcntl.LOCK_UN)
        finally:
            self._mutex.release()

    def try_hold(self) -> bool:
        """Take the lock for as long as this object is open, if it is free; tell whether that worked."""
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def write(self, record: bytes) -> None:
        """Put a record at the beginning of the file, whose holder may use it as it likes."""
        os.pwrite(self._descriptor, record, 0)

    def close(self) -> None:
        """Give up the file, and the lock with it."""
        os.close(self._descriptor)

    def _acquire(self, until: float) -> None:
        pause = _WAIT_FIRST_S
        while not self.try_hold():
            if time.monotonic() >= until:
                raise self._busy()
            time.sleep(pause)
            pause = min(2 * pause, _WAIT_LAST_S)

    def _busy(self) -> StoreBusyError:
        return StoreBusyError(
            f"held for more than {self.wait_s:g} s by {self._holder()}",
            where=str(self.path),
            expected="a writer holds the lock for milliseconds",
            fix="wait for it, or end that process; its unfinished work is rolled back",
        )

    def _holder(self) -> str:
        text = os.pread(self._descriptor, _HOLDER_BYTES_MAX, 0).decode(errors="replace").strip()
        return text or "an unnamed process"
