"""Streamed chat completions: sentences are released when the guards have seen them, and a hold stops the stream midway.

Tool calls are gathered to the end of the stream and leave in one chunk, when the guards have seen them and the record allows it.
Nothing leaves before the intent is durable (durable uses), and the last part waits for the record of the outcome.
"""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Any

import msgspec

from dualtrack.errors import FieldError, InputError, UpstreamError
from dualtrack.runtime.faces.asgi import read_json
from dualtrack.runtime.faces.chat import about, check_output, deciding, disclosure_due, instead, quote, said
from dualtrack.runtime.faces.chat_fallback import by_rule, why_no_model
from dualtrack.runtime.faces.chat_reasons import cited_titles
from dualtrack.runtime.faces.chat_request import upstream_body
from dualtrack.runtime.faces.chat_tools import ToolDeltas, output_content
from dualtrack.runtime.faces.chat_upstream import check_model, note_budget, note_call, open_chat, whole_numbers
from dualtrack.runtime.upstream.sse import SseReader

if TYPE_CHECKING:
    import asyncio
    from collections.abc import AsyncIterator, Mapping

    from dualtrack.domain.decision import Outcome
    from dualtrack.domain.policy import Upstream
    from dualtrack.runtime.engine import Runtime
    from dualtrack.runtime.faces.asgi import Send
    from dualtrack.runtime.faces.chat import Turn
    from dualtrack.runtime.upstream.client import UpstreamClient

__all__ = ["STREAM_BYTES_MAX", "TAIL_CHARACTERS", "UNIT_CHARACTERS_MAX", "Streamed", "stream_turn", "stream_whole"]

UNIT_CHARACTERS_MAX = 120
"""Text held back at most before the guards look at it, where no sentence ends earlier."""

TAIL_CHARACTERS = 32
"""Text already released that is looked at again with the next part: what is split between parts is still seen."""

STREAM_BYTES_MAX = 8 << 20
"""Longest stream read."""

_encode = msgspec.json.Encoder().encode
_END = re.compile(r"[。！？.!?\n](?=[\s\u3000-\u9fff]|$)|[。！？\n]")


class Streamed:
    """What a stream has come to: parts released, text held back, and how it ended."""

    def __init__(self, turn: Turn, send: Send, left: asyncio.Future[Any] | None = None) -> None:
        self.turn, self.send, self.left = turn, send, left
        self.released: list[str] = []
        self.held, self.tail, self.notice = "", "", ""
        self.outcome: Outcome = "served"
        self.code: str | None = None
        self.usage: dict[str, Any] = {}
        self.calls: list[dict[str, Any]] = []
        self.started = False

    @property
    def text(self) -> str:
        """Return what was seen so far: what is out, as it went out, and what is held back."""
        return "".join(self.released) + self.held

    def encoded(self) -> bytes | None:
        """Return what is out, as the record of a call that breaks off keeps it."""
        return _encode("".join(self.released)) if self.released else None

    async def start(self) -> None:
        """Send the head and the first part: the role, with the disclosure where it is due."""
        headers = [(b"content-type", b"text/event-stream; charset=utf-8"), (b"cache-control", b"no-store")]
        await self.send({"type": "http.response.start", "status": 200, "headers": headers})
        self.started = True
        notice = disclosure_due(self.turn)
        if notice:
            self.notice = f"{notice}\n\n"
            self.released.append(self.notice)
        await self.part({"role": "assistant", "content": self.notice})

    async def part(self, delta: dict[str, Any], finish: str | None = None, **more: object) -> None:
        """Send one chunk."""
        call = self.turn.call
        chunk = {
            "id": f"chatcmpl-{call.id}",
            "object": "chat.completion.chunk",
            "created": int(time.time()),
            "model": call.live.use,
            "choices": [{"index": 0, "delta": delta, "finish_reason": finish, "logprobs": None}],
            **more,
        }
        await self.send({"type": "http.response.body", "body": b"data: " + _encode(chunk) + b"\n\n", "more_body": True})

    async def end(self, finish: str, details: dict[str, Any]) -> None:
        """Send the last chunk with our own member, and the end mark."""
        await self.part({}, finish, dualtrack=details, usage=self.usage or None)
        await self.send({"type": "http.response.body", "body": b"data: [DONE]\n\n", "more_body": False})

    async def release(self, *, last: bool) -> bool:
        """Let the guards see what is held back and send what they allow; False when the stream must stop.

        With the last part they see the tool calls; these themselves wait for the record.
        """
        calls = self.calls if last else []
        cut = len(self.held) if last else _cut(self.held)
        if not cut and not calls:
            return True
        unit = self.held[:cut]
        # The notice went out first; it stands before each part, so that the guard on it sees what the person saw.
        tail = self.notice + self.tail
        found = check_output(self.turn, tail + unit, calls)
        live = self.turn.call.live
        if found.action in {"block", "route"} and live.mode != "observe":
            self.outcome = "blocked" if found.action == "block" else "routed"
            self.code = f"guard.{deciding(found)}"
            return False
        seen = found.pieces[-1].text if found.action == "redact" and found.pieces else tail + unit
        shown = seen[_alike(seen, tail) :]  # a redaction may begin in what is out already
        self.released.append(shown)
        self.tail = (self.tail + shown)[-TAIL_CHARACTERS:]
        self.held = self.held[cut:]
        if shown:
            await self.part({"content": shown})
        return True

    async def part_with_calls(self, calls: list[dict[str, Any]]) -> None:
        """Send tool calls, whole, in one chunk."""
        await self.part({"tool_calls": [{"index": number, **call} for number, call in enumerate(calls)]})


async def stream_turn(
    runtime: Runtime, client: UpstreamClient, turn: Turn, send: Send, left: asyncio.Future[Any] | None = None
) -> None:
    """Answer a turn as a stream. `left` is done when the client went away: then no more is asked of the model."""
    live, call = turn.call.live, turn.call
    await call.recorder.record(call.intent(), durable=live.durable)  # parts leave before the end is recorded
    out = Streamed(turn, send, left)
    call.so_far = out.encoded
    begun_ns = time.perf_counter_ns()
    fault: UpstreamError | None = None
    for upstream in live.upstreams:
        if not runtime.gate.still(live):
            continue
        try:
            if upstream.kind == "extractive":
                await _quoted(runtime, upstream, out)
            elif upstream.kind == "openai":
                await _follow(runtime, client, upstream, out)
            if not out.started:
                continue
            fault = None
            break
        except UpstreamError as error:
            fault = error
            if out.started:
                break  # part of an answer is out: another model must not finish it
    call.upstream_us = (time.perf_counter_ns() - begun_ns) // 1000
    if fault is not None or not out.started:
        await _unanswered(runtime, out, fault)
    await _finish(runtime, out)


async def stream_whole(turn: Turn, body: dict[str, Any], send: Send) -> None:
    """Send a whole answer in the form of a stream: for uses whose answers a person sees first, and for refusals."""
    out = Streamed(turn, send)
    choice = body["choices"][0]
    headers = [(b"content-type", b"text/event-stream; charset=utf-8"), (b"cache-control", b"no-store")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await out.part({"role": "assistant", "content": choice["message"]["content"]})
    if choice["message"].get("tool_calls"):
        await out.part_with_calls(choice["message"]["tool_calls"])
    out.usage = body["usage"]
    await out.end(choice["finish_reason"], body["dualtrack"])


async def _unanswered(runtime: Runtime, out: Streamed, fault: UpstreamError | None) -> None:
    """Say why no model answered to the end; where nothing is out yet, send the fixed answer of a rule that fits.

    The guards judge it as any other answer.
    """
    out.outcome, out.code = ("failed" if out.started else "fallback"), why_no_model(runtime, out.turn.call, fault)
    if out.started:
        return
    fixed = by_rule(runtime, out.turn.call, out.turn.pieces)
    if fixed is not None:
        await out.start()
        out.held += fixed
        await out.release(last=True)


async def _quoted(runtime: Runtime, upstream: Upstream, out: Streamed) -> None:
    """Send a quotation as the stream, where a passage fits."""
    found = quote(runtime, out.turn, upstream)
    if found is not None:
        await out.start()
        out.held += found.text
        await out.release(last=True)


async def _follow(runtime: Runtime, client: UpstreamClient, upstream: Upstream, out: Streamed) -> None:
    """Read an upstream's stream to its end, releasing sentences; raises UpstreamError where it breaks."""
    turn, call = out.turn, out.turn.call
    begun_ns = time.perf_counter_ns()
    status, fault = 0, None
    seen: dict[str, Any] = {}
    headers: Mapping[str, str] = {}
    tools = ToolDeltas()
    try:
        response = await open_chat(
            runtime,
            client,
            call.live.use,
            upstream,
            upstream_body(turn.asked, turn.pieces, upstream.model, stream=True),
        )
        status, headers = response.status, response.headers
        async with response:
            _check_status(status, upstream)
            async for chunk in _chunks(response.stream(STREAM_BYTES_MAX), upstream):
                if not runtime.gate.still(call.live):
                    out.outcome, out.code = "stopped", "permit.held"
                    return
                if out.left is not None and out.left.done():
                    out.outcome, out.code = "failed", "input.gone"
                    return
                told = {name: chunk[name] for name in ("model", "system_fingerprint", "usage") if chunk.get(name)}
                other = any(seen.get(name) != told[name] for name in told if name != "usage")
                seen |= told
                if other or not out.started:  # a model may change its name midway, too
                    check_model(call, upstream, seen, headers)
                held = _delta(chunk, upstream, tools)
                if not out.started:
                    await out.start()
                out.held += held
                if not await out.release(last=False):
                    return
        if not runtime.gate.still(call.live):  # the end may have come long after the last part
            out.outcome, out.code = "stopped", "permit.held"
            return
        out.calls = _whole(tools, upstream)
        await out.release(last=True)
    except UpstreamError as error:
        fault = getattr(error, "fault", None) or error.code
        raise
    finally:
        out.usage = whole_numbers(seen.get("usage"))
        note_call(call, upstream, begun_ns, status, fault, seen, headers)
        note_budget(runtime, call, upstream)


async def _chunks(stream: AsyncIterator[bytes], upstream: Upstream) -> AsyncIterator[dict[str, Any]]:
    """Yield the chunks of a stream; raises UpstreamError when it ends without its end mark or holds no JSON."""
    reader = SseReader(where=upstream.id)
    async for data in stream:
        for event in reader.feed(data):
            if event == b"[DONE]":
                return
            try:
                yield read_json(event)
            except InputError as error:
                raise UpstreamError("not JSON", where=upstream.id, code="upstream.garbage") from error
    raise UpstreamError("the stream ended without its end", where=upstream.id, code="upstream.closed")


def _check_status(status: int, upstream: Upstream) -> None:
    if status != 200:  # noqa: PLR2004 - HTTP's own number
        raise UpstreamError(f"status {status}", where=upstream.id, expected="200", code="upstream.status")


def _delta(chunk: dict[str, Any], upstream: Upstream, tools: ToolDeltas) -> str:
    """Return the text of a chunk; fragments of tool calls are gathered."""
    try:
        choices = chunk["choices"]
        delta = choices[0]["delta"] if choices else {}
        content = delta.get("content") or ""
        if delta.get("tool_calls"):
            tools.add(delta["tool_calls"])
    except (KeyError, IndexError, TypeError, AttributeError, FieldError):
        content = None
    if type(content) is not str:
        raise UpstreamError("not a chunk of a completion", where=upstream.id, code="upstream.garbage")
    return content


def _whole(tools: ToolDeltas, upstream: Upstream) -> list[dict[str, Any]]:
    try:
        return tools.calls()
    except FieldError as error:
        raise UpstreamError("tool calls that are not whole", where=upstream.id, code="upstream.garbage") from error


async def _finish(runtime: Runtime, out: Streamed) -> None:
    """Record the outcome, then send what remains: a safe end where the stream was stopped."""
    turn, call = out.turn, out.turn.call
    live = call.live
    review = None
    answered = out.outcome == "served" or (out.outcome == "fallback" and out.started)
    if out.outcome == "routed":
        review = runtime.review("guard_routed", live)
    elif live.review == "sample" and answered and runtime.sampled(live):
        review = runtime.review("sample", live)
    shown = disclosure_due(turn) is not None
    text, calls = out.text, out.calls
    content = output_content(text, calls) if text or calls else None
    reasons = cited_titles(runtime, call, content)
    record, receipt, review_id = call.end(
        out.outcome, code=out.code, output=content, reasons=reasons, review=review, shown=shown
    )
    await call.recorder.record(record, durable=live.durable)
    if not out.started:
        headers = [(b"content-type", b"text/event-stream; charset=utf-8"), (b"cache-control", b"no-store")]
        await out.send({"type": "http.response.start", "status": 200, "headers": headers})
        out.started = True
    if not answered:
        await out.part({"content": f"\n\n{said(live.policy.message, turn)}" if text else instead(turn)})
    elif calls:
        await out.part_with_calls(calls)
    finish = "content_filter" if not answered else "tool_calls" if calls else "stop"
    await out.end(finish, about(turn, out.outcome, out.code, receipt, review_id))


def _alike(one: str, other: str) -> int:
    """Return how many characters two texts have in common at their beginnings."""
    for place, (mine, theirs) in enumerate(zip(one, other, strict=False)):
        if mine != theirs:
            return place
    return min(len(one), len(other))


def _cut(held: str) -> int:
    """Return how much of the held text may be judged: to the last end of a sentence, or all when it is too long."""
    ends = [match.end() for match in _END.finditer(held[:-1])]
    if ends:
        return ends[-1]
    return len(held) if len(held) >= UNIT_CHARACTERS_MAX else 0
