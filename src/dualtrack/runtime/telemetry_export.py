"""Sends spans of decisions to an OpenTelemetry collector: a thread that follows the ledger, off unless an address is set.

It is behind the ledger by at most LOOK_S and costs a call nothing. What could not be sent is skipped, not kept: the
ledger has it, and a trace is no evidence.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import msgspec
import structlog

from dualtrack.domain.decision import Decision
from dualtrack.domain.entry import Entry
from dualtrack.errors import MissingExtraError
from dualtrack.runtime.telemetry import SCHEMA_URL, span_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from dualtrack.runtime.engine import Runtime
    from dualtrack.runtime.telemetry import DecisionSpan

__all__ = ["ENTRIES_A_LOOK_MAX", "LOOK_S", "Telemetry", "otlp_sender"]

LOOK_S = 2.0
"""Seconds between looks at the ledger."""

ENTRIES_A_LOOK_MAX = 5_000
"""Entries read at one look; a burst beyond it is caught up with at the next."""

_decode = msgspec.json.Decoder(Decision).decode
_log = structlog.get_logger("dualtrack.telemetry")


class Telemetry:
    """Follows the ledgers of a runtime from where they stand now, and gives each decision's span to `send`."""

    def __init__(self, runtime: Runtime, send: Callable[[DecisionSpan], None], flush: Callable[[], None]) -> None:
        self._runtime, self._send, self._flush = runtime, send, flush
        self._seen = {name: register.repository.size() for name, register in runtime.registers.items()}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="telemetry", daemon=True)
        self._thread.start()

    def look(self) -> int:
        """Send what is new; return how many spans."""
        return sum(self._of(institution) for institution in self._runtime.registers)

    def close(self) -> None:
        """Send what is new once more, and end."""
        self._stop.set()
        self._thread.join()
        self._look_safely()
        self._flush()

    def _of(self, institution: str) -> int:
        repository = self._runtime.registers[institution].repository
        start = self._seen[institution]
        end, sent = min(repository.size(), start + ENTRIES_A_LOOK_MAX), 0
        if start == end:
            return 0
        for item in repository.entries(kinds=("decision/1",), start=start, end=end, limit=ENTRIES_A_LOOK_MAX):
            if isinstance(item, Entry):
                self._send(span_of(_decode(item.content)))
                sent += 1
        self._seen[institution] = end
        return sent

    def _run(self) -> None:
        while not self._stop.wait(LOOK_S):
            self._look_safely()

    def _look_safely(self) -> None:
        try:
            self.look()
        except Exception as error:  # noqa: BLE001 - a trace is no evidence: whatever failed, decisions go on
            _log.warning("spans not sent", fault=type(error).__name__)


def otlp_sender(endpoint: str) -> tuple[Callable[[DecisionSpan], None], Callable[[], None]]:
    """Return what sends spans by OTLP over HTTP to a collector, and what flushes and ends it; raises MissingExtraError."""
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415 - optional
        from opentelemetry.sdk.resources import Resource  # noqa: PLC0415 - optional
        from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415 - optional
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415 - optional
        from opentelemetry.trace import Status, StatusCode, set_span_in_context  # noqa: PLC0415 - optional
    except ModuleNotFoundError as error:
        raise MissingExtraError("otel", "traces") from error
    provider = TracerProvider(resource=Resource({"service.name": "dualtrack"}), shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=endpoint)))
    tracer = provider.get_tracer("dualtrack", schema_url=SCHEMA_URL)

    def send(span: DecisionSpan, parent: Any = None) -> None:  # noqa: ANN401 - OpenTelemetry's context
        made = tracer.start_span(span.name, context=parent, start_time=span.start_ns, attributes=dict(span.attributes))
        if span.failed:
            made.set_status(Status(StatusCode.ERROR))
        for child in span.children:
            send(child, set_span_in_context(made))
        made.end(end_time=span.end_ns)

    return send, provider.shutdown
