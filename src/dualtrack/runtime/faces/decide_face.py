"""`POST /v1/decide/{use}`: one row in, a decision with its reasons out. The model runs here or behind an HTTP endpoint."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, cast

import msgspec

from dualtrack.errors import DualtrackError, FieldError, UpstreamError
from dualtrack.runtime.answers import answer_path
from dualtrack.runtime.decide import Ended, Scoring, check_row, conclude_row, fail_row, held
from dualtrack.runtime.faces.asgi import header, read_json
from dualtrack.runtime.faces.chat_upstream import check_model, note_budget, note_call, read_object, while_open
from dualtrack.runtime.guards.tipping_off import without_suspicion
from dualtrack.runtime.reasons import directed
from dualtrack.runtime.upstream.limits import timeouts_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dualtrack.domain.policy import Upstream
    from dualtrack.domain.records import Text
    from dualtrack.runtime.call import Answer, Call, Language
    from dualtrack.runtime.engine import Runtime
    from dualtrack.runtime.live import LiveUse
    from dualtrack.runtime.upstream.client import UpstreamClient

__all__ = ["ANSWER_BYTES_MAX", "DecideRequest", "answer_body", "decide_over_http", "language_of", "read_request"]

ANSWER_BYTES_MAX = 1 << 20
"""Largest answer of a scoring endpoint: a score and a page of reasons."""

_HELD = "permit.held"
_encode = msgspec.json.Encoder(order="sorted").encode


class DecideRequest(msgspec.Struct, forbid_unknown_fields=True):
    """The body: the row, whom it is about, the language of the answer, the release that the caller believes in."""

    input: dict[str, Any]
    person: str | None = None
    language: str | None = None
    release: str | None = None
    baseline: Any = None


def read_request(body: bytes) -> DecideRequest:
    """Read the body of a decision; raises FieldError naming the field."""
    try:
        return msgspec.convert(read_json(body), DecideRequest, strict=True)
    except msgspec.ValidationError as error:
        raise FieldError(str(error), where="request body", expected='{"input": {…}, "person": …}') from error


def language_of(named: str | None, accept: str | None) -> Language:
    """Return the language asked for: by field, else by the header, else English."""
    if named is not None and named not in {"en", "zh-Hant"}:
        raise FieldError(f"language {named[:20]!r}", where="field language", expected="en or zh-Hant")
    wanted = named or (accept or "en").partition(",")[0].strip()
    return "zh-Hant" if wanted.lower().startswith("zh") else "en"


async def decide_over_http(
    runtime: Runtime, client: UpstreamClient, use: str, body: bytes, scope: Mapping[str, Any]
) -> tuple[Answer, Language]:
    """Decide one row; returns the answer and its language. Errors as `runtime.decide.decide`."""
    asked = read_request(body)
    live = runtime.gate.enter(use, asked.release, standby=True)
    if len(body) > live.policy.bounds.body_bytes:
        raise FieldError(
            f"{len(body)} bytes", where="request body", expected=f"at most {live.policy.bounds.body_bytes}"
        )
    language = language_of(asked.language, header(cast("Any", scope), b"accept-language"))
    content = _encode(without_suspicion(live.policy, asked.input))
    call = await runtime.begin(live, content, person=asked.person, language=language)
    with call:
        checked = check_row(runtime, call, asked.input, baseline=asked.baseline)
        if isinstance(checked, Ended):
            ended = checked
        else:
            row = checked.row or {}
            ended = await _score(runtime, client, live, call, row, asked.baseline)
        await call.recorder.record(ended.record, durable=live.durable)
    return ended.answer, language


async def _score(
    runtime: Runtime, client: UpstreamClient, live: LiveUse, call: Call, row: Mapping[str, Any], baseline: object
) -> Ended:
    begun_ns = time.perf_counter_ns()
    fault: BaseException | None = None
    for upstream in live.upstreams:
        try:
            if upstream.kind == "python":
                while_open(runtime, live)
                found = _here(runtime, live, row)
            elif upstream.kind == "http":
                if live.durable and not call.intended:
                    await call.recorder.record(call.intent(), durable=True)
                while_open(runtime, live)
                found = await _ask(runtime, client, upstream, call, row)
            else:
                continue
        except UpstreamError as error:
            fault = error
            if error.code == _HELD:
                break
            continue
        except DualtrackError:
            raise  # what runs is not what was released: a refusal, which no rule stands in for
        except Exception as error:  # noqa: BLE001 - a model of any origin may raise anything; its kind is recorded
            fault = error
            continue
        call.upstream_us = (time.perf_counter_ns() - begun_ns) // 1000
        return conclude_row(runtime, call, row, found, baseline=baseline)
    call.upstream_us = (time.perf_counter_ns() - begun_ns) // 1000
    if fault is None:
        fault = held(live) if live.standby else UpstreamError("no model of this use can score a row", where=live.use)
    return fail_row(runtime, call, fault, row=row, baseline=baseline)


def _here(runtime: Runtime, live: LiveUse, row: Mapping[str, Any]) -> Scoring:
    model = runtime.models.of(live)
    scored = model.score(row)
    says: Mapping[str, Text] = model.says
    reasons = tuple(directed(says.get(name, name), raised=points > 0) for name, points in scored.reasons)
    return Scoring(scored.output, reasons)


async def _ask(
    runtime: Runtime, client: UpstreamClient, upstream: Upstream, call: Call, row: Mapping[str, Any]
) -> Scoring:
    """Send the row to a scoring endpoint: `{"input": …}` out, `{"output": …, "reasons": […]}` back.

    Its model is known by the members `model` and `version` of the answer, or by its headers.
    """
    begun_ns = time.perf_counter_ns()
    status, fault = 0, None
    headers: Mapping[str, str] = {}
    reported: dict[str, object] = {}
    try:
        await runtime.budgets.admit(call.live.use, upstream)
        while_open(runtime, call.live)
        response = await client.send(
            "POST", str(upstream.url), runtime.headers_of(upstream), _encode({"input": row}), timeouts_of(upstream),
            repeatable=True, allowed=lambda: while_open(runtime, call.live),
        )  # fmt: skip
        status, headers = response.status, response.headers
        async with response:
            data = await response.read(ANSWER_BYTES_MAX)
        found = read_object(status, data, str(upstream.url))
        reported = {"model": found.get("model"), "system_fingerprint": found.get("version")}
        check_model(call, upstream, reported, headers, answers="output" in found)
        return _scoring(found, str(upstream.url))
    except UpstreamError as error:
        fault = getattr(error, "fault", None) or error.code
        raise
    finally:
        note_call(call, upstream, begun_ns, status, fault, reported, headers)
        note_budget(runtime, call, upstream)


def _scoring(found: Mapping[str, Any], where: str) -> Scoring:
    if "output" not in found:
        raise UpstreamError("no output", where=where, expected='{"output": …, "reasons": […]}', code="upstream.garbage")
    reasons = found.get("reasons", [])
    if not isinstance(reasons, list) or not all(isinstance(item, str) for item in reasons):
        raise UpstreamError("reasons are not texts", where=where, expected="a list of texts", code="upstream.garbage")
    return Scoring(found["output"], tuple(reasons))


def answer_body(answer: Answer, language: Language) -> dict[str, object]:
    """Return an answer as JSON data: what is empty is left out, texts in the language of the call."""

    def said(text: Text | None) -> str | None:
        return None if text is None else text.zh if language == "zh-Hant" else text.en

    body = {
        "decision": answer.decision,
        "outcome": answer.outcome,
        "output": answer.output,
        "reasons": list(answer.reasons),
        "receipt": answer.receipt,
        "mode": answer.mode,
        "durability": answer.durability,
        "disclosure": said(answer.disclosure),
        "message": said(answer.message),
        "human": said(answer.human),
        "review": answer.review,
        "answer_path": answer_path(answer.decision) if answer.outcome == "routed" and answer.review else None,
        "code": answer.code,
    }
    return {name: value for name, value in body.items() if value is not None or name == "output"}
