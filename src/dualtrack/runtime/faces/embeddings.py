"""`POST /v1/embeddings`: texts pass the guards and go to the upstream; vectors come back as they are, checked for form."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, Any

import msgspec

from dualtrack.errors import FieldError, ForbiddenError, RefusedError, UpstreamError
from dualtrack.runtime.faces.chat import deciding
from dualtrack.runtime.faces.chat_upstream import (
    ANSWER_BYTES_MAX,
    check_model,
    note_budget,
    note_call,
    open_chat,
    read_object,
)
from dualtrack.runtime.guards.base import Checked, Piece
from dualtrack.runtime.guards.chain import run_guards

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dualtrack.domain.policy import Upstream
    from dualtrack.runtime.call import Call
    from dualtrack.runtime.engine import Runtime
    from dualtrack.runtime.live import LiveUse
    from dualtrack.runtime.upstream.client import UpstreamClient

__all__ = ["DECIDED", "DIMENSIONS_MAX", "TEXTS_MAX", "embed"]

TEXTS_MAX = 500
"""Texts of one request."""

DIMENSIONS_MAX = 16_384
"""Numbers of one vector: models of today give some thousands. It is the one member that goes up unread, so it holds no words."""

DECIDED = frozenset({"guard.blocked", "outcome.opted-out", "outcome.shadowed"})
"""Codes of refusals that are decisions with a record; any other was made before one."""

_HELD = "permit.held"
_encode = msgspec.json.Encoder(order="sorted").encode


async def embed(
    runtime: Runtime, client: UpstreamClient, live: LiveUse, plain: Mapping[str, Any], body_bytes: int
) -> dict[str, Any]:
    """Return the body of an embeddings answer; raises ForbiddenError where a guard stops it."""
    if body_bytes > live.policy.bounds.body_bytes:
        raise FieldError(
            f"{body_bytes} bytes", where="request body", expected=f"at most {live.policy.bounds.body_bytes}"
        )
    unknown = sorted(set(plain) - {"model", "input", "dimensions", "encoding_format", "user"})
    if unknown or plain.get("encoding_format", "float") not in ("float", "base64"):
        raise FieldError(f"parameter {(unknown or ['encoding_format'])[0][:60]!r}", where="request body")
    dimensions = plain.get("dimensions")
    if dimensions is not None and (type(dimensions) is not int or not 0 < dimensions <= DIMENSIONS_MAX):
        raise FieldError("not a length of vectors", where="field dimensions", expected=f"1 to {DIMENSIONS_MAX}")
    person = plain.get("user")
    if person is not None and type(person) is not str:
        raise FieldError("not a text", where="field user", expected="an identifier of the person")
    if live.policy.opt_out and live.policy.audience == "customers" and person is None:
        raise FieldError(
            "no person", where="field user", fix="send the customer's identifier: opting out is honoured by it"
        )
    found = plain.get("input")
    texts = [found] if type(found) is str else found
    if not isinstance(texts, list) or not 0 < len(texts) <= TEXTS_MAX or not all(type(text) is str for text in texts):
        raise FieldError("no texts", where="field input", expected=f"1 to {TEXTS_MAX} texts")
    if live.review == "hold" and live.mode != "shadow":
        raise ForbiddenError("vectors are not given while outputs are held for review", where=live.use)
    pieces = tuple(Piece("user", text) for text in texts)
    call = await runtime.begin(live, _encode(texts), person=person)
    sent: dict[str, Any] = {"input": await _guarded(runtime, call, pieces), "encoding_format": "float"}
    if dimensions is not None:
        sent["dimensions"] = dimensions
    with call:
        return await _answer(runtime, client, live, call, sent)


async def _guarded(runtime: Runtime, call: Call, pieces: tuple[Piece, ...]) -> list[str]:
    """Return the texts as the guards left them; raises ForbiddenError where one stops them, or the person wants no AI."""
    live, opted_out = call.live, runtime.opted_out(call)
    chain = run_guards(
        live.guards, "input", Checked("input", live.use, live.policy, "en", pieces=pieces, opted_out=opted_out)
    )
    call.verdicts += chain.verdicts
    stopped = opted_out or chain.action in {"block", "route"}
    if live.mode != "observe":
        if "opt_out" in chain.fired and live.policy.opt_out:
            runtime.remember_opt_out(call)
        if stopped:
            guard = deciding(chain)
            record, _, _ = call.end("blocked", code="opted-out" if opted_out else f"guard.{guard}", output=None)
            await call.recorder.record(record, durable=live.durable)
            if opted_out:
                raise ForbiddenError(
                    "this person wants no AI here", where=live.use, fix="go on without vectors of their texts",
                    code="outcome.opted-out",
                )  # fmt: skip
            raise ForbiddenError(f"the guard {guard} stopped it", where=live.use, code="guard.blocked")
    return [piece.text for piece in chain.pieces]


async def _answer(
    runtime: Runtime, client: UpstreamClient, live: LiveUse, call: Call, sent: dict[str, Any]
) -> dict[str, Any]:
    if live.durable:
        await call.recorder.record(call.intent(), durable=True)
    begun_ns = time.perf_counter_ns()
    vectors, fault = await _ask_in_order(runtime, client, call, sent)
    call.upstream_us = (time.perf_counter_ns() - begun_ns) // 1000
    if vectors is None or not runtime.gate.still(live):
        held = fault is None or fault == _HELD
        record, _, _ = call.end("stopped" if held else "failed", code=_HELD if held else fault, output=None)
        await call.recorder.record(record, durable=live.durable)
        if held:
            raise RefusedError(
                "it was put on hold, or its permit ended, while the model was asked", where=live.use,
                fix="ask who set the hold", code=_HELD,
            )  # fmt: skip
        raise UpstreamError("no vectors", where=live.use, fix="see the decision's record", code="upstream.none")
    shadow = live.mode == "shadow"
    record, _, _ = call.end("shadowed" if shadow else "served", code=None, output=_encode(vectors))
    await call.recorder.record(record, durable=live.durable)
    if shadow:
        raise ForbiddenError(
            "recorded, and given to nobody: the permit is for shadow mode", where=live.use,
            fix="go on with the vectors you have", code="outcome.shadowed",
        )  # fmt: skip
    data = [{"object": "embedding", "index": index, "embedding": vector} for index, vector in enumerate(vectors)]
    usage = {"prompt_tokens": 0, "total_tokens": 0}
    about = {"decision": call.id, "outcome": "served", "mode": live.mode}
    return {"object": "list", "data": data, "model": live.use, "usage": usage, "dualtrack": about}


async def _ask_in_order(
    runtime: Runtime, client: UpstreamClient, call: Call, sent: dict[str, Any]
) -> tuple[list[list[float]] | None, str | None]:
    """Ask the chain's models one after another; returns vectors, or why there are none: no fault where a hold came."""
    fault: str | None = "upstream.none"
    for upstream in call.live.upstreams:
        if upstream.kind != "openai":
            continue
        if not runtime.gate.still(call.live):
            return None, None
        vectors, fault = await _ask(runtime, client, upstream, call, sent)
        if vectors is not None:
            return vectors, None
    return None, fault


async def _ask(
    runtime: Runtime, client: UpstreamClient, upstream: Upstream, call: Call, sent: dict[str, Any]
) -> tuple[list[list[float]] | None, str | None]:
    """Return the vectors of one upstream, or its fault; the attempt is noted in the call."""
    begun_ns, status = time.perf_counter_ns(), 0
    plain: dict[str, Any] = {}
    headers: Mapping[str, str] = {}
    vectors, fault = None, None
    try:
        response = await open_chat(
            runtime, client, call.live, upstream, {**sent, "model": upstream.model}, "/embeddings"
        )
        status, headers = response.status, response.headers
        async with response:
            plain = read_object(status, await response.read(ANSWER_BYTES_MAX), upstream.id)
        check_model(call, upstream, plain, headers, answers="data" in plain)
        vectors = _vectors(plain, len(sent["input"]), upstream.id)
    except UpstreamError as error:
        fault = getattr(error, "fault", None) or error.code
    note_call(call, upstream, begun_ns, status, fault, plain, headers, embeds=True)
    note_budget(runtime, call, upstream)
    return vectors, fault


def _vectors(plain: dict[str, Any], count: int, where: str) -> list[list[float]]:
    """Read vectors of one length, all finite; raises UpstreamError otherwise."""
    try:
        vectors = [[float(value) for value in item["embedding"]] for item in plain["data"]]
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise UpstreamError("no embeddings", where=where, code="upstream.garbage") from error
    same = len({len(vector) for vector in vectors}) == 1
    if len(vectors) != count or not same or not all(math.isfinite(value) for vector in vectors for value in vector):
        raise UpstreamError("embeddings of another number or length", where=where, code="upstream.garbage")
    return vectors
