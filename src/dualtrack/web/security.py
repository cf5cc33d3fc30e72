"""The outermost layer of every answer: headers, bounds on bodies, rates, a request id, the access line, the last resort.

Raw ASGI, so that the hot path passes through it at the price of a few list operations.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any, cast

import structlog
from starlette.concurrency import run_in_threadpool

from dualtrack.errors import DualtrackError, RateLimitError
from dualtrack.keys.chance import random_bytes
from dualtrack.runtime.clock import steady_s
from dualtrack.web.asking import client_address, header_of, read_asking
from dualtrack.web.assets import CONTENT_SECURITY_POLICY
from dualtrack.web.identity.rate_limits import address_prefix
from dualtrack.web.problems import HttpError, InternalError, error_response

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dualtrack.runtime.faces.asgi import Receive, Scope, Send
    from dualtrack.web.services import Services

__all__ = [
    "API_BODY_BYTES_MAX",
    "BODY_WAIT_S",
    "FORM_BODY_BYTES_MAX",
    "HSTS_S",
    "UPLOAD_BODY_BYTES_MAX",
    "Guarded",
    "body_limit",
    "security_headers",
]

FORM_BODY_BYTES_MAX = 1 << 18
"""Largest plain form: a declaration with all its texts is a tenth of it."""

UPLOAD_BODY_BYTES_MAX = 1 << 24
"""Largest form with files: an inventory of ten thousand rows has 2 MB."""

API_BODY_BYTES_MAX = 1 << 20
"""Largest body of the API; the hot path has its own bound."""

HSTS_S = 31_536_000
"""Seconds for which a browser is to come by HTTPS only: a year."""

BODY_WAIT_S = 60.0
"""Longest wait for a whole body: an upload of 16 MB takes as long on a line of 2 Mbit/s."""

_REQUEST_BYTES = 8
_UNLIMITED = ("/v1/", "/healthz", "/readyz", "/metrics")
"""Paths without a rate of their own here: the hot path is bounded by its uses' policies, probes come from the machine."""

_log = structlog.get_logger("dualtrack.web")


def security_headers(*, https: bool) -> list[tuple[bytes, bytes]]:
    """Return what every answer is sent with."""
    headers = [
        (b"content-security-policy", CONTENT_SECURITY_POLICY.encode()),
        (b"x-content-type-options", b"nosniff"),
        (b"x-frame-options", b"DENY"),
        (b"referrer-policy", b"same-origin"),  # with `no-referrer` browsers send `Origin: null` with forms
        (b"permissions-policy", b"camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
        (b"cross-origin-opener-policy", b"same-origin"),
        (b"cross-origin-resource-policy", b"same-origin"),
    ]
    if https:
        headers.append((b"strict-transport-security", b"max-age=%d; includeSubDomains" % HSTS_S))
    return headers


def body_limit(scope: Scope) -> int:
    """Return the largest body that this request may have."""
    if scope["path"].startswith("/api/"):
        return API_BODY_BYTES_MAX
    uploads = (header_of(scope, b"content-type") or "").startswith("multipart/form-data")
    return UPLOAD_BODY_BYTES_MAX if uploads else FORM_BODY_BYTES_MAX


class Guarded:
    """The whole server: the hot path under /v1 and the pages and API beside it, each behind the same headers."""

    def __init__(self, services: Services, app: Any, hot: Any) -> None:  # noqa: ANN401 - ASGI applications
        self._services, self._app, self._hot = services, app, hot
        self._headers = security_headers(https=services.https)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or pass on what is no request (the lifespan)."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = random_bytes(_REQUEST_BYTES).hex()
        answer = _Answer(send, [*self._headers, (b"x-request-id", request.encode())])
        scope["dualtrack.request"] = request
        if scope["path"].startswith("/v1/"):
            await self._hot_path(scope, receive, answer)
            return
        begun_s = time.perf_counter()
        try:
            await self._guarded(scope, receive, answer)
        except Exception as error:  # noqa: BLE001 - the last resort: nothing of it may reach the client or the server's own log
            await self._last_resort(scope, answer, error)
        self._say(scope, answer.status, begun_s)

    async def _hot_path(self, scope: Scope, receive: Receive, answer: _Answer) -> None:
        try:
            await self._hot(scope, receive, answer)
        except Exception as error:  # noqa: BLE001 - an answer that had begun: the connection is cut, the client sees no end
            _log.error("answer cut", fault=type(error).__name__, at=_place(error), request=scope["dualtrack.request"])
            raise _CutError from None

    async def _guarded(self, scope: Scope, receive: Receive, answer: _Answer) -> None:
        limit = body_limit(scope)
        length = header_of(scope, b"content-length")
        if _has_nul(scope):
            await self._refuse(scope, answer, HttpError(400, "the character U+0000 in the address"))
        elif length is not None and not (length.isascii() and length.isdigit()):
            await self._refuse(scope, answer, HttpError(400, "the length of the body is no number"))
        elif length is not None and int(length) > limit:
            await self._refuse(scope, answer, _too_large(limit))
        elif (slow := self._rate(scope)) is not None:
            await self._refuse(scope, answer, slow)
        else:
            await self._app(scope, _Bounded(scope, receive, limit), answer)

    def _rate(self, scope: Scope) -> DualtrackError | None:
        if scope["path"].startswith(_UNLIMITED):
            return None
        source = address_prefix(client_address(scope, self._services.settings.proxies))
        try:
            self._services.limiter.check(source, steady_s())
        except RateLimitError as error:
            return error
        return None

    async def _refuse(self, scope: Scope, answer: _Answer, error: DualtrackError) -> None:
        """Answer with an error before anything was read; the connection is closed, for its body was not taken."""
        services = self._services
        asking = read_asking(scope, https=services.https, proxies=services.settings.proxies)
        response = await run_in_threadpool(error_response, services, asking, error)
        response.headers["connection"] = "close"
        await response(scope, cast("Any", _nothing), cast("Any", answer))  # the same shapes under other names

    async def _last_resort(self, scope: Scope, answer: _Answer, error: Exception) -> None:
        request = scope["dualtrack.request"]
        _log.error("request failed", fault=type(error).__name__, at=_place(error), request=request)
        if answer.ended:
            return
        if answer.status:
            raise _CutError from None
        await self._refuse(scope, answer, InternalError(request))

    def _say(self, scope: Scope, status: int, begun_s: float) -> None:
        route = scope.get("route")
        _log.info(
            "request",
            method=scope["method"] if scope["method"].isalpha() else "?",
            route=getattr(route, "path", "none"),
            status=status,
            ms=round((time.perf_counter() - begun_s) * 1000, 1),
            request=scope["dualtrack.request"],
        )


class _CutError(Exception):
    """An answer broke after it had begun; what broke it is in the log already."""


class _Answer:
    """Adds the headers that are not there when an answer begins; remembers its status, and whether it has ended."""

    __slots__ = ("_headers", "_send", "ended", "status")

    def __init__(self, send: Send, headers: list[tuple[bytes, bytes]]) -> None:
        self._send, self._headers = send, headers
        self.status, self.ended = 0, False

    async def __call__(self, message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            said = list(message.get("headers", ()))
            there = {name for name, _ in said}
            said += [item for item in self._headers if item[0] not in there]
            if b"cache-control" not in there:
                said.append((b"cache-control", b"no-store"))
            message["headers"] = said
        await self._send(message)
        if message["type"] == "http.response.body":
            self.ended = not message.get("more_body", False)


class _Bounded:
    """Receives a body up to its limit and within its time; past them the scope says so and the reader is stopped."""

    __slots__ = ("_limit", "_receive", "_scope", "_size", "_until_s", "_whole")

    def __init__(self, scope: Scope, receive: Receive, limit: int) -> None:
        self._scope, self._receive, self._limit, self._size = scope, receive, limit, 0
        self._until_s, self._whole = steady_s() + BODY_WAIT_S, False

    async def __call__(self) -> Mapping[str, Any]:
        if self._whole:  # what comes now is that the client leaves, however late
            return await self._receive()
        try:
            async with asyncio.timeout(max(0.0, self._until_s - steady_s())):
                message = await self._receive()
        except TimeoutError:
            raise self._refused(HttpError(408, "the body did not arrive")) from None
        self._whole = not message.get("more_body", False)
        self._size += len(message.get("body", b""))
        if self._size > self._limit:
            raise self._refused(_too_large(self._limit))
        return message

    def _refused(self, error: HttpError) -> HttpError:
        self._scope["dualtrack.refused"] = error  # a framework in between may turn what is raised into a 400
        return error


async def _nothing() -> Mapping[str, Any]:
    return {"type": "http.disconnect"}


def _has_nul(scope: Scope) -> bool:
    """Tell whether U+0000 stands in the path or the query: nothing has it in its name, and PostgreSQL cannot even be asked."""
    query = scope.get("query_string", b"")
    return "\x00" in scope["path"] or b"%00" in query or b"\x00" in query


def _too_large(limit: int) -> HttpError:
    return HttpError(413, "the body is too large", fix=f"send at most {limit} bytes")


def _place(error: BaseException) -> str:
    """Return where an exception was raised, as file and line: its words may hold what a customer wrote."""
    at = error.__traceback__
    while at is not None and at.tb_next is not None:
        at = at.tb_next
    return "" if at is None else f"{at.tb_frame.f_code.co_filename.rpartition('/')[2]}:{at.tb_lineno}"
