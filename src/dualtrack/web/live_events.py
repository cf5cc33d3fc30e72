"""`/live/{topic}`: server-sent events that say "look again". They carry the number after an entry and nothing else.

A topic follows the kinds of entries that its pages show, so a queue is not read again for what does not concern it, and an
identity narrowed to some uses hears of entries about those, of holds that stop one of them from outside (`live_holds`), and of
no others, not even how many there are. Whether the ledger grew is read from the snapshot in memory; `live_marks` says what that
costs. An event's id is its number, so a browser that comes back, or a page that was made a moment ago (`?seen=`), is told at
once if there is more (HTML, 9.2).
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response, StreamingResponse

from dualtrack.errors import DualtrackError, NotFoundError, OverloadError
from dualtrack.runtime.snapshots import GOVERNING_KINDS
from dualtrack.web.asking import header_of, read_asking
from dualtrack.web.identity.permissions import Verb, require
from dualtrack.web.live_marks import Channel, LiveMarks
from dualtrack.web.routing import PatternRoute

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Mapping

    from starlette.requests import Request
    from starlette.types import Receive, Scope, Send

    from dualtrack.web.asking import Asking
    from dualtrack.web.identity.who import Identity
    from dualtrack.web.services import Services

__all__ = ["CONNECTION_S_MAX", "HEARTBEAT_S", "LOOK_S", "PER_PERSON_MAX", "TOPICS", "TOPIC_KINDS", "LiveEvents"]

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
    "complaints": Verb.SEE_INCIDENTS,
}
"""What can be listened to, and the verb it takes: that of the page which shows it."""

_MEDIA_TYPE = "text/event-stream"
_REVIEW_KINDS = ("review/1", "review-action/1")

TOPIC_KINDS: dict[str, tuple[str, ...]] = {
    "ledger": (),
    "portfolio": (*(kind for kind in GOVERNING_KINDS if kind != "opt-out/1"), *_REVIEW_KINDS),
    "decisions": ("decision/1",),
    "reviews": _REVIEW_KINDS,
    "holds": ("hold/1", "hold-release/1"),
    "incidents": ("incident/1", "incident-update/1"),
    "complaints": ("complaint/1",),
}
"""Kinds of entries that a topic tells of; the ledger tells of all. Decisions are told on their own page only: a busy use
makes hundreds a second, and an overview that calls out each would be read by nobody."""


class _Counted(StreamingResponse):
    """A stream that gives its place back when it ends, however it ends, also before its first event."""

    def __init__(
        self, stream: AsyncGenerator[bytes, None], at_end: Callable[[], None], headers: Mapping[str, str]
    ) -> None:
        super().__init__(stream, media_type=_MEDIA_TYPE, headers=headers)
        self._stream, self._at_end = stream, at_end

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._at_end()
            await self._stream.aclose()


class LiveEvents:
    """The streams of one process, counted and bounded."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._open: dict[str, int] = {}
        self._marks = LiveMarks(services.runtime.registers)
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
        topic = request.path_params["topic"]
        identity = await run_in_threadpool(self._let_in, asking, topic)
        headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
        if request.method == "HEAD":
            found = Response(headers=headers, media_type=_MEDIA_TYPE)
            del found.headers["content-length"]  # of a stream there is none
            return found
        seen = _seen(header_of(request.scope, b"last-event-id"))
        seen = _seen(asking.query.get("seen")) if seen is None else seen
        self._take(identity)
        stream = self._events(Channel(identity.institution, TOPIC_KINDS[topic], identity.uses), seen)
        return _Counted(stream, lambda: self._give_back(identity), headers)

    def _let_in(self, asking: Asking, topic: str) -> Identity:
        verb = TOPICS.get(topic)
        if verb is None:
            raise NotFoundError("no such topic", where="/live", expected=", ".join(TOPICS))
        services = self._services
        if asking.authorization is not None:
            found = services.keys.identify(asking.authorization)
        else:  # a stream that stays open, and comes back by itself, is no use of the session
            found = services.sessions.identify(asking.session_token, touch=False)
        identity = require(found, verb, institution=found.institution if found else "", listed=True)
        if identity.institution not in services.runtime.registers:
            raise NotFoundError("this institution keeps no ledger here", where=identity.institution)
        return identity

    def _take(self, identity: Identity) -> None:
        if self.count >= self._services.settings.live_connections:
            raise OverloadError(f"{self.count} streams are open", where="/live", code="overload.live")
        if self._open.get(identity.name, 0) >= PER_PERSON_MAX:
            raise OverloadError(f"{PER_PERSON_MAX} streams of this account", where="/live", code="overload.live")
        self._open[identity.name] = self._open.get(identity.name, 0) + 1

    def _give_back(self, identity: Identity) -> None:
        left = self._open[identity.name] - 1
        if left:
            self._open[identity.name] = left
        else:
            del self._open[identity.name]

    async def _events(self, channel: Channel, seen: int | None) -> AsyncGenerator[bytes, None]:
        loop = asyncio.get_running_loop()
        begun_s = said_s = loop.time()
        self._marks.open(channel)
        try:
            yield b"retry: 2000\n\n"
            mark = await self._mark(channel)
            if seen is None or seen > await self._end(channel, mark, seen):
                seen = mark
                yield b"event: hello\nid: %d\ndata: %d\n\n" % (seen, seen)
            while not self._closing.is_set() and loop.time() - begun_s < CONNECTION_S_MAX:
                if mark > seen:
                    seen, said_s = mark, loop.time()
                    yield b"id: %d\ndata: %d\n\n" % (mark, mark)
                elif loop.time() - said_s >= HEARTBEAT_S:
                    said_s = loop.time()
                    yield b": still here\n\n"
                await self._pause()
                mark = await self._mark(channel)
        except (DualtrackError, SQLAlchemyError):
            return  # the store does not answer: the browser comes back by itself
        finally:
            self._marks.close(channel)

    def _size(self, channel: Channel) -> int:
        return self._services.runtime.snapshots.current.sizes.get(channel.institution, 0)

    async def _end(self, channel: Channel, mark: int, seen: int) -> int:
        """Return the largest number that a browser can have seen; a larger one is of a ledger that was restored since."""
        if channel.uses is not None:
            return mark  # the ledger's size is not for who is narrowed to some uses, and no guess at it shall succeed
        size = self._size(channel)
        return size if seen <= size else await run_in_threadpool(self._marks.size, channel)

    async def _mark(self, channel: Channel) -> int:
        size = self._size(channel)
        known = self._marks.known(channel, size)
        return await run_in_threadpool(self._marks.look, channel, size) if known is None else known

    async def _pause(self) -> None:
        try:
            async with asyncio.timeout(LOOK_S):
                await self._closing.wait()
        except TimeoutError:
            return


def _seen(text: str | None) -> int | None:
    """Return the number that the browser has seen; what is no number of ours counts as nothing seen."""
    return int(text) if text is not None and text.isascii() and text.isdigit() and len(text) < 19 else None  # noqa: PLR2004 - digits of 2^63
