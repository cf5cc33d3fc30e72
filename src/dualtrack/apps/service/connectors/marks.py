"""What was done once, for all processes and over a restart: a message that was taken in, an answer that was delivered.

It is kept where requests with an Idempotency-Key are (`runtime.once`): a claim while somebody acts, then a mark for a day.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from dualtrack.errors import ConflictError
from dualtrack.runtime.once import KEPT_S, KeptAnswer, RequestKey, request_key

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from dualtrack.runtime.engine import Runtime

__all__ = ["MARKED_S", "do_once", "is_marked", "mark", "mark_key"]

MARKED_S = KEPT_S
"""Seconds for which a mark stands."""

_EMPTY = KeptAnswer(204, b"", "")
_JSON = "application/json"


def mark_key(owner: str, name: str, body: bytes = b"", subject: str | None = None) -> RequestKey:
    """Return the key of a deed: whose it is, its name, and what must be the same when it comes again."""
    return request_key(f"service-connector/{owner}", "", name, body, subject)


async def do_once(runtime: Runtime, key: RequestKey, act: Callable[[], Awaitable[bytes]]) -> tuple[bytes, bool]:
    """Do something unless it was done; return what is kept of it, and whether it was done now.

    Raises ConflictError (409) while somebody else does it, FieldError (422) for another body under the same key. If `act` raises,
    nothing is kept and the next one acts.
    """
    kept = await asyncio.to_thread(runtime.once.begin, key)
    if kept is not None:
        return kept.content, False
    answer: KeptAnswer | None = None
    try:
        answer = KeptAnswer(200, await act(), _JSON)
    finally:
        await asyncio.to_thread(runtime.once.end, key, answer)
    return answer.content, True


def mark(runtime: Runtime, key: RequestKey) -> bool:
    """Mark as done; tell whether this call did. A claim of somebody who is at it is left to them."""
    try:
        if runtime.once.begin(key) is not None:
            return False
    except ConflictError:
        return False
    runtime.once.end(key, _EMPTY)
    return True


def is_marked(runtime: Runtime, key: RequestKey) -> bool:
    """Tell whether something is marked as done; while somebody is at it, it is not."""
    try:
        if runtime.once.begin(key) is not None:
            return True
    except ConflictError:
        return False
    runtime.once.end(key, None)
    return False
