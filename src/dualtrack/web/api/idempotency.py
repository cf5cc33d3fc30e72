"""Idempotency-Key: a POST that is sent again, because its answer was lost, is answered as before and done once.

Kept in memory of one process for a day, bounded; answers that are errors are not kept, for then nothing was done. A key
belongs to who sent it and to the address: another body under the same key is refused.
"""

from __future__ import annotations

import hashlib
import re
import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, Any, NamedTuple

from fastapi import Response
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool

from dualtrack.web.api.access import identify
from dualtrack.web.asking import read_asking
from dualtrack.web.identity.rate_limits import address_prefix
from dualtrack.web.problems import HttpError

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from fastapi import Request

__all__ = ["ANSWERS_MAX", "ANSWER_BYTES_MAX", "KEPT_S", "ApiRoute", "IdempotencyTable"]

ANSWERS_MAX = 4_096
"""Answers kept; the oldest goes first. At 64 KB each no more than 256 MB, in practice some megabytes."""

ANSWER_BYTES_MAX = 65_536
"""Largest answer kept: a larger one would be a list, which no POST gives."""

KEPT_S = 86_400
"""Seconds for which an answer is kept: a client that tries again a day later asks a person."""

_KEY = re.compile(r"[\x21-\x7e]{1,100}")
_HEADER = "idempotency-key"


class _Kept(NamedTuple):
    body: bytes
    at_s: int
    answer: tuple[int, bytes, str] | None


class IdempotencyTable:
    """Answers by who, where and key. An entry without an answer is under way."""

    def __init__(self) -> None:
        self._kept: OrderedDict[bytes, _Kept] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._kept)

    def begin(self, key: bytes, body: bytes, now_s: int) -> tuple[int, bytes, str] | None:
        """Return the answer given before, or None: then it is to be done. Raises HttpError (409 under way, 422 another body)."""
        with self._lock:
            self._sweep(now_s)
            found = self._kept.get(key)
            if found is None:
                self._kept[key] = _Kept(body, now_s, None)
                return None
        if found.body != body:
            raise HttpError(422, "this Idempotency-Key came with another body", fix="take a new key for a new request")
        if found.answer is None:
            raise HttpError(409, "the first request with this Idempotency-Key is under way", fix="wait for its answer")
        return found.answer

    def end(self, key: bytes, answer: tuple[int, bytes, str] | None) -> None:
        """Keep an answer, or forget that there was a request (None)."""
        with self._lock:
            begun = self._kept.pop(key, None)
            if begun is not None and answer is not None:
                self._kept[key] = begun._replace(answer=answer)

    def _sweep(self, now_s: int) -> None:
        while self._kept:
            oldest = next(iter(self._kept.values()))
            if len(self._kept) < ANSWERS_MAX and now_s - oldest.at_s < KEPT_S:
                return
            self._kept.popitem(last=False)


class ApiRoute(APIRoute):
    """A route of the API: POST requests may carry an Idempotency-Key."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler, with the table in front of it."""
        handler = super().get_route_handler()

        async def guarded(request: Request) -> Response:
            said = request.headers.get(_HEADER)
            if request.method != "POST" or said is None:
                return await handler(request)
            if not _KEY.fullmatch(said):
                raise HttpError(400, "the Idempotency-Key", fix="send 1 to 100 visible ASCII characters")
            return await _once(handler, request, said)

        return guarded


async def _once(handler: Callable[[Request], Coroutine[Any, Any, Response]], request: Request, said: str) -> Response:
    services = request.app.state.services
    table: IdempotencyTable = request.app.state.idempotency
    asking = read_asking(request.scope, https=services.https, proxies=services.settings.proxies)
    who = await run_in_threadpool(identify, services, asking)
    owner = f"{who.institution}/{who.name}" if who else f"public/{address_prefix(asking.source)}"
    key = hashlib.sha256(f"{owner}\x00{request.url.path}\x00{said}".encode()).digest()
    body = hashlib.sha256(await request.body()).digest()
    before = table.begin(key, body, services.now_s())
    if before is not None:
        status, content, media_type = before
        headers = {"idempotency-replayed": "true"}
        return Response(content, status_code=status, media_type=media_type, headers=headers)
    kept: tuple[int, bytes, str] | None = None
    try:
        response = await handler(request)
        content = bytes(response.body)
        if response.status_code < 300 and len(content) <= ANSWER_BYTES_MAX:  # noqa: PLR2004 - HTTP's own number
            kept = (response.status_code, content, response.headers.get("content-type", ""))
        return response
    finally:
        table.end(key, kept)
