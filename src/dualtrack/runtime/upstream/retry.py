"""Attempts of one call: again only where no answer had begun, or the peer said that it could not take it just now."""

from __future__ import annotations

import asyncio
import random
import re
from typing import TYPE_CHECKING, NamedTuple

from dualtrack.runtime.upstream.faults import (
    ConnectRefusedError,
    ConnectTimeoutError,
    PoolFullError,
    TlsError,
    UpstreamFaultError,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from dualtrack.runtime.upstream.client import Response

__all__ = ["RETRY_STATUSES", "Backoff", "retrying"]

RETRY_STATUSES = frozenset({429, 502, 503, 504})
"""Too many requests, and the gateway's ways to say that nobody behind it answered."""

_REFUSED_STATUSES = frozenset({429})
"""Of these, what says that the request was not worked on."""

_NOT_SENT = (ConnectRefusedError, ConnectTimeoutError)
_HOPELESS = (PoolFullError, TlsError)
_SECONDS = re.compile(r"[0-9]{1,6}")


class Backoff(NamedTuple):
    """Waits between attempts: up to `first_ms`, doubled each time, never over `max_ms`, whatever `retry-after` asks."""

    first_ms: int = 100
    max_ms: int = 2_000


async def retrying(
    attempt: Callable[[], Awaitable[Response]],
    *,
    attempts: int,
    repeatable: bool,
    backoff: Backoff | None = None,
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    chance: Callable[[], float] = random.random,
) -> Response:
    """Return the first good answer of at most `attempts`, else the last answer or its fault.

    `repeatable` says that sending twice does no harm; without it only what surely was not worked on is sent again:
    a connection that never was, or status 429. The wait is drawn by `chance`, so that callers do not return together.
    """
    waits = backoff or Backoff()
    for number in range(1, attempts):
        try:
            response = await attempt()
        except UpstreamFaultError as fault:
            if not _may_repeat(fault, repeatable=repeatable):
                raise
            asked_ms = 0
        else:
            if response.status not in (RETRY_STATUSES if repeatable else _REFUSED_STATUSES):
                return response
            asked_ms = _retry_after_ms(response.headers.get("retry-after", ""))
            response.close()
        drawn_ms = chance() * min(waits.first_ms * 2 ** (number - 1), waits.max_ms)
        await sleep(min(max(drawn_ms, asked_ms), waits.max_ms) / 1000)
    return await attempt()


def _may_repeat(fault: UpstreamFaultError, *, repeatable: bool) -> bool:
    if isinstance(fault, _HOPELESS):
        return False
    return isinstance(fault, _NOT_SENT) or (repeatable and fault.before_first_byte)


def _retry_after_ms(value: str) -> int:
    """Return the seconds asked for, in milliseconds; a date is ignored, as the wait is short anyway."""
    return int(value) * 1000 if _SECONDS.fullmatch(value) else 0
