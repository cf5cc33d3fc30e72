"""`POST /v1/chat/completions`, not streamed: guards, upstreams in order, guards, disclosure, record, answer."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from dualtrack.domain.decision import GuardVerdict
from dualtrack.errors import FieldError, UpstreamError
from dualtrack.runtime.answers import answer_path
from dualtrack.runtime.faces.answer_form import formed_body, note_formed
from dualtrack.runtime.faces.chat_fallback import by_rule, why_no_model
from dualtrack.runtime.faces.chat_reasons import CITED, cited_titles
from dualtrack.runtime.faces.chat_request import check_tools, input_content, language_in, upstream_body, with_extras
from dualtrack.runtime.faces.chat_retrieved import judge_retrieved
from dualtrack.runtime.faces.chat_tools import call_extra, output_content
from dualtrack.runtime.faces.chat_upstream import Completion, ask_chat, note_call
from dualtrack.runtime.guards.base import SCORE_MAX, Checked, Piece
from dualtrack.runtime.guards.chain import run_guards
from dualtrack.runtime.guards.tool_use import ToolUse
from dualtrack.runtime.registered import human_contact, needs_registered

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dualtrack.domain.decision import Outcome
    from dualtrack.domain.policy import RuntimePolicy, Upstream
    from dualtrack.domain.records import Text
    from dualtrack.runtime.call import Call, Language, Review
    from dualtrack.runtime.engine import Runtime
    from dualtrack.runtime.faces.answer_form import AnswerForm
    from dualtrack.runtime.faces.chat_request import ChatRequest
    from dualtrack.runtime.guards.chain import ChainResult
    from dualtrack.runtime.live import LiveUse
    from dualtrack.runtime.upstream.client import UpstreamClient

__all__ = [
    "Reply",
    "Turn",
    "about",
    "begin_turn",
    "check_output",
    "complete",
    "completion_body",
    "deciding",
    "disclosure_due",
    "finish",
    "instead",
    "instead_midway",
    "quote",
    "redacted",
    "said",
]

_encode = msgspec.json.Encoder(order="sorted").encode
_GIVEN_IN_PART = frozenset({"redact", "route"})


class Turn(NamedTuple):
    """A turn under way: what was asked, the call that records it, and the pieces as the guards left them.

    With a `form` models are asked, and their answers read, as it says; it holds for answers that are given whole.
    """

    asked: ChatRequest
    call: Call
    pieces: tuple[Piece, ...]
    stopped: tuple[Outcome, str] | None
    form: AnswerForm | None = None


class Reply(NamedTuple):
    """What is answered: outcome, text, tools, why it ended, code, and the id of a review."""

    outcome: Outcome
    text: str
    tool_calls: list[dict[str, Any]]
    finish: str
    code: str | None
    usage: Mapping[str, int]


def said(text: Text, turn: Turn) -> str:
    """Return a text in the language of the turn."""
    return text.zh if turn.call.language == "zh-Hant" else text.en


async def begin_turn(
    runtime: Runtime, live: LiveUse, asked: ChatRequest, body_bytes: int, *, language: Language | None = None
) -> Turn:
    """Check bounds and tools, begin the call and run the guards on what was asked.

    It is answered in `language`; without one in Chinese where the newest message has any Han character, else in English.
    """
    bounds = live.policy.bounds
    if body_bytes > bounds.body_bytes:
        raise FieldError(f"{body_bytes} bytes", where="request body", expected=f"at most {bounds.body_bytes}")
    characters = sum(len(piece.text) for piece in asked.pieces)
    if characters > bounds.characters:
        raise FieldError(f"{characters} characters", where="field messages", expected=f"at most {bounds.characters}")
    if live.policy.opt_out and live.policy.audience == "customers" and asked.person is None:
        raise FieldError(
            "no person", where="field user", fix="send the customer's identifier: opting out is honoured by it"
        )
    check_tools(asked, live.policy)
    language = language or language_in(asked.pieces)
    content = _encode(input_content(asked))
    if not runtime.shelf.ready(live, language):
        await asyncio.to_thread(runtime.shelf.prepare, live, language)
    call = await runtime.begin(live, content, person=asked.person, language=language)
    opted_out = runtime.opted_out(call)
    checked = Checked(
        "input", live.use, live.policy, language, pieces=asked.pieces, turn=asked.turn, opted_out=opted_out
    )
    nearest = runtime.shelf.retrieve(live, asked.pieces, language)
    begun_ns = time.perf_counter_ns()
    found = run_guards(live.guards, "input", checked)
    retrieved = judge_retrieved(live, nearest, language)
    call.input_us = (time.perf_counter_ns() - begun_ns) // 1000
    call.verdicts += [*found.verdicts, *retrieved.verdicts]
    pieces, fits = with_extras(asked, found.pieces)
    pieces = (*retrieved.pieces, *pieces)
    stopped: tuple[Outcome, str] | None = None
    if live.mode != "observe":
        if opted_out:
            stopped = ("routed", "opted-out")
        elif found.action in {"route", "block"} or not fits:
            stopped = ("routed" if found.action == "route" else "blocked", f"guard.{deciding(found)}")
        if stopped is not None and live.mode == "shadow":
            stopped = ("blocked", stopped[1])  # whoever answers by the baseline answers anyway: nothing to pass on
        if "opt_out" in found.fired and live.policy.opt_out:
            runtime.remember_opt_out(call)
    return Turn(asked, call, pieces, stopped)


async def complete(runtime: Runtime, client: UpstreamClient, turn: Turn) -> dict[str, Any]:
    """Answer a turn whole; returns the body. The record allows it to leave when this returns."""
    live, call = turn.call.live, turn.call
    if turn.stopped is not None:
        outcome, code = turn.stopped
        return await finish(runtime, turn, Reply(outcome, instead(turn), [], "content_filter", code, {}), None)
    if live.durable:
        await call.recorder.record(call.intent(), durable=True)
    completion, fault = await _ask_in_order(runtime, client, turn)
    code = why_no_model(runtime, call, fault)
    if completion is not None:
        return await _judge(runtime, turn, completion, ("fallback", code) if live.standby else ("served", None))
    fixed = by_rule(runtime, call, turn.pieces)
    if fixed is not None:
        return await _judge(runtime, turn, Completion(fixed, [], "stop", {}), ("fallback", code))
    reply = Reply("failed" if live.mode == "shadow" else "fallback", instead(turn), [], "stop", code, {})
    return await finish(runtime, turn, reply, None)


async def _ask_in_order(
    runtime: Runtime, client: UpstreamClient, turn: Turn
) -> tuple[Completion | None, UpstreamError | None]:
    """Ask the chain's models one after another; every attempt is in the record."""
    begun_ns = time.perf_counter_ns()
    fault: UpstreamError | None = None
    found: Completion | None = None
    for upstream in turn.call.live.upstreams:
        if not runtime.gate.still(turn.call.live):
            break
        try:
            if upstream.kind == "openai":
                found = await _ask_model(runtime, client, turn, upstream)
            elif upstream.kind == "extractive":
                found = quote(runtime, turn, upstream)
        except UpstreamError as error:
            fault = error
        if found is not None:
            break
    turn.call.upstream_us = (time.perf_counter_ns() - begun_ns) // 1000
    return found, fault


async def _ask_model(runtime: Runtime, client: UpstreamClient, turn: Turn, upstream: Upstream) -> Completion | None:
    """Ask one model, in the turn's form where it has one; None where the form asks nothing or lets nothing through."""
    body = upstream_body(turn.asked, turn.pieces, upstream.model, stream=False)
    if turn.form is None:
        return await ask_chat(runtime, client, upstream, turn.call, body)
    messages = turn.form.ask(turn.pieces)
    if messages is None:
        return None
    completion = await ask_chat(runtime, client, upstream, turn.call, formed_body(body, messages))
    return note_formed(turn.call, turn.form, completion)


def quote(runtime: Runtime, turn: Turn, upstream: Upstream) -> Completion | None:
    """Answer by quoting an approved passage, or None where none fits; noted in the record as any other attempt."""
    begun_ns = time.perf_counter_ns()
    call = turn.call
    text = runtime.shelf.answer(call.live, turn.pieces, call.language)
    note_call(call, upstream, begun_ns, 200 if text else 404, None if text else "no_passage", {})
    return Completion(text, [], "stop", {}) if text else None


def check_output(turn: Turn, text: str, calls: Sequence[dict[str, Any]] = ()) -> ChainResult:
    """Run the guards on an answer's text, with the disclosure before it where it is due, and the tools it asks for.

    Arguments are pieces before the text. A call cannot be given on in part: where a guard would redact one, it blocks. So
    does a tool that the policy does not list, whatever its guards.
    """
    live, call = turn.call.live, turn.call
    arguments = tuple(Piece("assistant", call_extra(item, "tool_calls").text) for item in calls)
    checked = Checked(
        "output",
        live.use,
        live.policy,
        call.language,
        pieces=(*turn.pieces, *arguments, Piece("assistant", text)),
        answer=text,
        citations=tuple(CITED.findall(text)),
        tools=tuple(str(item["function"]["name"]) for item in calls),
        turn=turn.asked.turn,
        calls=len(arguments),
    )
    begun_ns = time.perf_counter_ns()
    found = run_guards(live.guards, "output", checked)
    call.output_us += (time.perf_counter_ns() - begun_ns) // 1000
    found = _off_list(found, live.policy, checked.tools)
    call.note_output(found.verdicts)
    if found.action in _GIVEN_IN_PART and arguments and found.pieces[-len(arguments) - 1 : -1] != arguments:
        return found._replace(action="block")
    return found


def _off_list(found: ChainResult, policy: RuntimePolicy, tools: Sequence[str]) -> ChainResult:
    """Block an answer that asks for a tool off the policy's list, under the name of the guard that looks for it."""
    if not tools or {tool.name for tool in policy.tools}.issuperset(tools):
        return found
    blocks = GuardVerdict(ToolUse.name, "output", SCORE_MAX, fired=True, action="block", cost_us=0)
    verdicts = [
        msgspec.structs.replace(blocks, cost_us=item.cost_us) if item.guard == ToolUse.name else item
        for item in found.verdicts
    ]
    if all(item.guard != ToolUse.name for item in verdicts):
        verdicts.append(blocks)
    return found._replace(verdicts=verdicts, action="block")


def redacted(turn: Turn, found: ChainResult, text: str) -> str:
    """Return an answer's text as the guards left it, unless nobody gets it. What goes to a person is read there."""
    read = found.action in _GIVEN_IN_PART or turn.call.live.mode == "observe"
    return found.pieces[-1].text if read and found.pieces else text


def deciding(found: ChainResult) -> str:
    """Return the guard whose action was the strictest: several may have fired. A block may come of a redaction."""
    strictest = [item.guard for action in (found.action, "redact") for item in found.verdicts if item.action == action]
    return strictest[0] if strictest else "unknown"


def instead(turn: Turn) -> str:
    """Return what a person is told where no answer is given: the notice, where due, the fixed message, how to reach a person.

    In shadow mode no AI talks to anybody, so no notice says so.
    """
    policy = turn.call.live.policy
    notice = None if turn.call.live.mode == "shadow" else disclosure_due(turn)
    parts = (notice, said(policy.message, turn), said(human_contact(policy, turn.call.verdicts), turn))
    return "\n\n".join(part for part in parts if part)


def instead_midway(turn: Turn) -> str:
    """Return what is told where an answer is cut off: the fixed message, on an MPF choice with whom to ask."""
    policy, verdicts = turn.call.live.policy, turn.call.verdicts
    whom = said(human_contact(policy, verdicts), turn) if needs_registered(verdicts) else None
    return "\n\n".join(part for part in (said(policy.message, turn), whom) if part)


def disclosure_due(turn: Turn) -> str | None:
    """Return the disclosure that must stand before this output, or None."""
    found = turn.call.live.policy.disclosure
    return said(found.text, turn) if found is not None and (found.every or turn.asked.turn == 1) else None


async def _judge(
    runtime: Runtime, turn: Turn, completion: Completion, ends: tuple[Outcome, str | None]
) -> dict[str, Any]:
    """Run the guards on an answer and end the turn as they, the review and a hold in between say, else as `ends`."""
    live = turn.call.live
    notice = disclosure_due(turn)
    text = f"{notice}\n\n{completion.text}" if notice else completion.text
    found = check_output(turn, text, completion.tool_calls)
    text = redacted(turn, found, text)
    output = output_content(text, completion.tool_calls)
    if not runtime.gate.still(live):
        reply = Reply("stopped", instead(turn), [], "content_filter", "permit.held", {})
        return await finish(runtime, turn, reply, output)
    if live.mode == "shadow":
        return await finish(runtime, turn, Reply("shadowed", instead(turn), [], "stop", None, {}), output)
    stop = live.mode != "observe"
    if found.action == "block" and stop:
        reply = Reply("blocked", instead(turn), [], "content_filter", f"guard.{deciding(found)}", completion.usage)
        return await finish(runtime, turn, reply, output)
    routed = found.action == "route" and stop
    if routed or live.review == "hold":
        code = f"guard.{deciding(found)}" if routed else "review.hold"
        reply = Reply("routed", instead(turn), [], "stop", code, completion.usage)
        due = runtime.review("guard_routed" if routed else "hold_before_release", live)
        return await finish(runtime, turn, reply, output, due)
    why = runtime.review("sample", live) if live.review == "sample" and runtime.sampled(live) else None
    reply = Reply(ends[0], text, completion.tool_calls, completion.finish, ends[1], completion.usage)
    return await finish(runtime, turn, reply, output, why)


async def finish(
    runtime: Runtime, turn: Turn, reply: Reply, output: bytes | None, review: Review | None = None
) -> dict[str, Any]:
    """Record the end of a turn, with the content of its output, and return the body that may leave."""
    call = turn.call
    live = call.live
    if reply.outcome == "routed" and review is None:
        review = runtime.review("guard_routed", live)
    shadow = live.mode == "shadow"
    shown = disclosure_due(turn) is not None and not shadow
    baseline = _encode(turn.asked.baseline) if shadow and turn.asked.baseline is not None else None
    record, receipt, review_id = call.end(
        reply.outcome, code=reply.code, output=output, reasons=cited_titles(runtime, call, output), review=review,
        shown=shown, baseline=baseline,
    )  # fmt: skip
    await call.recorder.record(record, durable=live.durable)
    return completion_body(turn, reply, receipt, review_id)


def completion_body(turn: Turn, reply: Reply, receipt: str | None, review: str | None) -> dict[str, Any]:
    """Return a chat completion with our own member `dualtrack`, which clients that do not know it pass over."""
    message: dict[str, Any] = {"role": "assistant", "content": reply.text}
    if reply.tool_calls:
        message["tool_calls"] = reply.tool_calls
    call = turn.call
    return {
        "id": f"chatcmpl-{call.id}",
        "object": "chat.completion",
        "created": int(time.time()),
        "model": call.live.use,
        "choices": [{"index": 0, "message": message, "finish_reason": reply.finish, "logprobs": None}],
        "usage": dict(reply.usage) or {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0},
        "dualtrack": about(turn, reply.outcome, reply.code, receipt, review),
    }


def about(turn: Turn, outcome: str, code: str | None, receipt: str | None, review: str | None) -> dict[str, Any]:
    """Return what a client may show about a decision: its handle, mode, durability, review and a person to reach."""
    live = turn.call.live
    body = {
        "decision": turn.call.id,
        "outcome": outcome,
        "code": code,
        "receipt": receipt,
        "mode": live.mode,
        "durability": "durable" if live.durable else "buffered",
        "review": review,
        "answer_path": answer_path(turn.call.id) if outcome == "routed" and review is not None else None,
        "human": said(human_contact(live.policy, turn.call.verdicts), turn),
        "would_refuse": live.would_refuse,
        "streaming": None if live.streams else f"off: {live.review_why or live.mode}",
    }
    return {name: value for name, value in body.items() if value is not None}
