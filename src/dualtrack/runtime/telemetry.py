"""A decision as trace spans and measurements: the names of OpenTelemetry's conventions for generative AI, in this one module.

The gate's own span is INTERNAL and named in our namespace; a call to a language model is its child, CLIENT, with the names of
the conventions. To score a row is no generative AI: such a call has our names alone. Tools are run by who asked, not here, so
there is no span of one. All is made from records after they were written, never on the way of a call, and holds no content and
no person: not a pseudonym, not a receipt; whoever may look finds the decision by its id.
Sources and figures: `data/telemetry.yaml`.
"""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Literal, NamedTuple
from urllib.parse import urlsplit

from dualtrack.domain.documents import read_yaml
from dualtrack.domain.fallback import RULES_COMPONENT
from dualtrack.domain.records import Record, read_record
from dualtrack.domain.time import parse_instant

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dualtrack.domain.decision import Decision, UpstreamCall
    from dualtrack.domain.policy import Upstream

__all__ = [
    "ERROR_TYPE",
    "INPUT_TOKENS",
    "OPERATION",
    "OPERATION_DURATION",
    "OUTPUT_TOKENS",
    "PROVIDER",
    "REQUEST_MODEL",
    "RESPONSE_ID",
    "RESPONSE_MODEL",
    "SERVER_ADDRESS",
    "SERVER_PORT",
    "TOKEN_TYPE",
    "TOKEN_USAGE",
    "DecisionSpan",
    "Face",
    "Measured",
    "TelemetrySettings",
    "face_of",
    "measures_of",
    "span_of",
    "telemetry_settings",
]

OPERATION = "gen_ai.operation.name"
PROVIDER = "gen_ai.provider.name"
REQUEST_MODEL = "gen_ai.request.model"
RESPONSE_MODEL = "gen_ai.response.model"
RESPONSE_ID = "gen_ai.response.id"
INPUT_TOKENS = "gen_ai.usage.input_tokens"
OUTPUT_TOKENS = "gen_ai.usage.output_tokens"
TOKEN_TYPE = "gen_ai.token.type"  # noqa: S105 - a name of the conventions, no secret
OPERATION_DURATION = "gen_ai.client.operation.duration"
TOKEN_USAGE = "gen_ai.client.token.usage"  # noqa: S105 - as above
ERROR_TYPE = "error.type"
SERVER_ADDRESS = "server.address"
SERVER_PORT = "server.port"

Face = Literal["chat", "embeddings", "decide", "unknown"]
"""Which face was called. Unknown is a decision of an old policy that is no longer found."""

_Value = str | int | bool | tuple[str, ...]
_OF_KIND = {"openai": "chat", "http": "score", "python": "score", "extractive": "quote"}
_FACE_OF: dict[str, Face] = {"openai": "chat", "extractive": "chat", "http": "decide", "python": "decide"}
_GENERATIVE = frozenset({"chat", "embeddings"})
_SYSTEM_PREFIX = "fp_"


class TelemetrySettings(Record, frozen=True):
    """The version of the conventions, their advised bounds of histograms, and well-known providers by a policy's names."""

    checked_on: str
    schema_url: str
    duration_buckets_s: list[float]
    token_buckets: list[float]
    decision_buckets_s: list[float]
    providers: dict[str, str]


class DecisionSpan(NamedTuple):
    """A span: its name and kind, start and end in nanoseconds of Unix time, whether it failed, attributes, and children."""

    name: str
    kind: Literal["INTERNAL", "CLIENT"]
    start_ns: int
    end_ns: int
    failed: bool
    attributes: Mapping[str, _Value]
    children: tuple[DecisionSpan, ...] = ()


class Measured(NamedTuple):
    """One value of a histogram, by the histogram's name."""

    name: str
    value: float
    attributes: Mapping[str, _Value]


@cache
def telemetry_settings() -> TelemetrySettings:
    """Return the shipped figures."""
    data = (resources.files("dualtrack.runtime") / "data" / "telemetry.yaml").read_bytes()
    return read_record(read_yaml(data, where="telemetry.yaml"), TelemetrySettings, where="telemetry.yaml")


def face_of(record: Decision, upstreams: Mapping[str, Upstream]) -> Face:
    """Return which face a decision came by: what was called says it, else what its policy would have called."""
    if any(call.operation == "embeddings" for call in record.upstream):
        return "embeddings"
    called = [upstreams[call.component] for call in record.upstream if call.component in upstreams]
    first = next(iter(called or upstreams.values()), None)
    return _FACE_OF[first.kind] if first is not None else "unknown"


def span_of(record: Decision, upstreams: Mapping[str, Upstream]) -> DecisionSpan:
    """Return the span of a decision with one child for each call; `upstreams` are its policy's by their id, empty if unknown."""
    start_ns = int(parse_instant(record.at).timestamp() * 1e6) * 1_000
    begun_us, children = record.timing.input_us, []
    answered = next((call for call in reversed(record.upstream) if call.fault is None), None)
    for call in record.upstream:
        reply = f"chatcmpl-{record.id}" if call is answered else None
        children.append(_call(call, upstreams.get(call.component), start_ns + begun_us * 1_000, reply))
        begun_us += call.us
    fired = sorted({verdict.guard for verdict in record.guards if verdict.fired})
    face, failed = face_of(record, upstreams), record.outcome == "failed"
    attributes: dict[str, _Value] = {
        "dualtrack.operation": face,
        "dualtrack.decision": record.id,
        "dualtrack.use": record.use,
        "dualtrack.release": record.release,
        "dualtrack.mode": record.mode,
        "dualtrack.outcome": record.outcome,
        "dualtrack.durability": record.durability,
        "dualtrack.guards.fired": tuple(fired),
    }
    attributes |= _there({"dualtrack.permit": record.permit, "dualtrack.code": record.code})
    attributes |= {ERROR_TYPE: record.code or "failed"} if failed else {}
    end_ns = start_ns + record.timing.total_us * 1_000
    return DecisionSpan(f"{face} {record.use}", "INTERNAL", start_ns, end_ns, failed, attributes, tuple(children))


def measures_of(record: Decision, upstreams: Mapping[str, Upstream]) -> list[Measured]:
    """Return what a decision adds to the histograms: of each call to a language model, and of the decision whole."""
    found = []
    for call in record.upstream:
        upstream = upstreams.get(call.component)
        if _operation(call, upstream) not in _GENERATIVE:
            continue
        common = _model(call, upstream) | _server(upstream) | {"dualtrack.use": record.use}
        failure = _there({ERROR_TYPE: call.fault})
        found.append(Measured(OPERATION_DURATION, call.us / 1e6, common | failure))
        for kind, tokens in (("input", call.tokens_in), ("output", call.tokens_out)):
            if tokens is not None:
                found.append(Measured(TOKEN_USAGE, tokens, common | {TOKEN_TYPE: kind}))
    whole: dict[str, _Value] = {
        "dualtrack.operation": face_of(record, upstreams),
        "dualtrack.use": record.use,
        "dualtrack.outcome": record.outcome,
        "dualtrack.mode": record.mode,
    }
    return [*found, Measured("dualtrack.decision.duration", record.timing.total_us / 1e6, whole)]


def _call(call: UpstreamCall, upstream: Upstream | None, start_ns: int, reply: str | None) -> DecisionSpan:
    """Return the span of one call. `reply` is the id under which the caller got its answer; a provider's own is not kept."""
    operation = _operation(call, upstream)
    attributes = _there({"dualtrack.component": call.component, ERROR_TYPE: call.fault})
    remote = upstream is None or upstream.kind in {"openai", "http"}
    name = f"{operation} {call.component}"
    if operation in _GENERATIVE:
        name = f"{operation} {call.model}" if call.model else operation
        chat = operation == "chat"
        attributes |= _model(call, upstream) | _there(
            {INPUT_TOKENS: call.tokens_in, OUTPUT_TOKENS: call.tokens_out, RESPONSE_ID: reply if chat else None}
        )
    else:
        attributes |= {"dualtrack.operation": operation, "dualtrack.provider": call.provider}
    attributes |= _server(upstream) | _there({"dualtrack.fingerprint": call.fingerprint})
    kind: Literal["INTERNAL", "CLIENT"] = "CLIENT" if remote and operation != "rule" else "INTERNAL"
    return DecisionSpan(name, kind, start_ns, start_ns + call.us * 1_000, call.fault is not None, attributes)


def _operation(call: UpstreamCall, upstream: Upstream | None) -> str:
    if call.operation == "embeddings":
        return "embeddings"
    if upstream is not None:
        return _OF_KIND[upstream.kind]
    return "rule" if call.component == RULES_COMPONENT else "call"


def _model(call: UpstreamCall, upstream: Upstream | None) -> dict[str, _Value]:
    provider = telemetry_settings().providers.get(call.provider, call.provider)
    answered = _response_model(call.model, call.fingerprint)
    return {OPERATION: _operation(call, upstream), PROVIDER: provider} | _there(
        {REQUEST_MODEL: call.model, RESPONSE_MODEL: answered}
    )


def _response_model(asked: str | None, fingerprint: str | None) -> str | None:
    """Return the model's name out of `model/system`; None where names hold strokes themselves, so that nobody can tell."""
    if fingerprint is None or "/" not in fingerprint:
        return fingerprint
    if asked is not None and (fingerprint == asked or fingerprint.startswith(f"{asked}/")):
        return asked
    model, _, system = fingerprint.rpartition("/")
    return model if system.startswith(_SYSTEM_PREFIX) else None


def _server(upstream: Upstream | None) -> dict[str, _Value]:
    """Return where a model answers: host and port of the policy's address, never its path."""
    if upstream is None or upstream.url is None:
        return {}
    parts = urlsplit(upstream.url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return {SERVER_ADDRESS: parts.hostname, SERVER_PORT: port} if parts.hostname else {}


def _there(values: Mapping[str, _Value | None]) -> dict[str, _Value]:
    return {name: value for name, value in values.items() if value is not None}
