"""Figures for a monitor, in Prometheus' form: read from the runtime when they are asked for, so that no call pays for them.

Decisions are counted from their index in the database since this process began to watch, latencies from their own
records; a restart begins at nought, as monitors expect of counters. Planted decisions are among them for good: a counter
never goes back, and one that stood still when a decision came would tell whoever reads both that it was planted.

Calls to language models are told under the names of OpenTelemetry's conventions, as that project writes them for Prometheus.
The model that answered is no label: it comes from outside, and each new name would be a series for good.

Each series carries the label `process`, since with several workers on one port a monitor meets now one, now another.
What comes from the ledger is counted by every process for the whole workspace: take the largest, not the sum. The library's
own way for several processes adds up what each counts, and would count these as often as there are workers.
"""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, NamedTuple

import msgspec
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.openmetrics.exposition import generate_latest

from dualtrack.domain.decision import Decision
from dualtrack.domain.entry import Entry
from dualtrack.runtime.clock import steady_s
from dualtrack.runtime.live import Closed
from dualtrack.runtime.snapshots import LEASE_S
from dualtrack.runtime.telemetry import (
    ERROR_TYPE,
    OPERATION,
    OPERATION_DURATION,
    PROVIDER,
    REQUEST_MODEL,
    TOKEN_TYPE,
    TOKEN_USAGE,
    measures_of,
    telemetry_settings,
)
from dualtrack.runtime.telemetry_export import KnownUpstreams

if TYPE_CHECKING:
    from dualtrack.runtime.engine import Runtime
    from dualtrack.runtime.telemetry import Measured
    from dualtrack.store.register import Register

__all__ = ["ENTRIES_A_LOOK_MAX", "LATENCY_BUCKETS_S", "Metrics"]

ENTRIES_A_LOOK_MAX = 20_000
"""Entries read at one look. A monitor asks every 15 s; what is more is counted at the next."""

LATENCY_BUCKETS_S = (0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
"""Upper bounds of the latency histogram, from what the gate takes to what a slow model takes."""

_PAGE = 2_000
_decode = msgspec.json.Decoder(Decision).decode


class _Instruments(NamedTuple):
    decisions: Counter
    latency: Histogram
    own: Histogram
    guards: Counter
    fired: Counter
    queue: Gauge
    age: Gauge
    uses: Gauge
    size: Gauge
    streams: Gauge
    stale: Counter
    calls: Histogram
    tokens: Histogram


class Metrics:
    """The figures of one process."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._registry = CollectorRegistry()
        self._process = str(os.getpid())
        self._made = _instruments(self._registry)
        self._stale = 0
        self._seen = {name: register.repository.size() for name, register in runtime.registers.items()}
        self._upstreams = KnownUpstreams()
        self._lock = threading.Lock()
        self.streams = 0

    def text(self) -> bytes:
        """Return the figures as they stand."""
        with self._lock:
            for institution in self._runtime.registers:
                self._count(institution)
            self._now()
            return bytes(generate_latest(self._registry))  # type: ignore[no-untyped-call]  # the library gives no types

    def _count(self, institution: str) -> None:
        register = self._runtime.registers[institution]
        repository = register.repository
        start, size = self._seen[institution], repository.size()
        end = min(size, start + ENTRIES_A_LOOK_MAX)
        while start < end:
            stop = min(end, start + _PAGE)
            for item in repository.entries(kinds=("decision/1",), start=start, end=stop, limit=_PAGE):
                if isinstance(item, Entry):
                    self._add(register, item.content)
            start = stop
        self._seen[institution] = end

    def _add(self, register: Register, content: bytes) -> None:
        try:
            found = _decode(content)
        except msgspec.DecodeError:
            return
        made, here = self._made, self._process
        made.decisions.labels(here, found.use, found.outcome, found.mode).inc()
        made.latency.labels(here, found.use).observe(found.timing.total_us / 1e6)
        made.own.labels(here, found.use).observe((found.timing.total_us - found.timing.upstream_us) / 1e6)
        for verdict in found.guards:
            made.guards.labels(here, found.use, verdict.guard).inc()
            if verdict.fired:
                made.fired.labels(here, found.use, verdict.guard, verdict.action).inc()
        if found.upstream:
            for measured in measures_of(found, self._upstreams.of(register, found)):
                self._add_call(measured)

    def _add_call(self, measured: Measured) -> None:
        said = {name: str(value) for name, value in measured.attributes.items()}
        labels = (said["dualtrack.use"], *(said.get(name, "") for name in (OPERATION, PROVIDER, REQUEST_MODEL)))
        if measured.name == OPERATION_DURATION:
            self._made.calls.labels(self._process, *labels, said.get(ERROR_TYPE, "")).observe(measured.value)
        elif measured.name == TOKEN_USAGE:
            self._made.tokens.labels(self._process, *labels, said[TOKEN_TYPE]).observe(measured.value)

    def _now(self) -> None:
        made, runtime, here = self._made, self._runtime, self._process
        current, stale = runtime.snapshots.current, runtime.gate.stale_refusals
        made.stale.labels(here).inc(stale - self._stale)
        self._stale = stale
        made.age.labels(here).set(max(0.0, steady_s() - current.lease_until_s + LEASE_S))
        counts: dict[tuple[str, str], int] = {}
        for use, found in current.uses.items():
            state = found.code if isinstance(found, Closed) else found.mode
            key = (use.partition("/")[0], state)
            counts[key] = counts.get(key, 0) + 1
        made.uses.clear()
        for (institution, state), count in counts.items():
            made.uses.labels(here, institution, state).set(count)
        for name, recorder in runtime.recorders.items():
            made.queue.labels(here, name).set(recorder.waiting)
        for name, size in current.sizes.items():
            made.size.labels(here, name).set(size)
        made.streams.labels(here).set(self.streams)


def _instruments(registry: CollectorRegistry) -> _Instruments:
    def counter(name: str, says: str, *labels: str) -> Counter:
        return Counter(f"dualtrack_{name}", says, ("process", *labels), registry=registry)

    def gauge(name: str, says: str, *labels: str) -> Gauge:
        return Gauge(f"dualtrack_{name}", says, ("process", *labels), registry=registry)

    def histogram(name: str, says: str) -> Histogram:
        return Histogram(f"dualtrack_{name}", says, ("process", "use"), registry=registry, buckets=LATENCY_BUCKETS_S)

    def of_calls(name: str, says: str, bounds: list[float], last: str) -> Histogram:
        labels = ("process", "use", *(label.replace(".", "_") for label in (OPERATION, PROVIDER, REQUEST_MODEL, last)))
        return Histogram(name.replace(".", "_"), says, labels, registry=registry, buckets=bounds)

    settings = telemetry_settings()
    return _Instruments(
        decisions=counter("decisions", "Decisions recorded, by use, outcome and mode.", "use", "outcome", "mode"),
        latency=histogram("decision_seconds", "Time of a whole decision."),
        own=histogram("decision_own_seconds", "Time of a decision without its upstreams."),
        guards=counter("guard_runs", "Guards run, by use and guard.", "use", "guard"),
        fired=counter("guard_fired", "Guards that fired, and what that did.", "use", "guard", "action"),
        queue=gauge("recorder_waiting", "Records that wait for the database.", "institution"),
        age=gauge("snapshot_age_seconds", "Age of the reading that permits rest on."),
        uses=gauge("uses", "Uses by what they may do now, or why they are closed.", "institution", "state"),
        size=gauge("ledger_size", "Entries of a ledger.", "institution"),
        streams=gauge("live_streams", "Open event streams of this process."),
        stale=counter("stale_refusals", "Calls of this process refused because its permits were too old."),
        calls=of_calls(
            f"{OPERATION_DURATION}_seconds", "Time of a call to a model.", settings.duration_buckets_s, ERROR_TYPE
        ),
        tokens=of_calls(TOKEN_USAGE, "Tokens of a call to a model.", settings.token_buckets, TOKEN_TYPE),
    )
