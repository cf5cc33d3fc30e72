"""Spans of decisions: names as the conventions have them, times that add up, and nobody in them."""

from __future__ import annotations

import http.server
import threading

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.semconv._incubating.attributes import gen_ai_attributes
from opentelemetry.semconv.schemas import Schemas

from dualtrack.domain.decision import UpstreamCall
from dualtrack.runtime import telemetry
from dualtrack.runtime.decisions import DecisionFilter, get_decision, search_decisions
from dualtrack.runtime.telemetry import SCHEMA_URL, span_of
from dualtrack.runtime.telemetry_export import Telemetry, otlp_sender
from runtime.runtime_world import FIRM, USE, World

PERSON = "C-1024"


@pytest.fixture
def runtime(tmp_path):
    world = World(tmp_path)
    world.permit()
    with world.open() as found:
        yield found
    world.close()


def decided(runtime):
    from dualtrack.runtime.decide import decide
    from dualtrack.runtime.governed import Scoring

    answer = decide(runtime, USE, {"late": 2}, lambda _row: Scoring(0.5), person=PERSON)
    while runtime.recorders[FIRM].waiting:
        pass
    (line,) = search_decisions(runtime.registers[FIRM], DecisionFilter(), limit=1)
    return answer, get_decision(runtime.registers[FIRM], line.id).record


def test_names_are_those_of_the_conventions():
    ours = {value for name, value in vars(telemetry).items() if name.isupper() and str(value).startswith("gen_ai.")}
    theirs = {value for name, value in vars(gen_ai_attributes).items() if name.startswith("GEN_AI_")}
    assert len(ours) == 6
    assert ours <= theirs
    assert SCHEMA_URL in {item.value for item in Schemas}


def test_a_span_holds_times_and_nobody(runtime):
    answer, record = decided(runtime)
    span = span_of(record)
    assert span.name == f"decide {USE}"
    assert span.end_ns - span.start_ns == record.timing.total_us * 1000
    assert span.attributes["dualtrack.outcome"] == "served"
    assert span.attributes[telemetry.RESPONSE_ID] == record.id
    text = str(span)
    for personal in (PERSON, record.subject, record.receipt, answer.receipt, record.input):
        assert personal not in text


def test_calls_to_upstreams_are_children(runtime):
    import msgspec

    _, record = decided(runtime)
    calls = [
        UpstreamCall("model", "in-house", "m-1", None, 0, "connect-timeout", 500, None, None),
        UpstreamCall("other", "abroad", "m-2", "f", 200, None, 700, 12, 34),
    ]
    span = span_of(msgspec.structs.replace(record, upstream=calls, outcome="failed"))
    first, second = span.children
    assert span.failed
    assert (first.failed, first.attributes["error.type"]) == (True, "connect-timeout")
    assert second.start_ns == first.end_ns
    assert second.attributes[telemetry.INPUT_TOKENS] == 12
    assert second.attributes[telemetry.PROVIDER] == "abroad"


def test_only_what_is_new_is_sent_once(runtime):
    decided(runtime)
    sent = []
    follower = Telemetry(runtime, sent.append, lambda: None)
    try:
        _, record = decided(runtime)
        while not sent:
            follower.look()
        assert follower.look() == 0
        assert [span.attributes[telemetry.RESPONSE_ID] for span in sent] == [record.id]
    finally:
        follower.close()


def test_a_collector_that_fails_stops_nothing(runtime):
    def broken(_span):
        raise OSError("no collector")

    follower = Telemetry(runtime, broken, lambda: None)
    decided(runtime)
    follower.close()
    assert runtime.gate.enter(USE)


class Collector(http.server.BaseHTTPRequestHandler):
    """Takes spans by OTLP over HTTP."""

    def do_POST(self):
        self.server.bodies.append(self.rfile.read(int(self.headers["content-length"])))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_args):
        """Say nothing."""


def test_spans_reach_a_collector(runtime):
    _, record = decided(runtime)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Collector) as server:
        server.bodies = []
        threading.Thread(target=server.serve_forever, daemon=True).start()
        send, end = otlp_sender(f"http://127.0.0.1:{server.server_port}/v1/traces")
        send(span_of(record))
        end()
        server.shutdown()
    found = ExportTraceServiceRequest.FromString(server.bodies[0])
    (resource,) = found.resource_spans
    (scope,) = resource.scope_spans
    assert scope.schema_url == SCHEMA_URL
    assert scope.spans[0].name == f"decide {USE}"
