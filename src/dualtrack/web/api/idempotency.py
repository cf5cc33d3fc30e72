"""Idempotency-Key: a POST that is sent again, because its answer was lost, is answered as before and done once.

Claims and answers lie in the database, for every process and machine of the workspace (`runtime.once`); answers that are
errors are not kept, for then nothing was done. A key belongs to who sent it and to the address: another body under the
same key is refused. Who asks is let in by the route's verb before anything is repeated, as before anything is done.

An answer that holds contents of persons or a secret is kept nowhere (`shown_once`): who sends the same again is told that
it was done. Otherwise contents would outlive their erasure here, and be read again without a reason in the ledger.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, TypeVar

import structlog
from fastapi import Response
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool

from dualtrack.errors import ConflictError, DualtrackError
from dualtrack.runtime.clock import steady_s
from dualtrack.runtime.faces.once_face import check_form
from dualtrack.runtime.once import DONE, KeptAnswer, request_key
from dualtrack.web.api.access import identify, is_door
from dualtrack.web.api.etags import check_known, tagged
from dualtrack.web.asking import read_asking
from dualtrack.web.identity.rate_limits import address_prefix

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from fastapi import Request

    from dualtrack.runtime.engine import Runtime
    from dualtrack.runtime.once import RequestKey
    from dualtrack.web.identity.who import Identity
    from dualtrack.web.services import Services

__all__ = ["ApiRoute", "shown_once"]

_HEADER = "idempotency-key"
_STATUS_ENDED = 300
_AGAIN = "dualtrack_again"
_Endpoint = TypeVar("_Endpoint", bound="Callable[..., object]")
_log = structlog.get_logger("dualtrack.web")


def shown_once(again: str) -> Callable[[_Endpoint], _Endpoint]:
    """Mark an endpoint whose answer holds contents of persons or a secret. `again` says what to do where it was lost."""

    def mark(endpoint: _Endpoint) -> _Endpoint:
        setattr(endpoint, _AGAIN, again)
        return endpoint

    return mark


class ApiRoute(APIRoute):
    """A route of the API: POST requests may carry an Idempotency-Key, and what a GET gives has an entity tag."""

    @property
    def again(self) -> str | None:
        """Return what to do where an answer that is shown once was lost; None where answers are kept."""
        return getattr(self.endpoint, _AGAIN, None)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler, with the claim of the key in front of it, or the tag behind it."""
        handler = super().get_route_handler()

        async def guarded(request: Request) -> Response:
            if request.method == "GET":
                check_known(request)
                return tagged(request, await handler(request))
            said = request.headers.get(_HEADER)
            if request.method != "POST" or said is None:
                return await handler(request)
            return await self._once(handler, request, check_form(said))

        return guarded

    async def _once(
        self, handler: Callable[[Request], Coroutine[Any, Any, Response]], request: Request, said: str
    ) -> Response:
        services: Services = request.app.state.services
        once, body = services.runtime.once, await request.body()
        asked = await run_in_threadpool(self._asked, services, request, said, body)
        before = await run_in_threadpool(once.begin, asked)
        if before is not None:
            return self._repeated(before)
        kept: KeptAnswer | None = None
        try:
            response = await handler(request)
            if response.status_code < _STATUS_ENDED:
                media_type = response.headers.get("content-type", "")
                kept = DONE if self.again else KeptAnswer(response.status_code, bytes(response.body), media_type)
            return response
        finally:
            # Submitted at once, so that the key is released or kept even where this request is being cancelled.
            await asyncio.shield(asyncio.get_running_loop().run_in_executor(None, _end, services.runtime, asked, kept))

    def _repeated(self, before: KeptAnswer) -> Response:
        if self.again is not None:
            raise ConflictError(
                "this request was done; what it showed is kept nowhere, and is not shown again",
                where="Idempotency-Key",
                fix=self.again,
                code="conflict.done",
            )
        headers = {"idempotency-replayed": "true"}
        return Response(before.content, status_code=before.status, media_type=before.media_type, headers=headers)

    def _asked(self, services: Services, request: Request, said: str, body: bytes) -> RequestKey:
        """Let in who asks, and return the key of their request. Who is nobody in particular may claim few: a claim is a commit.

        Roles and institution are looked at here, and not only by the handler: an answer that was kept may be given next.
        """
        doors = [item.call for item in self.dependant.dependencies if is_door(item.call)]
        desks = [door(request) for door in doors if door is not None]
        asking = read_asking(request.scope, https=services.https, proxies=services.settings.proxies)
        # Where anybody is let in no session is looked at: the first answer may have begun it.
        known = identify(services, asking) if asking.authorization is not None else None
        who: Identity | None = desks[0].identity if desks else known
        if who is not None:
            owner = f"{who.institution}/{who.means}/{who.name}"
        else:
            owner = f"public/{address_prefix(asking.source)}"
            services.claims.check(owner, steady_s())
        return request_key(owner, request.url.path, said, body)


def _end(runtime: Runtime, asked: RequestKey, kept: KeptAnswer | None) -> None:
    try:
        runtime.once.end(asked, kept)
    except DualtrackError as error:  # the request was done; the claim runs out by itself
        _log.warning("answer not kept", code=error.code)
