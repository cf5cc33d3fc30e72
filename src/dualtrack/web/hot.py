"""The hot path in the server: the runtime's own application under /v1, with the callers that API keys make."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from dualtrack.runtime.faces.asgi import PROBLEM_TYPE, problem_bytes, send_json
from dualtrack.runtime.upstream.client import UpstreamClient
from dualtrack.web.problems import HttpError

if TYPE_CHECKING:
    from dualtrack.runtime.faces.asgi import Receive, Scope, Send
    from dualtrack.web.services import Services

__all__ = ["HotMount"]

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

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one call."""
        for method, door in _DOORS.items():
            if method != scope["method"] and door.fullmatch(scope["path"]):
                error = HttpError(405, "this address does not take that method", fix=f"send {method}")
                await send_json(send, 405, problem_bytes(error), ((b"allow", method.encode()),), PROBLEM_TYPE)
                return
        if self._app is None:
            self.open()
        await self._app(scope, receive, send)

    def open(self) -> None:
        """Make the client and the application; the first call does so where there is no lifespan."""
        from dualtrack.runtime.faces.openai_face import HotPath  # noqa: PLC0415 - its models load when it is served

        self._client = UpstreamClient()
        self._app = HotPath(self._services.runtime, self._client, self._services.keys.caller)

    async def close(self) -> None:
        """Close the connections to upstreams."""
        if self._client is not None:
            await self._client.close()
        self._client = self._app = None
