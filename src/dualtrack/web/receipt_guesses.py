"""Look-ups of receipts that may be guesses: a right code or link costs nothing, a wrong one costs its source a token.

A source whose bucket is empty is refused before anything is looked up. How many look-ups of one source go on at once is
bounded, so guesses sent together get past an empty bucket by that many at most; each is waited for afterwards.
"""

from __future__ import annotations

import threading
import zlib
from collections.abc import Callable  # noqa: TC003 - a type variable stands in it
from typing import TYPE_CHECKING, TypeVar

from dualtrack.errors import AuthenticationError, NotFoundError
from dualtrack.web.identity.rate_limits import address_prefix

if TYPE_CHECKING:
    from dualtrack.web.identity.rate_limits import Attempts

__all__ = ["AT_ONCE_MAX", "TURNS", "look_up"]

T = TypeVar("T")

AT_ONCE_MAX = 4
"""Look-ups of one source at once in a process, each a read of one index; more wait for their turn. So few, because it is by
how many guesses an empty bucket can be overrun."""

TURNS = 256
"""Queues that sources share by chance, so that no number of sources fills the memory."""

_turns = tuple(threading.BoundedSemaphore(AT_ONCE_MAX) for _ in range(TURNS))


def look_up(attempts: Attempts | None, address: str, look: Callable[[], T]) -> T:
    """Return what is looked up by a code or link that may be guessed; `look` only reads.

    Raises NotFoundError or AuthenticationError as `look` does, RateLimitError where the address guessed too often.
    """
    if attempts is None:
        return look()
    source = address_prefix(address)
    with _turns[zlib.crc32(source.encode()) % TURNS]:
        attempts.check(("receipt_source", source))
        try:
            return look()
        except (NotFoundError, AuthenticationError):
            attempts.failed("receipt_source", source)
            raise
