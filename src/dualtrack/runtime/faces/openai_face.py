"""`/v1`: what OpenAI's clients call, and `/v1/decide/{use}`. One raw ASGI application, the same gate for all."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, Any

import structlog

from dualtrack.errors import DualtrackError, NotFoundError, RefusedError, StoreError
from dualtrack.runtime.admission import Admission
from dualtrack.runtime.faces.answer_face import answer_held
from dualtrack.runtime.faces.asgi import header, read_body, read_json, send_json, send_problem
from dualtrack.runtime.faces.callers import use_of
from dualtrack.runtime.faces.chat import begin_turn, complete
from dualtrack.runtime.faces.chat_request import read_chat
from dualtrack.runtime.faces.chat_stream import stream_turn, stream_whole
from dualtrack.runtime.faces.decide_face import answer_body, decide_over_http
from dualtrack.runtime.faces.embeddings import embed
from dualtrack.runtime.faces.once_face import KeyedRequest, answer_once, check_form
from dualtrack.runtime.live import LiveUse

if TYPE_CHECKING:
    from dualtrack.runtime.engine import Runtime
    from dualtrack.runtime.faces.asgi import Receive, Scope, Send
    from dualtrack.runtime.faces.callers import Authenticate, Caller
    from dualtrack.runtime.faces.chat import Turn
    from dualtrack.runtime.upstream.client import UpstreamClient

__all__ = ["HotPath"]

_USE = re.compile(r"/v1/decide/([a-z0-9-]{1,64}/[a-z0-9-]{1,64})")
_HELD = re.compile(r"/v1/decisions/([0-9A-Za-z]{1,64})/answer")
_log = structlog.get_logger("dualtrack.hot")


class HotPath:
    """The application. `authenticate` knows the keys; nothing here reads a database."""

    def __init__(self, runtime: Runtime, client: UpstreamClient, authenticate: Authenticate) -> None:
        self._runtime, self._client, self._authenticate = runtime, client, authenticate
        self.admission = Admission()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; every error of ours is a problem document, anything else a plain 500."""
        started = _Started(send)
        try:
            await self._route(scope, receive, started)
        except DualtrackError as error:
            if started.begun:
                raise
            await send_problem(send, error, self._contact(error))
        except Exception as error:  # the last net: the client gets a plain 500, and the log the kind of fault
            _log.error("hot path failed", fault=type(error).__name__)
            if started.begun:
                raise
            await send_problem(send, _UnexpectedError("an unexpected fault; nothing was answered", code="internal"))

    async def _route(self, scope: Scope, receive: Receive, send: Send) -> None:
        path, method = scope["path"], scope["method"]
        caller = self._authenticate(header(scope, b"authorization"))
        if method == "POST" and path == "/v1/chat/completions":
            await self._chat(caller, await read_body(scope, receive), receive, send)
        elif method == "POST" and path == "/v1/embeddings":
            body = await read_body(scope, receive)
            plain = read_json(body)
            live = self._runtime.gate.enter(use_of(caller, plain.get("model")))
            with _Place(self, live):
                await send_json(send, 200, await embed(self._runtime, self._client, live, plain, len(body)))
        elif method == "GET" and path == "/v1/models":
            await send_json(send, 200, self._models(caller))
        elif method == "POST" and (found := _USE.fullmatch(path)):
            await self._decide(caller, use_of(caller, found[1]), scope, receive, send)
        elif method == "GET" and (found := _HELD.fullmatch(path)):
            await answer_held(self._runtime, self._place, caller, found[1], send)
        else:
            raise NotFoundError(
                f"{method} {path[:80]}",
                expected="POST /v1/chat/completions, /v1/embeddings, /v1/decide/{use}, "
                "GET /v1/models or /v1/decisions/{id}/answer",
                fix="call one of these",
            )

    def _place(self, live: LiveUse) -> _Place:
        return _Place(self, live)

    async def _chat(self, caller: Caller, body: bytes, receive: Receive, send: Send) -> None:
        plain = read_json(body)
        runtime = self._runtime
        live = runtime.gate.enter(use_of(caller, plain.get("model")), standby=True)
        with _Place(self, live):
            turn = await begin_turn(runtime, live, read_chat(plain), len(body))
            with turn.call:
                if turn.asked.stream and live.streams and turn.stopped is None:
                    await self._stream(turn, receive, send)
                    return
                answer = await complete(runtime, self._client, turn)
            if turn.asked.stream:
                await stream_whole(turn, answer, send)
            else:
                await send_json(send, 200, answer)

    async def _stream(self, turn: Turn, receive: Receive, send: Send) -> None:
        left = asyncio.ensure_future(receive())  # the body was read: all that can come is that the client went away
        try:
            await stream_turn(self._runtime, self._client, turn, send, left)
        finally:
            left.cancel()

    async def _decide(self, caller: Caller, use: str, scope: Scope, receive: Receive, send: Send) -> None:
        said = header(scope, b"idempotency-key")
        body = await read_body(scope, receive)
        live = self._runtime.gate.enter(use, standby=True)
        with _Place(self, live):
            if said is not None:
                keyed = KeyedRequest(caller, live, check_form(said), body)
                await answer_once(self._runtime, keyed, lambda: self._decided(use, scope, body), send)
                return
            status, content = await self._decided(use, scope, body)
        await send_json(send, status, content)

    async def _decided(self, use: str, scope: Scope, body: bytes) -> tuple[int, dict[str, object]]:
        answer, language = await decide_over_http(self._runtime, self._client, use, body, scope)
        status = {"served": 200, "fallback": 200, "routed": 202, "blocked": 200, "stopped": 423}.get(
            answer.outcome, 502
        )
        if answer.mode == "shadow":
            status = 200  # recorded, whatever became of it; nobody waits for it
        return status, answer_body(answer, language)

    def _models(self, caller: Caller) -> dict[str, Any]:
        """List the open uses of a caller, as models."""
        uses = self._runtime.snapshots.current.uses
        data = [
            {"id": use, "object": "model", "created": 0, "owned_by": caller.institution}
            for use, found in sorted(uses.items())
            if isinstance(found, LiveUse)
            and found.institution == caller.institution
            and (caller.uses is None or use in caller.uses)
        ]
        return {"object": "list", "data": data}

    def _contact(self, error: DualtrackError) -> dict[str, object]:
        """Return the fixed message and how to reach a person, for a use that is closed."""
        closed = self._runtime.gate.closed(error.where) if isinstance(error, RefusedError) else None
        if closed is None or closed.message is None or closed.human is None:
            return {}
        said = {"en": closed.message.en, "zh-Hant": closed.message.zh}
        return {"message": said, "human": {"en": closed.human.en, "zh-Hant": closed.human.zh}}


class _Place:
    """A place of a call in flight."""

    def __init__(self, path: HotPath, live: LiveUse) -> None:
        self._admission, self._live = path.admission, live

    def __enter__(self) -> None:
        self._admission.enter(self._live)

    def __exit__(self, *_: object) -> None:
        self._admission.leave(self._live)


class _Started:
    """Remembers whether anything was sent: then an error can only cut the answer."""

    def __init__(self, send: Send) -> None:
        self._send, self.begun = send, False

    async def __call__(self, message: dict[str, Any]) -> None:
        self.begun = True
        await self._send(message)


class _UnexpectedError(StoreError):
    """A fault of ours that no rule of ours names."""

    status = 500
