"""`/v1`: what OpenAI's clients call, and `/v1/decide/{use}`. One raw ASGI application, the same gate for all."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
import structlog

from dualtrack.errors import DualtrackError, ForbiddenError, NotFoundError, RefusedError, StoreError
from dualtrack.runtime.faces.answer_face import answer_held
from dualtrack.runtime.faces.asgi import (
    PROBLEM_TYPE,
    header,
    problem_bytes,
    read_body,
    read_json,
    send_json,
    send_problem,
)
from dualtrack.runtime.faces.callers import use_of
from dualtrack.runtime.faces.chat import begin_turn, complete, completion_body
from dualtrack.runtime.faces.chat_request import read_chat
from dualtrack.runtime.faces.chat_stream import stream_turn, stream_whole
from dualtrack.runtime.faces.decide_face import answer_body, decide_over_http
from dualtrack.runtime.faces.embeddings import DECIDED, embed
from dualtrack.runtime.faces.once_face import REPLAYED, KeyedRequest, answer_once, check_form, check_open, person_in
from dualtrack.runtime.faces.recorded_answer import keep_chat, keep_vectors, open_recorded
from dualtrack.runtime.live import LiveUse
from dualtrack.runtime.once import KeptAnswer

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from dualtrack.runtime.engine import Runtime
    from dualtrack.runtime.faces.asgi import Receive, Scope, Send
    from dualtrack.runtime.faces.callers import Authenticate, Caller
    from dualtrack.runtime.faces.chat import Turn
    from dualtrack.runtime.faces.chat_stream import Sent
    from dualtrack.runtime.faces.once_face import Keep
    from dualtrack.runtime.upstream.client import UpstreamClient

__all__ = ["HotPath"]

_USE = re.compile(r"/v1/decide/([a-z0-9-]{1,64}/[a-z0-9-]{1,64})")
_HELD = re.compile(r"/v1/decisions/([0-9A-Za-z]{1,64})/answer")
_STATUS_ENDED = 300
"""Answers below it are kept under a key; of the others nothing was decided, so that the same key may try again."""

_encode = msgspec.json.Encoder().encode
_log = structlog.get_logger("dualtrack.hot")


class _Asking(NamedTuple):
    """Who sent which body to which door."""

    caller: Caller
    door: str
    scope: Scope
    body: bytes


def _not_kept(_made: Callable[[], KeptAnswer]) -> None:
    """Keep nothing: the request has no key."""


class HotPath:
    """The application. `authenticate` knows the keys; a database is read for answers of before alone, and in threads."""

    def __init__(self, runtime: Runtime, client: UpstreamClient, authenticate: Authenticate) -> None:
        self._runtime, self._client, self._authenticate = runtime, client, authenticate
        self.admission = runtime.admission

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
            await self._chat(caller, scope, await read_body(scope, receive), receive, send)
        elif method == "POST" and path == "/v1/embeddings":
            await self._embeddings(caller, scope, await read_body(scope, receive), send)
        elif method == "GET" and path == "/v1/models":
            await send_json(send, 200, self._models(caller))
        elif method == "POST" and (found := _USE.fullmatch(path)):
            await self._decide(caller, use_of(caller, found[1]), scope, receive, send)
        elif method == "GET" and (found := _HELD.fullmatch(path)):
            await answer_held(self._runtime, self.admission, caller, found[1], send)
        else:
            raise NotFoundError(
                f"{method} {path[:80]}",
                expected="POST /v1/chat/completions, /v1/embeddings, /v1/decide/{use}, "
                "GET /v1/models or /v1/decisions/{id}/answer",
                fix="call one of these",
            )

    async def _chat(self, caller: Caller, scope: Scope, body: bytes, receive: Receive, send: Send) -> None:
        plain = read_json(body)
        live = self._runtime.gate.enter(use_of(caller, plain.get("model")), standby=True)

        async def act(keep: Keep) -> None:
            turn = await begin_turn(self._runtime, live, read_chat(plain), len(body))
            with turn.call:
                if turn.asked.stream and live.streams and turn.stopped is None:
                    sent = await self._stream(turn, receive, send)
                    if sent is not None:
                        keep(lambda: keep_chat(completion_body(turn, *sent.answer), turn.call.output, cut=sent.cut))
                    return
                answer = await complete(self._runtime, self._client, turn)
            keep(lambda: keep_chat(answer, turn.call.output))
            await (stream_whole(answer, send) if turn.asked.stream else send_json(send, 200, answer))

        async def again(before: KeptAnswer) -> None:
            answer = await asyncio.to_thread(open_recorded, self._runtime.registers[caller.institution], before)
            check_open(self._runtime, live)  # a hold may have come while it was read
            assert answer is not None, "completions are kept by their decisions"
            if plain.get("stream") is True:
                await stream_whole(answer, send, REPLAYED)
            else:
                await send_json(send, 200, answer, REPLAYED)

        with _Place(self, live):
            await self._keyed(_Asking(caller, "/v1/chat/completions", scope, body), live, act, again)

    async def _embeddings(self, caller: Caller, scope: Scope, body: bytes, send: Send) -> None:
        plain = read_json(body)
        live = self._runtime.gate.enter(use_of(caller, plain.get("model")))

        async def act(keep: Keep) -> None:
            try:
                answer = await embed(self._runtime, self._client, live, plain, len(body))
            except ForbiddenError as error:
                if error.code in DECIDED:  # a decision like any other: the same key does not decide anew
                    refusal = KeptAnswer(error.status, problem_bytes(error), PROBLEM_TYPE)
                    keep(lambda: refusal)
                raise
            keep(lambda: keep_vectors(answer))
            await send_json(send, 200, answer)

        async def again(before: KeptAnswer) -> None:
            answer = await asyncio.to_thread(open_recorded, self._runtime.registers[caller.institution], before)
            check_open(self._runtime, live)  # a hold may have come while it was read
            if answer is None:
                await send_json(send, before.status, before.content, REPLAYED, before.media_type)
            else:
                await send_json(send, 200, answer, REPLAYED)

        with _Place(self, live):
            await self._keyed(_Asking(caller, "/v1/embeddings", scope, body), live, act, again)

    async def _keyed(
        self,
        asking: _Asking,
        live: LiveUse,
        act: Callable[[Keep], Awaitable[None]],
        again: Callable[[KeptAnswer], Awaitable[None]],
    ) -> None:
        """Act, or where the request has an Idempotency-Key, act once."""
        said = header(asking.scope, b"idempotency-key")
        if said is None:
            await act(_not_kept)
            return
        person = person_in(asking.body)
        request = KeyedRequest(asking.caller, asking.door, live, check_form(said), asking.body, person)
        await answer_once(self._runtime, request, act, again)

    async def _stream(self, turn: Turn, receive: Receive, send: Send) -> Sent | None:
        left = asyncio.ensure_future(receive())  # the body was read: all that can come is that the client went away
        try:
            return await stream_turn(self._runtime, self._client, turn, send, left)
        finally:
            left.cancel()

    async def _decide(self, caller: Caller, use: str, scope: Scope, receive: Receive, send: Send) -> None:
        body = await read_body(scope, receive)
        live = self._runtime.gate.enter(use, standby=True)

        async def act(keep: Keep) -> None:
            status, content = await self._decided(use, scope, body)
            data = _encode(content)
            if status < _STATUS_ENDED:
                keep(lambda: KeptAnswer(status, data, "application/json"))
            await send_json(send, status, data)

        async def again(before: KeptAnswer) -> None:
            await send_json(send, before.status, before.content, REPLAYED)

        with _Place(self, live):
            await self._keyed(_Asking(caller, "/v1/decide", scope, body), live, act, again)

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
