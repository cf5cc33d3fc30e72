"""Streamed chat completions: sentences are released when the guards have seen them, and a hold stops the stream midway.

Tool calls are gathered to the end of the stream and leave in one chunk, when the guards have seen them and the record allows it.
Nothing leaves before the intent is durable (durable uses). The last words wait for the record of the outcome, whatever came
after them: a part leaves only when more words have come.
"""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from dualtrack.errors import UpstreamError
from dualtrack.runtime.faces.chat import (
    Reply,
    about,
    check_output,
    deciding,
    disclosure_due,
    instead,
    instead_midway,
    quote,
    redacted,
)
from dualtrack.runtime.faces.chat_deltas import Deltas, chunks_of
from dualtrack.runtime.faces.chat_fallback import by_rule, why_no_model
from dualtrack.runtime.faces.chat_reasons import cited_titles
from dualtrack.runtime.faces.chat_request import upstream_body
from dualtrack.runtime.faces.chat_tools import output_content
from dualtrack.runtime.faces.chat_upstream import check_model, check_status, note_budget, note_call, open_chat

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Mapping

    from dualtrack.domain.decision import Outcome
    from dualtrack.domain.policy import Upstream
    from dualtrack.runtime.engine import Runtime
    from dualtrack.runtime.faces.asgi import Send
    from dualtrack.runtime.faces.chat import Turn
    from dualtrack.runtime.upstream.client import UpstreamClient

__all__ = [
    "STREAM_BYTES_MAX",
    "TAIL_CHARACTERS",
    "UNIT_CHARACTERS_MAX",
    "Sent",
    "Streamed",
    "stream_turn",
    "stream_whole",
]

UNIT_CHARACTERS_MAX = 120
"""Text held back at most before the guards look at it, where no sentence ends earlier."""

TAIL_CHARACTERS = 32
"""Text already released that is looked at again with the next part: what is split between parts is still seen."""

STREAM_BYTES_MAX = 8 << 20
"""Longest stream read."""

_HEADERS = ((b"content-type", b"text/event-stream; charset=utf-8"), (b"cache-control", b"no-store"))
_DONE: dict[str, Any] = {"type": "http.response.body", "body": b"data: [DONE]\n\n", "more_body": False}
_encode = msgspec.json.Encoder().encode
_END = re.compile(r"[。！？.!?\n](?=[\s\u3000-\u9fff]|$)|[。！？\n]")


class Sent(NamedTuple):
    """A stream that has ended: what `completion_body` makes its whole answer of, and whether it was `cut`.

    That is one of which a part was out when it had to stop.
    """

    answer: tuple[Reply, str | None, str | None]
    cut: bool


class Streamed:
    """What a stream has come to: parts released, text held back, the rest that waits for the record, and how it ended."""

    def __init__(self, turn: Turn, send: Send, left: asyncio.Future[Any] | None = None) -> None:
        self.turn, self.send, self.left = turn, send, left
        self.released: list[str] = []
        self.held, self.tail, self.notice, self.rest = "", "", "", ""
        self.outcome: Outcome = "served"
        self.code: str | None = None
        self.usage: dict[str, Any] = {}
        self.calls: list[dict[str, Any]] = []
        self.finish = "stop"
        self.started = False

    @property
    def text(self) -> str:
        """Return what was seen so far: what is out, as it went out, and what is held back."""
        return "".join(self.released) + self.rest + self.held

    def encoded(self) -> bytes | None:
        """Return what is out, as the record of a call that breaks off keeps it."""
        return _encode("".join(self.released)) if self.released else None

    async def start(self) -> None:
        """Send the head and the first part: the role, with the disclosure where it is due."""
        await self.send({"type": "http.response.start", "status": 200, "headers": [*_HEADERS]})
        self.started = True
        notice = disclosure_due(self.turn)
        if notice:
            self.notice = f"{notice}\n\n"
            self.released.append(self.notice)
        await self.part({"role": "assistant", "content": self.notice})

    async def part(self, delta: dict[str, Any], finish: str | None = None, **more: object) -> None:
        """Send one chunk."""
        call = self.turn.call
        head = {"id": f"chatcmpl-{call.id}", "created": int(time.time()), "model": call.live.use}
        await _chunk(self.send, head, delta, finish, **more)

    async def end(self, finish: str, details: dict[str, Any]) -> None:
        """Send the last chunk with our own member, and the end mark."""
        await self.part({}, finish, dualtrack=details, usage=self.usage or None)
        await self.send(_DONE)

    async def release(self, *, last: bool) -> bool:
        """Let the guards see what is held back and send what they allow; False when the stream must stop.

        With the last part they see the tool calls. These and the last words wait for the record.
        """
        await self._rest_before_words()
        calls = self.calls if last else []
        cut = len(self.held) if last else _cut(self.held)
        if not cut and not calls:
            return True
        unit = self.held[:cut]
        # The notice went out first; it stands before each part, so that the guard on it sees what the person saw.
        tail = self.notice + self.tail
        found = check_output(self.turn, tail + unit, calls)
        live = self.turn.call.live
        seen = redacted(self.turn, found, tail + unit)
        shown = seen[_alike(seen, tail) :]  # a redaction may begin in what is out already
        if found.action in {"block", "route"} and live.mode != "observe":
            self.outcome = "blocked" if found.action == "block" else "routed"
            self.code = f"guard.{deciding(found)}"
            if found.action == "route":
                self.held = shown  # a person reads it: as the guards left it, and nothing that they have not seen
            return False
        self.tail = (self.tail + shown)[-TAIL_CHARACTERS:]
        self.held = self.held[cut:]
        self.rest += shown
        if not last:
            await self._rest_before_words()
        return True

    async def _rest_before_words(self) -> None:
        """Send what was allowed when words come after it: only then it is not the end."""
        if self.held.strip():
            await self.part_with_rest()

    async def part_with_rest(self) -> None:
        """Send what was allowed and has waited."""
        if self.rest:
            self.released.append(self.rest)
            shown, self.rest = self.rest, ""
            await self.part({"content": shown})

    async def part_with_calls(self, calls: list[dict[str, Any]]) -> None:
        """Send tool calls, whole, in one chunk."""
        await self.part(_calls_delta(calls))


async def stream_turn(
    runtime: Runtime, client: UpstreamClient, turn: Turn, send: Send, left: asyncio.Future[Any] | None = None
) -> Sent | None:
    """Answer a turn as a stream. `left` is done when the client went away: then no more is asked of the model.

    Return what was sent, or None where the call failed: nothing of it stands for an answer.
    """
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
            if not out.started and out.outcome == "served":
                continue
            fault = None
            break
        except UpstreamError as error:
            fault = error
            if out.started:
                break  # part of an answer is out: another model must not finish it
    call.upstream_us = (time.perf_counter_ns() - begun_ns) // 1000
    if fault is not None or (not out.started and out.outcome == "served"):
        await _unanswered(runtime, out, fault)
    return await _finish(runtime, out)


async def stream_whole(body: dict[str, Any], send: Send, headers: tuple[tuple[bytes, bytes], ...] = ()) -> None:
    """Send a whole answer in the form of a stream: where a person sees answers first, for refusals, and once more."""
    choice = body["choices"][0]
    message = choice["message"]
    await send({"type": "http.response.start", "status": 200, "headers": [*_HEADERS, *headers]})
    await _chunk(send, body, {"role": "assistant", "content": message["content"]})
    if message.get("tool_calls"):
        await _chunk(send, body, _calls_delta(message["tool_calls"]))
    await _chunk(send, body, {}, choice["finish_reason"], dualtrack=body["dualtrack"], usage=body["usage"] or None)
    await send(_DONE)


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
    headers: Mapping[str, str] = {}
    deltas = Deltas(upstream)
    try:
        response = await open_chat(
            runtime,
            client,
            call.live,
            upstream,
            upstream_body(turn.asked, turn.pieces, upstream.model, stream=True),
        )
        status, headers = response.status, response.headers
        async with response:
            check_status(status, upstream.id)
            async for chunk in chunks_of(response.stream(STREAM_BYTES_MAX), upstream):
                if _over(runtime, out):
                    return
                other = deltas.renamed(chunk)
                out.held += deltas.text(chunk)
                if other or (deltas.answers and not out.started):  # a model may change its name midway, too
                    check_model(call, upstream, deltas.told, headers)
                if deltas.spoke and not out.started:
                    await out.start()
                if out.started and not await out.release(last=False):
                    return
        if _over(runtime, out):  # the end may have come long after the last part
            return
        out.calls, out.finish = deltas.end()
        if not out.started:
            await out.start()
        await out.release(last=True)
    except UpstreamError as error:
        fault = getattr(error, "fault", None) or error.code
        raise
    finally:
        out.usage = deltas.usage
        if not out.started:
            out.held = ""  # blanks: another model may answer
        note_call(call, upstream, begun_ns, status, fault, deltas.told, headers)
        note_budget(runtime, call, upstream)


def _over(runtime: Runtime, out: Streamed) -> bool:
    """Tell whether nothing more may be read: a hold came, or the client went away."""
    if not runtime.gate.still(out.turn.call.live):
        out.outcome, out.code = "stopped", "permit.held"
    elif out.left is not None and out.left.done():
        out.outcome, out.code = "failed", "input.gone"
    return out.outcome != "served"


async def _finish(runtime: Runtime, out: Streamed) -> Sent | None:
    """Record the outcome, then send what remains: a safe end where the stream was stopped. Return what was sent."""
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
        await out.send({"type": "http.response.start", "status": 200, "headers": [*_HEADERS]})
        out.started = True
    if answered:
        await out.part_with_rest()
    else:
        await out.part({"content": f"\n\n{instead_midway(turn)}" if text else instead(turn)})
    if answered and calls:
        await out.part_with_calls(calls)
    finish = out.finish if answered else "content_filter"
    await out.end(finish, about(turn, out.outcome, out.code, receipt, review_id))
    if out.outcome == "failed":
        return None
    given = (text, calls) if answered else (instead(turn), [])
    whole = Reply(out.outcome, *given, finish, out.code, out.usage)
    part_is_out = "".join(out.released) not in {"", out.notice}
    return Sent((whole, receipt, review_id), cut=part_is_out and not answered)


async def _chunk(
    send: Send, head: Mapping[str, Any], delta: dict[str, Any], finish: str | None = None, **more: object
) -> None:
    """Send one chunk of the answer that `head` names."""
    chunk = {
        "id": head["id"],
        "object": "chat.completion.chunk",
        "created": head["created"],
        "model": head["model"],
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish, "logprobs": None}],
        **more,
    }
    await send({"type": "http.response.body", "body": b"data: " + _encode(chunk) + b"\n\n", "more_body": True})


def _calls_delta(calls: list[dict[str, Any]]) -> dict[str, Any]:
    return {"tool_calls": [{"index": number, **call} for number, call in enumerate(calls)]}


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
