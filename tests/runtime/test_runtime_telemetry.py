"""Spans and measurements of decisions: names as the conventions have them, times that add up, and nobody in them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from opentelemetry.semconv._incubating.attributes import gen_ai_attributes
from opentelemetry.semconv._incubating.metrics import gen_ai_metrics
from opentelemetry.semconv.attributes import error_attributes, server_attributes
from opentelemetry.semconv.schemas import Schemas

from dualtrack.domain.decision import UpstreamCall, encode_decision
from dualtrack.domain.policy import Upstream
from dualtrack.errors import StoreError
from dualtrack.runtime import telemetry, telemetry_export
from dualtrack.runtime.decide import Scoring, decide
from dualtrack.runtime.decisions import DecisionFilter, get_decision, search_decisions
from dualtrack.runtime.ids import id_number, new_id
from dualtrack.runtime.telemetry import Measured, face_of, measures_of, span_of, telemetry_settings
from dualtrack.runtime.telemetry_export import KnownUpstreams, Telemetry, metrics_address, otlp_sender
from runtime.runtime_world import FIRM, USE, World

PERSON = "C-1024"
SECRET_PATH = "/tenant/very-private"
UPSTREAMS = {
    item.id: item
    for item in (
        Upstream("model", "openai", "azure-openai", url=f"https://model.example:8443{SECRET_PATH}", model="m-1"),
        Upstream("spare", "openai", "in-house", url="http://spare.example/v1", model="m-2"),
        Upstream("card", "http", "bureau", url="https://score.example/"),
        Upstream("quotes", "extractive", "us"),
    )
}


@pytest.fixture(scope="module")
def runtime(tmp_path_factory):
    world = World(tmp_path_factory.mktemp("telemetry"))
    world.permit()
    with world.open() as found:
        yield found
    world.close()


def decided(runtime):
    answer = decide(runtime, USE, {"late": 2}, lambda _row: Scoring(0.5), person=PERSON)
    while runtime.recorders[FIRM].waiting:
        pass
    (line,) = search_decisions(runtime.registers[FIRM], DecisionFilter(), limit=1)
    return answer, get_decision(runtime.registers[FIRM], line.id).record


def call(component, *, fault=None, tokens=(12, 34), **more):
    upstream = UPSTREAMS.get(component)
    provider, model = (upstream.provider, upstream.model) if upstream else ("policy", None)
    plain = UpstreamCall(component, provider, model, None, 0 if fault else 200, fault, 500, *tokens)
    return msgspec.structs.replace(plain, **more)


def with_calls(record, *calls, **more):
    return msgspec.structs.replace(record, upstream=list(calls), **more)


def test_names_are_those_of_the_conventions():
    ours = {getattr(telemetry, name) for name in telemetry.__all__ if name.isupper()}
    theirs = {
        value
        for module in (gen_ai_attributes, gen_ai_metrics, error_attributes, server_attributes)
        for name, value in vars(module).items()
        if name.isupper()
    }
    assert ours <= theirs
    assert len(ours) == 13
    settings = telemetry_settings()
    assert settings.schema_url in {item.value for item in Schemas}
    assert set(settings.providers.values()) <= {item.value for item in gen_ai_attributes.GenAiProviderNameValues}
    operations = {item.value for item in gen_ai_attributes.GenAiOperationNameValues}
    assert operations >= telemetry._GENERATIVE
    for bounds in (settings.duration_buckets_s, settings.token_buckets, settings.decision_buckets_s):
        assert bounds == sorted(set(bounds))


def test_a_span_of_a_row_holds_times_and_nobody_and_no_name_of_generative_ai(runtime):
    answer, record = decided(runtime)
    span = span_of(record, KnownUpstreams().of(runtime.registers[FIRM], record))
    assert (span.name, span.kind) == (f"decide {USE}", "INTERNAL")
    assert span.end_ns - span.start_ns == record.timing.total_us * 1000
    assert span.attributes["dualtrack.outcome"] == "served"
    assert span.attributes["dualtrack.decision"] == record.id
    text = str((span, measures_of(record, {})))
    assert "gen_ai" not in text
    for personal in (PERSON, record.subject, record.receipt, answer.receipt, record.input):
        assert personal not in text


def test_calls_to_models_are_clients_and_children_with_their_tokens(runtime):
    _, record = decided(runtime)
    calls = [call("model", fault="connect-timeout", tokens=(None, None)), call("spare", fingerprint="m-2-0613/fp_9")]
    span = span_of(with_calls(record, *calls), UPSTREAMS)
    first, second = span.children
    assert span.name == f"chat {USE}"
    assert (first.name, first.kind, first.failed) == ("chat m-1", "CLIENT", True)
    assert first.attributes == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "azure.ai.openai",
        "gen_ai.request.model": "m-1",
        "error.type": "connect-timeout",
        "server.address": "model.example",
        "server.port": 8443,
        "dualtrack.component": "model",
    }
    assert second.start_ns == first.end_ns
    found = {name: second.attributes[name] for name in (telemetry.INPUT_TOKENS, telemetry.OUTPUT_TOKENS)}
    assert found == {"gen_ai.usage.input_tokens": 12, "gen_ai.usage.output_tokens": 34}
    assert second.attributes[telemetry.RESPONSE_ID] == f"chatcmpl-{record.id}"
    assert second.attributes[telemetry.RESPONSE_MODEL] == "m-2-0613"
    assert second.attributes[telemetry.SERVER_PORT] == 80
    assert SECRET_PATH not in str(span)


def test_what_is_no_generative_ai_has_our_names_alone(runtime):
    _, record = decided(runtime)
    for name, operation, kind in (
        ("card", "score", "CLIENT"),
        ("quotes", "quote", "INTERNAL"),
        (telemetry.RULES_COMPONENT, "rule", "INTERNAL"),
        ("gone", "call", "CLIENT"),
    ):
        other = with_calls(record, call(name, tokens=(None, None)))
        (child,) = span_of(other, UPSTREAMS).children
        assert (child.kind, child.attributes["dualtrack.operation"]) == (kind, operation)
        assert "gen_ai" not in str((child, measures_of(other, UPSTREAMS)))


def test_the_face_is_known_by_what_was_called_else_by_the_policy(runtime):
    _, record = decided(runtime)
    assert face_of(with_calls(record, call("model", operation="embeddings")), UPSTREAMS) == "embeddings"
    assert face_of(with_calls(record, call("card")), UPSTREAMS) == "decide"
    assert face_of(record, {"spare": UPSTREAMS["spare"]}) == "chat"
    assert face_of(record, {}) == "unknown"
    (child,) = span_of(with_calls(record, call("model", operation="embeddings")), UPSTREAMS).children
    assert child.name == "embeddings m-1"
    assert telemetry.RESPONSE_ID not in child.attributes


@pytest.mark.parametrize(
    ("asked", "fingerprint", "model"),
    [
        ("m", None, None), ("m", "m-2", "m-2"), ("m", "m/sys", "m"), ("a/b", "a/b", "a/b"), ("a/b", "a/b/sys", "a/b"),
        ("m", "m-2/fp_1", "m-2"), ("m", "a/b", None), (None, "a/b/fp_1", "a/b"),
    ],
)  # fmt: skip
def test_the_answering_model_is_named_where_it_can_be_told(asked, fingerprint, model):
    assert telemetry._response_model(asked, fingerprint) == model


def test_measurements_are_of_each_call_and_of_the_decision(runtime):
    _, record = decided(runtime)
    timed, tokens_in, tokens_out, failed, whole = measures_of(
        with_calls(record, call("spare"), call("model", fault="reset", tokens=(None, None))), UPSTREAMS
    )
    common = {
        "gen_ai.operation.name": "chat", "gen_ai.provider.name": "in-house", "gen_ai.request.model": "m-2",
        "server.address": "spare.example", "server.port": 80, "dualtrack.use": USE,
    }  # fmt: skip
    assert timed == Measured("gen_ai.client.operation.duration", 0.0005, common)
    assert tokens_in == Measured("gen_ai.client.token.usage", 12, common | {"gen_ai.token.type": "input"})
    assert tokens_out == Measured("gen_ai.client.token.usage", 34, common | {"gen_ai.token.type": "output"})
    assert failed.attributes["error.type"] == "reset"
    assert whole.name == "dualtrack.decision.duration"
    assert whole.value == record.timing.total_us / 1e6


def test_a_decision_that_failed_says_of_what(runtime):
    _, record = decided(runtime)
    failed = span_of(msgspec.structs.replace(record, outcome="failed", code="upstream.none"), {})
    blocked = span_of(msgspec.structs.replace(record, outcome="blocked", code="guard.injection"), {})
    assert (failed.failed, failed.attributes["error.type"]) == (True, "upstream.none")
    assert not blocked.failed
    assert "error.type" not in blocked.attributes
    assert blocked.attributes["dualtrack.code"] == "guard.injection"


def test_only_what_is_new_and_of_this_process_is_sent_once(runtime):
    decided(runtime)
    sent = []
    follower = Telemetry(runtime, lambda record, upstreams: sent.append((record.id, list(upstreams))), lambda: None)
    try:
        _, record = decided(runtime)
        while not sent:
            follower.look()
        other = encode_decision(msgspec.structs.replace(record, id=new_id(), run=new_id()))
        runtime.registers[FIRM].append_plain([("decision/1", USE, other), ("decision/1", USE, b"{}")])
        assert follower.look() == 0
        assert sent == [(record.id, ["model"])]
    finally:
        follower.close()
    assert len(sent) == 1


def test_a_collector_that_fails_stops_nothing(runtime):
    def broken(_record, _upstreams):
        raise OSError("no collector")

    follower = Telemetry(runtime, broken, lambda: None)
    decided(runtime)
    follower.close()
    assert runtime.gate.enter(USE)


def test_policies_are_read_once_and_forgotten_beyond_the_bound(runtime, monkeypatch):
    _, record = decided(runtime)
    register, known = runtime.registers[FIRM], KnownUpstreams()
    first = known.of(register, record)
    assert list(first) == ["model"]
    assert known.of(register, record) is first
    assert known.of(register, msgspec.structs.replace(record, policy=None)) == {}
    monkeypatch.setattr(telemetry_export, "POLICIES_MAX", 1)
    assert known.of(register, msgspec.structs.replace(record, policy="f" * 64)) == {}
    assert known.of(register, record) is not first


def test_a_policy_that_could_not_be_read_for_a_moment_is_asked_for_again(runtime, monkeypatch):
    def busy(*_: object) -> None:
        raise StoreError("busy", where="main.db")

    _, record = decided(runtime)
    register, known = runtime.registers[FIRM], KnownUpstreams()
    with monkeypatch.context() as patched:
        patched.setattr(telemetry_export, "find_policy", busy)
        assert known.of(register, record) == {}
    assert list(known.of(register, record)) == ["model"]


@pytest.mark.parametrize(
    ("endpoint", "metrics"),
    [
        ("http://127.0.0.1:4318/v1/traces", "http://127.0.0.1:4318/v1/metrics"),
        ("https://collector.example/in/v1/traces", "https://collector.example/in/v1/metrics"),
        ("https://collector.example/spans", None),
    ],
)
def test_measurements_go_beside_the_spans_where_the_address_says_so(endpoint, metrics):
    assert metrics_address(endpoint) == metrics


@pytest.fixture
def receiver(tmp_path):
    """A process that receives; returns its address and the folder of what it got."""
    folder = tmp_path / "received"
    folder.mkdir()
    script = Path(__file__).with_name("otlp_receiver.py")
    with subprocess.Popen([sys.executable, str(script), str(folder)], stdout=subprocess.PIPE, text=True) as process:
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}/v1/traces", folder
        finally:
            process.kill()


def plain(attributes):
    return {item.key: getattr(item.value, item.value.WhichOneof("value")) for item in attributes}


def test_spans_and_measurements_reach_a_receiver_in_another_process(runtime, receiver):
    address, folder = receiver
    _, record = decided(runtime)
    send, end = otlp_sender(address)
    send(with_calls(record, call("spare")), UPSTREAMS)
    end()
    (traces,) = folder.glob("traces-*")
    (resource,) = ExportTraceServiceRequest.FromString(traces.read_bytes()).resource_spans
    assert plain(resource.resource.attributes)["service.name"] == "dualtrack"
    (scope,) = resource.scope_spans
    assert scope.schema_url == telemetry_settings().schema_url
    child, gate = sorted(scope.spans, key=lambda span: span.name)
    assert (gate.name, gate.kind) == (f"chat {USE}", Span.SPAN_KIND_INTERNAL)
    assert (child.name, child.kind, child.parent_span_id) == ("chat m-2", Span.SPAN_KIND_CLIENT, gate.span_id)
    assert int.from_bytes(gate.trace_id, "big") == int.from_bytes(child.trace_id, "big") == id_number(record.id)
    assert plain(child.attributes)["gen_ai.usage.output_tokens"] == 34
    (metrics,) = folder.glob("metrics-*")
    (measured,) = ExportMetricsServiceRequest.FromString(metrics.read_bytes()).resource_metrics
    assert plain(measured.resource.attributes)["service.instance.id"]
    found = {item.name: item for item in measured.scope_metrics[0].metrics}
    assert set(found) == {telemetry.OPERATION_DURATION, telemetry.TOKEN_USAGE, "dualtrack.decision.duration"}
    duration = found[telemetry.OPERATION_DURATION]
    (point,) = duration.histogram.data_points
    assert (duration.unit, list(point.explicit_bounds)) == ("s", telemetry_settings().duration_buckets_s)
    usage = found[telemetry.TOKEN_USAGE]
    assert usage.unit == "{token}"
    assert {plain(item.attributes)["gen_ai.token.type"]: item.sum for item in usage.histogram.data_points} == {
        "input": 12,
        "output": 34,
    }
    assert list(usage.histogram.data_points[0].explicit_bounds) == telemetry_settings().token_buckets
    for path in (traces, metrics):
        assert record.subject.encode() not in path.read_bytes()
        assert PERSON.encode() not in path.read_bytes()
