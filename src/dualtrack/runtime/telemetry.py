"""A decision as a trace span: the names of OpenTelemetry's conventions for generative AI, in this one module.

Spans are made from records after they were written, never on the way of a call. They hold no content and no person: not
a pseudonym, not a receipt; whoever may look finds the decision by its id.
Source: OpenTelemetry semantic conventions 1.37.0, generative AI (in development there, so the names may change; when
they do, this module and SCHEMA_URL change together).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from dualtrack.domain.time import parse_instant

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dualtrack.domain.decision import Decision, UpstreamCall

__all__ = [
    "INPUT_TOKENS",
    "OPERATION",
    "OUTPUT_TOKENS",
    "PROVIDER",
    "REQUEST_MODEL",
    "RESPONSE_ID",
    "SCHEMA_URL",
    "DecisionSpan",
    "span_of",
]

SCHEMA_URL = "https://opentelemetry.io/schemas/1.37.0"
"""The version of the conventions that the names are of."""

OPERATION = "gen_ai.operation.name"
PROVIDER = "gen_ai.provider.name"
REQUEST_MODEL = "gen_ai.request.model"
RESPONSE_ID = "gen_ai.response.id"
INPUT_TOKENS = "gen_ai.usage.input_tokens"
OUTPUT_TOKENS = "gen_ai.usage.output_tokens"

_Value = str | int | bool


class DecisionSpan(NamedTuple):
    """A span: its name, its start and end in nanoseconds of Unix time, whether it failed, attributes, and its children."""

    name: str
    start_ns: int
    end_ns: int
    failed: bool
    attributes: Mapping[str, _Value]
    children: tuple[DecisionSpan, ...] = ()


def span_of(record: Decision) -> DecisionSpan:
    """Return the span of a decision with one child for each call to an upstream."""
    start_ns = int(parse_instant(record.at).timestamp() * 1e6) * 1_000
    begun_us, children = record.timing.input_us, []
    for call in record.upstream:
        children.append(_call(call, start_ns + begun_us * 1_000))
        begun_us += call.us
    fired = sorted({verdict.guard for verdict in record.guards if verdict.fired})
    attributes: dict[str, _Value] = {
        OPERATION: "invoke_agent" if record.upstream else "decide",
        RESPONSE_ID: record.id,
        "dualtrack.use": record.use,
        "dualtrack.release": record.release,
        "dualtrack.mode": record.mode,
        "dualtrack.outcome": record.outcome,
        "dualtrack.durability": record.durability,
        "dualtrack.guards.fired": ",".join(fired),
    }
    if record.permit is not None:
        attributes["dualtrack.permit"] = record.permit
    if record.code is not None:
        attributes["error.type"] = record.code
    end_ns = start_ns + record.timing.total_us * 1_000
    failed = record.outcome == "failed"
    return DecisionSpan(f"decide {record.use}", start_ns, end_ns, failed, attributes, tuple(children))


def _call(call: UpstreamCall, start_ns: int) -> DecisionSpan:
    attributes: dict[str, _Value] = {OPERATION: "chat", PROVIDER: call.provider, "dualtrack.component": call.component}
    optional: dict[str, _Value | None] = {
        REQUEST_MODEL: call.model,
        INPUT_TOKENS: call.tokens_in,
        OUTPUT_TOKENS: call.tokens_out,
        "error.type": call.fault,
    }
    attributes |= {name: value for name, value in optional.items() if value is not None}
    name = f"chat {call.model}" if call.model else "chat"
    return DecisionSpan(name, start_ns, start_ns + call.us * 1_000, call.fault is not None, attributes)
