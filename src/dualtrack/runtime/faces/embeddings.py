"""`POST /v1/embeddings`: texts pass the guards and go to the upstream; vectors come back as they are, checked for form."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, Any

import msgspec

from dualtrack.errors import FieldError, ForbiddenError, UpstreamError
from dualtrack.runtime.faces.chat import deciding
from dualtrack.runtime.faces.chat_upstream import ANSWER_BYTES_MAX, note_budget, note_call, open_chat
from dualtrack.runtime.guards.base import Checked, Piece
from dualtrack.runtime.guards.chain import run_guards

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dualtrack.runtime.call import Call
    from dualtrack.runtime.engine import Runtime
    from dualtrack.runtime.live import LiveUse
    from dualtrack.runtime.upstream.client import UpstreamClient

__all__ = ["TEXTS_MAX", "embed"]

TEXTS_MAX = 500
"""Texts of one request."""

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
    person = plain.get("user")
    if person is not None and type(person) is not str:
        raise FieldError("not a text", where="field user", expected="an identifier of the person")
    found = plain.get("input")
    texts = [found] if type(found) is str else found
    if not isinstance(texts, list) or not 0 < len(texts) <= TEXTS_MAX or not all(type(text) is str for text in texts):
        raise FieldError("no texts", where="field input", expected=f"1 to {TEXTS_MAX} texts")
    if live.review == "hold" and live.mode != "shadow":
        raise ForbiddenError("vectors are not given while outputs are held for review", where=live.use)
    pieces = tuple(Piece("user", text) for text in texts)
    call = await runtime.begin(live, _encode(texts), person=person)
    chain = run_guards(live.guards, "input", Checked("input", live.use, live.policy, "en", pieces=pieces))
    call.verdicts += chain.verdicts
    if chain.action in {"block", "route"} and live.mode != "observe":
        record, _, _ = call.end("blocked", code=f"guard.{deciding(chain)}", output=None)
        await call.recorder.record(record, durable=live.durable)
        raise ForbiddenError(f"the guard {deciding(chain)} stopped it", where=live.use, code="guard.blocked")
    sent = {"input": [piece.text for piece in chain.pieces], "encoding_format": "float"}
    if "dimensions" in plain:
        sent["dimensions"] = plain["dimensions"]
    with call:
        return await _answer(runtime, client, live, call, sent)


async def _answer(
    runtime: Runtime, client: UpstreamClient, live: LiveUse, call: Call, sent: dict[str, Any]
) -> dict[str, Any]:
    if live.durable:
        await call.recorder.record(call.intent(), durable=True)
    upstream = next((item for item in live.upstreams if item.kind == "openai"), None)
    begun_ns, status, vectors = time.perf_counter_ns(), 0, None
    plain: dict[str, Any] = {}
    fault: str | None = "upstream.none"
    if upstream is not None:
        try:
            response = await open_chat(
                runtime, client, live.use, upstream, {**sent, "model": upstream.model}, "/embeddings"
            )
            status = response.status
            async with response:
                plain = _object(status, await response.read(ANSWER_BYTES_MAX), upstream.id)
                vectors = _vectors(plain, len(sent["input"]), upstream.id)
            fault = None
        except UpstreamError as error:
            fault = getattr(error, "fault", None) or error.code
        note_call(call, upstream, begun_ns, status, fault, plain)
        note_budget(runtime, call, upstream)
    if vectors is None or not runtime.gate.still(live):
        code = fault or "permit.held"
        record, _, _ = call.end("failed" if fault else "stopped", code=code, output=None)
        await call.recorder.record(record, durable=live.durable)
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
    return {"object": "list", "data": data, "model": live.use, "usage": {"prompt_tokens": 0, "total_tokens": 0}}


def _object(status: int, data: bytes, where: str) -> dict[str, Any]:
    try:
        plain = msgspec.json.decode(data) if status == 200 else None  # noqa: PLR2004 - HTTP's own number
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UpstreamError("no embeddings", where=where, code="upstream.garbage") from error
    if not isinstance(plain, dict):
        raise UpstreamError("no embeddings", where=where, code="upstream.garbage")
    return plain


def _vectors(plain: dict[str, Any], count: int, where: str) -> list[list[float]]:
    """Read vectors of one length, all finite; raises UpstreamError otherwise."""
    try:
        vectors = [[float(value) for value in item["embedding"]] for item in plain["data"]]
    except (KeyError, TypeError, ValueError) as error:
        raise UpstreamError("no embeddings", where=where, code="upstream.garbage") from error
    same = len({len(vector) for vector in vectors}) == 1
    if len(vectors) != count or not same or not all(math.isfinite(value) for vector in vectors for value in vector):
        raise UpstreamError("embeddings of another number or length", where=where, code="upstream.garbage")
    return vectors
