"""Sends spans and measurements of decisions to an OpenTelemetry collector: a thread that follows the ledger, off by default.

Each process tells of the decisions that it recorded itself, so that several on one ledger tell of each once. It is behind the
ledger by at most LOOK_S and costs a call nothing. What could not be sent is skipped, not kept: the ledger has it, and a trace
is no evidence. A trace's id is the decision's: whoever has one of the two has the other.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import msgspec
import structlog

from dualtrack import __version__
from dualtrack.domain.decision import Decision
from dualtrack.domain.entry import Entry
from dualtrack.errors import DualtrackError, MissingExtraError, StoreError
from dualtrack.runtime.ids import id_number, new_id
from dualtrack.runtime.lookup import find_policy
from dualtrack.runtime.telemetry import (
    OPERATION_DURATION,
    TOKEN_USAGE,
    measures_of,
    span_of,
    telemetry_settings,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dualtrack.domain.policy import Upstream
    from dualtrack.runtime.engine import Runtime
    from dualtrack.runtime.telemetry import DecisionSpan
    from dualtrack.store.register import Register

__all__ = [
    "ENTRIES_A_LOOK_MAX",
    "LOOK_S",
    "POLICIES_MAX",
    "KnownUpstreams",
    "Telemetry",
    "metrics_address",
    "otlp_sender",
]

LOOK_S = 2.0
"""Seconds between looks at the ledger."""

ENTRIES_A_LOOK_MAX = 5_000
"""Entries read at one look; a burst beyond it is caught up with at the next."""

POLICIES_MAX = 500
"""Policies remembered: a firm runs some dozens at a time; beyond, all are forgotten and read again."""

_TRACES, _METRICS = "/v1/traces", "/v1/metrics"
_decode = msgspec.json.Decoder(Decision).decode
_log = structlog.get_logger("dualtrack.telemetry")


class KnownUpstreams:
    """What the policies of decisions call, by component; each policy is read once."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], Mapping[str, Upstream]] = {}

    def of(self, register: Register, record: Decision) -> Mapping[str, Upstream]:
        """Return the upstreams of a decision's policy by their id; empty where it has none or it is not found."""
        if record.policy is None:
            return {}
        key = (record.use, record.policy)
        found = self._known.get(key)
        if found is None:
            if len(self._known) >= POLICIES_MAX:
                self._known.clear()
            try:
                policy = find_policy(register, record.use, record.policy)
                found = {item.id: item for item in policy.upstreams}
            except StoreError:
                return {}  # busy, perhaps: it is asked again
            except DualtrackError:
                found = {}
            self._known[key] = found
        return found


class Telemetry:
    """Follows the ledgers of a runtime from where they stand now, and gives `send` each decision with its upstreams."""

    def __init__(
        self,
        runtime: Runtime,
        send: Callable[[Decision, Mapping[str, Upstream]], None],
        flush: Callable[[], None],
    ) -> None:
        self._runtime, self._send, self._flush = runtime, send, flush
        self._upstreams = KnownUpstreams()
        self._seen = {name: register.repository.size() for name, register in runtime.registers.items()}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="telemetry", daemon=True)
        self._thread.start()

    def look(self) -> int:
        """Send what is new; return of how many decisions."""
        return sum(self._of(institution) for institution in self._runtime.registers)

    def close(self) -> None:
        """Send what is new once more, and end."""
        self._stop.set()
        self._thread.join()
        self._look_safely()
        self._flush()

    def _of(self, institution: str) -> int:
        register = self._runtime.registers[institution]
        start = self._seen[institution]
        end, sent = min(register.repository.size(), start + ENTRIES_A_LOOK_MAX), 0
        if start == end:
            return 0
        own = self._runtime.recorders[institution].run
        found = register.repository.entries(kinds=("decision/1",), start=start, end=end, limit=ENTRIES_A_LOOK_MAX)
        self._seen[institution] = end  # before sending: what fails is skipped, and nothing is sent twice
        for item in found:
            record = _record(item)
            if record is not None and record.run == own:
                self._send(record, self._upstreams.of(register, record))
                sent += 1
        return sent

    def _run(self) -> None:
        while not self._stop.wait(LOOK_S):
            self._look_safely()

    def _look_safely(self) -> None:
        try:
            self.look()
        except Exception as error:  # noqa: BLE001 - a trace is no evidence: whatever failed, decisions go on
            _log.warning("spans not sent", fault=type(error).__name__)


def metrics_address(endpoint: str) -> str | None:
    """Return where measurements go beside the spans: the same collector's own path; None for an address of another form."""
    return endpoint.removesuffix(_TRACES) + _METRICS if endpoint.endswith(_TRACES) else None


def otlp_sender(endpoint: str) -> tuple[Callable[[Decision, Mapping[str, Upstream]], None], Callable[[], None]]:
    """Return what sends a decision by OTLP over HTTP to a collector, and what flushes and ends it; raises MissingExtraError."""
    try:
        from opentelemetry.sdk.resources import Resource  # noqa: PLC0415 - optional
    except ModuleNotFoundError as error:
        raise MissingExtraError("otel", "traces") from error
    # Histograms add up within a process: without an id of its own, two on one machine would overwrite each other's.
    resource = Resource({"service.name": "dualtrack", "service.version": __version__, "service.instance.id": new_id()})
    send_span, end_spans = _spans(endpoint, resource)
    address = metrics_address(endpoint)
    note, end_metrics = _measurements(address, resource) if address is not None else (None, None)

    def send(record: Decision, upstreams: Mapping[str, Upstream]) -> None:
        send_span(record.id, span_of(record, upstreams))
        if note is not None:
            for measured in measures_of(record, upstreams):
                note(measured.name, measured.value, dict(measured.attributes))

    def end() -> None:
        end_spans()
        if end_metrics is not None:
            end_metrics()

    return send, end


def _spans(endpoint: str, resource: Any) -> tuple[Callable[[str, DecisionSpan], None], Callable[[], None]]:  # noqa: ANN401 - OpenTelemetry's resource, optional
    from opentelemetry.context import Context  # noqa: PLC0415 - optional
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415 - optional
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415 - optional
    from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415 - optional
    from opentelemetry.sdk.trace.id_generator import RandomIdGenerator  # noqa: PLC0415 - optional
    from opentelemetry.trace import SpanKind, Status, StatusCode, set_span_in_context  # noqa: PLC0415 - optional

    class Ids(RandomIdGenerator):
        """Makes a trace's id of the decision's, whose number is one of 128 bits too; one thread sends."""

        decision = ""

        def generate_trace_id(self) -> int:
            return id_number(self.decision)

    ids = Ids()
    provider = TracerProvider(resource=resource, shutdown_on_exit=False, id_generator=ids)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=endpoint)))
    tracer = provider.get_tracer("dualtrack", __version__, schema_url=telemetry_settings().schema_url)

    def made(span: DecisionSpan, parent: Context) -> None:
        item = tracer.start_span(
            span.name,
            context=parent,
            kind=SpanKind[span.kind],
            start_time=span.start_ns,
            attributes=dict(span.attributes),
        )
        if span.failed:
            item.set_status(Status(StatusCode.ERROR))
        for child in span.children:
            made(child, set_span_in_context(item, parent))
        item.end(end_time=span.end_ns)

    def send(decision: str, span: DecisionSpan) -> None:
        ids.decision = decision
        made(span, Context())

    return send, provider.shutdown


def _measurements(
    address: str,
    resource: Any,  # noqa: ANN401 - OpenTelemetry's resource, optional
) -> tuple[Callable[[str, float, dict[str, Any]], None], Callable[[], None]]:
    from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter  # noqa: PLC0415 - optional
    from opentelemetry.sdk.metrics import MeterProvider  # noqa: PLC0415 - optional
    from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader  # noqa: PLC0415 - optional

    settings = telemetry_settings()
    reader = PeriodicExportingMetricReader(OTLPMetricExporter(endpoint=address))
    provider = MeterProvider(metric_readers=[reader], resource=resource, shutdown_on_exit=False)
    meter = provider.get_meter("dualtrack", __version__, schema_url=settings.schema_url)
    wanted = (
        (OPERATION_DURATION, "s", "GenAI operation duration.", settings.duration_buckets_s),
        (TOKEN_USAGE, "{token}", "Number of input and output tokens used.", settings.token_buckets),
        ("dualtrack.decision.duration", "s", "Time of a whole decision.", settings.decision_buckets_s),
    )
    histograms = {
        name: meter.create_histogram(name, unit, says, explicit_bucket_boundaries_advisory=bounds)
        for name, unit, says, bounds in wanted
    }

    def note(name: str, value: float, attributes: dict[str, Any]) -> None:
        histograms[name].record(value, attributes)

    return note, provider.shutdown


def _record(item: object) -> Decision | None:
    """Return an entry as the decision it is; None where it was cut out or cannot be read."""
    try:
        return _decode(item.content) if isinstance(item, Entry) else None
    except msgspec.DecodeError:
        return None
