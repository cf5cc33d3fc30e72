"""Chance from the operating system, fetched in blocks: a system call for each nonce costs more than the cipher.

A block is never used in two processes: it is thrown away in the child of a fork.
"""

from __future__ import annotations

import os
import threading

__all__ = ["BLOCK_BYTES", "random_bytes"]

BLOCK_BYTES = 8192
"""Bytes fetched at once: some hundred nonces."""


class _Block:
    """Unused bytes of one block."""

    def __init__(self) -> None:
        self._bytes, self._used = b"", 0
        self._mutex = threading.Lock()

    def take(self, count: int) -> bytes:
        """Return bytes that nobody else gets."""
        with self._mutex:
            start = self._used
            if start + count > len(self._bytes):
                self._bytes, start = os.urandom(BLOCK_BYTES), 0
            self._used = start + count
            return self._bytes[start : self._used]


_block = _Block()


def _renew() -> None:
    global _block  # noqa: PLW0603 - a fork is the one event after which the block must not go on
    _block = _Block()


os.register_at_fork(after_in_child=_renew)


def random_bytes(count: int) -> bytes:
    """Return `count` random bytes, as `os.urandom` does; larger counts than a block holds come from there."""
    return _block.take(count) if count <= BLOCK_BYTES // 8 else os.urandom(count)
