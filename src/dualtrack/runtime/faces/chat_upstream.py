"""One answer of an OpenAI-compatible upstream: asked, read, checked for form; its model's fingerprint compared."""

from __future__ import annotations

import hashlib
import re
import time
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
from msgspec import UNSET

from dualtrack.domain.decision import UpstreamCall
from dualtrack.domain.oversight import Signal
from dualtrack.domain.records import encode
from dualtrack.errors import FieldError, UpstreamError
from dualtrack.runtime.decide import held
from dualtrack.runtime.faces.chat_tools import read_calls
from dualtrack.runtime.upstream.fingerprint import fingerprint
from dualtrack.runtime.upstream.limits import timeouts_of
from dualtrack.runtime.upstream.retry import retrying
from dualtrack.store.entries import NewEntry

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dualtrack.domain.policy import Upstream
    from dualtrack.runtime.call import Call
    from dualtrack.runtime.engine import Runtime
    from dualtrack.runtime.live import LiveUse
    from dualtrack.runtime.upstream.client import Response, UpstreamClient

__all__ = [
    "ANSWER_BYTES_MAX",
    "Completion",
    "ask_chat",
    "check_model",
    "check_status",
    "finish_reason",
    "note_budget",
    "note_call",
    "open_chat",
    "read_completion",
    "read_object",
    "while_open",
    "whole_numbers",
]

ANSWER_BYTES_MAX = 4 << 20
"""Largest completion read: some hundred pages."""

_REPORTED = re.compile(r"[A-Za-z0-9._:/@+-]{1,100}")
"""A reported model that is recorded in words: names of models look so, and sentences about a customer do not."""

_USAGE = ("prompt_tokens", "completion_tokens", "total_tokens")
_TOKENS_END = 1 << 50
_UNMADE = frozenset({"upstream.resting", "upstream.budget", "permit.held"})
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode


class Completion(NamedTuple):
    """The answer's text, the tool calls it asks for, and why it ended."""

    text: str
    tool_calls: list[dict[str, Any]]
    finish: str
    usage: Mapping[str, int]


async def open_chat(
    runtime: Runtime,
    client: UpstreamClient,
    live: LiveUse,
    upstream: Upstream,
    body: dict[str, Any],
    path: str = "/chat/completions",
) -> Response:
    """Send a request to an upstream, as often as its policy allows and while the use is open; return the answer's head."""
    await runtime.budgets.admit(live.use, upstream)
    url = f"{str(upstream.url).rstrip('/')}{path}"
    data, headers, waits = _encode(body), runtime.headers_of(upstream), timeouts_of(upstream)

    def allowed() -> None:
        while_open(runtime, live)

    async def attempt() -> Response:
        allowed()
        return await client.send("POST", url, headers, data, waits, repeatable=True, allowed=allowed)

    if upstream.attempts == 1:
        return await attempt()
    return await retrying(attempt, attempts=upstream.attempts, repeatable=True)


def while_open(runtime: Runtime, live: LiveUse) -> None:
    """Raise UpstreamError where the use was held, or lapsed, since it was entered: no model is called from then on."""
    if not runtime.gate.still(live):
        raise held(live)


async def ask_chat(
    runtime: Runtime, client: UpstreamClient, upstream: Upstream, call: Call, body: dict[str, Any]
) -> Completion:
    """Return a whole completion; raises UpstreamError for whatever is not one. The attempt is noted in the call."""
    begun_ns = time.perf_counter_ns()
    status, fault, plain, headers = 0, None, {}, {}
    try:
        response = await open_chat(runtime, client, call.live, upstream, body)
        status, headers = response.status, response.headers
        async with response:
            data = await response.read(ANSWER_BYTES_MAX)
        plain = read_object(status, data, upstream.id)
        check_model(call, upstream, plain, headers, answers=bool(plain.get("choices")))
        return read_completion(plain, upstream)
    except UpstreamError as error:
        fault = getattr(error, "fault", None) or error.code
        raise
    finally:
        note_call(call, upstream, begun_ns, status, fault, plain, headers)
        note_budget(runtime, call, upstream)


def note_budget(runtime: Runtime, call: Call, upstream: Upstream) -> None:
    """Tell the budgets how the last attempt of a call ended; one that was not made tells nothing."""
    last = call.upstream[-1]
    if last.fault not in _UNMADE:
        tokens = (last.tokens_in or 0) + (last.tokens_out or 0)
        runtime.budgets.note(call.live.use, upstream, well=last.fault is None, tokens=tokens)


def note_call(
    call: Call,
    upstream: Upstream,
    begun_ns: int,
    status: int,
    fault: str | None,
    plain: Mapping[str, Any],
    headers: Mapping[str, str] = MappingProxyType({}),
    *,
    embeds: bool = False,
) -> None:
    """Note an attempt in the call's record: time, status, fault, reported model and tokens."""
    found = plain.get("usage")
    usage: Mapping[str, Any] = found if isinstance(found, dict) else {}
    call.upstream.append(
        UpstreamCall(
            component=upstream.id,
            provider=upstream.provider,
            model=upstream.model,
            fingerprint=_recorded_name(str(fingerprint(plain, headers)), upstream.fingerprint),
            status=status,
            fault=fault,
            us=(time.perf_counter_ns() - begun_ns) // 1000,
            tokens_in=_count(usage.get("prompt_tokens")),
            tokens_out=_count(usage.get("completion_tokens")),
            operation="embeddings" if embeds else UNSET,
        )
    )


def check_model(
    call: Call, upstream: Upstream, plain: Mapping[str, Any], headers: Mapping[str, str], *, answers: bool = True
) -> None:
    """Refuse an answer of another model than the released one; the change is a signal that re-assesses the use.

    Every face that calls a model over HTTP asks this. A model that says nothing of itself is not the one expected. What
    names no model and `answers` nothing comes of no model: a gateway's own error is garbage, and no change.
    """
    found = fingerprint(plain, headers)
    if found.matches(upstream.fingerprint):
        return
    if not answers and not str(found):
        raise UpstreamError("neither an answer nor a model's name", where=upstream.id, code="upstream.garbage")
    signal = Signal(use=call.live.use, kind="fingerprint_changed", at=call.at, value=1, of=1, about=upstream.id)
    call.also.append(NewEntry("signal/1", call.live.institution, call.live.use, encode(signal)))
    raise UpstreamError(
        "the upstream reports another model than the one released",
        where=upstream.id,
        expected=str(upstream.fingerprint),
        fix="release and assess the new model",
        code="upstream.fingerprint",
    )


def read_completion(plain: Mapping[str, Any], upstream: Upstream) -> Completion:
    """Read the one choice of a completion; raises UpstreamError for another form, and where it has neither text nor calls."""
    try:
        (choice,) = plain["choices"]
        message = choice["message"]
        text = message.get("content") or ""
        calls = read_calls(message.get("tool_calls"), where="choices[0].message.tool_calls")
    except (KeyError, ValueError, TypeError, AttributeError, FieldError):
        text, calls = None, []
    if type(text) is not str or not (text.strip() or calls):
        raise UpstreamError(
            "not a chat completion", where=upstream.id, expected="choices[0].message", code="upstream.garbage"
        )
    return Completion(text, calls, finish_reason(choice.get("finish_reason"), calls), whole_numbers(plain.get("usage")))


def finish_reason(found: object, calls: Sequence[object] = ()) -> str:
    """Return why an answer ended, in OpenAI's words; an upstream's own words are not passed on."""
    if found == "length":
        return "length"
    if found == "content_filter":
        return "content_filter"
    return "tool_calls" if calls else "stop"


def whole_numbers(usage: object) -> dict[str, int]:
    """Return the tokens of a usage report; an upstream's other members are not passed on."""
    counts = {name: _count(usage.get(name)) for name in _USAGE} if isinstance(usage, dict) else {}
    return {name: count for name, count in counts.items() if count is not None}


def check_status(status: int, where: str) -> None:
    """Raise UpstreamError for another status than 200."""
    if status != 200:  # noqa: PLR2004 - HTTP's own number
        raise UpstreamError(f"status {status}", where=where, expected="200", code="upstream.status")


def read_object(status: int, data: bytes, where: str) -> dict[str, Any]:
    """Return an upstream's answer as the JSON object it must be; raises UpstreamError for whatever else came."""
    check_status(status, where)
    try:
        plain = _decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UpstreamError("not JSON", where=where, code="upstream.garbage") from error
    if type(plain) is not dict:
        raise UpstreamError("not a JSON object", where=where, code="upstream.garbage")
    return plain


def _count(value: object) -> int | None:
    return value if type(value) is int and 0 <= value < _TOKENS_END else None


def _recorded_name(reported: str, expected: str | None) -> str | None:
    """Return a reported model for the ledger, which keeps it for ever: what is not in the form of a name, as its digest."""
    if not reported or (reported == expected and reported.isascii()) or _REPORTED.fullmatch(reported):
        return reported or None
    return f"sha256:{hashlib.sha256(reported.encode('utf-8', 'surrogatepass')).hexdigest()}"
