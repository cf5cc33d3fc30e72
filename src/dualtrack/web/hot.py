"""The hot path in the server: the runtime's own application under /v1, with the callers that API keys make."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Any

from dualtrack.apps.pages import HotCall
from dualtrack.apps.registry import applications
from dualtrack.errors import DualtrackError
from dualtrack.runtime.clock import steady_s
from dualtrack.runtime.faces.asgi import PROBLEM_TYPE, header, problem_bytes, read_body, send_json, send_problem
from dualtrack.runtime.upstream.client import UpstreamClient
from dualtrack.web.asking import client_address
from dualtrack.web.identity.rate_limits import address_prefix
from dualtrack.web.problems import HttpError

if TYPE_CHECKING:
    from dualtrack.apps.pages import HotRoute
    from dualtrack.runtime.faces.asgi import Receive, Scope, Send
    from dualtrack.web.services import Services

__all__ = ["HotMount"]

_TAIL = re.compile(r"(/v1/[a-z0-9/_-]{1,200}/)([a-z0-9-]{1,64})")
"""An address whose last part is the id of something: such routes are kept with `{id}` in its place."""

_USE = "[a-z0-9-]{1,64}/[a-z0-9-]{1,64}"
_DOORS = {
    "GET": re.compile(r"/v1/(?:models|decisions/[0-9A-Za-z]{1,64}/answer)"),
    "POST": re.compile(rf"/v1/(?:chat/completions|embeddings|decide/{_USE})"),
}
"""The addresses of the hot path by their one method."""


class HotMount:
    """Makes the application in the event loop that serves it: a client of upstreams belongs to one loop."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._client: UpstreamClient | None = None
        self._app: Any = None
        self._routes = {route.path: route for app in applications().values() for route in app.hot_routes}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one call."""
        for method, door in _DOORS.items():
            if method != scope["method"] and door.fullmatch(scope["path"]):
                error = HttpError(405, "this address does not take that method", fix=f"send {method}")
                await send_json(send, 405, problem_bytes(error), ((b"allow", method.encode()),), PROBLEM_TYPE)
                return
        if self._app is None:
            self.open()
        route, tail = self._routes.get(scope["path"]), ""
        if route is None and (found := _TAIL.fullmatch(scope["path"])) is not None:
            route, tail = self._routes.get(found[1] + "{id}"), found[2]
        if route is None:
            await self._app(scope, receive, send)
        elif scope["method"] != "POST":
            error = HttpError(405, "this address does not take that method", fix="send POST")
            await send_json(send, 405, problem_bytes(error), ((b"allow", b"POST"),), PROBLEM_TYPE)
        else:
            await self._answer(route, tail, scope, receive, send)

    def open(self) -> None:
        """Make the client and the application; the first call does so where there is no lifespan."""
        from dualtrack.runtime.faces.openai_face import HotPath  # noqa: PLC0415 - its models load when it is served

        self._client = self._services.upstreams = UpstreamClient()
        self._app = HotPath(self._services.runtime, self._client, self._services.keys.caller)

    async def close(self) -> None:
        """Close the connections to upstreams."""
        if self._client is not None:
            await self._client.close()
        self._client = self._app = self._services.upstreams = None

    async def _answer(self, route: HotRoute, tail: str, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a call of an application's route; an error of ours is a problem document."""
        services = self._services
        try:
            caller = None
            if route.public:
                source = address_prefix(client_address(scope, services.settings.proxies))
                services.limiter.check(source, steady_s())
            else:
                caller = services.keys.caller(header(scope, b"authorization"))
            body = await read_body(scope, receive)
            assert self._client is not None, "opened by whoever calls"
            status, plain = await route.answer(
                HotCall(services.runtime, self._client, caller, body, partial(header, scope), tail)
            )
            await send_json(send, status, plain)
        except DualtrackError as error:
            await send_problem(send, error)
