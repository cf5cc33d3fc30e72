"""`/live/{topic}`: server-sent events that say "look again". They carry a ledger's size and nothing else.

The size is read from the snapshot in memory, which the runtime reads from the ledger five times a second anyway; however
many pages are open, the database is asked no more. An event's id is the size, so a browser that comes back says what it
has seen and is told at once if there is more (HTML, section 9.2).
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool
from starlette.responses import StreamingResponse

from dualtrack.errors import NotFoundError, OverloadError
from dualtrack.web.asking import header_of, read_asking
from dualtrack.web.identity.permissions import Verb, require
from dualtrack.web.routing import PatternRoute

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.requests import Request
    from starlette.responses import Response

    from dualtrack.web.asking import Asking
    from dualtrack.web.identity.who import Identity
    from dualtrack.web.services import Services

__all__ = ["CONNECTION_S_MAX", "HEARTBEAT_S", "LOOK_S", "PER_PERSON_MAX", "TOPICS", "LiveEvents"]

LOOK_S = 0.25
"""Seconds between looks at the snapshot in memory."""

HEARTBEAT_S = 15.0
"""Seconds of silence after which a comment is sent, so that proxies keep the connection."""

CONNECTION_S_MAX = 600.0
"""Longest stream: then the browser comes back, and whether its session still lives is looked at again."""

PER_PERSON_MAX = 8
"""Streams of one person or key: a page has one or two, and browsers open six at most over HTTP/1."""

TOPICS: dict[str, Verb] = {
    "ledger": Verb.VERIFY_LEDGER,
    "portfolio": Verb.SEE_PORTFOLIO,
    "decisions": Verb.SEE_DECISIONS,
    "reviews": Verb.SEE_REVIEWS,
    "holds": Verb.SEE_USE,
    "incidents": Verb.SEE_INCIDENTS,
}
"""What can be listened to, and the verb it takes. All follow the same ledger: a page that looks again sees what it may."""


class LiveEvents:
    """The streams of one process, counted and bounded."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._open: dict[str, int] = {}
        self._closing = asyncio.Event()

    @property
    def count(self) -> int:
        """Return how many streams are open."""
        return sum(self._open.values())

    def route(self) -> PatternRoute:
        """Return the route."""
        return PatternRoute("/live/{topic}", self._listen, methods=["GET"], include_in_schema=False)

    def close(self) -> None:
        """End all streams: the server stops."""
        self._closing.set()

    async def _listen(self, request: Request) -> Response:
        services = self._services
        asking = read_asking(request.scope, https=services.https, proxies=services.settings.proxies)
        identity = await run_in_threadpool(self._let_in, asking, request.path_params["topic"])
        self._take(identity)
        seen = _seen(header_of(request.scope, b"last-event-id"))
        headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
        stream = self._events(identity, seen)
        return StreamingResponse(stream, media_type="text/event-stream", headers=headers)

    def _let_in(self, asking: Asking, topic: str) -> Identity:
        verb = TOPICS.get(topic)
        if verb is None:
            raise NotFoundError("no such topic", where="/live", expected=", ".join(TOPICS))
        services = self._services
        found = services.keys.identify(asking.authorization) or services.sessions.identify(asking.session_token)
        return require(found, verb, institution=found.institution if found else "", listed=True)

    def _take(self, identity: Identity) -> None:
        if self.count >= self._services.settings.live_connections:
            raise OverloadError(f"{self.count} streams are open", where="/live", code="overload.live")
        if self._open.get(identity.name, 0) >= PER_PERSON_MAX:
            raise OverloadError(f"{PER_PERSON_MAX} streams of this account", where="/live", code="overload.live")
        self._open[identity.name] = self._open.get(identity.name, 0) + 1

    async def _events(self, identity: Identity, seen: int | None) -> AsyncIterator[bytes]:
        loop = asyncio.get_running_loop()
        begun_s = said_s = loop.time()
        sizes = self._services.runtime.snapshots
        try:
            yield b"retry: 2000\n\n"
            if seen is None:
                seen = sizes.current.sizes.get(identity.institution, 0)
                yield b"event: hello\nid: %d\ndata: %d\n\n" % (seen, seen)
            while not self._closing.is_set() and loop.time() - begun_s < CONNECTION_S_MAX:
                size = sizes.current.sizes.get(identity.institution, 0)
                if size != seen:
                    seen, said_s = size, loop.time()
                    yield b"id: %d\ndata: %d\n\n" % (size, size)
                elif loop.time() - said_s >= HEARTBEAT_S:
                    said_s = loop.time()
                    yield b": still here\n\n"
                await self._pause()
        finally:
            left = self._open[identity.name] - 1
            if left:
                self._open[identity.name] = left
            else:
                del self._open[identity.name]

    async def _pause(self) -> None:
        try:
            async with asyncio.timeout(LOOK_S):
                await self._closing.wait()
        except TimeoutError:
            return


def _seen(header: str | None) -> int | None:
    """Return the size that the browser has seen; what is no size of ours counts as nothing seen."""
    return int(header) if header is not None and header.isascii() and header.isdigit() and len(header) < 19 else None  # noqa: PLR2004 - digits of 2^63
