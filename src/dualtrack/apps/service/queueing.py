"""The messages of one conversation taken in one after another, so that each answer follows its question and all count for the minute's bound.

It holds in one process. Between processes the record of a message decides: one that comes at the same moment is numbered again.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from dualtrack.errors import RateLimitError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

__all__ = ["AT_ONCE_MAX", "in_turn"]

AT_ONCE_MAX = 12
"""Messages of one conversation that are under way or wait: as many as are taken in a minute."""

_RETRY_S = 20


class _Queue:
    """The turns of one conversation: one is under way, the others wait."""

    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.count = 0


_queues: dict[str, _Queue] = {}


@asynccontextmanager
async def in_turn(conversation: str) -> AsyncIterator[bool]:
    """Wait for the turns of a conversation that came before; yields whether there were any, for then it has changed.

    Raises RateLimitError where AT_ONCE_MAX are there already.
    """
    queue = _queues.setdefault(conversation, _Queue())
    if queue.count >= AT_ONCE_MAX:
        raise RateLimitError(
            f"{queue.count} messages wait for an answer", where=f"conversation {conversation}", retry_after_s=_RETRY_S
        )
    queue.count += 1
    waited = queue.lock.locked()
    try:
        async with queue.lock:
            yield waited
    finally:
        queue.count -= 1
        if not queue.count:
            del _queues[conversation]
